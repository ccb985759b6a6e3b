/* What peers may use up of a host: at each limit, one above, and counted. */
#include "support/budgets.h"
#include "support/bytes.h"
#include "support/swarm.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/host_impl.h"

#define DEAF "/test/deaf/1"

enum { PORT = 4002 };

/* Streams that nobody reads. */
struct deaf {
	struct stream * streams[64];
	size_t n;
};

/* A TCP connection that says nothing. */
struct stranger {
	struct world_tcp * tcp;
	bool closed;
};

struct fixture {
	struct swarm swarm;
	struct stranger silent;
	struct world * w;         /* of the host that is limited */
	struct host * small;
	struct deaf deaf;
};

static void
on_deaf(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler nothing = {0};
	struct deaf * d = user;

	(void)protocol;
	assert_true(d->n < 64);
	d->streams[d->n++] = s;
	stream_handle(s, &nothing, d);
	stream_pause(s, true);
}

/* n plain hosts, and one with limits. */
static struct fixture *
start(size_t n, const struct host_limits * limits)
{
	struct fixture * f = calloc(1, sizeof(*f));
	struct host_config config = {.limits = *limits};
	struct buffer address = {0};

	assert_non_null(f);
	swarm_start(&f->swarm, 7, n);
	f->w = sim_node(f->swarm.sim);
	ed25519_from_seed(&config.key, (const uint8_t[32]){9});
	f->small = host_new(f->w, &config);
	assert_non_null(f->small);
	assert_int_equal(0, multiaddr_decode(&address,
	    slice_text("/ip4/0.0.0.0/tcp/4002")));
	assert_int_equal(0, host_listen(f->small, buffer_all(&address), NULL));
	buffer_free(&address);
	assert_int_equal(0, host_serve(f->small, DEAF, on_deaf, &f->deaf));
	return (f);
}

static void
stop(struct fixture * f)
{
	host_free(f->small);
	swarm_stop(&f->swarm);
	free(f);
}

static void
run(struct fixture * f, uint64_t ms)
{
	sim_run_for(f->swarm.sim, ms);
}

static struct budget
budget(const struct fixture * f, const char * name)
{
	struct budget b;

	budget_of(host_budgets, f->small, name, &b);
	return (b);
}

static struct host *
host_at(struct fixture * f, size_t i)
{
	return (f->swarm.nodes[i].h);
}

static void
dial_address(struct host * from, struct world * to, uint16_t port)
{
	struct world_address at = sim_address(to);
	struct multiaddr_tcp tcp = {.port = port};
	struct buffer address = {0};

	memcpy(tcp.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &tcp);
	assert_int_equal(0, host_connect_address(from, buffer_all(&address)));
	buffer_free(&address);
}

/* A plain host dials the limited one. */
static void
dial_small(struct fixture * f, size_t i)
{
	dial_address(host_at(f, i), f->w, PORT);
	run(f, 500);
}

static bool
knows(struct fixture * f, size_t i)
{
	return (host_connected(f->small, &f->swarm.nodes[i].id));
}

static struct stream *
open_deaf(struct fixture * f, size_t from)
{
	static const char * const protocols[] = {DEAF, NULL};
	static const struct stream_handler nothing = {0};
	struct stream * s;

	if (stream_open(host_at(f, from), host_id(f->small), protocols,
	    &nothing, NULL, &s) != 0)
		return (NULL);
	run(f, 100);
	return (s);
}

/* --- connections --------------------------------------------------------- */

static void
a_quarter_of_the_connections_is_ours_to_dial(void ** state)
{
	struct fixture * f = start(5, &(struct host_limits){.connections = 4});
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		dial_small(f, i);
	assert_true(knows(f, 0) && knows(f, 1) && knows(f, 2));
	assert_false(knows(f, 3));
	assert_int_equal(3, budget(f, "host.connections_in").used);
	assert_int_equal(1, budget(f, "host.connections_in").refused);
	dial_address(f->small, f->swarm.nodes[4].w, 4001);
	run(f, 500);
	assert_true(knows(f, 4));
	assert_int_equal(4, budget(f, "host.connections").used);
	/* The fifth is one too many, even for us. */
	dial_address(f->small, f->swarm.nodes[3].w, 4001);
	run(f, 500);
	assert_false(knows(f, 3));
	assert_int_equal(1, budget(f, "host.connections").refused);
	assert_int_equal(4, budget(f, "host.connections").peak);
	stop(f);
}

