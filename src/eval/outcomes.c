#include "eval/outcomes.h"
#include "eval/detections.h"
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- gathering ----------------------------------------------------------------------------------
 */

void yt_outcomes_init(struct yt_outcomes *outcomes, int nc, uint32_t pages) {
    *outcomes = (struct yt_outcomes){.nc = nc, .pages = pages};
}

void yt_outcomes_release(struct yt_outcomes *outcomes) {
    free(outcomes->items);
    free(outcomes->truths);
    *outcomes = (struct yt_outcomes){0};
}

static void add_truths(struct yt_outcomes *outcomes, uint32_t page, const struct yt_label *labels,
                       size_t count) {
    uint32_t *counts = yt_calloc((size_t)outcomes->nc, sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        YT_ASSERT(labels[i].cls >= 0 && labels[i].cls < outcomes->nc);
        counts[labels[i].cls]++;
    }
    for (int c = 0; c < outcomes->nc; c++) {
        if (!counts[c]) continue;
        outcomes->truths = yt_grow(outcomes->truths, &outcomes->truth_cap,
                                   outcomes->truth_count + 1, sizeof *outcomes->truths);
        outcomes->truths[outcomes->truth_count++] = (struct yt_label_count){c, page, counts[c]};
    }
    free(counts);
}

void yt_outcomes_add(struct yt_outcomes *outcomes, uint32_t page,
                     const struct yt_detection *detections, size_t ndetections,
                     const struct yt_label *labels, size_t nlabels) {
    YT_ASSERT(page < outcomes->pages);
    size_t valid;
    struct yt_detection *sorted = yt_detections_ranked(detections, ndetections, &valid);
    uint16_t *tp = yt_malloc((valid + 1) * sizeof *tp);
    yt_match(sorted, valid, labels, nlabels, tp);
    outcomes->items = yt_grow(outcomes->items, &outcomes->cap, outcomes->count + valid + 1,
                              sizeof *outcomes->items);
    for (size_t i = 0; i < valid; i++) {
        YT_ASSERT(sorted[i].cls >= 0 && sorted[i].cls < outcomes->nc);
        outcomes->items[outcomes->count++] =
            (struct yt_outcome){sorted[i].score, sorted[i].cls, page, tp[i]};
    }
    add_truths(outcomes, page, labels, nlabels);
    free(tp);
    free(sorted);
}

/* --- ranking ------------------------------------------------------------------------------------
 */

struct yt_ranked {
    int nc;
    struct yt_outcome *items;      /* by class, by descending score */
    size_t *begin;                 /* (nc + 1): of a class's items */
    struct yt_label_count *truths; /* by class */
    size_t *truth_begin;           /* (nc + 1) */
    size_t most;                   /* items of one class */
};

/* Equal scores keep the order in which they were added: `page` is that of the array pointed into.
 */
static int by_rank(const void *a, const void *b) {
    const struct yt_outcome *p = *(const struct yt_outcome *const *)a;
    const struct yt_outcome *q = *(const struct yt_outcome *const *)b;
    if (p->cls != q->cls) return p->cls - q->cls;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p > q) - (p < q);
}

static int by_class(const void *a, const void *b) {
    return ((const struct yt_label_count *)a)->cls - ((const struct yt_label_count *)b)->cls;
}

static void rank_items(struct yt_ranked *ranking, const struct yt_outcomes *outcomes) {
    const struct yt_outcome **order = yt_malloc((outcomes->count + 1) * sizeof *order);
    for (size_t i = 0; i < outcomes->count; i++) order[i] = &outcomes->items[i];
    qsort(order, outcomes->count, sizeof *order, by_rank);
    for (size_t i = 0; i < outcomes->count; i++) {
        ranking->items[i] = *order[i];
        ranking->begin[order[i]->cls + 1] = i + 1;
    }
    free(order);
    for (int c = 0; c < ranking->nc; c++) { /* a class without items begins where it ends */
        ranking->begin[c + 1] = YT_MAX(ranking->begin[c + 1], ranking->begin[c]);
        ranking->most = YT_MAX(ranking->most, ranking->begin[c + 1] - ranking->begin[c]);
    }
}

