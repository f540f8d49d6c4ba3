/* Planning: who writes and reads each buffer when, and from that an address for each.
 *
 * The run is a line of steps: forward of node i is step i, the loss is step N, backward of node i
 * is step 2N-i. A buffer lives from its first write to its last read on that line; buffers whose
 * lives do not meet may share memory. Addresses are given largest buffer first, each at the lowest
 * offset that is free during its life (greedy by size: Pisarchyk and Lee, "Efficient memory
 * management for deep neural net inference", 2020, section 5.2).
 *
 * The same walk over the backward steps decides for every op whether it overwrites or adds to the
 * gradient of an input, so that gradients are never cleared beforehand.
 */
#include "base/threads.h"
#include "tensor/graph_internal.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_BYTES 256

int yt_step_forward(const struct yt_node *node) {
    return node->op->forward ? node->index : -1; /* inputs are written before the run */
}

int yt_step_loss(const struct yt_graph *g) {
    return (int)g->count;
}

int yt_step_backward(const struct yt_graph *g, const struct yt_node *node) {
    return 2 * (int)g->count - node->index;
}

bool yt_works_backward(const struct yt_graph *g, const struct yt_node *node) {
    return g->mode == YT_GRAPH_TRAIN && node->needs_grad && node->op->backward;
}

static size_t buffer_bytes(const struct yt_buffer *b) {
    return (size_t)b->n * (size_t)b->h * (size_t)b->w * (size_t)b->c * sizeof(float);
}

static int item_add(struct yt_graph *g, size_t bytes, int step) {
    g->items = yt_grow(g->items, &g->item_cap, g->item_count + 1, sizeof(struct yt_item));
    bytes = (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
    g->items[g->item_count] = (struct yt_item){.bytes = bytes, .birth = step, .death = step};
    return (int)g->item_count++;
}

/* Extends the life of the item to `step`; makes it on first use. */
static void item_touch(struct yt_graph *g, int *item, size_t bytes, int step) {
    if (*item < 0) *item = item_add(g, bytes, step);
    struct yt_item *it = &g->items[*item];
    it->birth = YT_MIN(it->birth, step);
    it->death = YT_MAX(it->death, step);
}

static void touch_value(struct yt_graph *g, const struct yt_node *node, int step) {
    struct yt_buffer *root = yt_buffer_root(node->home, NULL);
    item_touch(g, &root->value_item, buffer_bytes(root), step);
}

/* A value that is renewed is a second item in backward. */
static void touch_kept_value(struct yt_graph *g, const struct yt_node *node, int step) {
    if (!yt_buffer_root(node->home, NULL)->renewed) touch_value(g, node, step);
}

static void live_renewals(struct yt_graph *g) {
    for (size_t i = 0; i < g->buffer_count; i++) {
        struct yt_buffer *b = g->buffers[i];
        if (!b->renewed) continue;
        item_touch(g, &b->renewed_item, buffer_bytes(b), b->reads.first);
        item_touch(g, &b->renewed_item, buffer_bytes(b), b->reads.last);
    }
}

static void touch_grad(struct yt_graph *g, const struct yt_node *node, int step) {
    struct yt_buffer *root = yt_buffer_root(yt_grad_owner(node)->home, NULL);
    item_touch(g, &root->grad_item, buffer_bytes(root), step);
}

static void live_values(struct yt_graph *g) {
    int end = 2 * (int)g->count;
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        if (node->op->view) continue;
        touch_value(g, node, yt_step_forward(node));
        for (int j = 0; j < node->inputs; j++) touch_value(g, node->in[j], yt_step_forward(node));
        if (!yt_works_backward(g, node)) continue;
        int step = yt_step_backward(g, node);
        for (int j = 0; j < node->inputs; j++)
            if (node->op->reads & (YT_READS_INPUT0 << j)) touch_kept_value(g, node->in[j], step);
        if (node->op->reads & YT_READS_OUTPUT) touch_kept_value(g, node, step);
    }
    for (size_t i = 0; i < g->buffer_count; i++) {
        if (!g->buffers[i]->kept) continue;
        struct yt_buffer *root = yt_buffer_root(g->buffers[i], NULL);
        item_touch(g, &root->value_item, buffer_bytes(root), end);
    }
}

