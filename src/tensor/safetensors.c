#include "tensor/safetensors.h"

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/str.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX_BYTES (100u << 20)
#define BLOCK_BYTES ((size_t)64 << 10) /* that a checksum is of */
#define HASH_DIGITS 16
#define CHECKSUMS "\"checksums\":\""

static const struct {
    const char *name;
    size_t bytes;
} dtypes[YT_DTYPES] = {
    [YT_F32] = {"F32", 4}, [YT_F16] = {"F16", 2}, [YT_BF16] = {"BF16", 2},
    [YT_F64] = {"F64", 8}, [YT_I64] = {"I64", 8}, [YT_U8] = {"U8", 1},
};

struct yt_safetensors {
    char *bytes;      /* the whole file */
    size_t len, data; /* data: offset of the first byte after the header */
    struct yt_json *header;
    struct yt_tensor_info *items; /* by begin */
    size_t count, *by_name;
    bool has_checksums;
};

static int parse_shape(const char *path, struct yt_tensor_info *info, const struct yt_json *shape) {
    if (!shape || yt_json_type(shape) != YT_JSON_ARRAY || yt_json_count(shape) > 8)
        return yt_fail("%s: %s: shape is no list of at most 8 numbers", path, info->name);
    info->rank = (int)yt_json_count(shape);
    info->count = 1;
    for (int i = 0; i < info->rank; i++) {
        double side = yt_json_number(yt_json_at(shape, (size_t)i));
        if (!(side >= 0 && side <= INT32_MAX && side == floor(side)))
            return yt_fail("%s: %s: shape has a side that is no natural number", path, info->name);
        info->shape[i] = (int64_t)side;
        if (side > 0 && info->count > SIZE_MAX / 16 / (size_t)side)
            return yt_fail("%s: %s: shape is too large", path, info->name);
        info->count *= (size_t)side;
    }
    return 0;
}

static int parse_entry(const char *path, struct yt_tensor_info *info, const struct yt_json *entry,
                       size_t data_bytes) {
    if (yt_json_type(entry) != YT_JSON_MAP)
        return yt_fail("%s: %s: is no tensor description", path, info->name);
    const struct yt_json *dtype_entry = yt_json_get(entry, "dtype");
    const char *dtype = dtype_entry ? yt_json_string(dtype_entry) : NULL;
    int type = 0;
    while (type < YT_DTYPES && (!dtype || strcmp(dtypes[type].name, dtype) != 0)) type++;
    if (type == YT_DTYPES)
        return yt_fail("%s: %s: type %s is not supported (F32, F16, BF16, F64, I64, U8 are)", path,
                       info->name, dtype ? dtype : "missing");
    info->dtype = (enum yt_dtype)type;
    if (parse_shape(path, info, yt_json_get(entry, "shape")) != 0) return -1;
    const struct yt_json *offsets = yt_json_get(entry, "data_offsets");
    if (!offsets || yt_json_type(offsets) != YT_JSON_ARRAY || yt_json_count(offsets) != 2)
        return yt_fail("%s: %s: data_offsets is no pair", path, info->name);
    double begin = yt_json_number(yt_json_at(offsets, 0));
    double end = yt_json_number(yt_json_at(offsets, 1));
    if (!(begin >= 0 && begin <= end && begin == floor(begin) && end == floor(end)))
        return yt_fail("%s: %s: data_offsets are no range", path, info->name);
    if (end > (double)data_bytes)
        return yt_fail("%s: %s: its data ends at byte %.0f of %zu: the file is cut short", path,
                       info->name, end, data_bytes);
    info->begin = (size_t)begin;
    info->bytes = (size_t)end - info->begin;
    if (info->bytes != info->count * dtypes[type].bytes)
        return yt_fail("%s: %s: %zu bytes of data for %zu elements of %s", path, info->name,
                       info->bytes, info->count, dtypes[type].name);
    return 0;
}

