#include "data/twins.h"
#include "base/file.h"
#include "base/rng.h"

#include <stdlib.h>

struct print {
    uint64_t hash;
    size_t bytes;
    uint32_t page;
};

static int by_content(const void *a, const void *b) {
    const struct print *p = a, *q = b;
    if (p->hash != q->hash) return p->hash < q->hash ? -1 : 1;
    if (p->bytes != q->bytes) return p->bytes < q->bytes ? -1 : 1;
    return (p->page > q->page) - (p->page < q->page);
}

static int read_prints(const struct yt_dataset *dataset, struct print *prints) {
    for (size_t i = 0; i < dataset->page_count; i++) {
        size_t len;
        char *bytes = yt_file_read(dataset->pages[i].path, 0, &len);
        if (!bytes) return -1;
        prints[i] = (struct print){yt_hash(bytes, len), len, (uint32_t)i};
        free(bytes);
    }
    return 0;
}

struct yt_twin *yt_twins_find(const struct yt_dataset *dataset, long *count) {
    struct print *prints = yt_calloc(dataset->page_count + 1, sizeof *prints);
    struct yt_twin *twins = NULL;
    size_t cap = 0;
    *count = read_prints(dataset, prints) ? -1 : 0;
    if (*count == 0) qsort(prints, dataset->page_count, sizeof *prints, by_content);
    for (size_t i = 1, first = 0; *count >= 0 && i < dataset->page_count; i++) {
        bool same = prints[i].hash == prints[first].hash && prints[i].bytes == prints[first].bytes;
        if (!same) {
            first = i;
            continue;
        }
        twins = yt_grow(twins, &cap, (size_t)*count + 1, sizeof *twins);
        twins[(*count)++] = (struct yt_twin){prints[first].page, prints[i].page};
    }
    free(prints);
    return twins;
}
