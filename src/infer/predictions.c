#include "infer/predictions.h"
#include "base/json.h"
#include "base/str.h"

int yt_predictions_open(struct yt_predictions *predictions, const char *path,
                        const struct yt_categories *categories) {
    *predictions = (struct yt_predictions){.categories = categories};
    if (yt_file_create(&predictions->file, path)) return -1;
    fputc('[', predictions->file.stream);
    return 0;
}

static void add_bbox(struct yt_str *out, const struct yt_box *box) {
    const float xywh[] = {box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1};
    for (size_t i = 0; i < YT_COUNT(xywh); i++) {
        if (i) yt_str_append(out, ", ", 2);
        yt_json_float(out, xywh[i]);
    }
}

void yt_predictions_add(struct yt_predictions *predictions, const char *file_name,
                        const struct yt_detection *detections, size_t count) {
    const struct yt_categories *categories = predictions->categories;
    struct yt_str text = {0};
    for (size_t i = 0; i < count; i++) {
        int cls = detections[i].cls;
        YT_ASSERT(cls >= 0 && (size_t)cls < categories->count);
        yt_str_add(&text, "%s\n{\"file_name\": ", predictions->count++ ? "," : "");
        yt_json_quote(&text, file_name);
        yt_str_add(&text, ", \"category_id\": %d, \"category\": ",
                   categories->ids ? categories->ids[cls] : cls);
        yt_json_quote(&text, categories->names[cls]);
        yt_str_add(&text, ", \"bbox\": [");
        add_bbox(&text, &detections[i].box);
        yt_str_add(&text, "], \"score\": ");
        yt_json_float(&text, detections[i].score);
        yt_str_add(&text, "}");
    }
    if (text.len) fwrite(text.s, 1, text.len, predictions->file.stream);
    yt_str_release(&text);
}

int yt_predictions_close(struct yt_predictions *predictions) {
    fputs("\n]\n", predictions->file.stream);
    return yt_file_commit(&predictions->file);
}

void yt_predictions_abandon(struct yt_predictions *predictions) {
    yt_file_abandon(&predictions->file);
}

int yt_predictions_write_txt(const char *path, const struct yt_detection *detections, size_t count,
                             int image_w, int image_h, bool with_score) {
    struct yt_str text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct yt_box *box = &detections[i].box;
        yt_str_add(&text, "%d %g %g %g %g", detections[i].cls,
                   ((double)box->x1 + box->x2) / 2 / image_w,
                   ((double)box->y1 + box->y2) / 2 / image_h, ((double)box->x2 - box->x1) / image_w,
                   ((double)box->y2 - box->y1) / image_h);
        if (with_score) yt_str_add(&text, " %g", (double)detections[i].score);
        yt_str_append(&text, "\n", 1);
    }
    int status = yt_file_write(path, text.len ? text.s : "", text.len);
    yt_str_release(&text);
    return status;
}
