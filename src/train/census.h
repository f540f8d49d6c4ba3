/* What the labels of a data set are like, class by class, before anything is trained: how many, how
 * large, how thin, and how many of them no anchor of the model can reach.
 *
 *     struct yt_census census;
 *     yt_census_init(&census, &source, &settings);
 *     yt_census_print(&census, &source.dataset);
 *     if (yt_census_write("stats.csv", &census, &source.dataset)) ...
 *     yt_census_release(&census);
 *
 * Sizes are of labels on their pages. Everything else is counted over the tiles of all lists, in
 * pixels of the model's input (imgsz=), without augmentation: `thin` are those whose shorter side
 * is below the finest stride, 8 px; `unreached` those that hold no anchor's centre
 * (yolov10/assign.h), which YOLOv10 as published cannot learn as they lie; `left` those of them
 * that the settings' assign_min_side= and assign_fallback= leave.
 */
#ifndef YT_TRAIN_CENSUS_H
#define YT_TRAIN_CENSUS_H

#include "config/settings.h"
#include "train/source.h"

struct yt_census_class {
    size_t labels, pages; /* on pages; pages that have one */
    double width, height; /* medians, pixels of the page */
    size_t seen;          /* in tiles: a label seen by two tiles counts twice */
    size_t thin, unreached, left;
};

struct yt_census {
    struct yt_census_class *classes; /* as the data set's */
    int nc;
    struct yt_census_class all;
    size_t tiles, empty; /* tiles; of them without labels */
    size_t most;         /* labels in one tile */
};

void yt_census_init(struct yt_census *census, const struct yt_source *source,
                    const struct yt_settings *settings);
void yt_census_release(struct yt_census *census);

/* A row a class that has labels, most labels first; what follows for the settings. */
void yt_census_print(const struct yt_census *census, const struct yt_dataset *dataset,
                     bool per_class);
/* All classes; whole or absent; -1 + yt_fail. */
int yt_census_write(const char *path, const struct yt_census *census,
                    const struct yt_dataset *dataset);

#endif
