#include "support/bytes.h"
#include "support/swarm.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/peer_record.h"
#include "p2p/peerstore.h"

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

static void
dialling_oneself_or_the_wrong_peer_is_refused(void ** state)
{
	struct fixture * f = start(3);
	struct world_address at = sim_address(f->swarm.nodes[1].w);
	struct multiaddr_tcp to = {.port = 4001, .peer = *id_at(f, 2)};
	struct buffer address = {0};

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT,
	    host_connect(host_at(f, 0), id_at(f, 0)));
	memcpy(to.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &to);
	assert_int_equal(0, host_connect_address(host_at(f, 0),
	    buffer_all(&address)));
	run(f, 500);
	assert_int_equal(1, f->sides[0].failed);
	assert_int_equal(-ERR_INVALID_INPUT, f->sides[0].fail_status);
	assert_int_equal(0, f->sides[0].up);
	/* By its address alone, it is found out after the handshake. */
	at = sim_address(f->swarm.nodes[0].w);
	to.peer.n = 0;
	memcpy(to.ip, at.ip, 4);
	buffer_clear(&address);
	multiaddr_from_tcp(&address, &to);
	assert_int_equal(0, host_connect_address(host_at(f, 0),
	    buffer_all(&address)));
	run(f, 500);
	assert_int_equal(2, f->sides[0].failed);
	assert_int_equal(-ERR_INVALID_INPUT, f->sides[0].fail_status);
	assert_int_equal(0, f->sides[0].up);
	buffer_free(&address);
	stop(f);
}

static void
a_protocol_nobody_serves_closes_with_not_found(void ** state)
{
	static const char * const protocols[] = {"/nobody", NULL};
	static const char * const second[] = {"/nobody", ECHO, NULL};
	struct fixture * f = start(2);
	struct end e = {0}, g = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), protocols,
	    &handler, &e, &e.s));
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), second,
	    &handler, &g, &g.s));
	assert_int_equal(-ERR_STREAM_WRITE, stream_write(g.s,
	    slice_text("early")));
	run(f, 100);
	assert_int_equal(1, e.closed);
	assert_int_equal(-ERR_NOT_FOUND, e.status);
	assert_int_equal(1, g.opened);
	assert_int_equal(0, stream_write(g.s, slice_text("now")));
	run(f, 100);
	assert_int_equal(3, f->sides[1].in[0].got.n);
	stop(f);
}

static void
an_unknown_protocol_is_told_even_to_who_ended_already(void ** state)
{
	static const char * const protocols[] = {"/nobody", NULL};
	struct fixture * f = start(2);
	struct host_peer_info info = {0};
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), protocols,
	    &handler, &e, &e.s));
	stream_end(e.s);
	run(f, 100);
	assert_int_equal(1, e.closed);
	assert_int_equal(-ERR_NOT_FOUND, e.status);
	assert_int_equal(0, host_peer_info(host_at(f, 1), id_at(f, 0), &info));
	assert_int_equal(0, info.streams);
	buffer_free(&info.address);
	buffer_free(&info.agent);
	stop(f);
}

static void
a_reset_reaches_the_other_side_and_the_connection_lives(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	run(f, 100);
	stream_reset(e.s);
	run(f, 100);
	assert_int_equal(0, e.closed);
	assert_int_equal(1, f->sides[1].in[0].closed);
	assert_int_equal(-ERR_STREAM_READ, f->sides[1].in[0].status);
	assert_true(host_connected(host_at(f, 0), id_at(f, 1)));
	stop(f);
}

/* Write n bytes, as the queue takes them. */
static size_t
fill(struct end * e, size_t n)
{
	static const uint8_t chunk[16384] = {1, 2, 3};
	size_t written = 0;

	while (written < n && stream_write(e->s, BYTES(chunk)) == 0)
		written += sizeof(chunk);
	return (written);
}

