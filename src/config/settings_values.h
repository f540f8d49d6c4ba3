/* One value of the settings: what a row's type makes of text, and back. For settings.c alone; what
 * users of settings need of it is in settings.h. */
#ifndef YT_CONFIG_SETTINGS_VALUES_H
#define YT_CONFIG_SETTINGS_VALUES_H

#include "config/settings.h"

/* Empty, null, None, ~: what unsets a key. */
bool yt_setting_is_none(const char *text);
/* 1 or 0, or -1 for what is no truth value. */
int yt_setting_truth(const char *text);
/* The row's spelling of a choice; NULL: it is none. */
const char *yt_setting_choice(const struct yt_setting *row, const char *text);

/* `quoted`: the text is meant as it stands, and unsets nothing. False, with nothing changed, if it
 * is not what the row accepts. */
bool yt_setting_read(struct yt_settings *settings, const struct yt_setting *row, const char *text,
                     bool quoted);
void yt_setting_copy(struct yt_settings *to, const struct yt_settings *from,
                     const struct yt_setting *row);
/* Frees what the value owns. */
void yt_setting_drop(struct yt_settings *settings, const struct yt_setting *row);

#endif
