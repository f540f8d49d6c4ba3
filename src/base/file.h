/* Files and paths. All strings returned are malloc'ed; free() them. */
#ifndef YT_BASE_FILE_H
#define YT_BASE_FILE_H

#include "base/base.h"
#include <stdio.h>

/* Whole file in memory, with a 0 byte after the end. NULL + yt_fail (missing, unreadable, larger
 * than max_bytes when that is not 0). */
char *yt_file_read(const char *path, size_t max_bytes, size_t *len);

/* A file that is whole or absent: write to file->stream (a temporary beside `path`), then
 * yt_file_commit flushes, checks every write error, syncs and renames. Without a commit
 * yt_file_abandon removes the temporary. -1 + yt_fail on error (the old file is then untouched). */
struct yt_file {
    FILE *stream;
    char *path, *temporary;
};
int yt_file_create(struct yt_file *file, const char *path);
int yt_file_commit(struct yt_file *file);
void yt_file_abandon(struct yt_file *file);
/* Create, write, commit in one call. */
int yt_file_write(const char *path, const void *bytes, size_t len);
/* Whether the disk that `path` would be on has room for so many bytes: 0, or -1 + yt_fail with both
 * figures. What cannot be asked (a path that is not there yet, a device) has room. */
int yt_file_room(const char *path, size_t bytes);

bool yt_path_exists(const char *path);
bool yt_path_is_dir(const char *path);
int yt_path_mkdirs(const char *path);
char *yt_path_join(const char *a, const char *b); /* b alone if it is absolute */
char *yt_path_dir(const char *path);              /* "." if there is no slash */
const char *yt_path_name(const char *path);       /* after the last slash; not allocated */
char *yt_path_stem(const char *path);             /* name without its last extension */
char *yt_path_absolute(const char *path);

/* A sorted list of paths. Zero-initialise. */
struct yt_paths {
    char **items;
    size_t count, cap;
};
void yt_paths_add(struct yt_paths *paths, const char *path);
void yt_paths_release(struct yt_paths *paths);
/* Adds what `source` names: a file, the files of a folder whose name ends in one of `suffixes`
 * (NULL-terminated; `recursive` goes into folders), a glob pattern, a .txt list of paths. Sorted.
 * -1 + yt_fail when it names nothing. */
int yt_paths_find(struct yt_paths *paths, const char *source, const char *const *suffixes,
                  bool recursive);

#endif