static void
a_paused_reader_holds_the_writer_back_and_loses_nothing(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0}, * in = &f->sides[1].in[0];
	size_t written;

	(void)state;
	f->sides[1].pause = true;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	written = fill(&e, SIZE_MAX);
	assert_int_equal(1024 * 1024 / 16384 * 16384, written);
	run(f, 5000);
	assert_int_equal(0, in->got.n);
	/* The first window went, no more. */
	assert_in_range(stream_queued(e.s), written - 256 * 1024, written);
	in->pause = false;
	stream_pause(in->s, false);
	run(f, 5000);
	assert_int_equal(written, in->got.n);
	assert_int_equal(0, stream_queued(e.s));
	assert_true(e.drained >= 1);
	stop(f);
}

static void
a_write_refused_for_a_full_connection_is_told_when_there_is_room(void ** state)
{
	struct fixture * f = start(2);
	struct end e[5] = {0};
	size_t i;

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	for (i = 0; i < 5; i++)
		open_echo(f, 0, 1, &e[i]);
	run(f, 100);
	for (i = 0; i < 4; i++)
		assert_int_equal(1024 * 1024, fill(&e[i], SIZE_MAX));
	assert_int_equal(-ERR_STREAM_WRITE, stream_write(e[4].s,
	    slice_text("x")));
	assert_int_equal(0, e[4].drained);
	run(f, 5000);
	assert_int_equal(1, e[4].drained);
	assert_int_equal(0, stream_write(e[4].s, slice_text("x")));
	run(f, 100);
	assert_int_equal(1, f->sides[1].in[4].got.n);
	stop(f);
}

static void
a_stream_that_goes_makes_room_for_one_that_was_refused(void ** state)
{
	struct fixture * f = start(2);
	struct end e[5] = {0};
	size_t i;

	(void)state;
	f->sides[1].pause = true;
	swarm_connect(&f->swarm, 0, 1);
	for (i = 0; i < 5; i++)
		open_echo(f, 0, 1, &e[i]);
	run(f, 100);
	/* Nobody reads: what is beyond a window stays here. */
	for (i = 0; i < 3; i++) {
		(void)fill(&e[i], SIZE_MAX);
		run(f, 100);
		(void)fill(&e[i], SIZE_MAX);
	}
	(void)fill(&e[3], SIZE_MAX);
	assert_int_equal(-ERR_STREAM_WRITE, stream_write(e[4].s,
	    slice_text("x")));
	for (i = 0; i < 3; i++)
		stream_reset(e[i].s);
	run(f, 100);
	assert_int_equal(1, e[4].drained);
	stop(f);
}

static void
held_bytes_stay_within_the_budget_and_a_long_stall_ends_it(void ** state)
{
	struct fixture * f = start(2);
	struct end e[6] = {0};
	size_t i;

	(void)state;
	f->sides[1].pause = true;
	swarm_connect(&f->swarm, 0, 1);
	for (i = 0; i < 4; i++) {
		open_echo(f, 0, 1, &e[i]);
		(void)fill(&e[i], 256 * 1024);
	}
	/* Four windows are the whole budget: all of it may wait. */
	run(f, 60000);
	assert_true(host_connected(host_at(f, 1), id_at(f, 0)));
	open_echo(f, 0, 1, &e[4]);
	(void)fill(&e[4], 16384);
	run(f, 60000);
	assert_false(host_connected(host_at(f, 1), id_at(f, 0)));
	assert_int_equal(1, f->sides[1].down);
	stop(f);
}

static void
a_partition_is_noticed_and_streams_are_told(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	run(f, 100);
	sim_patience(f->swarm.sim, 600000);
	sim_partition(f->swarm.sim, &f->swarm.nodes[0].w, 1);
	run(f, 51000);
	sim_assert(f->swarm.sim, f->sides[0].down == 1);
	sim_assert(f->swarm.sim, f->sides[1].down == 1);
	assert_int_equal(1, e.closed);
	assert_int_equal(-ERR_STREAM_READ, e.status);
	assert_false(host_connected(host_at(f, 0), id_at(f, 1)));
	stop(f);
}

