#include "train/outcomes_file.h"

#include "base/file.h"
#include "base/json.h"
#include "tensor/safetensors.h"

#include <stdlib.h>
#include <string.h>

static const char format[] = "yt-outcomes-1";

/* --- writing ------------------------------------------------------------------------------------
 */

static int64_t pack(uint32_t page, int cls, uint16_t tp) {
    YT_ASSERT(cls < 1 << 16);
    return (int64_t)((uint64_t)page << 32 | (uint64_t)cls << 16 | tp);
}

static void add_names(struct yt_safetensors_writer *writer, const char *key,
                      const char *const *names, size_t count) {
    struct yt_str text = {0};
    for (size_t i = 0; i < count; i++) {
        yt_str_append(&text, i ? "," : "[", 1);
        yt_json_quote(&text, names[i]);
    }
    yt_str_add(&text, count ? "]" : "[]");
    yt_safetensors_add_metadata(writer, key, text.s);
    yt_str_release(&text);
}

static void add_lists(struct yt_safetensors_writer *writer, const struct yt_dataset *dataset) {
    size_t most = YT_MAX(dataset->page_count, (size_t)dataset->nc);
    const char **names = yt_calloc(most + 1, sizeof *names);
    for (size_t i = 0; i < dataset->page_count; i++)
        names[i] = yt_path_name(dataset->pages[i].path);
    add_names(writer, "pages", names, dataset->page_count);
    for (int i = 0; i < dataset->nc; i++) names[i] = dataset->classes[i].name;
    add_names(writer, "classes", names, (size_t)dataset->nc);
    free(names);
}

