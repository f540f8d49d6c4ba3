#include "yolov10/loss.h"
#include "base/threads.h"
#include "tensor/kernels.h"
#include "yolov10/anchors.h"
#include "yolov10/ciou.h"
#include "yolov10/dfl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct yt_loss_sums {
    double box, cls, dfl;
};

/* What d loss/d(one term of a sum) is for each of the three. */
struct scales {
    float box, cls, dfl;
};

void yt_loss_init(struct yt_loss *loss, const struct yt_loss_options *options) {
    *loss = (struct yt_loss){.options = *options};
    yt_assigner_init(&loss->assigner, &options->assign);
}

void yt_loss_release(struct yt_loss *loss) {
    yt_assigner_release(&loss->assigner);
    free(loss->row_sums);
    free(loss->sums);
    *loss = (struct yt_loss){0};
}

/* Rows of all levels of one image: the unit of work of the dense pass. */
static int rows_of(const struct yt_head_maps *maps) {
    int rows = 0;
    for (int l = 0; l < maps->levels; l++) rows += maps->level[l].h;
    return rows;
}

void yt_loss_reserve(struct yt_loss *loss, const struct yt_head_maps *maps, int targets) {
    yt_assigner_reserve(&loss->assigner, maps->batch, yt_anchors_count(maps), targets);
    size_t batch = (size_t)maps->batch, rows = batch * (size_t)rows_of(maps);
    loss->row_sums = yt_grow(loss->row_sums, &loss->row_sums_cap, rows, sizeof *loss->row_sums);
    loss->sums = yt_grow(loss->sums, &loss->sums_cap, batch, sizeof *loss->sums);
}

/* One row of one level of one image as if all of it were background: zero gradient of the box
 * logits, cross entropy against 0 of the class logits. */
static double row_background(const struct yt_head_maps *maps, int image, int row, float scale) {
    const struct yt_head_level *l = maps->level;
    while (row >= l->h) row -= l++->h;
    size_t pixel = ((size_t)image * (size_t)l->h + (size_t)row) * (size_t)l->w;
    if (l->dbox)
        for (int x = 0; x < l->w; x++)
            memset(l->dbox + (pixel + (size_t)x) * (size_t)l->box_ld, 0,
                   YT_DFL_LOGITS * sizeof *l->dbox);
    size_t at = pixel * (size_t)l->cls_ld;
    return yt_bce_background(l->cls + at, l->w, maps->nc, l->cls_ld, scale,
                             l->dcls ? l->dcls + at : NULL);
}

static double background(struct yt_loss *loss, const struct yt_head_maps *maps, float scale) {
    int rows = rows_of(maps), jobs = maps->batch * rows;
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (int job = 0; job < jobs; job++)
        loss->row_sums[job] = row_background(maps, job / rows, job % rows, scale);
    double sum = 0;
    for (int job = 0; job < jobs; job++) sum += loss->row_sums[job];
    return sum;
}

/* Whether an earlier region of the same image and class has left the anchor out already. */
static bool is_left_out(const struct yt_loss *loss, const struct yt_head_maps *maps,
                        const struct yt_target *regions, int r, struct yt_anchor anchor) {
    for (int i = r - 1; i >= 0 && regions[i].image == regions[r].image; i--) {
        if (regions[i].cls != regions[r].cls) continue;
        struct yt_box box = yt_anchors_target_box(maps, &regions[i]);
        box = yt_assign_reach(&loss->options.assign, box);
        if (yt_anchor_is_inside(anchor, &box)) return true;
    }
    return false;
}

/* Takes the term of one anchor and class out of what row_background did. Returns the loss that it
 * had. */
static double leave_out(const struct yt_head_maps *maps, int image, struct yt_anchor anchor,
                        int cls) {
    float x = yt_anchor_cls(maps, image, anchor)[cls];
    float *dcls = maps->level[anchor.level].dcls;
    if (dcls) dcls[yt_anchor_cls_offset(maps, image, anchor) + (size_t)cls] = 0;
    return fmax((double)x, 0) + log1p(exp(-fabs((double)x)));
}

/* Region r on one level. */
static double leave_region_out(const struct yt_loss *loss, const struct yt_head_maps *maps,
                               const struct yt_truth *truth, int r, int level) {
    const struct yt_target *region = &truth->regions[r];
    struct yt_box box = yt_anchors_target_box(maps, region);
    box = yt_assign_reach(&loss->options.assign, box);
    struct yt_cells cells = yt_anchors_about(&maps->level[level], &box);
    const struct yt_assigned *assigned =
        loss->assigner.assigned + (size_t)region->image * (size_t)yt_anchors_count(maps);
    int start = yt_anchors_start(maps, level);
    double sum = 0;
    for (int y = cells.y1; y < cells.y2; y++) {
        for (int x = cells.x1; x < cells.x2; x++) {
            int a = start + y * maps->level[level].w + x;
            struct yt_anchor anchor = yt_anchor_at(maps, a);
            bool learns = assigned[a].target >= 0 && assigned[a].score > 0 &&
                          truth->targets[assigned[a].target].cls == region->cls;
            if (learns || !yt_anchor_is_inside(anchor, &box) ||
                is_left_out(loss, maps, truth->regions, r, anchor))
                continue;
            sum += leave_out(maps, region->image, anchor, region->cls);
        }
    }
    return sum;
}

