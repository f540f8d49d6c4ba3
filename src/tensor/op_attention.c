/* out[i, :] = sum_j P[i, j] v[j, :],  P[i, :] = softmax_j(q_i . k_j / sqrt(key_dim)), for every
 * image and head, i and j over the h*w positions. Saved: P (n, heads, h*w, h*w).
 *
 * Backward, with S the logits before scaling:  dv = P^T dout,  dP = dout v^T,
 * dS = scale * P (dP - rowsum(P dP)),  dq = dS k,  dk = dS^T q. */
#include "tensor/blas.h"
#include "tensor/ops.h"

#include "base/threads.h"

#include <math.h>
#include <omp.h>

struct attr {
    int heads, key_dim, head_dim;
    float scale;
};

/* One head of one image: matrices of h*w rows. */
struct head {
    int rows, ld, ld_out;
    float *q, *k, *v, *out, *p;
};

static struct head head_of(const struct yt_node *node, const struct yt_map *qkv,
                           const struct yt_map *out, int task) {
    const struct attr *a = node->attr;
    size_t rows = (size_t)qkv->h * (size_t)qkv->w;
    size_t image = (size_t)(task / a->heads), head = (size_t)(task % a->heads);
    size_t group = (size_t)(2 * a->key_dim + a->head_dim);
    float *q = qkv->p + image * rows * (size_t)qkv->ld + head * group;
    return (struct head){
        .rows = (int)rows,
        .ld = qkv->ld,
        .ld_out = out->ld,
        .q = q,
        .k = q + a->key_dim,
        .v = q + 2 * a->key_dim,
        .out = out->p + image * rows * (size_t)out->ld + head * (size_t)a->head_dim,
        .p = (float *)node->saved + (size_t)task * rows * rows,
    };
}

static void forward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    (void)g;
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (int task = 0; task < node->value.n * a->heads; task++) {
        struct head h = head_of(node, &node->in[0]->value, &node->value, task);
        yt_gemm(false, true, h.rows, h.rows, a->key_dim, 1, h.q, h.ld, h.k, h.ld, 0, h.p, h.rows);
        yt_softmax_rows(h.p, h.rows, h.rows, a->scale);
        yt_gemm(false, false, h.rows, a->head_dim, h.rows, 1, h.p, h.rows, h.v, h.ld, 0, h.out,
                h.ld_out);
    }
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    float beta = node->grad_add[0] ? 1 : 0;
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (int task = 0; task < node->value.n * a->heads; task++) {
        struct head x = head_of(node, &node->in[0]->value, &node->value, task);
        struct head d = head_of(node, &node->in[0]->grad, &node->grad, task);
        size_t square = (size_t)x.rows * (size_t)x.rows;
        float *ds = yt_graph_scratch(g) + (size_t)omp_get_thread_num() * square;
        yt_gemm(true, false, x.rows, a->head_dim, x.rows, 1, x.p, x.rows, d.out, d.ld_out, beta,
                d.v, d.ld);
        yt_gemm(false, true, x.rows, x.rows, a->head_dim, 1, d.out, d.ld_out, x.v, x.ld, 0, ds,
                x.rows);
        yt_softmax_rows_backward(x.p, ds, x.rows, x.rows, a->scale);
        yt_gemm(false, false, x.rows, a->key_dim, x.rows, 1, ds, x.rows, x.k, x.ld, beta, d.q,
                d.ld);
        yt_gemm(true, false, x.rows, a->key_dim, x.rows, 1, ds, x.rows, x.q, x.ld, beta, d.k, d.ld);
    }
}

static size_t square_floats(const struct yt_node *node) {
    size_t rows = (size_t)node->value.h * (size_t)node->value.w;
    return rows * rows;
}

static size_t scratch(const struct yt_graph *g, const struct yt_node *node) {
    if (yt_graph_mode(g) != YT_GRAPH_TRAIN) return 0;
    return (size_t)yt_threads() * square_floats(node);
}

static double flops(const struct yt_node *node) {
    const struct attr *a = node->attr;
    double square = (double)square_floats(node);
    return 2.0 * node->value.n * a->heads * square * (a->key_dim + a->head_dim);
}

static const struct yt_op op_attention = {
    .name = "attention",
    .reads = YT_READS_INPUT0,
    .forward = forward,
    .backward = backward,
    .scratch = scratch,
    .flops = flops,
};

struct yt_node *yt_attention(struct yt_graph *g, struct yt_node *qkv, int heads, int key_dim,
                             int head_dim) {
    const struct yt_map *v = &qkv->value;
    YT_ASSERT(v->c == heads * (2 * key_dim + head_dim));
    struct yt_node *node = yt_node_new(g, &op_attention, &qkv, 1, v->n, v->h, v->w,
                                       heads * head_dim, sizeof(struct attr));
    *(struct attr *)node->attr =
        (struct attr){heads, key_dim, head_dim, 1.0f / sqrtf((float)key_dim)};
    node->saved_bytes = (size_t)v->n * (size_t)heads * square_floats(node) * sizeof(float);
    return node;
}
