/*
 * storage.h: where a node keeps its files, when it is not a folder of the
 * file system: a table of file operations that the host supplies.
 */
#ifndef BERTY_STORAGE_H
#define BERTY_STORAGE_H

#include <stddef.h>
#include <stdint.h>

#include "berty/api.h"

BERTY_BEGIN

/* How a file is opened. */
enum berty_storage_open {
	BERTY_STORAGE_CREATE = 1          /* make it if there is none */
};

/*
 * Named files, at most six at a time: a database and its logs, and, when pushes
 * are used, a second one for them (berty/push.h).  Names are short texts without
 * '/'.  What is written is sealed already, save numbers
 * and sizes.
 *
 * Each function returns 0, or -BERTY_ERR_STREAM_READ or _WRITE when the medium
 * fails, or -BERTY_ERR_NOT_FOUND when there is no such file.  A write or a
 * sync that fails makes the node read-only for good: nothing it had
 * acknowledged is lost, and every later change is refused.
 *
 * All functions are called on the loop, except `sync`, which is called on a
 * thread of its own, also while others read and write the same file: it
 * answers for what was written before it was called.  No function may call
 * the library.
 */
struct berty_storage {
	size_t size;              /* sizeof(struct berty_storage) */
	void * user;              /* given to every function */

	/* Open for reading and writing; *file is the host's. */
	int (*open)(void * user, const char * name, unsigned flags,
	    void ** file);
	void (*close)(void * user, void * file);

	/* Read up to n bytes; *got says how many, fewer only at the end. */
	int (*read)(void * user, void * file, uint64_t offset, void * p,
	    size_t n, size_t * got);

	/* Write all n bytes; a gap behind the end is filled with zeros. */
	int (*write)(void * user, void * file, uint64_t offset, const void * p,
	    size_t n);

	/* Cut the file to a size. */
	int (*truncate)(void * user, void * file, uint64_t size);

	/* Bytes and name are on the medium when it returns 0. */
	int (*sync)(void * user, void * file);

	int (*length)(void * user, void * file, uint64_t * length);

	/* Delete a file that is not open. */
	int (*remove)(void * user, const char * name);

	/* *exists becomes 1 or 0. */
	int (*exists)(void * user, const char * name, int * exists);
};

BERTY_END

#endif /* !BERTY_STORAGE_H */
