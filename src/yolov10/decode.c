#include "yolov10/decode.h"
#include "yolov10/anchors.h"
#include "yolov10/dfl.h"
#include "yolov10/topk.h"

#include <math.h>
#include <stdlib.h>

void yt_decoder_release(struct yt_decoder *decoder) {
    free(decoder->scores);
    free(decoder->order);
    *decoder = (struct yt_decoder){0};
}

static void reserve(struct yt_decoder *decoder, size_t scores, size_t order) {
    decoder->scores =
        yt_grow(decoder->scores, &decoder->scores_cap, scores, sizeof *decoder->scores);
    decoder->order = yt_grow(decoder->order, &decoder->order_cap, order, sizeof *decoder->order);
}

static float sigmoid(float x) {
    return 1 / (1 + expf(-x));
}

static float sortable_score(float logit) {
    return isnan(logit) ? 0 : sigmoid(logit);
}

/* The largest logit that is not NaN; -infinity if there is none. In lanes, because compilers do not
 * all vectorise the search for a maximum. */
static float largest(const float *x, int count) {
    enum { LANES = 8 };
    float best[LANES];
    for (int lane = 0; lane < LANES; lane++) best[lane] = -INFINITY;
    int whole = count - count % LANES;
    for (int i = 0; i < whole; i += LANES)
#pragma omp simd
        for (int lane = 0; lane < LANES; lane++)
            best[lane] = x[i + lane] > best[lane] ? x[i + lane] : best[lane];
    for (int i = whole; i < count; i++) best[0] = x[i] > best[0] ? x[i] : best[0];
    for (int lane = 1; lane < LANES; lane++) best[0] = YT_MAX(best[0], best[lane]);
    return best[0];
}

static struct yt_box decode_box(const struct yt_head_maps *maps, int image,
                                struct yt_anchor anchor) {
    struct yt_dfl dfl;
    yt_dfl_read(&dfl, yt_anchor_box(maps, image, anchor));
    if (maps->bins) yt_dfl_rebin(&dfl, maps->bins);
    return yt_box_scaled(yt_anchor_box_cells(anchor, dfl.distance), anchor.stride);
}

/* The k anchors whose best class scores highest, best first; scores: of all anchors. */
static void choose_anchors(const struct yt_head_maps *maps, int image, int k, float *scores,
                           int *chosen) {
    float *score = scores;
    for (int l = 0; l < maps->levels; l++) {
        const struct yt_head_level *level = &maps->level[l];
        size_t cells = (size_t)level->h * (size_t)level->w;
        const float *logits = level->cls + (size_t)image * cells * (size_t)level->cls_ld;
        for (size_t i = 0; i < cells; i++)
            *score++ = sigmoid(largest(logits + i * (size_t)level->cls_ld, maps->nc));
    }
    yt_topk(scores, yt_anchors_count(maps), k, chosen);
}

static int best_class(const float *logits, int nc) {
    int best = 0;
    for (int c = 1; c < nc; c++)
        if (logits[c] > logits[best] || isnan(logits[best])) best = c;
    return best;
}

static void one_class_each(const struct yt_head_maps *maps, int image, int k, const int *chosen,
                           struct yt_detection *out) {
    for (int i = 0; i < k; i++) {
        struct yt_anchor anchor = yt_anchor_at(maps, chosen[i]);
        const float *logits = yt_anchor_cls(maps, image, anchor);
        int cls = best_class(logits, maps->nc);
        out[i] = (struct yt_detection){decode_box(maps, image, anchor), sortable_score(logits[cls]),
                                       cls};
    }
}

int yt_decode_topk(struct yt_decoder *decoder, const struct yt_head_maps *maps, int image,
                   int max_det, bool one_class, struct yt_detection *out) {
    int anchors = yt_anchors_count(maps), nc = maps->nc, k = YT_MIN(max_det, anchors);
    size_t candidates = (size_t)k * (size_t)nc;
    reserve(decoder, YT_MAX((size_t)anchors, candidates), 2 * (size_t)k);
    float *scores = decoder->scores;
    int *chosen = decoder->order, *order = decoder->order + k;
    choose_anchors(maps, image, k, scores, chosen);
    if (one_class) {
        one_class_each(maps, image, k, chosen, out);
        return k;
    }
    for (int i = 0; i < k; i++) {
        const float *logits = yt_anchor_cls(maps, image, yt_anchor_at(maps, chosen[i]));
        for (int c = 0; c < nc; c++) scores[i * nc + c] = sortable_score(logits[c]);
    }
    yt_topk(scores, k * nc, k, order);
    for (int i = 0; i < k; i++)
        out[i] = (struct yt_detection){
            .box = decode_box(maps, image, yt_anchor_at(maps, chosen[order[i] / nc])),
            .score = scores[order[i]],
            .cls = order[i] % nc,
        };
    return k;
}

void yt_decode_dense(const struct yt_head_maps *maps, int image, float *out) {
    int anchors = yt_anchors_count(maps);
    for (int a = 0; a < anchors; a++) {
        struct yt_anchor anchor = yt_anchor_at(maps, a);
        struct yt_box box = decode_box(maps, image, anchor);
        *out++ = (box.x1 + box.x2) / 2;
        *out++ = (box.y1 + box.y2) / 2;
        *out++ = box.x2 - box.x1;
        *out++ = box.y2 - box.y1;
        const float *logits = yt_anchor_cls(maps, image, anchor);
        for (int c = 0; c < maps->nc; c++) *out++ = sigmoid(logits[c]);
    }
}
