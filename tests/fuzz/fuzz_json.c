/* Small JSON documents, as predictions and metrics are. */
#include "fuzz/fuzz.h"

#include "base/json.h"
#include "base/str.h"

static void walk(const struct yt_json *json, struct yt_str *out) {
    const char *text = yt_json_string(json);
    if (text) yt_json_quote(out, text);
    yt_json_float(out, (float)yt_json_number(json));
    for (size_t i = 0; i < yt_json_count(json); i++) walk(yt_json_at(json, i), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct yt_json *json = yt_json_parse((const char *)data, size, "input");
    struct yt_str out = {0};
    if (json) walk(json, &out);
    yt_str_release(&out);
    yt_json_free(json);
    return 0;
}
