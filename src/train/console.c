#include "train/console.h"

#include "base/meter.h"

#include <stdio.h>

#define LIVE_EVERY_S 0.2
#define LINE_EVERY_S 30

void yt_console_init(struct yt_console *console) {
    *console = (struct yt_console){0};
    yt_live_init(&console->live);
}

void yt_console_epoch(struct yt_console *console) {
    console->epoch_start = console->last_line = yt_now();
    console->images = console->waited_s = 0;
    yt_info("\n%11s %8s %8s %8s %8s %8s %8s %8s %9s %5s %7s %6s  %s", "Epoch", "Mem",
            yt_item_names[0], yt_item_names[1], yt_item_names[2], yt_item_names[3],
            yt_item_names[4], yt_item_names[5], "Instances", "Size", "img/s", "wait", "left");
}

void yt_console_batch(struct yt_console *console, int epoch, int epochs, int batch, int batches,
                      const struct yt_batch *data, const double items[YT_ITEMS]) {
    double now = yt_now();
    console->images += data->n;
    console->waited_s += data->waited_s;
    double every_s = console->live.is_live ? LIVE_EVERY_S : LINE_EVERY_S;
    if (!data->is_last && now - console->last_line < every_s) return;
    console->last_line = now;
    double elapsed = now - console->epoch_start, rate = console->images / elapsed;
    double done = epoch + (batch + 1.0) / batches;
    char left[32], line[256];
    console->left_s = (epochs - done) * batches * data->n / rate;
    yt_time_text(console->left_s, left);
    snprintf(line, sizeof line,
             "%6d/%-4d %7.2fG %8.4g %8.4g %8.4g %8.4g %8.4g %8.4g %9d %5d %7.2f %5.1f%%  %s, batch "
             "%d/%d",
             epoch + 1, epochs, (double)yt_resident_bytes() / (1u << 30), items[0], items[1],
             items[2], items[3], items[4], items[5], data->target_count, data->w, rate,
             100 * console->waited_s / elapsed, left, batch + 1, batches);
    if (console->live.is_live && !data->is_last) {
        yt_live_show(&console->live, line);
        return;
    }
    yt_live_hide(&console->live);
    yt_info("%s", line);
}

void yt_console_hide(struct yt_console *console) {
    yt_live_hide(&console->live);
}
