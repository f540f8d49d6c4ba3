#include "yolov10/anchors.h"

int yt_anchors_start(const struct yt_head_maps *maps, int level) {
    int start = 0;
    for (int l = 0; l < level; l++) start += maps->level[l].h * maps->level[l].w;
    return start;
}

int yt_anchors_count(const struct yt_head_maps *maps) {
    return yt_anchors_start(maps, maps->levels);
}

struct yt_anchor yt_anchor_at(const struct yt_head_maps *maps, int index) {
    int level = 0;
    while (index >= maps->level[level].h * maps->level[level].w) {
        index -= maps->level[level].h * maps->level[level].w;
        level++;
        YT_ASSERT(level < maps->levels);
    }
    const struct yt_head_level *l = &maps->level[level];
    return (struct yt_anchor){
        .level = level,
        .cell = index,
        .x = ((float)(index % l->w) + 0.5f) * l->stride,
        .y = ((float)(index / l->w) + 0.5f) * l->stride,
        .stride = l->stride,
    };
}

float yt_anchors_input_width(const struct yt_head_maps *maps) {
    return (float)maps->level[0].w * maps->level[0].stride;
}

float yt_anchors_input_height(const struct yt_head_maps *maps) {
    return (float)maps->level[0].h * maps->level[0].stride;
}

static size_t pixel(const struct yt_head_level *level, int image, int cell) {
    return (size_t)image * (size_t)(level->h * level->w) + (size_t)cell;
}

size_t yt_anchor_box_offset(const struct yt_head_maps *maps, int image, struct yt_anchor anchor) {
    const struct yt_head_level *level = &maps->level[anchor.level];
    return pixel(level, image, anchor.cell) * (size_t)level->box_ld;
}

size_t yt_anchor_cls_offset(const struct yt_head_maps *maps, int image, struct yt_anchor anchor) {
    const struct yt_head_level *level = &maps->level[anchor.level];
    return pixel(level, image, anchor.cell) * (size_t)level->cls_ld;
}

const float *yt_anchor_box(const struct yt_head_maps *maps, int image, struct yt_anchor anchor) {
    return maps->level[anchor.level].box + yt_anchor_box_offset(maps, image, anchor);
}

const float *yt_anchor_cls(const struct yt_head_maps *maps, int image, struct yt_anchor anchor) {
    return maps->level[anchor.level].cls + yt_anchor_cls_offset(maps, image, anchor);
}

struct yt_box yt_anchor_box_cells(struct yt_anchor anchor, const float d[4]) {
    float x = anchor.x / anchor.stride, y = anchor.y / anchor.stride;
    return (struct yt_box){x - d[0], y - d[1], x + d[2], y + d[3]};
}

struct yt_box yt_box_scaled(struct yt_box box, float factor) {
    return (struct yt_box){box.x1 * factor, box.y1 * factor, box.x2 * factor, box.y2 * factor};
}
