#include "yolov10/ref_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS 16

/* --- scenes ------------------------------------------------------------------------------- */

static float *random_map(struct yt_rng *rng, size_t pixels, int ld, double mean, double std) {
    float *p = yt_malloc(pixels * (size_t)ld * sizeof *p);
    for (size_t i = 0; i < pixels * (size_t)ld; i++)
        p[i] = (float)(mean + std * yt_rng_normal(rng));
    return p;
}

void ref_scene_init(struct ref_scene *scene, struct yt_rng *rng, int batch, int h, int w, int nc) {
    *scene = (struct ref_scene){.maps = {.batch = batch, .nc = nc, .levels = 3}};
    for (int l = 0; l < 3; l++) {
        struct yt_head_level *level = &scene->maps.level[l];
        *level = (struct yt_head_level){.h = h >> l,
                                        .w = w >> l,
                                        .stride = (float)(8 << l),
                                        .box_ld = 64 + 5,
                                        .cls_ld = nc + 3};
        size_t pixels = (size_t)batch * (size_t)(level->h * level->w);
        level->box = random_map(rng, pixels, level->box_ld, 0, 1.5);
        level->cls = random_map(rng, pixels, level->cls_ld, -1, 2);
        level->dbox = random_map(rng, pixels, level->box_ld, 0, 1);
        level->dcls = random_map(rng, pixels, level->cls_ld, 0, 1);
    }
}

void ref_scene_release(struct ref_scene *scene) {
    for (int l = 0; l < 3; l++) {
        struct yt_head_level *level = &scene->maps.level[l];
        free((float *)level->box);
        free((float *)level->cls);
        free(level->dbox);
        free(level->dcls);
    }
    free(scene->targets);
    free(scene->regions);
}

static double input_width(const struct yt_head_maps *maps) {
    return maps->level[0].w * 8.0;
}

static double input_height(const struct yt_head_maps *maps) {
    return maps->level[0].h * 8.0;
}

static struct yt_target target_at(const struct ref_scene *scene, int image, int cls, double cx,
                                  double cy, double w, double h) {
    double width = input_width(&scene->maps), height = input_height(&scene->maps);
    return (struct yt_target){image,
                              cls,
                              (float)(cx / width),
                              (float)(cy / height),
                              (float)(w / width),
                              (float)(h / height)};
}

void ref_scene_ignore(struct ref_scene *scene, int image, int cls, double cx, double cy, double w,
                      double h) {
    size_t count = (size_t)++scene->region_count;
    scene->regions = yt_realloc(scene->regions, count * sizeof *scene->regions);
    scene->regions[count - 1] = target_at(scene, image, cls, cx, cy, w, h);
}

void ref_scene_ignore_randomly(struct ref_scene *scene, struct yt_rng *rng, int count) {
    double width = input_width(&scene->maps), height = input_height(&scene->maps);
    for (int i = 0; i < count * scene->maps.batch; i++)
        ref_scene_ignore(scene, i / count, (int)yt_rng_below(rng, (uint64_t)scene->maps.nc),
                         yt_rng_uniform(rng, 0, width), yt_rng_uniform(rng, 0, height),
                         exp(yt_rng_uniform(rng, 0, log(width))),
                         exp(yt_rng_uniform(rng, 0, log(height))));
}

void ref_scene_label(struct ref_scene *scene, int image, int cls, double cx, double cy, double w,
                     double h) {
    if (scene->count == scene->cap) {
        scene->cap = 2 * scene->cap + 8;
        scene->targets = yt_realloc(scene->targets, (size_t)scene->cap * sizeof *scene->targets);
    }
    scene->targets[scene->count++] = target_at(scene, image, cls, cx, cy, w, h);
}

void ref_scene_label_randomly(struct ref_scene *scene, struct yt_rng *rng, int count) {
    double width = input_width(&scene->maps), height = input_height(&scene->maps);
    for (int i = 0; i < count; i++) {
        double w = exp(yt_rng_uniform(rng, 0, log(width)));
        double h = exp(yt_rng_uniform(rng, 0, log(height)));
        ref_scene_label(scene, (int)yt_rng_below(rng, (uint64_t)scene->maps.batch),
                        (int)yt_rng_below(rng, (uint64_t)scene->maps.nc),
                        yt_rng_uniform(rng, 0, width), yt_rng_uniform(rng, 0, height), w, h);
    }
}

