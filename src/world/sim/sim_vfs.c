/* The simulated disk as SQLite sees it: a VFS without shared memory. */
#include <stdlib.h>

#include "world/sim/disk_impl.h"

struct file {
	sqlite3_file base;
	struct disk * disk;
	struct inode * inode;
	uint64_t life;
	int lock;
};

static struct file *
file_of(sqlite3_file * base)
{
	return ((struct file *)(void *)base);
}

static bool
dead(const struct file * file)
{
	return (file->disk->dead || file->life != file->disk->life);
}

static int
file_unlock(sqlite3_file * base, int level)
{
	struct file * file = file_of(base);
	struct inode * inode = file->inode;

	if (level < file->lock && !dead(file)) {
		if (inode->writer == file) {
			inode->writer = NULL;
			inode->exclusive = false;
		}
		if (level == SQLITE_LOCK_NONE)
			inode->readers--;
	}
	if (level < file->lock)
		file->lock = level;
	return (SQLITE_OK);
}

static int
file_close(sqlite3_file * base)
{
	struct file * file = file_of(base);

	(void)file_unlock(base, SQLITE_LOCK_NONE);
	inode_release(file->inode);
	return (SQLITE_OK);
}

static int
file_read(sqlite3_file * base, void * p, int n, sqlite3_int64 offset)
{
	struct file * file = file_of(base);
	struct buffer * data = &file->inode->data;
	size_t have, want = (size_t)n;

	if (dead(file))
		return (SQLITE_IOERR_READ);
	have = (uint64_t)offset >= data->n ? 0 : data->n - (size_t)offset;
	if (have > want)
		have = want;
	if (have > 0)
		memcpy(p, data->p + offset, have);
	memset((uint8_t *)p + have, 0, want - have);
	return (have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ);
}

static int
file_write(sqlite3_file * base, const void * p, int n, sqlite3_int64 offset)
{
	struct file * file = file_of(base);

	if (dead(file))
		return (SQLITE_IOERR_WRITE);
	return (disk_write(file->disk, file->inode, (uint64_t)offset,
	    slice_of(p, (size_t)n)));
}

static int
file_truncate(sqlite3_file * base, sqlite3_int64 size)
{
	struct file * file = file_of(base);

	if (dead(file))
		return (SQLITE_IOERR_TRUNCATE);
	return (disk_truncate(file->disk, file->inode, (uint64_t)size));
}

static int
file_sync(sqlite3_file * base, int flags)
{
	struct file * file = file_of(base);

	(void)flags;
	if (dead(file))
		return (SQLITE_IOERR_FSYNC);
	return (disk_sync(file->disk, file->inode));
}

static int
file_size(sqlite3_file * base, sqlite3_int64 * size)
{
	*size = (sqlite3_int64)file_of(base)->inode->data.n;
	return (SQLITE_OK);
}

static int
file_lock(sqlite3_file * base, int level)
{
	struct file * file = file_of(base);
	struct inode * inode = file->inode;

	if (dead(file))
		return (SQLITE_IOERR_LOCK);
	if (file->lock >= level)
		return (SQLITE_OK);
	if (level == SQLITE_LOCK_SHARED) {
		if (inode->exclusive && inode->writer != file)
			return (SQLITE_BUSY);
		inode->readers++;
		file->lock = level;
		return (SQLITE_OK);
	}
	if (inode->writer != NULL && inode->writer != file)
		return (SQLITE_BUSY);
	inode->writer = file;
	file->lock = SQLITE_LOCK_RESERVED;
	if (level == SQLITE_LOCK_EXCLUSIVE) {
		if (inode->readers > 1)
			return (SQLITE_BUSY);
		inode->exclusive = true;
	}
	file->lock = level;
	return (SQLITE_OK);
}

static int
file_reserved(sqlite3_file * base, int * reserved)
{
	*reserved = file_of(base)->inode->writer != NULL;
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
	return (512);
}

static int
file_device(sqlite3_file * base)
{
	(void)base;
	return (SQLITE_IOCAP_POWERSAFE_OVERWRITE);
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
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_device,
};

static struct disk *
disk_of(sqlite3_vfs * vfs)
{
	return (vfs->pAppData);
}

static int
open_file(sqlite3_vfs * vfs, const char * name, sqlite3_file * base, int flags,
    int * out)
{
	struct file * file = file_of(base);
	struct disk * disk = disk_of(vfs);
	struct inode * inode;

	memset(file, 0, sizeof(*file));
	if (disk->dead)
		return (SQLITE_CANTOPEN);
	if (name == NULL)
		inode = inode_new();
	else if ((inode = disk_find(disk, name,
	    (flags & SQLITE_OPEN_CREATE) != 0)) == NULL)
		return (SQLITE_CANTOPEN);
	else
		inode->refs++;
	file->disk = disk;
	file->inode = inode;
	file->life = disk->life;
	file->base.pMethods = &methods;
	if (out != NULL)
		*out = flags;
	return (SQLITE_OK);
}

static int
delete_file(sqlite3_vfs * vfs, const char * name, int sync)
{
	struct disk * disk = disk_of(vfs);
	struct entry * entry;

	if (disk->dead)
		return (SQLITE_IOERR_DELETE);
	entry = disk_entry(disk, name);
	if (entry->now == NULL)
		return (SQLITE_IOERR_DELETE_NOENT);
	inode_release(entry->now);
	entry->now = NULL;
	if (sync != 0) {
		inode_release(entry->synced);
		entry->synced = NULL;
	}
	return (SQLITE_OK);
}

static int
access_file(sqlite3_vfs * vfs, const char * name, int flags, int * out)
{
	(void)flags;
	if (disk_of(vfs)->dead)
		return (SQLITE_IOERR_ACCESS);
	*out = disk_find(disk_of(vfs), name, false) != NULL;
	return (SQLITE_OK);
}

static int
full_name(sqlite3_vfs * vfs, const char * name, int size, char * out)
{
	(void)vfs;
	(void)snprintf(out, (size_t)size, "%s", name);
	return (SQLITE_OK);
}

static int
randomness(sqlite3_vfs * vfs, int n, char * p)
{
	dice_bytes(&disk_of(vfs)->node->dice, (uint8_t *)p, (size_t)n);
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
	struct world * w = &disk_of(vfs)->node->world;

	*days = 2440587.5 + (double)world_wall(w) / 86400e9;
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

void
vfs_setup(struct disk * disk)
{
	disk->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = (int)sizeof(struct file),
		.mxPathname = 512,
		.zName = disk->name,
		.pAppData = disk,
		.xOpen = open_file,
		.xDelete = delete_file,
		.xAccess = access_file,
		.xFullPathname = full_name,
		.xRandomness = randomness,
		.xSleep = sleep_for,
		.xCurrentTime = current_time,
		.xGetLastError = last_error,
	};
}
