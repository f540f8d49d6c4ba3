/* One row a key. The defaults are the reference trainer's, save augmentation, which has the values
 * that musicScanner trained DeepScoresV2 with. */
#include "config/settings.h"
#include "config/settings_table.h"

#include <math.h>
#include <string.h>

/* The type of a row is its field's, so the two cannot differ. */
#define KEY(field)                                                                                 \
#field,                                                                                        \
    _Generic(((struct yt_settings *)0)->field,                                                     \
        int: YT_SETTING_INT,                                                                       \
        double: YT_SETTING_FLOAT,                                                                  \
        bool: YT_SETTING_BOOL,                                                                     \
        char *: YT_SETTING_TEXT,                                                                   \
        const char *: YT_SETTING_CHOICE,                                                           \
        struct yt_int_list: YT_SETTING_INT_LIST),                                                  \
    offsetof(struct yt_settings, field)
#define RANGE(lo, hi) .min = (lo), .max = (hi)
#define ONE_OF(...)                                                                                \
    .choices = (const char *const[]) {                                                             \
        __VA_ARGS__, NULL                                                                          \
    }
#define WORDS(...)                                                                                 \
    .words = (const struct yt_setting_word[]) {                                                    \
        __VA_ARGS__, {                                                                             \
            NULL, 0                                                                                \
        }                                                                                          \
    }

enum { MANY = 1000000 };

