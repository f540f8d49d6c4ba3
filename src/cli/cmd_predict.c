/* yt predict: what is on these images. */
#include "base/file.h"
#include "base/meter.h"
#include "base/threads.h"
#include "cli/adopt.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "data/dataset.h"
#include "infer/cap.h"
#include "output/output.h"
#include "train/page_options.h"
#include "train/runs.h"

#include <stdlib.h>
#include <string.h>

/* Pages are to look as they did in training; the data gives the default source. */
static const char *const run_keys[] = {"data",       "annotation_set",       "imgsz",
                                       "slice_size", "one_class_per_anchor", NULL};

struct predict {
    const struct yt_settings *settings;
    const struct yt_model *model;
    struct yt_categories categories;
    struct yt_predictor *predictor;
    struct yt_output output;
    struct yt_paths paths;
    long *ids;    /* of the images in data=; NULL where they are not from there */
    char *folder; /* the run's */
    int max_det;
    struct yt_meter meter;
    size_t done, unreadable;
    struct yt_cap cap;
    /* Seconds of all images: reading; as in yt_prediction; drawing and writing. */
    double read_s, prepare_s, infer_s, merge_s, write_s;
};

/* --- which images ---------------------------------------------------------------------------- */

static size_t add_pages(struct predict *p, const struct yt_dataset *dataset, enum yt_part part) {
    struct yt_paths *paths = &p->paths;
    for (size_t i = 0; i < dataset->page_count; i++) {
        if (dataset->pages[i].part != part) continue;
        p->ids[paths->count] = dataset->pages[i].id;
        yt_paths_add(paths, dataset->pages[i].path);
    }
    return paths->count;
}

/* The test pages of data=, or, where it has none, the validation pages. */
static int find_test_pages(struct predict *p, const struct yt_settings *settings) {
    if (!settings->data)
        return yt_fail("source: none given, and there is no data= whose test pages it could be; "
                       "name an image or a folder with source=");
    struct yt_dataset dataset;
    struct yt_dataset_options options = {.annotation_set = settings->annotation_set};
    if (yt_dataset_open(&dataset, settings->data, &options)) return -1;
    int failed = 0;
    p->ids = yt_calloc(dataset.page_count, sizeof *p->ids);
    if (!add_pages(p, &dataset, YT_TEST) && !add_pages(p, &dataset, YT_VAL))
        failed = yt_fail("%s: has neither test nor validation pages; name images with source=",
                         settings->data);
    yt_dataset_release(&dataset);
    return failed;
}

static int find_images(struct predict *p, const struct yt_settings *settings) {
    if (!settings->source) return find_test_pages(p, settings);
    return yt_paths_find(&p->paths, settings->source, yt_image_suffixes, false);
}

/* The name of the i-th image without its ending, to free; with a number behind it where an image
 * before it, from another folder, has the same. */
static char *output_stem(const struct yt_paths *paths, size_t i) {
    char *stem = yt_path_stem(paths->items[i]);
    int same = 1;
    for (size_t k = 0; k < i; k++) {
        char *other = yt_path_stem(paths->items[k]);
        same += !strcmp(stem, other);
        free(other);
    }
    if (same == 1) return stem;
    char *numbered = yt_format("%s-%d", stem, same);
    free(stem);
    return numbered;
}

/* --- one image ------------------------------------------------------------------------------- */

static void say(const struct predict *p, const char *path, const struct yt_image *image,
                const struct yt_prediction *found, double seconds) {
    if (p->meter.live.is_live) return;
    char windows[64] = "";
    if (found->windows > 1)
        snprintf(windows, sizeof windows, ", %d tiles (%d blank)", found->windows, found->blank);
    yt_info("%s: %dx%d%s, %zu detections, %.0f ms", path, image->w, image->h, windows, found->count,
            1e3 * seconds);
}

static int write_results(struct predict *p, size_t i, const struct yt_image *image,
                         const struct yt_prediction *found) {
    char *stem = output_stem(&p->paths, i);
    struct yt_output_page page = {
        .path = p->paths.items[i],
        .stem = stem,
        .id = p->ids ? p->ids[i] : (long)i + 1,
        .image = image,
        .detections = found->detections,
        .count = found->count,
    };
    int failed = yt_output_add(&p->output, page);
    free(stem);
    return failed;
}

