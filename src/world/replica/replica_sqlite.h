/*
 * replica_sqlite.h: what a replication server keeps, in one SQLite file of one
 * process.  The statements run on a worker, many requests a transaction: one
 * fsync answers all that wait at that moment.
 */
#ifndef BERTY_WORLD_REPLICA_REPLICA_SQLITE_H
#define BERTY_WORLD_REPLICA_REPLICA_SQLITE_H

#include "world/replica.h"
#include "world/world.h"

struct replica_sqlite_config {
	const char * path;        /* file, made if missing; NULL: in memory */
	const char * vfs;         /* SQLite VFS; NULL: the system's */
};

/*
 * Open or create.  Its clock is the world's.  Errors: -ERR_DB_OPEN (no such
 * database, or another process has it), -ERR_DB_MIGRATE (a newer version's).
 */
int replica_sqlite_open(struct world * w,
    const struct replica_sqlite_config * config, struct replica ** replica,
    struct error * err);

#endif /* !BERTY_WORLD_REPLICA_REPLICA_SQLITE_H */
