#include "train/unlearnt.h"

#include "base/file.h"
#include "base/str.h"
#include "train/results.h"

#include <stdlib.h>
#include <string.h>

void yt_unlearnt_init(struct yt_unlearnt *u, int nc) {
    *u = (struct yt_unlearnt){nc, yt_calloc((size_t)nc, sizeof *u->classes)};
}

void yt_unlearnt_release(struct yt_unlearnt *u) {
    free(u->classes);
    *u = (struct yt_unlearnt){0};
}

void yt_unlearnt_clear(struct yt_unlearnt *u) {
    memset(u->classes, 0, (size_t)u->nc * sizeof *u->classes);
}

void yt_unlearnt_add(struct yt_unlearnt *u, const struct yt_step *step,
                     const struct yt_batch *batch) {
    for (int i = 0; i < batch->target_count; i++) {
        struct yt_unlearnt_class *c = &u->classes[batch->targets[i].cls];
        c->labels++;
        for (int head = 0; head < YT_HEADS; head++)
            if (step->loss[head].assigner.positives[i] == 0) c->without[head]++;
    }
}

/* --- the line of an epoch --- */

/* The class with most unlearnt labels of those not named yet; -1: none has any. */
static int worst(const struct yt_unlearnt *u, const bool *named) {
    int worst = -1;
    float most = 0;
    for (int c = 0; c < u->nc; c++) {
        float without = u->classes[c].without[YT_ONE2ONE];
        if (named[c] || without <= most) continue;
        worst = c;
        most = without;
    }
    return worst;
}

static void name_worst(const struct yt_unlearnt *u, char *const *names, struct yt_str *out) {
    enum { NAMED = 4 };
    bool *named = yt_calloc((size_t)u->nc, sizeof *named);
    for (int i = 0; i < NAMED; i++) {
        int cls = worst(u, named);
        if (cls < 0) break;
        named[cls] = true;
        const struct yt_unlearnt_class *c = &u->classes[cls];
        yt_str_add(out, "%s%s %.0f of %.0f", i ? ", " : "; most: ", names[cls],
                   (double)c->without[YT_ONE2ONE], (double)c->labels);
    }
    free(named);
}

void yt_unlearnt_print(const struct yt_unlearnt *u, char *const *names) {
    double labels = 0, without[YT_HEADS] = {0};
    for (int c = 0; c < u->nc; c++) {
        labels += (double)u->classes[c].labels;
        for (int head = 0; head < YT_HEADS; head++)
            without[head] += (double)u->classes[c].without[head];
    }
    struct yt_str classes = {0};
    name_worst(u, names, &classes);
    double share = 100 / YT_MAX(labels, 1);
    yt_info("labels that no anchor learns: %.0f of %.0f (%.1f %%) in the one-to-one head, %.0f "
            "(%.1f %%) in the one-to-many head%s",
            without[YT_ONE2ONE], labels, share * without[YT_ONE2ONE], without[YT_ONE2MANY],
            share * without[YT_ONE2MANY], classes.len ? classes.s : "");
    yt_str_release(&classes);
}

/* --- the file --- */

int yt_unlearnt_write(const char *path, int epoch, const struct yt_unlearnt *u,
                      char *const *names) {
    struct yt_str text = {0};
    yt_str_add(&text, "epoch,class,labels,unlearnt_om,unlearnt_oo\n");
    int failed = yt_results_keep_earlier(path, epoch, &text);
    for (int c = 0; c < u->nc && !failed; c++) {
        const struct yt_unlearnt_class *of = &u->classes[c];
        if (of->labels == 0) continue;
        yt_str_add(&text, "%d,", epoch);
        yt_str_csv_field(&text, names[c]);
        yt_str_add(&text, ",%.0f,%.0f,%.0f\n", (double)of->labels, (double)of->without[YT_ONE2MANY],
                   (double)of->without[YT_ONE2ONE]);
    }
    if (!failed) failed = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return failed;
}
