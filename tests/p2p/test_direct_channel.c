/* Direct channel: one message a stream, between hosts of the simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/error.h"
#include "p2p/direct_channel.h"
#include "p2p/raw_fixture.h"

struct inbox {
	unsigned n;
	struct peer_id from;
	struct buffer last;
	unsigned sent;
	int status;
	bool useless;             /* what it says of what comes */
};

static bool
take(void * user, const struct peer_id * from, struct slice message)
{
	struct inbox * in = user;

	in->n++;
	in->from = *from;
	buffer_clear(&in->last);
	buffer_slice(&in->last, message);
	return (!in->useless);
}

static void
sent(void * user, int status)
{
	struct inbox * in = user;

	in->sent++;
	in->status = status;
}

struct pair {
	struct swarm swarm;
	struct direct_channel * d[2];
	struct inbox in[2];
};

static void
pair_start(struct pair * p, bool serves)
{
	*p = (struct pair){0};
	swarm_start(&p->swarm, 1, 2);
	p->d[0] = direct_channel_new(p->swarm.nodes[0].h, take, &p->in[0]);
	if (serves)
		p->d[1] = direct_channel_new(p->swarm.nodes[1].h, take,
		    &p->in[1]);
	swarm_connect(&p->swarm, 0, 1);
}

static void
pair_stop(struct pair * p)
{
	direct_channel_free(p->d[0]);
	direct_channel_free(p->d[1]);
	buffer_free(&p->in[0].last);
	buffer_free(&p->in[1].last);
	swarm_stop(&p->swarm);
}

static int
send(struct pair * p, struct slice message)
{
	return (direct_channel_send(p->d[0], &p->swarm.nodes[1].id, message,
	    sent, &p->in[0]));
}

static void
a_message_arrives_whole_and_its_sender_hears_so(void ** state)
{
	struct pair p;

	(void)state;
	pair_start(&p, true);
	assert_int_equal(send(&p, slice_text("hello")), 0);
	sim_run_for(p.swarm.sim, 1000);
	sim_assert(p.swarm.sim, p.in[1].n == 1);
	assert_true(peer_id_equal(&p.in[1].from, &p.swarm.nodes[0].id));
	assert_true(slice_equal(buffer_all(&p.in[1].last),
	    slice_text("hello")));
	assert_int_equal(p.in[0].sent, 1);
	assert_int_equal(p.in[0].status, 0);
	pair_stop(&p);
}

static void
an_empty_message_is_a_message(void ** state)
{
	struct pair p;

	(void)state;
	pair_start(&p, true);
	assert_int_equal(send(&p, slice_of(NULL, 0)), 0);
	sim_run_for(p.swarm.sim, 1000);
	sim_assert(p.swarm.sim, p.in[1].n == 1 && p.in[1].last.n == 0);
	pair_stop(&p);
}

static void
four_mebibytes_are_sent_and_no_byte_more(void ** state)
{
	size_t n = 4 << 20;
	uint8_t * bytes = calloc(1, n + 1);
	struct pair p;

	(void)state;
	pair_start(&p, true);
	bytes[n - 1] = 7;
	assert_int_equal(send(&p, slice_of(bytes, n + 1)),
	    -ERR_INVALID_INPUT);
	assert_int_equal(send(&p, slice_of(bytes, n)), 0);
	sim_run_for(p.swarm.sim, 20000);
	sim_assert(p.swarm.sim, p.in[1].n == 1);
	assert_true(slice_equal(buffer_all(&p.in[1].last),
	    slice_of(bytes, n)));
	assert_int_equal(p.in[0].sent, 1);
	assert_int_equal(p.in[0].status, 0);
	pair_stop(&p);
	free(bytes);
}

static void
many_messages_at_once_all_arrive(void ** state)
{
	struct pair p;
	unsigned i;

	(void)state;
	pair_start(&p, true);
	for (i = 0; i < 50; i++)
		assert_int_equal(send(&p, slice_text("again")), 0);
	sim_run_for(p.swarm.sim, 3000);
	sim_assert(p.swarm.sim, p.in[1].n == 50);
	assert_int_equal(p.in[0].sent, 50);
	pair_stop(&p);
}

static void
a_peer_that_does_not_serve_it_is_an_error(void ** state)
{
	struct pair p;

	(void)state;
	pair_start(&p, false);
	assert_int_equal(send(&p, slice_text("hello")), 0);
	sim_run_for(p.swarm.sim, 2000);
	sim_assert(p.swarm.sim, p.in[0].sent == 1);
	assert_true(p.in[0].status < 0);
	pair_stop(&p);
}

