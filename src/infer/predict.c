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

struct yt_predictor {
    struct yt_detector *detector;
    struct yt_predict_options options;
    struct yt_slices windows;
    struct yt_letterbox fit; /* of every window: those of one image are all of one size */
    struct desk *desks;      /* batch */
    int desk_w, desk_h, desk_c;
    struct yt_detection *raw; /* (batch, max_det) */
    int *counts;              /* batch */
    struct yt_detection *found;
    size_t found_cap;
};

struct yt_predictor *yt_predictor_new(struct yt_detector *detector,
                                      const struct yt_predict_options *options) {
    YT_ASSERT(options->batch > 0 && options->max_det > 0 && options->imgsz % MODEL_STRIDE == 0);
    struct yt_predictor *p = yt_calloc(1, sizeof *p);
    size_t batch = (size_t)options->batch;
    p->detector = detector;
    p->options = *options;
    p->desks = yt_calloc(batch, sizeof *p->desks);
    p->raw = yt_calloc(batch * (size_t)options->max_det, sizeof *p->raw);
    p->counts = yt_calloc(batch, sizeof *p->counts);
    return p;
}

static void clear_desks(struct yt_predictor *p) {
    for (int i = 0; i < p->options.batch; i++) {
        yt_image_free(p->desks[i].window);
        yt_image_free(p->desks[i].fitted);
        p->desks[i] = (struct desk){0};
    }
}

void yt_predictor_free(struct yt_predictor *p) {
    if (!p) return;
    clear_desks(p);
    free(p->desks);
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

/* Lays the windows and gets the desks ready for them. */
static int plan(struct yt_predictor *p, const struct yt_image *image) {
    const struct yt_predict_options *o = &p->options;
    bool sliced = is_sliced(o, image);
    int slice_h = sliced ? o->slice_size : image->h, slice_w = sliced ? o->slice_size : image->w;
    if (yt_slices_grid(&p->windows, image->h, image->w, slice_h, slice_w, o->overlap_h,
                       o->overlap_w))
        return -1;
    struct yt_slice first = p->windows.items[0];
    int w = first.x2 - first.x1, h = first.y2 - first.y1;
    p->fit = yt_letterbox_fit(w, h, o->imgsz, o->imgsz, true, MODEL_STRIDE);
    if (w == p->desk_w && h == p->desk_h && image->c == p->desk_c) return 0;
    clear_desks(p);
    p->desk_w = w, p->desk_h = h, p->desk_c = image->c;
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
static void prepare(const struct yt_predictor *p, struct desk *desk, const struct yt_image *image,
                    struct yt_slice window, float *input) {
    const struct yt_letterbox *fit = &p->fit;
    const struct yt_image *source = image;
    if (p->desk_w != image->w || p->desk_h != image->h) {
        if (!desk->window) desk->window = yt_image_new(p->desk_w, p->desk_h, image->c);
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
static size_t collect(struct yt_predictor *p, int i, struct yt_slice window, size_t count) {
    const struct yt_detection *raw = p->raw + (size_t)i * (size_t)p->options.max_det;
    p->found = yt_grow(p->found, &p->found_cap, count + (size_t)p->counts[i], sizeof *p->found);
    for (int k = 0; k < p->counts[i]; k++) {
        struct yt_box box = yt_letterbox_to_source(&p->fit, raw[k].box);
        bool has_area = box.x1 < box.x2 && box.y1 < box.y2; /* false for NaN */
        if (!has_area || !is_wanted(&p->options, &raw[k])) continue;
        box.x1 += (float)window.x1, box.x2 += (float)window.x1;
        box.y1 += (float)window.y1, box.y2 += (float)window.y1;
        p->found[count++] = (struct yt_detection){box, raw[k].score, raw[k].cls};
    }
    return count;
}

static int run_batch(struct yt_predictor *p, const struct yt_image *image,
                     const struct yt_slice *windows, int n, struct yt_prediction *out) {
    double start = yt_now();
    const struct yt_map *input = yt_detector_begin(p->detector, n, p->fit.out_h, p->fit.out_w);
    if (!input) return -1;
    size_t floats = (size_t)input->h * (size_t)input->w * (size_t)input->ld;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++)
        prepare(p, &p->desks[i], image, windows[i], input->p + (size_t)i * floats);
    double ready = yt_now();
    yt_detector_run(p->detector);
    double detected = yt_now();
    yt_detector_decode(p->detector, p->options.max_det, p->raw, p->counts);
    for (int i = 0; i < n; i++) out->count = collect(p, i, windows[i], out->count);
    out->prepare_s += ready - start;
    out->infer_s += detected - ready;
    out->merge_s += yt_now() - detected;
    return 0;
}

static void merge(struct yt_predictor *p, struct yt_prediction *out) {
    double start = yt_now();
    struct yt_merge how = {YT_MERGE_NMS, YT_OVERLAP_IOU, p->options.iou, p->options.class_agnostic};
    out->count = yt_merge(&how, p->found, out->count);
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
    for (size_t i = 0; i < p->windows.count;) {
        int n = YT_MIN(p->options.batch, (int)(p->windows.count - i));
        if (run_batch(p, image, p->windows.items + i, n, &out)) return -1;
        i += (size_t)n;
    }
    if (out.windows > 1) merge(p, &out);
    out.detections = p->found;
    *prediction = out;
    return 0;
}
