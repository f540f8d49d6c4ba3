/* Matching image by image as detections come, then precision and recall class by class. */
#include "eval/coco.h"
#include "eval/class_mean.h"
#include "eval/grid.h"
#include "eval/match.h"
#include <math.h>
#include <stdlib.h>

enum { RECALLS = 101 };

/* Of the area; from YT_COCO_HAIR on of the shorter side. */
static const double range_min[YT_COCO_RANGES] = {0, 0, 32 * 32, 96 * 96, 0, 4, 8, 16};
static const double range_max[YT_COCO_RANGES] = {1e10, 32 * 32, 96 * 96, 1e10, 4, 8, 16, 1e10};

/* A detection after matching; a bit a threshold. */
struct outcome {
    double score;
    uint32_t order; /* among the class's outcomes */
    int rank;       /* in its image and class, from 0 */
    uint16_t matched[YT_COCO_RANGES], ignored[YT_COCO_RANGES];
};
struct class_outcomes {
    struct outcome *items;
    size_t count, cap;
    size_t instances[YT_COCO_RANGES]; /* not ignored */
};
struct yt_coco {
    int nc, caps[YT_COCO_CAPS];
    struct class_outcomes *classes;
    size_t capped;
};

struct yt_coco *yt_coco_new(int nc, const int caps[YT_COCO_CAPS]) {
    YT_ASSERT(nc > 0 && caps[0] > 0 && caps[0] <= caps[1] && caps[1] <= caps[2]);
    struct yt_coco *coco = yt_calloc(1, sizeof *coco);
    coco->nc = nc;
    for (int i = 0; i < YT_COCO_CAPS; i++) coco->caps[i] = caps[i];
    coco->classes = yt_calloc((size_t)nc, sizeof *coco->classes);
    return coco;
}

void yt_coco_free(struct yt_coco *coco) {
    if (!coco) return;
    for (int c = 0; c < coco->nc; c++) free(coco->classes[c].items);
    free(coco->classes);
    free(coco);
}

/* The values of numpy's linspace(0.5, 0.95, 10), bit for bit. */
static double threshold_at(int t) {
    return t == YT_IOU_COUNT - 1 ? 0.95 : 0.5 + t * ((0.95 - 0.5) / (YT_IOU_COUNT - 1));
}

/* --- matching ------------------------------------------------------------------------------- */

static bool outside(double area, double w, double h, int range) {
    double size = range < YT_COCO_HAIR ? area : fmin(w, h);
    return size < range_min[range] || size > range_max[range];
}

static bool label_ignored(const struct yt_coco_label *label, int range) {
    return label->crowd || outside(label->area, label->w, label->h, range);
}

/* IoU; for a crowd the intersection over the detection. */
static double overlap(const struct yt_coco_detection *d, const struct yt_coco_label *l) {
    double w = fmin(d->w + d->x, l->w + l->x) - fmax(d->x, l->x);
    double h = fmin(d->h + d->y, l->h + l->y) - fmax(d->y, l->y);
    if (w <= 0 || h <= 0) return 0;
    double both = w * h, area = d->w * d->h;
    return both / (l->crowd ? area : area + l->w * l->h - both);
}

/* In float, and nowhere smaller than in double: the grid must not miss a pair. */
static struct yt_box hull(double x, double y, double w, double h) {
    return (struct yt_box){nextafterf((float)x, -INFINITY), nextafterf((float)y, -INFINITY),
                           nextafterf((float)(x + w), INFINITY),
                           nextafterf((float)(y + h), INFINITY)};
}

struct candidate {
    size_t label;
    double overlap;
};
/* An image while its detections are matched. */
struct scene {
    const struct yt_coco_label *labels;
    struct yt_box *hulls;
    struct yt_grid *grid;
    struct candidate *candidates; /* of the detection at hand, by ascending label */
    size_t ncandidates;
    uint16_t *taken; /* [label][range]: a bit a threshold */
};

