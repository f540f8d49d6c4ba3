/* Presets, and keys of other trainers' files, beside the table of yt's own. For settings.c alone.
 */
#ifndef YT_CONFIG_SETTINGS_TABLE_H
#define YT_CONFIG_SETTINGS_TABLE_H

#include <stdbool.h>

/* What preset=name stands for: "key=value", for keys that are not set otherwise. */
struct yt_preset {
    const char *name, *assignments[12]; /* NULL-terminated */
};
const struct yt_preset *yt_settings_find_preset(const char *name); /* or NULL */

/* Must be 0, false or empty, for the reason given. */
struct yt_refused {
    const char *name, *why;
};
const struct yt_refused *yt_settings_find_refused(const char *key); /* or NULL */
/* Known, and without any effect here. */
bool yt_settings_is_unused(const char *key);

#endif
