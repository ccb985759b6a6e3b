/*
 * postgres.h: a PostgreSQL server of a test's own: a cluster in a folder of
 * /tmp, behind a unix socket there, with its own user when the test is root.
 */
#ifndef BERTY_TEST_POSTGRES_H
#define BERTY_TEST_POSTGRES_H

#include <sys/types.h>

struct postgres {
	char folder[32];
	char url[96];
	pid_t pid;
};

/* Make the cluster and start it; fails the test when that does not work. */
void postgres_start(struct postgres * p);

/* Kill it at once, and start it again on what it had. */
void postgres_kill(struct postgres * p);
void postgres_restart(struct postgres * p);

/* Stop it and remove the folder. */
void postgres_stop(struct postgres * p);

#endif /* !BERTY_TEST_POSTGRES_H */
