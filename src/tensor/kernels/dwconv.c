/* Depthwise convolution, forward and backward to the input.
 *
 *     y[o, c] (+)= act(bias[c] + sum over the taps t that meet pixel o of  x[at(t), c] w[t, c])
 *
 * Both directions are this one sum; they differ in which taps meet a pixel and where:
 *
 *     forward          input row = oy*stride + ky - pad
 *     backward         dy row = (iy + pad - ky) / stride, where stride divides it
 *
 * The taps of a pixel are a list of rows times a list of columns, made for each row and each pixel;
 * borders are lists with fewer taps. The channels are then summed a few vectors at a time.
 */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { MAX_K = 7, MAX_TAPS = MAX_K * MAX_K };

struct line { /* the taps along one axis: place in the source, and number */
    int count;
    int at[MAX_K], tap[MAX_K];
};
struct taps {
    int count;
    const float *source[MAX_TAPS], *w[MAX_TAPS];
};

static struct line line_of(const struct yt_conv *conv, bool backward, int o, int size) {
    struct line line = {0};
    for (int tap = 0; tap < conv->k; tap++) {
        int at = o * conv->stride + tap - conv->pad;
        if (backward) {
            at = o + conv->pad - tap;
            if (at % conv->stride != 0) continue;
            at /= conv->stride;
        }
        if (at < 0 || at >= size) continue;
        line.at[line.count] = at;
        line.tap[line.count++] = tap;
    }
    return line;
}

static void list_taps(struct taps *taps, const struct yt_conv *conv, const struct yt_map *source,
                      const float *w, int n, const struct line *rows, const struct line *columns) {
    taps->count = 0;
    for (int i = 0; i < rows->count; i++) {
        const float *row = yt_map_at(source, n, rows->at[i], 0);
        for (int j = 0; j < columns->count; j++) {
            taps->source[taps->count] = row + (size_t)columns->at[j] * source->ld;
            taps->w[taps->count++] =
                w + (size_t)(rows->tap[i] * conv->k + columns->tap[j]) * source->c;
        }
    }
}

struct finish {
    const float *bias;
    enum yt_act act;
    bool add;
};

/* `vectors` vectors of channels from c on; the last has n channels. */
YT_INLINE void sum_taps(const struct taps *taps, const struct finish *finish, float *y, int c,
                        const int vectors, int n) {
    vec sum[4];
    YT_UNROLL for (int v = 0; v < vectors; v++) {
        const int part = v == vectors - 1 ? n : YT_LANES;
        sum[v] = finish->bias ? load_part(finish->bias + c + v * YT_LANES, part) : (vec){0};
    }
    for (int t = 0; t < taps->count; t++) {
        const float *x = taps->source[t] + c, *w = taps->w[t] + c;
        YT_UNROLL for (int v = 0; v < vectors; v++) {
            const int part = v == vectors - 1 ? n : YT_LANES;
            sum[v] += load_part(x + v * YT_LANES, part) * load_part(w + v * YT_LANES, part);
        }
    }
    YT_UNROLL for (int v = 0; v < vectors; v++) {
        const int part = v == vectors - 1 ? n : YT_LANES;
        float *to = y + c + v * YT_LANES;
        if (finish->act == YT_ACT_SILU) sum[v] = silu_vec(sum[v]);
        if (finish->add) sum[v] += load_part(to, part);
        store_part(to, sum[v], part);
    }
}

static void run_pixel(const struct taps *taps, const struct finish *finish, float *y,
                      int channels) {
    int c = 0;
    for (; c + 4 * YT_LANES <= channels; c += 4 * YT_LANES) {
        sum_taps(taps, finish, y, c, 4, YT_LANES);
    }
    for (; c + YT_LANES <= channels; c += YT_LANES) sum_taps(taps, finish, y, c, 1, YT_LANES);
    if (c < channels) sum_taps(taps, finish, y, c, 1, channels - c);
}

static void run(const struct yt_conv *conv, bool backward, const struct yt_map *source,
                const float *w, const struct yt_map *result, const struct finish *finish) {
    YT_ASSERT(conv->k <= MAX_K);
    YT_PARALLEL_FOR
    for (int row = 0; row < result->n * result->h; row++) {
        const int n = row / result->h, oy = row % result->h;
        const struct line rows = line_of(conv, backward, oy, source->h);
        for (int ox = 0; ox < result->w; ox++) {
            const struct line columns = line_of(conv, backward, ox, source->w);
            struct taps taps;
            list_taps(&taps, conv, source, w, n, &rows, &columns);
            run_pixel(&taps, finish, yt_map_at(result, n, oy, ox), result->c);
        }
    }
}

void YT_KERNEL(dwconv2d_forward)(const struct yt_conv *conv, const struct yt_map *x, const float *w,
                                 const float *bias, enum yt_act act, const struct yt_map *y) {
    const struct finish finish = {.bias = bias, .act = act};
    run(conv, false, x, w, y, &finish);
}

void YT_KERNEL(dwconv2d_backward_input)(const struct yt_conv *conv, const struct yt_map *dy,
                                        const float *w, const struct yt_map *dx, bool add) {
    const struct finish finish = {.add = add};
    run(conv, true, dy, w, dx, &finish);
}
