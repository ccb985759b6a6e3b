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

enum { HOUR = 3600, DAY = 86400 };

/* What a driver was told of, and was not told to end. */
struct board {
	struct buffer announced[16], looked[16];
	size_t n_announced, n_looked;
};

static void
put(struct buffer * all, size_t * n, struct slice ns)
{
	assert_true(*n < 16);
	buffer_slice(&all[(*n)++], ns);
}

static void
take_out(struct buffer * all, size_t * n, struct slice ns)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (slice_equal(buffer_all(&all[i]), ns))
			break;
	assert_true(i < *n);
	buffer_free(&all[i]);
	all[i] = all[--*n];
	all[*n] = (struct buffer){0};
}

static void
board_announce(void * driver, struct slice ns, uint64_t ttl_ms)
{
	struct board * b = driver;

	assert_true(ttl_ms > 0);
	put(b->announced, &b->n_announced, ns);
}

static void
board_withdraw(void * driver, struct slice ns)
{
	struct board * b = driver;

	take_out(b->announced, &b->n_announced, ns);
}

static void
board_look(void * driver, struct slice ns)
{
	struct board * b = driver;

	put(b->looked, &b->n_looked, ns);
}

static void
board_stop(void * driver, struct slice ns)
{
	struct board * b = driver;

	take_out(b->looked, &b->n_looked, ns);
}

static uint64_t
unix_of(const struct side * s)
{
	return ((uint64_t)(world_wall(s->swarm->nodes[s->at].w) / 1000000000));
}

/* Is the account's namespace of that period among them? */
static bool
stands(const struct buffer * all, size_t n, enum network_id network,
    const struct side * of, int64_t back)
{
	const struct network * net = network_get(network);
	uint64_t period = network_period(unix_of(of),
	    net->contact_rotation_s);
	struct buffer ns = {0};
	bool found = false;
	size_t i;

	period -= (uint64_t)back * net->contact_rotation_s;
	rendezvous_namespace(&ns, net, of->account.pub, of->seed, period);
	for (i = 0; i < n; i++)
		found |= slice_equal(buffer_all(&all[i]), buffer_all(&ns));
	buffer_free(&ns);
	return (found);
}

/* Two sides, of which the first has a driver that only listens. */
struct watched {
	struct trio t;
	struct board board;
	struct discovery_driver driver;
};

static void
watched_new(struct watched * w)
{
	*w = (struct watched){.driver = {.name = "board",
	    .announce = board_announce, .withdraw = board_withdraw,
	    .look = board_look, .stop = board_stop}};
	w->driver.driver = &w->board;
	trio_new(&w->t, 2);
	discovery_add(w->t.a.discovery, &w->driver);
}

static void
watched_free(struct watched * w)
{
	size_t i;

	discovery_remove(w->t.a.discovery, &w->driver);
	for (i = 0; i < 16; i++) {
		buffer_free(&w->board.announced[i]);
		buffer_free(&w->board.looked[i]);
	}
	trio_free(&w->t);
}

/* Let it be that many seconds after midnight. */
static void
run_to(struct watched * w, uint64_t second)
{
	uint64_t now = unix_of(&w->t.a) % DAY;

	sim_run_for(w->t.swarm.sim, ((second + DAY - now) % DAY) * 1000);
	sim_run_for(w->t.swarm.sim, 2000);
}

#define ANNOUNCED(network, back) stands(w.board.announced, \
    w.board.n_announced, NETWORK_##network, &w.t.a, (back))
#define LOOKED(network, back) stands(w.board.looked, w.board.n_looked, \
    NETWORK_##network, &w.t.b, (back))