static void
who_opens_no_stream_gives_way_to_who_comes(void ** state)
{
	struct fixture * f = start(3, &(struct host_limits){.connections = 3,
	    .upgrade_ms = 2000});

	(void)state;
	/* Limits below 4 keep no quarter: three may come in. */
	dial_small(f, 0);
	dial_small(f, 1);
	assert_non_null(open_deaf(f, 0));
	dial_address(host_at(f, 2), f->w, PORT);
	run(f, 500);
	assert_int_equal(3, budget(f, "host.connections").used);
	run(f, 5000);
	/* 0 has a stream; 1 is the oldest without. */
	dial_address(host_at(f, 2), f->w, PORT);
	run(f, 500);
	assert_true(knows(f, 0));
	assert_false(knows(f, 1));
	assert_true(knows(f, 2));
	assert_int_equal(3, budget(f, "host.connections_in").used);
	stop(f);
}

static void
each_connection_of_a_peer_is_counted(void ** state)
{
	struct fixture * f = start(1, &(struct host_limits){
	    .connections_per_peer = 2});
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		dial_small(f, 0);
	assert_int_equal(2, budget(f, "host.connections_of_peer").used);
	assert_int_equal(2, budget(f, "host.connections_of_peer").peak);
	assert_int_equal(1, budget(f, "host.connections_of_peer").refused);
	assert_int_equal(2, budget(f, "host.connections").used);
	host_disconnect(f->small, &f->swarm.nodes[0].id);
	run(f, 100);
	assert_int_equal(0, budget(f, "host.connections").used);
	assert_int_equal(0, budget(f, "host.connections_of_peer").used);
	assert_int_equal(0, budget(f, "host.half_open_in").used);
	stop(f);
}

/* --- half-open ------------------------------------------------------------ */

static void
stranger_nothing(void * user)
{
	(void)user;
}

static void
stranger_data(void * user, struct slice bytes)
{
	(void)user;
	(void)bytes;
}

static void
stranger_closed(void * user, int status)
{
	(void)status;
	((struct stranger *)user)->closed = true;
}

static const struct world_tcp_handler stranger_handler = {
	stranger_nothing, stranger_data, stranger_nothing, stranger_closed
};

static void
come(struct fixture * f, struct stranger * s)
{
	struct world_address to = sim_address(f->w);

	to.port = PORT;
	assert_int_equal(0, world_dial(f->swarm.nodes[0].w, &to,
	    &stranger_handler, s, &s->tcp));
	run(f, 100);
}

static void
who_says_nothing_gives_way_to_who_comes(void ** state)
{
	struct fixture * f = start(2, &(struct host_limits){.half_open = 2,
	    .upgrade_ms = 10000});
	struct stranger s[3] = {{0}};

	(void)state;
	come(f, &s[0]);
	run(f, 1000);
	come(f, &s[1]);
	assert_int_equal(2, budget(f, "host.half_open_in").used);
	/* Both are young: the third is turned away. */
	come(f, &s[2]);
	assert_true(s[2].closed && !s[0].closed && !s[1].closed);
	assert_int_equal(1, budget(f, "host.half_open_in").refused);
	run(f, 900);
	dial_small(f, 1);
	assert_true(s[0].closed && !s[1].closed);
	assert_true(knows(f, 1));
	assert_int_equal(1, budget(f, "host.half_open_in").used);
	assert_int_equal(2, budget(f, "host.half_open_in").peak);
	stop(f);
}

static void
keep_silent(void * user, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct fixture * f = user;

	(void)from;
	world_tcp_handle(f->swarm.nodes[0].w, tcp, &stranger_handler,
	    &f->silent);
}

static void
dials_that_lead_nowhere_are_limited_and_the_next_one_waits(void ** state)
{
	struct fixture * f = start(1, &(struct host_limits){.half_open = 1,
	    .upgrade_ms = 2000});
	struct world_address at = {.port = 5000}, bound;
	struct world_listener * listener;

	(void)state;
	assert_int_equal(0, world_listen(f->swarm.nodes[0].w, &at, keep_silent,
	    f, &listener, &bound));
	dial_address(f->small, f->swarm.nodes[0].w, 5000);
	dial_address(f->small, f->swarm.nodes[0].w, 5000);
	run(f, 1000);
	assert_int_equal(1, budget(f, "host.half_open_out").used);
	/* The first is given up, and the second has its place. */
	run(f, 2000);
	assert_int_equal(1, budget(f, "host.half_open_out").used);
	run(f, 2000);
	assert_int_equal(0, budget(f, "host.half_open_out").used);
	assert_int_equal(1, budget(f, "host.half_open_out").peak);
	world_listener_close(f->swarm.nodes[0].w, listener);
	stop(f);
}

/* --- streams -------------------------------------------------------------- */

