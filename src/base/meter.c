#include "base/meter.h"

#include <stdio.h>

#define LIVE_EVERY_S 0.2
#define LINE_EVERY_S 30

void yt_time_text(double seconds, char text[32]) {
    if (seconds >= 7200)
        snprintf(text, 32, "%.1f h", seconds / 3600);
    else if (seconds >= 60)
        snprintf(text, 32, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, 32, "%.0f s", seconds);
}

void yt_meter_start(struct yt_meter *meter, const char *what, size_t total) {
    *meter = (struct yt_meter){.what = what, .total = total};
    yt_live_init(&meter->live);
    meter->start = meter->last = yt_now();
}

void yt_meter_at(struct yt_meter *meter, size_t done) {
    bool is_live = meter->live.is_live;
    double now = yt_now();
    if (!done || done >= meter->total) return;
    if (now - meter->last < (is_live ? LIVE_EVERY_S : LINE_EVERY_S)) return;
    meter->last = now;
    char left[32], line[128];
    yt_time_text((now - meter->start) / (double)done * (double)(meter->total - done), left);
    snprintf(line, sizeof line, "%s: %zu/%zu, %s left", meter->what, done, meter->total, left);
    if (is_live)
        yt_live_show(&meter->live, line);
    else
        yt_info("%s", line);
}

void yt_meter_hide(struct yt_meter *meter) {
    yt_live_hide(&meter->live);
}