static void scene_init(struct scene *scene, const struct yt_coco_label *labels, size_t count) {
    *scene = (struct scene){.labels = labels};
    scene->hulls = yt_malloc((count + 1) * sizeof *scene->hulls);
    scene->candidates = yt_malloc((count + 1) * sizeof *scene->candidates);
    scene->taken = yt_calloc(count + 1, YT_COCO_RANGES * sizeof *scene->taken);
    for (size_t i = 0; i < count; i++)
        scene->hulls[i] = hull(labels[i].x, labels[i].y, labels[i].w, labels[i].h);
    scene->grid = yt_grid_new(scene->hulls, sizeof *scene->hulls, count);
}

static void scene_release(struct scene *scene) {
    yt_grid_free(scene->grid);
    free(scene->taken);
    free(scene->candidates);
    free(scene->hulls);
}

static void find_candidates(struct scene *scene, const struct yt_coco_detection *detection) {
    struct yt_box box = hull(detection->x, detection->y, detection->w, detection->h);
    size_t found = yt_grid_query(scene->grid, &box);
    scene->ncandidates = 0;
    for (size_t k = 0; k < found; k++) {
        size_t i = scene->grid->found[k];
        if (scene->labels[i].cls != detection->cls) continue;
        double value = overlap(detection, &scene->labels[i]);
        if (value < threshold_at(0)) continue;
        scene->candidates[scene->ncandidates++] = (struct candidate){i, value};
    }
}

static uint16_t *taken_at(const struct scene *scene, size_t label, int range) {
    return &scene->taken[label * YT_COCO_RANGES + (size_t)range];
}

/* The free label that overlaps most and enough, of equals the last; ignored ones only if there is
 * no other. A crowd is always free. -1: none. */
static int64_t choose_label(const struct scene *scene, int range, int t) {
    int64_t best = -1;
    double best_overlap = fmin(threshold_at(t), 1 - 1e-10);
    for (int ignored = 0; ignored < 2 && best < 0; ignored++)
        for (size_t k = 0; k < scene->ncandidates; k++) {
            const struct candidate *candidate = &scene->candidates[k];
            const struct yt_coco_label *label = &scene->labels[candidate->label];
            bool taken = *taken_at(scene, candidate->label, range) >> t & 1;
            if (label_ignored(label, range) != ignored || (taken && !label->crowd)) continue;
            if (candidate->overlap < best_overlap) continue;
            best_overlap = candidate->overlap;
            best = (int64_t)candidate->label;
        }
    return best;
}

static struct outcome match(struct scene *scene, const struct yt_coco_detection *detection) {
    struct outcome outcome = {.score = detection->score};
    find_candidates(scene, detection);
    for (int range = 0; range < YT_COCO_RANGES; range++) {
        double w = detection->w, h = detection->h;
        bool small_or_large = outside(w * h, w, h, range);
        for (int t = 0; t < YT_IOU_COUNT; t++) {
            int64_t label = choose_label(scene, range, t);
            bool ignored = label < 0 ? small_or_large : label_ignored(&scene->labels[label], range);
            outcome.ignored[range] |= (uint16_t)(ignored << t);
            if (label < 0) continue;
            outcome.matched[range] |= (uint16_t)(1u << t);
            *taken_at(scene, (size_t)label, range) |= (uint16_t)(1u << t);
        }
    }
    return outcome;
}

/* Equal scores keep their order: that of the array pointed into. */
static int detections_by_score(const void *a, const void *b) {
    const struct yt_coco_detection *p = *(const struct yt_coco_detection *const *)a;
    const struct yt_coco_detection *q = *(const struct yt_coco_detection *const *)b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p > q) - (p < q);
}

