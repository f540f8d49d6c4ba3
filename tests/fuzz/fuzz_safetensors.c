/* Weights and states: the header, the tensors, the checksums. */
#include "fuzz/fuzz.h"

#include "tensor/safetensors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_file("weights.safetensors", data, size);
    struct yt_safetensors *file = yt_safetensors_open("weights.safetensors");
    if (!file) return 0;
    for (size_t i = 0; i < yt_safetensors_count(file); i++) {
        const struct yt_tensor_info *info = yt_safetensors_at(file, i);
        float *values = malloc(info->count * sizeof(float) + 1);
        if (!values) abort();
        yt_safetensors_read(file, info, values);
        free(values);
    }
    yt_safetensors_metadata(file, "names");
    yt_safetensors_close(file);
    return 0;
}
