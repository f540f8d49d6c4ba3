#include "yolov10/anchors.h"

#include <math.h>

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
    int w = maps->level[level].w;
    return yt_anchor_on(maps, level, index % w, index / w);
}

struct yt_anchor yt_anchor_on(const struct yt_head_maps *maps, int level, int x, int y) {
    const struct yt_head_level *l = &maps->level[level];
    return (struct yt_anchor){
        .level = level,
        .cell = y * l->w + x,
        .x = ((float)x + 0.5f) * l->stride,
        .y = ((float)y + 0.5f) * l->stride,
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

struct yt_box yt_anchors_target_box(const struct yt_head_maps *maps,
                                    const struct yt_target *target) {
    float width = yt_anchors_input_width(maps), height = yt_anchors_input_height(maps);
    float cx = target->cx * width, cy = target->cy * height;
    float w = target->w * width, h = target->h * height;
    return (struct yt_box){cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};
}

static bool between(float low, float value, float high) {
    return value - low > 1e-9f && high - value > 1e-9f;
}

bool yt_anchor_is_inside(struct yt_anchor anchor, const struct yt_box *box) {
    return between(box->x1, anchor.x, box->x2) && between(box->y1, anchor.y, box->y2);
}

static int first_cell(float low, float stride, int cells) {
    return (int)fminf(fmaxf(floorf(low / stride - 0.5f), 0), (float)cells);
}

static int end_cell(float high, float stride, int cells) {
    return (int)fminf(fmaxf(ceilf(high / stride - 0.5f) + 1, 0), (float)cells);
}

struct yt_cells yt_anchors_about(const struct yt_head_level *level, const struct yt_box *box) {
    float stride = level->stride;
    return (struct yt_cells){
        first_cell(box->x1, stride, level->w), first_cell(box->y1, stride, level->h),
        end_cell(box->x2, stride, level->w), end_cell(box->y2, stride, level->h)};
}
