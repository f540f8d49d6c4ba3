#include "train/runs.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

/* Files that were being written when a process was killed (base/file.c names them). */
static void tidy(const char *folder) {
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!yt_str_ends_with(entry->d_name, ".tmp")) continue;
        char *path = yt_path_join(folder, entry->d_name);
        unlink(path);
        free(path);
    }
    if (dir) closedir(dir);
}

static void tidy_run(const char *run) {
    static const char *const folders[] = {"", "weights", "state", "worst_tiles"};
    for (size_t i = 0; i < YT_COUNT(folders); i++) {
        char *folder = yt_path_join(run, folders[i]);
        tidy(folder);
        free(folder);
    }
}

/* Says whose the lock is, as far as its file tells. */
static int refuse(const char *run, int lock) {
    char owner[128] = "";
    ssize_t got = pread(lock, owner, sizeof owner - 1, 0);
    owner[got > 0 ? (size_t)got : 0] = 0;
    owner[strcspn(owner, "\n")] = 0;
    return yt_fail(
        "%s: another yt is training in this folder%s%s%s; wait for it, stop it, or choose "
        "another name=",
        run, *owner ? " (" : "", owner, *owner ? ")" : "");
}

int yt_run_lock(const char *run) {
    char *path = yt_path_join(run, "lock"), host[64] = "";
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), result = lock;
    if (lock < 0) {
        yt_fail("%s: cannot open: %s", path, strerror(errno));
    } else if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        result = refuse(run, lock);
        close(lock);
    } else {
        gethostname(host, sizeof host - 1);
        if (ftruncate(lock, 0) == 0) dprintf(lock, "process %ld on %s\n", (long)getpid(), host);
        tidy_run(run);
    }
    free(path);
    return result;
}

void yt_run_unlock(int lock) {
    if (lock >= 0) close(lock);
}
