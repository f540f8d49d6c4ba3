/* Ctrl-C and SIGTERM, for commands that finish the piece of work at hand before they stop. */
#ifndef YT_CLI_INTERRUPT_H
#define YT_CLI_INTERRUPT_H

/* From now on the two signals are only noted; a second one ends the program at once. */
void yt_interrupt_watch(void);
/* The signal that came, or 0. */
int yt_interrupted(void);

#endif
