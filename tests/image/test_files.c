/* Reading and writing image files, and what is said about bad ones. */
#include "image/ref_files.h"
#include "image/image.h"
#include "base/file.h"
#include "base/str.h"
#include "support/folder.h"
#include "support/test.h"

static const char path[] = "file";

static void put(const void *bytes, size_t len) {
    assert_int_equal(yt_file_write(path, bytes, len), 0);
}

/* --- good files ---------------------------------------------------------------------------- */

/* The file's bytes read with `channels` are w x h x c and start with `first`. */
static void check(const void *bytes, size_t len, int channels, int w, int h, int c,
                  const uint8_t *first, size_t count) {
    put(bytes, len);
    struct yt_image *image = yt_image_read(path, channels);
    if (!image) fail_msg("%s", yt_error());
    assert_true(image->w == w && image->h == h && image->c == c);
    assert_memory_equal(image->data, first, count);
    yt_image_free(image);
    assert_int_equal(yt_image_probe(path, &w, &h, &c), 0);
}

#define FILE_IS(file, channels, w, h, c, ...)                                                      \
    check(file, sizeof file, channels, w, h, c, (uint8_t[]){__VA_ARGS__},                          \
          sizeof((uint8_t[]){__VA_ARGS__}))

static void formats_are_read(void **state) {
    (void)state;
    FILE_IS(bits_png, 0, 10, 2, 1, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 0, 255, 0, 255);
    FILE_IS(deep_png, 0, 2, 1, 1, 0x12, 0xfe);
    FILE_IS(alpha_png, 0, 2, 1, 3, 10, 20, 30, 40, 50, 60);
    FILE_IS(palette_png, 0, 2, 1, 3, 200, 100, 50, 1, 2, 3);
    FILE_IS(quadrants_jpeg, 0, 16, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 80, 80);
    static const char pgm[] = "P5 2 1 255\n\x07\xff", ppm[] = "P6 1 1 255\nabc";
    check(pgm, sizeof pgm - 1, 0, 2, 1, 1, (uint8_t[]){7, 255}, 2);
    check(ppm, sizeof ppm - 1, 0, 1, 1, 3, (const uint8_t *)"abc", 3);
}

static void channels_are_as_asked(void **state) {
    (void)state;
    FILE_IS(gray_rgba_png, 0, 2, 1, 1, 7, 9);
    FILE_IS(gray_rgba_png, 1, 2, 1, 1, 7, 9);
    FILE_IS(gray_rgba_png, 3, 2, 1, 3, 7, 7, 7, 9, 9, 9);
    FILE_IS(deep_png, 3, 2, 1, 3, 0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe);
    FILE_IS(alpha_png, 1, 2, 1, 1, 18, 48); /* .299 R + .587 G + .114 B = 18.15, 48.15 */
    int w, h, c;
    put(gray_rgba_png, sizeof gray_rgba_png);
    assert_int_equal(yt_image_probe(path, &w, &h, &c), 0);
    assert_true(w == 2 && h == 1 && c == 3);
}

/* A 24-bit BMP, upside down and padded as they are. */
static void bmp_is_read(void **state) {
    (void)state;
    uint8_t bmp[54 + 2 * 8] = {
        'B', 'M', [10] = 54, [14] = 40, [18] = 2, [22] = 2, [26] = 1, [28] = 24};
    for (int i = 0; i < 16; i++) bmp[54 + i] = (uint8_t)i;
    FILE_IS(bmp, 0, 2, 2, 3, 10, 9, 8, 13, 12, 11, 2, 1, 0, 5, 4, 3);
    put(bmp, sizeof bmp - 4);
    assert_null(yt_image_read(path, 0));
    assert_error_has("truncated");
}

/* The corners of a page stored so that its viewer must turn it, for every orientation. */
static void exif_turns_the_page(void **state) {
    (void)state;
    enum { A = 0, B = 80, C = 170, D = 255 }; /* A above left, B above right, C below left */
    static const uint8_t corners[9][4] = {{A, B, C, D}, {A, B, C, D}, {B, A, D, C},
                                          {D, C, B, A}, {C, D, A, B}, {A, C, B, D},
                                          {C, A, D, B}, {D, B, C, A}, {B, D, A, C}};
    for (uint8_t orientation = 0; orientation <= 8; orientation++)
        for (int little = 0; little < 2; little++) {
            uint8_t exif[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, /* segment */
                              'M',  'M',  0, 42, 0,   0,   0,   8,   0, 1, /* TIFF */
                              1,    0x12, 0, 3,  0,   0,   0,   1,   0, orientation,
                              0,    0, /* entry */
                              0,    0,    0, 0};
            if (little) {
                static const uint8_t other[] = {'I', 'I',  42, 0, 8, 0, 0, 0, 1,
                                                0,   0x12, 1,  3, 0, 1, 0, 0, 0};
                memcpy(exif + 10, other, sizeof other);
                exif[28] = orientation, exif[29] = 0;
            }
            struct yt_str file = {0};
            yt_str_append(&file, quadrants_jpeg, 2);
            yt_str_append(&file, exif, sizeof exif);
            yt_str_append(&file, quadrants_jpeg + 2, sizeof quadrants_jpeg - 2);
            put(file.s, file.len);
            struct yt_image *image = yt_image_read(path, 0);
            assert_non_null(image);
            const uint8_t *want = corners[orientation];
            assert_int_equal(image->data[0], want[0]);
            assert_int_equal(image->data[15], want[1]);
            assert_int_equal(image->data[15 * 16], want[2]);
            assert_int_equal(image->data[15 * 16 + 15], want[3]);
            yt_image_free(image);
            yt_str_release(&file);
        }
}

