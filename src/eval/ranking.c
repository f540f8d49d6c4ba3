#include "eval/ranking.h"
#include <stdlib.h>

struct entry {
    float score;
    uint32_t order;
    uint16_t right;
};
struct list {
    struct entry *items;
    size_t count, cap, labels;
};
struct yt_ranking {
    int nc;
    struct list *classes;
};

struct yt_ranking *yt_ranking_new(int nc) {
    YT_ASSERT(nc > 0);
    struct yt_ranking *ranking = yt_calloc(1, sizeof *ranking);
    ranking->nc = nc;
    ranking->classes = yt_calloc((size_t)nc, sizeof *ranking->classes);
    return ranking;
}

void yt_ranking_free(struct yt_ranking *ranking) {
    if (!ranking) return;
    for (int c = 0; c < ranking->nc; c++) free(ranking->classes[c].items);
    free(ranking->classes);
    free(ranking);
}

static struct list *list_of(const struct yt_ranking *ranking, int cls) {
    YT_ASSERT(cls >= 0 && cls < ranking->nc);
    return &ranking->classes[cls];
}

void yt_ranking_add_label(struct yt_ranking *ranking, int cls) {
    list_of(ranking, cls)->labels++;
}

void yt_ranking_add_detection(struct yt_ranking *ranking, int cls, float score, uint16_t right) {
    struct list *list = list_of(ranking, cls);
    list->items = yt_grow(list->items, &list->cap, list->count + 1, sizeof *list->items);
    list->items[list->count] = (struct entry){score, (uint32_t)list->count, right};
    list->count++;
}

size_t yt_ranking_labels(const struct yt_ranking *ranking, int cls) {
    return list_of(ranking, cls)->labels;
}

size_t yt_ranking_detections(const struct yt_ranking *ranking, int cls) {
    return list_of(ranking, cls)->count;
}

static int by_score(const void *a, const void *b) {
    const struct entry *p = a, *q = b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

static double average_precision(const struct list *list, int t) {
    size_t right = 0;
    for (size_t i = 0; i < list->count; i++) right += list->items[i].right >> t & 1;
    double best = 0, sum = 0;
    for (size_t i = list->count; i-- > 0;) {
        if (!(list->items[i].right >> t & 1)) continue;
        best = YT_MAX(best, (double)right / (double)(i + 1));
        sum += best;
        right--;
    }
    return list->labels ? sum / (double)list->labels : 0;
}

void yt_ranking_ap(struct yt_ranking *ranking, int cls, int thresholds, double *ap) {
    struct list *list = list_of(ranking, cls);
    if (list->count) qsort(list->items, list->count, sizeof *list->items, by_score);
    for (int t = 0; t < thresholds; t++) ap[t] = average_precision(list, t);
}
