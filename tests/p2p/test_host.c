/* Hosts that meet, lose each other and meet again. */
#include "p2p/host_fixture.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_hosts_connect_and_identify_each_other),
	    cmocka_unit_test(dialling_oneself_or_the_wrong_peer_is_refused),
	    cmocka_unit_test(a_partition_is_noticed_and_streams_are_told),
	    cmocka_unit_test(an_idle_connection_stays_up_for_an_hour),
	    cmocka_unit_test(a_kept_peer_is_dialled_again_when_it_is_lost),
	    cmocka_unit_test(a_protocol_served_later_is_pushed),
	    cmocka_unit_test(the_first_byte_arrives_within_three_round_trips),
	    cmocka_unit_test(lossy_links_change_nothing_but_the_time),
	    cmocka_unit_test(a_corrupted_byte_ends_the_connection),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
