/* A run of `yt val`: what its two ways of measuring, on tiles and on whole pages, share. For
 * cmd_val.c, val_tiles.c and val_pages.c. */
#ifndef YT_CLI_VAL_H
#define YT_CLI_VAL_H

#include "base/meter.h"
#include "config/settings.h"
#include "eval/metrics.h"
#include "eval/outcomes.h"
#include "output/output.h"
#include "report/inspection.h"
#include "train/source.h"
#include "yolov10/model.h"

struct yt_val {
    const struct yt_settings *settings;
    const struct yt_source *source;
    const struct yt_model *model;
    enum yt_part part;
    const char **names; /* of the data set's classes */
    int *ids;
    struct yt_categories categories;
    char *folder; /* the run's */
    int max_det;
    float conf; /* of detections that are written, and of whole pages */
    struct yt_meter meter;
    struct yt_outcomes outcomes;
    struct yt_output output; /* with save_json */
    /* of tiles */
    struct yt_detection *kept;        /* max_det: those of a tile that are written */
    struct yt_inspection *inspection; /* with plots */
    size_t *capped;                   /* tiles of each page that gave max_det detections */
};

/* Both return 0; 1 when a signal stopped them; -1 + yt_fail. */
int yt_val_tiles(struct yt_val *val);
int yt_val_pages(struct yt_val *val);

/* --- for both ------------------------------------------------------------------------------- */

bool yt_val_is_both(const struct yt_val *val); /* head=both */
/* A callback: how far it is; false after a signal. `user` is the struct yt_val. */
bool yt_val_progress(void *user, int done, int all);
int yt_val_write_outcomes(const struct yt_val *val, const char *unit);
/* metrics<suffix>.json and per_class<suffix>.csv. */
int yt_val_write_scores(const struct yt_val *val, const struct yt_scores *scores,
                        const char *suffix);

#endif