static void
streams_of_all_connections_are_limited(void ** state)
{
	struct fixture * f = start(3, &(struct host_limits){.streams = 8});
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < 3; i++)
		dial_small(f, i);
	assert_int_equal(0, budget(f, "host.streams").used);
	/* Three quarters of them, to whoever comes. */
	for (i = 0; i < 6; i++)
		assert_non_null(open_deaf(f, i % 3));
	assert_int_equal(6, f->deaf.n);
	assert_int_equal(6, budget(f, "host.streams").used);
	(void)open_deaf(f, 0);
	assert_int_equal(6, f->deaf.n);
	assert_true(budget(f, "host.streams").refused > 0);
	/* One that goes makes room. */
	for (i = 0; i < 6; i++)
		stream_reset(f->deaf.streams[i]);
	run(f, 100);
	assert_int_equal(0, budget(f, "host.streams").used);
	n = f->deaf.n;
	assert_non_null(open_deaf(f, 1));
	assert_int_equal(n + 1, f->deaf.n);
	stop(f);
}

static void
streams_of_a_connection_are_counted(void ** state)
{
	struct fixture * f = start(1, &(struct host_limits){
	    .streams_per_connection = 3});
	size_t i;

	(void)state;
	dial_small(f, 0);
	for (i = 0; i < 4; i++)
		(void)open_deaf(f, 0);
	assert_int_equal(3, f->deaf.n);
	assert_int_equal(3, budget(f, "host.streams_of_connection").used);
	assert_int_equal(1, budget(f, "host.streams_of_connection").refused);
	assert_int_equal(1, budget(f, "host.backlog_of_connection").peak);
	stop(f);
}

/* --- bytes ---------------------------------------------------------------- */

/* Queue as much as the limited host takes, but no more than that. */
static size_t
fill(struct fixture * f, struct stream * s, size_t most)
{
	static const uint8_t chunk[4096] = {1};
	size_t n = 0;

	while (n < most && stream_write(s, BYTES(chunk)) == 0) {
		n += sizeof(chunk);
		run(f, 1);
	}
	return (n);
}

static struct stream *
open_from_small(struct fixture * f, size_t to, struct deaf * d)
{
	static const char * const protocols[] = {DEAF, NULL};
	static const struct stream_handler nothing = {0};
	struct stream * s;

	assert_int_equal(0, host_serve(host_at(f, to), DEAF, on_deaf, d));
	assert_int_equal(0, stream_open(f->small, &f->swarm.nodes[to].id,
	    protocols, &nothing, NULL, &s));
	run(f, 100);
	return (s);
}

static void
what_slow_readers_leave_is_limited_and_others_still_get_some(void ** state)
{
	enum { LIMIT = 1 << 20 };
	struct fixture * f = start(4, &(struct host_limits){.queued = LIMIT});
	struct deaf d[4] = {{{0}, 0}};
	struct stream * s[4];
	size_t i, written;
	struct budget b;

	(void)state;
	for (i = 0; i < 4; i++) {
		dial_small(f, i);
		s[i] = open_from_small(f, i, &d[i]);
	}
	for (i = 0; i < 3; i++)
		(void)fill(f, s[i], SIZE_MAX);
	b = budget(f, "host.queued_bytes");
	assert_true(b.used >= LIMIT - LIMIT / 4);
	/* Each may go over it by one write, and by what is being sealed. */
	assert_true(b.peak <= LIMIT - LIMIT / 4 + 65536);
	assert_true(b.refused > 0);
	/* Who reads is served through what little there is. */
	stream_pause(d[3].streams[0], false);
	written = fill(f, s[3], 300 * 1024);
	for (i = 0; i < 200 && written < 300 * 1024; i++) {
		run(f, 50);
		written += fill(f, s[3], 300 * 1024 - written);
	}
	assert_int_equal(300 * 1024, written);
	assert_true(budget(f, "host.queued_bytes").peak <= LIMIT);
	host_disconnect(f->small, &f->swarm.nodes[0].id);
	host_disconnect(f->small, &f->swarm.nodes[1].id);
	host_disconnect(f->small, &f->swarm.nodes[2].id);
	run(f, 5000);
	assert_true(budget(f, "host.queued_bytes").used < 65536);
	stop(f);
}

static void
held_bytes_are_counted_and_given_back(void ** state)
{
	static const uint8_t chunk[16384] = {1};
	struct fixture * f = start(1, &(struct host_limits){0});
	struct stream * s;

	(void)state;
	dial_small(f, 0);
	s = open_deaf(f, 0);
	assert_int_equal(0, stream_write(s, BYTES(chunk)));
	run(f, 500);
	assert_int_equal(16384, budget(f, "host.held_bytes").used);
	assert_int_equal(16384,
	    budget(f, "host.held_bytes_of_connection").used);
	stream_pause(f->deaf.streams[0], false);
	run(f, 500);
	assert_int_equal(0, budget(f, "host.held_bytes").used);
	assert_int_equal(0, budget(f, "host.held_bytes_of_connection").used);
	assert_int_equal(16384, budget(f, "host.held_bytes").peak);
	stop(f);
}