static void
an_idle_connection_stays_up_for_an_hour(void ** state)
{
	struct fixture * f = start(2);

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	run(f, 3600 * 1000);
	assert_int_equal(0, f->sides[0].down);
	stop(f);
}

static void
streams_are_limited_per_connection(void ** state)
{
	static const char * const protocols[] = {ECHO, NULL};
	struct fixture * f = start(2);
	struct end * e = calloc(300, sizeof(*e));
	size_t n = 0;

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	while (n < 300 && stream_open(host_at(f, 0), id_at(f, 1), protocols,
	    &handler, &e[n], &e[n].s) == 0) {
		n++;
		run(f, 50);
	}
	assert_int_equal(256, n);
	assert_int_equal(256, f->sides[1].n_in);
	stream_reset(e[0].s);
	run(f, 50);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), protocols,
	    &handler, &e[0], &e[0].s));
	stop(f);
	free(e);
}

static void
streams_that_all_come_at_once_are_limited_by_the_backlog(void ** state)
{
	struct fixture * f = start(2);
	struct end e[66] = {0};
	static const char * const none[] = {"/a", "/b", NULL};
	size_t i, closed = 0;

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	/* They wait for the answer to their first offer, 65 at a time. */
	for (i = 0; i < 65; i++)
		assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1),
		    none, &handler, &e[i], &e[i].s));
	run(f, 25);
	for (i = 0; i < 65; i++)
		closed += e[i].closed;
	assert_int_equal(1, closed);
	assert_int_equal(-ERR_STREAM_READ, e[64].status);
	stop(f);
}

static void
a_peer_has_four_connections_and_no_fifth(void ** state)
{
	struct fixture * f = start(2);
	struct world_address at = sim_address(f->swarm.nodes[1].w);
	struct multiaddr_tcp to = {.port = 4001};
	struct buffer address = {0};
	size_t i;

	(void)state;
	memcpy(to.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &to);
	for (i = 0; i < 5; i++) {
		assert_int_equal(0, host_connect_address(host_at(f, 0),
		    buffer_all(&address)));
		run(f, 300);
		assert_int_equal(i < 4 ? 0 : 1, f->sides[0].failed);
	}
	assert_int_equal(1, f->sides[0].up);
	assert_int_equal(0, f->sides[0].down);
	buffer_free(&address);
	stop(f);
}

/* --- strangers: TCP connections that say nothing ------------------------- */

struct stranger {
	struct world_tcp * tcp;
	bool connected, closed;
};

static void
stranger_connected(void * user)
{
	((struct stranger *)user)->connected = true;
}

static void
stranger_data(void * user, struct slice bytes)
{
	(void)user;
	(void)bytes;
}

static void
stranger_drained(void * user)
{
	(void)user;
}

static void
stranger_closed(void * user, int status)
{
	(void)status;
	((struct stranger *)user)->closed = true;
}

static const struct world_tcp_handler stranger_handler = {
	stranger_connected, stranger_data, stranger_drained, stranger_closed
};

static size_t
count_closed(const struct stranger * list, size_t n)
{
	size_t i, closed = 0;

	for (i = 0; i < n; i++)
		closed += list[i].closed;
	return (closed);
}

static void
half_open_connections_are_limited_and_end_after_10_s(void ** state)
{
	struct fixture * f = start(2);
	struct stranger list[33] = {0};
	struct world_address to = sim_address(f->swarm.nodes[1].w);
	size_t i;

	(void)state;
	to.port = 4001;
	for (i = 0; i < 33; i++)
		assert_int_equal(0, world_dial(f->swarm.nodes[0].w, &to,
		    &stranger_handler, &list[i], &list[i].tcp));
	run(f, 1000);
	assert_int_equal(1, count_closed(list, 33));
	run(f, 8500);
	assert_int_equal(1, count_closed(list, 33));
	/* Who is known is dialled all the same: those slots are its own. */
	run(f, 1500);
	assert_int_equal(33, count_closed(list, 33));
	stop(f);
}

