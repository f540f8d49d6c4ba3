/* The planner on random graphs: no two buffers that live at the same time share memory, and the
 * arena is no smaller than what must live at once, and not much larger. */
#include "support/test.h"

#include "base/rng.h"
#include "tensor/graph_internal.h"
#include "tensor/ops.h"

#include <math.h>

enum { NODES = 40, MOST_NODES = 3 * NODES, H = 3, W = 2 };

/* What the ops below found in forward: backward must find the same. */
static double seen_input[MOST_NODES][YT_NODE_INPUTS], seen_output[MOST_NODES];

static double sum_of(const struct yt_map *m) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)m->n * (size_t)m->h * (size_t)m->w; i++)
        for (int c = 0; c < m->c; c++) sum += (double)m->p[i * (size_t)m->ld + (size_t)c] * (c + 1);
    return sum;
}

static void fill(const struct yt_map *m, double value) {
    for (size_t i = 0; i < (size_t)m->n * (size_t)m->h * (size_t)m->w; i++)
        for (int c = 0; c < m->c; c++) m->p[i * (size_t)m->ld + (size_t)c] = (float)value;
}

/* A function of the inputs and of the node. */
static void forward(struct yt_graph *g, struct yt_node *node) {
    double value = node->index;
    (void)g;
    assert_true(g->count <= MOST_NODES);
    for (int j = 0; j < node->inputs; j++) {
        seen_input[node->index][j] = sum_of(&node->in[j]->value);
        value += fmod(seen_input[node->index][j], 100);
    }
    fill(&node->value, value);
    seen_output[node->index] = sum_of(&node->value);
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    for (int j = 0; j < node->inputs; j++)
        if (node->op->reads & (YT_READS_INPUT0 << j))
            assert_true(sum_of(&node->in[j]->value) == seen_input[node->index][j]);
    if (node->op->reads & YT_READS_OUTPUT)
        assert_true(sum_of(&node->value) == seen_output[node->index]);
    for (int j = 0; j < node->inputs; j++)
        if (node->in[j]->grad.p && node->in[j]->needs_grad) fill(&node->in[j]->grad, -1e6);
}
static size_t some_scratch(const struct yt_graph *g, const struct yt_node *node) {
    (void)g;
    return (size_t)(node->index % 7) * 100;
}
static const struct yt_op ops[] = {
    {.name = "reads nothing", .forward = forward, .backward = backward},
    {.name = "reads input", .reads = YT_READS_INPUT0, .forward = forward, .backward = backward},
    {.name = "over input",
     .reads = YT_READS_INPUT0,
     .gradient_over_input = true,
     .forward = forward,
     .backward = backward},
    {.name = "reads output", .reads = YT_READS_OUTPUT, .forward = forward, .backward = backward},
    {.name = "two inputs",
     .reads = YT_READS_INPUT0 | YT_READS_INPUT1,
     .forward = forward,
     .backward = backward,
     .scratch = some_scratch},
    {.name = "cheap", .forward = forward, .backward = backward, .renew = forward},
    {.name = "cheap, reads input",
     .reads = YT_READS_INPUT0,
     .forward = forward,
     .backward = backward,
     .renew = forward},
};

static struct yt_node *random_node(struct yt_graph *g, struct yt_rng *rng,
                                   struct yt_node *const *made, int count) {
    struct yt_node *a = made[yt_rng_below(rng, (uint64_t)count)];
    struct yt_node *b = made[yt_rng_below(rng, (uint64_t)count)];
    int c = 1 + (int)yt_rng_below(rng, 200);
    switch (yt_rng_below(rng, 10)) {
    case 0:
        return yt_concat(g, (struct yt_node *[]){a, b}, 2);
    case 1:
        return yt_slice(g, a, 0, (a->value.c + 1) / 2);
    case 2:
        return yt_detach(g, a);
    case 3:
        return yt_node_new(g, &ops[4], (struct yt_node *[]){a, b}, 2, 1, H, W, c, 0);
    case 4:
        return yt_node_new(g, &ops[5], (struct yt_node *[]){a, b}, 2, 1, H, W, c, 0);
    case 5:
    case 6:
        return yt_node_new(g, &ops[6], &a, 1, 1, H, W, c, 0);
    default: {
        const struct yt_op *op = &ops[yt_rng_below(rng, 4)];
        struct yt_node *node = yt_node_new(g, op, &a, 1, 1, H, W, c, 0);
        if (yt_rng_below(rng, 3) == 0) node->saved_bytes = 4 * (size_t)c;
        return node;
    }
    }
}

