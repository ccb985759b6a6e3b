/*
 * A disk in memory that knows what was synced.  A crash takes away what was
 * not, or part of it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "world/sim/disk_impl.h"

enum { SECTOR = 512 };

struct inode *
inode_new(void)
{
	struct inode * inode;

	if ((inode = calloc(1, sizeof(*inode))) == NULL)
		abort();
	inode->refs = 1;
	list_init(&inode->writes);
	return (inode);
}

static void
forget_writes(struct inode * inode)
{
	struct disk_write * write;

	while (!list_empty(&inode->writes)) {
		write = list_entry(inode->writes.next, struct disk_write,
		    place);
		list_remove(&write->place);
		free(write);
	}
}

void
inode_release(struct inode * inode)
{
	if (inode == NULL || --inode->refs > 0)
		return;
	forget_writes(inode);
	buffer_free(&inode->data);
	buffer_free(&inode->synced);
	free(inode);
}

static void
point(struct inode ** at, struct inode * inode)
{
	if (inode != NULL)
		inode->refs++;
	inode_release(*at);
	*at = inode;
}

static void
resize(struct buffer * data, uint64_t size)
{
	size_t before = data->n;

	if (size <= before) {
		data->n = (size_t)size;
		return;
	}
	if (buffer_grow(data, (size_t)size - before) == NULL)
		abort();
	memset(data->p + before, 0, (size_t)size - before);
}

static void
put(struct buffer * data, uint64_t offset, struct slice bytes)
{
	if (offset + bytes.n > data->n)
		resize(data, offset + bytes.n);
	if (bytes.n > 0)
		memcpy(data->p + offset, bytes.p, bytes.n);
}

static void
apply(struct buffer * data, const struct disk_write * write)
{
	if (write->truncate)
		resize(data, write->offset);
	else
		put(data, write->offset, slice_of(write->bytes, write->n));
}

/* Apply sectors of a write as they happen to survive. */
static void
apply_torn(struct dice * dice, struct buffer * data,
    const struct disk_write * write)
{
	size_t at, n;

	if (write->truncate)
		return;
	for (at = 0; at < write->n; at += n) {
		n = SECTOR - (size_t)((write->offset + at) % SECTOR);
		if (n > write->n - at)
			n = write->n - at;
		if (dice_below(dice, 2) == 1)
			put(data, write->offset + at,
			    slice_of(write->bytes + at, n));
	}
}

struct entry *
disk_entry(struct disk * disk, const char * name)
{
	struct list * at, * next;
	struct entry * entry;
	size_t n;

	list_each(at, next, &disk->entries) {
		entry = list_entry(at, struct entry, place);
		if (strcmp(entry->name, name) == 0)
			return (entry);
	}
	n = strlen(name) + 1;
	if ((entry = calloc(1, sizeof(*entry) + n)) == NULL)
		abort();
	memcpy(entry->name, name, n);
	list_append(&disk->entries, &entry->place);
	return (entry);
}

struct inode *
disk_find(struct disk * disk, const char * name, bool make)
{
	struct entry * entry = disk_entry(disk, name);

	if (entry->now == NULL && make)
		entry->now = inode_new();
	return (entry->now);
}

static uint64_t
bytes_held(struct disk * disk)
{
	struct list * at, * next;
	struct entry * entry;
	uint64_t n = 0;

	list_each(at, next, &disk->entries) {
		entry = list_entry(at, struct entry, place);
		if (entry->now != NULL)
			n += entry->now->data.n;
	}
	return (n);
}

static void
remember(struct disk * disk, struct inode * inode, bool truncate,
    uint64_t offset, struct slice bytes)
{
	struct disk_write * write;

	if ((write = calloc(1, sizeof(*write) + bytes.n)) == NULL)
		abort();
	write->order = disk->order++;
	write->truncate = truncate;
	write->offset = offset;
	write->n = bytes.n;
	if (bytes.n > 0)
		memcpy(write->bytes, bytes.p, bytes.n);
	list_append(&inode->writes, &write->place);
	apply(&inode->data, write);
}

static bool
due(uint64_t * countdown)
{
	return (*countdown > 0 && --*countdown == 0);
}

