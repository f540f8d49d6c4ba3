/* Reader of the YOLO trainers' data sets: a YAML that names lists of images, and one txt file of
 * labels an image.
 *
 * YAML: path (the root, relative to the YAML's folder), train, val (or validation), test: a folder,
 * a txt list of images, a glob, or a list of those, relative to the root; names: a list or a map
 * from 0..nc-1; nc (optional, must agree).
 *
 * Labels of .../images/a/b.png are in .../labels/a/b.txt: lines of "cls cx cy w h", normalised to
 * 0..1 of the image; if a line has more than 6 fields, all lines are polygons "cls x1 y1 x2 y2 ..."
 * and the box is their bounds. No file or an empty one is an image without labels. Where the
 * trainers drop a whole image for one bad line, here the line is dropped, or the box clipped, and
 * counted. Exact duplicates are removed; the others keep their order.
 */
#ifndef YT_DATA_YOLO_H
#define YT_DATA_YOLO_H

#include "data/dataset.h"

struct yt_yaml;

/* Sets the classes from names and nc. */
int yt_yolo_read_names(struct yt_dataset *dataset, const struct yt_yaml *yaml, const char *path);
/* Appends the images and labels that the YAML's lists name. */
int yt_yolo_read(struct yt_dataset *dataset, const struct yt_yaml *yaml, const char *path);
/* The folder that the YAML's path: names, to free. */
char *yt_yolo_root(const struct yt_yaml *yaml, const char *path);

#endif
