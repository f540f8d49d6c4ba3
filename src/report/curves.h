/* Precision, recall and F1 by confidence, and precision by recall, at IoU 0.5, as pictures and as
 * figures.
 *
 * Into `folder`: P_curve.png, R_curve.png, F1_curve.png, PR_curve.png, a grey line a class and a
 * blue one for their mean; and the same names with .csv: the abscissa, the mean, a column a class.
 */
#ifndef YT_REPORT_CURVES_H
#define YT_REPORT_CURVES_H

#include "eval/metrics.h"

/* names[cls]. -1 + yt_fail. */
int yt_curves_write(const char *folder, const struct yt_scores *scores, const char *const *names);

#endif
