/* Validation: the detector on every batch of a validation loader, its detections matched with the
 * labels. Training calls it after an epoch, `yt val` on its own.
 *
 *     struct yt_validation result;
 *     if (yt_validate(detector, loader, &options, &result)) return -1;
 *     ... result.scores.map, result.loss[0] ...
 *     yt_validation_release(&result);
 *
 * The reference's flow: the best max_det detections of a tile without a threshold or NMS; labels
 * and detections both taken back from the input to the pixels of the tile (image/letterbox.h).
 */
#ifndef YT_TRAIN_VALIDATE_H
#define YT_TRAIN_VALIDATE_H

#include "data/loader.h"
#include "eval/metrics.h"
#include "infer/detector.h"
#include "train/step.h"

/* One tile, in its pixels; lent during the call. Detections are sorted by descending score. */
struct yt_validated {
    uint32_t tile; /* index into the loader's tiles */
    const struct yt_detection *detections;
    size_t detection_count;
    const struct yt_detection *judged; /* of them, those that no ignore region excuses */
    size_t judged_count;
    const struct yt_label *labels;
    size_t label_count;
};

struct yt_validate_options {
    int max_det;
    /* A second reading of the same maps, scored in result.other; NULL: none. The detector must
     * compute its head. */
    const struct yt_reading *other;
    bool single_cls; /* whatever class a detection has, it is taken for class 0 */
    /* NULL: no loss is computed. Otherwise the detector must have both heads. */
    const struct yt_loss_gains *gains;
    /* Callbacks, with `user`; may be NULL. `progress` returns false to stop. */
    void (*tile)(void *user, const struct yt_validated *validated);
    bool (*progress)(void *user, int batches_done, int batches);
    void *user;
};

struct yt_validation {
    struct yt_scores scores, other; /* other: empty without options.other */
    float loss[YT_ITEMS];           /* means over the batches; 0 without gains */
    size_t images;
    size_t ignored; /* detections that ignore regions kept out of the scores (eval/ignore.h) */
    /* Seconds for all images: waiting for the loader and conversion; the network; decoding and
     * matching. */
    double prepare_s, infer_s, match_s;
};

/* Reads the loader to the end of its epoch: a stream without end serves one validation after
 * another. Returns 0; 1 when `progress` stopped it, and then there is nothing to release and the
 * loader stands somewhere in an epoch; -1 + yt_fail when an image cannot be read or a shape does
 * not fit in memory. */
int yt_validate(struct yt_detector *detector, struct yt_loader *loader,
                const struct yt_validate_options *options, struct yt_validation *result);
void yt_validation_release(struct yt_validation *result);

#endif
