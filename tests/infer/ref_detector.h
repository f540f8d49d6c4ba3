/* Models to detect with in tests. */
#ifndef YT_TESTS_INFER_REF_DETECTOR_H
#define YT_TESTS_INFER_REF_DETECTOR_H

#include "image/image.h"
#include "infer/detector.h"

/* A yolov10n with random weights and batch norms that are not the identity. */
struct yt_model *ref_random_model(int nc);
/* A gray page of random dots and strokes on white, but white alone from row `blank_from` on. */
struct yt_image *ref_page(int w, int h, int blank_from);
/* The path of a file of the folder `shared` beside the repository, to free; NULL, after a line that
 * says so, where it is not there: skip the test. */
char *ref_shared(const char *name);

#endif
