/* yt audit: whether validation measures what it should. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/with_source.h"
#include "data/audit.h"
#include "data/twins.h"

#include <stdlib.h>

static void audit_split(const struct yt_source *source) {
    const struct yt_dataset *dataset = &source->dataset;
    yt_info("pages: %zu of %u scores; tiles: %zu train, %zu val, %zu test", dataset->page_count,
            dataset->score_count, source->split.count[YT_TRAIN], source->split.count[YT_VAL],
            source->split.count[YT_TEST]);
    for (int part = YT_VAL; part <= YT_TEST; part++) {
        struct yt_audit leaks;
        if (source->split.count[part] == 0) continue;
        yt_audit_run(&leaks, dataset, &source->tiles, &source->split, (enum yt_part)part);
        yt_audit_print(&leaks, (enum yt_part)part);
    }
}

static int audit_twins(const struct yt_dataset *dataset) {
    enum { SHOWN = 5 };
    long count;
    struct yt_twin *twins = yt_twins_find(dataset, &count);
    if (count < 0) return -1;
    if (count == 0) yt_info("files: no two pages are the same file");
    if (count > 0) yt_warn("%ld pages are copies of others:", count);
    for (long i = 0; i < YT_MIN(count, (long)SHOWN); i++) {
        const struct yt_page *a = &dataset->pages[twins[i].first];
        const struct yt_page *b = &dataset->pages[twins[i].second];
        yt_warn("  %s (%s) and %s (%s)", a->path, yt_part_names[a->part], b->path,
                yt_part_names[b->part]);
    }
    free(twins);
    return 0;
}

static int audit(const struct yt_settings *settings, const struct yt_source *source) {
    (void)settings;
    audit_split(source);
    return audit_twins(&source->dataset);
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    return yt_cli_with_source(&settings, audit);
}

const struct yt_command yt_cmd_audit = {
    .name = "audit",
    .summary = "find what is wrong with a data set or its split",
    .about = "Reads data= as training does, names what is dropped and why, and says how many "
             "validation and test tiles overlap training tiles, share their page or their score, "
             "and which pages are the same file twice.",
    .groups = (const char *const[]){"data", "slice", "run", NULL},
    .run = run,
};
