/* Distribution focal loss (Li et al., "Generalized Focal Loss", NeurIPS 2020): a box side is
 * predicted as a distribution over the distances 0..15 cells from the anchor's centre.
 *
 * Logits are 4 sides (left, top, right, bottom) x 16 bins, bin fastest. The predicted distance is
 * the expectation of the softmax; the loss of a true distance d between the bins j = floor(d) and
 * j+1 is the cross entropy with the weights (j+1 - d, d - j) on the two.
 */
#ifndef YT_YOLOV10_DFL_H
#define YT_YOLOV10_DFL_H

#define YT_DFL_BINS 16
#define YT_DFL_LOGITS (4 * YT_DFL_BINS)

struct yt_dfl {
    float p[YT_DFL_LOGITS]; /* softmax a side */
    float distance[4];      /* cells */
};

void yt_dfl_read(struct yt_dfl *dfl, const float *logits);
/* The distances alone, in cells. */
void yt_dfl_distances(const float *logits, float distance[4]);

/* The distances again, where the bins stand for other ones than 0..15. */
void yt_dfl_rebin(struct yt_dfl *dfl, const float bins[YT_DFL_BINS]);

/* Mean over the four sides of the loss; target: true distances in cells, clamped here to
 * [0, 14.99]. `logits` are those that were read. */
float yt_dfl_loss(const struct yt_dfl *dfl, const float *logits, const float target[4]);

/* dlogits = weight * d yt_dfl_loss/dlogits + sum over sides of d_distance * d distance/dlogits. */
void yt_dfl_backward(const struct yt_dfl *dfl, const float target[4], float weight,
                     const float d_distance[4], float *dlogits);

#endif
