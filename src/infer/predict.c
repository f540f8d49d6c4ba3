#include "infer/predict.h"
#include "eval/detections.h"
#include "eval/merge.h"
#include "image/letterbox.h"
#include "image/slices.h"

#include <stdlib.h>
#include <string.h>

#define MODEL_STRIDE 32

/* Images that one window goes through on its way to the input: one of these a place in the batch,
 * so that windows can be prepared side by side. */
struct desk {
    struct yt_image *window; /* cut from the image */
    struct yt_image *fitted; /* the input; NULL where the window is that already */
};

/* How windows of one size get into the input. */
struct lens {
    int w, h, c; /* of the windows */
    struct yt_letterbox fit;
    struct desk *desks;
    int desk_count;
};

struct yt_predictor {
    struct yt_detector *detector;
    struct yt_predict_options options;
    struct yt_slices windows;
    struct lens tiles, whole; /* windows of one image are all of one size */
    struct yt_detection *raw; /* (batch, max_det) */
    int *counts;              /* batch */
    struct yt_detection *found;
    size_t found_cap;
};

static void lens_init(struct lens *lens, int desk_count) {
    lens->desk_count = desk_count;
    lens->desks = yt_calloc((size_t)desk_count, sizeof *lens->desks);
}

static void lens_clear(struct lens *lens) {
    for (int i = 0; i < lens->desk_count; i++) {
        yt_image_free(lens->desks[i].window);
        yt_image_free(lens->desks[i].fitted);
        lens->desks[i] = (struct desk){0};
    }
}

/* Gets ready for windows of w x h of `image`. */
static void lens_set(struct lens *lens, const struct yt_image *image, int w, int h, int imgsz) {
    lens->fit = yt_letterbox_fit(w, h, imgsz, imgsz, true, MODEL_STRIDE);
    if (w != lens->w || h != lens->h || image->c != lens->c) lens_clear(lens);
    lens->w = w, lens->h = h, lens->c = image->c;
}

struct yt_predictor *yt_predictor_new(struct yt_detector *detector,
                                      const struct yt_predict_options *options) {
    YT_ASSERT(options->batch > 0 && options->max_det > 0 && options->imgsz % MODEL_STRIDE == 0);
    struct yt_predictor *p = yt_calloc(1, sizeof *p);
    size_t batch = (size_t)options->batch;
    p->detector = detector;
    p->options = *options;
    lens_init(&p->tiles, options->batch);
    lens_init(&p->whole, 1);
    p->raw = yt_calloc(batch * (size_t)options->max_det, sizeof *p->raw);
    p->counts = yt_calloc(batch, sizeof *p->counts);
    return p;
}

void yt_predictor_free(struct yt_predictor *p) {
    if (!p) return;
    lens_clear(&p->tiles);
    lens_clear(&p->whole);
    free(p->tiles.desks);
    free(p->whole.desks);
    free(p->raw);
    free(p->counts);
    free(p->found);
    yt_slices_release(&p->windows);
    free(p);
}

static bool is_sliced(const struct yt_predict_options *options, const struct yt_image *image) {
    if (options->slice_size == 0 || options->sliced == YT_SLICED_NEVER) return false;
    if (options->sliced == YT_SLICED_ALWAYS) return true;
    return image->w > options->slice_size || image->h > options->slice_size;
}

/* Lays the windows and gets the lenses ready for them. */
static int plan(struct yt_predictor *p, const struct yt_image *image) {
    const struct yt_predict_options *o = &p->options;
    bool sliced = is_sliced(o, image);
    int slice_h = sliced ? o->slice_size : image->h, slice_w = sliced ? o->slice_size : image->w;
    int (*lay)(struct yt_slices *, int, int, int, int, double, double) =
        o->is_balanced ? yt_slices_balanced : yt_slices_grid;
    if (lay(&p->windows, image->h, image->w, slice_h, slice_w, o->overlap_h, o->overlap_w))
        return -1;
    struct yt_slice first = p->windows.items[0];
    lens_set(&p->tiles, image, first.x2 - first.x1, first.y2 - first.y1, o->imgsz);
    return 0;
}

/* Whether all pixels of the window are equal: empty paper, where there is nothing to find. */
static bool is_blank(const struct yt_image *image, struct yt_slice window) {
    size_t c = (size_t)image->c, stride = (size_t)image->w * c;
    size_t bytes = (size_t)(window.x2 - window.x1) * c;
    const uint8_t *first = image->data + (size_t)window.y1 * stride + (size_t)window.x1 * c;
    if (memcmp(first, first + c, bytes - c)) return false;
    for (int y = 1; y < window.y2 - window.y1; y++)
        if (memcmp(first, first + (size_t)y * stride, bytes)) return false;
    return true;
}

/* Moves the windows that are not blank to the front. */
static int skip_blank(struct yt_predictor *p, const struct yt_image *image) {
    int blank = 0;
    for (size_t i = 0; i < p->windows.count; i++)
        if (is_blank(image, p->windows.items[i]))
            blank++;
        else
            p->windows.items[i - (size_t)blank] = p->windows.items[i];
    p->windows.count -= (size_t)blank;
    return blank;
}

