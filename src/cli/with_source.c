#include "cli/with_source.h"

#include "base/threads.h"
#include "cli/cli.h"

int yt_cli_with_source(struct yt_settings *settings, int (*act)(const struct yt_settings *settings,
                                                                const struct yt_source *source)) {
    struct yt_source source;
    int status = YT_EXIT_DATA;
    yt_threads_set(settings->threads);
    if (yt_source_open(&source, settings) == 0) {
        if (act(settings, &source) == 0) status = YT_EXIT_OK;
        yt_source_close(&source);
    }
    yt_settings_release(settings);
    return status;
}