static struct yt_graph *random_graph(struct yt_params *params, uint64_t seed,
                                     enum yt_graph_mode mode) {
    struct yt_rng rng = yt_rng_make(seed, "graph", 0, 0);
    struct yt_graph *g = yt_graph_new(params, mode);
    struct yt_node *made[NODES + 2] = {yt_input(g, 1, H, W, 5), yt_input(g, 1, H, W, 64)};
    made[0]->needs_grad = mode == YT_GRAPH_TRAIN; /* as if it were made of a parameter */
    int count = 2;
    while (count < NODES) {
        made[count] = random_node(g, &rng, made, count);
        if (made[count]->value.c < 3000) count++;
    }
    yt_graph_output(g, made[count - 1]);
    yt_graph_keep(g, made[count / 2]);
    return g;
}

static bool meet(const struct yt_item *a, const struct yt_item *b) {
    return a->birth <= b->death && b->birth <= a->death;
}

static void check_apart(const struct yt_graph *g, bool always) {
    for (size_t i = 0; i < g->item_count; i++) {
        const struct yt_item *a = &g->items[i];
        assert_true(a->birth <= a->death);
        assert_true(a->offset % 64 == 0 && a->offset + a->bytes <= g->arena_bytes);
        for (size_t j = 0; j < i; j++) {
            const struct yt_item *b = &g->items[j];
            bool overlap = a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
            if (a->bytes && b->bytes && overlap && (always || meet(a, b)))
                fail_msg("items %zu and %zu share memory while both live", i, j);
        }
    }
    uint8_t *scratch = (uint8_t *)g->scratch, *end = g->arena + g->arena_bytes;
    assert_true(scratch + g->scratch_floats * sizeof(float) <= end);
    for (size_t i = 0; i < g->item_count; i++)
        assert_true(g->arena + g->items[i].offset + g->items[i].bytes <= scratch);
}

/* What lives at the fullest step: no plan can do with less. */
static size_t least_bytes(const struct yt_graph *g) {
    size_t least = 0;
    for (int step = -1; step <= 2 * (int)g->count; step++) {
        size_t sum = 0;
        for (size_t i = 0; i < g->item_count; i++)
            if (g->items[i].birth <= step && step <= g->items[i].death) sum += g->items[i].bytes;
        least = YT_MAX(least, sum);
    }
    return least;
}

/* Every value that an op reads is alive then: within an item that covers the step. */
static void check_alive(const struct yt_graph *g) {
    for (size_t i = 0; i < g->count; i++) {
        const struct yt_node *node = g->nodes[i];
        if (node->op->view || !node->op->forward) continue;
        for (int j = -1; j < node->inputs; j++) {
            const struct yt_node *x = j < 0 ? node : node->in[j];
            const struct yt_buffer *root = yt_buffer_root(x->home, NULL);
            const struct yt_item *item = &g->items[root->value_item];
            assert_true(item->birth <= (int)i && (int)i <= item->death);
            assert_true((uint8_t *)x->value.p >= g->arena + item->offset);
            assert_true((uint8_t *)(x->value.p + (size_t)(H * W - 1) * (size_t)x->value.ld +
                                    x->value.c) <= g->arena + item->offset + item->bytes);
        }
    }
}

static void test_random_graphs(void **state) {
    static const enum yt_memory plans[] = {YT_MEMORY_KEEP, YT_MEMORY_REUSE, YT_MEMORY_POISON};
    double loosest = 0;
    (void)state;
    struct yt_params *params = yt_params_new();
    yt_params_allocate(params);
    for (uint64_t seed = 0; seed < 60; seed++) {
        enum yt_graph_mode mode = seed % 3 ? YT_GRAPH_TRAIN : YT_GRAPH_EVAL;
        for (size_t p = 0; p < YT_COUNT(plans); p++) {
            struct yt_graph *g = random_graph(params, seed, mode);
            assert_int_equal(yt_graph_plan(g, plans[p]), 0);
            check_apart(g, plans[p] == YT_MEMORY_KEEP);
            check_alive(g);
            if (plans[p] == YT_MEMORY_REUSE) {
                size_t fixed = g->scratch_floats * sizeof(float) + 512, least = least_bytes(g);
                double ratio = (double)(g->arena_bytes - fixed) / (double)least;
                assert_true(g->arena_bytes >= least);
                loosest = YT_MAX(loosest, ratio);
            }
            yt_graph_free(g);
        }
    }
    assert_true(loosest < 1.5);
    yt_params_free(params);
}

