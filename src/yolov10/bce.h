/* Binary cross entropy with logits against targets of 0: what almost every class logit of a head
 * sees. The few logits with another target are corrected by the loss.
 *
 *     loss(x) = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|),   d loss/dx = sigmoid(x)
 */
#ifndef YT_YOLOV10_BCE_H
#define YT_YOLOV10_BCE_H

/* Over `pixels` pixels of `channels` logits, `ld` floats apart: returns the sum of the losses and
 * writes dx = scale*sigmoid(x) in the same layout (dx NULL: not wanted). One thread. Errors: about
 * 1e-7 relative. NaN gives NaN. */
double yt_bce_background(const float *x, int pixels, int channels, int ld, float scale, float *dx);

#endif
