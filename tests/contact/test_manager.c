#include "contact/manager_fixture.h"

static void
a_request_is_delivered_and_ends(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	swarm_connect(&t.swarm, 0, 1);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 3000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 1);
	assert_memory_equal(t.b.from_pk, t.a.account.pub, 32);
	assert_text(buffer_all(&t.b.metadata), "hello");
	sim_run_for(t.swarm.sim, 60000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 1);
	trio_free(&t);
}

static void
the_contact_is_found_among_wrong_peers(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 3);
	swarm_connect(&t.swarm, 0, 2);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 20000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_assert(t.swarm.sim, t.c.received == 0);
	swarm_connect(&t.swarm, 0, 1);
	sim_run_for(t.swarm.sim, 5000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 1);
	sim_assert(t.swarm.sim, t.c.received == 0);
	trio_free(&t);
}

static void
a_disabled_responder_is_not_asked_until_it_is_enabled(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	t.b.enabled = false;
	contact_manager_update(t.b.manager);
	sim_run_for(t.swarm.sim, 100);
	swarm_connect(&t.swarm, 0, 1);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 30000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_assert(t.swarm.sim, t.b.received == 0);
	t.b.enabled = true;
	contact_manager_update(t.b.manager);
	sim_run_for(t.swarm.sim, 60000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 1);
	trio_free(&t);
}

static void
a_request_is_tried_again_after_a_partition(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	swarm_connect(&t.swarm, 0, 1);
	sim_partition(t.swarm.sim, &t.swarm.nodes[1].w, 1);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 120000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_heal(t.swarm.sim);
	/* Nobody else connects them: the back-off does, in ten minutes. */
	sim_run_for(t.swarm.sim, 660000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received >= 1);
	trio_free(&t);
}

static void
a_request_outlives_a_restart_of_the_manager(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 1000);
	side_end(&t.a);
	side_begin(&t.a);
	swarm_connect(&t.swarm, 0, 1);
	sim_run_for(t.swarm.sim, 5000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 1);
	trio_free(&t);
}

static void
a_withdrawn_request_is_not_delivered(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 1000);
	t.a.wants = false;
	contact_manager_update(t.a.manager);
	swarm_connect(&t.swarm, 0, 1);
	sim_run_for(t.swarm.sim, 5000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_assert(t.swarm.sim, t.b.received == 0);
	trio_free(&t);
}

/* --- what a peer sees ------------------------------------------------------ */

struct ear {
	struct buffer heard;
	struct stream * stream;
	unsigned closed;
};

static void
ear_data(void * user, struct stream * s, struct slice bytes)
{
	struct ear * e = user;
	struct handshake * h;
	struct ed25519_key key;
	struct buffer out = {0};
	uint8_t seed[32] = {55};

	buffer_slice(&e->heard, bytes);
	if (e->heard.n != bytes.n)
		return;
	ed25519_from_seed(&key, seed);
	h = handshake_respond(&key, seed);
	assert_int_equal(handshake_input(h, bytes, NULL), 0);
	handshake_output(h, &out);
	assert_int_equal(stream_write(s, buffer_all(&out)), 0);
	buffer_free(&out);
	handshake_free(h);
}

static void
ear_closed(void * user, struct stream * s, int status)
{
	struct ear * e = user;

	(void)s;
	(void)status;
	e->stream = NULL;
	e->closed++;
}

static const struct stream_handler ear_handler = {.data = ear_data,
    .closed = ear_closed};

static void
ear_accept(void * user, struct stream * s, const char * protocol)
{
	struct ear * e = user;

	(void)protocol;
	if (e->stream != NULL) {
		stream_reset(s);
		return;
	}
	e->stream = s;
	stream_handle(s, &ear_handler, e);
}

static bool
holds(struct slice all, struct slice part)
{
	size_t i;

	for (i = 0; i + part.n <= all.n; i++)
		if (memcmp(all.p + i, part.p, part.n) == 0)
			return (true);
	return (false);
}

static void
a_wrong_peer_learns_nothing(void ** state)
{
	struct ear ear = {0};
	struct trio t;

	(void)state;
	trio_new(&t, 3);
	side_end(&t.c);
	assert_int_equal(host_serve(t.swarm.nodes[2].h, protocols[0],
	    ear_accept, &ear), 0);
	swarm_connect(&t.swarm, 0, 2);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 10000);
	/* The hello, and a box that this peer cannot open; no more. */
	assert_int_equal(ear.heard.n, 35 + 123);
	assert_false(holds(buffer_all(&ear.heard), BYTES(t.a.account.pub)));
	assert_false(holds(buffer_all(&ear.heard), BYTES(t.b.account.pub)));
	assert_false(holds(buffer_all(&ear.heard), slice_text("hello")));
	sim_assert(t.swarm.sim, t.a.sent == 0);
	side_begin(&t.c);
	if (ear.stream != NULL)
		stream_reset(ear.stream);
	buffer_free(&ear.heard);
	trio_free(&t);
}

