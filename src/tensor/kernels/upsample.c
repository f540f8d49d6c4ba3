/* Nearest upsampling by 2. */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

void YT_KERNEL(upsample2_forward)(const struct yt_map *x, const struct yt_map *y) {
    YT_PARALLEL_TASKS
    for (int row = 0; row < y->n * y->h; row++) {
        const int n = row / y->h, oy = row % y->h;
        for (int ox = 0; ox < y->w; ox++) {
            memcpy(yt_map_at(y, n, oy, ox), yt_map_at(x, n, oy / 2, ox / 2), y->c * sizeof(float));
        }
    }
}

/* dx[y, x] (+)= dy[2y, 2x] + dy[2y, 2x+1] + dy[2y+1, 2x] + dy[2y+1, 2x+1] */
void YT_KERNEL(upsample2_backward)(const struct yt_map *dy, const struct yt_map *dx, bool add) {
    YT_PARALLEL_TASKS
    for (int row = 0; row < dx->n * dx->h; row++) {
        const int n = row / dx->h, iy = row % dx->h;
        for (int ix = 0; ix < dx->w; ix++) {
            const float *top = yt_map_at(dy, n, 2 * iy, 2 * ix);
            const float *bottom = yt_map_at(dy, n, 2 * iy + 1, 2 * ix);
            float *to = yt_map_at(dx, n, iy, ix);
            for (int c = 0; c < dx->c; c += YT_LANES) {
                const int part = YT_MIN(YT_LANES, dx->c - c);
                vec sum = (load_part(top + c, part) + load_part(top + dy->ld + c, part)) +
                          (load_part(bottom + c, part) + load_part(bottom + dy->ld + c, part));
                store_part(to + c, add ? load_part(to + c, part) + sum : sum, part);
            }
        }
    }
}
