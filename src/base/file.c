#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* --- reading ------------------------------------------------------------------------------ */

/* Reads to the end rather than to the size that stat() tells: pipes and /proc have none. */
static char *read_all(FILE *f, const char *path, size_t max_bytes, size_t *len) {
    char *bytes = NULL;
    size_t cap = 0, got;
    *len = 0;
    do {
        bytes = yt_grow(bytes, &cap, *len + (1 << 16) + 1, 1);
        got = fread(bytes + *len, 1, cap - *len - 1, f);
        *len += got;
        if (max_bytes && *len > max_bytes) {
            yt_fail("%s: larger than %zu bytes; is this the right file?", path, max_bytes);
            free(bytes);
            return NULL;
        }
    } while (got);
    if (ferror(f)) {
        yt_fail("%s: cannot read: %s", path, strerror(errno));
        free(bytes);
        return NULL;
    }
    bytes[*len] = 0;
    return bytes;
}

char *yt_file_read(const char *path, size_t max_bytes, size_t *len) {
    size_t ignored;
    FILE *f = fopen(path, "rb");
    if (!f) return yt_fail_null("%s: cannot open: %s", path, strerror(errno));
    char *bytes = read_all(f, path, max_bytes, len ? len : &ignored);
    fclose(f);
    return bytes;
}

/* --- writing ------------------------------------------------------------------------------ */

static int cannot(const char *what, const char *path) {
    return yt_fail("%s: cannot %s: %s", path, what, strerror(errno));
}

int yt_file_create(struct yt_file *file, const char *path) {
    struct stat st;
    *file = (struct yt_file){.path = yt_strdup(path)};
    /* a pipe or a device (/dev/stdout) is written to, never replaced */
    if (stat(path, &st) || S_ISREG(st.st_mode))
        file->temporary = yt_format("%s.%ld.tmp", path, (long)getpid());
    file->stream = fopen(file->temporary ? file->temporary : path, "wb");
    if (file->stream) return 0;
    cannot("write", path);
    yt_file_abandon(file);
    return -1;
}

/* So that the new name is on the disk too when the machine stops. A file system that cannot sync
 * a folder has nothing to sync. */
static void sync_folder(const char *path) {
    char *dir = yt_path_dir(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(dir);
}

int yt_file_commit(struct yt_file *file) {
    FILE *stream = file->stream;
    file->stream = NULL;
    errno = 0;
    bool bad = ferror(stream) || fflush(stream);
    /* pipes and devices cannot be synced */
    if (!bad && file->temporary) bad = fsync(fileno(stream));
    int why = errno ? errno : EIO; /* an earlier write's reason is gone by now */
    if (fclose(stream) && !bad) {
        bad = true;
        why = errno;
    }
    errno = why;
    if (!bad && file->temporary && rename(file->temporary, file->path)) bad = true;
    if (bad) {
        cannot("write", file->path);
        yt_file_abandon(file);
        return -1;
    }
    if (file->temporary) sync_folder(file->path);
    free(file->temporary);
    file->temporary = NULL;
    yt_file_abandon(file);
    return 0;
}

void yt_file_abandon(struct yt_file *file) {
    if (file->stream) fclose(file->stream);
    if (file->temporary) unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (struct yt_file){0};
}

int yt_file_room(const char *path, size_t bytes) {
    char *dir = yt_path_dir(path);
    struct statvfs disk;
    int asked = statvfs(dir, &disk);
    free(dir);
    unsigned long long free_bytes = asked ? 0 : (unsigned long long)disk.f_bavail * disk.f_frsize;
    if (asked || free_bytes >= bytes) return 0;
    return yt_fail("%s: needs %.1f MiB, and its disk has %.1f MiB left; free some space", path,
                   (double)bytes / (1 << 20), (double)free_bytes / (1 << 20));
}

int yt_file_write(const char *path, const void *bytes, size_t len) {
    struct yt_file file;
    if (yt_file_create(&file, path)) return -1;
    if (fwrite(bytes, 1, len, file.stream) != len) {
        cannot("write", path);
        yt_file_abandon(&file);
        return -1;
    }
    return yt_file_commit(&file);
}
