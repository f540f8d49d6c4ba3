#include "yolov10/assign.h"
#include "base/threads.h"
#include "yolov10/anchors.h"
#include "yolov10/ciou.h"
#include "yolov10/dfl.h"

#include <math.h>
#include <stdlib.h>

/* How well an anchor fits a target. */
struct fit {
    float overlap, metric;
};

struct yt_assign_truth {
    int target, cls;
    struct yt_shape shape; /* pixels */
    struct yt_box reach;   /* candidates are the anchors inside: the box, widened to min_side */
    float largest_metric, largest_overlap;
    int best_anchor; /* that of the largest target score; -1: none has one above 0 */
    float best_score;
};

/* An anchor while an image is worked on. */
struct yt_assign_cell {
    bool decoded;
    struct yt_shape predicted; /* pixels; if decoded */
    int best;                  /* truth of the largest overlap so far */
    struct fit best_fit;
    int claims, owner; /* owner: the truth that claimed it first, in the end the one that got it */
    struct fit fit;    /* with the owner */
};

/* One image's share of everything. */
struct scene {
    const struct yt_assign_options *options;
    const struct yt_head_maps *maps;
    int image, anchors, truth_count;
    struct yt_assign_truth *truths;
    struct yt_assign_cell *cells;
    struct yt_assigned *assigned;
};

void yt_assigner_init(struct yt_assigner *assigner, const struct yt_assign_options *options) {
    YT_ASSERT(options->topk >= 1 && options->topk <= YT_ASSIGN_TOPK_MAX);
    YT_ASSERT(options->min_side >= 0 && options->fallback >= 0 && options->fallback <= 1);
    *assigner = (struct yt_assigner){.options = *options};
}

void yt_assigner_release(struct yt_assigner *assigner) {
    free(assigner->assigned);
    free(assigner->boxes);
    free(assigner->positives);
    free(assigner->cells);
    free(assigner->truths);
    free(assigner->first);
    free(assigner->score_sums);
    *assigner = (struct yt_assigner){0};
}

#define RESERVE(member, count)                                                                     \
    (assigner->member = yt_grow(assigner->member, &assigner->member##_cap, (size_t)(count),        \
                                sizeof *assigner->member))

void yt_assigner_reserve(struct yt_assigner *assigner, int batch, int anchors, int targets) {
    size_t cells = (size_t)batch * (size_t)anchors;
    RESERVE(assigned, cells);
    RESERVE(cells, cells);
    RESERVE(boxes, targets);
    RESERVE(positives, targets);
    RESERVE(truths, targets);
    RESERVE(first, batch + 1);
    RESERVE(score_sums, batch);
}

/* The interval low..high, widened about its middle to at least `side`. */
static void widen(float *low, float *high, float side) {
    if (*high - *low >= side) return;
    float middle = (*low + *high) / 2;
    *low = middle - side / 2;
    *high = middle + side / 2;
}

struct yt_box yt_assign_reach(const struct yt_assign_options *options, struct yt_box box) {
    widen(&box.x1, &box.x2, options->min_side);
    widen(&box.y1, &box.y2, options->min_side);
    return box;
}

/* Sorts the targets by image, keeping their order inside an image (a counting sort). */
static void sort_by_image(struct yt_assigner *assigner, const struct yt_head_maps *maps,
                          const struct yt_target *targets, int count) {
    int *first = assigner->first;
    for (int i = 0; i <= maps->batch; i++) first[i] = 0;
    for (int t = 0; t < count; t++) {
        YT_ASSERT(targets[t].image >= 0 && targets[t].image < maps->batch);
        YT_ASSERT(targets[t].cls >= 0 && targets[t].cls < maps->nc);
        first[targets[t].image + 1]++;
    }
    for (int i = 0; i < maps->batch; i++) first[i + 1] += first[i];
    /* first[i] is the next free place of image i while filling, and so at the end first[i + 1] */
    for (int t = 0; t < count; t++) {
        assigner->boxes[t] = yt_anchors_target_box(maps, &targets[t]);
        assigner->positives[t] = 0;
        assigner->truths[first[targets[t].image]++] = (struct yt_assign_truth){
            .target = t,
            .cls = targets[t].cls,
            .shape = yt_shape_of(assigner->boxes[t]),
            .reach = yt_assign_reach(&assigner->options, assigner->boxes[t]),
            .best_anchor = -1};
    }
    for (int i = maps->batch; i > 0; i--) first[i] = first[i - 1];
    first[0] = 0;
}

