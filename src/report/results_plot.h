/* results.png: a small chart for each column of results.csv, over its first one. Epochs
 * before the first validation leave its columns (metrics/, val/) empty. */
#ifndef YT_REPORT_RESULTS_PLOT_H
#define YT_REPORT_RESULTS_PLOT_H

/* Reads the table at csv_path, draws to png_path: whole or absent. -1 + yt_fail. */
int yt_results_plot(const char *csv_path, const char *png_path);

#endif