static void png_comes_back(void **state) {
    (void)state;
    for (int c = 1; c <= 3; c += 2) {
        struct yt_image *image = yt_image_new(37, 21, c);
        for (int i = 0; i < 37 * 21 * c; i++) image->data[i] = (uint8_t)(i * i + i / 5);
        assert_int_equal(yt_image_write_png(image, path), 0);
        struct yt_image *back = yt_image_read(path, 0);
        assert_non_null(back);
        assert_int_equal(back->c, c);
        assert_memory_equal(back->data, image->data, (size_t)37 * 21 * c);
        yt_image_free(image);
        yt_image_free(back);
    }
}

/* --- bad files ----------------------------------------------------------------------------- */

static void check_fails(const void *bytes, size_t len, const char *why) {
    put(bytes, len);
    struct yt_image *image = yt_image_read(path, 0);
    if (image) fail_msg("was read, but: %s", why);
    assert_error_has(path);
    assert_error_has(why);
}

static void check_cut_anywhere(const uint8_t *bytes, size_t len, size_t header) {
    for (size_t n = header; n < len; n++) check_fails(bytes, n, "truncated");
    for (size_t n = 0; n < header; n++) check_fails(bytes, n, ""); /* whatever it says */
}

static void truncation_is_seen(void **state) {
    (void)state;
    check_cut_anywhere(bits_png, sizeof bits_png, 48);
    check_cut_anywhere(alpha_png, sizeof alpha_png, 48);
    check_cut_anywhere(quadrants_jpeg, sizeof quadrants_jpeg, 84);
    check_fails("P5 9 9 255\nabcdef", 17, "truncated");
}

static void other_files_are_refused(void **state) {
    (void)state;
    check_fails("", 0, "empty");
    check_fails("{\"images\": []}", 14, "not a PNG");
    check_fails("P5 2 1 65535\nabcd", 17, "16-bit");
    check_fails("BM is not always a bitmap.....", 30, "damaged");
    int w, h, c;
    assert_int_equal(yt_image_probe(path, &w, &h, &c), -1);
    assert_null(yt_image_read("none.png", 0));
    assert_error_has("cannot open");
    assert_int_equal(yt_image_probe("none.png", &w, &h, &c), -1);
    assert_null(yt_image_read(".", 0));
    assert_int_equal(yt_image_probe(".", &w, &h, &c), -1);
    assert_error_has(".: ");
}

/* Every byte of a file changed: an image or a clear refusal, never a crash. */
static void damage_is_survived(void **state) {
    (void)state;
    static const struct {
        const uint8_t *bytes;
        size_t len;
    } files[] = {{palette_png, sizeof palette_png}, {quadrants_jpeg, sizeof quadrants_jpeg}};
    for (size_t f = 0; f < YT_COUNT(files); f++)
        for (size_t i = 0; i < files[f].len; i++) {
            uint8_t bytes[256];
            memcpy(bytes, files[f].bytes, files[f].len);
            bytes[i] ^= 0x5A;
            put(bytes, files[f].len);
            yt_image_free(yt_image_read(path, 0));
        }
}

static void huge_images_are_refused(void **state) {
    (void)state;
    check_fails("P5 40000 3 255\nabcdefghijklmnopqrst", 30, "40000x3; at most 32768");
    check_fails("P6 30000 30000 255\nabcdefghijklmnop", 30, "2574 MiB decoded; at most 1024");
    int w, h, c;
    assert_int_equal(yt_image_probe(path, &w, &h, &c), -1);
    assert_error_has("scale it down");
}

static void a_folder_that_is_not_there_is_named(void **state) {
    (void)state;
    struct yt_image *image = yt_image_new(3, 3, 1);
    assert_int_equal(yt_image_write_png(image, "/nonexistent/yt/page.png"), -1);
    assert_error_has("/nonexistent/yt/page.png");
    if (yt_path_exists("/dev/full")) {
        assert_int_equal(yt_image_write_png(image, "/dev/full"), -1);
        assert_error_has("No space left");
    }
    yt_image_free(image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_read),
        cmocka_unit_test(channels_are_as_asked),
        cmocka_unit_test(bmp_is_read),
        cmocka_unit_test(exif_turns_the_page),
        cmocka_unit_test(png_comes_back),
        cmocka_unit_test(truncation_is_seen),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(huge_images_are_refused),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
