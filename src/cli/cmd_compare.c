/* yt compare: which of two runs is better, and how sure that is. */
#include "base/file.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "eval/bootstrap.h"
#include "train/outcomes_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 200, SHOWN = 20 };

static int load(const char *run, struct yt_outcomes_file *file) {
    char *path = yt_path_join(run, "outcomes.safetensors");
    int failed = 0;
    if (!yt_path_exists(path))
        failed =
            yt_fail("%s: has no outcomes.safetensors; name the folder of a yt val, and measure "
                    "a run of yt train first: yt val weights=%s/weights/best.safetensors",
                    run, run);
    else
        failed = yt_outcomes_load(path, file);
    free(path);
    return failed;
}

/* --- what both measured -------------------------------------------------------------------------
 */

static int check_classes(const struct yt_outcomes_file *a, const struct yt_outcomes_file *b) {
    bool same = a->outcomes.nc == b->outcomes.nc;
    for (int i = 0; same && i < a->outcomes.nc; i++) same = !strcmp(a->classes[i], b->classes[i]);
    if (!same) return yt_fail("compare: the runs have different classes");
    if (strcmp(a->unit, b->unit) != 0)
        return yt_fail("compare: one run was measured on %s, the other on %s; measure both alike "
                       "(sliced=)",
                       a->unit, b->unit);
    return 0;
}

/* The pages that were measured: those with labels or detections. */
static bool *measured(const struct yt_outcomes *outcomes) {
    bool *pages = yt_calloc(outcomes->pages + 1, sizeof *pages);
    for (size_t i = 0; i < outcomes->truth_count; i++) pages[outcomes->truths[i].page] = true;
    for (size_t i = 0; i < outcomes->count; i++) pages[outcomes->items[i].page] = true;
    return pages;
}

static long find_page(const struct yt_outcomes_file *file, const bool *pages, const char *name) {
    for (uint32_t i = 0; i < file->outcomes.pages; i++)
        if (pages[i] && !strcmp(file->pages[i], name)) return i;
    return -1;
}

/* Keeps what is on pages of map[] >= 0, under the new number. */
static void renumber(struct yt_outcomes *outcomes, const long *map, uint32_t pages) {
    size_t kept = 0;
    for (size_t i = 0; i < outcomes->count; i++) {
        if (map[outcomes->items[i].page] < 0) continue;
        outcomes->items[kept] = outcomes->items[i];
        outcomes->items[kept++].page = (uint32_t)map[outcomes->items[i].page];
    }
    outcomes->count = kept;
    kept = 0;
    for (size_t i = 0; i < outcomes->truth_count; i++) {
        if (map[outcomes->truths[i].page] < 0) continue;
        outcomes->truths[kept] = outcomes->truths[i];
        outcomes->truths[kept++].page = (uint32_t)map[outcomes->truths[i].page];
    }
    outcomes->truth_count = kept;
    outcomes->pages = pages;
}

/* Reduces both to the pages that both measured. */
static int align(struct yt_outcomes_file *a, struct yt_outcomes_file *b) {
    bool *in_a = measured(&a->outcomes), *in_b = measured(&b->outcomes);
    long *map_a = yt_malloc((a->outcomes.pages + 1) * sizeof *map_a);
    long *map_b = yt_malloc((b->outcomes.pages + 1) * sizeof *map_b);
    uint32_t common = 0, only_a = 0, only_b = 0;
    for (uint32_t i = 0; i < b->outcomes.pages; i++) map_b[i] = -1;
    for (uint32_t i = 0; i < a->outcomes.pages; i++) {
        long other = in_a[i] ? find_page(b, in_b, a->pages[i]) : -1;
        map_a[i] = other < 0 ? -1 : (long)common;
        if (other >= 0) map_b[other] = common++;
        only_a += in_a[i] && other < 0;
    }
    for (uint32_t i = 0; i < b->outcomes.pages; i++) only_b += in_b[i] && map_b[i] < 0;
    renumber(&a->outcomes, map_a, common);
    renumber(&b->outcomes, map_b, common);
    free(in_a);
    free(in_b);
    free(map_a);
    free(map_b);
    if (!common) return yt_fail("compare: the runs have no page in common");
    if (only_a || only_b)
        yt_warn("%u pages of A and %u of B are left out: the other run was not measured on them",
                only_a, only_b);
    return 0;
}

