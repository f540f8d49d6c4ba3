/* Decoding by stb_image. It takes many formats on faith and fills what a truncated file lacks with
 * zeros, so the format is told from the first bytes and the end of the file is looked for here. */
#include "image/exif.h"
#include "image/image.h"
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Compiled here and not taken from Debian's libstb.so: only the formats below, and memory is zero
 * at first, so that a JPEG which names a table that it lacks decodes to the same pixels each time,
 * and not by what memory happened to hold. */
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#define STBI_MALLOC(size) calloc(1, size)
#define STBI_REALLOC(memory, size) realloc(memory, size)
#define STBI_FREE(memory) free(memory)
#include <stb_image.h>

const char *const yt_image_suffixes[] = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", NULL};

/* What the header says. */
struct header {
    int w, h;
    int samples; /* a pixel: 1 to 4, the second or fourth is alpha */
    bool deep;   /* 16 bits a sample */
};

static uint32_t big32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Chunks of length, type, data, checksum up to IEND. */
static bool png_complete(const uint8_t *p, size_t len, const struct header *header) {
    (void)header;
    for (size_t at = 8; len - at >= 12;) {
        size_t size = big32(p + at);
        if (size > len - at - 12) return false;
        if (memcmp(p + at + 4, "IEND", 4) == 0) return true;
        at += size + 12;
    }
    return false;
}

/* The next 0xFF that starts a marker: not a stuffed byte, fill, or a restart within a scan. */
static size_t jpeg_marker(const uint8_t *p, size_t len, size_t at) {
    for (; at + 1 < len; at++) {
        const uint8_t *found = memchr(p + at, 0xFF, len - 1 - at);
        if (!found) break;
        at = (size_t)(found - p);
        uint8_t code = p[at + 1];
        if (code != 0 && code != 0xFF && !(code >= 0xD0 && code <= 0xD7)) return at;
    }
    return len;
}

struct segment {
    uint8_t code;
    const uint8_t *body;
    size_t size;
    bool whole; /* not cut off by the end of what is at hand */
};

/* Walks segments, and scans between them, from *at on. Stepping over whole segments keeps the end
 * marker of an embedded thumbnail from counting. */
static bool jpeg_next(const uint8_t *p, size_t len, size_t *at, struct segment *segment) {
    const size_t marker = jpeg_marker(p, len, *at);
    if (marker >= len) return false;
    const size_t left = len - marker - 2;
    const size_t size = left < 2 ? 0 : (size_t)(p[marker + 2] << 8 | p[marker + 3]);
    *segment = (struct segment){p[marker + 1], p + marker + 4, size - 2, size >= 2 && size <= left};
    *at = marker + 2 + size;
    return true;
}

static bool jpeg_complete(const uint8_t *p, size_t len, const struct header *header) {
    (void)header;
    struct segment s;
    for (size_t at = 2; jpeg_next(p, len, &at, &s);) {
        if (s.code == 0xD9) return true;
        if (!s.whole) return false;
    }
    return false;
}

/* Huffman tables: a byte of class and number, 16 counts of symbols, the symbols. */
static bool huffman_fits(const uint8_t *p, size_t len) {
    for (size_t at = 0, symbols; at < len; at += 17 + symbols) {
        symbols = 0;
        if (len - at < 17) return false;
        for (int i = 1; i <= 16; i++) symbols += p[at + i];
        if (symbols > 256 || symbols > len - at - 17) return false;
    }
    return true;
}

/* stb_image 2.27 has room for the 256 symbols that a table may have, and does not look. */
static bool jpeg_safe(const uint8_t *p, size_t len) {
    struct segment s;
    for (size_t at = 2; jpeg_next(p, len, &at, &s) && s.code != 0xD9;) {
        if (s.code == 0xC4 && !(s.whole && huffman_fits(s.body, s.size))) return false;
        if (!s.whole) break;
    }
    return true;
}

