#include "eval/bootstrap.h"
#include "base/rng.h"
#include "base/threads.h"

#include <math.h>
#include <stdlib.h>

/* The figures of all draws: mAP50, mAP, then the classes; differences B - A. */
struct draws {
    int count, figures;
    double *values; /* (count, figures) */
};

static void score(const struct yt_ranked *ranking, const uint32_t *weights, double *figures) {
    struct yt_ranked_scores scores = {.ap = figures + 2};
    yt_ranked_score(ranking, weights, &scores);
    figures[0] = scores.map50;
    figures[1] = scores.map;
}

static void draw_pages(uint32_t *weights, uint32_t pages, uint64_t seed, int draw) {
    struct yt_rng rng = yt_rng_make(seed, "bootstrap", (uint64_t)draw, 0);
    for (uint32_t i = 0; i < pages; i++) weights[i] = 0;
    for (uint32_t i = 0; i < pages; i++) weights[yt_rng_below(&rng, pages)]++;
}

static void run_draw(const struct draws *draws, int draw, const struct yt_ranked *const runs[2],
                     uint32_t pages, uint64_t seed) {
    uint32_t *weights = yt_malloc((pages + 1) * sizeof *weights);
    double *a = yt_malloc((size_t)draws->figures * sizeof *a);
    double *b = draws->values + (size_t)draw * (size_t)draws->figures;
    draw_pages(weights, pages, seed, draw);
    score(runs[0], weights, a);
    score(runs[1], weights, b);
    for (int i = 0; i < draws->figures; i++) b[i] -= a[i];
    free(a);
    free(weights);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Draws in which the figure is not defined are left out. */
static void find_interval(const struct draws *draws, int figure, struct yt_difference *out) {
    double *values = yt_malloc((size_t)draws->count * sizeof *values);
    int count = 0;
    for (int i = 0; i < draws->count; i++) {
        double value = draws->values[(size_t)i * (size_t)draws->figures + (size_t)figure];
        if (!isnan(value)) values[count++] = value;
    }
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    out->low = count ? values[(int)(0.025 * (count - 1) + 0.5)] : NAN;
    out->high = count ? values[(int)(0.975 * (count - 1) + 0.5)] : NAN;
    free(values);
}

static double share_above(const struct draws *draws, int figure) {
    double above = 0;
    for (int i = 0; i < draws->count; i++)
        above += draws->values[(size_t)i * (size_t)draws->figures + (size_t)figure] > 0;
    return above / draws->count;
}

void yt_comparison_init(struct yt_comparison *comparison, const struct yt_outcomes *a,
                        const struct yt_outcomes *b, int count, uint64_t seed) {
    YT_ASSERT(a->nc == b->nc && a->pages == b->pages && count > 0);
    size_t figures = (size_t)a->nc + 2;
    struct draws draws = {.count = count, .figures = (int)figures};
    draws.values = yt_malloc((size_t)count * figures * sizeof *draws.values);
    struct yt_ranked *rankings[] = {yt_ranked_new(a), yt_ranked_new(b)};
    const struct yt_ranked *const runs[] = {rankings[0], rankings[1]};
#pragma omp parallel for schedule(dynamic) num_threads(yt_threads())
    for (int i = 0; i < count; i++) run_draw(&draws, i, runs, a->pages, seed);

    uint32_t *ones = yt_malloc((a->pages + 1) * sizeof *ones);
    double *of_a = yt_malloc(figures * sizeof *of_a), *of_b = yt_malloc(figures * sizeof *of_b);
    for (uint32_t i = 0; i < a->pages; i++) ones[i] = 1;
    score(runs[0], ones, of_a);
    score(runs[1], ones, of_b);
    *comparison = (struct yt_comparison){.better = share_above(&draws, 1)};
    comparison->ap = yt_calloc((size_t)a->nc, sizeof *comparison->ap);
    for (int i = 0; i < draws.figures; i++) {
        struct yt_difference *out = i == 0   ? &comparison->map50
                                    : i == 1 ? &comparison->map
                                             : &comparison->ap[i - 2];
        *out = (struct yt_difference){.a = of_a[i], .b = of_b[i]};
        find_interval(&draws, i, out);
    }
    free(of_a);
    free(of_b);
    free(ones);
    yt_ranked_free(rankings[0]);
    yt_ranked_free(rankings[1]);
    free(draws.values);
}

void yt_comparison_release(struct yt_comparison *comparison) {
    free(comparison->ap);
    *comparison = (struct yt_comparison){0};
}