int yt_outcomes_save(const char *path, const struct yt_outcomes *outcomes,
                     const struct yt_dataset *dataset, const struct yt_settings *settings,
                     const char *unit) {
    size_t n = outcomes->count, m = outcomes->truth_count;
    float *scores = yt_malloc((n + 1) * sizeof *scores);
    int64_t *packed = yt_malloc((n + 1) * sizeof *packed);
    int64_t *truths = yt_malloc((2 * m + 1) * sizeof *truths);
    for (size_t i = 0; i < n; i++) {
        const struct yt_outcome *item = &outcomes->items[i];
        scores[i] = item->score;
        packed[i] = pack(item->page, item->cls, item->tp);
    }
    for (size_t i = 0; i < m; i++) {
        truths[2 * i] = pack(outcomes->truths[i].page, outcomes->truths[i].cls, 0);
        truths[2 * i + 1] = outcomes->truths[i].count;
    }
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    yt_safetensors_add(writer, "score", YT_F32, 1, (int64_t[]){(int64_t)n}, scores);
    yt_safetensors_add(writer, "outcome", YT_I64, 1, (int64_t[]){(int64_t)n}, packed);
    yt_safetensors_add(writer, "truth", YT_I64, 2, (int64_t[]){(int64_t)m, 2}, truths);
    yt_safetensors_add_metadata(writer, "format", format);
    yt_safetensors_add_metadata(writer, "weights", settings->weights ? settings->weights : "");
    yt_safetensors_add_metadata(writer, "data", settings->data);
    yt_safetensors_add_metadata(writer, "split", settings->split_name);
    yt_safetensors_add_metadata(writer, "unit", unit);
    add_lists(writer, dataset);
    int failed = yt_safetensors_write(writer, path);
    yt_safetensors_writer_free(writer);
    free(scores);
    free(packed);
    free(truths);
    return failed;
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* The bytes of a tensor of this type and rank; NULL: another file. Nothing says they are aligned.
 */
static const char *find(const struct yt_safetensors *file, const char *name, enum yt_dtype dtype,
                        int rank, size_t *rows) {
    const struct yt_tensor_info *tensor = yt_safetensors_find(file, name);
    if (!tensor || tensor->dtype != dtype || tensor->rank != rank) return NULL;
    if (rank == 2 && tensor->shape[1] != 2) return NULL;
    *rows = (size_t)tensor->shape[0];
    return yt_safetensors_bytes(file, tensor);
}

static int64_t integer_at(const char *bytes, size_t i) {
    int64_t value;
    memcpy(&value, bytes + i * sizeof value, sizeof value);
    return value;
}

/* A list of names to free, NULL-terminated; NULL: there is none. */
static char **read_names(const struct yt_safetensors *file, const char *key, size_t *count) {
    const char *text = yt_safetensors_metadata(file, key);
    struct yt_json *json = text ? yt_json_parse(text, strlen(text), key) : NULL;
    if (!json || yt_json_type(json) != YT_JSON_ARRAY) {
        yt_json_free(json);
        return NULL;
    }
    *count = yt_json_count(json);
    char **names = yt_calloc(*count + 1, sizeof *names);
    for (size_t i = 0; i < *count; i++) {
        const char *name = yt_json_string(yt_json_at(json, i));
        names[i] = yt_strdup(name ? name : "");
    }
    yt_json_free(json);
    return names;
}

static int unpack(struct yt_outcomes *out, const struct yt_safetensors *file) {
    size_t n = 0, n2 = 0, m = 0;
    const char *scores = find(file, "score", YT_F32, 1, &n);
    const char *packed = find(file, "outcome", YT_I64, 1, &n2);
    const char *truths = find(file, "truth", YT_I64, 2, &m);
    if (!scores || !packed || !truths || n != n2) return -1;
    out->items = yt_grow(NULL, &out->cap, n + 1, sizeof *out->items);
    out->truths = yt_grow(NULL, &out->truth_cap, m + 1, sizeof *out->truths);
    for (size_t i = 0; i < n; i++) {
        int64_t bits = integer_at(packed, i);
        struct yt_outcome item = {.cls = (int)(bits >> 16 & 0xffff),
                                  .page = (uint32_t)(bits >> 32),
                                  .tp = (uint16_t)bits};
        memcpy(&item.score, scores + i * sizeof item.score, sizeof item.score);
        if (item.cls >= out->nc || item.page >= out->pages) return -1;
        out->items[out->count++] = item;
    }
    for (size_t i = 0; i < m; i++) {
        int64_t bits = integer_at(truths, 2 * i);
        struct yt_label_count truth = {(int)(bits >> 16 & 0xffff), (uint32_t)(bits >> 32),
                                       (uint32_t)integer_at(truths, 2 * i + 1)};
        if (truth.cls >= out->nc || truth.page >= out->pages) return -1;
        out->truths[out->truth_count++] = truth;
    }
    return 0;
}

static char *copy_metadata(const struct yt_safetensors *file, const char *key) {
    const char *value = yt_safetensors_metadata(file, key);
    return yt_strdup(value ? value : "");
}

int yt_outcomes_load(const char *path, struct yt_outcomes_file *out) {
    *out = (struct yt_outcomes_file){0};
    struct yt_safetensors *file = yt_safetensors_open(path);
    if (!file) return -1;
    const char *found = yt_safetensors_metadata(file, "format");
    size_t pages = 0, classes = 0;
    out->pages = read_names(file, "pages", &pages);
    out->classes = read_names(file, "classes", &classes);
    out->weights = copy_metadata(file, "weights");
    out->data = copy_metadata(file, "data");
    out->split = copy_metadata(file, "split");
    out->unit = copy_metadata(file, "unit");
    yt_outcomes_init(&out->outcomes, (int)classes, (uint32_t)pages);
    bool is_good = found && !strcmp(found, format) && out->pages && out->classes &&
                   unpack(&out->outcomes, file) == 0;
    yt_safetensors_close(file);
    if (is_good) return 0;
    yt_outcomes_file_release(out);
    return yt_fail("%s: holds no outcomes of a validation; measure again with yt val", path);
}

static void free_names(char **names) {
    for (size_t i = 0; names && names[i]; i++) free(names[i]);
    free(names);
}

void yt_outcomes_file_release(struct yt_outcomes_file *file) {
    yt_outcomes_release(&file->outcomes);
    free_names(file->pages);
    free_names(file->classes);
    free(file->weights);
    free(file->data);
    free(file->split);
    free(file->unit);
    *file = (struct yt_outcomes_file){0};
}
