/* Small pages and DeepScoresV2 files for the tests of src/data, written into the test's folder. */
#ifndef YT_TESTS_DATA_REF_PAGES_H
#define YT_TESTS_DATA_REF_PAGES_H

/* A gray PNG of noise that differs from page to page. */
void ref_write_page(const char *path, int w, int h);
/* "<folder>/images/<prefix>-aug-<font>--page-<n>.png" for some scores, fonts and pages, and
 * deepscores_train.json, deepscores_test.json with random boxes. The scores lg-1 .. lg-<scores> go
 * to training, lg-100 to the test list; every score has two fonts of one page each. */
void ref_write_ds2(const char *folder, int scores, int w, int h, int boxes);

#endif
