/* Every distinct piece of work of a training step, measured where it stands: the graph of a step is
 * built and run once, then each op runs again and again on its own maps. */
#include "bench/bench.h"
#include "bench/peak.h"

#include "base/rng.h"
#include "base/threads.h"
#include "train/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORWARD, INPUT, WEIGHT, DIRECTIONS };
static const char *const direction_names[DIRECTIONS] = {"forward", "input", "weight"};

/* One kind of work: nodes of the same op on maps of the same shape. */
struct kind {
    const struct yt_node *node; /* the first of them */
    char what[64];
    int times;                  /* nodes of this kind */
    double seconds[DIRECTIONS]; /* of one run; 0: there is none */
    double gflop, gbytes[DIRECTIONS];
};

struct list {
    struct kind *items;
    size_t count;
};

static void name_kind(const struct yt_node *node, struct kind *kind) {
    char detail[24] = "";
    if (node->op->describe) node->op->describe(node, detail, sizeof(detail));
    const struct yt_map *x = node->inputs ? &node->in[0]->value : &node->value;
    snprintf(kind->what, sizeof(kind->what), "%s%s%s %d>%d @%d", node->op->name, *detail ? " " : "",
             detail, x->c, node->value.c, node->value.h);
}

static struct list list_kinds(const struct yt_graph *g) {
    struct list list = {yt_calloc((size_t)yt_graph_size(g), sizeof(*list.items)), 0};
    for (int i = 0; i < yt_graph_size(g); i++) {
        const struct yt_node *node = yt_graph_node(g, i);
        if (node->op->view || !node->op->forward) continue;
        struct kind kind = {.node = node, .times = 1};
        name_kind(node, &kind);
        size_t k = 0;
        while (k < list.count && strcmp(list.items[k].what, kind.what) != 0) k++;
        if (k < list.count) {
            list.items[k].times++;
        } else {
            list.items[list.count++] = kind;
        }
    }
    return list;
}

static double map_gbytes(const struct yt_map *m) {
    return 4e-9 * m->n * m->h * m->w * m->c;
}

/* What must pass between memory and CPU, each map once: a kernel that reads one twice shows as a
 * slower one. */
static void count_gbytes(struct kind *kind) {
    const struct yt_node *node = kind->node;
    double inputs = 0, gradients = 0;
    for (int i = 0; i < node->inputs; i++) {
        inputs += map_gbytes(&node->in[i]->value);
        if (node->in[i]->needs_grad)
            gradients += (node->grad_add[i] ? 2 : 1) * map_gbytes(&node->in[i]->grad);
    }
    kind->gbytes[FORWARD] = inputs + map_gbytes(&node->value);
    kind->gbytes[WEIGHT] = inputs + map_gbytes(&node->grad);
    kind->gbytes[INPUT] = gradients + map_gbytes(&node->grad);
    if (node->op->reads & YT_READS_INPUT0 && !node->op->backward_weight)
        kind->gbytes[INPUT] += map_gbytes(&node->in[0]->value);
}

/* The shortest of the runs that fit into `budget_s`, two at least. */
static double best_of(struct yt_graph *g, struct yt_node *node,
                      void (*run)(struct yt_graph *g, struct yt_node *node), double budget_s) {
    double best = INFINITY, end = yt_now() + budget_s;
    for (int i = 0; i < 2 || yt_now() < end; i++) {
        double start = yt_now();
        run(g, node);
        best = fmin(best, yt_now() - start);
    }
    return best;
}

static void measure(struct yt_graph *g, struct kind *kind, double budget_s) {
    const struct yt_op *op = kind->node->op;
    struct yt_node *node = yt_graph_node(g, kind->node->index);
    bool input = false;
    for (int i = 0; i < node->inputs; i++) input |= node->in[i]->needs_grad;
    kind->seconds[FORWARD] = best_of(g, node, op->forward, budget_s);
    if (op->backward && node->needs_grad && input)
        kind->seconds[INPUT] = best_of(g, node, op->backward, budget_s);
    if (op->backward_weight && node->needs_grad)
        kind->seconds[WEIGHT] = best_of(g, node, op->backward_weight, budget_s);
    kind->gflop = op->flops ? 1e-9 * op->flops(node) : 0;
    count_gbytes(kind);
}

/* "  12.34 ms  80.1 GF/s 77 %": of the peak that the work is nearer to. */
static void print_direction(const struct kind *kind, int d, double peak_gflops, double peak_gbytes,
                            struct yt_str *line) {
    double s = kind->seconds[d];
    if (s == 0) {
        yt_str_add(line, " | %28s", "");
        return;
    }
    double gflops = kind->gflop / s, gbytes = kind->gbytes[d] / s;
    yt_str_add(line, " | %8.3f %5.0f %4.0f%% %4.0f %3.0f%%", 1e3 * s, gflops,
               100 * gflops / peak_gflops, gbytes, 100 * gbytes / peak_gbytes);
}

