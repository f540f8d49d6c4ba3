/* Every key that yt knows, in one flat struct and one table (settings_table.c): a key is a field
 * here and a row there, and its type is the field's.
 *
 *     struct yt_settings settings;
 *     yt_settings_init(&settings);                                       // the defaults
 *     if (yt_settings_load(&settings, "configs/dsv2.yaml")) return -1;   // "path:line: key: why"
 *     if (yt_settings_set(&settings, "epochs=20")) return -1;            // "command line: ..."
 *     if (yt_settings_check(&settings)) return -1;                       // keys that must agree
 *     train(settings.epochs, settings.lr0);
 *     yt_settings_write(&settings, "runs/detect/train/args.yaml");
 *     yt_settings_release(&settings);
 *
 * Values are written as in YAML: numbers, true/false (yes/no, on/off, 1/0), words. Empty, null,
 * None and ~ unset a key that may be unset; they are wrong for others. The files of Ultralytics'
 * trainers are accepted: keys of theirs that yt has no use for are collected in `unused`, for cli
 * to name in one line; keys that would change what music means (flips, mosaic, ...) must be 0.
 * A later value replaces an earlier one. Unknown keys, wrong types and values out of range fail.
 *
 * Fields: int, bool; double (NAN: unset); char * (owned, NULL: unset); const char * for one of a
 * few words, in the spelling of the table: compare with strcmp. */
#ifndef YT_CONFIG_SETTINGS_H
#define YT_CONFIG_SETTINGS_H

#include "base/base.h"
#include "base/str.h"

struct yt_int_list {
    int *items;
    size_t count;
};

struct yt_settings {
    /* run */
    char *project, *name; /* name NULL: the command's, with a number behind it */
    bool exist_ok;
    int seed, threads, workers; /* threads 0: all cores; workers -1: as many as it takes */
    bool plots, verbose;
    const char *compat; /* none seed */

    /* model */
    const char *model; /* auto n s m b l x */
    char *weights;
    const char *head; /* one2one one2many both */
    int imgsz;
    int max_det;
    bool one_class_per_anchor, nms;

    /* data */
    char *data;
    const char *annotation_set; /* deepscores muscima++ */
    struct yt_int_list classes; /* empty: all */
    bool single_cls, o_bbox;
    double fraction;
    const char *split;                  /* auto score page tile file official */
    double val_fraction, test_fraction; /* NAN: what `split` implies */
    int cache;                          /* MiB of decoded pages; -1: what memory allows */

    /* slice */
    int slice_size;
    double overlap_height, overlap_width;
    double min_area_ratio;
    double empty;
    bool ignore_regions;

    /* train */
    int epochs, batch, patience;
    double time, session;  /* hours; NAN: unlimited */
    double state_period;   /* minutes */
    char *resume;          /* NULL: no; "true": the latest run; else a run's folder or checkpoint */
    const char *optimizer; /* auto SGD AdamW */
    double lr0, lrf, momentum, weight_decay;
    double warmup_epochs, warmup_momentum, warmup_bias_lr;
    bool cos_lr;
    int nbs;
    double box, cls, dfl;
    double assign_min_side, assign_fallback;
    double clip;
    double outlier; /* 0: none */
    double ema_decay, ema_tau;
    bool shuffle, save, val;
    int save_period, val_period, val_pages; /* epochs; save_period -1, val_pages 0: never */

    /* augment */
    double hsv_h, hsv_s, hsv_v;
    double degrees, rotate_p, translate, scale;
    double label_min_side;
    int border;

    /* val */
    const char *split_name; /* train val test */
    bool save_json, save_txt;
    double conf; /* NAN: the command's own, 0.001 for val and 0.25 for predict */
    double iou;
    bool agnostic_nms;

    /* predict */
    char *source;
    char *format; /* auto, or words of output/output.h's table with commas between them */
    double picture_scale;

    /* pages */
    const char *sliced; /* auto true false */
    const char *preset; /* none seed-script seed-app */
    const char *grid;   /* sahi balanced */
    bool whole_pass;
    const char *merge;        /* page nms nmm greedynmm */
    char *stitch;             /* eval/stitch.h has the form */
    const char *merge_metric; /* auto IOU IOS */
    double merge_threshold;

    /* bench */
    int nc, boxes, steps; /* steps 0: what suits the measurement */
    char *json;
    bool lockstep;

    /* not keys */
    struct yt_str unused; /* "task, mode, device": keys met that yt has no use for */
    char **where;         /* a row each: "file:line" or "command line"; NULL: the default */
};

void yt_settings_init(struct yt_settings *settings);
void yt_settings_release(struct yt_settings *settings);
int yt_settings_load(struct yt_settings *settings, const char *path);
/* "key=value", from the command line. */
int yt_settings_set(struct yt_settings *settings, const char *assignment);
/* Sets the keys of preset=, rounds imgsz up to a multiple of 32 and checks what one key alone
 * cannot tell. */
int yt_settings_check(struct yt_settings *settings);
/* Takes those of `keys` (NULL-terminated, all known) over from `from` that were not set in
 * `settings`: what a run was trained with, where the user says nothing else. */
void yt_settings_inherit(struct yt_settings *settings, const struct yt_settings *from,
                         const char *const *keys);
/* All keys as YAML that yt_settings_load reads back to the same settings. */
int yt_settings_write(const struct yt_settings *settings, const char *path);

/* Where a key was set; NULL if it has its default. The key must exist. */
const char *yt_settings_where(const struct yt_settings *settings, const char *key);

/* --- the table, for help and manuals -------------------------------------------------------- */

enum yt_setting_type {
    YT_SETTING_INT,
    YT_SETTING_FLOAT,
    YT_SETTING_BOOL,
    YT_SETTING_TEXT,
    YT_SETTING_CHOICE,
    YT_SETTING_INT_LIST,
};
/* A word that stands for a number, or for NAN, which is "unset". */
struct yt_setting_word {
    const char *word;
    double value;
};
struct yt_setting {
    const char *name;
    enum yt_setting_type type;
    size_t offset;       /* in struct yt_settings */
    const char *initial; /* the default, as a user would write it */
    const char *group;
    const char *help;                    /* one line */
    double min, max;                     /* of numbers, inclusive */
    double unit_s;                       /* of times: seconds of its unit; 90min, 2h are read too */
    const char *const *choices;          /* of a choice, NULL-terminated */
    const struct yt_setting_word *words; /* of numbers, NULL-terminated, or NULL */
    bool is_map; /* of text: a section of a file becomes "key: value, key: value" */
};

/* The rows, the keys of a group one after the other. */
const struct yt_setting *yt_settings_rows(size_t *count);
const struct yt_setting *yt_settings_find(const char *name); /* or NULL */
/* Appends a row's present value as a user would write it. */
void yt_settings_show(const struct yt_settings *settings, const struct yt_setting *row,
                      struct yt_str *out);
/* Appends what a row accepts: "a number from 0 to 1, or none". */
void yt_setting_describe(const struct yt_setting *row, struct yt_str *out);

#endif