/* The channels of `node` within its root's coverage flags. */
static uint8_t *coverage(const struct yt_node *node, struct yt_buffer **root) {
    int channel = node->channel;
    *root = yt_buffer_root(node->home, &channel);
    return (*root)->covered + channel;
}

static void zero_missing(struct yt_graph *g, const struct yt_node *node, int step) {
    struct yt_buffer *root;
    uint8_t *covered = coverage(node, &root);
    for (int c = 0; c < node->value.c;) {
        int end = c;
        while (end < node->value.c && !covered[end]) end++;
        if (end > c) {
            g->zeros = yt_grow(g->zeros, &g->zero_cap, g->zero_count + 1, sizeof(struct yt_zero));
            g->zeros[g->zero_count++] =
                (struct yt_zero){step, root, (int)(covered - root->covered) + c, end - c, {0}};
            memset(covered + c, 1, (size_t)(end - c));
            touch_grad(g, node, step);
        }
        c = end + 1;
    }
}

static void live_gradients(struct yt_graph *g) {
    for (size_t i = 0; i < g->buffer_count; i++) {
        free(g->buffers[i]->covered);
        g->buffers[i]->covered = yt_calloc((size_t)g->buffers[i]->c, 1);
    }
    struct yt_buffer *root;
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        if (!node->output) continue;
        memset(coverage(node, &root), 1, (size_t)node->value.c);
        touch_grad(g, node, yt_step_loss(g));
    }
    for (size_t i = g->count; i-- > 0;) {
        struct yt_node *node = g->nodes[i];
        if (!yt_works_backward(g, node)) continue;
        int step = yt_step_backward(g, node);
        zero_missing(g, node, step);
        touch_grad(g, node, step);
        for (int j = 0; j < node->inputs; j++) {
            struct yt_node *in = node->in[j];
            if (!in->needs_grad) continue;
            node->grad_add[j] = memchr(coverage(in, &root), 1, (size_t)in->value.c) != NULL;
            if (node->grad_add[j]) zero_missing(g, in, step);
            memset(coverage(in, &root), 1, (size_t)in->value.c);
            touch_grad(g, in, step);
        }
    }
}

static void live_saved(struct yt_graph *g, int *saved_items) {
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        saved_items[i] = -1;
        if (!node->saved_bytes) continue;
        item_touch(g, &saved_items[i], node->saved_bytes, yt_step_forward(node));
        if (node->summed)
            item_touch(g, &saved_items[i], node->saved_bytes, yt_step_forward(node->in[0]));
        if (yt_works_backward(g, node))
            item_touch(g, &saved_items[i], node->saved_bytes, yt_step_backward(g, node));
    }
}

struct placed {
    size_t begin, end;
};

static int by_begin(const void *a, const void *b) {
    const struct placed *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static int by_size(const void *a, const void *b, void *items) {
    const struct yt_item *x = (struct yt_item *)items + *(const int *)a;
    const struct yt_item *y = (struct yt_item *)items + *(const int *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return *(const int *)a - *(const int *)b;
}

/* Gives every item its offset; returns the size of the arena. */
static size_t place_items(struct yt_graph *g, enum yt_memory memory) {
    size_t count = g->item_count, top = 0;
    int *order = yt_malloc((count + 1) * sizeof(int));
    struct placed *busy = yt_malloc((count + 1) * sizeof(*busy));
    for (size_t i = 0; i < count; i++) order[i] = (int)i;
    qsort_r(order, count, sizeof(int), by_size, g->items);
    for (size_t i = 0; i < count; i++) {
        struct yt_item *item = &g->items[order[i]];
        size_t n = 0, at = 0;
        for (size_t j = 0; j < i; j++) {
            const struct yt_item *other = &g->items[order[j]];
            bool meet = other->birth <= item->death && item->birth <= other->death;
            if (other->bytes && (meet || memory == YT_MEMORY_KEEP))
                busy[n++] = (struct placed){other->offset, other->offset + other->bytes};
        }
        qsort(busy, n, sizeof(*busy), by_begin);
        for (size_t j = 0; j < n && busy[j].begin < at + item->bytes; j++)
            at = YT_MAX(at, busy[j].end);
        item->offset = at;
        top = YT_MAX(top, at + item->bytes);
    }
    free(order);
    free(busy);
    return top;
}

/* Everything but the memory itself. saved_items: g->count indices. */
static void lay_out(struct yt_graph *g, enum yt_memory memory, int *saved_items) {
    g->memory = memory;
    g->item_count = g->zero_count = 0;
    for (size_t i = 0; i < g->buffer_count; i++)
        g->buffers[i]->value_item = g->buffers[i]->grad_item = g->buffers[i]->renewed_item = -1;
    yt_renew_plan(g, memory);
    yt_passes_plan(g);
    yt_share_with_sums(g, memory);
    live_values(g);
    live_renewals(g);
    if (g->mode == YT_GRAPH_TRAIN) live_gradients(g);
    yt_share_with_values(g, memory);
    live_saved(g, saved_items);
    g->scratch_floats = 0;
    g->threads = yt_threads();
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i]->op->scratch)
            g->scratch_floats = YT_MAX(g->scratch_floats, g->nodes[i]->op->scratch(g, g->nodes[i]));
    g->arena_bytes = place_items(g, memory) + g->scratch_floats * sizeof(float) + ALIGN_BYTES;
}

