#include "augment/augment.h"

#include "image/letterbox.h"

static void warp_image(const struct yt_augment *augment, const struct yt_affine *affine,
                       const struct yt_image *in, struct yt_image *out) {
    if (yt_affine_is_identity(affine)) {
        yt_image_paste_into(in, out, 0, 0);
        return;
    }
    double m[6];
    for (int i = 0; i < 6; i++) m[i] = affine->m[i];
    yt_image_warp_into(in, out, m, augment->border);
}

static size_t move_labels(const struct yt_letterbox *fit, const struct yt_affine *affine,
                          const struct yt_label *labels, size_t count, struct yt_label *out,
                          struct yt_augment_lost *lost) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct yt_box before = yt_letterbox_to_input(fit, labels[i].box);
        struct yt_box after = yt_affine_box(affine, before, fit->out_w);
        if (yt_affine_keeps(affine, before, after, lost))
            out[kept++] = (struct yt_label){after, labels[i].cls};
    }
    return kept;
}

size_t yt_augment_apply(const struct yt_augment *augment, struct yt_rng *rng,
                        const struct yt_image *in, const struct yt_label *labels, size_t count,
                        struct yt_image *spare, struct yt_image *out, struct yt_label *out_labels,
                        struct yt_augment_lost *lost) {
    int side = out->w;
    YT_ASSERT(out->h == side && spare->w == side && spare->h == side);
    spare->c = out->c = in->c;
    struct yt_affine affine = yt_affine_draw(augment, rng, side);
    struct yt_hsv_gains gains = yt_hsv_draw(augment, rng);

    struct yt_letterbox fit = yt_letterbox_load(in->w, in->h, side, side, side);
    if (in->w != side || in->h != side) {
        yt_letterbox_apply(&fit, in, spare, augment->border);
        in = spare;
    }
    warp_image(augment, &affine, in, out);
    if (augment->hsv_h != 0 || augment->hsv_s != 0 || augment->hsv_v != 0)
        yt_hsv_apply(&gains, out);

    struct yt_augment_lost ignored = {0};
    return move_labels(&fit, &affine, labels, count, out_labels, lost ? lost : &ignored);
}
