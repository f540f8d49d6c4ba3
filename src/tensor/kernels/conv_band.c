#include "tensor/kernels/conv.h"

#include <string.h>

void yt_band_copy(float *band, const struct yt_map *map, int n, int row, int rows, int column,
                  int width) {
    const size_t c = map->c;
    const int left = YT_MIN(width, YT_MAX(0, -column));
    const int right = YT_MAX(left, YT_MIN(width, map->w - column));
    for (int y = row; y < row + rows; y++, band += width * c) {
        if (y < 0 || y >= map->h || left == right) {
            memset(band, 0, width * c * sizeof *band);
            continue;
        }
        memset(band, 0, left * c * sizeof *band);
        const float *from = yt_map_at(map, n, y, column + left);
        if (map->ld == map->c) {
            memcpy(band + left * c, from, (right - left) * c * sizeof *band);
        } else {
            for (int x = left; x < right; x++, from += map->ld) {
                memcpy(band + x * c, from, c * sizeof *band);
            }
        }
        memset(band + right * c, 0, (width - right) * c * sizeof *band);
    }
}
