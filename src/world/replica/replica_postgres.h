/*
 * replica_postgres.h: what the replication servers of a fleet keep, in one
 * database that speaks PostgreSQL's protocol.  Any number of processes share
 * it; they agree by its rows and its clock alone.
 *
 * The SQL is plain: no extension, no advisory lock, no notification; conflicts
 * of transactions (40001, 40P01) are tried again.  A few connections are kept;
 * leases have one of their own, so that they never wait behind entries.
 */
#ifndef BERTY_WORLD_REPLICA_REPLICA_POSTGRES_H
#define BERTY_WORLD_REPLICA_REPLICA_POSTGRES_H

#include "world/replica.h"
#include "world/world.h"

/* Requests that no connection takes for so long fail, ms. */
#define REPLICA_POSTGRES_PATIENCE_MS 10000

struct replica_postgres_config {
	const char * url;         /* as libpq takes it: "postgresql://…" */
	unsigned connections;     /* 2 to 16; 0: 4 */
};

/*
 * Connect (blocks, 10 s at most) and make the tables if they are not there;
 * w is of world_os.  Errors: -ERR_DB_OPEN (not reached, or not allowed in),
 * -ERR_DB_MIGRATE (a newer version's tables).  The text has libpq's reason,
 * not the url, which may hold a password.
 */
int replica_postgres_open(struct world * w,
    const struct replica_postgres_config * config, struct replica ** replica,
    struct error * err);

#endif /* !BERTY_WORLD_REPLICA_REPLICA_POSTGRES_H */