/* Backward finds the values that forward left, kept or renewed, whatever lies between. */
static void test_backward_finds_values(void **state) {
    static const enum yt_memory plans[] = {YT_MEMORY_KEEP, YT_MEMORY_REUSE, YT_MEMORY_POISON};
    size_t renewals = 0, buffers = 0;
    (void)state;
    struct yt_params *params = yt_params_new();
    yt_params_allocate(params);
    for (uint64_t seed = 100; seed < 200; seed++) {
        for (size_t p = 0; p < YT_COUNT(plans); p++) {
            struct yt_graph *g = random_graph(params, seed, YT_GRAPH_TRAIN);
            assert_int_equal(yt_graph_plan(g, plans[p]), 0);
            for (int run = 0; run < 2; run++) {
                fill(&yt_graph_node(g, 0)->value, 1 + run);
                fill(&yt_graph_node(g, 1)->value, 2 + run);
                yt_graph_forward(g);
                yt_graph_backward(g);
            }
            renewals += g->renewal_count;
            for (size_t i = 0; i < g->buffer_count; i++) buffers += g->buffers[i]->renewed;
            yt_graph_free(g);
        }
    }
    assert_true(renewals > 300 && buffers > 300);
    yt_params_free(params);
}

static void test_plans_are_repeatable(void **state) {
    (void)state;
    struct yt_params *params = yt_params_new();
    yt_params_allocate(params);
    struct yt_graph *a = random_graph(params, 1, YT_GRAPH_TRAIN);
    struct yt_graph *b = random_graph(params, 1, YT_GRAPH_TRAIN);
    size_t foretold = yt_graph_plan_bytes(b);
    assert_int_equal(yt_graph_plan(a, YT_MEMORY_REUSE), 0);
    assert_int_equal(yt_graph_plan(b, YT_MEMORY_REUSE), 0);
    assert_int_equal(foretold, yt_graph_arena_bytes(b));
    assert_int_equal(a->item_count, b->item_count);
    for (size_t i = 0; i < a->item_count; i++)
        assert_int_equal(a->items[i].offset, b->items[i].offset);
    yt_graph_free(a);
    yt_graph_free(b);
    yt_params_free(params);
}

static struct yt_graph *one_buffer(struct yt_params *params, int c) {
    struct yt_graph *g = yt_graph_new(params, YT_GRAPH_EVAL);
    yt_graph_output(g, yt_silu(g, yt_input(g, 1, 4, 4, c)));
    return g;
}

static void test_guests(void **state) {
    (void)state;
    struct yt_params *params = yt_params_new();
    yt_params_allocate(params);
    struct yt_graph *host = one_buffer(params, 64), *guest = one_buffer(params, 32);
    struct yt_graph *large = one_buffer(params, 1000);
    assert_int_equal(yt_graph_plan(host, YT_MEMORY_REUSE), 0);
    assert_int_equal(yt_graph_plan_within(guest, host), 0);
    assert_int_equal(yt_graph_plan_within(large, host), 0);
    assert_ptr_equal(guest->arena, host->arena);
    assert_ptr_not_equal(large->arena, host->arena);
    for (size_t i = 0; i < 4 * 4 * 32; i++) yt_graph_node(guest, 0)->value.p[i] = 1;
    yt_graph_forward(guest);
    for (size_t i = 0; i < 4 * 4 * 32; i++)
        assert_float_equal(yt_graph_node(guest, 1)->value.p[i], 0.731058579, 1e-6);
    yt_graph_free(large);
    yt_graph_free(guest); /* leaves the arena to its host */
    for (size_t i = 0; i < 4 * 4 * 64; i++) yt_graph_node(host, 0)->value.p[i] = 0;
    yt_graph_forward(host);
    assert_true(yt_graph_node(host, 1)->value.p[0] == 0);
    yt_graph_free(host);
    yt_params_free(params);
}

static void test_no_memory(void **state) {
    (void)state;
    struct yt_params *params = yt_params_new();
    yt_params_allocate(params);
    struct yt_graph *g = yt_graph_new(params, YT_GRAPH_EVAL);
    yt_graph_output(g, yt_silu(g, yt_input(g, 1 << 10, 1 << 12, 1 << 12, 64))); /* 8 TiB */
    assert_int_equal(yt_graph_plan(g, YT_MEMORY_REUSE), -1);
    assert_error_has("memory");
    yt_graph_free(g);
    yt_params_free(params);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_backward_finds_values),
        cmocka_unit_test(test_plans_are_repeatable),
        cmocka_unit_test(test_guests),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
