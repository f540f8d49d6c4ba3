/* A contact sheet: pictures in a grid, each scaled into its cell, with a caption.
 *
 *     struct yt_sheet *sheet = yt_sheet_new(16, 4, 480);
 *     if (!sheet) return -1;
 *     for (int i = 0; i < 16; i++) yt_sheet_add(sheet, tiles[i], names[i]);
 *     int failed = yt_sheet_save(sheet, "val_batch0_labels.png");
 *     yt_sheet_free(sheet);
 */
#ifndef YT_PLOT_SHEET_H
#define YT_PLOT_SHEET_H

#include "image/image.h"

struct yt_sheet;

/* For `count` pictures, `columns` a row, in cells of cell_px. */
struct yt_sheet *yt_sheet_new(int count, int columns, int cell_px);
void yt_sheet_free(struct yt_sheet *sheet);
/* Puts a picture (three channels) into the next cell; both are copied. */
void yt_sheet_add(struct yt_sheet *sheet, const struct yt_image *picture, const char *caption);
/* As a PNG, whole or absent; -1 + yt_fail. */
int yt_sheet_save(const struct yt_sheet *sheet, const char *path);

#endif