/* The pixels of a window as the network sees them. */
static void prepare(const struct lens *lens, struct desk *desk, const struct yt_image *image,
                    struct yt_slice window, float *input) {
    const struct yt_letterbox *fit = &lens->fit;
    const struct yt_image *source = image;
    if (lens->w != image->w || lens->h != image->h) {
        if (!desk->window) desk->window = yt_image_new(lens->w, lens->h, image->c);
        yt_image_crop_into(image, window.x1, window.y1, desk->window);
        source = desk->window;
    }
    if (fit->out_w != fit->source_w || fit->out_h != fit->source_h) {
        if (!desk->fitted) desk->fitted = yt_image_new(fit->out_w, fit->out_h, image->c);
        yt_letterbox_apply(fit, source, desk->fitted, YT_LETTERBOX_BORDER);
        source = desk->fitted;
    }
    yt_image_to_floats(source, input);
}

static bool is_wanted(const struct yt_predict_options *o, const struct yt_detection *detection) {
    return detection->score > o->conf && (!o->classes || o->classes[detection->cls]);
}

/* Takes one window's detections over, in pixels of the image. */
static void collect(struct yt_predictor *p, int i, const struct yt_letterbox *fit,
                    struct yt_slice window, struct yt_prediction *out) {
    int max_det = p->options.max_det;
    const struct yt_detection *raw = p->raw + (size_t)i * (size_t)max_det;
    p->found =
        yt_grow(p->found, &p->found_cap, out->count + (size_t)p->counts[i], sizeof *p->found);
    for (int k = 0; k < p->counts[i]; k++) {
        struct yt_box box = yt_letterbox_to_source(fit, raw[k].box);
        bool has_area = box.x1 < box.x2 && box.y1 < box.y2; /* false for NaN */
        if (!has_area || !is_wanted(&p->options, &raw[k])) continue;
        box.x1 += (float)window.x1, box.x2 += (float)window.x1;
        box.y1 += (float)window.y1, box.y2 += (float)window.y1;
        p->found[out->count++] = (struct yt_detection){box, raw[k].score, raw[k].cls};
    }
    out->capped += p->counts[i] == max_det && raw[max_det - 1].score > p->options.conf;
}

static int run_batch(struct yt_predictor *p, struct lens *lens, const struct yt_image *image,
                     const struct yt_slice *windows, int n, struct yt_prediction *out) {
    double start = yt_now();
    const struct yt_letterbox *fit = &lens->fit;
    const struct yt_map *input = yt_detector_begin(p->detector, n, fit->out_h, fit->out_w);
    if (!input) return -1;
    size_t floats = (size_t)input->h * (size_t)input->w * (size_t)input->ld;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++)
        prepare(lens, &lens->desks[i], image, windows[i], input->p + (size_t)i * floats);
    double ready = yt_now();
    yt_detector_run(p->detector);
    double detected = yt_now();
    yt_detector_decode(p->detector, p->options.max_det, p->raw, p->counts);
    for (int i = 0; i < n; i++) collect(p, i, fit, windows[i], out);
    out->prepare_s += ready - start;
    out->infer_s += detected - ready;
    out->merge_s += yt_now() - detected;
    return 0;
}

static int run_tiles(struct yt_predictor *p, const struct yt_image *image,
                     struct yt_prediction *out) {
    for (size_t i = 0; i < p->windows.count;) {
        int n = YT_MIN(p->options.batch, (int)(p->windows.count - i));
        if (run_batch(p, &p->tiles, image, p->windows.items + i, n, out)) return -1;
        i += (size_t)n;
    }
    return 0;
}

static int run_whole(struct yt_predictor *p, const struct yt_image *image,
                     struct yt_prediction *out) {
    struct yt_slice all = {0, 0, image->w, image->h};
    lens_set(&p->whole, image, image->w, image->h, p->options.imgsz);
    return run_batch(p, &p->whole, image, &all, 1, out);
}

static void merge(struct yt_predictor *p, struct yt_prediction *out) {
    double start = yt_now();
    out->count = yt_merge(&p->options.merge, p->found, out->count);
    yt_detections_sort(p->found, out->count);
    out->merge_s += yt_now() - start;
}

int yt_predict(struct yt_predictor *p, const struct yt_image *image,
               struct yt_prediction *prediction) {
    struct yt_prediction out = {0};
    double start = yt_now();
    if (plan(p, image)) return -1;
    out.windows = (int)p->windows.count;
    out.blank = skip_blank(p, image);
    out.prepare_s = yt_now() - start;
    if (run_tiles(p, image, &out)) return -1;
    if (p->options.whole_pass && out.windows > 1 && run_whole(p, image, &out)) return -1;
    if (out.windows > 1) merge(p, &out);
    out.detections = p->found;
    *prediction = out;
    return 0;
}
