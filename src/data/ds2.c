/* The tokens of the JSON are told apart by the section (the key at depth 1), the key of the record
 * (depth 2), and the field within the record (depth 3). Image ids become pages, and category ids
 * classes, only when the whole file has been read: then the order of the sections does not matter.
 */
#include "data/ds2.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "data/slant.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum section { OTHER, CATEGORIES, IMAGES, ANNOTATIONS };

struct category {
    int64_t id;
    char *name, *set;
    int cls; /* in the data set; -1: of another annotation set */
};
struct image {
    int64_t id;
    char *filename;
    int w, h; /* 0 if the file does not say */
};
enum { CATS = 2 }; /* an annotation has a category in each of two sets, or in one */
struct annotation {
    double box[4];
    int64_t id, image, cat[CATS];
    int coords, cats, corners;
    uint32_t slant; /* 1 + the index in reader.slants; 0: none */
};
/* o_bbox, x and y of each corner. */
struct slant {
    double corners[8];
};

struct reader {
    const char *path;
    enum section section;
    bool seen[ANNOTATIONS + 1];
    char field[32]; /* of the record that is being read */
    struct category category;
    struct image image;
    struct annotation annotation;
    struct slant slant; /* of annotation, as far as it is read */
    bool wants_slants;

    struct category *categories;
    size_t category_count, category_cap;
    struct image *images;
    size_t image_count, image_cap;
    struct annotation *annotations;
    size_t annotation_count, annotation_cap;
    struct slant *slants; /* of annotations that stand at a slant */
    size_t slant_count, slant_cap;
};

/* --- tokens to records --------------------------------------------------------------------- */

/* Ids stand as numbers and as strings of digits; -1 for anything else (null is common). */
static int64_t token_id(const struct yt_json_token *token) {
    if (token->event < YT_JSON_NUMBER || token->event > YT_JSON_KEY) return -1;
    char *end;
    long long id = strtoll(token->text, &end, 10);
    return end > token->text && *end == 0 ? id : -1;
}

static void set_text(char **slot, const struct yt_json_token *token) {
    if (token->event != YT_JSON_STRING) return;
    free(*slot);
    *slot = yt_strdup(token->text);
}

static int token_size_px(const struct yt_json_token *token) {
    return token->number > 0 && token->number < 1e6 ? (int)token->number : 0;
}

/* Releases of DeepScoresV2 spell one class in two ways; weights trained on one read the other. */
static void set_class_name(char **slot, const struct yt_json_token *token) {
    set_text(slot, token);
    if (*slot && strcmp(*slot, "legerLine") == 0) {
        free(*slot);
        *slot = yt_strdup("ledgerLine");
    }
}

static bool field_is(const struct reader *reader, const char *name) {
    return strcmp(reader->field, name) == 0;
}

static void free_record(struct reader *reader) {
    free(reader->category.name);
    free(reader->category.set);
    free(reader->image.filename);
}

static void begin_record(struct reader *reader, int64_t id) {
    free_record(reader);
    reader->field[0] = 0;
    reader->category = (struct category){.id = id, .cls = -1};
    reader->image = (struct image){.id = -1};
    reader->annotation = (struct annotation){.id = id, .image = -1};
}

static void take_value(struct reader *reader, const struct yt_json_token *token) {
    struct annotation *annotation = &reader->annotation;
    switch (reader->section) {
    case CATEGORIES:
        if (field_is(reader, "name"))
            set_class_name(&reader->category.name, token);
        else if (field_is(reader, "annotation_set"))
            set_text(&reader->category.set, token);
        break;
    case IMAGES:
        if (field_is(reader, "id"))
            reader->image.id = token_id(token);
        else if (field_is(reader, "filename"))
            set_text(&reader->image.filename, token);
        else if (field_is(reader, "width"))
            reader->image.w = token_size_px(token);
        else if (field_is(reader, "height"))
            reader->image.h = token_size_px(token);
        break;
    case ANNOTATIONS:
        if (field_is(reader, "img_id")) {
            annotation->image = token_id(token);
        } else if (field_is(reader, "a_bbox")) {
            double number = token->event == YT_JSON_NUMBER ? token->number : NAN;
            if (annotation->coords < 4) annotation->box[annotation->coords] = number;
            annotation->coords++;
        } else if (reader->wants_slants && field_is(reader, "o_bbox")) {
            double number = token->event == YT_JSON_NUMBER ? token->number : NAN;
            if (annotation->corners < 8) reader->slant.corners[annotation->corners] = number;
            annotation->corners++;
        } else if (field_is(reader, "cat_id")) {
            int64_t id = token_id(token);
            if (id >= 0 && annotation->cats < CATS) annotation->cat[annotation->cats++] = id;
        }
        break;
    case OTHER:
        break;
    }
}

