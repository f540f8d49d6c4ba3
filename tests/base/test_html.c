/* Text that goes into pages for a browser. */
#include "base/html.h"
#include "support/test.h"

#include <string.h>

static void text_is_escaped(void **state) {
    (void)state;
    struct yt_str out = {0};
    yt_html_text(&out, "a<b> & \"c\"\x01\n\xc3\xa9");
    assert_string_equal(out.s, "a&lt;b&gt; &amp; &quot;c&quot; \n\xc3\xa9");
    yt_str_release(&out);
    yt_html_script(&out, "{\"f\": \"</script>\"}");
    assert_string_equal(out.s, "{\"f\": \"\\u003c/script>\"}");
    yt_str_release(&out);
}

/* The examples of RFC 4648, section 10. */
static void data_is_base64(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < YT_COUNT(pairs); i++) {
        struct yt_str out = {0};
        yt_html_data(&out, "image/png", pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(out.s + strlen("data:image/png;base64,"), pairs[i][1]);
        yt_str_release(&out);
    }
}

static void templates_are_filled(void **state) {
    (void)state;
    struct yt_str out = {0};
    const struct yt_html_part parts[] = {{"A", "{{B}}"}, {"B", ""}, {"AB", "x"}};
    yt_html_fill(&out, "<{{A}}|{{AB}}{{B}}>", parts, 3); /* what is put in is not filled again */
    assert_string_equal(out.s, "<{{B}}|x>");
    yt_str_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(data_is_base64),
        cmocka_unit_test(templates_are_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
