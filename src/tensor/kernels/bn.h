/* The first pass of batch normalisation over some pixels of a map (struct yt_bn_pass), for whoever
 * has just written them: a task of a convolution, or a pass over the whole map.
 *
 * Each task has a slot of scratch. Its pixels are cut into blocks: a block's sums are floats, a
 * slot's are doubles, and the slots' are added in order, so that rounding errors stay those of sums
 * of BLOCK pixels and the number of threads does not matter. */
#ifndef YT_TENSOR_KERNELS_BN_H
#define YT_TENSOR_KERNELS_BN_H

#include "tensor/kernels/kernel.h"

enum { YT_BN_BLOCK = 64 };

/* Two sums of each channel; two sums of the block, and forward the shift of its values. */
struct yt_bn_slot {
    double *total[2];
    float *block[2], *shift;
};

static inline size_t yt_bn_slot_floats(int c) {
    return yt_round_up(7 * (size_t)c, 16);
}
static inline struct yt_bn_slot yt_bn_slot_at(float *slots, int i, int c) {
    double *totals = (void *)(slots + i * yt_bn_slot_floats(c));
    float *floats = (float *)(totals + 2 * c);
    return (struct yt_bn_slot){{totals, totals + c}, {floats, floats + c}, floats + 2 * c};
}

/* Pixels first <= p < last of m, the task's first ones or more of them, into its slot. */
#define yt_bn_visit YT_KERNEL(bn_visit)
void yt_bn_visit(const struct yt_bn_pass *pass, const struct yt_map *m, size_t first, size_t last,
                 bool begin, struct yt_bn_slot slot);

/* The slots of all tasks into the pass's sums. */
static inline void yt_bn_finish(const struct yt_bn_pass *pass, float *slots, int count, int c) {
    for (int j = 0; j < 2 * c; j++) pass->sums[j] = 0;
    for (int i = 0; i < count; i++) {
        const struct yt_bn_slot slot = yt_bn_slot_at(slots, i, c);
        for (int j = 0; j < 2 * c; j++) pass->sums[j] += slot.total[0][j]; /* both are there */
    }
}

#endif
