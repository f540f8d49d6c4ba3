/* The first pass of batch normalisation over some pixels of a map (struct yt_bn_pass), for whoever
 * has just written them: a task of a convolution, or a pass over the whole map.
 *
 * Each task has a slot of scratch, and the slots' sums are added in order, so that the number of
 * threads does not matter. Sums are doubles. Forward they take every value as a double, so that
 * how the map is cut into tasks does not matter either: batch norm's statistics are the same
 * floats, but for one in a million, whoever takes them. Backward, a block's sums are floats. */
#ifndef YT_TENSOR_KERNELS_BN_H
#define YT_TENSOR_KERNELS_BN_H

#include "tensor/kernels/kernel.h"

#include <string.h>

enum { YT_BN_BLOCK = 64 };

/* Two sums of each channel, and backward those of a block; whole vectors of every instruction set.
 */
struct yt_bn_slot {
    double *total[2];
    float *block[2];
};

static inline size_t yt_bn_slot_channels(int c) {
    return yt_round_up((size_t)c, 16);
}
static inline size_t yt_bn_slot_floats(int c) {
    return 6 * yt_bn_slot_channels(c);
}
static inline struct yt_bn_slot yt_bn_slot_at(float *slots, size_t i, int c) {
    const size_t room = yt_bn_slot_channels(c);
    double *totals = (void *)(slots + i * yt_bn_slot_floats(c));
    float *floats = (float *)(totals + 2 * room);
    return (struct yt_bn_slot){{totals, totals + room}, {floats, floats + room}};
}
static inline void yt_bn_slot_clear(struct yt_bn_slot slot, int c) {
    memset(slot.total[0], 0, 2 * yt_bn_slot_channels(c) * sizeof(double)); /* both */
}

/* Pixels first <= p < last of m, the task's first ones or more of them, into its slot. */
#define yt_bn_visit YT_KERNEL(bn_visit)
void yt_bn_visit(const struct yt_bn_pass *pass, const struct yt_map *m, size_t first, size_t last,
                 bool begin, struct yt_bn_slot slot);

/* The slots of all tasks into the pass's sums. */
static inline void yt_bn_finish(const struct yt_bn_pass *pass, float *slots, int count, int c) {
    for (int j = 0; j < 2 * c; j++) pass->sums[j] = 0;
    for (int i = 0; i < count; i++) {
        const struct yt_bn_slot slot = yt_bn_slot_at(slots, (size_t)i, c);
        for (int j = 0; j < c; j++) {
            pass->sums[j] += slot.total[0][j];
            pass->sums[c + j] += slot.total[1][j];
        }
    }
}

#endif