static void
a_peer_that_is_not_connected_is_refused_at_once(void ** state)
{
	struct pair p;
	struct peer_id nobody = {.n = 38};

	(void)state;
	pair_start(&p, true);
	assert_int_equal(direct_channel_send(p.d[0], &nobody,
	    slice_text("x"), sent, &p.in[0]), -ERR_NOT_FOUND);
	sim_run_for(p.swarm.sim, 1000);
	assert_int_equal(p.in[0].sent, 0);
	pair_stop(&p);
}

static void
a_message_longer_than_allowed_is_never_held(void ** state)
{
	static const char * const protocols[] = {
	    "/go-orbit-db/direct-channel/1.2.0", NULL};
	static const struct stream_handler none = {0};
	struct buffer head = {0};
	struct stream * s;
	struct pair p;

	(void)state;
	pair_start(&p, true);
	assert_int_equal(stream_open(p.swarm.nodes[0].h,
	    &p.swarm.nodes[1].id, protocols, &none, NULL, &s), 0);
	buffer_uvarint(&head, (4 << 20) + 1);
	assert_int_equal(stream_write(s, buffer_all(&head)), 0);
	sim_run_for(p.swarm.sim, 1000);
	assert_int_equal(p.in[1].n, 0);
	buffer_free(&head);
	pair_stop(&p);
}

static struct budget
budget(struct pair * p, const char * name)
{
	struct budget b;

	budget_of(direct_channel_budgets, p->d[1], name, &b);
	return (b);
}

static void
so_many_messages_of_no_use_are_looked_at(void ** state)
{
	struct pair p;
	unsigned i;

	(void)state;
	pair_start(&p, true);
	p.in[1].useless = true;
	for (i = 0; i < 64; i++)
		assert_int_equal(send(&p, slice_text("x")), 0);
	sim_run_for(p.swarm.sim, 200);
	assert_int_equal(64, p.in[1].n);
	assert_int_equal(64, budget(&p, "direct.useless_of_peer").peak);
	assert_int_equal(0, budget(&p, "direct.useless_of_peer").refused);
	/* One more, and it is good: its stream is reset unheard. */
	p.in[1].useless = false;
	p.in[0].sent = 0;
	assert_int_equal(send(&p, slice_text("y")), 0);
	sim_run_for(p.swarm.sim, 20);
	assert_int_equal(64, p.in[1].n);
	assert_int_equal(1, budget(&p, "direct.useless_of_peer").refused);
	sim_run_for(p.swarm.sim, 500);
	assert_int_equal(1, p.in[0].sent);
	/* A second later it may try again. */
	assert_int_equal(send(&p, slice_text("z")), 0);
	sim_run_for(p.swarm.sim, 500);
	assert_int_equal(65, p.in[1].n);
	pair_stop(&p);
}

static void
bytes_of_unfinished_messages_are_counted_and_given_back(void ** state)
{
	static const uint8_t part[] = {0x80, 0x80, 0x04, 0x0a};
	struct pair p;
	struct raw r;

	(void)state;
	pair_start(&p, true);
	/* Host 1 is the one with budgets: speak to it by hand. */
	direct_channel_free(p.d[0]);
	p.d[0] = NULL;
	direct_channel_free(p.d[1]);
	p.d[1] = direct_channel_new(p.swarm.nodes[0].h, take, &p.in[1]);
	raw_open(&r, &p.swarm, 1, "/go-orbit-db/direct-channel/1.2.0");
	assert_int_equal(stream_write(r.out, slice_of(part, sizeof(part))), 0);
	sim_run_for(p.swarm.sim, 500);
	assert_int_equal(4,
	    budget(&p, "direct.unfinished_bytes_of_peer").used);
	stream_reset(r.out);
	sim_run_for(p.swarm.sim, 500);
	assert_int_equal(0,
	    budget(&p, "direct.unfinished_bytes_of_peer").used);
	assert_int_equal(0, host_unfinished(p.swarm.nodes[0].h)->used);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_arrives_whole_and_its_sender_hears_so),
	    cmocka_unit_test(an_empty_message_is_a_message),
	    cmocka_unit_test(four_mebibytes_are_sent_and_no_byte_more),
	    cmocka_unit_test(many_messages_at_once_all_arrive),
	    cmocka_unit_test(a_peer_that_does_not_serve_it_is_an_error),
	    cmocka_unit_test(a_peer_that_is_not_connected_is_refused_at_once),
	    cmocka_unit_test(a_message_longer_than_allowed_is_never_held),
	    cmocka_unit_test(so_many_messages_of_no_use_are_looked_at),
	    cmocka_unit_test(
	        bytes_of_unfinished_messages_are_counted_and_given_back),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