static void
connections_are_limited_in_all(void ** state)
{
	struct fixture * f = calloc(1, sizeof(*f));
	struct host_config config = {.limits = {.connections = 3}};
	struct host * small;
	struct buffer address = {0};
	struct stranger list[4] = {0};
	struct world_address to;
	size_t i;

	(void)state;
	swarm_start(&f->swarm, 7, 1);
	ed25519_from_seed(&config.key, (const uint8_t[32]){9});
	small = host_new(f->swarm.nodes[0].w, &config);
	assert_int_equal(0, multiaddr_decode(&address,
	    slice_text("/ip4/0.0.0.0/tcp/4002")));
	assert_int_equal(0, host_listen(small, buffer_all(&address), NULL));
	to = sim_address(f->swarm.nodes[0].w);
	to.port = 4002;
	for (i = 0; i < 4; i++)
		assert_int_equal(0, world_dial(f->swarm.nodes[0].w, &to,
		    &stranger_handler, &list[i], &list[i].tcp));
	run(f, 1000);
	assert_int_equal(1, count_closed(list, 4));
	host_free(small);
	buffer_free(&address);
	stop(f);
}

static void
a_kept_peer_is_dialled_again_when_it_is_lost(void ** state)
{
	struct fixture * f = start(2);
	struct world_address at = sim_address(f->swarm.nodes[1].w);
	struct multiaddr_tcp to = {.port = 4001};
	struct buffer address = {0};

	(void)state;
	memcpy(to.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &to);
	assert_int_equal(0, host_keep(host_at(f, 0), buffer_all(&address)));
	run(f, 1000);
	assert_int_equal(1, f->sides[0].up);
	host_disconnect(host_at(f, 1), id_at(f, 0));
	run(f, 3000);
	assert_int_equal(1, f->sides[0].down);
	assert_int_equal(2, f->sides[0].up);
	assert_int_equal(0, f->sides[0].failed);
	buffer_free(&address);
	stop(f);
}

static void
a_protocol_served_later_is_pushed(void ** state)
{
	struct fixture * f = start(2);

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	assert_false(host_peer_speaks(host_at(f, 0), id_at(f, 1), "/later"));
	assert_int_equal(0, host_serve(host_at(f, 1), "/later", on_accept,
	    &f->sides[1]));
	run(f, 100);
	assert_true(host_peer_speaks(host_at(f, 0), id_at(f, 1), "/later"));
	assert_int_equal(2, f->sides[0].identified);
	stop(f);
}

static void
an_address_of_a_record_is_learnt_and_dialled(void ** state)
{
	struct fixture * f = start(2);
	struct peer_id peer = {0};
	struct slice record = host_peer_record(host_at(f, 1));

	(void)state;
	assert_int_equal(-ERR_NOT_FOUND,
	    host_connect(host_at(f, 0), id_at(f, 1)));
	assert_int_equal(0, host_learn_record(host_at(f, 0), record, &peer,
	    1000));
	assert_true(peer_id_equal(&peer, id_at(f, 1)));
	assert_int_equal(0, host_connect(host_at(f, 0), &peer));
	run(f, 500);
	assert_int_equal(1, f->sides[0].up);
	stop(f);
}

static void
addresses_are_forgotten_after_their_time(void ** state)
{
	struct fixture * f = start(2);
	struct peer_id peer = {0};

	(void)state;
	assert_int_equal(0, host_learn_record(host_at(f, 0),
	    host_peer_record(host_at(f, 1)), &peer, 1000));
	run(f, 1001);
	assert_int_equal(-ERR_NOT_FOUND, host_connect(host_at(f, 0), &peer));
	stop(f);
}

/* A record by node 1's key, of n addresses. */
static void
make_record(struct fixture * f, struct buffer * out, uint64_t seq, unsigned n)
{
	struct peer_record record = {.seq = seq, .n = n};
	struct multiaddr_tcp to = {.v6 = true, .ip = {0x20, 1}};
	struct buffer address = {0};
	unsigned i;

	for (i = 0; i < n; i++) {
		to.port = (uint16_t)(1000 + i);
		buffer_clear(&address);
		multiaddr_from_tcp(&address, &to);
		buffer_uvarint(&record.addresses, address.n);
		buffer_slice(&record.addresses, buffer_all(&address));
	}
	buffer_clear(out);
	peer_record_seal(out, &record, &f->swarm.nodes[1].key);
	buffer_free(&address);
	peer_record_free(&record);
}