/* --- geometry ----------------------------------------------------------------------------- */

static int anchors_of(const struct yt_head_maps *maps) {
    int anchors = 0;
    for (int l = 0; l < maps->levels; l++) anchors += maps->level[l].h * maps->level[l].w;
    return anchors;
}

struct ref_anchor ref_anchor_at(const struct yt_head_maps *maps, int image, int a) {
    const struct yt_head_level *level = maps->level;
    while (a >= level->h * level->w) a -= level->h * level->w, level++;
    size_t pixel = (size_t)(image * level->h * level->w + a);
    return (struct ref_anchor){a % level->w + 0.5,
                               a / level->w + 0.5,
                               level->stride,
                               pixel * (size_t)level->box_ld,
                               pixel * (size_t)level->cls_ld,
                               level};
}

void ref_decode(const double *logits, struct ref_anchor anchor, double box[4]) {
    double d[4];
    for (int side = 0; side < 4; side++) {
        double sum = 0, moment = 0;
        for (int j = 0; j < BINS; j++) {
            double e = exp(logits[side * BINS + j]);
            sum += e;
            moment += e * j;
        }
        d[side] = moment / sum;
    }
    box[0] = anchor.x - d[0];
    box[1] = anchor.y - d[1];
    box[2] = anchor.x + d[2];
    box[3] = anchor.y + d[3];
}

double ref_ciou(const double a[4], const double b[4], double fixed_alpha, double *alpha) {
    const double eps = 1e-7;
    double wa = a[2] - a[0], ha = a[3] - a[1] + eps, wb = b[2] - b[0], hb = b[3] - b[1] + eps;
    double inter =
        fmax(0, fmin(a[2], b[2]) - fmax(a[0], b[0])) * fmax(0, fmin(a[3], b[3]) - fmax(a[1], b[1]));
    double iou = inter / (wa * ha + wb * hb - inter + eps);
    double cw = fmax(a[2], b[2]) - fmin(a[0], b[0]), ch = fmax(a[3], b[3]) - fmin(a[1], b[1]);
    double rho2 = (pow(b[0] + b[2] - a[0] - a[2], 2) + pow(b[1] + b[3] - a[1] - a[3], 2)) / 4;
    double v = 4 / (M_PI * M_PI) * pow(atan(wb / hb) - atan(wa / ha), 2);
    double own_alpha = v / (v - iou + 1 + eps);
    if (alpha) *alpha = own_alpha;
    return iou - rho2 / (cw * cw + ch * ch + eps) - v * (fixed_alpha < 0 ? own_alpha : fixed_alpha);
}

/* A target's corners in pixels are float arithmetic by definition: whether an anchor lies inside
 * is decided on them. */
static void target_box(const struct yt_head_maps *maps, const struct yt_target *t, double box[4]) {
    float width = (float)input_width(maps), height = (float)input_height(maps);
    float cx = t->cx * width, cy = t->cy * height, w = t->w * width, h = t->h * height;
    box[0] = cx - w / 2;
    box[1] = cy - h / 2;
    box[2] = cx + w / 2;
    box[3] = cy + h / 2;
}

/* The box whose anchors are candidates; float arithmetic as that of the box. */
static void widen(double box[4], float min_side) {
    for (int axis = 0; axis < 2; axis++) {
        float low = (float)box[axis], high = (float)box[axis + 2];
        float middle = (low + high) / 2;
        if (high - low >= min_side) continue;
        box[axis] = middle - min_side / 2;
        box[axis + 2] = middle + min_side / 2;
    }
}

/* --- assignment: dense (targets of the image) x (anchors) matrices ---------------------------- */