static bool is_valid(const struct yt_box *box) {
    return box->x1 + box->y1 + box->x2 + box->y2 > 0;
}

static void decode(const struct scene *scene, struct yt_assign_cell *cell,
                   struct yt_anchor anchor) {
    float distance[4];
    yt_dfl_distances(yt_anchor_box(scene->maps, scene->image, anchor), distance);
    struct yt_box cells = yt_anchor_box_cells(anchor, distance);
    cell->predicted = yt_shape_of(yt_box_scaled(cells, anchor.stride));
    cell->decoded = true;
}

/* `anchor`, numbered `index`, is a candidate of the truth. */
static struct fit fit_of(const struct scene *scene, const struct yt_assign_truth *truth, int index,
                         struct yt_anchor anchor) {
    struct yt_assign_cell *cell = &scene->cells[index];
    if (!cell->decoded) decode(scene, cell, anchor);
    float overlap = fmaxf(yt_ciou(&truth->shape, &cell->predicted), 0);
    if (overlap == 0) return (struct fit){0, 0};
    float logit = yt_anchor_cls(scene->maps, scene->image, anchor)[truth->cls];
    float score = 1 / (1 + expf(-logit));
    const struct yt_assign_options *o = scene->options;
    return (struct fit){overlap, powf(score, o->alpha) * powf(overlap, o->beta)};
}

static void claim(struct yt_assign_cell *cell, int truth, struct fit fit) {
    if (cell->claims++) return;
    cell->owner = truth;
    cell->fit = fit;
}

/* The best anchors of a truth so far, best first; equal metrics keep their order. */
struct ranking {
    int count;
    struct {
        int anchor;
        struct fit fit;
    } place[YT_ASSIGN_TOPK_MAX];
};

static void rank(struct ranking *ranking, int topk, int anchor, struct fit fit) {
    if (ranking->count == topk && !(fit.metric > ranking->place[topk - 1].fit.metric)) return;
    int i = ranking->count < topk ? ranking->count++ : topk - 1;
    for (; i > 0 && fit.metric > ranking->place[i - 1].fit.metric; i--)
        ranking->place[i] = ranking->place[i - 1];
    ranking->place[i].anchor = anchor;
    ranking->place[i].fit = fit;
}

/* Compares a truth with its candidates of one level. */
static void visit_level(const struct scene *scene, int t, int level, struct ranking *ranking) {
    const struct yt_assign_truth *truth = &scene->truths[t];
    const struct yt_head_level *l = &scene->maps->level[level];
    const struct yt_box *box = &truth->reach;
    struct yt_cells cells = yt_anchors_about(l, box);
    int start = yt_anchors_start(scene->maps, level);
    for (int y = cells.y1; y < cells.y2; y++) {
        for (int x = cells.x1; x < cells.x2; x++) {
            int index = start + y * l->w + x;
            struct yt_anchor anchor = yt_anchor_on(scene->maps, level, x, y);
            if (!yt_anchor_is_inside(anchor, box)) continue;
            struct fit fit = fit_of(scene, truth, index, anchor);
            struct yt_assign_cell *cell = &scene->cells[index];
            if (fit.overlap > cell->best_fit.overlap) {
                cell->best = t;
                cell->best_fit = fit;
            }
            if (fit.metric > 0) rank(ranking, scene->options->topk, index, fit);
        }
    }
}

static bool is_ranked(const struct ranking *ranking, int anchor) {
    for (int i = 0; i < ranking->count; i++)
        if (ranking->place[i].anchor == anchor) return true;
    return false;
}

