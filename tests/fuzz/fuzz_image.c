/* An image of any kind that is read, grey and in colour. */
#include "fuzz/fuzz.h"

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int w, h, c;
    fuzz_file("image", data, size);
    if (yt_image_probe("image", &w, &h, &c) || (long)w * h > 1 << 20) return 0;
    for (int channels = 1; channels <= 3; channels += 2)
        yt_image_free(yt_image_read("image", channels));
    return 0;
}
