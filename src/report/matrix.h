/* The confusion matrix as a picture, as figures, and as the list of what is taken for what.
 *
 * Into `folder`: confusion_matrix.csv, all classes, row = predicted, column = true; confusions.csv,
 * the pairs of different classes and what was missed or seen without being there, most first:
 * true,predicted,count,share (of the labels of the true class); confusion_matrix.png, the classes
 * that occur, shaded by the share of the true class's labels. */
#ifndef YT_REPORT_MATRIX_H
#define YT_REPORT_MATRIX_H

#include "eval/confusion.h"

/* names[cls] for cls < confusion->nc. -1 + yt_fail. */
int yt_matrix_write(const char *folder, const struct yt_confusion *confusion,
                    const char *const *names);

#endif
