#include "bench/bench.h"

#include "base/rng.h"

#include <stdlib.h>

struct yt_batch yt_bench_noise(const struct yt_bench_options *o) {
    struct yt_rng rng = yt_rng_make(0, "bench", 0, 0);
    size_t bytes = (size_t)o->batch * (size_t)o->imgsz * (size_t)o->imgsz * 3;
    struct yt_batch batch = {
        .n = o->batch,
        .h = o->imgsz,
        .w = o->imgsz,
        .images = yt_malloc(bytes),
        .target_count = o->batch * o->boxes,
        .targets = yt_calloc((size_t)o->batch * (size_t)o->boxes + 1, sizeof(*batch.targets)),
    };
    for (size_t i = 0; i < bytes; i++) batch.images[i] = (uint8_t)yt_rng_next(&rng);
    for (int i = 0; i < batch.target_count; i++) {
        float w = (float)yt_rng_uniform(&rng, 4, 60) / (float)o->imgsz;
        float h = (float)yt_rng_uniform(&rng, 4, 60) / (float)o->imgsz;
        batch.targets[i] = (struct yt_target){
            .image = i / YT_MAX(o->boxes, 1),
            .cls = (int)yt_rng_below(&rng, (uint64_t)o->nc),
            .cx = (float)yt_rng_uniform(&rng, w / 2, 1 - w / 2),
            .cy = (float)yt_rng_uniform(&rng, h / 2, 1 - h / 2),
            .w = w,
            .h = h,
        };
    }
    return batch;
}

void yt_bench_noise_release(struct yt_batch *batch) {
    free(batch->images);
    free(batch->targets);
}
