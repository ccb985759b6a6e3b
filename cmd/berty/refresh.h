/* refresh.h: commands that print again and again. */
#ifndef BERTY_CMD_REFRESH_H
#define BERTY_CMD_REFRESH_H

#include "command.h"

/*
 * Call once, or (the flag's value is more than 0) each so often until
 * interrupted, on a cleared screen if there is one.  A value is `500ms`, `2s`,
 * `1m`, or seconds: else INVALID_INPUT.  Ends with the first failure.
 */
int refresh_run(struct run * run, const char * flag,
    int (*once)(struct run * run));

#endif /* !BERTY_CMD_REFRESH_H */
