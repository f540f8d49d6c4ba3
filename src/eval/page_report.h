/* The figures of whole pages (page_scores.h) for people and for programs. names[cls] are the class
 * names. docs/evaluation.md says what each figure is. */
#ifndef YT_EVAL_PAGE_REPORT_H
#define YT_EVAL_PAGE_REPORT_H

#include "eval/page_scores.h"
#include <stdio.h>

/* A line a family, and below them the thin classes. */
void yt_page_report_print(FILE *out, const struct yt_page_scores *scores, const char *const *names);

/* pages.json: an object a family. Whole or absent; -1 + yt_fail. */
int yt_page_report_write_json(const char *path, const struct yt_page_scores *scores,
                              const char *const *names);

/* pages_per_class.csv: a row a class that has labels:
 * class,instances,AP50,AP,coco_AP50,coco_AP,obbanns_AP50,obbanns_AP,corrected_AP50,corrected_AP and
 * AP_1px,AP_2px,AP_4px, empty where a family has no figure. Whole or absent; -1 + yt_fail. */
int yt_page_report_write_csv(const char *path, const struct yt_page_scores *scores,
                             const char *const *names);

#endif
