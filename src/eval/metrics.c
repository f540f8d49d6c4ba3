/* Scores are float, counts and curves double. */
#include "eval/metrics.h"
#include "eval/detections.h"
#include <stdlib.h>

enum { CONFIDENCES = YT_CURVE_POINTS, RECALLS = 101, SMOOTH = 101 };

struct outcome {
    float score;
    uint16_t tp; /* a bit a threshold */
};
struct class_outcomes {
    struct outcome *items; /* in the order in which they were added */
    size_t count, cap;
    size_t images, instances;
};
struct yt_metrics {
    struct class_outcomes *classes;
    int nc;
    size_t images, detections, dropped;
};

struct yt_metrics *yt_metrics_new(int nc) {
    YT_ASSERT(nc > 0);
    struct yt_metrics *metrics = yt_calloc(1, sizeof *metrics);
    metrics->nc = nc;
    metrics->classes = yt_calloc((size_t)nc, sizeof *metrics->classes);
    return metrics;
}

void yt_metrics_free(struct yt_metrics *metrics) {
    if (!metrics) return;
    for (int c = 0; c < metrics->nc; c++) free(metrics->classes[c].items);
    free(metrics->classes);
    free(metrics);
}

static void add_labels(struct yt_metrics *metrics, const struct yt_label *labels, size_t count) {
    bool *present = yt_calloc((size_t)metrics->nc, sizeof *present);
    for (size_t i = 0; i < count; i++) {
        int cls = labels[i].cls;
        YT_ASSERT(cls >= 0 && cls < metrics->nc);
        metrics->classes[cls].instances++;
        if (!present[cls]) metrics->classes[cls].images++;
        present[cls] = true;
    }
    free(present);
}

void yt_metrics_add(struct yt_metrics *metrics, const struct yt_detection *detections,
                    size_t ndetections, const struct yt_label *labels, size_t nlabels) {
    size_t valid;
    struct yt_detection *sorted = yt_detections_ranked(detections, ndetections, &valid);
    uint16_t *tp = yt_malloc((valid + 1) * sizeof *tp);
    yt_match(sorted, valid, labels, nlabels, tp);
    for (size_t i = 0; i < valid; i++) {
        YT_ASSERT(sorted[i].cls >= 0 && sorted[i].cls < metrics->nc);
        struct class_outcomes *cls = &metrics->classes[sorted[i].cls];
        cls->items = yt_grow(cls->items, &cls->cap, cls->count + 1, sizeof *cls->items);
        cls->items[cls->count++] = (struct outcome){sorted[i].score, tp[i]};
    }
    add_labels(metrics, labels, nlabels);
    metrics->images++;
    metrics->detections += valid;
    metrics->dropped += ndetections - valid;
    free(tp);
    free(sorted);
}

/* --- curves --------------------------------------------------------------------------------- */

/* numpy's interp: xp ascends; between repeated abscissae the last counts; outside the range the
 * first and last values of fp. */
static double interpolate(double x, const double *xp, const double *fp, size_t count) {
    if (x < xp[0]) return fp[0];
    if (x >= xp[count - 1]) return fp[count - 1];
    size_t low = 0, high = count - 1; /* xp[low] <= x < xp[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (xp[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    double slope = (fp[high] - fp[low]) / (xp[high] - xp[low]);
    return slope * (x - xp[low]) + fp[low];
}

/* Recall and precision after each of a class's ranked detections at threshold t, in
 * recall[1 .. count] and precision[1 .. count]. */
static void running_curves(const struct class_outcomes *cls, const struct outcome *const *ranked,
                           int t, double *recall, double *precision) {
    double tp = 0;
    for (size_t i = 0; i < cls->count; i++) {
        tp += ranked[i]->tp >> t & 1;
        recall[i + 1] = tp / ((double)cls->instances + 1e-16);
        precision[i + 1] = tp / (double)(i + 1);
    }
}

double yt_average_precision(double *recall, double *precision, size_t count) {
    recall[0] = 0, precision[0] = 1;
    recall[count + 1] = 1, precision[count + 1] = 0;
    for (size_t i = count + 1; i > 0; i--)
        precision[i - 1] = YT_MAX(precision[i - 1], precision[i]);
    double sum = 0, before = 0;
    for (int i = 0; i < RECALLS; i++) {
        double here = interpolate(i / 100.0, recall, precision, count + 2);
        if (i > 0) sum += (before + here) / 2 * 0.01;
        before = here;
    }
    return sum;
}

static double confidence_at(int i) {
    return i / (CONFIDENCES - 1.0);
}

/* Above the highest score nothing is detected: recall 0, precision 1 by convention. The abscissa
 * is the negated score, which ascends. */
static void curves_by_confidence(const struct outcome *const *ranked, size_t count,
                                 const double *recall, const double *precision,
                                 struct yt_class_curves *curves) {
    double *negated = yt_malloc(count * sizeof *negated);
    for (size_t i = 0; i < count; i++) negated[i] = -(double)ranked[i]->score;
    for (int i = 0; i < CONFIDENCES; i++) {
        double x = -confidence_at(i);
        bool above = x < negated[0];
        curves->recall[i] = above ? 0 : interpolate(x, negated, recall + 1, count);
        curves->precision[i] = above ? 1 : interpolate(x, negated, precision + 1, count);
    }
    free(negated);
}

/* From the closed and monotone curve that yt_average_precision leaves. */
static void precision_by_recall(const double *recall, const double *precision, size_t count,
                                struct yt_class_curves *curves) {
    for (int i = 0; i < YT_CURVE_POINTS; i++)
        curves->precision_at_recall[i] =
            interpolate(confidence_at(i), recall, precision, count + 2);
}

/* Equal scores keep the order in which they were added: that of the array pointed into. */
static int by_score(const void *a, const void *b) {
    const struct outcome *p = *(const struct outcome *const *)a;
    const struct outcome *q = *(const struct outcome *const *)b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p > q) - (p < q);
}

