#include "tensor/params.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_FLOATS 16

struct yt_params *yt_params_new(void) {
    return yt_calloc(1, sizeof(struct yt_params));
}

void yt_params_free(struct yt_params *params) {
    if (!params) return;
    for (size_t i = 0; i < params->count; i++) {
        free(params->items[i].name);
        free(params->items[i].room);
    }
    free(params->items);
    free(params->value);
    free(params->grad);
    free(params);
}

int yt_params_find(const struct yt_params *params, const char *name) {
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->items[i].name, name) == 0) return (int)i;
    return -1;
}

int yt_params_add(struct yt_params *params, const char *name, enum yt_param_kind kind, int rank,
                  const int *shape) {
    YT_ASSERT(rank == 1 || rank == 4);
    int known = yt_params_find(params, name);
    if (known >= 0) {
        const struct yt_param *param = &params->items[known];
        YT_ASSERT(param->kind == kind && param->rank == rank);
        YT_ASSERT(memcmp(param->shape, shape, (size_t)rank * sizeof(int)) == 0);
        return known;
    }
    YT_ASSERT(!params->value);
    params->items =
        yt_grow(params->items, &params->cap, params->count + 1, sizeof(struct yt_param));
    struct yt_param *param = &params->items[params->count];
    *param = (struct yt_param){.name = yt_strdup(name), .kind = kind, .rank = rank, .count = 1};
    for (int i = 0; i < rank; i++) {
        param->shape[i] = shape[i];
        param->count *= (size_t)shape[i];
    }
    return (int)params->count++;
}

static float *aligned_zeros(size_t count) {
    size_t bytes = YT_MAX(count, ALIGN_FLOATS) * sizeof(float);
    float *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    YT_ASSERT(p);
    memset(p, 0, bytes);
    return p;
}

void yt_params_allocate(struct yt_params *params) {
    YT_ASSERT(!params->value);
    size_t at = 0;
    for (int kind = YT_PARAM_BIAS; kind <= YT_PARAM_BUFFER; kind++) {
        if (kind < YT_PARAM_GROUPS) params->group_begin[kind] = at;
        for (size_t i = 0; i < params->count; i++) {
            struct yt_param *param = &params->items[i];
            if ((int)param->kind != kind) continue;
            param->offset = at;
            at += (param->count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
        }
        if (kind < YT_PARAM_GROUPS) params->group_end[kind] = params->trainable = at;
    }
    params->total = at;
    params->value = aligned_zeros(params->total);
    params->grad = aligned_zeros(params->trainable);
}

float *yt_params_value(const struct yt_params *params, int index) {
    return params->value + params->items[index].offset;
}

float *yt_params_grad(const struct yt_params *params, int index) {
    const struct yt_param *param = &params->items[index];
    return param->kind == YT_PARAM_BUFFER ? NULL : params->grad + param->offset;
}

/* Where the taps of one filter and channel lie in PyTorch's order (o, i, y, x) and in ours, (y, x,
 * i, o). Dividing an element's index would take longer than reading it. */
struct taps {
    size_t torch, native, count, native_step;
};
static struct taps taps_at(const struct yt_param *param, size_t filter, size_t channel) {
    const size_t c_out = (size_t)param->shape[0], c_in = (size_t)param->shape[1];
    const size_t count = (size_t)param->shape[2] * (size_t)param->shape[3];
    return (struct taps){(filter * c_in + channel) * count, channel * c_out + filter, count,
                         c_in * c_out};
}

void yt_params_export(const struct yt_param *param, const float *array, float *out) {
    const float *value = array + param->offset;
    if (param->rank == 1) {
        memcpy(out, value, param->count * sizeof *out);
        return;
    }
    for (int o = 0; o < param->shape[0]; o++)
        for (int i = 0; i < param->shape[1]; i++) {
            const struct taps at = taps_at(param, (size_t)o, (size_t)i);
            for (size_t tap = 0; tap < at.count; tap++)
                out[at.torch + tap] = value[at.native + tap * at.native_step];
        }
}

void yt_params_import(const struct yt_param *param, float *array, const float *in) {
    float *value = array + param->offset;
    if (param->rank == 1) {
        memcpy(value, in, param->count * sizeof *in);
        return;
    }
    for (int o = 0; o < param->shape[0]; o++)
        for (int i = 0; i < param->shape[1]; i++) {
            const struct taps at = taps_at(param, (size_t)o, (size_t)i);
            for (size_t tap = 0; tap < at.count; tap++)
                value[at.native + tap * at.native_step] = in[at.torch + tap];
        }
}

size_t yt_params_elements(const struct yt_params *params, enum yt_param_kind kind) {
    size_t sum = 0;
    for (size_t i = 0; i < params->count; i++)
        if (params->items[i].kind == kind) sum += params->items[i].count;
    return sum;
}

float *yt_params_room(struct yt_params *params, int index, size_t floats) {
    struct yt_param *param = &params->items[index];
    if (param->room_floats < floats) {
        free(param->room);
        param->room = aligned_zeros(floats);
        param->room_floats = floats;
    }
    return param->room;
}