static double regions(const struct yt_loss *loss, const struct yt_head_maps *maps,
                      const struct yt_truth *truth) {
    double sum = 0;
    for (int r = 0; r < truth->region_count; r++) {
        YT_ASSERT(truth->regions[r].image >= 0 && truth->regions[r].image < maps->batch);
        YT_ASSERT(truth->regions[r].cls >= 0 && truth->regions[r].cls < maps->nc);
        for (int level = 0; level < maps->levels; level++)
            sum += leave_region_out(loss, maps, truth, r, level);
    }
    return sum;
}

/* From background to target score t: BCE(x, t) = BCE(x, 0) - x t. */
static double positive_class(const struct yt_head_maps *maps, int image, struct yt_anchor anchor,
                             int cls, float t, float scale) {
    float x = yt_anchor_cls(maps, image, anchor)[cls];
    float *dcls = maps->level[anchor.level].dcls;
    if (dcls)
        dcls[yt_anchor_cls_offset(maps, image, anchor) + (size_t)cls] =
            (1 / (1 + expf(-x)) - t) * scale;
    return -(double)x * t;
}

/* Box and distance losses of an anchor, and the gradient of its box logits. */
static void positive_box(const struct yt_head_maps *maps, int image, struct yt_anchor anchor,
                         struct yt_box target_pixels, float t, const struct scales *scales,
                         struct yt_loss_sums *sums) {
    const float *logits = yt_anchor_box(maps, image, anchor);
    struct yt_dfl dfl;
    yt_dfl_read(&dfl, logits);
    struct yt_shape predicted = yt_shape_of(yt_anchor_box_cells(anchor, dfl.distance));
    struct yt_shape target = yt_shape_of(yt_box_scaled(target_pixels, 1 / anchor.stride));
    float by_corner[4];
    float ciou = yt_ciou_gradient(&predicted, &target, by_corner);
    float x = anchor.x / anchor.stride, y = anchor.y / anchor.stride;
    const float distance[4] = {x - target.box.x1, y - target.box.y1, target.box.x2 - x,
                               target.box.y2 - y};
    sums->box += (double)(1 - ciou) * t;
    sums->dfl += (double)yt_dfl_loss(&dfl, logits, distance) * t;

    float *dbox = maps->level[anchor.level].dbox;
    if (!dbox) return;
    /* the left and top corners move against their distances; the loss falls as CIoU rises */
    float slope = -scales->box * t;
    const float by_distance[4] = {-by_corner[0] * slope, -by_corner[1] * slope,
                                  by_corner[2] * slope, by_corner[3] * slope};
    yt_dfl_backward(&dfl, distance, scales->dfl * t, by_distance,
                    dbox + yt_anchor_box_offset(maps, image, anchor));
}

static struct yt_loss_sums positives(const struct yt_assigner *assigner,
                                     const struct yt_head_maps *maps, int image,
                                     const struct yt_target *targets, const struct scales *scales) {
    struct yt_loss_sums sums = {0, 0, 0};
    int anchors = yt_anchors_count(maps);
    const struct yt_assigned *assigned = assigner->assigned + (size_t)image * (size_t)anchors;
    for (int a = 0; a < anchors; a++) {
        int target = assigned[a].target;
        float t = assigned[a].score;
        if (target < 0 || t == 0) continue;
        struct yt_anchor anchor = yt_anchor_at(maps, a);
        sums.cls += positive_class(maps, image, anchor, targets[target].cls, t, scales->cls);
        positive_box(maps, image, anchor, assigner->boxes[target], t, scales, &sums);
    }
    return sums;
}

void yt_detection_loss(struct yt_loss *loss, const struct yt_head_maps *maps,
                       const struct yt_truth *truth, float items[3]) {
    const struct yt_loss_options *gain = &loss->options;
    yt_loss_reserve(loss, maps, truth->count);
    yt_assign(&loss->assigner, maps, truth->targets, truth->count);
    double z = fmax(loss->assigner.score_sum, 1), batch_by_z = maps->batch / z;
    const struct scales scales = {
        .box = (float)(gain->box * batch_by_z),
        .cls = (float)(gain->cls * batch_by_z),
        .dfl = (float)(gain->dfl * batch_by_z),
    };
    struct yt_loss_sums total = {.cls = background(loss, maps, scales.cls)};
    total.cls -= regions(loss, maps, truth);
#pragma omp parallel for schedule(dynamic) num_threads(yt_threads())
    for (int image = 0; image < maps->batch; image++)
        loss->sums[image] = positives(&loss->assigner, maps, image, truth->targets, &scales);
    for (int image = 0; image < maps->batch; image++) {
        total.box += loss->sums[image].box;
        total.cls += loss->sums[image].cls;
        total.dfl += loss->sums[image].dfl;
    }
    items[0] = (float)(gain->box * total.box / z);
    items[1] = (float)(gain->cls * total.cls / z);
    items[2] = (float)(gain->dfl * total.dfl / z);
}
