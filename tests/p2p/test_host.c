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
	bool echo, pause;
	unsigned up, identified, down, failed;
	int fail_status;
	struct host_watcher watcher;
};

struct fixture {
	struct swarm swarm;
	struct side sides[SWARM_MAX];
};

static void
on_opened(void * user, struct stream * s, const char * protocol)
{
	struct end * e = user;

	(void)s;
	(void)protocol;
	e->opened++;
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct end * e = user;

	buffer_slice(&e->got, bytes);
	if (e->pause)
		stream_pause(s, true);
}

static void
on_end(void * user, struct stream * s)
{
	struct end * e = user;

	e->ended++;
	if (e->reply_end)
		stream_end(s);
}

static void
on_drained(void * user, struct stream * s)
{
	struct end * e = user;

	(void)s;
	e->drained++;
}

static void
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

static void
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

static void
on_up(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->up++;
}

static void
on_identified(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->identified++;
}

static void
on_down(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->down++;
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{
	struct side * side = user;

	(void)peer;
	side->failed++;
	side->fail_status = status;
}

static struct fixture *
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

static void
stop(struct fixture * f)
{
	size_t i, j;

	swarm_stop(&f->swarm);
	for (i = 0; i < SWARM_MAX; i++)
		for (j = 0; j < f->sides[i].n_in; j++)
			buffer_free(&f->sides[i].in[j].got);
	free(f);
}

static struct host *
host_at(struct fixture * f, size_t i)
{
	return (f->swarm.nodes[i].h);
}

static const struct peer_id *
id_at(struct fixture * f, size_t i)
{
	return (&f->swarm.nodes[i].id);
}

static void
run(struct fixture * f, uint64_t ms)
{
	sim_run_for(f->swarm.sim, ms);
}

static void
open_echo(struct fixture * f, size_t from, size_t to, struct end * e)
{
	static const char * const protocols[] = {ECHO, NULL};

	assert_int_equal(0, stream_open(host_at(f, from), id_at(f, to),
	    protocols, &handler, e, &e->s));
}

static void
two_hosts_connect_and_identify_each_other(void ** state)
{
	struct fixture * f = start(2);
	struct host_peer_info info;

	(void)state;
	swarm_dial(&f->swarm, 0, 1);
	run(f, 500);
	sim_assert(f->swarm.sim, f->sides[0].up == 1);
	sim_assert(f->swarm.sim, f->sides[1].up == 1);
	assert_int_equal(1, f->sides[0].identified);
	assert_int_equal(1, f->sides[1].identified);
	assert_true(host_peer_speaks(host_at(f, 0), id_at(f, 1), ECHO));
	assert_true(host_peer_speaks(host_at(f, 1), id_at(f, 0),
	    "/ipfs/ping/1.0.0"));
	assert_false(host_peer_speaks(host_at(f, 0), id_at(f, 1), "/nope"));
	assert_int_equal(0, host_peer_info(host_at(f, 0), id_at(f, 1), &info));
	assert_true(info.outbound);
	assert_in_range(info.latency_ms, 18, 25);
	buffer_free(&info.address);
	buffer_free(&info.agent);
	stop(f);
}

static void
bytes_pass_both_ways_and_the_stream_closes_with_0(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	assert_int_equal(0, stream_write(e.s, slice_text("hello")));
	run(f, 100);
	assert_int_equal(1, e.opened);
	assert_int_equal(1, f->sides[1].n_in);
	assert_true(slice_equal(buffer_all(&f->sides[1].in[0].got),
	    slice_text("hello")));
	assert_int_equal(0, stream_write(f->sides[1].in[0].s,
	    slice_text("world")));
	stream_end(e.s);
	run(f, 100);
	assert_true(slice_equal(buffer_all(&e.got), slice_text("world")));
	assert_int_equal(1, e.ended);
	assert_int_equal(1, e.closed);
	assert_int_equal(0, e.status);
	assert_int_equal(1, f->sides[1].in[0].closed);
	assert_int_equal(0, f->sides[1].in[0].status);
	buffer_free(&e.got);
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hosts_connect_and_identify_each_other),
		cmocka_unit_test(
		    bytes_pass_both_ways_and_the_stream_closes_with_0),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
