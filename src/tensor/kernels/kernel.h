/* What every kernel source includes: the list of kernels, their names, and how work is cut.
 *
 * The sources of this folder are compiled once for each instruction set (cmake/kernels.cmake), with
 * YT_KERNEL_ISA and YT_LANES (floats in a vector, vec.h) defined. Each defines its functions as
 *
 *     void YT_KERNEL(zero)(const struct yt_map *y) { ... }     becomes yt_zero_avx2, ...
 *
 * table.c gathers them into one table for each set, tensor/isa.c chooses a table, and
 * tensor/kernels.c calls through it. A new kernel is: its prototype in tensor/kernels.h, its name
 * in the list below, its function here, its call in tensor/kernels.c.
 */
#ifndef YT_TENSOR_KERNELS_KERNEL_H
#define YT_TENSOR_KERNELS_KERNEL_H

#include "base/threads.h"
#include "tensor/kernels.h"

#define YT_KERNELS(X)                                                                              \
    X(conv2d_packed_floats)                                                                        \
    X(conv2d_pack)                                                                                 \
    X(conv2d_forward_scratch)                                                                      \
    X(conv2d_forward)                                                                              \
    X(conv2d_backward_input_scratch)                                                               \
    X(conv2d_backward_input)                                                                       \
    X(conv2d_backward_weight_scratch)                                                              \
    X(conv2d_backward_weight)                                                                      \
    X(dwconv2d_forward)                                                                            \
    X(dwconv2d_pass_scratch)                                                                       \
    X(dwconv2d_backward_input)                                                                     \
    X(dwconv2d_backward_weight_scratch)                                                            \
    X(dwconv2d_backward_weight)                                                                    \
    X(bn_scratch)                                                                                  \
    X(bn_first_pass)                                                                               \
    X(scale_shift_act)                                                                             \
    X(bn_backward)                                                                                 \
    X(silu_forward)                                                                                \
    X(silu_backward)                                                                               \
    X(add_forward)                                                                                 \
    X(copy)                                                                                        \
    X(zero)                                                                                        \
    X(upsample2_forward)                                                                           \
    X(upsample2_backward)                                                                          \
    X(maxpool_scratch)                                                                             \
    X(maxpool_forward)                                                                             \
    X(maxpool_backward)                                                                            \
    X(expect_bins)                                                                                 \
    X(softmax_rows)                                                                                \
    X(softmax_rows_backward)                                                                       \
    X(bce_background)                                                                              \
    X(bytes_to_floats)

/* The kernels of one instruction set; the prototypes and their meaning are in tensor/kernels.h. */
struct yt_kernels {
    const char *name;
#define YT_FIELD(kernel) __typeof__(yt_##kernel) *kernel;
    YT_KERNELS(YT_FIELD)
#undef YT_FIELD
};
extern const struct yt_kernels yt_kernels_base, yt_kernels_avx2, yt_kernels_avx512;

/* The table in use (tensor/isa.c), and a way for tests to put another in its place. */
const struct yt_kernels *yt_kernels_now(void);
void yt_kernels_use(const struct yt_kernels *table);

#ifdef YT_KERNEL_ISA
#    define YT_PASTE(a, b) a##_##b
#    define YT_PASTE_EXPANDED(a, b) YT_PASTE(a, b)
#    define YT_KERNEL(name) YT_PASTE_EXPANDED(yt_##name, YT_KERNEL_ISA)
#    define YT_DECLARE(kernel) __typeof__(yt_##kernel) YT_KERNEL(kernel);
YT_KERNELS(YT_DECLARE)
#    undef YT_DECLARE
#endif

/* Loops whose iterations each write their own part of the result, so that neither their order nor
 * the thread matters. Over tasks of tens of microseconds: a thread that is done takes the next one,
 * for cores are not alike (a laptop's) or lent to other programs at times. */
#define YT_PARALLEL_TASKS _Pragma("omp parallel for schedule(dynamic) num_threads(yt_threads())")
/* Over iterations too short for that: each thread has its even share. */
#define YT_PARALLEL_FOR _Pragma("omp parallel for schedule(static) num_threads(yt_threads())")

static inline size_t yt_map_pixels(const struct yt_map *m) {
    return (size_t)m->n * m->h * m->w;
}
static inline float *yt_map_at(const struct yt_map *m, int n, int y, int x) {
    return m->p + (((size_t)n * m->h + y) * m->w + x) * m->ld;
}
/* Where part i of `parts` even parts of `total` starts; part i is [cut(i), cut(i + 1)). */
static inline size_t yt_cut(size_t total, int parts, int i) {
    return total * (size_t)i / (size_t)parts;
}
/* The largest power of two up to `most`, 1 at least: tasks of one size for two threads, or four. */
static inline int yt_power_of_two(size_t most) {
    int power = 1;
    while (2 * (size_t)power <= most) power *= 2;
    return power;
}
static inline int yt_clamp(size_t value, int lo, int hi) {
    return value < (size_t)lo ? lo : value > (size_t)hi ? hi : (int)value;
}
static inline size_t yt_round_up(size_t value, size_t unit) {
    return (value + unit - 1) / unit * unit;
}

#endif
