/* log_flags.h: what a command that runs for long says of itself, on stderr. */
#ifndef BERTY_CMD_LOG_FLAGS_H
#define BERTY_CMD_LOG_FLAGS_H

#include "berty/log.h"
#include "command.h"

/* Fill a logger by the flag -log.level.  0, or negative with run->err set. */
int log_flags_read(struct run * run, struct berty_logger * log);

#endif /* !BERTY_CMD_LOG_FLAGS_H */
