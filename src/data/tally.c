#include "data/tally.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct yt_tally_row *find(const struct yt_tally *tally, const char *reason) {
    for (size_t i = 0; i < tally->count; i++)
        if (strcmp(tally->rows[i].reason, reason) == 0) return &tally->rows[i];
    return NULL;
}

void yt_tally_add(struct yt_tally *tally, const char *reason, const char *example, ...) {
    struct yt_tally_row *row = find(tally, reason);
    if (!row) {
        tally->rows = yt_grow(tally->rows, &tally->cap, tally->count + 1, sizeof *tally->rows);
        row = &tally->rows[tally->count++];
        char text[512];
        va_list args;
        va_start(args, example);
        vsnprintf(text, sizeof text, example, args);
        va_end(args);
        *row = (struct yt_tally_row){.reason = reason, .first = yt_strdup(text)};
    }
    row->count++;
}

uint64_t yt_tally_count(const struct yt_tally *tally, const char *reason) {
    const struct yt_tally_row *row = find(tally, reason);
    return row ? row->count : 0;
}

void yt_tally_print(const struct yt_tally *tally, const char *where) {
    for (size_t i = 0; i < tally->count; i++) {
        const struct yt_tally_row *row = &tally->rows[i];
        yt_warn("%s: %" PRIu64 " %s (first: %s)", where, row->count, row->reason, row->first);
    }
}

void yt_tally_release(struct yt_tally *tally) {
    for (size_t i = 0; i < tally->count; i++) free(tally->rows[i].first);
    free(tally->rows);
    *tally = (struct yt_tally){0};
}
