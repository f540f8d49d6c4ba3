/* How a JPEG's camera was held. */
#ifndef YT_IMAGE_EXIF_H
#define YT_IMAGE_EXIF_H

#include "image/image.h"

/* The EXIF orientation, 1..8, of a JPEG file or of its first bytes; 1 (upright) when there is none
 * or it makes no sense. Values above 4 exchange width and height. */
int yt_exif_orientation(const uint8_t *jpeg, size_t len);
/* The image turned upright. Frees `image` unless it is returned as it is. */
struct yt_image *yt_exif_turn(struct yt_image *image, int orientation);

#endif
