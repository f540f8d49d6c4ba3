/* Reader of DeepScoresV2's JSON (Tuggener et al., "The DeepScoresV2 Dataset and Benchmark for Music
 * Object Detection", ICPR 2020), as it stands in ds2_dense.tar.gz:
 *
 *     annotation_sets: ["deepscores", "muscima++"]
 *     categories:  {"1": {name, annotation_set}, "137": ...}
 *     images:      [{id, filename, width, height, ann_ids}, ...]
 *     annotations: {"0": {a_bbox: [x1, y1, x2, y2], cat_id: ["135", "208"], img_id: "0"}, ...}
 *
 * The sections may come in any order. The file is streamed: memory grows with the images and boxes,
 * not with the text. The categories of the annotation set, by ascending id, are the classes 0, 1,
 * ...: ids 1..136 of "deepscores" are 0..135. o_bbox (eight numbers) is read where options->o_bbox
 * asks for it (data/slant.h); area and comments are not. "legerLine", as
 * some releases have it, is read as "ledgerLine".
 */
#ifndef YT_DATA_DS2_H
#define YT_DATA_DS2_H

#include "data/dataset.h"

/* Appends the pages of the file json_path, whose images lie in images_dir, as `part`. The first
 * file sets the classes of the data set; a later one must have the same. -1 + yt_fail on JSON that
 * is cut or is not of this form, or when none of the pages could be read. */
int yt_ds2_read(struct yt_dataset *dataset, const char *json_path, const char *images_dir,
                const struct yt_dataset_options *options, enum yt_part part);

#endif
