/* A trained run as what val and predict start from. */
#ifndef YT_CLI_ADOPT_H
#define YT_CLI_ADOPT_H

#include "config/settings.h"
#include "yolov10/model.h"

/* Without weights=, sets it to the best weights of the latest run in project=. Where the weights
 * lie in a run's folder, takes over from its args.yaml those of `keys` (NULL-terminated) that the
 * user did not set. -1 + yt_fail when there is no run, or its args.yaml cannot be read. */
int yt_cli_adopt_run(struct yt_settings *settings, const char *const *keys);

/* Opens weights= and says what they are; imgsz, where nobody set it, becomes the model's. NULL +
 * yt_fail. */
struct yt_model *yt_cli_open_model(struct yt_settings *settings);

#endif
