/* A cache of decoded pages. Tiles are cut from it in any order by several threads, so a page is
 * decoded once and kept: a gray page costs one byte a pixel (5.4 MB for 1960x2772), and the least
 * recently used go when the bound is reached.
 *
 *     struct yt_pages *pages = yt_pages_new(&dataset, 0);
 *     const struct yt_image *page = yt_pages_lend(pages, index);
 *     if (!page) return -1; // the file is gone or damaged: yt_error() names it
 *     ... cut ...
 *     yt_pages_return(pages, index);
 *
 * The data set must outlive the cache. All functions but new and free may be called by any thread.
 */
#ifndef YT_DATA_PAGES_H
#define YT_DATA_PAGES_H

#include "data/dataset.h"
#include "image/image.h"

struct yt_pages;

/* max_bytes 0: half of the memory that is free now. Pages that are lent count, but are never
 * dropped: the bound can be passed by one page a thread. */
struct yt_pages *yt_pages_new(const struct yt_dataset *dataset, size_t max_bytes);
void yt_pages_free(struct yt_pages *pages);

/* The pixels of a page, until it is returned. NULL + yt_fail when it cannot be read, or is no
 * longer of the size that the data set saw. */
const struct yt_image *yt_pages_lend(struct yt_pages *pages, uint32_t page);
void yt_pages_return(struct yt_pages *pages, uint32_t page);

struct yt_pages_stats {
    size_t bytes, max_bytes;
    uint64_t decoded, found; /* lendings that had to read the file, and that had not */
};
struct yt_pages_stats yt_pages_stats(struct yt_pages *pages);

#endif
