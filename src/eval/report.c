#include "eval/report.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

static void print_row(FILE *out, const char *name, const struct yt_class_scores *row) {
    fprintf(out, "%28s %9zu %10zu %9.3f %9.3f %9.3f %9.3f\n", name, row->images, row->instances,
            row->precision, row->recall, row->ap_at[0], row->ap);
}

void yt_report_print(FILE *out, const struct yt_scores *scores, const char *const *names,
                     bool per_class) {
    const struct yt_class_scores all = {
        .images = scores->images,
        .instances = scores->instances,
        .precision = scores->precision,
        .recall = scores->recall,
        .ap_at = {scores->map50},
        .ap = scores->map,
    };
    fprintf(out, "%28s %9s %10s %9s %9s %9s %9s\n", "Class", "Images", "Instances", "P", "R",
            "mAP50", "mAP50-95");
    print_row(out, "all", &all);
    for (size_t c = 0; c < scores->nclasses && per_class; c++)
        print_row(out, names[scores->classes[c].cls], &scores->classes[c]);
    if (scores->dropped)
        fprintf(
            out,
            "left out: %zu detections whose score or corner is no finite number, or whose box is "
            "inside out\n",
            scores->dropped);
}

int yt_report_write_json(const char *path, const struct yt_scores *scores,
                         const char *const *names) {
    struct yt_str text = {0};
    yt_str_add(&text,
               "{\n\"mAP50\": %.12g,\n\"mAP50-95\": %.12g,\n\"precision\": %.12g,\n"
               "\"recall\": %.12g,\n\"fitness\": %.12g,\n\"confidence\": %.12g,\n",
               scores->map50, scores->map, scores->precision, scores->recall, scores->fitness,
               scores->confidence);
    yt_str_add(&text,
               "\"images\": %zu,\n\"instances\": %zu,\n\"detections\": %zu,\n\"dropped\": %zu,\n"
               "\"per_class\": [",
               scores->images, scores->instances, scores->detections, scores->dropped);
    for (size_t c = 0; c < scores->nclasses; c++) {
        const struct yt_class_scores *row = &scores->classes[c];
        yt_str_add(&text, "%s\n{\"class\": ", c ? "," : "");
        yt_json_quote(&text, names[row->cls]);
        yt_str_add(&text,
                   ", \"images\": %zu, \"instances\": %zu, \"P\": %.12g, \"R\": %.12g, "
                   "\"AP50\": %.12g, \"AP\": %.12g}",
                   row->images, row->instances, row->precision, row->recall, row->ap_at[0],
                   row->ap);
    }
    yt_str_add(&text, "\n]\n}\n");
    int status = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return status;
}

int yt_report_write_csv(const char *path, const struct yt_scores *scores,
                        const char *const *names) {
    struct yt_str text = {0};
    yt_str_add(&text, "class,images,instances,P,R,AP50,AP\n");
    for (size_t c = 0; c < scores->nclasses; c++) {
        const struct yt_class_scores *row = &scores->classes[c];
        yt_str_csv_field(&text, names[row->cls]);
        yt_str_add(&text, ",%zu,%zu,%.6g,%.6g,%.6g,%.6g\n", row->images, row->instances,
                   row->precision, row->recall, row->ap_at[0], row->ap);
    }
    int status = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return status;
}
