/* yt slice: tiles and labels as files. */
#include "cli/cli.h"
#include "cli/with_source.h"
#include "data/slice.h"
#include "train/runs.h"

#include <stdlib.h>

static int write_tiles(const struct yt_settings *settings, const struct yt_source *source) {
    const char *name = settings->name ? settings->name : "slice";
    char *folder = yt_run_create(settings->project, name, settings->exist_ok);
    if (!folder) return -1;
    struct yt_slice_counts counts;
    yt_source_print(source, settings->data);
    int failed = yt_slice_write(folder, &source->dataset, &source->tiles, &source->split,
                                &source->tiling, &counts);
    if (!failed) {
        yt_info("%zu tiles, %zu of them with %zu labels", counts.images, counts.labelled,
                counts.labels);
        yt_info("Results saved to %s; train on them with data=%s/data.yaml", folder, folder);
    }
    free(folder);
    return failed;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    settings.sliced = "true"; /* whatever kind of data set it is */
    return yt_cli_with_source(&settings, write_tiles);
}

const struct yt_command yt_cmd_slice = {
    .name = "slice",
    .summary = "write tiles and their labels to disk",
    .about = "Cuts the pages of data= into tiles of slice_size= pixels and writes them with their "
             "labels, the lists of split= and a data set YAML into project/name. Training does "
             "not need this: it cuts its tiles from the pages in memory. compat=seed writes the "
             "labels of musicScanner's scripts, byte for byte.",
    .groups = (const char *const[]){"run", "data", "slice", NULL},
    .run = run,
};