static const struct yt_setting rows[] = {
    {KEY(project), "runs/detect", "run", .help = "folder that holds the runs"},
    {KEY(name), "none", "run",
     .help = "folder of this run in project; none: the command's name and a number"},
    {KEY(exist_ok), "false", "run", .help = "write into the run's folder though it is there"},
    {KEY(seed), "0", "run", .help = "of all random numbers; the same seed gives the same run",
     RANGE(0, INT32_MAX)},
    {KEY(threads), "auto", "run",
     .help = "threads that compute; auto: OMP_NUM_THREADS, else all cores", RANGE(1, 4096),
     WORDS({"auto", 0})},
    {KEY(workers), "auto", "run", .help = "threads that prepare batches", RANGE(0, 256),
     WORDS({"auto", -1})},
    {KEY(plots), "true", "run", .help = "draw curves and sample pictures"},
    {KEY(verbose), "true", "run", .help = "print the table of layers and of classes"},
    {KEY(compat), "none", "run",
     .help = "seed: labels and tiles rounded as musicScanner's scripts round them",
     ONE_OF("none", "seed")},

    {KEY(model), "auto", "model",
     .help = "scale of YOLOv10, as n or yolov10n; auto: that of weights, else n",
     ONE_OF("auto", "n", "s", "m", "b", "l", "x")},
    {KEY(weights), "none", "model",
     .help = "safetensors file to start from, whole or in part; none: random for train, the latest "
             "run's best for others"},
    {KEY(head), "one2one", "model",
     .help = "head that detections come from; both: report the two side by side",
     ONE_OF("one2one", "one2many", "both")},
    {KEY(imgsz), "640", "model",
     .help = "side of the model's input in pixels, rounded up to a multiple of 32",
     RANGE(32, 8192)},
    {KEY(max_det), "auto", "model",
     .help = "detections of one input at most; auto: 300, or three times as many as a tile of data "
             "has labels",
     RANGE(1, 100000), WORDS({"auto", 0})},
    {KEY(one_class_per_anchor), "false", "model",
     .help = "a place on the page gives one detection, its best class, instead of one a class"},
    {KEY(nms), "false", "model",
     .help = "suppress what overlaps in one input by more than iou also for the one-to-one head, "
             "which should not need it"},

    {KEY(data), "none", "data",
     .help = "a DeepScoresV2 folder, or a dataset YAML (path, train, val, test, names)"},
    {KEY(annotation_set), "deepscores", "data", .help = "which names of DeepScoresV2's categories",
     ONE_OF("deepscores", "muscima++")},
    {KEY(classes), "none", "data", .help = "numbers of the classes to keep, as 0,3,5; none: all"},
    {KEY(single_cls), "false", "data", .help = "treat all classes as one"},
    {KEY(o_bbox), "false", "data",
     .help = "boxes of beams, slurs and other slanted shapes follow DeepScoresV2's o_bbox when a "
             "sample is rotated"},
    {KEY(fraction), "1", "data", .help = "share of the training images that is used",
     RANGE(0.001, 1)},
    {KEY(split), "auto", "data",
     .help = "what stays together when data is split; file: its order; official: its own lists; "
             "auto: score for DeepScoresV2, official for others",
     ONE_OF("auto", "score", "page", "tile", "file", "official")},
    {KEY(val_fraction), "auto", "data",
     .help = "share for validation; auto: 0.15, or 0.2 with split=tile or file", RANGE(0, 0.9),
     WORDS({"auto", NAN})},
    {KEY(test_fraction), "auto", "data",
     .help = "share for testing; auto: the official test pages, or 0.1 with split=tile",
     RANGE(0, 0.9), WORDS({"auto", NAN})},
    {KEY(cache), "auto", "data", .help = "MiB of decoded pages kept in memory", RANGE(0, 1 << 24),
     WORDS({"auto", -1}, {"ram", -1}, {"true", -1}, {"false", -1})},

    {KEY(slice_size), "640", "slice",
     .help = "side of the tiles that pages are cut into; 0: pages stay whole", RANGE(0, 8192)},
    {KEY(overlap_height), "0.2", "slice",
     .help = "share of a tile's height that its neighbour repeats", RANGE(0, 0.95)},
    {KEY(overlap_width), "0.2", "slice",
     .help = "share of a tile's width that its neighbour repeats", RANGE(0, 0.95)},
    {KEY(min_area_ratio), "0.1", "slice",
     .help = "a label is kept where at least this share of it lies in the tile", RANGE(0, 1)},
    {KEY(empty), "0.05", "slice", .help = "share of the training tiles without labels that is kept",
     RANGE(0, 1)},
    {KEY(ignore_regions), "false", "slice",
     .help = "symbols of which too little is seen for a label are left out of loss and score, "
             "instead of counting as background"},

    {KEY(epochs), "100", "train", .help = "passes over the training images", RANGE(1, MANY)},
    {KEY(batch), "16", "train", .help = "images of one step", RANGE(1, 4096)},
    {KEY(time), "none", "train", .help = "hours for the whole run; epochs are planned to fit",
     RANGE(1e-4, MANY), .unit_s = 3600, WORDS({"none", NAN})},
    {KEY(session), "none", "train",
     .help = "hours until the run saves and pauses; resume= goes on as if it had not",
     RANGE(1e-4, MANY), .unit_s = 3600, WORDS({"none", NAN})},
    {KEY(state_period), "10", "train",
     .help = "minutes from one exact state on disk to the next; a run that is killed goes on there",
     RANGE(0, MANY), .unit_s = 60},
    {KEY(resume), "false", "train", .help = "go on with a run: true for the latest, or its folder"},
    {KEY(patience), "100", "train",
     .help = "epochs without a better result before training stops; 0: never", RANGE(0, MANY)},
    {KEY(optimizer), "auto", "train",
     .help = "auto chooses by the number of steps and sets lr0 and momentum itself",
     ONE_OF("auto", "SGD", "AdamW")},
    {KEY(lr0), "0.01", "train", .help = "learning rate at the start", RANGE(0, 10)},
    {KEY(lrf), "0.01", "train", .help = "learning rate at the end, as a share of lr0",
     RANGE(0, 10)},
    {KEY(momentum), "0.937", "train", .help = "momentum of SGD, first beta of AdamW",
     RANGE(0, 0.9999)},
    {KEY(weight_decay), "0.0005", "train", .help = "decay of the convolutions' weights",
     RANGE(0, 1)},
    {KEY(warmup_epochs), "3", "train", .help = "epochs over which rates rise to their values",
     RANGE(0, MANY)},
    {KEY(warmup_momentum), "0.8", "train", .help = "momentum of SGD at the first step",
     RANGE(0, 0.9999)},
    {KEY(warmup_bias_lr), "0.1", "train", .help = "learning rate of biases at the first step",
     RANGE(0, 10)},
    {KEY(cos_lr), "false", "train", .help = "cosine instead of linear schedule"},
    {KEY(nbs), "64", "train",
     .help = "images that gradients are gathered over before the optimizer steps", RANGE(1, MANY)},
    {KEY(box), "7.5", "train", .help = "weight of the box loss", RANGE(0, 1000)},
    {KEY(cls), "0.5", "train", .help = "weight of the class loss", RANGE(0, 1000)},
    {KEY(dfl), "1.5", "train", .help = "weight of the distribution focal loss", RANGE(0, 1000)},
    {KEY(assign_min_side), "0", "train",
     .help = "pixels that a label's sides are widened to where anchors are chosen for it; 0: off",
     RANGE(0, 8192)},
    {KEY(assign_fallback), "0", "train",
     .help = "score that the best anchor of every label learns at least; 0: off", RANGE(0, 1)},
    {KEY(clip), "10", "train", .help = "norm that gradients are scaled down to", RANGE(1e-6, 1e9)},
    {KEY(outlier), "20", "train",
     .help = "a step is left out whose gradient norm is above so many times the recent median; "
             "0: none is",
     RANGE(0, 1e9)},
    {KEY(ema_decay), "0.9999", "train",
     .help = "of the moving average of the weights, which is validated and saved", RANGE(0, 1)},
    {KEY(ema_tau), "2000", "train", .help = "steps over which ema_decay rises from 0",
     RANGE(1e-3, 1e9)},
    {KEY(shuffle), "true", "train", .help = "a new order of the images each epoch"},
    {KEY(val), "true", "train", .help = "validate during training"},
    {KEY(val_period), "1", "train", .help = "epochs from one validation to the next",
     RANGE(1, MANY)},
    {KEY(val_pages), "10", "train",
     .help = "epochs from one validation on whole pages to the next; 0: never", RANGE(0, MANY)},
    {KEY(save), "true", "train", .help = "save checkpoints and weights"},
    {KEY(save_period), "-1", "train",
     .help = "epochs between weights that are kept beside best and last; -1: none",
     RANGE(-1, MANY)},

    {KEY(hsv_h), "0.015", "augment", .help = "change of hue, as a share", RANGE(0, 1)},
    {KEY(hsv_s), "0.7", "augment", .help = "change of saturation, as a share", RANGE(0, 1)},
    {KEY(hsv_v), "0.4", "augment", .help = "change of brightness, as a share", RANGE(0, 1)},
    {KEY(degrees), "5", "augment", .help = "rotation to either side", RANGE(0, 180)},
    {KEY(rotate_p), "1", "augment", .help = "share of the samples that are rotated", RANGE(0, 1)},
    {KEY(translate), "0.1", "augment", .help = "shift to any side, as a share of the image",
     RANGE(0, 0.9)},
    {KEY(scale), "0.3", "augment", .help = "zoom in or out, as a share", RANGE(0, 0.99)},
    {KEY(label_min_side), "2", "augment",
     .help = "pixels; labels at most this wide or high in the input are dropped", RANGE(0, 8192)},
    {KEY(border), "114", "augment", .help = "grey of the ground that images are laid on",
     RANGE(0, 255)},

    {KEY(split_name), "val", "val", .help = "list that is validated",
     ONE_OF("train", "val", "test")},
    {KEY(conf), "none", "val",
     .help = "least score of a detection; none: 0.001 for val, 0.25 for predict", RANGE(0, 1),
     WORDS({"none", NAN})},
    {KEY(iou), "0.7", "val",
     .help = "overlap from which non-maximum suppression drops the weaker box", RANGE(0, 1)},
    {KEY(agnostic_nms), "false", "val",
     .help = "suppression and merging compare boxes of different classes too"},
    {KEY(save_json), "false", "val", .help = "write predictions.json"},
    {KEY(save_txt), "false", "val", .help = "write a txt of labels for each image, in predict"},

    {KEY(source), "none", "predict",
     .help = "image, folder, pattern or .txt list; none: the test pages of data"},
    {KEY(format), "auto", "predict",
     .help = "files to write, some of json, coco, obbanns, yolo, csv, mung, png, html with commas "
             "between them; auto: json, png with plots=true, yolo with save_txt=true"},
    {KEY(picture_scale), "1", "predict",
     .help = "size of format=png's pictures to the image's; larger ones have room for more labels",
     RANGE(0.05, 8)},

    {KEY(sliced), "auto", "pages",
     .help = "predict on tiles; auto: where the image is larger than a tile; val: true measures "
             "whole pages",
     ONE_OF("auto", "true", "false")},
    {KEY(preset), "none", "pages",
     .help = "conf, overlap and merging as in musicScanner's inference script or in its app; keys "
             "that are given win",
     ONE_OF("none", "seed-script", "seed-app")},
    {KEY(grid), "sahi", "pages",
     .help = "where tiles lie on a page; sahi: the last row and column pulled back to the edge; "
             "balanced: even distances",
     ONE_OF("sahi", "balanced")},
    {KEY(whole_pass), "false", "pages", .help = "look at the page as a whole too, made small"},
    {KEY(merge), "page", "pages",
     .help =
         "what neighbouring tiles both saw becomes one; page: the tile that sees a symbol whole "
         "wins, and long ones are stitched; nms, nmm, greedynmm: as SAHI does",
     ONE_OF("page", "nms", "nmm", "greedynmm")},
    {KEY(stitch), "default", "pages",
     .help = "with merge=page, classes that may be longer than a tile, which way they run, and the "
             "gap that pieces may have, in their own thickness: staff: horizontal 1, brace: "
             "vertical; default: the long symbols of DeepScoresV2; none",
     .is_map = true},
    {KEY(merge_metric), "auto", "pages",
     .help = "overlap that merge compares, over union or over the smaller box; auto: IOU for nms, "
             "IOS for nmm and greedynmm; page has its own",
     ONE_OF("auto", "IOU", "IOS")},
    {KEY(merge_threshold), "0.5", "pages", .help = "overlap from which merge takes two for one",
     RANGE(0.001, 1)},

    {KEY(nc), "136", "bench", .help = "classes of the model that is measured", RANGE(1, 100000)},
    {KEY(boxes), "100", "bench", .help = "labels an image in the batch that is measured",
     RANGE(0, 10000)},
    {KEY(steps), "auto", "bench", .help = "runs that are measured", RANGE(1, MANY),
     WORDS({"auto", 0})},
    {KEY(json), "none", "bench", .help = "file that receives the figures, a JSON object a line"},
    {KEY(lockstep), "false", "bench",
     .help = "run as often as each line of standard input says and answer with the milliseconds "
             "(peak: GFLOP/s), to measure several engines in turn"},
};