/* --- a class, then all ---------------------------------------------------------------------- */

static void compute_class(const struct class_outcomes *cls, struct yt_class_scores *scores,
                          struct yt_class_curves *curves) {
    *curves = (struct yt_class_curves){0};
    if (cls->count == 0) return;
    const struct outcome **ranked = yt_malloc(cls->count * sizeof *ranked);
    double *recall = yt_malloc((cls->count + 2) * sizeof *recall);
    double *precision = yt_malloc((cls->count + 2) * sizeof *precision);
    for (size_t i = 0; i < cls->count; i++) ranked[i] = &cls->items[i];
    qsort(ranked, cls->count, sizeof *ranked, by_score);
    for (int t = 0; t < YT_IOU_COUNT; t++) {
        running_curves(cls, ranked, t, recall, precision);
        if (t == 0) curves_by_confidence(ranked, cls->count, recall, precision, curves);
        scores->ap_at[t] = yt_average_precision(recall, precision, cls->count);
        if (t == 0) precision_by_recall(recall, precision, cls->count, curves);
        scores->ap += scores->ap_at[t] / YT_IOU_COUNT;
    }
    free(precision);
    free(recall);
    free(ranked);
}

/* The index of the largest class-mean F1 after smoothing; ends are repeated under the filter. */
static int best_confidence(const struct yt_class_curves *curves, size_t nclasses) {
    double f1[CONFIDENCES] = {0};
    for (size_t c = 0; c < nclasses; c++)
        for (int i = 0; i < CONFIDENCES; i++) {
            double p = curves[c].precision[i], r = curves[c].recall[i];
            f1[i] += 2 * p * r / (p + r + 1e-16) / (double)nclasses;
        }
    int best = 0;
    double best_sum = -1;
    for (int i = 0; i < CONFIDENCES; i++) {
        double sum = 0;
        for (int k = i - SMOOTH / 2; k <= i + SMOOTH / 2; k++)
            sum += f1[YT_MAX(0, YT_MIN(k, CONFIDENCES - 1))];
        if (sum > best_sum) {
            best_sum = sum;
            best = i;
        }
    }
    return best;
}

static void average(struct yt_scores *scores) {
    double n = (double)scores->nclasses;
    for (size_t c = 0; c < scores->nclasses; c++) {
        const struct yt_class_scores *cls = &scores->classes[c];
        scores->instances += cls->instances;
        scores->precision += cls->precision / n;
        scores->recall += cls->recall / n;
        scores->map50 += cls->ap_at[0] / n;
        scores->map += cls->ap / n;
    }
    scores->fitness = 0.1 * scores->map50 + 0.9 * scores->map;
}

void yt_metrics_compute(const struct yt_metrics *metrics, struct yt_scores *scores) {
    *scores = (struct yt_scores){
        .images = metrics->images, .detections = metrics->detections, .dropped = metrics->dropped};
    scores->classes = yt_calloc((size_t)metrics->nc, sizeof *scores->classes);
    struct yt_class_curves *curves = yt_malloc((size_t)metrics->nc * sizeof *curves);
    scores->curves = curves;
    for (int c = 0; c < metrics->nc; c++) {
        const struct class_outcomes *cls = &metrics->classes[c];
        if (cls->instances == 0) continue;
        struct yt_class_scores *out = &scores->classes[scores->nclasses];
        *out =
            (struct yt_class_scores){.cls = c, .images = cls->images, .instances = cls->instances};
        compute_class(cls, out, &curves[scores->nclasses++]);
    }
    int best = best_confidence(curves, scores->nclasses);
    scores->confidence = confidence_at(best);
    for (size_t c = 0; c < scores->nclasses; c++) {
        scores->classes[c].precision = curves[c].precision[best];
        scores->classes[c].recall = curves[c].recall[best];
    }
    average(scores);
}

void yt_scores_release(struct yt_scores *scores) {
    free(scores->classes);
    free(scores->curves);
    *scores = (struct yt_scores){0};
}
