#include "train/runs.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

char *yt_run_create(const char *project, const char *name, bool exist_ok) {
    char *first = yt_path_join(project, name), *parent = yt_path_dir(first);
    int failed = yt_path_mkdirs(exist_ok ? first : parent);
    free(parent);
    if (failed) {
        free(first);
        return NULL;
    }
    if (exist_ok) return first;
    for (int number = 1;; number++) {
        char *path = number == 1 ? yt_strdup(first) : yt_format("%s%d", first, number);
        bool made = !mkdir(path, 0777);
        if (made || errno != EEXIST) {
            free(first);
            if (made) return path;
            yt_fail("%s: cannot make the folder: %s; choose another project=", path,
                    strerror(errno));
            free(path);
            return NULL;
        }
        free(path);
    }
}

/* False if there is no such file. */
static bool written_at(const char *run, const char *file, struct timespec *when) {
    struct stat st;
    char *path = yt_path_join(run, file);
    bool there = !stat(path, &st) && S_ISREG(st.st_mode);
    free(path);
    if (there) *when = st.st_mtim;
    return there;
}

static bool is_later(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

char *yt_run_latest(const char *project, const char *file) {
    DIR *dir = opendir(project);
    char *latest = NULL;
    struct timespec latest_time = {0}, time;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        char *run = yt_path_join(project, entry->d_name);
        if (written_at(run, file, &time) && (!latest || is_later(time, latest_time))) {
            free(latest);
            latest = run;
            latest_time = time;
        } else {
            free(run);
        }
    }
    if (dir) closedir(dir);
    if (!latest) yt_fail("%s: no run in it has a file %s", project, file);
    return latest;
}