static bool
record_is(struct fixture * f, const struct buffer * want)
{
	return (slice_equal(host_record_of(host_at(f, 0), id_at(f, 1)),
	    buffer_all(want)));
}

static void
the_last_valid_record_of_a_peer_is_kept_while_it_is_good(void ** state)
{
	struct fixture * f = start(2);
	struct buffer old = {0}, now = {0}, bad = {0};
	struct peer_id peer;

	(void)state;
	make_record(f, &old, 5, 1);
	make_record(f, &now, 6, 2);
	make_record(f, &bad, 7, 1);
	bad.p[bad.n - 1] ^= 1;
	assert_int_equal(0, host_record_of(host_at(f, 0), id_at(f, 1)).n);
	assert_int_equal(0, host_learn_record(host_at(f, 0), buffer_all(&now),
	    &peer, 1000));
	assert_true(record_is(f, &now));
	assert_int_equal(0, host_learn_record(host_at(f, 0), buffer_all(&old),
	    &peer, 1000));
	assert_true(record_is(f, &now));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    host_learn_record(host_at(f, 0), buffer_all(&bad), &peer, 1000));
	assert_true(record_is(f, &now));
	run(f, 1001);
	assert_int_equal(0, host_record_of(host_at(f, 0), id_at(f, 1)).n);
	buffer_free(&old);
	buffer_free(&now);
	buffer_free(&bad);
	stop(f);
}

static void
a_record_that_is_too_long_is_learnt_from_but_not_kept(void ** state)
{
	struct fixture * f = start(2);
	struct buffer record = {0};
	struct peer_id peer;
	unsigned n = PEER_RECORD_ADDRESSES;

	(void)state;
	/* As many addresses as fit, and one more. */
	do {
		make_record(f, &record, n, n);
	} while (record.n > PEERSTORE_RECORD && --n > 0);
	assert_int_equal(0, host_learn_record(host_at(f, 0),
	    buffer_all(&record), &peer, 1000));
	assert_true(record_is(f, &record));
	make_record(f, &record, 1000, n + 1);
	assert_true(record.n > PEERSTORE_RECORD);
	assert_int_equal(0, host_learn_record(host_at(f, 0),
	    buffer_all(&record), &peer, 1000));
	assert_int_equal(0, host_record_of(host_at(f, 0), id_at(f, 1)).n);
	assert_int_equal(0, host_connect(host_at(f, 0), &peer));
	buffer_free(&record);
	stop(f);
}

static void
the_record_of_a_connected_peer_stays_good(void ** state)
{
	struct fixture * f = start(2);

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	run(f, 2 * 60 * 60 * 1000);
	assert_true(slice_equal(host_record_of(host_at(f, 0), id_at(f, 1)),
	    host_peer_record(host_at(f, 1))));
	stop(f);
}

static uint64_t first_byte_at;

static void
note_first_byte(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	if (bytes.n > 0 && first_byte_at == 0)
		first_byte_at = sim_now(user);
}

static void
accept_first(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler first = {.data = note_first_byte};

	(void)protocol;
	stream_handle(s, &first, user);
}

static void
write_first(void * user, const struct peer_id * peer)
{
	static const char * const protocols[] = {"/first", NULL};
	static const struct stream_handler nothing = {0};
	struct stream * s;

	assert_int_equal(0, stream_open(user, peer, protocols, &nothing,
	    NULL, &s));
	assert_int_equal(0, stream_write(s, slice_text("first")));
}