/* Upright rectangles, most of all, are no news. */
static bool is_upright(const struct slant *slant) {
    const double *c = slant->corners;
    return (c[0] == c[2] || c[1] == c[3]) && (c[0] == c[6] || c[1] == c[7]);
}

static void keep_slant(struct reader *reader) {
    if (reader->annotation.corners != 8 || is_upright(&reader->slant)) return;
    reader->slants = yt_grow(reader->slants, &reader->slant_cap, reader->slant_count + 1,
                             sizeof *reader->slants);
    reader->slants[reader->slant_count++] = reader->slant;
    reader->annotation.slant = (uint32_t)reader->slant_count;
}

static void end_record(struct reader *reader) {
    switch (reader->section) {
    case CATEGORIES:
        reader->categories = yt_grow(reader->categories, &reader->category_cap,
                                     reader->category_count + 1, sizeof *reader->categories);
        reader->categories[reader->category_count++] = reader->category;
        reader->category = (struct category){0};
        break;
    case IMAGES:
        reader->images = yt_grow(reader->images, &reader->image_cap, reader->image_count + 1,
                                 sizeof *reader->images);
        reader->images[reader->image_count++] = reader->image;
        reader->image = (struct image){0};
        break;
    case ANNOTATIONS:
        keep_slant(reader);
        reader->annotations = yt_grow(reader->annotations, &reader->annotation_cap,
                                      reader->annotation_count + 1, sizeof *reader->annotations);
        reader->annotations[reader->annotation_count++] = reader->annotation;
        break;
    case OTHER:
        break;
    }
}

static enum section section_of_key(const char *key) {
    if (strcmp(key, "categories") == 0) return CATEGORIES;
    if (strcmp(key, "images") == 0) return IMAGES;
    if (strcmp(key, "annotations") == 0) return ANNOTATIONS;
    return OTHER;
}

static int take_token(void *user, const struct yt_json_token *token) {
    struct reader *reader = user;
    bool is_record_end = token->depth == 2 && token->event == YT_JSON_MAP_END;
    if (token->depth == 1 && token->event == YT_JSON_KEY) {
        reader->section = section_of_key(token->text);
        reader->seen[reader->section] = true;
    } else if (reader->section == OTHER) {
        return 0;
    } else if (token->depth == 2 && (token->event == YT_JSON_KEY ||
                                     (token->event == YT_JSON_MAP && reader->section == IMAGES))) {
        begin_record(reader, token->event == YT_JSON_KEY ? token_id(token) : -1);
    } else if (is_record_end) {
        end_record(reader);
    } else if (token->depth == 3 && token->event == YT_JSON_KEY) {
        reader->field[0] = 0; /* a name too long is none of ours */
        if (token->len < sizeof reader->field) memcpy(reader->field, token->text, token->len + 1);
    } else if (token->event <= YT_JSON_STRING && token->depth >= 3) {
        take_value(reader, token);
    }
    return 0;
}

