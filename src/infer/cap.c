#include "infer/cap.h"

void yt_cap_add(struct yt_cap *cap, const char *image, size_t count) {
    if (!count) return;
    cap->total += count;
    cap->images++;
    if (count <= cap->most) return;
    cap->most = count;
    cap->worst = image;
}

void yt_cap_warn(const struct yt_cap *cap, int max_det) {
    if (!cap->total) return;
    yt_warn("%zu tiles on %zu images gave as many detections as max_det=%d allows (most: %s, %zu); "
            "weaker ones were not looked at: raise max_det=, or conf= if weak ones do not matter",
            cap->total, cap->images, max_det, cap->worst, cap->most);
}