static void
the_first_byte_arrives_within_three_round_trips(void ** state)
{
	struct fixture * f = start(2);
	struct host_watcher watcher = {.up = write_first,
	    .user = host_at(f, 0)};
	struct sim_link link = {.latency_ms = 50};
	uint64_t start_at;

	(void)state;
	first_byte_at = 0;
	sim_links(f->swarm.sim, &link);
	assert_int_equal(0, host_serve(host_at(f, 1), "/first", accept_first,
	    f->swarm.sim));
	host_watch(host_at(f, 0), &watcher);
	start_at = sim_now(f->swarm.sim);
	swarm_dial(&f->swarm, 0, 1);
	run(f, 2000);
	assert_true(first_byte_at > 0);
	assert_in_range(first_byte_at - start_at, 200, 300);
	stop(f);
}

static void
reset_in_data(void * user, struct stream * s, struct slice bytes)
{
	(void)bytes;
	(*(unsigned *)user)++;
	stream_reset(s);
}

static void
accept_reset(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler first = {.data = reset_in_data};

	(void)protocol;
	stream_handle(s, &first, user);
}

static void
disconnect_in_data(void * user, struct stream * s, struct slice bytes)
{
	(void)bytes;
	host_disconnect(user, stream_peer(s));
}

static void
accept_disconnect(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler first = {
	    .data = disconnect_in_data};

	(void)protocol;
	stream_handle(s, &first, user);
}

static void
a_stream_or_its_connection_may_go_from_inside_a_callback(void ** state)
{
	static const char * const resets[] = {"/reset", NULL};
	static const char * const leaves[] = {"/leave", NULL};
	struct fixture * f = start(2);
	struct end e = {0}, g = {0};
	unsigned calls = 0;

	(void)state;
	assert_int_equal(0, host_serve(host_at(f, 1), "/reset", accept_reset,
	    &calls));
	assert_int_equal(0, host_serve(host_at(f, 1), "/leave",
	    accept_disconnect, host_at(f, 1)));
	swarm_connect(&f->swarm, 0, 1);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), resets,
	    &handler, &e, &e.s));
	(void)fill(&e, 200000);
	run(f, 200);
	assert_int_equal(1, calls);
	assert_int_equal(-ERR_STREAM_READ, e.status);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), leaves,
	    &handler, &g, &g.s));
	(void)fill(&g, 200000);
	run(f, 200);
	assert_int_equal(1, g.closed);
	assert_int_equal(1, f->sides[0].down);
	assert_int_equal(1, f->sides[1].down);
	stop(f);
}

static void
a_freed_stream_still_sends_what_was_queued(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};
	size_t written;

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	written = fill(&e, 900000);
	stream_free(e.s);
	run(f, 2000);
	assert_int_equal(written, f->sides[1].in[0].got.n);
	assert_int_equal(1, f->sides[1].in[0].closed);
	assert_int_equal(0, f->sides[1].in[0].status);
	assert_int_equal(0, e.closed);
	stop(f);
}

static void
lossy_links_change_nothing_but_the_time(void ** state)
{
	struct fixture * f = start(2);
	struct sim_link link = {.latency_ms = 20, .jitter_ms = 30,
	    .loss = 50000, .bytes_per_ms = 500};
	struct end e = {0};
	size_t written;

	(void)state;
	sim_links(f->swarm.sim, &link);
	swarm_dial(&f->swarm, 0, 1);
	run(f, 10000);
	open_echo(f, 0, 1, &e);
	written = fill(&e, 900000);
	run(f, 60000);
	sim_assert(f->swarm.sim, f->sides[1].in[0].got.n == written);
	stop(f);
}

static void
a_corrupted_byte_ends_the_connection(void ** state)
{
	struct fixture * f = start(2);
	struct sim_link link = {.latency_ms = 10, .corrupt = 1000000};
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	run(f, 100);
	sim_links(f->swarm.sim, &link);
	assert_int_equal(0, stream_write(e.s, slice_text("x")));
	run(f, 200);
	sim_assert(f->swarm.sim, f->sides[1].down == 1);
	sim_assert(f->swarm.sim, f->sides[1].in[0].got.n == 0);
	stop(f);
}

