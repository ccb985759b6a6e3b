/*
 * storage_vfs.c: the host's file operations as a file system of SQLite.  It
 * has no locks: a storage serves one node at a time.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "berty/storage.h"
#include "public/berty/context.h"
#include "public/world/public_config.h"

struct storage {
	sqlite3_vfs vfs;
	char name[40];
	struct world * world;
	struct berty_storage host;
};

struct file {
	sqlite3_file base;
	struct storage * storage;
	void * host;
};

static struct file *
file_of(sqlite3_file * base)
{
	return ((struct file *)(void *)base);
}

static struct storage *
storage_of(sqlite3_vfs * vfs)
{
	return (vfs->pAppData);
}

/* --- files ---------------------------------------------------------------- */

static int
file_close(sqlite3_file * base)
{
	struct file * f = file_of(base);

	f->storage->host.close(f->storage->host.user, f->host);
	return (SQLITE_OK);
}

static int
file_read(sqlite3_file * base, void * p, int n, sqlite3_int64 offset)
{
	struct file * f = file_of(base);
	size_t got = 0, want = (size_t)n;

	if (f->storage->host.read(f->storage->host.user, f->host,
	    (uint64_t)offset, p, want, &got) != 0 || got > want)
		return (SQLITE_IOERR_READ);
	if (got == want)
		return (SQLITE_OK);
	/* SQLite counts on zeros behind the end. */
	memset((uint8_t *)p + got, 0, want - got);
	return (SQLITE_IOERR_SHORT_READ);
}

static int
file_write(sqlite3_file * base, const void * p, int n, sqlite3_int64 offset)
{
	struct file * f = file_of(base);

	return (f->storage->host.write(f->storage->host.user, f->host,
	    (uint64_t)offset, p, (size_t)n) == 0 ? SQLITE_OK :
	    SQLITE_IOERR_WRITE);
}

static int
file_truncate(sqlite3_file * base, sqlite3_int64 size)
{
	struct file * f = file_of(base);

	return (f->storage->host.truncate(f->storage->host.user, f->host,
	    (uint64_t)size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE);
}

static int
file_sync(sqlite3_file * base, int flags)
{
	struct file * f = file_of(base);

	(void)flags;
	return (f->storage->host.sync(f->storage->host.user, f->host) == 0 ?
	    SQLITE_OK : SQLITE_IOERR_FSYNC);
}

static int
file_size(sqlite3_file * base, sqlite3_int64 * size)
{
	struct file * f = file_of(base);
	uint64_t length = 0;

	if (f->storage->host.length(f->storage->host.user, f->host,
	    &length) != 0 || length > INT64_MAX)
		return (SQLITE_IOERR_FSTAT);
	*size = (sqlite3_int64)length;
	return (SQLITE_OK);
}

static int
file_lock(sqlite3_file * base, int level)
{
	(void)base;
	(void)level;
	return (SQLITE_OK);
}

static int
file_reserved(sqlite3_file * base, int * reserved)
{
	(void)base;
	*reserved = 0;
	return (SQLITE_OK);
}

static int
file_control(sqlite3_file * base, int op, void * arg)
{
	(void)base;
	(void)op;
	(void)arg;
	return (SQLITE_NOTFOUND);
}

static int
file_sector(sqlite3_file * base)
{
	(void)base;
	return (4096);
}

static int
file_device(sqlite3_file * base)
{
	(void)base;
	return (0);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_device,
};

/* --- names ---------------------------------------------------------------- */

static int
open_file(sqlite3_vfs * vfs, const char * name, sqlite3_file * base, int flags,
    int * out)
{
	struct storage * s = storage_of(vfs);
	struct file * f = file_of(base);

	memset(f, 0, sizeof(*f));
	/* What is temporary stays in memory, as the store has set. */
	if (name == NULL || s->host.open(s->host.user, name,
	    (flags & SQLITE_OPEN_CREATE) != 0 ? BERTY_STORAGE_CREATE : 0,
	    &f->host) != 0)
		return (SQLITE_CANTOPEN);
	f->storage = s;
	f->base.pMethods = &methods;
	if (out != NULL)
		*out = flags;
	return (SQLITE_OK);
}

static int
delete_file(sqlite3_vfs * vfs, const char * name, int sync)
{
	struct storage * s = storage_of(vfs);
	int rc = s->host.remove(s->host.user, name);

	(void)sync;
	if (rc == -ERR_NOT_FOUND)
		return (SQLITE_IOERR_DELETE_NOENT);
	return (rc == 0 ? SQLITE_OK : SQLITE_IOERR_DELETE);
}

static int
access_file(sqlite3_vfs * vfs, const char * name, int flags, int * out)
{
	struct storage * s = storage_of(vfs);
	int exists = 0;

	(void)flags;
	if (s->host.exists(s->host.user, name, &exists) != 0)
		return (SQLITE_IOERR_ACCESS);
	*out = exists != 0;
	return (SQLITE_OK);
}

static int
full_name(sqlite3_vfs * vfs, const char * name, int size, char * out)
{
	(void)vfs;
	return (snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK :
	    SQLITE_CANTOPEN);
}

static int
randomness(sqlite3_vfs * vfs, int n, char * p)
{
	world_random(storage_of(vfs)->world, (uint8_t *)p, (size_t)n);
	return (n);
}

static int
sleep_for(sqlite3_vfs * vfs, int us)
{
	(void)vfs;
	return (us);
}

/* Julian days, as SQLite wants them. */
static int
current_time(sqlite3_vfs * vfs, double * days)
{
	*days = 2440587.5 + (double)world_wall(storage_of(vfs)->world) /
	    86400e9;
	return (SQLITE_OK);
}

static int
last_error(sqlite3_vfs * vfs, int n, char * text)
{
	(void)vfs;
	(void)n;
	(void)text;
	return (0);
}

/* --- a storage ------------------------------------------------------------ */

static bool
complete(const struct berty_storage * h)
{
	return (h->open != NULL && h->close != NULL && h->read != NULL &&
	    h->write != NULL && h->truncate != NULL && h->sync != NULL &&
	    h->length != NULL && h->remove != NULL && h->exists != NULL);
}

struct storage *
storage_new(struct world * w, const struct berty_storage * host)
{
	struct storage * s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	if (!public_config(&s->host, sizeof(s->host), host,
	    sizeof(s->host.size)) || !complete(&s->host))
		goto err0;
	s->world = w;
	(void)snprintf(s->name, sizeof(s->name), "berty-%p", (void *)s);
	s->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = (int)sizeof(struct file),
		.mxPathname = 512,
		.zName = s->name,
		.pAppData = s,
		.xOpen = open_file,
		.xDelete = delete_file,
		.xAccess = access_file,
		.xFullPathname = full_name,
		.xRandomness = randomness,
		.xSleep = sleep_for,
		.xCurrentTime = current_time,
		.xGetLastError = last_error,
	};
	if (sqlite3_vfs_register(&s->vfs, 0) != SQLITE_OK)
		goto err0;
	return (s);

err0:
	free(s);
	return (NULL);
}

void
storage_free(struct storage * s)
{
	if (s == NULL)
		return;
	(void)sqlite3_vfs_unregister(&s->vfs);
	free(s);
}

const char *
storage_name(const struct storage * s)
{
	return (s->name);
}
