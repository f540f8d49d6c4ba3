/* The k largest of n numbers, in order. */
#ifndef YT_YOLOV10_TOPK_H
#define YT_YOLOV10_TOPK_H

/* Writes to `out` the indices of the min(k, n) largest keys, largest first, the lower index first
 * among equals, and returns how many. Keys must not be NaN. Time about n + k log k log(n/k): few
 * keys get past the worst of the k best so far. */
int yt_topk(const float *keys, int n, int k, int *out);

#endif
