/* Softmax of rows. The maximum makes the largest exponent 0, so that nothing overflows. */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

static float row_max(const float *s, int cols, float scale) {
    const int whole = cols - cols % YT_LANES;
    vec most = splat(-INFINITY);
    for (int j = 0; j < whole; j += YT_LANES) {
        const vec v = load(s + j) * scale;
        most = pick(v > most, v, most);
    }
    float max = max_lanes(most);
    for (int j = whole; j < cols; j++) max = s[j] * scale > max ? s[j] * scale : max;
    return max;
}

void YT_KERNEL(softmax_rows)(float *s, int rows, int cols, float scale) {
    for (int i = 0; i < rows; i++, s += cols) {
        const float max = row_max(s, cols, scale);
        vec total = {0};
        for (int j = 0; j < cols; j += YT_LANES) {
            const int n = YT_MIN(YT_LANES, cols - j);
            store_part(s + j, exp_vec(load_part(s + j, n) * scale - max), n);
            total += load_part(s + j, n);
        }
        const float norm = 1.0f / sum_lanes(total);
        for (int j = 0; j < cols; j += YT_LANES) {
            const int n = YT_MIN(YT_LANES, cols - j);
            store_part(s + j, load_part(s + j, n) * norm, n);
        }
    }
}

void YT_KERNEL(softmax_rows_backward)(const float *s, float *ds, int rows, int cols, float scale) {
    for (int i = 0; i < rows; i++, s += cols, ds += cols) {
        vec total = {0};
        for (int j = 0; j < cols; j += YT_LANES) {
            const int n = YT_MIN(YT_LANES, cols - j);
            total += load_part(s + j, n) * load_part(ds + j, n);
        }
        const float dot = sum_lanes(total);
        for (int j = 0; j < cols; j += YT_LANES) {
            const int n = YT_MIN(YT_LANES, cols - j);
            vec d = scale * load_part(s + j, n) * (load_part(ds + j, n) - dot);
            store_part(ds + j, d, n);
        }
    }
}
