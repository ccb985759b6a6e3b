/* access_file.h: the small files of access: tokens, certificates, keys. */
#ifndef BERTY_SERVER_ACCESS_FILE_H
#define BERTY_SERVER_ACCESS_FILE_H

#include "base/buffer.h"
#include "base/error.h"

#define ACCESS_FILE_MAX 65536      /* bytes */

/*
 * Append a whole file.  With missing, one that is not there sets it and is no
 * error; else that is one.  With `secret`, a file that others than its owner
 * may read or write is refused.  -ERR_INVALID_INPUT with a sentence.
 */
int access_file_read(const char * path, bool secret, struct buffer * out,
    bool * missing, struct error * err);

/*
 * Make a file of mode 0600 and write it to disk; it is there whole or not at
 * all.  What is there already is replaced.  -ERR_INTERNAL with a sentence.
 */
int access_file_write(const char * path, struct slice bytes,
    struct error * err);

#endif /* !BERTY_SERVER_ACCESS_FILE_H */
