/* sim_public_storage.c: a simulated node's disk for a host's table. */
#include <stdlib.h>

#include "public/sim/sim_public.h"

static sqlite3_vfs *
disk_of(void * user)
{
	return (((struct berty_sim_node *)user)->disk);
}

static int
open_file(void * user, const char * name, unsigned flags, void ** file)
{
	sqlite3_vfs * disk = disk_of(user);
	sqlite3_file * f;
	int mode = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_DB;

	if ((flags & BERTY_STORAGE_CREATE) != 0)
		mode |= SQLITE_OPEN_CREATE;
	if ((f = calloc(1, (size_t)disk->szOsFile)) == NULL)
		return (-ERR_INTERNAL);
	if (disk->xOpen(disk, name, f, mode, NULL) != SQLITE_OK) {
		free(f);
		return (-ERR_NOT_FOUND);
	}
	*file = f;
	return (0);
}

static void
close_file(void * user, void * file)
{
	sqlite3_file * f = file;

	(void)user;
	(void)f->pMethods->xClose(f);
	free(f);
}

static int
file_length(void * user, void * file, uint64_t * length)
{
	sqlite3_file * f = file;
	sqlite3_int64 n = 0;

	(void)user;
	if (f->pMethods->xFileSize(f, &n) != SQLITE_OK)
		return (-ERR_STREAM_READ);
	*length = (uint64_t)n;
	return (0);
}

static int
file_read(void * user, void * file, uint64_t offset, void * p, size_t n,
    size_t * got)
{
	sqlite3_file * f = file;
	uint64_t length;
	int rc;

	if ((rc = file_length(user, file, &length)) != 0)
		return (rc);
	if (offset >= length)
		n = 0;
	else if (n > length - offset)
		n = (size_t)(length - offset);
	*got = n;
	/* Even for nothing: a dead disk must say so. */
	rc = f->pMethods->xRead(f, p, (int)n, (sqlite3_int64)offset);
	return (rc == SQLITE_OK ? 0 : -ERR_STREAM_READ);
}

static int
file_write(void * user, void * file, uint64_t offset, const void * p,
    size_t n)
{
	sqlite3_file * f = file;

	(void)user;
	return (f->pMethods->xWrite(f, p, (int)n, (sqlite3_int64)offset) ==
	    SQLITE_OK ? 0 : -ERR_STREAM_WRITE);
}

static int
file_truncate(void * user, void * file, uint64_t size)
{
	sqlite3_file * f = file;

	(void)user;
	return (f->pMethods->xTruncate(f, (sqlite3_int64)size) == SQLITE_OK ?
	    0 : -ERR_STREAM_WRITE);
}

static int
file_sync(void * user, void * file)
{
	sqlite3_file * f = file;

	(void)user;
	return (f->pMethods->xSync(f, SQLITE_SYNC_NORMAL) == SQLITE_OK ? 0 :
	    -ERR_STREAM_WRITE);
}

static int
file_remove(void * user, const char * name)
{
	sqlite3_vfs * disk = disk_of(user);

	switch (disk->xDelete(disk, name, 1)) {
	case SQLITE_OK:
		return (0);
	case SQLITE_IOERR_DELETE_NOENT:
		return (-ERR_NOT_FOUND);
	default:
		return (-ERR_STREAM_WRITE);
	}
}

static int
file_exists(void * user, const char * name, int * exists)
{
	sqlite3_vfs * disk = disk_of(user);

	return (disk->xAccess(disk, name, SQLITE_ACCESS_EXISTS, exists) ==
	    SQLITE_OK ? 0 : -ERR_STREAM_READ);
}

void
sim_public_storage(struct berty_sim_node * node)
{
	node->disk = sqlite3_vfs_find(sim_disk(node->w));
	node->storage = (struct berty_storage){
		.size = sizeof(node->storage),
		.user = node,
		.open = open_file,
		.close = close_file,
		.read = file_read,
		.write = file_write,
		.truncate = file_truncate,
		.sync = file_sync,
		.length = file_length,
		.remove = file_remove,
		.exists = file_exists,
	};
}
