/* Pages for a browser that need nothing but themselves: a template with {{NAME}} in it, and what
 * goes there. All functions append to `out`. */
#ifndef YT_BASE_HTML_H
#define YT_BASE_HTML_H

#include "base/str.h"

/* s as text or as an attribute's value in quotes; also right in XML. Control characters that XML
 * forbids become spaces. */
void yt_html_text(struct yt_str *out, const char *s);
/* JSON as it may stand in a <script>, where "</script>" would end it. */
void yt_html_script(struct yt_str *out, const char *json);
/* "data:<type>;base64,..." for an href or src. */
void yt_html_data(struct yt_str *out, const char *type, const void *bytes, size_t len);

struct yt_html_part {
    const char *name; /* of the place {{NAME}} in the template */
    const char *text;
};
/* The template with its places filled. Each place must have its part. */
void yt_html_fill(struct yt_str *out, const char *template, const struct yt_html_part *parts,
                  size_t count);

#endif