struct dense {
    int targets, anchors;
    int *index; /* of the image's targets among the scene's */
    double *overlap, *metric;
    bool *inside, *positive;
};

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static void compare_all(const struct ref_scene *scene, int image, float min_side, struct dense *d) {
    double box[64], predicted[4], gt[4], reach[4];
    for (int a = 0; a < d->anchors; a++) {
        struct ref_anchor anchor = ref_anchor_at(&scene->maps, image, a);
        for (int i = 0; i < 64; i++) box[i] = anchor.level->box[anchor.box_offset + (size_t)i];
        ref_decode(box, anchor, predicted);
        for (int i = 0; i < 4; i++) predicted[i] *= anchor.stride;
        double px = anchor.x * anchor.stride, py = anchor.y * anchor.stride;
        for (int g = 0; g < d->targets; g++) {
            const struct yt_target *target = &scene->targets[d->index[g]];
            target_box(&scene->maps, target, gt);
            bool valid = gt[0] + gt[1] + gt[2] + gt[3] > 0;
            memcpy(reach, gt, sizeof reach);
            widen(reach, min_side);
            double nearest =
                fmin(fmin(px - reach[0], py - reach[1]), fmin(reach[2] - px, reach[3] - py));
            int at = g * d->anchors + a;
            d->inside[at] = valid && nearest > 1e-9;
            double score = sigmoid(anchor.level->cls[anchor.cls_offset + (size_t)target->cls]);
            d->overlap[at] = d->inside[at] ? fmax(ref_ciou(gt, predicted, -1, NULL), 0) : 0;
            d->metric[at] = sqrt(score) * pow(d->overlap[at], 6);
        }
    }
}

/* The anchor of largest metric that is not yet taken, the lowest on a tie. */
static int best_anchor(const double *metric, const bool *taken, int anchors) {
    int best = -1;
    for (int a = 0; a < anchors; a++)
        if (!taken[a] && (best < 0 || metric[a] > metric[best])) best = a;
    return best;
}

static void claim(struct dense *d, int topk) {
    bool *taken = yt_malloc((size_t)d->anchors);
    for (int g = 0; g < d->targets; g++) {
        memset(taken, 0, (size_t)d->anchors);
        for (int k = 0; k < topk; k++) {
            int a = best_anchor(d->metric + g * d->anchors, taken, d->anchors);
            if (a < 0) break;
            taken[a] = true;
            d->positive[g * d->anchors + a] = d->inside[g * d->anchors + a];
        }
    }
    free(taken);
}

static void settle_conflicts(struct dense *d) {
    for (int a = 0; a < d->anchors; a++) {
        int claims = 0, best = 0;
        for (int g = 0; g < d->targets; g++) {
            claims += d->positive[g * d->anchors + a];
            if (d->overlap[g * d->anchors + a] > d->overlap[best * d->anchors + a]) best = g;
        }
        if (claims > 1)
            for (int g = 0; g < d->targets; g++) d->positive[g * d->anchors + a] = g == best;
    }
}

static void score_anchors(const struct dense *d, int *target, double *score) {
    for (int g = 0; g < d->targets; g++) {
        double largest_metric = 0, largest_overlap = 0;
        for (int at = g * d->anchors; at < (g + 1) * d->anchors; at++) {
            if (!d->positive[at]) continue;
            largest_metric = fmax(largest_metric, d->metric[at]);
            largest_overlap = fmax(largest_overlap, d->overlap[at]);
        }
        for (int a = 0; a < d->anchors; a++) {
            int at = g * d->anchors + a;
            if (!d->positive[at]) continue;
            target[a] = d->index[g];
            score[a] = d->metric[at] * largest_overlap / (largest_metric + 1e-9);
        }
    }
}

/* The best anchor of target t, -1 if it has none. */
static int best_of(const struct dense *d, int t, const int *target, const double *score) {
    int best = -1;
    for (int a = 0; a < d->anchors; a++)
        if (target[a] == t && score[a] > (best < 0 ? 0 : score[best])) best = a;
    return best;
}

/* Which anchor of the 5 x 5 about the middle of a target's box is nearest to it, of those that
 * learn nothing or, `spared`, are not the best of what they learn; -1: none. best[t]: by target. */
