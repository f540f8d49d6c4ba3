/* The only user of cairo: drawing, and writing PNG. cairo holds a colour pixel as a 32-bit word
 * 0x00RRGGBB and a gray one, here, as an 8-bit mask, which its PNG writer stores as gray. */
#include "image/canvas.h"

#include "base/file.h"

#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct yt_canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
};

/* --- images to surfaces and back ----------------------------------------------------------- */

static void row_to_words(const uint8_t *in, int c, uint32_t *out, int w) {
    for (int x = 0; x < w; x++, in += c)
        out[x] = (uint32_t)in[0] << 16 | (uint32_t)in[c / 2] << 8 | in[c - 1];
}

static void row_from_words(const uint32_t *in, uint8_t *out, int w) {
    for (int x = 0; x < w; x++) {
        out[3 * x] = (uint8_t)(in[x] >> 16);
        out[3 * x + 1] = (uint8_t)(in[x] >> 8);
        out[3 * x + 2] = (uint8_t)in[x];
    }
}

static cairo_surface_t *new_surface(cairo_format_t format, int w, int h) {
    cairo_surface_t *surface = cairo_image_surface_create(format, w, h);
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS) return surface;
    cairo_surface_destroy(surface);
    return yt_fail_null("cannot draw on %dx%d pixels: %s", w, h, cairo_status_to_string(status));
}

/* A copy, as colour words or, for a gray image, as a mask. */
static cairo_surface_t *surface_of(const struct yt_image *image, bool mask) {
    cairo_surface_t *surface =
        new_surface(mask ? CAIRO_FORMAT_A8 : CAIRO_FORMAT_RGB24, image->w, image->h);
    if (!surface) return NULL;
    uint8_t *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    size_t row = (size_t)image->w * image->c;
    for (int y = 0; y < image->h; y++) {
        const uint8_t *in = image->data + y * row;
        if (mask)
            memcpy(data + y * stride, in, row);
        else
            row_to_words(in, image->c, (uint32_t *)(void *)(data + y * stride), image->w);
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static cairo_status_t write_bytes(void *stream, const unsigned char *bytes, unsigned len) {
    return fwrite(bytes, 1, len, stream) == len ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static int save_surface(cairo_surface_t *surface, const char *path) {
    struct yt_file file;
    if (yt_file_create(&file, path)) return -1;
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, write_bytes, file.stream);
    if (status == CAIRO_STATUS_SUCCESS || status == CAIRO_STATUS_WRITE_ERROR)
        return yt_file_commit(&file); /* which says why a write failed */
    yt_file_abandon(&file);
    return yt_fail("%s: cannot make a PNG: %s", path, cairo_status_to_string(status));
}

int yt_image_write_png(const struct yt_image *image, const char *path) {
    cairo_surface_t *surface = surface_of(image, image->c == 1);
    if (!surface) return yt_fail_in("%s", path);
    int failed = save_surface(surface, path);
    cairo_surface_destroy(surface);
    return failed;
}

static cairo_status_t append_bytes(void *text, const unsigned char *bytes, unsigned len) {
    yt_str_append(text, bytes, len);
    return CAIRO_STATUS_SUCCESS;
}

int yt_image_encode_png(const struct yt_image *image, struct yt_str *out) {
    cairo_surface_t *surface = surface_of(image, image->c == 1);
    if (!surface) return -1;
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, append_bytes, out);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS) return 0;
    return yt_fail("cannot make a PNG: %s", cairo_status_to_string(status));
}

/* --- colours ------------------------------------------------------------------------------- */