static int
change(struct disk * disk, struct inode * inode, bool truncate,
    uint64_t offset, struct slice bytes)
{
	bool crash = due(&disk->crash_at);
	uint64_t end = offset + bytes.n;

	disk->stats.writes++;
	if (due(&disk->fail_write))
		return (truncate ? SQLITE_IOERR_TRUNCATE : SQLITE_IOERR_WRITE);
	if (disk->limit > 0 && end > inode->data.n &&
	    bytes_held(disk) + (end - inode->data.n) > disk->limit)
		return (SQLITE_FULL);
	remember(disk, inode, truncate, offset, bytes);
	if (crash) {
		sim_crash(&disk->node->world, disk->crash_left);
		return (SQLITE_IOERR_WRITE);
	}
	return (SQLITE_OK);
}

int
disk_write(struct disk * disk, struct inode * inode, uint64_t offset,
    struct slice bytes)
{
	return (change(disk, inode, false, offset, bytes));
}

int
disk_truncate(struct disk * disk, struct inode * inode, uint64_t size)
{
	return (change(disk, inode, true, size, slice_of(NULL, 0)));
}

/* A file's sync makes the folder's names last too, as ext4 does. */
int
disk_sync(struct disk * disk, struct inode * inode)
{
	struct list * at, * next;
	struct entry * entry;

	disk->stats.syncs++;
	disk->owed = clock_add(disk->owed, disk->sync_ms);
	if (due(&disk->fail_sync)) {
		/* As Linux does: what failed once is not tried again. */
		forget_writes(inode);
		return (SQLITE_IOERR_FSYNC);
	}
	list_each(at, next, &inode->writes)
		apply(&inode->synced,
		    list_entry(at, struct disk_write, place));
	forget_writes(inode);
	list_each(at, next, &disk->entries) {
		entry = list_entry(at, struct entry, place);
		point(&entry->synced, entry->now);
	}
	return (SQLITE_OK);
}

uint64_t
disk_owed(struct disk * disk)
{
	uint64_t owed = disk->owed;

	disk->owed = 0;
	return (owed);
}

/* What of the unsynced writes reached the platter: those before `until`. */
static void
crash_inode(struct disk * disk, struct inode * inode, int left, uint64_t until)
{
	struct dice * dice = &disk->node->dice;
	struct list * at, * next;
	struct disk_write * write;

	list_each(at, next, &inode->writes) {
		write = list_entry(at, struct disk_write, place);
		if (left == SIM_CRASH_SOME ||
		    (left == SIM_CRASH_PREFIX && write->order == until))
			apply_torn(dice, &inode->synced, write);
		else if (left == SIM_CRASH_PREFIX && write->order < until)
			apply(&inode->synced, write);
	}
	forget_writes(inode);
	inode->data.n = 0;
	buffer_slice(&inode->data, buffer_all(&inode->synced));
	if (inode->data.failed)
		abort();
}

static uint64_t
first_unsynced(struct disk * disk)
{
	uint64_t first = disk->order;
	struct list * at, * next;
	struct disk_write * write;
	struct entry * entry;

	list_each(at, next, &disk->entries) {
		entry = list_entry(at, struct entry, place);
		if (entry->now == NULL || list_empty(&entry->now->writes))
			continue;
		write = list_entry(entry->now->writes.next, struct disk_write,
		    place);
		if (write->order < first)
			first = write->order;
	}
	return (first);
}

static void
crash(struct disk * disk, int left)
{
	uint64_t first = first_unsynced(disk);
	uint64_t until = first +
	    dice_below(&disk->node->dice, disk->order - first + 1);
	struct list * at, * next;
	struct entry * entry;

	list_each(at, next, &disk->entries) {
		entry = list_entry(at, struct entry, place);
		if (entry->now != entry->synced &&
		    (left == SIM_CRASH_NOTHING ||
		    dice_below(&disk->node->dice, 2) == 0))
			point(&entry->now, entry->synced);
		point(&entry->synced, entry->now);
		if (entry->now != NULL)
			crash_inode(disk, entry->now, left, until);
	}
}

