#include "infer/annotate.h"
#include "image/draw.h"

int yt_annotate(const char *path, const struct yt_image *image,
                const struct yt_detection *detections, size_t count,
                const struct yt_categories *categories) {
    struct yt_image *drawn =
        yt_draw_detections(image, detections, count, categories->names, categories->count);
    if (!drawn) return -1;
    int status = yt_image_write_png(drawn, path);
    yt_image_free(drawn);
    return status;
}
