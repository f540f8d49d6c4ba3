/* The optimiser step: clipping, SGD or AdamW, EMA and clearing of the gradients, in one pass over
 * the flat buffers.
 *
 *   AdamW (Loshchilov and Hutter, 2019, algorithm 2, decay times learning rate):
 *     p -= lr*wd*p;  m = b1*m + (1-b1)*g;  v = b2*v + (1-b2)*g^2
 *     p -= lr * (m/(1-b1^t)) / (sqrt(v/(1-b2^t)) + 1e-8),   b1 = momentum, b2 = 0.999
 *   SGD with Nesterov momentum (Sutskever et al., 2013, in PyTorch's form):
 *     g += wd*p;  buf = momentum*buf + g (g at first);  p -= lr*(g + momentum*buf)
 *   Clipping: g *= min(1, clip/(norm + 1e-6)), norm over all gradients together.
 *   EMA over all values, running statistics included: e = d*e + (1-d)*p,
 *     d = decay * (1 - exp(-updates/tau))
 *
 * Weight decay acts on group YT_PARAM_WEIGHT only.
 */
#ifndef YT_TRAIN_OPTIMIZER_H
#define YT_TRAIN_OPTIMIZER_H

#include "train/schedule.h"

struct yt_optimizer {
    enum yt_optimizer_kind kind;
    double weight_decay, clip; /* clip 0: none */
    double beta1;              /* AdamW's; SGD's momentum comes with every step */
    double ema_decay, ema_tau;
    float *m, *v; /* (trainable): moments; SGD has its momentum in m and no v */
    float *ema;   /* (total) */
    int64_t steps;
    double *partial; /* sums of squares */
    size_t partials;
};

/* The EMA starts as a copy of the values. */
void yt_optimizer_init(struct yt_optimizer *optimizer, enum yt_optimizer_kind kind,
                       const struct yt_params *params);
void yt_optimizer_release(struct yt_optimizer *optimizer);

/* Norm over all gradients together; not finite if one of them is not. */
double yt_gradient_norm(struct yt_optimizer *optimizer, const struct yt_params *params);
/* `norm`: what yt_gradient_norm said, finite. Gradients are zero afterwards. */
void yt_optimizer_step(struct yt_optimizer *optimizer, struct yt_params *params,
                       const struct yt_rates *rates, double norm);

#endif