static struct yt_map bind(const struct yt_graph *g, const struct yt_buffer *root, int item,
                          int channel, int c) {
    struct yt_map map = {NULL, root->n, root->h, root->w, c, root->c};
    if (item >= 0) map.p = (float *)(void *)(g->arena + g->items[item].offset) + channel;
    return map;
}

size_t yt_graph_plan_bytes(struct yt_graph *g) {
    YT_ASSERT(!g->planned);
    int *saved_items = yt_malloc((g->count + 1) * sizeof(int));
    lay_out(g, YT_MEMORY_REUSE, saved_items);
    free(saved_items);
    return g->arena_bytes;
}

static struct yt_map bind_grad(const struct yt_graph *g, const struct yt_node *node) {
    const struct yt_node *owner = yt_grad_owner(node);
    int channel = owner->channel;
    const struct yt_buffer *root = yt_buffer_root(owner->home, &channel);
    return bind(g, root, node->needs_grad ? root->grad_item : -1, channel, node->value.c);
}

static void bind_all(struct yt_graph *g, const int *saved_items) {
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        int channel = node->channel;
        const struct yt_buffer *root = yt_buffer_root(node->home, &channel);
        node->value = bind(g, root, root->value_item, channel, node->value.c);
        node->value_at[0] = node->value_at[1] = node->value.p;
        if (root->renewed)
            node->value_at[1] = bind(g, root, root->renewed_item, channel, node->value.c).p;
        node->grad = bind_grad(g, node);
        if (saved_items[i] >= 0) node->saved = g->arena + g->items[saved_items[i]].offset;
    }
    for (size_t i = 0; i < g->zero_count; i++) {
        struct yt_zero *zero = &g->zeros[i];
        zero->map = bind(g, zero->root, zero->root->grad_item, zero->channel, zero->c);
    }
    size_t scratch_at = g->arena_bytes - g->scratch_floats * sizeof(float);
    g->scratch = (float *)(void *)(g->arena + scratch_at / ALIGN_BYTES * ALIGN_BYTES);
    g->planned = true;
}

static int plan(struct yt_graph *g, enum yt_memory memory, const struct yt_graph *host) {
    YT_ASSERT(!g->planned && g->params->value);
    int *saved_items = yt_malloc((g->count + 1) * sizeof(int));
    lay_out(g, memory, saved_items);
    g->borrowed = host && host->arena_bytes >= g->arena_bytes;
    g->arena =
        g->borrowed ? host->arena : yt_arena_map(g->arena_bytes, "the activations of the network");
    if (g->arena) bind_all(g, saved_items);
    free(saved_items);
    return g->arena ? 0 : -1;
}

int yt_graph_plan(struct yt_graph *g, enum yt_memory memory) {
    return plan(g, memory, NULL);
}

int yt_graph_plan_within(struct yt_graph *g, const struct yt_graph *host) {
    return plan(g, YT_MEMORY_REUSE, host);
}