void
disk_die(struct disk * disk, int left)
{
	struct list * at, * next;
	struct entry * entry;

	disk->dead = true;
	disk->life++;
	disk->crash_at = disk->fail_write = disk->fail_sync = 0;
	if (left >= 0)
		crash(disk, left);
	list_each(at, next, &disk->entries) {
		entry = list_entry(at, struct entry, place);
		if (entry->now == NULL)
			continue;
		entry->now->readers = 0;
		entry->now->writer = NULL;
		entry->now->exclusive = false;
	}
}

void
disk_start(struct disk * disk)
{
	disk->dead = false;
}

struct disk *
disk_new(struct node * node)
{
	struct disk * disk;

	if ((disk = calloc(1, sizeof(*disk))) == NULL)
		return (NULL);
	disk->node = node;
	disk->sync_ms = 2;
	list_init(&disk->entries);
	(void)snprintf(disk->name, sizeof(disk->name), "sim-%p",
	    (void *)disk);
	vfs_setup(disk);
	if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) {
		free(disk);
		return (NULL);
	}
	return (disk);
}

static void
empty(struct disk * disk)
{
	struct entry * entry;

	while (!list_empty(&disk->entries)) {
		entry = list_entry(disk->entries.next, struct entry, place);
		list_remove(&entry->place);
		inode_release(entry->now);
		inode_release(entry->synced);
		free(entry);
	}
}

void
disk_free(struct disk * disk)
{
	(void)sqlite3_vfs_unregister(&disk->vfs);
	empty(disk);
	free(disk);
}

const char *
sim_disk(struct world * w)
{
	return (node_of(w)->disk->name);
}

void
sim_disk_stats(struct world * w, struct sim_disk_stats * stats)
{
	*stats = node_of(w)->disk->stats;
	stats->bytes = bytes_held(node_of(w)->disk);
}

void
sim_disk_fail_write(struct world * w, uint64_t n)
{
	node_of(w)->disk->fail_write = n;
}

void
sim_disk_fail_sync(struct world * w, uint64_t n)
{
	node_of(w)->disk->fail_sync = n;
}

void
sim_disk_crash_at(struct world * w, uint64_t n, enum sim_crash left)
{
	node_of(w)->disk->crash_at = n;
	node_of(w)->disk->crash_left = left;
}

void
sim_disk_limit(struct world * w, uint64_t bytes)
{
	node_of(w)->disk->limit = bytes;
}

void
sim_disk_sync_ms(struct world * w, uint64_t ms)
{
	node_of(w)->disk->sync_ms = ms;
}

/* A snapshot is a disk's folder without the disk. */
struct sim_snapshot {
	struct disk files;
};

static void
copy_files(struct disk * to, const struct disk * from)
{
	const struct list * at;
	const struct entry * entry;
	struct inode * inode;

	for (at = from->entries.next; at != &from->entries; at = at->next) {
		entry = list_entry(at, const struct entry, place);
		if (entry->now == NULL)
			continue;
		inode = disk_find(to, entry->name, true);
		buffer_slice(&inode->data, buffer_all(&entry->now->data));
		buffer_slice(&inode->synced, buffer_all(&entry->now->data));
		if (inode->data.failed || inode->synced.failed)
			abort();
		point(&disk_entry(to, entry->name)->synced, inode);
	}
}

struct sim_snapshot *
sim_disk_snapshot(struct world * w)
{
	struct sim_snapshot * snapshot;

	if ((snapshot = calloc(1, sizeof(*snapshot))) == NULL)
		return (NULL);
	list_init(&snapshot->files.entries);
	copy_files(&snapshot->files, node_of(w)->disk);
	return (snapshot);
}

int
sim_disk_restore(struct world * w, const struct sim_snapshot * snapshot)
{
	struct disk * disk = node_of(w)->disk;

	if (node_of(w)->alive)
		return (-ERR_INVALID_INPUT);
	empty(disk);
	copy_files(disk, &snapshot->files);
	return (0);
}

void
sim_snapshot_free(struct sim_snapshot * snapshot)
{
	if (snapshot == NULL)
		return;
	empty(&snapshot->files);
	free(snapshot);
}
