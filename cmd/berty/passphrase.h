/* passphrase.h: a passphrase that no list of processes shows. */
#ifndef BERTY_CMD_PASSPHRASE_H
#define BERTY_CMD_PASSPHRASE_H

#include "base/buffer.h"
#include "command.h"

/*
 * The passphrase that two flags name: a file (its first line), or an environment
 * variable; appended with a NUL.  Empty when none is named.  INVALID_INPUT: it
 * cannot be read, is empty, or both are given.
 */
int passphrase_read(struct run * run, const char * file_flag,
    const char * variable_flag, struct buffer * out);

#endif /* !BERTY_CMD_PASSPHRASE_H */
