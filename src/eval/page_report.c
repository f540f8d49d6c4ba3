#include "eval/page_report.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include <math.h>

static const char *const range_names[YT_COCO_RANGES] = {
    "all", "small", "medium", "large", "up_to_4px", "4_to_8px", "8_to_16px", "from_16px"};

/* --- the screen ------------------------------------------------------------------------------- */

static void print_row(FILE *out, const char *name, double ap50, double ap, double weighted50,
                      double weighted) {
    fprintf(out, "%28s %9.3f %9.3f %9.3f %9.3f\n", name, ap50, ap, weighted50, weighted);
}

/* COCO says -1 where a range has no labels. */
static void print_ranges(FILE *out, const struct yt_coco_scores *coco) {
    fprintf(out, "%28s", "COCO AP by size:");
    for (int i = YT_COCO_SMALL; i < YT_COCO_RANGES; i++) {
        if (i == YT_COCO_HAIR) fprintf(out, "\n%28s", "by the shorter side:");
        if (coco->ap[i] >= 0)
            fprintf(out, "  %s %.3f", range_names[i], coco->ap[i]);
        else
            fprintf(out, "  %s -", range_names[i]);
    }
    fprintf(out, "\n");
}

static void print_pixels(FILE *out, const struct yt_pixel_scores *pixels,
                         const char *const *names) {
    if (!pixels->nclasses) return;
    fprintf(out, "%28s %9s %9s %9s\n", "AP of thin classes within", "1 px", "2 px", "4 px");
    fprintf(out, "%28s %9.3f %9.3f %9.3f\n", "mean", pixels->ap[0], pixels->ap[1], pixels->ap[2]);
    for (size_t c = 0; c < pixels->nclasses; c++) {
        const struct yt_pixel_class *cls = &pixels->classes[c];
        fprintf(out, "%28s %9.3f %9.3f %9.3f\n", names[cls->cls], cls->ap[0], cls->ap[1],
                cls->ap[2]);
    }
}

void yt_page_report_print(FILE *out, const struct yt_page_scores *scores,
                          const char *const *names) {
    const struct yt_obbanns_scores *toolkit = &scores->obbanns, *fixed = &scores->obbanns_corrected;
    const struct yt_coco_scores *coco = &scores->coco;
    fprintf(out, "%28s %9s %9s %9s %9s\n", "Pages, means over", "classes", "", "instances", "");
    fprintf(out, "%28s %9s %9s %9s %9s\n", "", "AP50", "AP50-95", "AP50", "AP50-95");
    print_row(out, "as YOLO trainers", scores->reference.map50, scores->reference.map,
              scores->weighted_map50, scores->weighted_map);
    print_row(out, "COCO", coco->ap50, coco->ap[YT_COCO_ALL], coco->weighted_ap50,
              coco->weighted_ap);
    print_row(out, "DeepScoresV2's toolkit", toolkit->ap50, toolkit->ap, toolkit->weighted_ap50,
              toolkit->weighted_ap);
    print_row(out, "the same, corrected", fixed->ap50, fixed->ap, fixed->weighted_ap50,
              fixed->weighted_ap);
    print_ranges(out, coco);
    print_pixels(out, &scores->pixels, names);
}

/* --- files ------------------------------------------------------------------------------------ */

static void add_ranges(struct yt_str *out, const char *name, const double *values) {
    yt_str_add(out, ",\n  \"%s\": {", name);
    for (int i = 0; i < YT_COCO_RANGES; i++)
        yt_str_add(out, "%s\"%s\": %.12g", i ? ", " : "", range_names[i], values[i]);
    yt_str_add(out, "}");
}

static void add_coco(struct yt_str *out, const struct yt_page_scores *scores) {
    const struct yt_coco_scores *coco = &scores->coco;
    yt_str_add(out,
               "\"coco\": {\"AP\": %.12g, \"AP50\": %.12g, \"AP75\": %.12g, "
               "\"weighted_AP\": %.12g, \"weighted_AP50\": %.12g,\n"
               "  \"AR1\": %.12g, \"AR10\": %.12g, \"AR\": %.12g, \"max_det\": %d, "
               "\"capped\": %zu",
               coco->ap[YT_COCO_ALL], coco->ap50, coco->ap75, coco->weighted_ap,
               coco->weighted_ap50, coco->recall[0], coco->recall[1], coco->recall[2],
               scores->coco_cap, coco->capped);
    add_ranges(out, "AP_by_size", coco->ap);
    add_ranges(out, "AR_by_size", coco->recall_by_range);
    yt_str_add(out, "}");
}

