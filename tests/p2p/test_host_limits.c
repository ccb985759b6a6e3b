/* How many connections and streams a host has, and what they may hold. */
#include "p2p/host_fixture.h"

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
	    cmocka_unit_test(
	        held_bytes_stay_within_the_budget_and_a_long_stall_ends_it),
	    cmocka_unit_test(bytes_held_in_all_connections_are_limited),
	    cmocka_unit_test(streams_are_limited_per_connection),
	    cmocka_unit_test(
	        streams_that_all_come_at_once_are_limited_by_the_backlog),
	    cmocka_unit_test(a_peer_has_four_connections_and_no_fifth),
	    cmocka_unit_test(
	        half_open_connections_are_limited_and_end_after_10_s),
	    cmocka_unit_test(connections_are_limited_in_all),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
