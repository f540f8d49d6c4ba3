/* yt stats: what a data set's labels are like. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/with_source.h"
#include "train/census.h"
#include "train/runs.h"

#include <stdlib.h>

static int write_census(const struct yt_settings *settings, const struct yt_census *census,
                        const struct yt_dataset *dataset) {
    char *folder = yt_run_create(settings->project, settings->name ? settings->name : "stats",
                                 settings->exist_ok);
    if (!folder) return -1;
    char *path = yt_path_join(folder, "stats.csv");
    int failed = yt_census_write(path, census, dataset);
    if (!failed) yt_info("Results saved to %s", path);
    free(path);
    free(folder);
    return failed;
}

static int stats(const struct yt_settings *settings, const struct yt_source *source) {
    struct yt_census census;
    yt_census_init(&census, source, settings);
    yt_census_print(&census, &source->dataset, settings->verbose);
    int failed = write_census(settings, &census, &source->dataset);
    yt_census_release(&census);
    return failed;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    return yt_cli_with_source(&settings, stats);
}

const struct yt_command yt_cmd_stats = {
    .name = "stats",
    .summary = "count labels, their sizes, and those that nothing can learn",
    .about =
        "Counts the labels of data= by class: how many, on how many pages, how large, how many "
        "are thin on the model's input, how many no anchor can reach, and how many a tile "
        "has. Writes stats.csv into project/name.",
    .groups = (const char *const[]){"run", "model", "data", "slice", "train", NULL},
    .run = run,
};