static int by_begin(const void *a, const void *b) {
    const struct yt_tensor_info *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_name(const void *a, const void *b, void *items) {
    const struct yt_tensor_info *all = items;
    return strcmp(all[*(const size_t *)a].name, all[*(const size_t *)b].name);
}

/* The tensors must cover the data exactly, without gaps or overlaps. That no name stands twice, the
 * JSON parser has seen to. */
static int check_cover(const char *path, struct yt_safetensors *file) {
    size_t at = 0;
    qsort(file->items, file->count, sizeof(*file->items), by_begin);
    for (size_t i = 0; i < file->count; i++) {
        if (file->items[i].begin != at)
            return yt_fail("%s: %s: data starts at byte %zu, expected %zu: the file is damaged",
                           path, file->items[i].name, file->items[i].begin, at);
        at += file->items[i].bytes;
    }
    if (at != file->len - file->data)
        return yt_fail("%s: %zu bytes after the last tensor: the file is damaged", path,
                       file->len - file->data - at);
    file->by_name = yt_malloc((file->count + 1) * sizeof(size_t));
    for (size_t i = 0; i < file->count; i++) file->by_name[i] = i;
    qsort_r(file->by_name, file->count, sizeof(size_t), by_name, file->items);
    return 0;
}

static int parse(const char *path, struct yt_safetensors *file) {
    uint64_t header_bytes = 0;
    if (file->len < sizeof(header_bytes))
        return yt_fail("%s: is no safetensors file (only %zu bytes)", path, file->len);
    memcpy(&header_bytes, file->bytes, sizeof(header_bytes));
    const char *header = file->bytes + sizeof(header_bytes);
    if (header_bytes > HEADER_MAX_BYTES || (file->len > sizeof(header_bytes) && header[0] != '{'))
        return yt_fail("%s: is no safetensors file (PyTorch .pt files must be converted first)",
                       path);
    if (header_bytes > file->len - sizeof(header_bytes))
        return yt_fail("%s: cut short within its header", path);
    file->data = sizeof(header_bytes) + header_bytes;
    file->header = yt_json_parse(header, header_bytes, path);
    if (!file->header) return -1;
    if (yt_json_type(file->header) != YT_JSON_MAP)
        return yt_fail("%s: the header is no JSON object", path);
    size_t entries = yt_json_count(file->header);
    file->items = yt_calloc(entries + 1, sizeof(*file->items));
    for (size_t i = 0; i < entries; i++) {
        const char *name = yt_json_key(file->header, i);
        if (strcmp(name, "__metadata__") == 0) continue;
        struct yt_tensor_info *info = &file->items[file->count++];
        info->name = yt_strdup(name);
        if (parse_entry(path, info, yt_json_at(file->header, i), file->len - file->data) != 0)
            return -1;
    }
    return check_cover(path, file);
}

/* --- checksums --- */

/* Of a header without its checksums: what is before them and what is after. */
static uint64_t hash_header(const char *before, size_t before_len, const char *after,
                            size_t after_len) {
    return yt_mix(yt_hash(before, before_len)) ^ yt_hash(after, after_len);
}

static size_t blocks_of(size_t bytes) {
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

static uint64_t hash_block(const char *data, size_t bytes, size_t block) {
    size_t at = block * BLOCK_BYTES;
    return yt_hash(data + at, YT_MIN(BLOCK_BYTES, bytes - at));
}

static void hash_digits(uint64_t hash, char digits[HASH_DIGITS + 1]) {
    snprintf(digits, HASH_DIGITS + 1, "%0*" PRIx64, HASH_DIGITS, hash);
}

/* Whether the next of the list is this one. */
static bool is_next(const char **list, const char *end, uint64_t hash) {
    char digits[HASH_DIGITS + 1];
    if (end - *list < HASH_DIGITS) return false;
    hash_digits(hash, digits);
    *list += HASH_DIGITS;
    return memcmp(*list - HASH_DIGITS, digits, HASH_DIGITS) == 0;
}

static int check_tensor(const char *path, const struct yt_safetensors *file,
                        const struct yt_tensor_info *info, const char **list, const char *end) {
    size_t begin = file->data + info->begin;
    for (size_t block = 0; block < blocks_of(info->bytes); block++) {
        if (is_next(list, end, hash_block(file->bytes + begin, info->bytes, block))) continue;
        size_t from = block * BLOCK_BYTES, to = YT_MIN(from + BLOCK_BYTES, info->bytes);
        return yt_fail("%s: %s is damaged between bytes %zu and %zu of the file", path, info->name,
                       begin + from, begin + to);
    }
    return 0;
}

/* Files without checksums are taken as they are. */
static int verify(const char *path, struct yt_safetensors *file) {
    const char *header = file->bytes + sizeof(uint64_t), *header_end = file->bytes + file->data;
    const char *list = memmem(header, (size_t)(header_end - header), CHECKSUMS, strlen(CHECKSUMS));
    if (!list) return 0;
    file->has_checksums = true;
    list += strlen(CHECKSUMS);
    const char *end = memchr(list, '"', (size_t)(header_end - list));
    const char *before = list;
    if (!end ||
        !is_next(&list, end,
                 hash_header(header, (size_t)(before - header), end, (size_t)(header_end - end))))
        return yt_fail("%s: its header is damaged (the first %zu bytes)", path, file->data);
    for (size_t i = 0; i < file->count; i++)
        if (check_tensor(path, file, &file->items[i], &list, end) != 0) return -1;
    return 0;
}

bool yt_safetensors_has_checksums(const struct yt_safetensors *file) {
    return file->has_checksums;
}

struct yt_safetensors *yt_safetensors_open(const char *path) {
    struct yt_safetensors *file = yt_calloc(1, sizeof(*file));
    file->bytes = yt_file_read(path, 0, &file->len);
    if (!file->bytes || parse(path, file) != 0 || verify(path, file) != 0) {
        yt_safetensors_close(file);
        return NULL;
    }
    return file;
}

void yt_safetensors_close(struct yt_safetensors *file) {
    if (!file) return;
    for (size_t i = 0; i < file->count; i++) free(file->items[i].name);
    yt_json_free(file->header);
    free(file->items);
    free(file->by_name);
    free(file->bytes);
    free(file);
}

size_t yt_safetensors_count(const struct yt_safetensors *file) {
    return file->count;
}

const struct yt_tensor_info *yt_safetensors_at(const struct yt_safetensors *file, size_t i) {
    return &file->items[i];
}

const struct yt_tensor_info *yt_safetensors_find(const struct yt_safetensors *file,
                                                 const char *name) {
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct yt_tensor_info *info = &file->items[file->by_name[mid]];
        int order = strcmp(name, info->name);
        if (order == 0) return info;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const char *yt_safetensors_metadata(const struct yt_safetensors *file, const char *key) {
    const struct yt_json *metadata = yt_json_get(file->header, "__metadata__");
    const struct yt_json *entry = metadata ? yt_json_get(metadata, key) : NULL;
    return entry ? yt_json_string(entry) : NULL;
}

static float half_to_float(uint16_t h) {
    int exponent = h >> 10 & 31, fraction = h & 1023;
    float magnitude = exponent == 0    ? ldexpf((float)fraction, -24)
                      : exponent == 31 ? (fraction ? NAN : INFINITY)
                                       : ldexpf((float)(fraction + 1024), exponent - 25);
    return h >> 15 ? -magnitude : magnitude;
}

static float bfloat_to_float(uint16_t b) {
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, sizeof(f));
    return f;
}

static float element(const char *bytes, enum yt_dtype dtype, size_t i) {
    uint16_t u16;
    float f32;
    double f64;
    int64_t i64;
    switch (dtype) {
    case YT_F32:
        memcpy(&f32, bytes + 4 * i, 4);
        return f32;
    case YT_F16:
        memcpy(&u16, bytes + 2 * i, 2);
        return half_to_float(u16);
    case YT_BF16:
        memcpy(&u16, bytes + 2 * i, 2);
        return bfloat_to_float(u16);
    case YT_F64:
        memcpy(&f64, bytes + 8 * i, 8);
        return (float)f64;
    case YT_I64:
        memcpy(&i64, bytes + 8 * i, 8);
        return (float)i64;
    default:
        return (float)(uint8_t)bytes[i];
    }
}

void yt_safetensors_read(const struct yt_safetensors *file, const struct yt_tensor_info *info,
                         float *out) {
    const char *bytes = yt_safetensors_bytes(file, info);
    for (size_t i = 0; i < info->count; i++) out[i] = element(bytes, info->dtype, i);
}

const void *yt_safetensors_bytes(const struct yt_safetensors *file,
                                 const struct yt_tensor_info *info) {
    return file->bytes + file->data + info->begin;
}

/* --- writing --- */

struct yt_safetensors_writer {
    struct yt_str tensors, metadata; /* JSON members */
    struct {
        const void *data;
        size_t bytes;
    } * parts;
    size_t count, cap, bytes;
};

struct yt_safetensors_writer *yt_safetensors_writer_new(void) {
    return yt_calloc(1, sizeof(struct yt_safetensors_writer));
}

void yt_safetensors_writer_free(struct yt_safetensors_writer *writer) {
    if (!writer) return;
    yt_str_release(&writer->tensors);
    yt_str_release(&writer->metadata);
    free(writer->parts);
    free(writer);
}

void yt_safetensors_add(struct yt_safetensors_writer *writer, const char *name, enum yt_dtype dtype,
                        int rank, const int64_t *shape, const void *data) {
    size_t bytes = dtypes[dtype].bytes;
    for (int i = 0; i < rank; i++) bytes *= (size_t)shape[i];
    yt_str_add(&writer->tensors, ",");
    yt_json_quote(&writer->tensors, name);
    yt_str_add(&writer->tensors, ":{\"dtype\":\"%s\",\"shape\":[", dtypes[dtype].name);
    for (int i = 0; i < rank; i++)
        yt_str_add(&writer->tensors, "%s%lld", i ? "," : "", (long long)shape[i]);
    yt_str_add(&writer->tensors, "],\"data_offsets\":[%zu,%zu]}", writer->bytes,
               writer->bytes + bytes);
    writer->parts = yt_grow(writer->parts, &writer->cap, writer->count + 1, sizeof(*writer->parts));
    writer->parts[writer->count].data = data;
    writer->parts[writer->count++].bytes = bytes;
    writer->bytes += bytes;
}

void yt_safetensors_add_metadata(struct yt_safetensors_writer *writer, const char *key,
                                 const char *value) {
    if (writer->metadata.len) yt_str_add(&writer->metadata, ",");
    yt_json_quote(&writer->metadata, key);
    yt_str_add(&writer->metadata, ":");
    yt_json_quote(&writer->metadata, value);
}

static void add_hash(struct yt_str *out, uint64_t hash) {
    char digits[HASH_DIGITS + 1];
    hash_digits(hash, digits);
    yt_str_append(out, digits, HASH_DIGITS);
}

/* Padded so that data is aligned. */
static void write_header(const struct yt_safetensors_writer *writer, struct yt_str *out) {
    struct yt_str after = {0};
    size_t digits = HASH_DIGITS;
    for (size_t i = 0; i < writer->count; i++)
        digits += HASH_DIGITS * blocks_of(writer->parts[i].bytes);
    yt_str_add(out, "{\"__metadata__\":{%s%s" CHECKSUMS,
               writer->metadata.len ? writer->metadata.s : "", writer->metadata.len ? "," : "");
    yt_str_add(&after, "\"}%s}", writer->tensors.len ? writer->tensors.s : "");
    while ((out->len + digits + after.len) % 8) yt_str_add(&after, " ");
    add_hash(out, hash_header(out->s, out->len, after.s, after.len));
    for (size_t i = 0; i < writer->count; i++)
        for (size_t block = 0; block < blocks_of(writer->parts[i].bytes); block++)
            add_hash(out, hash_block(writer->parts[i].data, writer->parts[i].bytes, block));
    yt_str_append(out, after.s, after.len);
    yt_str_release(&after);
}

int yt_safetensors_write(struct yt_safetensors_writer *writer, const char *path) {
    struct yt_file file;
    struct yt_str header = {0};
    write_header(writer, &header);
    if (yt_file_room(path, writer->bytes + header.len) != 0 || yt_file_create(&file, path) != 0) {
        yt_str_release(&header);
        return -1;
    }
    uint64_t header_bytes = header.len;
    fwrite(&header_bytes, sizeof(header_bytes), 1, file.stream);
    fwrite(header.s, 1, header.len, file.stream);
    for (size_t i = 0; i < writer->count; i++)
        if (writer->parts[i].bytes) /* an empty tensor has no data to point at */
            fwrite(writer->parts[i].data, 1, writer->parts[i].bytes, file.stream);
    yt_str_release(&header);
    return yt_file_commit(&file); /* every write error surfaces here */
}