/* Rule 1 of the header. */
static void claim_anchors(const struct scene *scene, int t) {
    const struct yt_assign_truth *truth = &scene->truths[t];
    if (!is_valid(&truth->shape.box)) return;
    struct ranking ranking = {.count = 0};
    for (int level = 0; level < scene->maps->levels; level++)
        visit_level(scene, t, level, &ranking);
    for (int i = 0; i < ranking.count; i++)
        claim(&scene->cells[ranking.place[i].anchor], t, ranking.place[i].fit);
    /* with a place free, every anchor of a metric above 0 is ranked: the others have 0 */
    int free_places = scene->options->topk - ranking.count;
    for (int index = 0; free_places > 0 && index < scene->anchors; index++) {
        if (is_ranked(&ranking, index)) continue;
        free_places--;
        struct yt_anchor anchor = yt_anchor_at(scene->maps, index);
        if (yt_anchor_is_inside(anchor, &truth->reach))
            claim(&scene->cells[index], t, fit_of(scene, truth, index, anchor));
    }
}

/* Rule 2, and the maxima for rule 3. */
static void settle_conflicts(const struct scene *scene) {
    for (int a = 0; a < scene->anchors; a++) {
        struct yt_assign_cell *cell = &scene->cells[a];
        if (!cell->claims) continue;
        if (cell->claims > 1) {
            cell->owner = cell->best;
            cell->fit = cell->best_fit;
        }
        struct yt_assign_truth *truth = &scene->truths[cell->owner];
        truth->largest_metric = fmaxf(truth->largest_metric, cell->fit.metric);
        truth->largest_overlap = fmaxf(truth->largest_overlap, cell->fit.overlap);
    }
}

/* Rule 3. Returns the sum of the image's target scores. */
static double score_anchors(const struct scene *scene, int *positives) {
    double sum = 0;
    for (int a = 0; a < scene->anchors; a++) {
        const struct yt_assign_cell *cell = &scene->cells[a];
        if (!cell->claims) {
            scene->assigned[a] = (struct yt_assigned){-1, 0};
            continue;
        }
        struct yt_assign_truth *truth = &scene->truths[cell->owner];
        float score = cell->fit.metric * truth->largest_overlap / (truth->largest_metric + 1e-9f);
        scene->assigned[a] = (struct yt_assigned){truth->target, score};
        if (score > 0) positives[truth->target]++;
        if (score > truth->best_score) {
            truth->best_anchor = a;
            truth->best_score = score;
        }
        sum += score;
    }
    return sum;
}

/* The finest level whose distances reach the sides of a box about one of its anchors. */
static int level_for(const struct yt_head_maps *maps, const struct yt_box *box) {
    float half = fmaxf(box->x2 - box->x1, box->y2 - box->y1) / 2;
    int level = 0;
    while (level + 1 < maps->levels && half > (YT_DFL_BINS - 2) * maps->level[level].stride)
        level++;
    return level;
}

static int clamped(float x, int count) {
    return (int)fminf(fmaxf(x, 0), (float)(count - 1));
}

/* Whether rule 4 may give the anchor away: it learns nothing, or, with `spared`, is not the best of
 * what it learns. */
static bool is_free(const struct scene *scene, int anchor, bool spared) {
    if (!(scene->assigned[anchor].score > 0)) return true;
    return spared && scene->truths[scene->cells[anchor].owner].best_anchor != anchor;
}

/* Of rule 4; -1: there is none. */
static int nearest_free_anchor(const struct scene *scene, const struct yt_box *box, bool spared) {
    enum { RADIUS = 2 };
    int level = level_for(scene->maps, box), best = -1;
    const struct yt_head_level *l = &scene->maps->level[level];
    int start = yt_anchors_start(scene->maps, level);
    float x = (box->x1 + box->x2) / 2, y = (box->y1 + box->y2) / 2, nearest = 0;
    int column = clamped(x / l->stride, l->w), row = clamped(y / l->stride, l->h);
    for (int r = YT_MAX(row - RADIUS, 0); r <= YT_MIN(row + RADIUS, l->h - 1); r++) {
        for (int c = YT_MAX(column - RADIUS, 0); c <= YT_MIN(column + RADIUS, l->w - 1); c++) {
            int index = start + r * l->w + c;
            if (!is_free(scene, index, spared)) continue;
            struct yt_anchor anchor = yt_anchor_at(scene->maps, index);
            float dx = anchor.x - x, dy = anchor.y - y, distance = dx * dx + dy * dy;
            if (best >= 0 && !(distance < nearest)) continue;
            best = index;
            nearest = distance;
        }
    }
    return best;
}

