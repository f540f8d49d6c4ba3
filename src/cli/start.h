/* The model that a training run, or the plan of one, starts with. */
#ifndef YT_CLI_START_H
#define YT_CLI_START_H

#include "config/settings.h"
#include "train/source.h"
#include "yolov10/model.h"

/* A model for the data set, with random weights, and those of the weights file over them. Says what
 * it is, and what was taken. *folded: the file's batch norms were. NULL + yt_fail. */
struct yt_model *yt_cli_start_model(const struct yt_settings *settings,
                                    const struct yt_source *source, bool *folded);

#endif
