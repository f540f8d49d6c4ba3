#include "eval/ignore.h"
#include "eval/overlap.h"

static bool is_covered(const struct yt_box *box, const struct yt_box *region) {
    float w = YT_MIN(box->x2, region->x2) - YT_MAX(box->x1, region->x1);
    float h = YT_MIN(box->y2, region->y2) - YT_MAX(box->y1, region->y1);
    float area = (box->x2 - box->x1) * (box->y2 - box->y1);
    return w > 0 && h > 0 && w * h >= 0.5f * area;
}

static bool is_in_region(const struct yt_detection *detection, const struct yt_label *regions,
                         size_t count) {
    for (size_t i = 0; i < count; i++)
        if (regions[i].cls == detection->cls && is_covered(&detection->box, &regions[i].box))
            return true;
    return false;
}

static bool finds_label(const struct yt_detection *detection, const struct yt_label *labels,
                        size_t count) {
    for (size_t i = 0; i < count; i++)
        if (labels[i].cls == detection->cls && yt_box_iou(&detection->box, &labels[i].box) >= 0.5f)
            return true;
    return false;
}

size_t yt_ignore_detections(struct yt_detection *detections, size_t count,
                            const struct yt_label *labels, size_t label_count,
                            const struct yt_label *regions, size_t region_count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_in_region(&detections[i], regions, region_count) ||
            finds_label(&detections[i], labels, label_count))
            detections[kept++] = detections[i];
    return kept;
}
