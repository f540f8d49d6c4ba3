/* proposals.json: what DeepScoresV2's own toolkit obb_anns evaluates (load_proposals,
 * calculate_metrics):
 *
 *     {"annotation_set": "deepscores", "proposals": [{"bbox": [x1, y1, x2, y2], "cat_id": 25,
 *       "img_id": 410, "score": 0.93}, ...]}
 *
 * cat_id and img_id are those of the data set's files. */
#include "base/json.h"
#include "output/formats.h"

static void head(struct yt_writer *writer, struct yt_str *text) {
    yt_str_add(text, "{\"annotation_set\": ");
    yt_json_quote(text, writer->out->options.annotation_set);
    yt_str_add(text, ", \"proposals\": [");
}

static void tail(struct yt_writer *writer, struct yt_str *text) {
    (void)writer;
    yt_str_append(text, "\n]}\n", 4);
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    for (size_t i = 0; i < page->count; i++) {
        const struct yt_detection *detection = &page->detections[i];
        const float corners[] = {detection->box.x1, detection->box.y1, detection->box.x2,
                                 detection->box.y2};
        yt_str_add(text, "%s\n{\"bbox\": [", writer->symbols + i ? "," : "");
        for (size_t k = 0; k < YT_COUNT(corners); k++) {
            if (k) yt_str_append(text, ", ", 2);
            yt_json_float(text, corners[k]);
        }
        yt_str_add(text, "], \"cat_id\": %d, \"img_id\": %ld, \"score\": ",
                   yt_category_id(writer->out->options.categories, detection->cls), page->id);
        yt_json_float(text, detection->score);
        yt_str_append(text, "}", 1);
    }
    return 0;
}

const struct yt_format yt_format_obbanns = {
    .name = "obbanns",
    .file = "proposals.json",
    .summary = "proposals for DeepScoresV2's toolkit obb_anns",
    .head = head,
    .tail = tail,
    .page = page,
};