/* Rows padded to 4 bytes, from the offset the header names (RLE is not read). */
static bool bmp_complete(const uint8_t *p, size_t len, const struct header *header) {
    if (len < 30) return false;
    size_t bits = little32(p + 14) == 12 ? p[24] | p[25] << 8 : p[28] | p[29] << 8;
    size_t row = ((size_t)header->w * bits + 31) / 32 * 4;
    return len >= little32(p + 10) + row * (size_t)header->h;
}

static bool pnm_complete(const uint8_t *p, size_t len, const struct header *header) {
    (void)p; /* its text header is longer than nothing, which is close enough to the end */
    return len > (size_t)header->w * header->h * header->samples << header->deep;
}

static const struct format {
    const char *magic;
    size_t magic_len;
    bool (*complete)(const uint8_t *p, size_t len, const struct header *header);
    bool (*safe)(const uint8_t *p, size_t len); /* to give to stb_image, even a part; or NULL */
    bool deep; /* 16 bits are decoded; stb_image 2.27 takes PGM's bytes in the wrong order */
} formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, png_complete, NULL, true},
    {"\xFF\xD8\xFF", 3, jpeg_complete, jpeg_safe, true},
    {"BM", 2, bmp_complete, NULL, true},
    {"P5", 2, pnm_complete, NULL, false},
    {"P6", 2, pnm_complete, NULL, false},
};

static const struct format *find_format(const char *path, const uint8_t *p, size_t len) {
    if (len == 0) return yt_fail_null("%s: the file is empty; replace it", path);
    for (size_t i = 0; i < YT_COUNT(formats); i++)
        if (len >= formats[i].magic_len && !memcmp(p, formats[i].magic, formats[i].magic_len))
            return &formats[i];
    return yt_fail_null("%s: not a PNG, JPEG, BMP, PGM or PPM image; convert it or leave it out",
                        path);
}

static int check_header(const char *path, const struct format *format,
                        const struct header *header) {
    if (header->deep && !format->deep)
        return yt_fail("%s: a 16-bit PGM or PPM image; convert it to PNG or to 8 bits", path);
    int w = header->w, h = header->h;
    if (w < 1 || h < 1) return yt_fail("%s: the image is %dx%d; replace the file", path, w, h);
    if (w > YT_IMAGE_MAX_SIDE || h > YT_IMAGE_MAX_SIDE)
        return yt_fail("%s: the image is %dx%d; at most %d pixels a side are read, scale it down",
                       path, w, h, YT_IMAGE_MAX_SIDE);
    size_t bytes = (size_t)w * h * header->samples << header->deep;
    if (bytes > YT_IMAGE_MAX_BYTES)
        return yt_fail("%s: the image is %dx%d, %zu MiB decoded; at most %zu MiB are read, "
                       "scale it down",
                       path, w, h, bytes >> 20, YT_IMAGE_MAX_BYTES >> 20);
    return 0;
}

/* From the file, or enough of its beginning. */
static int read_header(const char *path, const struct format *format, const uint8_t *p, size_t len,
                       struct header *header) {
    if (format->safe && !format->safe(p, len))
        return yt_fail(
            "%s: the image is truncated or damaged (its tables of codes); replace the file", path);
    if (!stbi_info_from_memory(p, (int)len, &header->w, &header->h, &header->samples))
        return yt_fail("%s: damaged image (%s); replace the file", path, stbi_failure_reason());
    header->deep = stbi_is_16_bit_from_memory(p, (int)len);
    return check_header(path, format, header);
}

static bool is_gray(const uint8_t *p, size_t n, int step) {
    for (size_t i = 0; i < n; i++, p += step)
        if (p[0] != p[1] || p[1] != p[2]) return false;
    return true;
}

/* n pixels of `from` samples become pixels of `to` in the same memory; to <= from. BT.601's luma
 * in 14 bits gives equal channels back exactly. */