struct yt_ranked *yt_ranked_new(const struct yt_outcomes *outcomes) {
    struct yt_ranked *ranking = yt_calloc(1, sizeof *ranking);
    size_t nc = (size_t)outcomes->nc;
    ranking->nc = outcomes->nc;
    ranking->items = yt_malloc((outcomes->count + 1) * sizeof *ranking->items);
    ranking->begin = yt_calloc(nc + 1, sizeof *ranking->begin);
    ranking->truths = yt_malloc((outcomes->truth_count + 1) * sizeof *ranking->truths);
    ranking->truth_begin = yt_calloc(nc + 1, sizeof *ranking->truth_begin);
    rank_items(ranking, outcomes);
    if (outcomes->truth_count)
        memcpy(ranking->truths, outcomes->truths, outcomes->truth_count * sizeof *ranking->truths);
    qsort(ranking->truths, outcomes->truth_count, sizeof *ranking->truths, by_class);
    for (size_t i = 0; i < outcomes->truth_count; i++)
        ranking->truth_begin[ranking->truths[i].cls + 1] = i + 1;
    for (size_t c = 0; c < nc; c++)
        ranking->truth_begin[c + 1] = YT_MAX(ranking->truth_begin[c + 1], ranking->truth_begin[c]);
    return ranking;
}

void yt_ranked_free(struct yt_ranked *ranking) {
    if (!ranking) return;
    free(ranking->items);
    free(ranking->begin);
    free(ranking->truths);
    free(ranking->truth_begin);
    free(ranking);
}

/* --- scores -------------------------------------------------------------------------------------
 */

static double count_labels(const struct yt_ranked *ranking, int cls, const uint32_t *weights) {
    double labels = 0;
    for (size_t i = ranking->truth_begin[cls]; i < ranking->truth_begin[cls + 1]; i++)
        labels += (double)ranking->truths[i].count * weights[ranking->truths[i].page];
    return labels;
}

/* The curve of a class at threshold t: a point an outcome that counts, as if it stood there as many
 * times as its page does. */
static double score_class(const struct yt_ranked *ranking, int cls, const uint32_t *weights, int t,
                          double labels, double *recall, double *precision) {
    double tp = 0, all = 0;
    size_t points = 0;
    for (size_t i = ranking->begin[cls]; i < ranking->begin[cls + 1]; i++) {
        const struct yt_outcome *outcome = &ranking->items[i];
        uint32_t weight = weights[outcome->page];
        if (!weight) continue;
        all += weight;
        tp += (double)weight * (outcome->tp >> t & 1);
        points++;
        recall[points] = tp / (labels + 1e-16);
        precision[points] = tp / all;
    }
    return points ? yt_average_precision(recall, precision, points) : 0;
}

void yt_ranked_score(const struct yt_ranked *ranking, const uint32_t *weights,
                     struct yt_ranked_scores *scores) {
    double *recall = yt_malloc((ranking->most + 2) * sizeof *recall);
    double *precision = yt_malloc((ranking->most + 2) * sizeof *precision);
    double sum50 = 0, sum = 0;
    int classes = 0;
    for (int c = 0; c < ranking->nc; c++) {
        double labels = count_labels(ranking, c, weights), ap = 0, ap50 = 0;
        if (scores->ap) scores->ap[c] = NAN;
        if (labels == 0) continue;
        for (int t = 0; t < YT_IOU_COUNT; t++) {
            double at = score_class(ranking, c, weights, t, labels, recall, precision);
            if (t == 0) ap50 = at;
            ap += at / YT_IOU_COUNT;
        }
        if (scores->ap) scores->ap[c] = ap;
        sum50 += ap50;
        sum += ap;
        classes++;
    }
    scores->map50 = classes ? sum50 / classes : NAN;
    scores->map = classes ? sum / classes : NAN;
    free(precision);
    free(recall);
}
