/* A trained run as what val and predict start from. */
#ifndef YT_CLI_ADOPT_H
#define YT_CLI_ADOPT_H

#include "config/settings.h"
#include "infer/detector.h"

/* Without weights=, sets it to the best weights of the latest run in project=. Where the weights
 * lie in a run's folder, takes over from its args.yaml those of `keys` (NULL-terminated) that the
 * user did not set. -1 + yt_fail when there is no run, or its args.yaml cannot be read. */
int yt_cli_adopt_run(struct yt_settings *settings, const char *const *keys);

/* Opens weights= and says what they are; imgsz, where nobody set it, becomes the model's. NULL +
 * yt_fail. */
struct yt_model *yt_cli_open_model(struct yt_settings *settings);

/* How one_class_per_anchor=, nms= and iou= say that a head is read. */
struct yt_reading yt_cli_reading(const struct yt_settings *settings, enum yt_head head);
/* A detector that is read as head= and yt_cli_reading say; with head=both, both are computed and
 * the one-to-one head is read. */
struct yt_detector *yt_cli_open_detector(const struct yt_settings *settings,
                                         const struct yt_model *model);

#endif