/* Returns how many were beyond the last cap. */
static size_t match_all(struct yt_coco *coco, struct scene *scene,
                        const struct yt_coco_detection *detections, size_t count) {
    size_t capped = 0;
    const struct yt_coco_detection **ranked = yt_malloc((count + 1) * sizeof *ranked);
    int *ranks = yt_calloc((size_t)coco->nc, sizeof *ranks); /* detections of the class so far */
    for (size_t i = 0; i < count; i++) ranked[i] = &detections[i];
    qsort(ranked, count, sizeof *ranked, detections_by_score);
    for (size_t i = 0; i < count; i++) {
        int cls = ranked[i]->cls;
        YT_ASSERT(cls >= 0 && cls < coco->nc);
        int rank = ranks[cls]++;
        if (rank >= coco->caps[YT_COCO_CAPS - 1]) {
            capped++;
            continue;
        }
        struct class_outcomes *out = &coco->classes[cls];
        out->items = yt_grow(out->items, &out->cap, out->count + 1, sizeof *out->items);
        struct outcome outcome = match(scene, ranked[i]);
        outcome.rank = rank;
        outcome.order = (uint32_t)out->count;
        out->items[out->count++] = outcome;
    }
    free(ranks);
    free(ranked);
    return capped;
}

size_t yt_coco_add(struct yt_coco *coco, const struct yt_coco_detection *detections,
                   size_t ndetections, const struct yt_coco_label *labels, size_t nlabels) {
    for (size_t i = 0; i < nlabels; i++) {
        YT_ASSERT(labels[i].cls >= 0 && labels[i].cls < coco->nc);
        for (int range = 0; range < YT_COCO_RANGES; range++)
            coco->classes[labels[i].cls].instances[range] += !label_ignored(&labels[i], range);
    }
    struct scene scene;
    scene_init(&scene, labels, nlabels);
    size_t capped = match_all(coco, &scene, detections, ndetections);
    scene_release(&scene);
    coco->capped += capped;
    return capped;
}

/* --- precision and recall --------------------------------------------------------------------- */

