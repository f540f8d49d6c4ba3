#include "train/step.h"

#include "tensor/ops.h"

#include <string.h>

const char *const yt_item_names[YT_ITEMS] = {"box_om", "cls_om", "dfl_om",
                                             "box_oo", "cls_oo", "dfl_oo"};

void yt_loss_init_head(struct yt_loss *loss, enum yt_head head, struct yt_loss_gains gains) {
    struct yt_loss_options options = {
        .assign = {.topk = head == YT_ONE2MANY ? 10 : 1,
                   .alpha = 0.5f,
                   .beta = 6,
                   .min_side = gains.assign_min_side,
                   .fallback = gains.assign_fallback},
        .box = gains.box,
        .cls = gains.cls,
        .dfl = gains.dfl,
    };
    yt_loss_init(loss, &options);
}

struct yt_truth yt_truth_of(const struct yt_batch *batch) {
    return (struct yt_truth){batch->targets, batch->target_count, batch->regions,
                             batch->region_count};
}

static struct yt_graph *build(const struct yt_model *model, enum yt_graph_mode mode, int n, int h,
                              int w, struct yt_network *network) {
    struct yt_graph *g = yt_graph_new(model->params, mode);
    struct yt_net net = {g, model->params, false};
    yt_network_build(&net, yt_input(g, n, h, w, 3), model->scale, model->nc, YT_HEAD_BOTH, network);
    return g;
}

int yt_step_init(struct yt_step *step, struct yt_model *model, struct yt_loss_gains gains,
                 int batch, int imgsz) {
    memset(step, 0, sizeof(*step));
    step->model = model;
    for (int head = 0; head < YT_HEADS; head++)
        yt_loss_init_head(&step->loss[head], (enum yt_head)head, gains);
    step->graphs[0].g = build(model, YT_GRAPH_TRAIN, batch, imgsz, imgsz, &step->graphs[0].network);
    if (yt_graph_plan(step->graphs[0].g, YT_MEMORY_REUSE) == 0) return 0;
    yt_step_release(step);
    return yt_fail_in("batch=%d imgsz=%d do not fit; use a smaller batch", batch, imgsz);
}

void yt_step_release(struct yt_step *step) {
    for (int i = 1; i >= 0; i--) yt_graph_free(step->graphs[i].g); /* the second is a guest */
    for (int head = 0; head < YT_HEADS; head++) yt_loss_release(&step->loss[head]);
    memset(step, 0, sizeof(*step));
}

size_t yt_step_bytes(const struct yt_step *step) {
    return yt_graph_arena_bytes(step->graphs[0].g);
}

double yt_step_flops(const struct yt_step *step) {
    return yt_graph_flops(step->graphs[0].g);
}

static bool fits(const struct yt_network *network, const struct yt_batch *batch) {
    const struct yt_map *images = &network->images->value;
    return images->n == batch->n && images->h == batch->h && images->w == batch->w;
}

/* Index of the graph for batches of this size; -1 when it cannot be planned. */
static int graph_for(struct yt_step *step, const struct yt_batch *batch) {
    for (int i = 0; i < 2; i++)
        if (step->graphs[i].g && fits(&step->graphs[i].network, batch)) return i;
    yt_graph_free(step->graphs[1].g);
    step->graphs[1].g =
        build(step->model, YT_GRAPH_TRAIN, batch->n, batch->h, batch->w, &step->graphs[1].network);
    return yt_graph_plan_within(step->graphs[1].g, step->graphs[0].g) == 0 ? 1 : -1;
}

int yt_step_run(struct yt_step *step, const struct yt_batch *batch, float items[YT_ITEMS]) {
    int which = graph_for(step, batch);
    if (which < 0) return -1;
    struct yt_graph *g = step->graphs[which].g;
    const struct yt_network *network = &step->graphs[which].network;
    double start = yt_now();
    yt_bytes_to_floats(batch->images, &network->images->value);
    yt_graph_forward(g);
    double forward_end = yt_now();
    const struct yt_truth truth = yt_truth_of(batch);
    for (int head = 0; head < YT_HEADS; head++) {
        struct yt_head_maps maps = yt_network_maps(network, (enum yt_head)head);
        yt_detection_loss(&step->loss[head], &maps, &truth, items + 3 * head);
    }
    double loss_end = yt_now();
    yt_graph_backward(g);
    step->forward_s += forward_end - start;
    step->loss_s += loss_end - forward_end;
    step->backward_s += yt_now() - loss_end;
    return 0;
}

int yt_step_calibrate(struct yt_step *step, const struct yt_batch *batch) {
    struct yt_network network;
    struct yt_graph *g =
        build(step->model, YT_GRAPH_CALIBRATE, batch->n, batch->h, batch->w, &network);
    int failed = yt_graph_plan_within(g, step->graphs[0].g);
    if (!failed) {
        yt_bytes_to_floats(batch->images, &network.images->value);
        yt_graph_forward(g);
    }
    yt_graph_free(g);
    return failed;
}