static void reduce(uint8_t *p, size_t n, int from, int to) {
    const uint8_t *in = p;
    if (from >= 3 && to == 1)
        for (size_t i = 0; i < n; i++, in += from)
            p[i] = (uint8_t)((in[0] * 4899 + in[1] * 9617 + in[2] * 1868 + 8192) >> 14);
    else
        for (size_t i = 0; i < n; i++, in += from) memmove(p + i * to, in, (size_t)to);
}

/* Takes `pixels` over. channels as in yt_image_read. */
static struct yt_image *wrap(uint8_t *pixels, int w, int h, int samples, int channels) {
    struct yt_image *image = yt_malloc(sizeof *image);
    size_t n = (size_t)w * h;
    bool colour = samples >= 3 && !(channels == 0 && is_gray(pixels, n, samples));
    int c = colour && channels != 1 ? 3 : 1;
    if (c != samples) {
        reduce(pixels, n, samples, c);
        pixels = yt_realloc(pixels, n * (size_t)c);
    }
    *image = (struct yt_image){w, h, c, pixels};
    if (channels != 3 || c == 3) return image;
    struct yt_image *rgb = yt_image_to_rgb(image);
    yt_image_free(image);
    return rgb;
}

static struct yt_image *decode(const char *path, const uint8_t *file, size_t len, int channels) {
    const struct format *format = find_format(path, file, len);
    if (!format) return NULL;
    struct header header;
    if (read_header(path, format, file, len, &header)) return NULL;
    if (!format->complete(file, len, &header))
        return yt_fail_null("%s: the image is truncated; replace the file", path);
    uint8_t *pixels =
        stbi_load_from_memory(file, (int)len, &header.w, &header.h, &header.samples, 0);
    if (!pixels)
        return yt_fail_null("%s: damaged image (%s); replace the file", path,
                            stbi_failure_reason());
    struct yt_image *image = wrap(pixels, header.w, header.h, header.samples, channels);
    return yt_exif_turn(image, yt_exif_orientation(file, len));
}

struct yt_image *yt_image_read(const char *path, int channels) {
    YT_ASSERT(channels == 0 || channels == 1 || channels == 3);
    size_t len;
    char *file = yt_file_read(path, YT_IMAGE_MAX_BYTES, &len);
    if (!file) return NULL;
    struct yt_image *image = decode(path, (const uint8_t *)file, len, channels);
    free(file);
    return image;
}

/* Headers lie in the first 64 KiB, but for a JPEG with a long preface: that is read whole. */
static int probe_stream(const char *path, FILE *f, struct header *header, int *orientation) {
    uint8_t head[1 << 16]; /* EXIF is the first segment of a JPEG, which ends within 64 KiB */
    size_t len = fread(head, 1, sizeof head, f);
    if (ferror(f)) return yt_fail("%s: cannot read: %s", path, strerror(errno));
    const struct format *format = find_format(path, head, len);
    if (!format) return -1;
    *orientation = yt_exif_orientation(head, len);
    int failed = read_header(path, format, head, len, header);
    if (!failed || feof(f)) return failed;
    char *whole = yt_file_read(path, YT_IMAGE_MAX_BYTES, &len);
    failed = !whole || read_header(path, format, (const uint8_t *)whole, len, header);
    free(whole);
    return failed ? -1 : 0;
}

int yt_image_probe(const char *path, int *w, int *h, int *c) {
    FILE *f = fopen(path, "rb");
    if (!f) return yt_fail("%s: cannot open: %s", path, strerror(errno));
    struct header header;
    int orientation;
    int failed = probe_stream(path, f, &header, &orientation);
    fclose(f);
    if (failed) return -1;
    bool sideways = orientation > 4;
    *w = sideways ? header.h : header.w;
    *h = sideways ? header.w : header.h;
    *c = header.samples >= 3 ? 3 : 1;
    return 0;
}
