#include "config/arguments.h"

#include <stdlib.h>
#include <string.h>

/* "--key=value", or "--key" with the word after it, as "key=value"; `i` then moves on to it. */
static char *option(int count, char **words, int *i) {
    const char *key = words[*i] + 2;
    char *assignment;
    if (strchr(key, '='))
        assignment = yt_strdup(key);
    else if (*i + 1 < count)
        assignment = yt_format("%s=%s", key, words[++*i]);
    else
        return yt_fail_null("command line: %s: no value after it", words[*i]);
    for (char *p = assignment; *p && *p != '='; p++)
        if (*p == '-') *p = '_';
    return assignment;
}

/* One pass over the words, which takes either the files or the keys. */
static int pass(struct yt_settings *settings, int count, char **words, bool files) {
    int error = 0;
    for (int i = 0; i < count && !error; i++) {
        const char *word = words[i];
        bool is_file = yt_str_ends_with(word, ".yaml") || yt_str_ends_with(word, ".yml");
        if (!strncmp(word, "--", 2)) {
            char *assignment = option(count, words, &i);
            error = !assignment || (!files && yt_settings_set(settings, assignment)) ? -1 : 0;
            free(assignment);
        } else if (strchr(word, '=')) {
            if (!files) error = yt_settings_set(settings, word);
        } else if (!is_file) {
            error = yt_fail("command line: %s: must be key=value or a configuration (.yaml)", word);
        } else if (files) {
            error = yt_settings_load(settings, word);
        }
    }
    return error;
}

int yt_arguments_read(struct yt_settings *settings, int count, char **words) {
    if (pass(settings, count, words, true)) return -1;
    return pass(settings, count, words, false);
}