static int nearest_free(const struct ref_scene *scene, const double gt[4], const int *target,
                        const double *score, const int *best_by_target, bool spared) {
    double half = fmax(gt[2] - gt[0], gt[3] - gt[1]) / 2, nearest = INFINITY;
    int level = 0, best = -1, first = 0;
    while (level + 1 < scene->maps.levels && half > 14 * scene->maps.level[level].stride) {
        first += scene->maps.level[level].h * scene->maps.level[level].w;
        level++;
    }
    const struct yt_head_level *l = &scene->maps.level[level];
    double x = (gt[0] + gt[2]) / 2 / l->stride, y = (gt[1] + gt[3]) / 2 / l->stride;
    double column = fmin(fmax(floor(x), 0), l->w - 1), row = fmin(fmax(floor(y), 0), l->h - 1);
    for (int a = 0; a < l->h * l->w; a++) {
        int c = a % l->w, r = a / l->w, at = first + a;
        double distance = pow(c + 0.5 - x, 2) + pow(r + 0.5 - y, 2);
        bool near = fabs(c - column) <= 2 && fabs(r - row) <= 2;
        bool free = score[at] == 0 || (spared && best_by_target[target[at]] != at);
        if (!near || !free || distance >= nearest) continue;
        nearest = distance;
        best = at;
    }
    return best;
}

static void raise_the_weak(const struct ref_scene *scene, const struct dense *d, double least,
                           int *target, double *score) {
    int *best = yt_malloc((size_t)(scene->count + 1) * sizeof *best);
    for (int g = 0; g < d->targets; g++) best[d->index[g]] = best_of(d, d->index[g], target, score);
    for (int g = 0; g < d->targets; g++) {
        double gt[4];
        int t = d->index[g];
        target_box(&scene->maps, &scene->targets[t], gt);
        if (gt[0] + gt[1] + gt[2] + gt[3] <= 0) continue;
        if (best[t] < 0) best[t] = nearest_free(scene, gt, target, score, best, false);
        if (best[t] < 0) best[t] = nearest_free(scene, gt, target, score, best, true);
        if (best[t] < 0 || (target[best[t]] == t && score[best[t]] >= least)) continue;
        target[best[t]] = t;
        score[best[t]] = least;
    }
    free(best);
}

static void assign_image(const struct ref_scene *scene, int image,
                         const struct yt_assign_options *options, int *target, double *score) {
    struct dense d = {.anchors = anchors_of(&scene->maps)};
    d.index = yt_malloc((size_t)(scene->count + 1) * sizeof *d.index);
    for (int t = 0; t < scene->count; t++)
        if (scene->targets[t].image == image) d.index[d.targets++] = t;
    size_t pairs = (size_t)((d.targets + 1) * d.anchors);
    d.overlap = yt_calloc(pairs, sizeof *d.overlap);
    d.metric = yt_calloc(pairs, sizeof *d.metric);
    d.inside = yt_calloc(pairs, sizeof *d.inside);
    d.positive = yt_calloc(pairs, sizeof *d.positive);
    for (int a = 0; a < d.anchors; a++) target[a] = -1, score[a] = 0;
    compare_all(scene, image, options->min_side, &d);
    claim(&d, options->topk);
    settle_conflicts(&d);
    score_anchors(&d, target, score);
    if (options->fallback > 0) raise_the_weak(scene, &d, options->fallback, target, score);
    free(d.index);
    free(d.overlap);
    free(d.metric);
    free(d.inside);
    free(d.positive);
}

/* --- loss --------------------------------------------------------------------------------- */

static double cross_entropy(const double *logits, int bin) {
    double sum = 0;
    for (int j = 0; j < BINS; j++) sum += exp(logits[j] - logits[bin]);
    return log(sum);
}

static double dfl(const double *logits, const double distance[4]) {
    double loss = 0;
    for (int side = 0; side < 4; side++) {
        double d = fmin(fmax(distance[side], 0), BINS - 1 - 0.01);
        int left = (int)floor(d);
        double right_weight = d - left;
        loss += (1 - right_weight) * cross_entropy(logits + side * BINS, left) +
                right_weight * cross_entropy(logits + side * BINS, left + 1);
    }
    return loss / 4;
}