/* -1 + yt_fail only on what concerns all images: memory, the disk. */
static int predict_image(struct predict *p, size_t i) {
    const char *path = p->paths.items[i];
    double start = yt_now();
    struct yt_image *image = yt_image_read(path, 0);
    if (!image) {
        yt_meter_hide(&p->meter);
        yt_warn("%s", yt_error());
        p->unreadable++;
        return 0;
    }
    double ready = yt_now();
    struct yt_prediction found;
    int failed = yt_predict(p->predictor, image, &found);
    double predicted = yt_now();
    if (!failed) {
        say(p, path, image, &found, predicted - ready);
        yt_cap_add(&p->cap, yt_path_name(path), (size_t)found.capped);
        failed = write_results(p, i, image, &found);
        p->done++;
        p->read_s += ready - start;
        p->prepare_s += found.prepare_s;
        p->infer_s += found.infer_s;
        p->merge_s += found.merge_s;
        p->write_s += yt_now() - predicted;
    }
    yt_image_free(image);
    return failed;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void report(const struct predict *p, const char *files) {
    yt_info("%zu images, %zu detections%s", p->done, p->output.detections,
            yt_interrupted() ? "; interrupted, what was done is whole" : "");
    if (p->done) {
        double per_image = 1e3 / (double)p->done;
        yt_info("Speed: %.1f ms reading, %.1f ms preprocess, %.1f ms inference, %.1f ms "
                "postprocess, %.1f ms writing an image",
                p->read_s * per_image, p->prepare_s * per_image, p->infer_s * per_image,
                p->merge_s * per_image, p->write_s * per_image);
    }
    yt_info("Results saved to %s (%s)", p->folder, files);
}

/* The words of format=; "auto" follows the keys that YOLO trainers have for it. To free. */
static char *formats_of(const struct yt_settings *settings) {
    if (strcmp(settings->format, "auto")) return yt_strdup(settings->format);
    return yt_format("json%s%s", settings->plots ? ",png" : "", settings->save_txt ? ",yolo" : "");
}

static int predict_all(struct predict *p) {
    struct yt_output_options options = {&p->categories, p->settings->annotation_set,
                                        p->settings->picture_scale};
    struct yt_str files = {0};
    char *formats = formats_of(p->settings);
    int failed = yt_output_open(&p->output, p->folder, formats, &options);
    free(formats);
    if (failed) return YT_EXIT_DATA;
    yt_output_describe(&p->output, &files);
    yt_meter_start(&p->meter, "predict", p->paths.count);
    for (size_t i = 0; i < p->paths.count && !failed && !yt_interrupted(); i++) {
        failed = predict_image(p, i);
        yt_meter_at(&p->meter, i + 1);
    }
    yt_meter_hide(&p->meter);
    yt_cap_warn(&p->cap, p->max_det);
    if (failed)
        yt_output_abandon(&p->output);
    else
        failed = yt_output_close(&p->output);
    if (!failed) report(p, files.s);
    yt_str_release(&files);
    if (failed) return YT_EXIT_DATA;
    if (yt_interrupted()) return YT_EXIT_SIGNAL + yt_interrupted();
    if (!p->unreadable) return YT_EXIT_OK;
    yt_fail("%zu of %zu images could not be read; see the warnings", p->unreadable, p->paths.count);
    return YT_EXIT_DATA;
}

/* One flag a class for classes=; NULL + yt_fail for a class that the model has not. */
static bool *wanted_classes(const struct yt_settings *settings, const struct yt_model *model) {
    bool *wanted = yt_calloc((size_t)model->nc, sizeof *wanted);
    for (int i = 0; i < model->nc; i++) wanted[i] = !settings->classes.count;
    for (size_t i = 0; i < settings->classes.count; i++) {
        int cls = settings->classes.items[i];
        if (cls >= model->nc) {
            free(wanted);
            return yt_fail_null("classes: %d: %s has classes 0 to %d", cls, settings->weights,
                                model->nc - 1);
        }
        wanted[cls] = true;
    }
    return wanted;
}

static int predict_pages(struct predict *p, const struct yt_predict_options *options) {
    const struct yt_settings *settings = p->settings;
    struct yt_detector *detector = yt_cli_open_detector(settings, p->model);
    p->predictor = yt_predictor_new(detector, options);
    int status = YT_EXIT_USAGE;
    if (!find_images(p, settings)) {
        const char *name = settings->name ? settings->name : "predict";
        p->folder = yt_run_create(settings->project, name, settings->exist_ok);
        status = p->folder ? predict_all(p) : YT_EXIT_DATA;
    }
    yt_predictor_free(p->predictor);
    yt_detector_free(detector);
    yt_paths_release(&p->paths);
    free(p->ids);
    free(p->folder);
    return status;
}

static void say_max_det(const struct predict *p) {
    int most = p->model->most_labels;
    if (p->settings->max_det) return;
    if (most)
        yt_info("max_det: %d (auto: a tile of the training data has up to %d labels)", p->max_det,
                most);
    else
        yt_info("max_det: %d (auto: the weights do not say how many labels their data has)",
                p->max_det);
}

static int predict_with(const struct yt_settings *settings, const struct yt_model *model) {
    struct predict p = {
        .settings = settings,
        .model = model,
        .max_det = yt_max_det(settings, model->most_labels),
        .categories = {(const char *const *)model->names, model->category_ids, (size_t)model->nc},
    };
    struct yt_page_options pages;
    if (yt_page_options_init(&pages, settings, p.categories.names, model->nc, 0.25f, p.max_det))
        return YT_EXIT_USAGE;
    say_max_det(&p);
    bool *wanted = wanted_classes(settings, model);
    pages.predict.classes = wanted;
    int status = wanted ? predict_pages(&p, &pages.predict) : YT_EXIT_USAGE;
    free(wanted);
    yt_page_options_release(&pages);
    return status;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    yt_threads_set(settings.threads);
    yt_interrupt_watch();
    int status = YT_EXIT_USAGE;
    bool is_known = !strcmp(settings.format, "auto") || !yt_output_check(settings.format);
    if (is_known && !strcmp(settings.head, "both"))
        is_known = !yt_fail("head: both: only val compares the heads; one2one or one2many?");
    if (is_known && !yt_cli_adopt_run(&settings, run_keys)) {
        struct yt_model *model = yt_cli_open_model(&settings);
        status = model ? predict_with(&settings, model) : YT_EXIT_DATA;
        yt_model_free(model);
    }
    yt_settings_release(&settings);
    return status;
}

const struct yt_command yt_cmd_predict = {
    .name = "predict",
    .summary = "find symbols on images, write boxes and pictures",
    .about = "Detects on the images that source= names, whole or, where they are larger than "
             "slice_size=, on overlapping tiles, and writes the files that format= lists into "
             "project/name; by default predictions.json (boxes in pixels of the image, staff and "
             "position of each symbol) and a picture of each image. Without weights= it takes the "
             "best ones of the latest run in project=, without source= the test pages of that "
             "run's data. Images that cannot be read are named and counted; the exit code is then "
             "2.",
    .groups = (const char *const[]){"run", "model", "slice", "val", "predict", "pages", NULL},
    .run = run,
};
