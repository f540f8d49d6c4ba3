/* The half of file.h that deals with names: paths, and lists of them. */
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool yt_path_exists(const char *path) {
    return !access(path, F_OK);
}

bool yt_path_is_dir(const char *path) {
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int yt_path_mkdirs(const char *path) {
    char *copy = yt_strdup(path);
    int error = 0;
    for (char *end = copy + 1; !error && *copy; end++) {
        if (*end != '/' && *end) continue;
        char kept = *end;
        *end = 0;
        if (mkdir(copy, 0777) && !yt_path_is_dir(copy))
            error = yt_fail("%s: cannot make the folder: %s", copy, strerror(errno));
        *end = kept;
        if (!kept) break;
    }
    free(copy);
    return error;
}

char *yt_path_join(const char *a, const char *b) {
    if (*b == '/' || !*a) return yt_strdup(b);
    return yt_format("%s%s%s", a, a[strlen(a) - 1] == '/' ? "" : "/", b);
}

char *yt_path_dir(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return yt_strdup(".");
    if (slash == path) return yt_strdup("/");
    return yt_format("%.*s", (int)(slash - path), path);
}

const char *yt_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *yt_path_stem(const char *path) {
    char *stem = yt_strdup(yt_path_name(path)), *dot = strrchr(stem, '.');
    if (dot && dot > stem) *dot = 0; /* ".hidden" is all stem */
    return stem;
}

char *yt_path_absolute(const char *path) {
    char here[PATH_MAX];
    if (*path == '/' || !getcwd(here, sizeof here)) return yt_strdup(path);
    while (!strncmp(path, "./", 2)) path += 2;
    return yt_path_join(here, strcmp(path, ".") ? path : "");
}

/* --- lists -------------------------------------------------------------------------------- */

void yt_paths_add(struct yt_paths *paths, const char *path) {
    paths->items = yt_grow(paths->items, &paths->cap, paths->count + 1, sizeof *paths->items);
    paths->items[paths->count++] = yt_strdup(path);
}

void yt_paths_release(struct yt_paths *paths) {
    for (size_t i = 0; i < paths->count; i++) free(paths->items[i]);
    free(paths->items);
    *paths = (struct yt_paths){0};
}

static bool has_suffix(const char *name, const char *const *suffixes) {
    for (; *suffixes; suffixes++)
        if (yt_str_ends_with(name, *suffixes)) return true;
    return false;
}

/* Names with a dot first are the system's (.DS_Store, ._page.png). Folders behind links are not
 * gone into: a link may lead back up. */
static int add_folder(struct yt_paths *paths, const char *folder, const char *const *suffixes,
                      bool recursive) {
    DIR *dir = opendir(folder);
    if (!dir) return yt_fail("%s: cannot open the folder: %s", folder, strerror(errno));
    int error = 0;
    for (struct dirent *entry; !error && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        char *path = yt_path_join(folder, entry->d_name);
        struct stat st;
        if (yt_path_is_dir(path)) {
            if (recursive && !lstat(path, &st) && S_ISDIR(st.st_mode))
                error = add_folder(paths, path, suffixes, recursive);
        } else if (has_suffix(path, suffixes)) {
            yt_paths_add(paths, path);
        }
        free(path);
    }
    closedir(dir);
    return error;
}

static int add_list(struct yt_paths *paths, const char *list) {
    char *text = yt_file_read(list, 1 << 30, NULL), *dir = yt_path_dir(list), *save;
    if (text)
        for (char *line = strtok_r(text, "\r\n", &save); line;
             line = strtok_r(NULL, "\r\n", &save)) {
            while (!strncmp(line, "./", 2)) line += 2;
            char *path = yt_path_join(dir, line);
            if (line[strspn(line, " \t")]) yt_paths_add(paths, path);
            free(path);
        }
    free(dir);
    free(text);
    return text ? 0 : -1;
}

static int add_pattern(struct yt_paths *paths, const char *pattern) {
    glob_t found;
    int failed = glob(pattern, 0, NULL, &found);
    for (size_t i = 0; !failed && i < found.gl_pathc; i++)
        if (!yt_path_is_dir(found.gl_pathv[i])) yt_paths_add(paths, found.gl_pathv[i]);
    globfree(&found);
    return failed && failed != GLOB_NOMATCH ? yt_fail("%s: cannot be listed", pattern) : 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int yt_paths_find(struct yt_paths *paths, const char *source, const char *const *suffixes,
                  bool recursive) {
    size_t before = paths->count;
    int error = 0;
    if (yt_path_is_dir(source))
        error = add_folder(paths, source, suffixes, recursive);
    else if (yt_path_exists(source) && !yt_str_ends_with(source, ".txt"))
        yt_paths_add(paths, source); /* first, for a file may be called "page[1].png" */
    else if (yt_path_exists(source))
        error = add_list(paths, source);
    else if (strpbrk(source, "*?["))
        error = add_pattern(paths, source);
    else
        return yt_fail("%s: no such file or folder", source);
    if (error) return -1;
    if (paths->count == before) return yt_fail("%s: holds no file of a kind that is read", source);
    qsort(paths->items, paths->count, sizeof *paths->items, by_name);
    return 0;
}