struct yt_color yt_color(unsigned rgb) {
    return (struct yt_color){(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                             (rgb & 255) / 255.0, 1};
}

struct yt_color yt_palette(int i) {
    static const unsigned colors[] = {0xd62728, 0x1f77b4, 0x2ca02c, 0xe07b00, 0x9467bd, 0x8c564b,
                                      0xd6279f, 0x00868b, 0x7a7a00, 0x3030e0, 0xb8004e, 0x006d2c};
    return yt_color(colors[(unsigned)i % YT_COUNT(colors)]);
}

/* --- drawing ------------------------------------------------------------------------------- */

struct yt_canvas *yt_canvas_new(int w, int h, const struct yt_image *background) {
    YT_ASSERT(!background || (background->w == w && background->h == h));
    cairo_surface_t *surface =
        background ? surface_of(background, false) : new_surface(CAIRO_FORMAT_RGB24, w, h);
    if (!surface) return NULL;
    struct yt_canvas *canvas = yt_malloc(sizeof *canvas);
    *canvas = (struct yt_canvas){surface, cairo_create(surface)};
    cairo_select_font_face(canvas->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    if (!background) yt_canvas_fill(canvas, 0, 0, w, h, yt_color(0xffffff));
    return canvas;
}

void yt_canvas_free(struct yt_canvas *canvas) {
    if (!canvas) return;
    cairo_destroy(canvas->cairo);
    cairo_surface_destroy(canvas->surface);
    free(canvas);
}

static void use_color(cairo_t *cairo, struct yt_color color) {
    cairo_set_source_rgba(cairo, color.r, color.g, color.b, color.a);
}

static void stroke(cairo_t *cairo, double width, struct yt_color color) {
    use_color(cairo, color);
    cairo_set_line_width(cairo, width);
    cairo_stroke(cairo);
}

void yt_canvas_line(struct yt_canvas *canvas, double x1, double y1, double x2, double y2,
                    double width, struct yt_color color) {
    cairo_move_to(canvas->cairo, x1, y1);
    cairo_line_to(canvas->cairo, x2, y2);
    stroke(canvas->cairo, width, color);
}

void yt_canvas_curve(struct yt_canvas *canvas, const double *xy, size_t n, double width,
                     struct yt_color color) {
    for (size_t i = 0; i < n; i++) {
        double x = xy[2 * i], y = xy[2 * i + 1];
        if (isfinite(x) && isfinite(y))
            cairo_line_to(canvas->cairo, x, y);
        else
            cairo_new_sub_path(canvas->cairo);
    }
    cairo_set_line_join(canvas->cairo, CAIRO_LINE_JOIN_ROUND);
    stroke(canvas->cairo, width, color);
}

void yt_canvas_rect(struct yt_canvas *canvas, double x, double y, double w, double h, double width,
                    struct yt_color color) {
    double inside = YT_MIN(width, YT_MIN(w, h)) / 2;
    cairo_rectangle(canvas->cairo, x + inside, y + inside, w - 2 * inside, h - 2 * inside);
    cairo_set_line_join(canvas->cairo, CAIRO_LINE_JOIN_MITER);
    stroke(canvas->cairo, 2 * inside, color);
}

void yt_canvas_fill(struct yt_canvas *canvas, double x, double y, double w, double h,
                    struct yt_color color) {
    cairo_rectangle(canvas->cairo, x, y, w, h);
    use_color(canvas->cairo, color);
    cairo_fill(canvas->cairo);
}

void yt_canvas_text(struct yt_canvas *canvas, double x, double y, double size,
                    struct yt_color color, const char *text) {
    use_color(canvas->cairo, color);
    cairo_set_font_size(canvas->cairo, size);
    cairo_move_to(canvas->cairo, x, y);
    cairo_show_text(canvas->cairo, text);
    cairo_new_path(canvas->cairo);
}

void yt_canvas_text_up(struct yt_canvas *canvas, double x, double y, double size,
                       struct yt_color color, const char *text) {
    cairo_save(canvas->cairo);
    cairo_translate(canvas->cairo, x, y);
    cairo_rotate(canvas->cairo, -acos(0)); /* a quarter turn */
    yt_canvas_text(canvas, 0, 0, size, color, text);
    cairo_restore(canvas->cairo);
}

double yt_canvas_text_width(struct yt_canvas *canvas, double size, const char *text) {
    cairo_text_extents_t extents;
    cairo_set_font_size(canvas->cairo, size);
    cairo_text_extents(canvas->cairo, text, &extents);
    return extents.x_advance;
}

struct yt_image *yt_canvas_image(struct yt_canvas *canvas) {
    cairo_surface_flush(canvas->surface);
    const uint8_t *data = cairo_image_surface_get_data(canvas->surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(canvas->surface);
    int w = cairo_image_surface_get_width(canvas->surface);
    int h = cairo_image_surface_get_height(canvas->surface);
    struct yt_image *image = yt_image_new(w, h, 3);
    for (int y = 0; y < h; y++)
        row_from_words((const uint32_t *)(const void *)(data + y * stride),
                       image->data + (size_t)y * w * 3, w);
    return image;
}

int yt_canvas_save(struct yt_canvas *canvas, const char *path) {
    return save_surface(canvas->surface, path);
}
