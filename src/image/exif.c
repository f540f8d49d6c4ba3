/* EXIF 2.3: JPEG segment APP1 "Exif\0\0", then a TIFF file whose first directory has entries of 12
 * bytes: tag, type, count, value. Orientation is tag 0x0112, one SHORT (type 3). */
#include "image/exif.h"

#include <string.h>

static unsigned read16(const uint8_t *p, bool little) {
    return little ? p[0] | p[1] << 8 : p[0] << 8 | p[1];
}

static uint32_t read32(const uint8_t *p, bool little) {
    return little ? read16(p, true) | (uint32_t)read16(p + 2, true) << 16
                  : (uint32_t)read16(p, false) << 16 | read16(p + 2, false);
}

static int orientation_of_tiff(const uint8_t *tiff, size_t len) {
    if (len < 8 || (memcmp(tiff, "II*\0", 4) && memcmp(tiff, "MM\0*", 4))) return 1;
    bool little = tiff[0] == 'I';
    size_t at = read32(tiff + 4, little);
    if (at > len - 2) return 1;
    size_t count = read16(tiff + at, little);
    const uint8_t *entry = tiff + at + 2, *end = tiff + len;
    for (size_t i = 0; i < count && end - entry >= 12; i++, entry += 12) {
        if (read16(entry, little) != 0x0112 || read16(entry + 2, little) != 3) continue;
        unsigned value = read16(entry + 8, little);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

int yt_exif_orientation(const uint8_t *jpeg, size_t len) {
    if (len < 2 || jpeg[0] != 0xFF || jpeg[1] != 0xD8) return 1;
    enum { APP1 = 0xE1, START_OF_SCAN = 0xDA };
    for (size_t at = 2; at + 4 <= len && jpeg[at] == 0xFF && jpeg[at + 1] != START_OF_SCAN;) {
        size_t size = read16(jpeg + at + 2, false); /* counts itself, not the marker */
        if (size < 2 || size > len - at - 2) return 1;
        const uint8_t *body = jpeg + at + 4;
        if (jpeg[at + 1] == APP1 && size >= 8 && memcmp(body, "Exif\0", 6) == 0)
            return orientation_of_tiff(body + 6, size - 8);
        at += 2 + size;
    }
    return 1;
}

/* Where the upright image's pixel (x, y) lies in the stored one, as index = base + x dx + y dy. */
struct walk {
    ptrdiff_t base, dx, dy;
};

static struct walk walk_of(int w, int h, int orientation) {
    ptrdiff_t right = w - 1, bottom = (ptrdiff_t)(h - 1) * w, row = w;
    switch (orientation) {
    case 2:
        return (struct walk){right, -1, row}; /* mirrored */
    case 3:
        return (struct walk){bottom + right, -1, -row}; /* upside down */
    case 4:
        return (struct walk){bottom, 1, -row}; /* upside down, mirrored */
    case 5:
        return (struct walk){0, row, 1}; /* transposed */
    case 6:
        return (struct walk){bottom, -row, 1}; /* to be turned right */
    case 7:
        return (struct walk){bottom + right, -row, -1}; /* transposed the other way */
    case 8:
        return (struct walk){right, row, -1}; /* to be turned left */
    default:
        return (struct walk){0, 1, row};
    }
}

struct yt_image *yt_exif_turn(struct yt_image *image, int orientation) {
    if (orientation == 1) return image;
    bool sideways = orientation > 4;
    int w = sideways ? image->h : image->w, h = sideways ? image->w : image->h;
    struct yt_image *out = yt_image_new(w, h, image->c);
    struct walk walk = walk_of(image->w, image->h, orientation);
    uint8_t *to = out->data;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++, to += image->c)
            memcpy(to, image->data + (walk.base + x * walk.dx + y * walk.dy) * image->c,
                   (size_t)image->c);
    yt_image_free(image);
    return out;
}
