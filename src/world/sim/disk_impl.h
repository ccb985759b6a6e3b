/* disk_impl.h: the files of a simulated disk, for sim_disk.c and sim_vfs.c. */
#ifndef BERTY_WORLD_SIM_DISK_IMPL_H
#define BERTY_WORLD_SIM_DISK_IMPL_H

#include <sqlite3.h>

#include "world/sim/sim_impl.h"

struct file;

/* What a name stands for. */
struct inode {
	size_t refs;
	struct buffer data;       /* as programs see it */
	struct buffer synced;     /* as it is on the platter */
	struct list writes;       /* what is not synced yet, in order */
	size_t readers;
	struct file * writer;     /* holds the reserved lock or more */
	bool exclusive;
};

/* A write, or a truncation when `truncate`, that is not synced. */
struct disk_write {
	struct list place;
	uint64_t order;           /* over all files */
	bool truncate;
	uint64_t offset;          /* or the new size */
	size_t n;
	uint8_t bytes[];
};

/* A name in the disk's one folder, now and after a crash. */
struct entry {
	struct list place;
	struct inode * now;       /* NULL: removed */
	struct inode * synced;    /* NULL: not there */
	char name[];
};

struct disk {
	sqlite3_vfs vfs;
	char name[40];
	struct node * node;
	struct list entries;
	uint64_t life;            /* handles of an earlier life are dead */
	bool dead;
	uint64_t order;
	uint64_t limit;
	uint64_t fail_write;
	uint64_t fail_sync;
	uint64_t crash_at;
	enum sim_crash crash_left;
	uint64_t sync_ms;
	uint64_t owed;
	struct sim_disk_stats stats;
};

/* sim_disk.c */
struct inode * inode_new(void);
void inode_release(struct inode * inode);
struct entry * disk_entry(struct disk * disk, const char * name);

/* The file under a name, made if wanted; NULL if there is none. */
struct inode * disk_find(struct disk * disk, const char * name, bool make);

/* SQLite codes, with the faults that a test has planned. */
int disk_write(struct disk * disk, struct inode * inode, uint64_t offset,
    struct slice bytes);
int disk_truncate(struct disk * disk, struct inode * inode, uint64_t size);
int disk_sync(struct disk * disk, struct inode * inode);

/* sim_vfs.c */
void vfs_setup(struct disk * disk);

#endif /* !BERTY_WORLD_SIM_DISK_IMPL_H */
