#include "infer/predict.h"
#include "base/threads.h"
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
    struct yt_sightings seen;
    size_t seen_cap, window_of_cap, view_cap;
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
    free(p->seen.detections);
    free(p->seen.window_of);
    free(p->seen.windows);
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
static void collect(struct yt_predictor *p, int i, const struct yt_letterbox *fit, uint32_t window,
                    struct yt_prediction *out) {
    int max_det = p->options.max_det;
    const struct yt_detection *raw = p->raw + (size_t)i * (size_t)max_det;
    struct yt_sightings *seen = &p->seen;
    size_t room = seen->count + (size_t)p->counts[i];
    float x = seen->windows[window].x1, y = seen->windows[window].y1;
    seen->detections = yt_grow(seen->detections, &p->seen_cap, room, sizeof *seen->detections);
    seen->window_of = yt_grow(seen->window_of, &p->window_of_cap, room, sizeof *seen->window_of);
    for (int k = 0; k < p->counts[i]; k++) {
        struct yt_box box = yt_letterbox_to_source(fit, raw[k].box);
        bool has_area = box.x1 < box.x2 && box.y1 < box.y2; /* false for NaN */
        if (!has_area || !is_wanted(&p->options, &raw[k])) continue;
        box = (struct yt_box){box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y};
        seen->window_of[seen->count] = window;
        seen->detections[seen->count++] = (struct yt_detection){box, raw[k].score, raw[k].cls};
    }
    out->capped += p->counts[i] == max_det && raw[max_det - 1].score > p->options.conf;
}

static int run_batch(struct yt_predictor *p, struct lens *lens, const struct yt_image *image,
                     size_t first, int n, struct yt_prediction *out) {
    double start = yt_now();
    const struct yt_letterbox *fit = &lens->fit;
    const struct yt_map *input = yt_detector_begin(p->detector, n, fit->out_h, fit->out_w);
    if (!input) return -1;
    size_t floats = (size_t)input->h * (size_t)input->w * (size_t)input->ld;
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (int i = 0; i < n; i++)
        prepare(lens, &lens->desks[i], image, p->windows.items[first + (size_t)i],
                input->p + (size_t)i * floats);
    double ready = yt_now();
    yt_detector_run(p->detector);
    double detected = yt_now();
    yt_detector_decode(p->detector, p->options.max_det, p->raw, p->counts);
    for (int i = 0; i < n; i++) collect(p, i, fit, (uint32_t)(first + (size_t)i), out);
    out->prepare_s += ready - start;
    out->infer_s += detected - ready;
    out->merge_s += yt_now() - detected;
    return 0;
}

static int run_tiles(struct yt_predictor *p, const struct yt_image *image, size_t count,
                     struct yt_prediction *out) {
    for (size_t i = 0; i < count;) {
        int n = YT_MIN(p->options.batch, (int)(count - i));
        if (run_batch(p, &p->tiles, image, i, n, out)) return -1;
        i += (size_t)n;
    }
    return 0;
}

static void add_whole_pass(struct yt_predictor *p, const struct yt_image *image) {
    struct yt_slices *windows = &p->windows;
    windows->items =
        yt_grow(windows->items, &windows->cap, windows->count + 1, sizeof *windows->items);
    windows->items[windows->count++] = (struct yt_slice){0, 0, image->w, image->h};
    lens_set(&p->whole, image, image->w, image->h, p->options.imgsz);
}

static void list_views(struct yt_predictor *p) {
    struct yt_sightings *seen = &p->seen;
    size_t count = p->windows.count;
    seen->windows = yt_grow(seen->windows, &p->view_cap, count, sizeof *seen->windows);
    for (size_t i = 0; i < count; i++) {
        const struct yt_slice *s = &p->windows.items[i];
        seen->windows[i] = (struct yt_box){(float)s->x1, (float)s->y1, (float)s->x2, (float)s->y2};
    }
    seen->count = 0;
}

int yt_predict_sightings(struct yt_predictor *p, const struct yt_image *image,
                         struct yt_prediction *prediction, struct yt_sightings *sightings) {
    struct yt_prediction out = {0};
    double start = yt_now();
    if (plan(p, image)) return -1;
    out.windows = (int)p->windows.count;
    out.blank = skip_blank(p, image);
    size_t tiles = p->windows.count;
    bool whole = p->options.whole_pass && out.windows > 1;
    if (whole) add_whole_pass(p, image);
    list_views(p);
    out.prepare_s = yt_now() - start;
    if (run_tiles(p, image, tiles, &out)) return -1;
    if (whole && run_batch(p, &p->whole, image, tiles, 1, &out)) return -1;
    out.count = p->seen.count;
    *prediction = out;
    *sightings = p->seen;
    return 0;
}

static size_t merge(const struct yt_predict_options *o, const struct yt_image *image,
                    const struct yt_sightings *seen) {
    if (!o->merge_page) {
        size_t count = yt_merge(&o->merge, seen->detections, seen->count);
        yt_detections_sort(seen->detections, count);
        return count;
    }
    struct yt_merge_page how = {image->w, image->h, o->merge.threshold, o->merge.class_agnostic,
                                o->stitch};
    return yt_merge_page(&how, seen->detections, seen->window_of, seen->count, seen->windows);
}

int yt_predict(struct yt_predictor *p, const struct yt_image *image,
               struct yt_prediction *prediction) {
    struct yt_sightings seen;
    if (yt_predict_sightings(p, image, prediction, &seen)) return -1;
    double start = yt_now();
    if (prediction->windows > 1) prediction->count = merge(&p->options, image, &seen);
    prediction->detections = seen.detections;
    prediction->merge_s += yt_now() - start;
    return 0;
}