/* Pings of the session, in one write; the peer does not read the answers. */
static void
say_pings(struct fixture * f, unsigned n)
{
	struct connection * c = connection_of(host_at(f, 0),
	    host_id(f->small));
	struct buffer frames = {0}, wire = {0};

	assert_non_null(c);
	world_tcp_pause(f->swarm.nodes[0].w, c->tcp, true);
	for (; n > 0; n--) {
		buffer_be32(&frames, 0x00020001);
		buffer_be32(&frames, 0);
		buffer_be32(&frames, n);
	}
	security_seal(c->security, &wire, buffer_all(&frames));
	assert_int_equal(0, connection_write(c, &wire));
	buffer_free(&frames);
	buffer_free(&wire);
	run(f, 100);
}

static void
answers_that_are_not_read_end_the_connection(void ** state)
{
	struct fixture * f = start(1, &(struct host_limits){0});
	struct connection * c;
	unsigned i;

	(void)state;
	dial_small(f, 0);
	c = connection_of(f->small, &f->swarm.nodes[0].id);
	/* First the network's own room fills, then ours. */
	for (i = 0; i < 2000 && yamux_control(c->yamux) == 0; i++) {
		say_pings(f, 1000);
		assert_true(knows(f, 0));
	}
	say_pings(f, (unsigned)((65536 - yamux_control(c->yamux)) / 12));
	assert_true(knows(f, 0));
	assert_in_range(yamux_control(c->yamux), 65536 - 12, 65536);
	say_pings(f, 1);
	assert_false(knows(f, 0));
	stop(f);
}

/* --- what is known of peers ------------------------------------------------ */

static void
what_identify_told_goes_with_the_peer(void ** state)
{
	struct fixture * f = start(1, &(struct host_limits){0});
	struct peer * p;

	(void)state;
	dial_small(f, 0);
	p = peerstore_find(&f->small->peers, &f->swarm.nodes[0].id);
	assert_true(p->protocols.size > 0 && p->agent.size > 0);
	host_disconnect(f->small, &f->swarm.nodes[0].id);
	run(f, 100);
	assert_int_equal(0, p->protocols.size);
	assert_int_equal(0, p->agent.size);
	assert_int_equal(1, budget(f, "host.known_peers").used);
	stop(f);
}

static void
as_many_peers_are_known_as_the_limit_says(void ** state)
{
	struct fixture * f = start(1, &(struct host_limits){0});
	struct buffer address = {0};
	struct peer_id first = {0}, id;
	uint8_t key[32] = {0};
	size_t i;

	(void)state;
	dial_small(f, 0);
	assert_int_equal(0, multiaddr_decode(&address,
	    slice_text("/ip4/10.9.8.7/tcp/1")));
	for (i = 0; i < PEERSTORE_PEERS; i++) {
		key[0] = (uint8_t)i;
		key[1] = (uint8_t)(i >> 8);
		key[2] = 1;
		peer_id_from_ed25519(&id, key);
		if (i == 0)
			first = id;
		if (i == PEERSTORE_PEERS - 1)
			assert_non_null(peerstore_find(&f->small->peers,
			    &first));
		host_learn(f->small, &id, buffer_all(&address), 60000);
	}
	/* With the connected one they are one too many: not that one goes. */
	assert_null(peerstore_find(&f->small->peers, &first));
	assert_true(knows(f, 0));
	assert_int_equal(PEERSTORE_PEERS, budget(f, "host.known_peers").used);
	assert_int_equal(1, budget(f, "host.known_peers").refused);
	buffer_free(&address);
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quarter_of_the_connections_is_ours_to_dial),
		cmocka_unit_test(who_opens_no_stream_gives_way_to_who_comes),
		cmocka_unit_test(each_connection_of_a_peer_is_counted),
		cmocka_unit_test(who_says_nothing_gives_way_to_who_comes),
		cmocka_unit_test(
		    dials_that_lead_nowhere_are_limited_and_the_next_one_waits),
		cmocka_unit_test(streams_of_all_connections_are_limited),
		cmocka_unit_test(streams_of_a_connection_are_counted),
		cmocka_unit_test(
		    what_slow_readers_leave_is_limited_and_others_still_get_some),
		cmocka_unit_test(held_bytes_are_counted_and_given_back),
		cmocka_unit_test(answers_that_are_not_read_end_the_connection),
		cmocka_unit_test(what_identify_told_goes_with_the_peer),
		cmocka_unit_test(as_many_peers_are_known_as_the_limit_says),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
