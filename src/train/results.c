#include "train/results.h"

#include "base/file.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const columns[] = {
    "epoch",
    "train/box_om",
    "train/cls_om",
    "train/dfl_om",
    "train/box_oo",
    "train/cls_oo",
    "train/dfl_oo",
    "metrics/precision(B)",
    "metrics/recall(B)",
    "metrics/mAP50(B)",
    "metrics/mAP50-95(B)",
    "val/box_om",
    "val/cls_om",
    "val/dfl_om",
    "val/box_oo",
    "val/cls_oo",
    "val/dfl_oo",
    "lr/pg0",
    "lr/pg1",
    "lr/pg2",
};

double yt_round5(double x) {
    return nearbyint(x * 1e5) / 1e5;
}

static void add_numbers(struct yt_str *out, const double *values, int count) {
    for (int i = 0; i < count; i++) yt_str_add(out, ",%23.5g", values[i]);
}

int yt_results_keep_earlier(const char *path, int epoch, struct yt_str *out) {
    if (!yt_path_exists(path)) return 0;
    char *old = yt_file_read(path, 0, NULL), *rest = old;
    if (!old) return -1;
    for (char *line; (line = strsep(&rest, "\n"));) {
        int row = atoi(line);
        if (row > 0 && row < epoch) yt_str_add(out, "%s\n", line);
    }
    free(old);
    return 0;
}

int yt_results_append(const char *path, const struct yt_epoch_result *r) {
    struct yt_str text = {0};
    for (size_t i = 0; i < YT_COUNT(columns); i++)
        yt_str_add(&text, "%s%23s", i ? "," : "", columns[i]);
    yt_str_add(&text, "\n");
    if (yt_results_keep_earlier(path, r->epoch, &text) != 0) {
        yt_str_release(&text);
        return -1;
    }
    yt_str_add(&text, "%23d", r->epoch);
    add_numbers(&text, r->items, YT_ITEMS);
    add_numbers(&text, r->metrics, 4);
    add_numbers(&text, r->val_items, YT_ITEMS);
    add_numbers(&text, r->lr, YT_PARAM_GROUPS);
    yt_str_add(&text, "\n");
    int result = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return result;
}
