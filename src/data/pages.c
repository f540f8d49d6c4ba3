#include "data/pages.h"
#include <pthread.h>
#include <stdlib.h>

struct entry {
    struct yt_image *image;
    int users;          /* threads it is lent to */
    bool is_decoding;   /* by some thread; others that want it wait */
    uint64_t last_used; /* on the cache's clock of lendings */
};
struct yt_pages {
    const struct yt_dataset *dataset;
    struct entry *entries; /* one a page */
    pthread_mutex_t lock;
    pthread_cond_t decoded;
    uint64_t clock;
    struct yt_pages_stats stats;
};

struct yt_pages *yt_pages_new(const struct yt_dataset *dataset, size_t max_bytes) {
    struct yt_pages *pages = yt_calloc(1, sizeof *pages);
    pages->dataset = dataset;
    pages->entries = yt_calloc(dataset->page_count + 1, sizeof *pages->entries);
    long long available = yt_memory_available();
    if (max_bytes == 0) max_bytes = available > 0 ? (size_t)available / 2 : (size_t)1 << 30;
    pages->stats.max_bytes = max_bytes;
    pthread_mutex_init(&pages->lock, NULL);
    pthread_cond_init(&pages->decoded, NULL);
    return pages;
}

void yt_pages_free(struct yt_pages *pages) {
    if (!pages) return;
    for (size_t i = 0; i < pages->dataset->page_count; i++) yt_image_free(pages->entries[i].image);
    pthread_cond_destroy(&pages->decoded);
    pthread_mutex_destroy(&pages->lock);
    free(pages->entries);
    free(pages);
}

static size_t image_bytes(const struct yt_image *image) {
    return (size_t)image->w * (size_t)image->h * (size_t)image->c;
}

/* Looking at every page is nothing beside the decoding that made it necessary. */
static void drop_until_it_fits(struct yt_pages *pages) {
    while (pages->stats.bytes > pages->stats.max_bytes) {
        struct entry *oldest = NULL;
        for (size_t i = 0; i < pages->dataset->page_count; i++) {
            struct entry *entry = &pages->entries[i];
            if (!entry->image || entry->users > 0) continue;
            if (!oldest || entry->last_used < oldest->last_used) oldest = entry;
        }
        if (!oldest) return;
        pages->stats.bytes -= image_bytes(oldest->image);
        yt_image_free(oldest->image);
        oldest->image = NULL;
    }
}

static struct yt_image *decode(const struct yt_page *page) {
    struct yt_image *image = yt_image_read(page->path, 0);
    if (image && (image->w != page->w || image->h != page->h)) {
        yt_fail("%s: is %dx%d now and was %dx%d when the data set was opened; leave images alone "
                "while they are in use",
                page->path, image->w, image->h, page->w, page->h);
        yt_image_free(image);
        image = NULL;
    }
    return image;
}

const struct yt_image *yt_pages_lend(struct yt_pages *pages, uint32_t page) {
    YT_ASSERT(page < pages->dataset->page_count);
    struct entry *entry = &pages->entries[page];
    pthread_mutex_lock(&pages->lock);
    while (entry->is_decoding) pthread_cond_wait(&pages->decoded, &pages->lock);
    if (entry->image) {
        pages->stats.found++;
    } else {
        entry->is_decoding = true;
        pthread_mutex_unlock(&pages->lock);
        struct yt_image *image = decode(&pages->dataset->pages[page]);
        pthread_mutex_lock(&pages->lock);
        entry->is_decoding = false;
        entry->image = image;
        pages->stats.decoded++;
        if (image) pages->stats.bytes += image_bytes(image);
        pthread_cond_broadcast(&pages->decoded);
    }
    const struct yt_image *image = entry->image;
    if (image) {
        entry->users++;
        entry->last_used = ++pages->clock;
        drop_until_it_fits(pages);
    }
    pthread_mutex_unlock(&pages->lock);
    return image;
}

void yt_pages_return(struct yt_pages *pages, uint32_t page) {
    pthread_mutex_lock(&pages->lock);
    struct entry *entry = &pages->entries[page];
    YT_ASSERT(entry->users > 0);
    entry->users--;
    drop_until_it_fits(pages);
    pthread_mutex_unlock(&pages->lock);
}

struct yt_pages_stats yt_pages_stats(struct yt_pages *pages) {
    pthread_mutex_lock(&pages->lock);
    struct yt_pages_stats stats = pages->stats;
    pthread_mutex_unlock(&pages->lock);
    return stats;
}
