#include "infer/detector.h"
#include "base/threads.h"
#include "eval/merge.h"
#include "tensor/ops.h"
#include "yolov10/anchors.h"
#include "yolov10/decode.h"
#include "yolov10/fold.h"

#include <stdlib.h>
#include <string.h>

enum { PLANS_MAX = 8 };

/* All plans lie in the arena of the first, which is the largest: only one runs at a time. */
struct plan {
    struct yt_graph *g;
    struct yt_network network;
};

/* A thread's memory. */
struct reader {
    struct yt_decoder decoder;
    struct yt_detection *candidates; /* of NMS */
    size_t candidate_cap;
};

struct yt_detector {
    const struct yt_model *model;
    struct yt_params *folded;
    unsigned heads;
    struct plan plans[PLANS_MAX];
    int plan_count, current; /* current: -1 before yt_detector_begin */
    struct yt_reading reading;
    struct reader *readers;
    int reader_count; /* a thread each */
};

struct yt_detector *yt_detector_new(const struct yt_model *model, const float *values,
                                    unsigned heads) {
    YT_ASSERT(heads & YT_HEAD_BOTH);
    struct yt_detector *detector = yt_calloc(1, sizeof *detector);
    *detector = (struct yt_detector){
        .model = model,
        .folded = yt_fold_new(model, heads),
        .heads = heads,
        .current = -1,
        .reading = {.head = heads & YT_HEAD_ONE2ONE ? YT_ONE2ONE : YT_ONE2MANY},
        .reader_count = yt_threads(),
    };
    detector->readers = yt_calloc((size_t)detector->reader_count, sizeof *detector->readers);
    yt_detector_update(detector, values);
    return detector;
}

static void drop_plans(struct yt_detector *detector) {
    for (int i = 0; i < detector->plan_count; i++) yt_graph_free(detector->plans[i].g);
    detector->plan_count = 0;
}

void yt_detector_free(struct yt_detector *detector) {
    if (!detector) return;
    drop_plans(detector);
    for (int i = 0; i < detector->reader_count; i++) {
        yt_decoder_release(&detector->readers[i].decoder);
        free(detector->readers[i].candidates);
    }
    free(detector->readers);
    yt_params_free(detector->folded);
    free(detector);
}

void yt_detector_update(struct yt_detector *detector, const float *values) {
    yt_fold(detector->model, values, detector->folded);
    if (detector->plan_count) yt_graph_prepare(detector->plans[0].g); /* the plans share the room */
}

const struct yt_model *yt_detector_model(const struct yt_detector *detector) {
    return detector->model;
}

/* -1: not planned. */
static int find(const struct yt_detector *detector, int n, int h, int w) {
    for (int i = 0; i < detector->plan_count; i++) {
        const struct yt_map *input = &detector->plans[i].network.images->value;
        if (input->n == n && input->h == h && input->w == w) return i;
    }
    return -1;
}

/* Index of a new plan; -1 when it does not fit in memory. */
static int add_plan(struct yt_detector *detector, int n, int h, int w) {
    struct plan plan = {.g = yt_graph_new(detector->folded, YT_GRAPH_EVAL)};
    struct yt_net net = {plan.g, detector->folded, true};
    yt_network_build(&net, yt_input(plan.g, n, h, w, 3), detector->model->scale,
                     detector->model->nc, detector->heads, &plan.network);
    const struct yt_graph *host = detector->plan_count ? detector->plans[0].g : NULL;
    bool outgrown = host && yt_graph_plan_bytes(plan.g) > yt_graph_arena_bytes(host);
    if (outgrown || detector->plan_count == PLANS_MAX) {
        drop_plans(detector);
        host = NULL;
    }
    int failed = host ? yt_graph_plan_within(plan.g, host) : yt_graph_plan(plan.g, YT_MEMORY_REUSE);
    if (failed) {
        yt_graph_free(plan.g);
        return yt_fail_in("%d images of %dx%d", n, w, h);
    }
    yt_graph_prepare(plan.g);
    detector->plans[detector->plan_count] = plan;
    return detector->plan_count++;
}

const struct yt_map *yt_detector_begin(struct yt_detector *detector, int n, int h, int w) {
    detector->current = find(detector, n, h, w);
    if (detector->current < 0) detector->current = add_plan(detector, n, h, w);
    if (detector->current < 0) return NULL;
    return &detector->plans[detector->current].network.images->value;
}

void yt_detector_run(struct yt_detector *detector) {
    YT_ASSERT(detector->current >= 0);
    yt_graph_forward(detector->plans[detector->current].g);
}

struct yt_graph *yt_detector_graph(const struct yt_detector *detector) {
    YT_ASSERT(detector->current >= 0);
    return detector->plans[detector->current].g;
}

size_t yt_detector_bytes(const struct yt_detector *detector) {
    const struct yt_params *weights = detector->folded;
    size_t bytes = (weights->total + weights->trainable) * sizeof(float);
    for (size_t i = 0; i < weights->count; i++)
        bytes += weights->items[i].room_floats * sizeof(float);
    if (detector->plan_count) bytes += yt_graph_arena_bytes(detector->plans[0].g);
    return bytes;
}

struct yt_head_maps yt_detector_maps(const struct yt_detector *detector, enum yt_head head) {
    YT_ASSERT(detector->current >= 0);
    struct yt_head_maps maps = yt_network_maps(&detector->plans[detector->current].network, head);
    maps.bins = detector->model->dfl_bins;
    return maps;
}

void yt_detector_set_reading(struct yt_detector *detector, const struct yt_reading *reading) {
    YT_ASSERT(detector->heads & (reading->head == YT_ONE2ONE ? YT_HEAD_ONE2ONE : YT_HEAD_ONE2MANY));
    YT_ASSERT(reading->nms >= 0 && reading->nms <= 1);
    detector->reading = *reading;
}

struct yt_reading yt_detector_reading(const struct yt_detector *detector) {
    return detector->reading;
}

/* Returns how many detections the image has. */
static int read_image(const struct yt_reading *how, struct reader *reader,
                      const struct yt_head_maps *maps, int image, int max_det,
                      struct yt_detection *out) {
    if (how->nms == 0)
        return yt_decode_topk(&reader->decoder, maps, image, max_det, how->one_class, out);
    int wanted = YT_MIN(10 * max_det, yt_anchors_count(maps));
    reader->candidates = yt_grow(reader->candidates, &reader->candidate_cap, (size_t)wanted,
                                 sizeof *reader->candidates);
    int count =
        yt_decode_topk(&reader->decoder, maps, image, wanted, how->one_class, reader->candidates);
    struct yt_merge merge = {.method = YT_MERGE_NMS,
                             .metric = YT_OVERLAP_IOU,
                             .threshold = how->nms,
                             .class_agnostic = how->class_agnostic};
    size_t kept = YT_MIN(yt_merge(&merge, reader->candidates, (size_t)count), (size_t)max_det);
    memcpy(out, reader->candidates, kept * sizeof *out);
    return (int)kept;
}

/* Images are shared out over the readers; what is found does not depend on which one finds it. */
void yt_detector_decode(struct yt_detector *detector, int max_det, struct yt_detection *out,
                        int *counts) {
    const struct yt_reading *how = &detector->reading;
    struct yt_head_maps maps = yt_detector_maps(detector, how->head);
    int step = detector->reader_count;
#pragma omp parallel for num_threads(step) schedule(static, 1)
    for (int r = 0; r < step; r++)
        for (int i = r; i < maps.batch; i += step)
            counts[i] = read_image(how, &detector->readers[r], &maps, i, max_det,
                                   out + (size_t)i * (size_t)max_det);
}
