/* The first pass of batch normalisation: sums of each channel, forward and backward.
 *
 * Forward, sums of m and of m^2 in doubles, where cancelling loses nothing.
 *
 * Backward, the map holds dy and then g = dy act'(u), u = x*scale + shift. The value act(u) costs
 * one division more there, so who wants it again has it from here.
 */
#include "tensor/kernels/bn.h"
#include "tensor/kernels/vec.h"

enum {
    STEP = 4,    /* pixels that are read side by side, so that sums wait less for each other */
    CHUNK = 512, /* pixels of a task that passes over a map, at least */
    MAX_CHUNKS = 64
};

static int chunk_count(const struct yt_map *m) {
    return yt_clamp(yt_map_pixels(m) / CHUNK, 1, MAX_CHUNKS);
}

/* A few pixels side by side. */
struct pixels {
    float *m;
    const float *x;
    float *renewed; /* or NULL */
    ptrdiff_t m_ld, x_ld, renewed_ld;
};
static struct pixels pixels_at(const struct yt_bn_pass *pass, const struct yt_map *m, size_t p) {
    struct pixels at = {.m = m->p + p * m->ld, .m_ld = m->ld};
    if (pass->x) at.x = pass->x->p + p * pass->x->ld, at.x_ld = pass->x->ld;
    if (pass->renewed) {
        at.renewed = pass->renewed->p + p * pass->renewed->ld;
        at.renewed_ld = pass->renewed->ld;
    }
    return at;
}

/* m and m^2 of n channels from c on. */
YT_INLINE void add_values(const struct pixels *at, const int pixels, const struct yt_bn_slot *slot,
                          int c, int n) {
    struct doubles sum = {{0}, {0}}, square = {{0}, {0}};
    YT_UNROLL for (int i = 0; i < pixels; i++) {
        const struct doubles m = to_doubles(load_part(at->m + i * at->m_ld + c, n));
        sum.first += m.first, sum.last += m.last;
        square.first += m.first * m.first, square.last += m.last * m.last;
    }
    add_to_doubles(slot->total[0] + c, sum);
    add_to_doubles(slot->total[1] + c, square);
}

/* g and g (x - mean) of n channels from c on; writes g, and act(u) where it is wanted. */
YT_INLINE void add_gradients(const struct yt_bn_pass *pass, const struct pixels *at,
                             const int pixels, const enum yt_act act, const struct yt_bn_slot *slot,
                             int c, int n) {
    const vec mean = load_part(pass->mean + c, n);
    const vec scale = load_part(pass->scale + c, n), shift = load_part(pass->shift + c, n);
    vec sum = load_part(slot->block[0] + c, n), product = load_part(slot->block[1] + c, n);
    YT_UNROLL for (int i = 0; i < pixels; i++) {
        float *to = at->m + i * at->m_ld + c;
        const vec x = load_part(at->x + i * at->x_ld + c, n), u = fma_vec(x, scale, shift);
        vec g = load_part(to, n), y = u;
        if (act == YT_ACT_SILU) {
            const vec e = 1.0f + exp_vec(-u), s = 1.0f / e;
            y = u / e; /* the bits of forward, which u * s has not */
            g *= s + u * s * (1.0f - s);
            store_part(to, g, n);
        }
        if (at->renewed) store_part(at->renewed + i * at->renewed_ld + c, y, n);
        sum += g;
        product += g * (x - mean);
    }
    store_part(slot->block[0] + c, sum, n);
    store_part(slot->block[1] + c, product, n);
}

YT_INLINE void add_channels(const struct yt_bn_pass *pass, struct pixels at, const int pixels,
                            const bool backward, const enum yt_act act, struct yt_bn_slot slot,
                            int channels) {
    int c = 0;
    for (; c + YT_LANES <= channels; c += YT_LANES) {
        if (backward) {
            add_gradients(pass, &at, pixels, act, &slot, c, YT_LANES);
        } else {
            add_values(&at, pixels, &slot, c, YT_LANES);
        }
    }
    if (c == channels) return;
    if (backward) {
        add_gradients(pass, &at, pixels, act, &slot, c, channels - c);
    } else {
        add_values(&at, pixels, &slot, c, channels - c);
    }
}

YT_INLINE void sum_block(const struct yt_bn_pass *pass, const struct yt_map *m, size_t first,
                         size_t last, const bool backward, const enum yt_act act,
                         struct yt_bn_slot slot) {
    if (backward)
        memset(slot.block[0], 0, 2 * yt_bn_slot_channels(m->c) * sizeof(float)); /* both */
    size_t p = first;
    for (; p + STEP <= last; p += STEP) {
        add_channels(pass, pixels_at(pass, m, p), STEP, backward, act, slot, m->c);
    }
    for (; p < last; p++) {
        add_channels(pass, pixels_at(pass, m, p), 1, backward, act, slot, m->c);
    }
}

static void add_gradient_block(struct yt_bn_slot slot, int channels) {
    for (int c = 0; c < channels; c++) {
        slot.total[0][c] += slot.block[0][c];
        slot.total[1][c] += slot.block[1][c];
    }
}

void yt_bn_visit(const struct yt_bn_pass *pass, const struct yt_map *m, size_t first, size_t last,
                 bool begin, struct yt_bn_slot slot) {
    if (begin) yt_bn_slot_clear(slot, m->c);
    if (!pass->x) {
        sum_block(pass, m, first, last, false, YT_ACT_NONE, slot);
        return;
    }
    for (size_t p = first, end; p < last; p = end) {
        end = YT_MIN(last, p + YT_BN_BLOCK);
        if (pass->act == YT_ACT_SILU) {
            sum_block(pass, m, p, end, true, YT_ACT_SILU, slot);
        } else {
            sum_block(pass, m, p, end, true, YT_ACT_NONE, slot);
        }
        add_gradient_block(slot, m->c);
    }
}

size_t YT_KERNEL(bn_scratch)(const struct yt_map *m) {
    return chunk_count(m) * yt_bn_slot_floats(m->c);
}

void YT_KERNEL(bn_first_pass)(const struct yt_bn_pass *pass, const struct yt_map *m,
                              float *scratch) {
    const size_t pixels = yt_map_pixels(m);
    const int chunks = chunk_count(m);
    YT_PARALLEL_TASKS
    for (int i = 0; i < chunks; i++) {
        yt_bn_visit(pass, m, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1), true,
                    yt_bn_slot_at(scratch, i, m->c));
    }
    yt_bn_finish(pass, scratch, chunks, m->c);
}
