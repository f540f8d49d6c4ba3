/* safetensors files: what is written is read back, byte for byte; every type; and every way in
 * which a file can be damaged gives one message and no crash. */
#include "support/folder.h"
#include "support/test.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "tensor/safetensors.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

static const float floats[6] = {0, -1.5f, 3.25e-20f, 1e30f, 0x1.fffffep-1f, -0.0f};
static const int64_t counter = 123456789012345;

static struct yt_safetensors_writer *small_file(void) {
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    yt_safetensors_add_metadata(writer, "format", "test");
    yt_safetensors_add_metadata(writer, "odd \"key\"", "line\nbreak \\ \xc3\xa9");
    yt_safetensors_add(writer, "a.weight", YT_F32, 2, (int64_t[]){2, 3}, floats);
    yt_safetensors_add(writer, "a.count", YT_I64, 0, NULL, &counter);
    yt_safetensors_add(writer, "b", YT_U8, 1, (int64_t[]){3}, "xyz");
    yt_safetensors_add(writer, "empty", YT_F32, 2, (int64_t[]){0, 4}, NULL);
    return writer;
}

static void write_small(const char *path) {
    struct yt_safetensors_writer *writer = small_file();
    assert_int_equal(yt_safetensors_write(writer, path), 0);
    yt_safetensors_writer_free(writer);
}

static void test_round_trip(void **state) {
    (void)state;
    write_small("a.safetensors");
    struct yt_safetensors *file = yt_safetensors_open("a.safetensors");
    assert_non_null(file);
    assert_int_equal(yt_safetensors_count(file), 4);
    assert_string_equal(yt_safetensors_metadata(file, "odd \"key\""), "line\nbreak \\ \xc3\xa9");
    assert_null(yt_safetensors_metadata(file, "absent"));
    assert_null(yt_safetensors_find(file, "a"));
    const struct yt_tensor_info *a = yt_safetensors_find(file, "a.weight");
    assert_non_null(a);
    assert_int_equal(a->rank, 2);
    assert_int_equal(a->shape[1], 3);
    assert_memory_equal(yt_safetensors_bytes(file, a), floats, sizeof(floats));
    assert_int_equal((uintptr_t)yt_safetensors_bytes(file, a) % sizeof(float), 0);
    const struct yt_tensor_info *count = yt_safetensors_find(file, "a.count");
    assert_int_equal(count->count, 1);
    assert_memory_equal(yt_safetensors_bytes(file, count), &counter, sizeof(counter));
    assert_int_equal(yt_safetensors_find(file, "empty")->count, 0);
    yt_safetensors_close(file);
    write_small("b.safetensors");
    size_t len_a, len_b;
    char *first = yt_file_read("a.safetensors", 0, &len_a);
    char *second = yt_file_read("b.safetensors", 0, &len_b);
    assert_int_equal(len_a, len_b);
    assert_memory_equal(first, second, len_a);
    free(first);
    free(second);
}

