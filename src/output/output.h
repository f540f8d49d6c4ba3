/* What was found on images, as files that people and other programs use. Which files is the user's
 * choice, format=json,html: a format is one file format_*.c here and one line in the table of
 * output.c.
 *
 *     struct yt_output out;
 *     if (yt_output_open(&out, folder, "json,png", &categories)) return -1;   // unknown words fail
 *     for every image: if (yt_output_add(&out, &page)) ...;
 *     if (yt_output_close(&out)) return -1;             // or yt_output_abandon(&out)
 *
 * Some formats write one file for all images, as they come, so that memory does not grow with
 * their number; it appears under its name only when it is complete. Others write one for each
 * image, named like it, whole or absent.
 */
#ifndef YT_OUTPUT_OUTPUT_H
#define YT_OUTPUT_OUTPUT_H

#include "base/box.h"
#include "base/str.h"
#include "image/image.h"

/* What class 0 .. count-1 is called, and its id in the data set's own files. Lent. */
struct yt_categories {
    const char *const *names;
    const int *ids; /* NULL: the class index */
    size_t count;
};

struct yt_layout;

/* An image and what was found on it. All of it is lent. */
struct yt_output_page {
    const char *path; /* of the image */
    const char *stem; /* what the page's own files are called, without their ending */
    long id;          /* in the data set's own files; the number of the image where there is none */
    const struct yt_image *image;          /* NULL, where only "json" is written: no layout then */
    const struct yt_detection *detections; /* in pixels of the image, of known classes */
    size_t count;
    const struct yt_layout *layout; /* output/layout.h; yt_output_add fills it in */
};

struct yt_output_options {
    const struct yt_categories *categories;
    const char *annotation_set; /* that the categories are from; NULL: "deepscores" */
    double picture_scale;       /* of annotated pictures, to the image; 0: 1 */
};

struct yt_output {
    struct yt_output_options options;
    char *folder;
    struct yt_writer *writers; /* one a format */
    size_t writer_count;
    size_t pages, detections; /* written */
};

/* formats: words of the table with commas between them. The folder must be there. -1 + yt_fail,
 * with nothing to close: a word that is no format, a file that cannot be created. */
int yt_output_open(struct yt_output *out, const char *folder, const char *formats,
                   const struct yt_output_options *options);
/* -1 + yt_fail; the output must then be abandoned. */
int yt_output_add(struct yt_output *out, struct yt_output_page page);
/* Completes all files; -1 + yt_fail (a full disk). Releases either way. */
int yt_output_close(struct yt_output *out);
/* Leaves no file of all images; those of single images stay. */
void yt_output_abandon(struct yt_output *out);
/* Appends what was written for people: "predictions.json, PAGE.png". */
void yt_output_describe(const struct yt_output *out, struct yt_str *text);

/* Whether `formats` are words of the table; -1 + yt_fail for one that is not. */
int yt_output_check(const char *formats);

/* --- the table, for help, and for the formats ---------------------------------------------------
 */

/* A format at work. */
struct yt_writer {
    const struct yt_format *format;
    const struct yt_output *out;
    struct yt_file *file;  /* of all images */
    struct yt_str later;   /* what belongs behind the last image */
    size_t pages, symbols; /* written before */
};

/* Functions append to `text` what comes next in the file. */
struct yt_format {
    const char *name; /* the word of format= */
    const char *file; /* in the folder; with PAGE in it: one an image */
    const char *summary;
    void (*head)(struct yt_writer *writer, struct yt_str *text); /* may be NULL, and the next too */
    void (*tail)(struct yt_writer *writer, struct yt_str *text);
    int (*page)(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text);
};
extern const struct yt_format *const yt_formats[]; /* NULL-terminated */

/* A class's id in files. */
int yt_category_id(const struct yt_categories *categories, int cls);
/* Appends "x, y, w, h" of a box in shortest decimals, `between` them. */
void yt_output_box(struct yt_str *text, const struct yt_box *box, const char *between);

#endif