static void print_kinds(const struct list *list, double peak_gflops, double peak_gbytes) {
    yt_info("  %-30s %5s | %-28s | %-28s | %s", "", "", "forward", "gradient of input",
            "gradient of weights");
    yt_info("  %-30s %5s | %8s %5s %5s %4s %4s | %8s %5s %5s %4s %4s | %8s %5s %5s %4s %4s", "op",
            "times", "ms", "GF/s", "peak", "GB/s", "peak", "ms", "GF/s", "peak", "GB/s", "peak",
            "ms", "GF/s", "peak", "GB/s", "peak");
    for (size_t i = 0; i < list->count; i++) {
        struct yt_str line = {0};
        for (int d = 0; d < DIRECTIONS; d++)
            print_direction(&list->items[i], d, peak_gflops, peak_gbytes, &line);
        yt_info("  %-30s %5d%s", list->items[i].what, list->items[i].times, line.s);
        yt_str_release(&line);
    }
}

/* All nodes together: what a step would take of these ops alone. */
static void print_totals(const struct list *list, double peak_gflops) {
    for (int d = 0; d < DIRECTIONS; d++) {
        double seconds = 0, counted_s = 0, gflop = 0;
        for (size_t i = 0; i < list->count; i++) {
            const struct kind *k = &list->items[i];
            seconds += k->times * k->seconds[d];
            if (k->seconds[d] == 0 || k->gflop == 0) continue;
            counted_s += k->times * k->seconds[d];
            gflop += k->times * k->gflop;
        }
        yt_info("  all, %-8s %8.1f ms; products and convolutions %8.1f ms, %.0f GFLOP/s, %.0f %% "
                "of peak",
                direction_names[d], 1e3 * seconds, 1e3 * counted_s, gflop / counted_s,
                100 * gflop / counted_s / peak_gflops);
    }
}

static void add_json(const struct yt_bench_options *o, const struct list *list, double peak_gflops,
                     double peak_gbytes, struct yt_str *json) {
    yt_str_add(json,
               "{\"bench\":\"ops\",\"model\":\"%s\",\"batch\":%d,\"imgsz\":%d,\"threads\":%d,"
               "\"peak_gflops\":%.2f,\"peak_gbytes\":%.2f,\"ops\":[",
               o->scale, o->batch, o->imgsz, yt_threads(), peak_gflops, peak_gbytes);
    for (size_t i = 0; i < list->count; i++) {
        const struct kind *k = &list->items[i];
        yt_str_add(json, "%s{\"op\":\"%s\",\"times\":%d,\"gflop\":%.6f", i ? "," : "", k->what,
                   k->times, k->gflop);
        for (int d = 0; d < DIRECTIONS; d++) {
            if (k->seconds[d] == 0) continue;
            yt_str_add(json, ",\"%s_ms\":%.4f,\"%s_gbytes\":%.6f", direction_names[d],
                       1e3 * k->seconds[d], direction_names[d], k->gbytes[d]);
        }
        yt_str_add(json, "}");
    }
    yt_str_add(json, "]}\n");
}

static void report(const struct yt_bench_options *o, struct yt_step *step, struct yt_str *json) {
    struct yt_graph *g = step->graphs[0].g;
    double peak_gflops = yt_peak_gflops(NULL), peak_gbytes = yt_peak_gbytes();
    struct list list = list_kinds(g);
    yt_info("ops of a training step, yolov10%s, batch %d, %d px, %d classes, %d threads; this "
            "machine's peaks: %.0f GFLOP/s, %.1f GB/s",
            o->scale, o->batch, o->imgsz, o->nc, yt_threads(), peak_gflops, peak_gbytes);
    for (size_t i = 0; i < list.count; i++) measure(g, &list.items[i], 0.01 * o->steps);
    print_kinds(&list, peak_gflops, peak_gbytes);
    print_totals(&list, peak_gflops);
    add_json(o, &list, peak_gflops, peak_gbytes, json);
    free(list.items);
}

int yt_bench_ops(const struct yt_bench_options *o, struct yt_str *json) {
    const struct yt_scale *scale = yt_scale_find(o->scale);
    if (!scale) return -1;
    struct yt_model *model = yt_model_new(scale, o->nc);
    struct yt_step step;
    float items[YT_ITEMS];
    yt_model_init(model, 0);
    int failed =
        yt_step_init(&step, model, (struct yt_loss_gains){.box = 7.5f, .cls = 0.5f, .dfl = 1.5f},
                     o->batch, o->imgsz);
    if (!failed) {
        struct yt_batch batch = yt_bench_noise(o);
        failed = yt_step_run(&step, &batch, items);
        yt_bench_noise_release(&batch);
        if (!failed) report(o, &step, json);
        yt_step_release(&step);
    }
    yt_model_free(model);
    return failed;
}