static void test_types(void **state) {
    (void)state;
    static const uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x8000, 0x7bff, 0x7c00, 0x7e00, 0x3555};
    static const double half_means[] = {1, -2, 0x1p-24, -0.0, 65504, INFINITY, NAN, 0x1.554p-2};
    static const uint16_t brain[] = {0x3f80, 0xc049, 0x0001, 0x7f7f, 0xff80};
    static const double brain_means[] = {1, -3.140625, 0x1p-133, 0x1.fep127, -INFINITY};
    static const double f64[] = {0.1, -1e300};
    static const int64_t i64[] = {-3, 1LL << 40};
    static const uint8_t u8[] = {0, 255};
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    yt_safetensors_add(writer, "half", YT_F16, 1, (int64_t[]){8}, half);
    yt_safetensors_add(writer, "brain", YT_BF16, 1, (int64_t[]){5}, brain);
    yt_safetensors_add(writer, "f64", YT_F64, 1, (int64_t[]){2}, f64);
    yt_safetensors_add(writer, "i64", YT_I64, 1, (int64_t[]){2}, i64);
    yt_safetensors_add(writer, "u8", YT_U8, 1, (int64_t[]){2}, u8);
    assert_int_equal(yt_safetensors_write(writer, "types.safetensors"), 0);
    yt_safetensors_writer_free(writer);

    struct yt_safetensors *file = yt_safetensors_open("types.safetensors");
    assert_non_null(file);
    float got[8];
    yt_safetensors_read(file, yt_safetensors_find(file, "half"), got);
    for (int i = 0; i < 8; i++)
        assert_true(isnan(half_means[i]) ? isnan(got[i]) : (double)got[i] == half_means[i]);
    assert_true(signbit(got[3]));
    yt_safetensors_read(file, yt_safetensors_find(file, "brain"), got);
    for (int i = 0; i < 5; i++) assert_true((double)got[i] == brain_means[i]);
    yt_safetensors_read(file, yt_safetensors_find(file, "f64"), got);
    assert_true(got[0] == 0.1f && isinf(got[1]));
    yt_safetensors_read(file, yt_safetensors_find(file, "i64"), got);
    assert_true(got[0] == -3 && got[1] == 0x1p40f);
    yt_safetensors_read(file, yt_safetensors_find(file, "u8"), got);
    assert_true(got[0] == 0 && got[1] == 255);
    yt_safetensors_close(file);
}

/* --- damaged files --- */

static void put(const char *path, const char *bytes, size_t len) {
    remove(path); /* to truncate a file makes some file systems write it out at once */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void test_cut_at_every_byte(void **state) {
    (void)state;
    size_t len;
    write_small("a.safetensors");
    char *bytes = yt_file_read("a.safetensors", 0, &len);
    for (size_t cut = 0; cut < len; cut++) {
        put("cut.safetensors", bytes, cut);
        if (yt_safetensors_open("cut.safetensors")) fail_msg("cut at %zu of %zu: opened", cut, len);
        assert_error_has("cut.safetensors");
    }
    char *longer = yt_malloc(len + 1);
    memcpy(longer, bytes, len);
    longer[len] = 0;
    put("cut.safetensors", longer, len + 1);
    assert_null(yt_safetensors_open("cut.safetensors"));
    free(longer);
    free(bytes);
}

/* Every bit of the file flipped: refused by a line that names the file, and for data the tensor and
 * the bytes. Only where the word "checksums" itself is hit, the file passes for one without them.
 */
static void test_flipped_bits(void **state) {
    (void)state;
    size_t len, accepted = 0, named = 0;
    write_small("a.safetensors");
    char *bytes = yt_file_read("a.safetensors", 0, &len);
    for (size_t at = 0; at < len; at++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[at] ^= (char)(1 << bit);
            put("changed.safetensors", bytes, len);
            struct yt_safetensors *file = yt_safetensors_open("changed.safetensors");
            bytes[at] ^= (char)(1 << bit);
            if (file) {
                assert_false(yt_safetensors_has_checksums(file));
                accepted++;
            } else {
                assert_error_has("changed.safetensors:");
                named += strstr(yt_error(), "is damaged between bytes") != NULL;
            }
            yt_safetensors_close(file);
        }
    assert_true(accepted <= 8 * strlen("\"checksums\":\""));
    assert_true(named >= 8 * (sizeof(floats) + sizeof(counter) + 3));
    free(bytes);
}

/* The block that is hit is named, counted from the start of the file. */
static void test_names_the_block(void **state) {
    (void)state;
    enum { COUNT = 100000, HIT = 70000 };
    float *many = yt_calloc(COUNT, sizeof *many);
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    yt_safetensors_add(writer, "first", YT_F32, 1, (int64_t[]){6}, floats);
    yt_safetensors_add(writer, "many", YT_F32, 1, (int64_t[]){COUNT}, many);
    assert_int_equal(yt_safetensors_write(writer, "many.safetensors"), 0);
    yt_safetensors_writer_free(writer);
    size_t len;
    char *bytes = yt_file_read("many.safetensors", 0, &len), message[128];
    size_t data = len - (6 + COUNT) * sizeof(float), begin = data + sizeof(floats);
    bytes[begin + HIT * sizeof(float)] ^= 1;
    put("many.safetensors", bytes, len);
    assert_null(yt_safetensors_open("many.safetensors"));
    snprintf(message, sizeof message, "many is damaged between bytes %zu and %zu of the file",
             begin + 4 * 65536, begin + 5 * 65536);
    assert_error_has(message);
    free(bytes);
    free(many);
}

static void refuse(const char *header, size_t data, const char *message) {
    char path[] = "bad.safetensors";
    struct yt_str file = {0};
    uint64_t len = strlen(header);
    yt_str_append(&file, &len, sizeof(len));
    yt_str_append(&file, header, len);
    for (size_t i = 0; i < data; i++) yt_str_append(&file, "", 1);
    put(path, file.s, file.len);
    yt_str_release(&file);
    if (yt_safetensors_open(path)) fail_msg("opened: %s", header);
    assert_error_has(message);
    assert_error_has(path);
}

static void test_wrong_headers(void **state) {
    (void)state;
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
           "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
           12, "b: data starts at byte 4, expected 8");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "damaged");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "4 bytes after");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
           "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
           8, "twice");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "for 2 elements");
    refuse("{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "F31");
    refuse("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "missing");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "natural");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[0.5],\"data_offsets\":[0,4]}}", 4, "natural");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0.5,4.5]}}", 8, "range");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "range");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "no pair");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "shape");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],"
           "\"data_offsets\":[0,4]}}",
           4, "too large");
    refuse("{\"a\":[]}", 4, "no tensor description");
    refuse("[1]", 0, "no safetensors file");
    refuse("{\"a\":", 0, "bad.safetensors");
}

