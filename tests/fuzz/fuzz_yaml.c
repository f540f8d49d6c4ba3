/* A configuration: YAML, then the keys and their values, then what is written back. */
#include "fuzz/fuzz.h"

#include "base/yaml.h"
#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct yt_settings settings;
    struct yt_yaml *yaml = yt_yaml_parse((const char *)data, size, "input");
    yt_yaml_free(yaml);
    if (!yaml) return 0;
    fuzz_file("config.yaml", data, size);
    yt_settings_init(&settings);
    if (!yt_settings_load(&settings, "config.yaml") && !yt_settings_check(&settings))
        yt_settings_write(&settings, "written.yaml");
    yt_settings_release(&settings);
    return 0;
}