static int outcomes_by_score(const void *a, const void *b) {
    const struct outcome *p = a, *q = b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

/* What is counted of a class: the outcomes by score, under a cap, in an area range. */
struct question {
    const struct outcome *outcomes;
    size_t count, instances;
    int range, cap;
};

/* Fills recall and precision after each counted detection at threshold t; returns how many. */
static size_t running_curves(const struct question *q, int t, double *recall, double *precision) {
    double tp = 0, fp = 0;
    size_t n = 0;
    for (size_t i = 0; i < q->count; i++) {
        const struct outcome *outcome = &q->outcomes[i];
        if (outcome->rank >= q->cap) continue;
        if (!(outcome->ignored[q->range] >> t & 1)) {
            bool matched = outcome->matched[q->range] >> t & 1;
            tp += matched;
            fp += !matched;
        }
        recall[n] = tp / (double)q->instances;
        precision[n++] = tp / (fp + tp + 0x1p-52);
    }
    return n;
}

/* Mean over 101 recalls of the best precision at that recall or beyond. */
static double average_precision(const double *recall, double *precision, size_t count) {
    for (size_t i = count; i-- > 1;) precision[i - 1] = YT_MAX(precision[i - 1], precision[i]);
    double sum = 0;
    size_t i = 0;
    for (int r = 0; r < RECALLS; r++) {
        while (i < count && recall[i] < r * 0.01) i++;
        if (i < count) sum += precision[i];
    }
    return sum / RECALLS;
}

struct answer {
    double ap_at[YT_IOU_COUNT], ap, recall;
};

static struct answer ask(const struct question *q) {
    struct answer answer = {0};
    double *recall = yt_malloc((q->count + 1) * sizeof *recall);
    double *precision = yt_malloc((q->count + 1) * sizeof *precision);
    for (int t = 0; t < YT_IOU_COUNT; t++) {
        size_t n = running_curves(q, t, recall, precision);
        answer.ap_at[t] = average_precision(recall, precision, n);
        answer.ap += answer.ap_at[t] / YT_IOU_COUNT;
        if (n) answer.recall += recall[n - 1] / YT_IOU_COUNT;
    }
    free(precision);
    free(recall);
    return answer;
}

struct mean {
    double sum;
    size_t count;
};

static void mean_add(struct mean *mean, double value) {
    mean->sum += value;
    mean->count++;
}

static double mean_of(const struct mean *mean) {
    return mean->count ? mean->sum / (double)mean->count : -1;
}

struct means {
    struct mean ap[YT_COCO_RANGES], ap50, ap75, recall[YT_COCO_CAPS], by_range[YT_COCO_RANGES];
};

static void compute_class(const struct yt_coco *coco, const struct class_outcomes *cls,
                          struct means *means, struct yt_coco_class_scores *scores) {
    struct outcome *outcomes = yt_malloc((cls->count + 1) * sizeof *outcomes);
    for (size_t i = 0; i < cls->count; i++) outcomes[i] = cls->items[i];
    qsort(outcomes, cls->count, sizeof *outcomes, outcomes_by_score);
    for (int range = 0; range < YT_COCO_RANGES; range++) {
        struct question q = {outcomes, cls->count, cls->instances[range], range,
                             coco->caps[YT_COCO_CAPS - 1]};
        if (q.instances == 0) continue;
        struct answer answer = ask(&q);
        mean_add(&means->ap[range], answer.ap);
        mean_add(&means->by_range[range], answer.recall);
        if (range != YT_COCO_ALL) continue;
        scores->ap = answer.ap;
        scores->ap50 = answer.ap_at[0];
        mean_add(&means->ap50, answer.ap_at[0]);
        mean_add(&means->ap75, answer.ap_at[5]);
        for (int i = 0; i < YT_COCO_CAPS; i++) {
            q.cap = coco->caps[i];
            mean_add(&means->recall[i], ask(&q).recall);
        }
    }
    free(outcomes);
}

/* -1 without labels, as in all of COCO's numbers. */
static void weigh(struct yt_coco_scores *scores) {
    struct yt_class_mean ap = {0}, ap50 = {0};
    for (size_t c = 0; c < scores->nclasses; c++) {
        const struct yt_coco_class_scores *cls = &scores->classes[c];
        yt_class_mean_add(&ap, cls->ap, cls->instances);
        yt_class_mean_add(&ap50, cls->ap50, cls->instances);
    }
    scores->weighted_ap = ap.classes ? yt_class_mean_weighted(&ap) : -1;
    scores->weighted_ap50 = ap.classes ? yt_class_mean_weighted(&ap50) : -1;
}

void yt_coco_compute(const struct yt_coco *coco, struct yt_coco_scores *scores) {
    *scores = (struct yt_coco_scores){.capped = coco->capped};
    scores->classes = yt_calloc((size_t)coco->nc, sizeof *scores->classes);
    struct means means = {0};
    for (int c = 0; c < coco->nc; c++) {
        size_t instances = coco->classes[c].instances[YT_COCO_ALL];
        if (instances == 0) continue;
        struct yt_coco_class_scores *cls = &scores->classes[scores->nclasses++];
        *cls = (struct yt_coco_class_scores){.cls = c, .instances = instances};
        compute_class(coco, &coco->classes[c], &means, cls);
    }
    weigh(scores);
    for (int range = 0; range < YT_COCO_RANGES; range++) {
        scores->ap[range] = mean_of(&means.ap[range]);
        scores->recall_by_range[range] = mean_of(&means.by_range[range]);
    }
    scores->ap50 = mean_of(&means.ap50);
    scores->ap75 = mean_of(&means.ap75);
    for (int i = 0; i < YT_COCO_CAPS; i++) scores->recall[i] = mean_of(&means.recall[i]);
}

void yt_coco_scores_release(struct yt_coco_scores *scores) {
    free(scores->classes);
    *scores = (struct yt_coco_scores){0};
}
