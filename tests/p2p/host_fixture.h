/* host_fixture.h: hosts of a swarm that serve ECHO and count what they hear. */
#ifndef BERTY_TEST_HOST_FIXTURE_H
#define BERTY_TEST_HOST_FIXTURE_H

#include "support/bytes.h"
#include "support/swarm.h"

#include <stdlib.h>

#include "base/error.h"

#define ECHO "/test/echo/1"

/* What the test's end of a stream saw. */
struct end {
	struct stream * s;
	struct buffer got;
	unsigned opened, ended, drained, closed;
	int status;
	bool reply_end;           /* end our side when the peer did */
	bool pause;               /* pause after the first bytes */
};

/* A node's streams accepted, and what its watcher heard. */
struct side {
	struct end in[300];
	size_t n_in;
	bool pause;
	unsigned up, identified, down, failed;
	int fail_status;
	struct host_watcher watcher;
};

struct fixture {
	struct swarm swarm;
	struct side sides[SWARM_MAX];
};

static inline void
on_opened(void * user, struct stream * s, const char * protocol)
{
	struct end * e = user;

	(void)s;
	(void)protocol;
	e->opened++;
}

static inline void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct end * e = user;

	buffer_slice(&e->got, bytes);
	if (e->pause)
		stream_pause(s, true);
}

static inline void
on_end(void * user, struct stream * s)
{
	struct end * e = user;

	e->ended++;
	if (e->reply_end)
		stream_end(s);
}

static inline void
on_drained(void * user, struct stream * s)
{
	struct end * e = user;

	(void)s;
	e->drained++;
}

static inline void
on_closed(void * user, struct stream * s, int status)
{
	struct end * e = user;

	(void)s;
	e->closed++;
	e->status = status;
	e->s = NULL;
}

static const struct stream_handler handler = {on_opened, on_data, on_end,
	on_drained, on_closed};

static inline void
on_accept(void * user, struct stream * s, const char * protocol)
{
	struct side * side = user;
	struct end * e = &side->in[side->n_in++];

	(void)protocol;
	e->s = s;
	e->reply_end = true;
	e->pause = side->pause;
	stream_handle(s, &handler, e);
	if (e->pause)
		stream_pause(s, true);
}

static inline void
on_up(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->up++;
}

static inline void
on_identified(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->identified++;
}

static inline void
on_down(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->down++;
}

static inline void
on_failed(void * user, const struct peer_id * peer, int status)
{
	struct side * side = user;

	(void)peer;
	side->failed++;
	side->fail_status = status;
}

static inline struct fixture *
start(size_t n)
{
	struct fixture * f = calloc(1, sizeof(*f));
	size_t i;

	assert_non_null(f);
	swarm_start(&f->swarm, sim_seed_wanted(7), n);
	for (i = 0; i < n; i++) {
		f->sides[i].watcher = (struct host_watcher){on_up,
		    on_identified, on_down, on_failed, &f->sides[i], {0}};
		host_watch(f->swarm.nodes[i].h, &f->sides[i].watcher);
		assert_int_equal(0, host_serve(f->swarm.nodes[i].h, ECHO,
		    on_accept, &f->sides[i]));
	}
	return (f);
}

static inline void
stop(struct fixture * f)
{
	size_t i, j;

	swarm_stop(&f->swarm);
	for (i = 0; i < SWARM_MAX; i++)
		for (j = 0; j < f->sides[i].n_in; j++)
			buffer_free(&f->sides[i].in[j].got);
	free(f);
}

static inline struct host *
host_at(struct fixture * f, size_t i)
{
	return (f->swarm.nodes[i].h);
}

static const struct peer_id *
id_at(struct fixture * f, size_t i)
{
	return (&f->swarm.nodes[i].id);
}

static inline void
run(struct fixture * f, uint64_t ms)
{
	sim_run_for(f->swarm.sim, ms);
}

static inline void
open_echo(struct fixture * f, size_t from, size_t to, struct end * e)
{
	static const char * const protocols[] = {ECHO, NULL};

	assert_int_equal(0, stream_open(host_at(f, from), id_at(f, to),
	    protocols, &handler, e, &e->s));
}

/* Write n bytes, as the queue takes them. */
static inline size_t
fill(struct end * e, size_t n)
{
	static const uint8_t chunk[16384] = {1, 2, 3};
	size_t written = 0;

	while (written < n && stream_write(e->s, BYTES(chunk)) == 0)
		written += sizeof(chunk);
	return (written);
}

#endif /* !BERTY_TEST_HOST_FIXTURE_H */
