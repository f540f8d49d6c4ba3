/* Under the leak sanitizer: fontconfig, which cairo's text needs, keeps its caches to the end. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig\n";
}