/* --- records to pages and labels ----------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const struct category *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Numbers the categories of the set by ascending id. The first file makes the classes. */
static int settle_classes(struct reader *reader, struct yt_dataset *dataset, const char *set) {
    int nc = 0;
    bool is_first = dataset->nc == 0;
    if (reader->category_count)
        qsort(reader->categories, reader->category_count, sizeof *reader->categories, by_id);
    for (size_t i = 0; i < reader->category_count; i++) {
        struct category *category = &reader->categories[i];
        if (!category->name || !category->set || strcmp(category->set, set) != 0) continue;
        category->cls = nc++;
        if (is_first) {
            yt_dataset_add_class(dataset, category->name, (int)category->id);
        } else if (category->cls >= dataset->nc ||
                   dataset->classes[category->cls].id != category->id ||
                   strcmp(dataset->classes[category->cls].name, category->name) != 0) {
            return yt_fail("%s: its category %lld (%s) is not in the first file of the data set; "
                           "both must have the same categories",
                           reader->path, (long long)category->id, category->name);
        }
    }
    if (nc == 0)
        return yt_fail("%s: no categories of the annotation set \"%s\"; annotation_set= takes "
                       "deepscores or muscima++",
                       reader->path, set);
    if (nc != dataset->nc)
        return yt_fail("%s: %d categories of \"%s\", the first file of the data set has %d",
                       reader->path, nc, set, dataset->nc);
    return 0;
}

/* An annotation's class; -1: it has none in this set, and the tally says why. */
static int class_of(const struct reader *reader, const struct annotation *annotation,
                    struct yt_tally *tally) {
    bool is_known = false;
    for (int i = 0; i < annotation->cats; i++) {
        struct category key = {.id = annotation->cat[i]};
        const struct category *found =
            bsearch(&key, reader->categories, reader->category_count, sizeof key, by_id);
        if (found && found->cls >= 0) return found->cls;
        is_known |= found != NULL;
    }
    yt_tally_add(tally,
                 is_known ? "boxes without a class in this annotation set were left out"
                          : "boxes of unknown categories were dropped",
                 "%s:annotation %lld", reader->path, (long long)annotation->id);
    return -1;
}

/* The images by ascending id, to find an annotation's. */
struct place {
    int64_t id;
    const char *filename;
};

static int by_image(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Index into the places by ascending image id, or -1. */
static long find_place(const struct place *places, size_t count, int64_t id) {
    struct place key = {.id = id};
    const struct place *found = bsearch(&key, places, count, sizeof key, by_image);
    return found ? (long)(found - places) : -1;
}

/* Counting sort: order[begin[p] .. begin[p + 1]) are the annotations of place p, in file order. */
static void group_annotations(const struct reader *reader, const struct place *places,
                              struct yt_tally *tally, size_t *begin, uint32_t *order) {
    size_t count = reader->image_count;
    long *place_of = yt_malloc((reader->annotation_count + 1) * sizeof *place_of);
    for (size_t i = 0; i < reader->annotation_count; i++) {
        const struct annotation *annotation = &reader->annotations[i];
        place_of[i] = find_place(places, count, annotation->image);
        if (place_of[i] >= 0)
            begin[place_of[i] + 1]++;
        else
            yt_tally_add(tally, "boxes of unknown images were dropped", "%s:annotation %lld",
                         reader->path, (long long)annotation->id);
    }
    for (size_t p = 0; p < count; p++) begin[p + 1] += begin[p];
    size_t *next = yt_malloc((count + 1) * sizeof *next);
    memcpy(next, begin, (count + 1) * sizeof *next);
    for (size_t i = 0; i < reader->annotation_count; i++)
        if (place_of[i] >= 0) order[next[place_of[i]]++] = (uint32_t)i;
    free(next);
    free(place_of);
}

static uint32_t slant_of(const struct reader *reader, const struct annotation *annotation,
                         struct yt_dataset *dataset) {
    if (!annotation->slant) return 0;
    const double *b = annotation->box;
    struct yt_box box = {(float)b[0], (float)b[1], (float)b[2], (float)b[3]};
    struct yt_polygon slant;
    if (!yt_slant_fit(box, reader->slants[annotation->slant - 1].corners, &slant)) return 0;
    return yt_dataset_add_slant(dataset, &slant);
}

static void add_labels(const struct reader *reader, struct yt_dataset *dataset, const char *where,
                       const uint32_t *order, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct annotation *annotation = &reader->annotations[order[i]];
        int cls = class_of(reader, annotation, &dataset->tally);
        if (cls < 0) continue;
        const double *b = annotation->box;
        if (annotation->coords != 4) {
            yt_tally_add(&dataset->tally, "boxes without four coordinates were dropped",
                         "%s:annotation %lld", reader->path, (long long)annotation->id);
            continue;
        }
        struct yt_page_label label = {b[0], b[1], b[2], b[3], cls, 0};
        label.slant = slant_of(reader, annotation, dataset);
        yt_dataset_add_label(dataset, label, where, (long)annotation->id);
    }
}

