/* Images in memory: 8-bit pixels, read from files, written as PNG, cropped, resized, warped.
 *
 *     struct yt_image *page = yt_image_read("page.png", 0);
 *     if (!page) return -1;                    // yt_error() says which file and why
 *     struct yt_image *tile = yt_image_crop(page, 0, 512, 640, 640);
 *
 * A page of music is gray, so images keep one channel where that loses nothing; every operation
 * takes one channel or three, and gives a gray image the same numbers as its three equal channels.
 *
 * Ownership: functions that return an image give it to the caller, who frees it with
 * yt_image_free(). Operators named _into or _apply write into an image the caller has made and
 * allocate nothing, so a loader's thread can reuse its buffers.
 *
 * Errors: reading and writing fail with yt_fail(); sizes that do not fit are YT_ASSERT. */
#ifndef YT_IMAGE_IMAGE_H
#define YT_IMAGE_IMAGE_H

#include "base/base.h"
#include "base/str.h"

struct yt_image {
    int w, h, c;   /* c: 1 (gray) or 3 (R, G, B) */
    uint8_t *data; /* h rows of w pixels of c bytes, dense; malloc'ed */
};

/* --- making and copying (image.c) --------------------------------------------------------- */

/* A black image; aborts when there is no memory for it. */
struct yt_image *yt_image_new(int w, int h, int c);
void yt_image_free(struct yt_image *image);
struct yt_image *yt_image_clone(const struct yt_image *image);
/* The window at (x, y), which must lie inside, as a copy. */
struct yt_image *yt_image_crop(const struct yt_image *image, int x, int y, int w, int h);
/* The same into `out`, whose size is the window's. Same channels, or gray into colour. */
void yt_image_crop_into(const struct yt_image *image, int x, int y, struct yt_image *out);
/* Sets every byte. */
void yt_image_fill(struct yt_image *image, uint8_t value);
/* Copies src to dst's (x, y). Same channels, or gray into colour; must fit. */
void yt_image_paste_into(const struct yt_image *src, struct yt_image *dst, int x, int y);
/* A copy with three channels. */
struct yt_image *yt_image_to_rgb(const struct yt_image *image);
/* What the network sees: out (h, w, 3) = R, G, B / 255; gray goes to all three. */
void yt_image_to_floats(const struct yt_image *image, float *out);

/* --- files (read.c, canvas.c) -------------------------------------------------------------- */

#define YT_IMAGE_MAX_SIDE 32768
#define YT_IMAGE_MAX_BYTES ((size_t)1 << 30) /* decoded */

/* Endings of the files that yt_image_read understands, NULL-terminated, for yt_paths_find(). */
extern const char *const yt_image_suffixes[];

/* Reads a PNG, JPEG, BMP, or 8-bit PGM or PPM file: 16 bits are cut to 8, alpha is dropped, a JPEG
 * is turned as its EXIF orientation says. channels: 1 (colour becomes luma, ITU-R BT.601), 3 (gray
 * is replicated), or 0: one channel where the file is gray or all its pixels have R = G = B, else
 * three. NULL + yt_fail when the file is missing, truncated, damaged, not an image, or above the
 * limits (told from the header, before memory is taken). */
struct yt_image *yt_image_read(const char *path, int channels);
/* The size from the header alone, after orientation; *c is 1 or 3 as stored (colour may still turn
 * out gray). Fails as yt_image_read, but does not see truncation. */
int yt_image_probe(const char *path, int *w, int *h, int *c);
/* An 8-bit gray or RGB PNG; whole or absent. */
int yt_image_write_png(const struct yt_image *image, const char *path);
/* The same bytes, appended to `out`. -1 + yt_fail without memory to draw on. */
int yt_image_encode_png(const struct yt_image *image, struct yt_str *out);

/* --- operators ------------------------------------------------------------------------------
 * Bit-equal to OpenCV 4.6-4.10 on a CPU, so that training sees the reference's pixels. */

/* Bilinear resize (no antialias) of src to the w x h pixels at (x, y) of dst; exactly half in both
 * directions is a 2x2 mean. dst has src's channels. (resize.c) */
void yt_image_resize_into(const struct yt_image *src, struct yt_image *dst, int x, int y, int w,
                          int h);

/* dst(m p) = src(p) for the affine map m (rows of a 2x3 matrix), bilinear with 1/32 pixel
 * positions; what lies outside src is `border`. dst has src's channels, any size. (warp.c) */
void yt_image_warp_into(const struct yt_image *src, struct yt_image *dst, const double m[6],
                        uint8_t border);

/* Hue 0..179, saturation, value of n pixels R, G, B, and back (back truncates). src may be dst.
 * (hsv.c) */
void yt_rgb_to_hsv(const uint8_t *rgb, uint8_t *hsv, size_t n);
void yt_hsv_to_rgb(const uint8_t *hsv, uint8_t *rgb, size_t n);

#endif
