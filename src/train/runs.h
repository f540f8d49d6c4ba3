/* The folders that runs write into: project/train, project/train2, project/train3, ...
 *
 *     char *run = yt_run_create("runs/detect", "train", false);    // runs/detect/train4
 *     if (!run) return -1;
 *     ... write run/results.csv ...
 *     free(run);
 *
 * All strings returned are malloc'ed; free() them.
 */
#ifndef YT_TRAIN_RUNS_H
#define YT_TRAIN_RUNS_H

#include "base/base.h"

/* Makes the folder project/name, or, where that is there already, name2, name3, ...: two programs
 * never get the same one. exist_ok: project/name, there or not. NULL + yt_fail. */
char *yt_run_create(const char *project, const char *name, bool exist_ok);

/* The run in `project` that wrote `file` ("weights/best.safetensors", relative to the run) last.
 * NULL + yt_fail when no run has it. */
char *yt_run_latest(const char *project, const char *file);

/* Takes the run's folder for this process, and removes unfinished files that a killed one left in
 * it. Returns a descriptor for yt_run_unlock; the system takes the lock back when the process ends,
 * however it ends. -1 + yt_fail when another process has it. */
int yt_run_lock(const char *run);
void yt_run_unlock(int lock);

#endif
