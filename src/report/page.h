/* report.html: the folder of a run, or of a validation, as one page for a browser that needs no
 * other file and no network. Its tables and pictures are packed into it as they lie in the folder;
 * those that are not there are left out.
 *
 *     yt_page_write("runs/detect/train", "{\"title\": \"train\", \"state\": \"running\", ...}");
 *
 * The status is a JSON map of what the files do not say: title, state (running, paused, done),
 * version, written (the time), and lines, a list of [name, value] to show on top. */
#ifndef YT_REPORT_PAGE_H
#define YT_REPORT_PAGE_H

/* Whole or absent; -1 + yt_fail. */
int yt_page_write(const char *folder, const char *status);

#endif
