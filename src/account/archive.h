/*
 * archive.h: the file that an account is exported to: an uncompressed tar
 * (ustar) of regular files of mode 0600.
 *
 * Source: POSIX.1-1988 ustar; weshnet account_export.go.
 */
#ifndef BERTY_ACCOUNT_ARCHIVE_H
#define BERTY_ACCOUNT_ARCHIVE_H

#include "base/buffer.h"

enum { ARCHIVE_BLOCK = 512 };

/*
 * Append a file.  -ERR_INVALID_INPUT for a name of 0 or more than 100 bytes, or
 * a file of 8 GiB or more; out unchanged.
 */
int archive_add(struct buffer * out, struct slice name, struct slice bytes);

/* Append the end: two blocks of zeros. */
void archive_end(struct buffer * out);

/* A file that was read; borrowed until the call ends. */
struct archive_file {
	struct slice name;
	struct slice bytes;
};

/*
 * Reads an archive as it comes.  Zero bytes, then `file`, `user` and `max`.
 * `file` gets each regular file; a code other than 0 ends the reading and is
 * returned.  Other kinds of entry are skipped, and so is, whatever its size,
 * what `wants` (may be NULL: all are wanted) does not want.
 */
struct archive_reader {
	int (*file)(void * user, const struct archive_file * file);
	void * user;
	size_t max;             /* the largest entry that is accepted, bytes */
	bool (*wants)(void * user, struct slice name);
	struct buffer held;     /* private: what is not read yet */
	uint64_t skip;          /* private: bytes that are passed over */
	bool ended;             /* private: the end was seen */
};

/*
 * Read on.  -ERR_INVALID_INPUT: not a tar, or an entry larger than max.  What
 * follows the archive's end is ignored.  After a failure only archive_free.
 */
int archive_read(struct archive_reader * r, struct slice bytes);

/* All was given: -ERR_INVALID_INPUT when the archive stops inside an entry.
 * `ended` tells whether its end was there. */
int archive_finish(const struct archive_reader * r);

/* Wipe and free what is held: archives hold keys in clear. */
void archive_free(struct archive_reader * r);

#endif /* !BERTY_ACCOUNT_ARCHIVE_H */
