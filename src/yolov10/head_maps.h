/* The raw output of one detection head: what the loss and the decoder read.
 *
 * A head has one level per stride (8, 16, 32). Maps are NHWC with a pixel stride: the logits of
 * cell (y, x) of image n start at p + ((n*h + y)*w + x)*ld. The arrays are the caller's.
 *
 *     box  (batch, h, w, 64)  logits of the four distances left, top, right, bottom:
 *                             channel = side*16 + bin (dfl.h)
 *     cls  (batch, h, w, nc)  logits of the classes, before the sigmoid
 *
 * An anchor is one cell of one level. Anchors are numbered level by level, row-major inside a
 * level; see anchors.h.
 */
#ifndef YT_YOLOV10_HEAD_MAPS_H
#define YT_YOLOV10_HEAD_MAPS_H

#define YT_LEVELS_MAX 3

struct yt_head_level {
    int h, w;
    float stride; /* input pixels a cell */
    const float *box;
    int box_ld;
    const float *cls;
    int cls_ld;
    float *dbox, *dcls; /* gradients in the layout of box and cls, overwritten; NULL: not wanted */
};

struct yt_head_maps {
    int batch, nc, levels;
    /* For the decoder: the distances in cells that the 16 bins stand for; NULL: 0, 1, ... 15. */
    const float *bins;
    struct yt_head_level level[YT_LEVELS_MAX];
};

#endif
