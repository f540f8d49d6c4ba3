/* What became of every detection of a validation, page by page, so that its scores can be computed
 * again for any choice of pages: how much of the difference between two runs is chance.
 *
 *     struct yt_outcomes outcomes;
 *     yt_outcomes_init(&outcomes, nc, pages);
 *     for every image: yt_outcomes_add(&outcomes, page, detections, nd, labels, nl);
 *     struct yt_ranked *ranking = yt_ranked_new(&outcomes);
 *     yt_ranked_score(ranking, weights, &scores);    // weights[page]: how often the page counts
 *     yt_ranked_free(ranking);
 *     yt_outcomes_release(&outcomes);
 *
 * The arithmetic is that of metrics.h; with all weights 1 the results are the same. An image is
 * what detections are matched on, a tile perhaps; a page may have many images, and they stay
 * together.
 */
#ifndef YT_EVAL_OUTCOMES_H
#define YT_EVAL_OUTCOMES_H

#include "base/box.h"
#include "eval/match.h"

struct yt_outcome {
    float score;
    int cls;
    uint32_t page;
    uint16_t tp; /* a bit a threshold, as yt_match() gives it */
};
struct yt_label_count { /* labels of a class on a page */
    int cls;
    uint32_t page, count;
};

struct yt_outcomes {
    int nc;
    uint32_t pages;
    struct yt_outcome *items; /* in the order in which they were added */
    size_t count, cap;
    struct yt_label_count *truths; /* one a class and image */
    size_t truth_count, truth_cap;
};

void yt_outcomes_init(struct yt_outcomes *outcomes, int nc, uint32_t pages);
void yt_outcomes_release(struct yt_outcomes *outcomes);
/* Adds an image of a page. Detections in any order; invalid ones (detections.h) are left out. */
void yt_outcomes_add(struct yt_outcomes *outcomes, uint32_t page,
                     const struct yt_detection *detections, size_t ndetections,
                     const struct yt_label *labels, size_t nlabels);

/* Class by class in the order of the scores. Copies what it needs. */
struct yt_ranked;
struct yt_ranked *yt_ranked_new(const struct yt_outcomes *outcomes);
void yt_ranked_free(struct yt_ranked *ranking);

struct yt_ranked_scores {
    double map50, map; /* means over the classes that have labels; NAN where none has */
    double *ap;        /* nc, the caller's; NAN for a class without labels. NULL: not wanted */
};
/* Whole weights, one a page. */
void yt_ranked_score(const struct yt_ranked *ranking, const uint32_t *weights,
                     struct yt_ranked_scores *scores);

#endif