/* --- the answer ---------------------------------------------------------------------------------
 */

static void print_run(char letter, const char *run, const struct yt_outcomes_file *file) {
    yt_info("%c: %s: %s on %s of %s (%s)", letter, run, file->weights, file->unit, file->data,
            file->split);
}

static bool is_sure(const struct yt_difference *d) {
    return d->low > 0 || d->high < 0;
}

static void print_difference(const char *name, const struct yt_difference *d) {
    yt_info("%28s %8.4f %8.4f %+8.4f   %+.4f .. %+.4f %s", name, d->a, d->b, d->b - d->a, d->low,
            d->high, is_sure(d) ? "*" : "");
}

struct ranked {
    double change;
    int cls;
};

static int most_changed_first(const void *a, const void *b) {
    const struct ranked *p = a, *q = b;
    if (p->change != q->change) return p->change > q->change ? -1 : 1;
    return p->cls - q->cls;
}

static void print_classes(const struct yt_comparison *comparison,
                          const struct yt_outcomes_file *a) {
    struct ranked *ranked = yt_calloc((size_t)a->outcomes.nc + 1, sizeof *ranked);
    int count = 0;
    for (int c = 0; c < a->outcomes.nc; c++) {
        const struct yt_difference *d = &comparison->ap[c];
        if (!isnan(d->a)) ranked[count++] = (struct ranked){fabs(d->b - d->a), c};
    }
    qsort(ranked, (size_t)count, sizeof *ranked, most_changed_first);
    yt_info("\n%28s   the classes that changed most, AP50-95", "");
    for (int i = 0; i < YT_MIN(count, SHOWN); i++)
        print_difference(a->classes[ranked[i].cls], &comparison->ap[ranked[i].cls]);
    free(ranked);
}

static void print_comparison(const struct yt_comparison *comparison,
                             const struct yt_outcomes_file *a, bool with_classes) {
    yt_info("\n%28s %8s %8s %8s   %s", "", "A", "B", "B - A", "95 of 100 draws");
    print_difference("mAP50", &comparison->map50);
    print_difference("mAP50-95", &comparison->map);
    if (with_classes) print_classes(comparison, a);
    yt_info("\n%u pages, drawn anew %d times. B is above A in mAP50-95 in %.0f %% of the draws%s",
            a->outcomes.pages, DRAWS, 100 * comparison->better,
            is_sure(&comparison->map) ? "; * marks what chance does not explain"
                                      : ": the difference may be chance");
}

static int compare(const char *const runs[2], const struct yt_settings *settings) {
    struct yt_outcomes_file a, b;
    if (load(runs[0], &a)) return -1;
    int failed = load(runs[1], &b);
    if (!failed) {
        print_run('A', runs[0], &a);
        print_run('B', runs[1], &b);
        failed = check_classes(&a, &b) || align(&a, &b) ? -1 : 0;
        if (!failed) {
            struct yt_comparison comparison;
            yt_comparison_init(&comparison, &a.outcomes, &b.outcomes, DRAWS,
                               (uint64_t)settings->seed);
            print_comparison(&comparison, &a, settings->verbose);
            yt_comparison_release(&comparison);
        }
        yt_outcomes_file_release(&b);
    }
    yt_outcomes_file_release(&a);
    return failed;
}

static int run(int count, char **words) {
    if (count < 2 || strchr(words[0], '=') || strchr(words[1], '=')) {
        yt_fail("compare: name two folders of yt val: yt compare runs/detect/val runs/detect/val2");
        return YT_EXIT_USAGE;
    }
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count - 2, words + 2)) return YT_EXIT_USAGE;
    yt_threads_set(settings.threads);
    int status =
        compare((const char *const[]){words[0], words[1]}, &settings) ? YT_EXIT_DATA : YT_EXIT_OK;
    yt_settings_release(&settings);
    return status;
}

const struct yt_command yt_cmd_compare = {
    .name = "compare",
    .summary = "say which of two measured runs is better, and how sure that is",
    .arguments = " RUN_A RUN_B [verbose=false] [seed=N]",
    .about =
        "Compares two folders of yt val on the pages that both measured: mAP side by side, the "
        "classes that changed most, and for each difference the interval that holds 95 of 100 "
        "when pages are drawn anew. An interval that does not hold 0 is marked: that "
        "difference is not chance.",
    .run = run,
};
