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

/* On the way from a sample to the input. */
struct move {
    const struct yt_augment *augment;
    struct yt_letterbox fit;
    struct yt_affine affine;
    int side;
};

static bool has_area(struct yt_box box) {
    return box.x1 < box.x2 && box.y1 < box.y2;
}

/* A label whose box was `before` in the unmoved input, and its box afterwards. */
struct moved {
    struct yt_box before, after;
};
static struct moved move_box(const struct move *move, struct yt_box box) {
    struct yt_box before = yt_letterbox_to_input(&move->fit, box);
    return (struct moved){before, yt_affine_box(&move->affine, before, move->side)};
}

static bool keeps(const struct move *move, const struct moved *label,
                  struct yt_augment_lost *lost) {
    return yt_affine_keeps(&move->affine, label->before, label->after, move->augment->min_side,
                           lost);
}

/* The box of a label that is kept and has that shape. */
static struct yt_box move_slant(const struct move *move, const struct moved *label,
                                const struct yt_polygon *shape) {
    bool is_rotated = move->affine.m[1] != 0;
    struct yt_polygon whole = {.count = shape->count};
    if (!is_rotated) return label->after;
    for (int i = 0; i < shape->count; i++) {
        struct yt_box corner = {shape->x[i], shape->y[i], shape->x[i], shape->y[i]};
        corner = yt_letterbox_to_input(&move->fit, corner);
        whole.x[i] = corner.x1;
        whole.y[i] = corner.y1;
    }
    struct yt_polygon seen = yt_polygon_clip(&whole, label->before);
    if (!seen.count) return label->after;
    struct yt_box tight = yt_affine_shape(&move->affine, &seen, move->side);
    double least = move->augment->min_side;
    bool is_large = tight.x2 - tight.x1 > least && tight.y2 - tight.y1 > least;
    return is_large ? tight : label->after;
}

static size_t move_labels(const struct move *move, const struct yt_marks *marks,
                          struct yt_label *out, struct yt_augment_lost *lost) {
    size_t kept = 0, slant = 0;
    for (size_t i = 0; i < marks->label_count; i++) {
        struct moved label = move_box(move, marks->labels[i].box);
        bool has_slant = slant < marks->slant_count && marks->slants[slant].label == i;
        if (keeps(move, &label, lost)) {
            if (has_slant) label.after = move_slant(move, &label, &marks->slants[slant].shape);
            out[kept++] = (struct yt_label){label.after, marks->labels[i].cls};
        }
        slant += has_slant;
    }
    return kept;
}

/* The regions that the sample has, and those that labels become. */
static size_t move_regions(const struct move *move, const struct yt_marks *marks,
                           struct yt_label *out) {
    size_t count = 0;
    struct yt_augment_lost counted = {0};
    for (size_t i = 0; i < marks->label_count + marks->region_count; i++) {
        struct moved mark = move_box(move, marks->labels[i].box);
        bool is_label = i < marks->label_count;
        if (!has_area(mark.after)) continue;
        if (is_label && (!move->augment->ignore_dropped || keeps(move, &mark, &counted))) continue;
        out[count++] = (struct yt_label){mark.after, marks->labels[i].cls};
    }
    return count;
}

size_t yt_augment_apply(const struct yt_augment *augment, struct yt_rng *rng,
                        const struct yt_image *in, const struct yt_marks *marks,
                        struct yt_image *spare, struct yt_image *out, struct yt_label *out_labels,
                        size_t *regions, struct yt_augment_lost *lost) {
    int side = out->w;
    YT_ASSERT(out->h == side && spare->w == side && spare->h == side);
    spare->c = out->c = in->c;
    struct move move = {.augment = augment, .side = side};
    move.affine = yt_affine_draw(augment, rng, side);
    struct yt_hsv_gains gains = yt_hsv_draw(augment, rng);

    move.fit = yt_letterbox_load(in->w, in->h, side, side, side);
    if (in->w != side || in->h != side) {
        yt_letterbox_apply(&move.fit, in, spare, augment->border);
        in = spare;
    }
    warp_image(augment, &move.affine, in, out);
    if (augment->hsv_h != 0 || augment->hsv_s != 0 || augment->hsv_v != 0)
        yt_hsv_apply(&gains, out);

    struct yt_augment_lost uncounted = {0};
    size_t kept = move_labels(&move, marks, out_labels, lost ? lost : &uncounted);
    *regions = move_regions(&move, marks, out_labels + kept);
    return kept;
}