static void add_obbanns(struct yt_str *out, const char *name,
                        const struct yt_obbanns_scores *scores) {
    yt_str_add(out,
               ",\n\"%s\": {\"AP\": %.12g, \"AP50\": %.12g, \"weighted_AP\": %.12g, "
               "\"weighted_AP50\": %.12g, \"classes\": %zu}",
               name, scores->ap, scores->ap50, scores->weighted_ap, scores->weighted_ap50,
               scores->nclasses);
}

static void add_pixels(struct yt_str *out, const struct yt_pixel_scores *pixels,
                       const char *const *names) {
    yt_str_add(out, ",\n\"thin\": {");
    for (int k = 0; k < YT_PIXELS_COUNT; k++)
        yt_str_add(out, "%s\"AP_%dpx\": %.12g, \"weighted_AP_%dpx\": %.12g", k ? ", " : "",
                   yt_pixels_k[k], pixels->ap[k], yt_pixels_k[k], pixels->weighted[k]);
    yt_str_add(out, ", \"classes\": [");
    for (size_t c = 0; c < pixels->nclasses; c++) {
        if (c) yt_str_add(out, ", ");
        yt_json_quote(out, names[pixels->classes[c].cls]);
    }
    yt_str_add(out, "]}");
}

int yt_page_report_write_json(const char *path, const struct yt_page_scores *scores,
                              const char *const *names) {
    const struct yt_scores *reference = &scores->reference;
    struct yt_str text = {0};
    yt_str_add(&text,
               "{\n\"pages\": %zu,\n\"instances\": %zu,\n"
               "\"reference\": {\"mAP50\": %.12g, \"mAP50-95\": %.12g, \"weighted_mAP50\": %.12g, "
               "\"weighted_mAP50-95\": %.12g, \"precision\": %.12g, \"recall\": %.12g},\n",
               reference->images, reference->instances, reference->map50, reference->map,
               scores->weighted_map50, scores->weighted_map, reference->precision,
               reference->recall);
    add_coco(&text, scores);
    add_obbanns(&text, "obbanns", &scores->obbanns);
    add_obbanns(&text, "obbanns_corrected", &scores->obbanns_corrected);
    add_pixels(&text, &scores->pixels, names);
    yt_str_add(&text, "\n}\n");
    int status = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return status;
}

static void add_number(struct yt_str *out, double value) {
    if (isnan(value))
        yt_str_add(out, ",");
    else
        yt_str_add(out, ",%.6g", value);
}

/* AP50 and AP, empty for a class that the family has no figure of. */
static void add_obbanns_class(struct yt_str *out, const struct yt_obbanns_scores *scores, int cls) {
    double ap50 = NAN, ap = NAN;
    for (size_t c = 0; c < scores->nclasses; c++)
        if (scores->classes[c].cls == cls)
            ap50 = scores->classes[c].ap_at[0], ap = scores->classes[c].ap;
    add_number(out, ap50);
    add_number(out, ap);
}

static void add_pixel_class(struct yt_str *out, const struct yt_pixel_scores *scores, int cls) {
    const struct yt_pixel_class *found = NULL;
    for (size_t c = 0; c < scores->nclasses; c++)
        if (scores->classes[c].cls == cls) found = &scores->classes[c];
    for (int k = 0; k < YT_PIXELS_COUNT; k++) add_number(out, found ? found->ap[k] : (double)NAN);
}

int yt_page_report_write_csv(const char *path, const struct yt_page_scores *scores,
                             const char *const *names) {
    struct yt_str text = {0};
    yt_str_add(&text, "class,instances,AP50,AP,coco_AP50,coco_AP,obbanns_AP50,obbanns_AP,"
                      "corrected_AP50,corrected_AP,AP_1px,AP_2px,AP_4px\n");
    for (size_t c = 0; c < scores->reference.nclasses; c++) {
        const struct yt_class_scores *row = &scores->reference.classes[c];
        const struct yt_coco_class_scores *coco = &scores->coco.classes[c]; /* the same classes */
        yt_str_csv_field(&text, names[row->cls]);
        yt_str_add(&text, ",%zu", row->instances);
        add_number(&text, row->ap_at[0]);
        add_number(&text, row->ap);
        add_number(&text, coco->ap50);
        add_number(&text, coco->ap);
        add_obbanns_class(&text, &scores->obbanns, row->cls);
        add_obbanns_class(&text, &scores->obbanns_corrected, row->cls);
        add_pixel_class(&text, &scores->pixels, row->cls);
        yt_str_add(&text, "\n");
    }
    int status = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return status;
}
