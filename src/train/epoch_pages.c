/* Validation on whole pages during training, and pages.csv: a row each time. */
#include "train/trainer_internal.h"

#include "base/file.h"
#include "train/page_options.h"
#include "train/results.h"
#include "train/validate_pages.h"

#include <stdlib.h>
#include <string.h>

static bool show_progress(void *user, int done, int pages) {
    struct yt_trainer *t = user;
    (void)pages;
    yt_meter_at(&t->meter, (size_t)done);
    return !yt_trainer_stopped_by();
}

static void say(const struct yt_page_scores *s) {
    yt_info("pages: mAP50 %.4f, mAP50-95 %.4f; COCO AP %.4f; DeepScoresV2's toolkit %.4f, "
            "corrected %.4f; thin classes within 2 px %.4f",
            s->reference.map50, s->reference.map, s->coco.ap[YT_COCO_ALL], s->obbanns.ap,
            s->obbanns_corrected.ap, s->pixels.ap[1]);
}

static int append_row(const struct yt_trainer *t, const struct yt_page_scores *s) {
    const double values[] = {s->reference.precision,  s->reference.recall,
                             s->reference.map50,      s->reference.map,
                             s->weighted_map50,       s->weighted_map,
                             s->coco.ap[YT_COCO_ALL], s->coco.ap50,
                             s->obbanns.ap,           s->obbanns.ap50,
                             s->obbanns_corrected.ap, s->obbanns_corrected.ap50,
                             s->pixels.ap[0],         s->pixels.ap[1],
                             s->pixels.ap[2]};
    struct yt_str text = {0};
    char *path = yt_record_path(t, "pages.csv");
    yt_str_add(&text, "epoch,P,R,mAP50,mAP50-95,weighted_mAP50,weighted_mAP50-95,coco_AP,coco_AP50,"
                      "obbanns_AP,obbanns_AP50,corrected_AP,corrected_AP50,thin_1px,thin_2px,"
                      "thin_4px\n");
    int failed = yt_results_keep_earlier(path, t->progress.epoch + 1, &text);
    yt_str_add(&text, "%d", t->progress.epoch + 1);
    for (size_t i = 0; i < YT_COUNT(values); i++) yt_str_add(&text, ",%.5f", values[i]);
    yt_str_add(&text, "\n");
    if (!failed) failed = yt_file_write(path, text.s, text.len);
    free(path);
    yt_str_release(&text);
    return failed;
}

int yt_epoch_validate_pages(struct yt_trainer *t) {
    const struct yt_settings *s = t->settings;
    struct yt_page_options pages;
    if (!strcmp(s->split, "tile")) {
        yt_info("pages: with split=tile no page is kept for validation; see val_pages=");
        return 0;
    }
    if (yt_page_options_init(&pages, s, (const char *const *)t->model->names, t->model->nc,
                             YT_VAL_CONF, yt_source_max_det(t->source, s)))
        return -1;
    pages.predict.sliced = YT_SLICED_ALWAYS;
    struct yt_validate_pages_options options = {.part = YT_VAL,
                                                .predict = &pages.predict,
                                                .single_cls = s->single_cls,
                                                .progress = show_progress,
                                                .user = t};
    struct yt_page_validation result;
    yt_meter_start(&t->meter, "validation, page", yt_validation_pages(t->source, YT_VAL));
    int status = yt_validate_pages(t->detector, t->source, &options, &result);
    yt_meter_hide(&t->meter);
    if (status == 0) {
        say(&result.scores);
        status = append_row(t, &result.scores);
        yt_page_validation_release(&result);
    }
    yt_page_options_release(&pages);
    return status;
}
