/* Backward of y = act(u), u = gamma xhat + beta, xhat = (x - mean) inv_std, with batch statistics.
 *
 *     g = dy act'(u),   dbeta = sum g,   dgamma = sum g xhat = inv_std sum g (x - mean)
 *     dx = gamma inv_std (g - dbeta / N - xhat dgamma / N)                  N = n*h*w
 *        = a g + b (x - mean) + c                a = gamma inv_std, and so on for each channel
 *     (Ioffe and Szegedy 2015, section 3)
 *
 * g and the sums are there already (bn_pass.c).
 */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { TASK_FLOATS = 16 * 1024 };

/* What is constant for each channel. */
struct norm {
    const float *mean, *a, *b, *c;
};

YT_INLINE void put_part(const float *x, const float *g, float *dx, struct norm norm, bool add,
                        int c, int n) {
    const vec d = load_part(x + c, n) - load_part(norm.mean + c, n);
    const vec result = load_part(norm.a + c, n) * load_part(g + c, n) +
                       (load_part(norm.b + c, n) * d + load_part(norm.c + c, n));
    store_part(dx + c, add ? load_part(dx + c, n) + result : result, n);
}

static void put_pixels(const struct yt_map *x, const struct yt_map *g, const struct yt_map *dx,
                       struct norm norm, bool add, size_t first, size_t last) {
    for (size_t p = first; p < last; p++) {
        const float *x_at = x->p + p * x->ld, *g_at = g->p + p * g->ld;
        float *to = dx->p + p * dx->ld;
        int c = 0;
        for (; c + YT_LANES <= x->c; c += YT_LANES)
            put_part(x_at, g_at, to, norm, add, c, YT_LANES);
        if (c < x->c) put_part(x_at, g_at, to, norm, add, c, x->c - c);
    }
}

/* dgamma, dbeta and the constants from the sums */
static struct norm finish_sums(const struct yt_map *x, const struct yt_bn_stats *stats,
                               const double *sums, float *dgamma, float *dbeta, float *constants) {
    const int channels = x->c;
    const double pixels = (double)yt_map_pixels(x);
    float *a = constants, *b = a + channels, *c = b + channels;
    for (int i = 0; i < channels; i++) {
        const double g = sums[i], gx = sums[channels + i] * stats->inv_std[i];
        const double slope = (double)stats->gamma[i] * stats->inv_std[i];
        dbeta[i] += (float)g;
        dgamma[i] += (float)gx;
        a[i] = (float)slope;
        b[i] = (float)(-slope * stats->inv_std[i] * gx / pixels);
        c[i] = (float)(-slope * g / pixels);
    }
    return (struct norm){stats->mean, a, b, c};
}

void YT_KERNEL(bn_backward)(const struct yt_map *x, const struct yt_map *g,
                            const struct yt_bn_stats *stats, const double *sums, float *dgamma,
                            float *dbeta, const struct yt_map *dx, bool add, float *scratch) {
    const size_t pixels = yt_map_pixels(x);
    const int tasks = yt_clamp(pixels * x->c / TASK_FLOATS, 1, 1 << 16);
    const struct norm norm = finish_sums(x, stats, sums, dgamma, dbeta, scratch);
    YT_PARALLEL_TASKS
    for (int i = 0; i < tasks; i++) {
        put_pixels(x, g, dx, norm, add, yt_cut(pixels, tasks, i), yt_cut(pixels, tasks, i + 1));
    }
}