static void
namespaces_follow_the_period(void ** state)
{
	struct watched w;

	(void)state;
	watched_new(&w);
	want(&w.t.a, &w.t.b);
	run_to(&w, 12 * HOUR);
	assert_int_equal(w.board.n_announced, 1);
	assert_true(ANNOUNCED(BERTY, 0));
	assert_int_equal(w.board.n_looked, 2);
	assert_true(LOOKED(BERTY, 0) && LOOKED(BERTY, 1));
	/* Near midnight, both sides of it. */
	run_to(&w, DAY - HOUR / 2);
	assert_int_equal(w.board.n_announced, 2);
	assert_true(ANNOUNCED(BERTY, 0) && ANNOUNCED(BERTY, -1));
	assert_int_equal(w.board.n_looked, 3);
	assert_true(LOOKED(BERTY, -1));
	run_to(&w, HOUR / 2);
	assert_int_equal(w.board.n_announced, 2);
	assert_true(ANNOUNCED(BERTY, 0) && ANNOUNCED(BERTY, 1));
	run_to(&w, 3 * HOUR);
	assert_int_equal(w.board.n_announced, 1);
	assert_true(ANNOUNCED(BERTY, 0));
	assert_int_equal(w.board.n_looked, 2);
	w.t.a.enabled = false;
	contact_manager_update(w.t.a.manager);
	sim_run_for(w.t.swarm.sim, 10);
	assert_int_equal(w.board.n_announced, 0);
	watched_free(&w);
}

static void
each_network_has_its_own_namespaces(void ** state)
{
	static const struct network_list all = {3, {NULL}};
	struct watched w;
	size_t i;

	(void)state;
	watched_new(&w);
	side_end(&w.t.a);
	w.t.a.networks = all;
	for (i = 0; i < NETWORK_COUNT; i++)
		w.t.a.networks.at[i] = network_get((enum network_id)i);
	w.board.n_announced = w.board.n_looked = 0;
	side_begin(&w.t.a);
	discovery_add(w.t.a.discovery, &w.driver);
	run_to(&w, 12 * HOUR);
	/* Raw and as text, of today; and the one for ever. */
	assert_int_equal(w.board.n_announced, 3);
	assert_true(ANNOUNCED(BERTY_V1, 0) && ANNOUNCED(BERTY, 0) &&
	    ANNOUNCED(WESH, 0));
	/* Whoever's network is not known is looked for in all. */
	want(&w.t.a, &w.t.b);
	w.t.a.wanted.network = NULL;
	contact_manager_update(w.t.a.manager);
	sim_run_for(w.t.swarm.sim, 10);
	assert_int_equal(w.board.n_looked, 5);
	assert_true(LOOKED(BERTY_V1, 0) && LOOKED(BERTY_V1, 1) &&
	    LOOKED(BERTY, 0) && LOOKED(BERTY, 1) && LOOKED(WESH, 0));
	/* One whose network is known, there alone. */
	w.t.a.wanted.network = network_get(NETWORK_WESH);
	contact_manager_update(w.t.a.manager);
	sim_run_for(w.t.swarm.sim, 10);
	assert_int_equal(w.board.n_looked, 1);
	assert_true(LOOKED(WESH, 0));
	watched_free(&w);
}

/* The peer serves one protocol only: that tells its network. */
static void
the_protocol_tells_in_which_network_a_contact_is(void ** state)
{
	struct trio t;

	(void)state;
	trio_new(&t, 2);
	side_end(&t.a);
	t.a.networks = (struct network_list){2, {network_get(NETWORK_BERTY),
	    network_get(NETWORK_BERTY_V1)}};
	side_begin(&t.a);
	side_end(&t.b);
	t.b.networks = (struct network_list){1,
	    {network_get(NETWORK_BERTY_V1)}};
	side_begin(&t.b);
	want(&t.a, &t.b);
	t.a.wanted.network = NULL;
	swarm_connect(&t.swarm, 0, 1);
	sim_run_for(t.swarm.sim, 20000);
	sim_assert(t.swarm.sim, t.a.sent == 1 && t.b.received == 1);
	assert_ptr_equal(t.a.sent_by, network_get(NETWORK_BERTY_V1));
	assert_ptr_equal(t.b.received_by, network_get(NETWORK_BERTY_V1));
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
		cmocka_unit_test(each_network_has_its_own_namespaces),
		cmocka_unit_test(
		    the_protocol_tells_in_which_network_a_contact_is),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