static void
visit(struct trio * t, struct ear * ear)
{
	const char * one[2] = {protocols[0], NULL};

	assert_int_equal(stream_open(t->swarm.nodes[0].h,
	    &t->swarm.nodes[1].id, one, &ear_handler, ear, &ear->stream), 0);
	assert_int_equal(stream_write(ear->stream, slice_of("\x01\x07", 2)),
	    0);
	sim_run_for(t->swarm.sim, 200);
	assert_null(ear->stream);
}

static void
a_peer_that_asks_too_often_is_not_heard_for_a_while(void ** state)
{
	struct ear ear = {0};
	struct trio t;
	unsigned i;

	(void)state;
	trio_new(&t, 2);
	swarm_connect(&t.swarm, 0, 1);
	for (i = 0; i < 10; i++)
		visit(&t, &ear);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 20000);
	sim_assert(t.swarm.sim, t.b.received == 0);
	sim_run_for(t.swarm.sim, 120000);
	sim_assert(t.swarm.sim, t.b.received == 1);
	trio_free(&t);
}

static void
a_handshake_that_stalls_is_given_up(void ** state)
{
	struct ear ear = {0};
	const char * one[2] = {protocols[0], NULL};
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	swarm_connect(&t.swarm, 0, 1);
	assert_int_equal(stream_open(t.swarm.nodes[0].h, &t.swarm.nodes[1].id,
	    one, &ear_handler, &ear, &ear.stream), 0);
	sim_run_for(t.swarm.sim, 29000);
	assert_int_equal(ear.closed, 0);
	sim_run_for(t.swarm.sim, 3000);
	assert_int_equal(ear.closed, 1);
	trio_free(&t);
}

/* --- namespaces ----------------------------------------------------------- */

struct board {
	struct buffer announced[4];
	unsigned announces, withdraws, looks, stops;
};

static void
board_announce(void * driver, struct slice ns, uint64_t ttl_ms)
{
	struct board * b = driver;

	assert_true(ttl_ms > 0 && ttl_ms <= 86400000);
	assert_true(b->announces < 4);
	buffer_slice(&b->announced[b->announces++], ns);
}

static void
board_withdraw(void * driver, struct slice ns)
{
	struct board * b = driver;

	assert_true(b->withdraws < b->announces);
	assert_true(slice_equal(buffer_all(&b->announced[b->withdraws]), ns));
	b->withdraws++;
}

static void
board_look(void * driver, struct slice ns)
{
	struct board * b = driver;

	assert_int_equal(ns.n, 44);
	b->looks++;
}

static void
board_stop(void * driver, struct slice ns)
{
	struct board * b = driver;

	(void)ns;
	b->stops++;
}

static void
namespaces_follow_the_period(void ** state)
{
	struct board board = {0};
	struct discovery_driver driver = {.name = "board",
	    .announce = board_announce, .withdraw = board_withdraw,
	    .look = board_look, .stop = board_stop, .driver = &board};
	struct buffer ns = {0};
	struct trio t;
	unsigned i;

	(void)state;
	trio_new(&t, 2);
	discovery_add(t.a.discovery, &driver);
	want(&t.a, &t.b);
	sim_run_for(t.swarm.sim, 10);
	assert_int_equal(board.announces, 1);
	assert_int_equal(board.looks, 2);
	rendezvous_namespace(&ns, network_get(NETWORK_BERTY),
	    t.a.account.pub, t.a.seed, network_period((uint64_t)
	        (world_wall(t.swarm.nodes[0].w) / 1000000000), 86400));
	assert_true(slice_equal(buffer_all(&ns),
	    buffer_all(&board.announced[0])));
	sim_run_for(t.swarm.sim, 86400000);
	assert_int_equal(board.announces, 2);
	assert_int_equal(board.withdraws, 1);
	assert_int_equal(board.looks, 4);
	assert_int_equal(board.stops, 2);
	t.a.enabled = false;
	contact_manager_update(t.a.manager);
	sim_run_for(t.swarm.sim, 10);
	assert_int_equal(board.withdraws, 2);
	discovery_remove(t.a.discovery, &driver);
	for (i = 0; i < 4; i++)
		buffer_free(&board.announced[i]);
	buffer_free(&ns);
	trio_free(&t);
}

static int
setup(void ** state)
{
	(void)state;
	return (crypto_setup());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_delivered_and_ends),
		cmocka_unit_test(the_contact_is_found_among_wrong_peers),
		cmocka_unit_test(
		    a_disabled_responder_is_not_asked_until_it_is_enabled),
		cmocka_unit_test(a_request_is_tried_again_after_a_partition),
		cmocka_unit_test(a_request_outlives_a_restart_of_the_manager),
		cmocka_unit_test(a_withdrawn_request_is_not_delivered),
		cmocka_unit_test(a_wrong_peer_learns_nothing),
		cmocka_unit_test(
		    a_peer_that_asks_too_often_is_not_heard_for_a_while),
		cmocka_unit_test(a_handshake_that_stalls_is_given_up),
		cmocka_unit_test(namespaces_follow_the_period),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
