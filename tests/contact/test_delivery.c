/* When a request counts as delivered, and how many a node hears. */
#include "contact/manager_fixture.h"
#include "support/budgets.h"

static const char * const contact_protocol[] = {"/wesh/contact_req/1.0.0",
    NULL};

/* A asks, B hears it and does not answer. */
static void
duo_asking(struct trio * t)
{
	trio_new(t, 2);
	t->b.mute = true;
	swarm_connect(&t->swarm, 0, 1);
	want(&t->a, &t->b);
	sim_run_for(t->swarm.sim, 2000);
	sim_assert(t->swarm.sim, t->b.received == 1);
	sim_assert(t->swarm.sim, t->a.sent == 0);
}

static void
a_request_is_delivered_when_it_is_answered_and_not_before(void ** state)
{
	struct trio t;

	(void)state;
	duo_asking(&t);
	sim_run_for(t.swarm.sim, 20000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	contact_manager_answer(t.b.manager, t.b.incoming);
	sim_run_for(t.swarm.sim, 1000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 1);
	trio_free(&t);
}

static void
a_request_that_is_never_answered_is_asked_again(void ** state)
{
	struct trio t;
	uint64_t first;

	(void)state;
	duo_asking(&t);
	first = t.b.incoming;
	sim_run_for(t.swarm.sim, 100000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_assert(t.swarm.sim, t.b.received > 1);
	t.b.mute = false;
	/* Too late an answer to the first goes to nobody. */
	contact_manager_answer(t.b.manager, first);
	sim_run_for(t.swarm.sim, 10);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_run_for(t.swarm.sim, 200000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	trio_free(&t);
}

static void
a_node_that_stops_before_it_answers_is_asked_again(void ** state)
{
	struct trio t;

	(void)state;
	duo_asking(&t);
	side_end(&t.b);
	sim_run_for(t.swarm.sim, 60000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	t.b.mute = false;
	side_begin(&t.b);
	sim_run_for(t.swarm.sim, 300000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, t.b.received == 2);
	trio_free(&t);
}

static void
a_request_heard_before_the_switch_was_turned_is_answered(void ** state)
{
	struct trio t;

	(void)state;
	duo_asking(&t);
	t.b.enabled = false;
	contact_manager_update(t.b.manager);
	sim_run_for(t.swarm.sim, 1000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	contact_manager_answer(t.b.manager, t.b.incoming);
	sim_run_for(t.swarm.sim, 1000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	trio_free(&t);
}

static void
a_requester_whose_connection_was_lost_is_answered_at_its_next_try(void ** state)
{
	struct trio t;
	uint64_t first;

	(void)state;
	duo_asking(&t);
	first = t.b.incoming;
	sim_disconnect(t.swarm.nodes[0].w);
	sim_run_for(t.swarm.sim, 5000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	sim_assert(t.swarm.sim, t.b.received == 2);
	contact_manager_answer(t.b.manager, first);
	sim_run_for(t.swarm.sim, 1000);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	contact_manager_answer(t.b.manager, t.b.incoming);
	sim_run_for(t.swarm.sim, 1000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	trio_free(&t);
}

/* The last frame has room for this much beside two keys. */
#define METADATA_FITS 1976

static void
metadata_is_sent_if_the_last_frame_has_room_for_it(void ** state)
{
	static const size_t sizes[] = {1024, METADATA_FITS, METADATA_FITS + 1};
	uint8_t metadata[METADATA_FITS + 1];
	struct trio t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(metadata); i++)
		metadata[i] = (uint8_t)(i * 7);
	for (i = 0; i < 3; i++) {
		trio_new(&t, 2);
		swarm_connect(&t.swarm, 0, 1);
		want(&t.a, &t.b);
		t.a.wanted.own_metadata = slice_of(metadata, sizes[i]);
		sim_run_for(t.swarm.sim, 3000);
		sim_assert(t.swarm.sim, t.a.sent == 1);
		assert_int_equal(t.b.metadata.n,
		    sizes[i] <= METADATA_FITS ? sizes[i] : 0);
		if (t.b.metadata.n > 0)
			assert_memory_equal(t.b.metadata.p, metadata,
			    sizes[i]);
		trio_free(&t);
	}
}

/* --- another implementation answers --- */

/* A responder that ends as it likes when it has heard all. */
struct other {
	struct trio * t;
	struct handshake * handshake;
	bool loses;               /* the connection, instead of a reset */
	unsigned heard;
};

static void
other_data(void * user, struct stream * s, struct slice bytes)
{
	struct other * o = user;
	struct buffer out = {0};
	int status;

	status = handshake_input(o->handshake, bytes, NULL);
	handshake_output(o->handshake, &out);
	if (out.n > 0)
		assert_int_equal(stream_write(s, buffer_all(&out)), 0);
	buffer_free(&out);
	if (status != 1)
		return;
	o->heard++;
	if (o->loses)
		sim_disconnect(o->t->swarm.nodes[1].w);
	else
		stream_reset(s);
}

static const struct stream_handler other_handler = {.data = other_data};

static void
other_accept(void * user, struct stream * s, const char * protocol)
{
	static const uint8_t ephemeral[32] = {8};
	struct other * o = user;

	(void)protocol;
	handshake_free(o->handshake);
	o->handshake = handshake_respond(&o->t->b.account, ephemeral);
	stream_handle(s, &other_handler, o);
}

static void
other_begin(struct other * o, struct trio * t)
{
	trio_new(t, 2);
	*o = (struct other){.t = t};
	side_end(&t->b);
	assert_int_equal(host_serve(t->swarm.nodes[1].h, contact_protocol[0],
	    other_accept, o), 0);
	swarm_connect(&t->swarm, 0, 1);
	want(&t->a, &t->b);
}

static void
other_end(struct other * o)
{
	host_unserve(o->t->swarm.nodes[1].h, contact_protocol[0]);
	sim_disconnect(o->t->swarm.nodes[1].w);
	sim_run_for(o->t->swarm.sim, 100);
	handshake_free(o->handshake);
	side_begin(&o->t->b);
	trio_free(o->t);
}

static void
a_responder_that_resets_after_the_last_frame_has_the_request(void ** state)
{
	struct other o;
	struct trio t;

	(void)state;
	other_begin(&o, &t);
	sim_run_for(t.swarm.sim, 3000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, o.heard == 1);
	other_end(&o);
}

static void
a_connection_lost_after_the_last_frame_delivers_nothing(void ** state)
{
	struct other o;
	struct trio t;

	(void)state;
	other_begin(&o, &t);
	o.loses = true;
	while (o.heard == 0)
		sim_run_for(t.swarm.sim, 1);
	sim_run_for(t.swarm.sim, 500);
	sim_assert(t.swarm.sim, t.a.sent == 0);
	o.loses = false;
	sim_run_for(t.swarm.sim, 60000);
	sim_assert(t.swarm.sim, t.a.sent == 1);
	sim_assert(t.swarm.sim, o.heard == 2);
	other_end(&o);
}

/* --- how many are heard --- */

/* A stream on which somebody says hello and then waits. */
struct caller {
	bool answered, closed;
};

static void
caller_data(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	(void)bytes;
	((struct caller *)user)->answered = true;
}

static void
caller_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	((struct caller *)user)->closed = true;
}

static const struct stream_handler caller_handler = {.data = caller_data,
    .closed = caller_closed};

static struct stream *
call(struct swarm * swarm, size_t from, struct caller * c)
{
	static const uint8_t ephemeral[32] = {9};
	struct shareable_contact own = {.has_pk = true};
	const uint8_t seed[32] = {66};
	struct buffer out = {0};
	struct ed25519_key key;
	struct handshake * h;
	struct stream * s;

	*c = (struct caller){false, false};
	ed25519_from_seed(&key, seed);
	h = handshake_request(&key, key.pub, ephemeral, &own);
	handshake_output(h, &out);
	assert_int_equal(stream_open(swarm->nodes[from].h, &swarm->nodes[0].id,
	    contact_protocol, &caller_handler, c, &s), 0);
	assert_int_equal(stream_write(s, buffer_all(&out)), 0);
	buffer_free(&out);
	handshake_free(h);
	return (s);
}

static void
four_handshakes_of_a_peer_and_32_in_all_go_on_at_a_time(void ** state)
{
	struct caller callers[32], more;
	struct swarm swarm;
	struct side side;
	size_t i;

	(void)state;
	swarm_start(&swarm, sim_seed_wanted(1), 10);
	side_new(&side, &swarm, 0);
	for (i = 1; i < 10; i++)
		swarm_connect(&swarm, i, 0);
	for (i = 0; i < 32; i++) {
		if (i == 4) {
			(void)call(&swarm, 1, &more);
			sim_run_for(swarm.sim, 100);
			sim_assert(swarm.sim, more.closed && !more.answered);
		}
		(void)call(&swarm, 1 + i / 4, &callers[i]);
		sim_run_for(swarm.sim, 100);
		sim_assert(swarm.sim, callers[i].answered);
		sim_assert(swarm.sim, !callers[i].closed);
	}
	(void)call(&swarm, 9, &more);
	sim_run_for(swarm.sim, 100);
	sim_assert(swarm.sim, more.closed && !more.answered);
	/* The first ones are given up, and there is room. */
	sim_run_for(swarm.sim, 30000);
	sim_assert(swarm.sim, callers[31].closed);
	(void)call(&swarm, 9, &more);
	sim_run_for(swarm.sim, 100);
	sim_assert(swarm.sim, more.answered && !more.closed);
	side_free(&side);
	swarm_stop(&swarm);
}

static struct budget
budget(struct side * side, const char * name)
{
	struct budget b;

	budget_of(contact_manager_budgets, side->manager, name, &b);
	return (b);
}

static void
who_does_not_get_on_gives_way_to_who_comes(void ** state)
{
	struct caller callers[32], more;
	struct swarm swarm;
	struct side side;
	size_t i;

	(void)state;
	swarm_start(&swarm, sim_seed_wanted(1), 10);
	side_new(&side, &swarm, 0);
	for (i = 1; i < 10; i++)
		swarm_connect(&swarm, i, 0);
	for (i = 0; i < 32; i++)
		(void)call(&swarm, 1 + i / 4, &callers[i]);
	sim_run_for(swarm.sim, 100);
	assert_int_equal(32, budget(&side, "contact.handshakes").used);
	assert_int_equal(4, budget(&side, "contact.handshakes_of_peer").used);
	assert_int_equal(0, budget(&side, "contact.handshakes").refused);
	sim_run_for(swarm.sim, 5000);
	(void)call(&swarm, 9, &more);
	sim_run_for(swarm.sim, 100);
	sim_assert(swarm.sim, more.answered && !more.closed);
	sim_assert(swarm.sim, callers[0].closed && !callers[1].closed);
	assert_int_equal(32, budget(&side, "contact.handshakes").used);
	assert_int_equal(32, budget(&side, "contact.handshakes").peak);
	assert_int_equal(1, budget(&side, "contact.handshakes").refused);
	side_free(&side);
	swarm_stop(&swarm);
}

static void
ten_requests_of_a_peer_in_a_minute_are_heard(void ** state)
{
	struct caller c;
	struct swarm swarm;
	struct side side;
	unsigned i;

	(void)state;
	swarm_start(&swarm, sim_seed_wanted(1), 3);
	side_new(&side, &swarm, 0);
	swarm_connect(&swarm, 1, 0);
	swarm_connect(&swarm, 2, 0);
	for (i = 0; i < 12; i++) {
		struct stream * s = call(&swarm, 1, &c);

		sim_run_for(swarm.sim, 100);
		sim_assert(swarm.sim, c.answered == (i < 10));
		sim_assert(swarm.sim, c.closed == (i >= 10));
		if (!c.closed)
			stream_reset(s);
	}
	(void)call(&swarm, 2, &c);
	sim_run_for(swarm.sim, 100);
	sim_assert(swarm.sim, c.answered);
	assert_int_equal(10, budget(&side, "contact.visits_of_peer").used);
	assert_int_equal(2, budget(&side, "contact.visits_of_peer").refused);
	sim_run_for(swarm.sim, 60000);
	(void)call(&swarm, 1, &c);
	sim_run_for(swarm.sim, 100);
	sim_assert(swarm.sim, c.answered);
	side_free(&side);
	swarm_stop(&swarm);
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
		cmocka_unit_test(
		    a_request_is_delivered_when_it_is_answered_and_not_before),
		cmocka_unit_test(
		    a_request_that_is_never_answered_is_asked_again),
		cmocka_unit_test(
		    a_node_that_stops_before_it_answers_is_asked_again),
		cmocka_unit_test(
		    a_request_heard_before_the_switch_was_turned_is_answered),
		cmocka_unit_test(
		    a_requester_whose_connection_was_lost_is_answered_at_its_next_try),
		cmocka_unit_test(
		    metadata_is_sent_if_the_last_frame_has_room_for_it),
		cmocka_unit_test(
		    a_responder_that_resets_after_the_last_frame_has_the_request),
		cmocka_unit_test(
		    a_connection_lost_after_the_last_frame_delivers_nothing),
		cmocka_unit_test(
		    four_handshakes_of_a_peer_and_32_in_all_go_on_at_a_time),
		cmocka_unit_test(who_does_not_get_on_gives_way_to_who_comes),
		cmocka_unit_test(ten_requests_of_a_peer_in_a_minute_are_heard),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