/* Adds the pages in the order of the file, each followed by its labels. */
static void add_pages(struct reader *reader, struct yt_dataset *dataset, const char *images_dir,
                      enum yt_part part) {
    size_t count = reader->image_count;
    struct place *places = yt_malloc((count + 1) * sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){reader->images[i].id, reader->images[i].filename};
    qsort(places, count, sizeof *places, by_image);
    size_t *begin = yt_calloc(count + 1, sizeof *begin);
    uint32_t *order = yt_malloc((reader->annotation_count + 1) * sizeof *order);
    group_annotations(reader, places, &dataset->tally, begin, order);
    for (size_t i = 0; i < count; i++) {
        const struct image *image = &reader->images[i];
        long place = find_place(places, count, image->id);
        if (!image->filename || image->id < 0 || places[place].filename != image->filename) {
            yt_tally_add(&dataset->tally,
                         "images without a name or an id of their own were left out",
                         "%s:image %lld", reader->path, (long long)image->id);
            continue;
        }
        char *path = yt_path_join(images_dir, image->filename);
        struct yt_page *page = yt_dataset_add_page(dataset, path, part, image->w, image->h);
        if (page) {
            page->id = (long)image->id;
            add_labels(reader, dataset, path, order + begin[place],
                       begin[place + 1] - begin[place]);
        }
        free(path);
    }
    free(order);
    free(begin);
    free(places);
}

static void reader_release(struct reader *reader) {
    free_record(reader);
    for (size_t i = 0; i < reader->category_count; i++) {
        free(reader->categories[i].name);
        free(reader->categories[i].set);
    }
    for (size_t i = 0; i < reader->image_count; i++) free(reader->images[i].filename);
    free(reader->categories);
    free(reader->images);
    free(reader->annotations);
    free(reader->slants);
}

static int read_file(struct reader *reader, struct yt_dataset *dataset, const char *images_dir,
                     const char *annotation_set, enum yt_part part) {
    if (yt_json_stream(reader->path, take_token, reader)) return -1;
    static const char *const names[] = {
        [CATEGORIES] = "categories", [IMAGES] = "images", [ANNOTATIONS] = "annotations"};
    for (int section = CATEGORIES; section <= ANNOTATIONS; section++)
        if (!reader->seen[section])
            return yt_fail("%s: has no \"%s\"; is it a JSON of DeepScoresV2?", reader->path,
                           names[section]);
    if (reader->image_count == 0) return yt_fail("%s: its list of images is empty", reader->path);
    if (settle_classes(reader, dataset, annotation_set)) return -1;
    size_t before = dataset->page_count;
    add_pages(reader, dataset, images_dir, part);
    if (dataset->page_count > before) return 0;
    const struct yt_tally *tally = &dataset->tally;
    return yt_fail("%s: none of its %zu images could be used; %s (first: %s)", reader->path,
                   reader->image_count, tally->rows[tally->count - 1].reason,
                   tally->rows[tally->count - 1].first);
}

int yt_ds2_read(struct yt_dataset *dataset, const char *json_path, const char *images_dir,
                const struct yt_dataset_options *options, enum yt_part part) {
    struct reader reader = {.path = json_path, .wants_slants = options->o_bbox};
    const char *set = options->annotation_set ? options->annotation_set : "deepscores";
    int failed = read_file(&reader, dataset, images_dir, set, part);
    reader_release(&reader);
    return failed;
}