/* An anchor for a truth that has none; -1: there is none. */
static int find_anchor(const struct scene *scene, int t, int *positives) {
    struct yt_assign_truth *truth = &scene->truths[t];
    int anchor = nearest_free_anchor(scene, &truth->shape.box, false);
    if (anchor < 0) anchor = nearest_free_anchor(scene, &truth->shape.box, true);
    if (anchor < 0) return -1;
    if (scene->assigned[anchor].score > 0) positives[scene->assigned[anchor].target]--;
    positives[truth->target]++;
    scene->cells[anchor].owner = t;
    truth->best_anchor = anchor;
    return anchor;
}

/* Rule 4. Returns by how much the sum of the image's target scores grows. */
static double raise_the_weak(const struct scene *scene, int *positives) {
    float least = scene->options->fallback;
    double sum = 0;
    for (int t = 0; t < scene->truth_count && least > 0; t++) {
        const struct yt_assign_truth *truth = &scene->truths[t];
        if (truth->best_score >= least || !is_valid(&truth->shape.box)) continue;
        int anchor = truth->best_anchor;
        if (anchor < 0) anchor = find_anchor(scene, t, positives);
        if (anchor < 0) continue;
        sum += (double)least - scene->assigned[anchor].score;
        scene->assigned[anchor] = (struct yt_assigned){truth->target, least};
    }
    return sum;
}

static double assign_image(const struct scene *scene, int *positives) {
    for (int a = 0; a < scene->anchors; a++) {
        struct yt_assign_cell *cell = &scene->cells[a];
        cell->decoded = false;
        cell->claims = 0;
        cell->best = 0;
        cell->best_fit = (struct fit){0, 0};
    }
    for (int t = 0; t < scene->truth_count; t++) claim_anchors(scene, t);
    settle_conflicts(scene);
    double sum = score_anchors(scene, positives);
    return sum + raise_the_weak(scene, positives);
}

void yt_assign(struct yt_assigner *assigner, const struct yt_head_maps *maps,
               const struct yt_target *targets, int count) {
    int anchors = yt_anchors_count(maps);
    yt_assigner_reserve(assigner, maps->batch, anchors, count);
    sort_by_image(assigner, maps, targets, count);
    const int *first = assigner->first;
#pragma omp parallel for schedule(dynamic) num_threads(yt_threads())
    for (int image = 0; image < maps->batch; image++) {
        size_t start = (size_t)image * (size_t)anchors;
        struct scene scene = {
            .options = &assigner->options,
            .maps = maps,
            .image = image,
            .anchors = anchors,
            .truth_count = first[image + 1] - first[image],
            .truths = assigner->truths + first[image],
            .cells = assigner->cells + start,
            .assigned = assigner->assigned + start,
        };
        assigner->score_sums[image] = assign_image(&scene, assigner->positives);
    }
    assigner->score_sum = 0;
    for (int image = 0; image < maps->batch; image++)
        assigner->score_sum += assigner->score_sums[image];
}

bool yt_assign_has_candidate(const struct yt_assign_options *options,
                             const struct yt_head_maps *maps, struct yt_box box) {
    struct yt_box reach = yt_assign_reach(options, box);
    for (int level = 0; level < maps->levels && is_valid(&box); level++) {
        const struct yt_head_level *l = &maps->level[level];
        struct yt_cells cells = yt_anchors_about(l, &reach);
        for (int y = cells.y1; y < cells.y2; y++)
            for (int x = cells.x1; x < cells.x2; x++)
                if (yt_anchor_is_inside(yt_anchor_on(maps, level, x, y), &reach)) return true;
    }
    return false;
}
