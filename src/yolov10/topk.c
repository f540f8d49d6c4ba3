/* A heap of the best so far with the worst of them on top; then heap sort, worst to the end. */
#include "yolov10/topk.h"
#include "base/base.h"

static bool before(const float *keys, int a, int b) {
    return keys[a] > keys[b] || (keys[a] == keys[b] && a < b);
}

/* Puts `index` into the heap of `count` places whose place `hole` is free. */
static void sift_down(const float *keys, int *heap, int count, int hole, int index) {
    for (;;) {
        int child = 2 * hole + 1;
        if (child >= count) break;
        if (child + 1 < count && before(keys, heap[child], heap[child + 1])) child++;
        if (!before(keys, index, heap[child])) break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = index;
}

int yt_topk(const float *keys, int n, int k, int *out) {
    int count = YT_MIN(k, n);
    if (count <= 0) return 0;
    for (int i = 0; i < count; i++) out[i] = i;
    for (int i = count / 2 - 1; i >= 0; i--) sift_down(keys, out, count, i, out[i]);
    /* an equal key of a higher index comes after: only a larger one gets in */
    for (int i = count; i < n; i++)
        if (keys[i] > keys[out[0]]) sift_down(keys, out, count, 0, i);
    for (int last = count - 1; last > 0; last--) {
        int index = out[last];
        out[last] = out[0];
        sift_down(keys, out, last, 0, index);
    }
    return count;
}