/* Whether the term of the anchor and class is left out, unless the anchor learns that class. */
static bool is_ignored(const struct ref_scene *scene, float min_side, int image,
                       struct ref_anchor anchor, int cls) {
    double x = anchor.x * anchor.stride, y = anchor.y * anchor.stride, box[4];
    for (int r = 0; r < scene->region_count; r++) {
        if (scene->regions[r].image != image || scene->regions[r].cls != cls) continue;
        target_box(&scene->maps, &scene->regions[r], box);
        widen(box, min_side);
        if (fmin(fmin(x - box[0], y - box[1]), fmin(box[2] - x, box[3] - y)) > 1e-9) return true;
    }
    return false;
}

/* As ref_loss_anchor, with the alpha given or, if negative, the box's own, which is stored. */
static void anchor_items(const struct ref_loss *ref, const struct ref_scene *scene, int image,
                         int a, const double *box, const double *cls, double fixed_alpha,
                         double *alpha, double items[3]) {
    int at = image * anchors_of(&scene->maps) + a, target = ref->target[at];
    double weight = ref->score[at] / ref->z;
    items[0] = items[1] = items[2] = 0;
    for (int c = 0; c < scene->maps.nc; c++) {
        double t = target >= 0 && scene->targets[target].cls == c ? ref->score[at] : 0;
        if (t == 0 &&
            is_ignored(scene, ref->min_side, image, ref_anchor_at(&scene->maps, image, a), c))
            continue;
        items[1] += 0.5 * (fmax(cls[c], 0) - cls[c] * t + log1p(exp(-fabs(cls[c])))) / ref->z;
    }
    if (target < 0) return;
    struct ref_anchor anchor = ref_anchor_at(&scene->maps, image, a);
    double predicted[4], gt[4];
    ref_decode(box, anchor, predicted);
    target_box(&scene->maps, &scene->targets[target], gt);
    for (int i = 0; i < 4; i++) gt[i] /= anchor.stride;
    double distance[4] = {anchor.x - gt[0], anchor.y - gt[1], gt[2] - anchor.x, gt[3] - anchor.y};
    items[0] = 7.5 * (1 - ref_ciou(predicted, gt, fixed_alpha, alpha)) * weight;
    items[2] = 1.5 * dfl(box, distance) * weight;
}

void ref_loss_anchor(const struct ref_loss *ref, const struct ref_scene *scene, int image, int a,
                     const double *box, const double *cls, double items[3]) {
    double alpha = ref->alpha[image * anchors_of(&scene->maps) + a];
    anchor_items(ref, scene, image, a, box, cls, alpha, NULL, items);
}

void ref_loss_init(struct ref_loss *ref, const struct ref_scene *scene,
                   const struct yt_assign_options *options) {
    const struct yt_head_maps *maps = &scene->maps;
    int anchors = anchors_of(maps), total = maps->batch * anchors;
    *ref = (struct ref_loss){
        .min_side = options->min_side,
        .target = yt_malloc((size_t)total * sizeof *ref->target),
        .score = yt_malloc((size_t)total * sizeof *ref->score),
        .alpha = yt_calloc((size_t)total, sizeof *ref->alpha),
    };
    for (int image = 0; image < maps->batch; image++)
        assign_image(scene, image, options, ref->target + image * anchors,
                     ref->score + image * anchors);
    for (int i = 0; i < total; i++) ref->z += ref->score[i];
    ref->z = fmax(ref->z, 1);
    double box[64], *cls = yt_malloc((size_t)maps->nc * sizeof *cls), items[3];
    for (int i = 0; i < total; i++) {
        struct ref_anchor anchor = ref_anchor_at(maps, i / anchors, i % anchors);
        for (int j = 0; j < 64; j++) box[j] = anchor.level->box[anchor.box_offset + (size_t)j];
        for (int c = 0; c < maps->nc; c++)
            cls[c] = anchor.level->cls[anchor.cls_offset + (size_t)c];
        anchor_items(ref, scene, i / anchors, i % anchors, box, cls, -1, &ref->alpha[i], items);
        for (int j = 0; j < 3; j++) ref->items[j] += items[j];
    }
    free(cls);
}

void ref_loss_release(struct ref_loss *ref) {
    free(ref->target);
    free(ref->score);
    free(ref->alpha);
}
