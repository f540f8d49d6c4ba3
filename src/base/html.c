#include "base/html.h"

#include <string.h>

void yt_html_text(struct yt_str *out, const char *s) {
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        const char *entity = c == '&'                            ? "&amp;"
                             : c == '<'                          ? "&lt;"
                             : c == '>'                          ? "&gt;"
                             : c == '"'                          ? "&quot;"
                             : c < ' ' && c != '\t' && c != '\n' ? " "
                                                                 : NULL;
        yt_str_append(out, entity ? entity : s, entity ? strlen(entity) : 1);
    }
}

void yt_html_script(struct yt_str *out, const char *json) {
    for (; *json; json++) {
        bool is_tag = *json == '<';
        yt_str_append(out, is_tag ? "\\u003c" : json, is_tag ? 6 : 1);
    }
}

/* RFC 4648 */
static void add_base64(struct yt_str *out, const uint8_t *p, size_t len) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        size_t have = YT_MIN(len - i, (size_t)3);
        unsigned bits =
            (unsigned)p[i] << 16 | (have > 1 ? p[i + 1] : 0u) << 8 | (have > 2 ? p[i + 2] : 0u);
        const char quad[] = {digits[bits >> 18], digits[bits >> 12 & 63],
                             have > 1 ? digits[bits >> 6 & 63] : '=',
                             have > 2 ? digits[bits & 63] : '='};
        yt_str_append(out, quad, sizeof quad);
    }
}

void yt_html_data(struct yt_str *out, const char *type, const void *bytes, size_t len) {
    yt_str_add(out, "data:%s;base64,", type);
    add_base64(out, bytes, len);
}

static const char *find_part(const struct yt_html_part *parts, size_t count, const char *name,
                             size_t len) {
    for (size_t i = 0; i < count; i++)
        if (strlen(parts[i].name) == len && !strncmp(parts[i].name, name, len))
            return parts[i].text;
    return NULL;
}

void yt_html_fill(struct yt_str *out, const char *template, const struct yt_html_part *parts,
                  size_t count) {
    const char *open;
    while ((open = strstr(template, "{{"))) {
        const char *close = strstr(open, "}}");
        YT_ASSERT(close);
        const char *text = find_part(parts, count, open + 2, (size_t)(close - open - 2));
        YT_ASSERT(text);
        yt_str_append(out, template, (size_t)(open - template));
        yt_str_append(out, text, strlen(text));
        template = close + 2;
    }
    yt_str_append(out, template, strlen(template));
}