static void
bytes_held_in_all_connections_are_limited(void ** state)
{
	struct fixture * f = start(1);
	struct host_config config = {.limits = {.buffered = 65536}};
	struct world * w = sim_node(f->swarm.sim);
	struct side * side = &f->sides[1];
	struct buffer address = {0};
	struct world_address at = sim_address(f->swarm.nodes[0].w);
	struct multiaddr_tcp to = {.port = 4001};
	struct end e = {0};
	struct host * small;
	static const char * const protocols[] = {ECHO, NULL};

	(void)state;
	ed25519_from_seed(&config.key, (const uint8_t[32]){9});
	small = host_new(w, &config);
	side->pause = true;
	assert_int_equal(0, host_serve(small, ECHO, on_accept, side));
	memcpy(to.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &to);
	assert_int_equal(0, host_connect_address(small, buffer_all(&address)));
	run(f, 500);
	assert_int_equal(0, stream_open(host_at(f, 0), host_id(small),
	    protocols, &handler, &e, &e.s));
	assert_int_equal(65536, fill(&e, 65536));
	run(f, 500);
	assert_true(host_connected(small, id_at(f, 0)));
	assert_int_equal(0, stream_write(e.s, slice_text("x")));
	run(f, 500);
	assert_false(host_connected(small, id_at(f, 0)));
	host_free(small);
	buffer_free(&address);
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hosts_connect_and_identify_each_other),
		cmocka_unit_test(
		    bytes_pass_both_ways_and_the_stream_closes_with_0),
		cmocka_unit_test(dialling_oneself_or_the_wrong_peer_is_refused),
		cmocka_unit_test(
		    a_protocol_nobody_serves_closes_with_not_found),
		cmocka_unit_test(
		    an_unknown_protocol_is_told_even_to_who_ended_already),
		cmocka_unit_test(
		    a_reset_reaches_the_other_side_and_the_connection_lives),
		cmocka_unit_test(
		    a_paused_reader_holds_the_writer_back_and_loses_nothing),
		cmocka_unit_test(
		    a_write_refused_for_a_full_connection_is_told_when_there_is_room),
		cmocka_unit_test(
		    a_stream_that_goes_makes_room_for_one_that_was_refused),
		cmocka_unit_test(
		    held_bytes_stay_within_the_budget_and_a_long_stall_ends_it),
		cmocka_unit_test(bytes_held_in_all_connections_are_limited),
		cmocka_unit_test(a_partition_is_noticed_and_streams_are_told),
		cmocka_unit_test(an_idle_connection_stays_up_for_an_hour),
		cmocka_unit_test(streams_are_limited_per_connection),
		cmocka_unit_test(
		    streams_that_all_come_at_once_are_limited_by_the_backlog),
		cmocka_unit_test(a_peer_has_four_connections_and_no_fifth),
		cmocka_unit_test(
		    half_open_connections_are_limited_and_end_after_10_s),
		cmocka_unit_test(connections_are_limited_in_all),
		cmocka_unit_test(a_kept_peer_is_dialled_again_when_it_is_lost),
		cmocka_unit_test(a_protocol_served_later_is_pushed),
		cmocka_unit_test(an_address_of_a_record_is_learnt_and_dialled),
		cmocka_unit_test(addresses_are_forgotten_after_their_time),
		cmocka_unit_test(
		    the_last_valid_record_of_a_peer_is_kept_while_it_is_good),
		cmocka_unit_test(
		    a_record_that_is_too_long_is_learnt_from_but_not_kept),
		cmocka_unit_test(the_record_of_a_connected_peer_stays_good),
		cmocka_unit_test(
		    the_first_byte_arrives_within_three_round_trips),
		cmocka_unit_test(
		    a_stream_or_its_connection_may_go_from_inside_a_callback),
		cmocka_unit_test(a_freed_stream_still_sends_what_was_queued),
		cmocka_unit_test(lossy_links_change_nothing_but_the_time),
		cmocka_unit_test(a_corrupted_byte_ends_the_connection),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