const struct yt_setting *yt_settings_rows(size_t *count) {
    *count = YT_COUNT(rows);
    return rows;
}

/* --- presets -------------------------------------------------------------------------------- */

/* musicScanner's yolo/inference.py and scanner/detection.py; what they leave to SAHI is spelled
 * out. */
static const struct yt_preset presets[] = {
    {"seed-script",
     {"conf=0.3", "overlap_height=0.2", "overlap_width=0.3", "slice_size=640", "sliced=true",
      "grid=sahi", "whole_pass=true", "merge=greedynmm", "merge_metric=IOS", "merge_threshold=0.5",
      "agnostic_nms=false"}},
    {"seed-app",
     {"conf=0.5", "overlap_height=0.2", "overlap_width=0.5", "slice_size=640", "sliced=true",
      "grid=sahi", "whole_pass=true", "merge=nmm", "merge_metric=IOS", "merge_threshold=0.1",
      "agnostic_nms=false"}},
};

const struct yt_preset *yt_settings_find_preset(const char *name) {
    for (size_t i = 0; i < YT_COUNT(presets); i++)
        if (!strcmp(presets[i].name, name)) return &presets[i];
    return NULL;
}

/* --- the keys of other trainers ------------------------------------------------------------- */

static const struct yt_refused refused[] = {
    {"flipud", "a page upside down is no music"},
    {"fliplr", "a mirrored clef, flat or stem is another sign"},
    {"shear", "slanted stems and bar lines are beams and hairpins"},
    {"perspective", "printed pages lie flat; boxes of thin signs would not hold them"},
    {"mosaic", "four pieces of pages side by side cut staffs where no edge is"},
    {"mixup", "two pages over each other are chords that nobody wrote"},
    {"copy_paste", "a sign means what it means by its place on the staff"},
    {"bgr", "pages have no colour whose order could matter"},
    {"multi_scale", "tiles keep the size of the staff that they were cut at; use scale="},
    {"freeze", "all layers are trained"},
    {"augment", "predictions are made once, on the image as it is"},
    {"cfg", "write the file's name alone, without cfg="},
};

const struct yt_refused *yt_settings_find_refused(const char *key) {
    for (size_t i = 0; i < YT_COUNT(refused); i++)
        if (!strcmp(refused[i].name, key)) return &refused[i];
    return NULL;
}

static const char *const unused[] = {
    /* of training and validation */
    "task", "mode", "device", "amp", "deterministic", "close_mosaic", "pretrained", "rect",
    "overlap_mask", "mask_ratio", "dropout", "label_smoothing", "pose", "kobj", "profile", "half",
    "dnn", "save_hybrid", "crop_fraction", "auto_augment", "erasing", "tracker", "save_dir",
    /* of prediction */
    "vid_stride", "stream_buffer", "visualize", "retina_masks", "embed", "show", "save_frames",
    "save_conf", "save_crop", "show_labels", "show_conf", "show_boxes", "line_width",
    /* of export */
    "keras", "optimize", "int8", "dynamic", "simplify", "opset", "workspace"};

bool yt_settings_is_unused(const char *key) {
    for (size_t i = 0; i < YT_COUNT(unused); i++)
        if (!strcmp(unused[i], key)) return true;
    return false;
}
