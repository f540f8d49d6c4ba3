#include "train/optimizer.h"

#include "base/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 16384 /* floats that a thread takes at a time; also the order of the norm's sums */
#define BETA2 0.999
#define EPS 1e-8f

static float *floats(size_t count) {
    return yt_calloc(YT_MAX(count, 1), sizeof(float));
}

void yt_optimizer_init(struct yt_optimizer *o, enum yt_optimizer_kind kind,
                       const struct yt_params *params) {
    *o = (struct yt_optimizer){
        .kind = kind, .clip = 10, .beta1 = 0.9, .ema_decay = 0.9999, .ema_tau = 2000};
    o->m = floats(params->trainable);
    if (kind == YT_ADAMW) o->v = floats(params->trainable);
    o->ema = floats(params->total);
    memcpy(o->ema, params->value, params->total * sizeof(float));
    o->partials = (params->trainable + CHUNK - 1) / CHUNK;
    o->partial = yt_calloc(YT_MAX(o->partials, 1), sizeof(double));
}

void yt_optimizer_release(struct yt_optimizer *o) {
    free(o->m);
    free(o->v);
    free(o->ema);
    free(o->partial);
    *o = (struct yt_optimizer){0};
}

double yt_gradient_norm(struct yt_optimizer *o, const struct yt_params *params) {
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (size_t part = 0; part < o->partials; part++) {
        size_t end = YT_MIN((part + 1) * CHUNK, params->trainable);
        double sum = 0;
        for (size_t i = part * CHUNK; i < end; i++)
            sum += (double)params->grad[i] * params->grad[i];
        o->partial[part] = sum;
    }
    double sum = 0;
    for (size_t part = 0; part < o->partials; part++) sum += o->partial[part];
    return sqrt(sum);
}

/* What one range of one group needs, in floats as PyTorch's kernels compute. */
struct pass {
    float *p, *g, *m, *v, *e;
    float scale;     /* of the gradient: clipping */
    float lr, decay; /* decay: AdamW lr*wd, SGD wd */
    float momentum, beta1, correction1, correction2;
    float ema;
    bool first;
};

static void adamw(const struct pass *a, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float g = a->g[i] * a->scale, p = a->p[i] * (1 - a->decay);
        float m = a->m[i] + (g - a->m[i]) * (1 - a->beta1);
        float v = a->v[i] * (float)BETA2 + g * g * (float)(1 - BETA2);
        float denominator = sqrtf(v) / a->correction2 + EPS;
        p -= a->lr / a->correction1 * (m / denominator);
        a->p[i] = p;
        a->m[i] = m;
        a->v[i] = v;
        a->e[i] = a->ema * a->e[i] + (1 - a->ema) * p;
        a->g[i] = 0;
    }
}

static void sgd(const struct pass *a, size_t count) {
    float keep = a->first ? 0 : a->momentum;
    for (size_t i = 0; i < count; i++) {
        float g = a->g[i] * a->scale + a->decay * a->p[i];
        float buffer = keep * a->m[i] + g;
        float p = a->p[i] - a->lr * (g + a->momentum * buffer);
        a->p[i] = p;
        a->m[i] = buffer;
        a->e[i] = a->ema * a->e[i] + (1 - a->ema) * p;
        a->g[i] = 0;
    }
}

static void step_group(const struct yt_optimizer *o, struct yt_params *params, int group,
                       const struct yt_rates *rates, struct pass pass) {
    size_t begin = params->group_begin[group], end = params->group_end[group];
    double decay = group == YT_PARAM_WEIGHT ? o->weight_decay : 0;
    pass.lr = (float)rates->lr[group];
    pass.decay = (float)(o->kind == YT_ADAMW ? decay * rates->lr[group] : decay);
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (size_t at = begin; at < end; at += CHUNK) {
        struct pass part = pass;
        part.p = params->value + at;
        part.g = params->grad + at;
        part.m = o->m + at;
        part.v = o->v ? o->v + at : NULL;
        part.e = o->ema + at;
        size_t count = YT_MIN((size_t)CHUNK, end - at);
        if (o->kind == YT_ADAMW)
            adamw(&part, count);
        else
            sgd(&part, count);
    }
}

void yt_optimizer_step(struct yt_optimizer *o, struct yt_params *params,
                       const struct yt_rates *rates, double norm) {
    YT_ASSERT(isfinite(norm));
    o->steps++;
    double t = (double)o->steps, ema = o->ema_decay * (1 - exp(-t / o->ema_tau));
    struct pass pass = {
        .scale = o->clip > 0 ? (float)fmin(1, o->clip / (norm + 1e-6)) : 1,
        .momentum = (float)rates->momentum,
        .beta1 = (float)o->beta1,
        .correction1 = (float)(1 - pow(o->beta1, t)),
        .correction2 = (float)sqrt(1 - pow(BETA2, t)),
        .ema = (float)ema,
        .first = o->steps == 1,
    };
    for (int group = 0; group < YT_PARAM_GROUPS; group++) step_group(o, params, group, rates, pass);
    for (size_t i = params->trainable; i < params->total; i++)
        o->ema[i] = pass.ema * o->ema[i] + (1 - pass.ema) * params->value[i];
}