static void test_no_safetensors(void **state) {
    (void)state;
    uint64_t huge = UINT64_MAX;
    put("huge.safetensors", (const char *)&huge, sizeof(huge));
    assert_null(yt_safetensors_open("huge.safetensors"));
    assert_error_has("no safetensors file");
    put("zip.pt", "PK\3\4 and so on and on", 20);
    assert_null(yt_safetensors_open("zip.pt"));
    assert_error_has("converted");
    put("empty", "", 0);
    assert_null(yt_safetensors_open("empty"));
    assert_null(yt_safetensors_open("absent"));
    assert_error_has("absent");
    assert_null(yt_safetensors_open("."));
}

/* --- a full disk --- */

static void test_full_disk(void **state) {
    (void)state;
    struct yt_safetensors_writer *writer = small_file();
    assert_int_equal(yt_safetensors_write(writer, "/dev/full"), -1);
    assert_error_has("/dev/full");
    yt_safetensors_writer_free(writer);

    /* The old file stays, and nothing else, when there is no room for the new one. */
    write_small("a.safetensors");
    size_t len, len_after;
    char *before = yt_file_read("a.safetensors", 0, &len);
    float *large = yt_calloc(1 << 16, sizeof(float));
    writer = yt_safetensors_writer_new();
    yt_safetensors_add(writer, "large", YT_F32, 1, (int64_t[]){1 << 16}, large);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, limit = {1 << 14, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &old);
    limit.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    int written = yt_safetensors_write(writer, "a.safetensors");
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(written, -1);
    char *after = yt_file_read("a.safetensors", 0, &len_after);
    assert_int_equal(len, len_after);
    assert_memory_equal(before, after, len);
    struct yt_paths left = {0};
    assert_int_equal(yt_paths_find(&left, "a.safetensors*", NULL, false), 0);
    assert_int_equal(left.count, 1);
    yt_paths_release(&left);
    yt_safetensors_writer_free(writer);
    free(large);
    free(before);
    free(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_types),
        cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_names_the_block),   cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_no_safetensors),    cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
