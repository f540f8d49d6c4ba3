#include "base/meter.h"

#include <stdio.h>
#include <unistd.h>

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
    *meter = (struct yt_meter){.what = what, .total = total, .is_live = isatty(STDOUT_FILENO)};
    meter->start = meter->last = yt_now();
}

void yt_meter_at(struct yt_meter *meter, size_t done) {
    double now = yt_now();
    if (!done || done >= meter->total ||
        now - meter->last < (meter->is_live ? LIVE_EVERY_S : LINE_EVERY_S))
        return;
    meter->last = now;
    char left[32];
    yt_time_text((now - meter->start) / (double)done * (double)(meter->total - done), left);
    printf("%s%s: %zu/%zu, %s left%s", meter->is_live ? "\r" : "", meter->what, done, meter->total,
           left, meter->is_live ? "\033[K" : "\n");
    fflush(stdout);
    meter->is_shown = meter->is_live;
}

void yt_meter_hide(struct yt_meter *meter) {
    if (!meter->is_shown) return;
    printf("\r\033[K");
    fflush(stdout);
    meter->is_shown = false;
}
