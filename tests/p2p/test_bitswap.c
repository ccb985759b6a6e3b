/* Bitswap between hosts of the simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/bitswap_private.h"
#include "support/swarm.h"

/* A node with blocks: those of numbers 0 up to `holds`, and what it got. */
struct node {
	struct bitswap * b;
	unsigned holds;
	size_t size;              /* bytes of a block */
	unsigned loads;
	unsigned got, missing;
	unsigned wrong;
	struct peer_id from;
	struct cid last;
};

struct net {
	struct swarm swarm;
	struct node nodes[SWARM_MAX];
};

static void
make_block(struct buffer * out, unsigned number, size_t size)
{
	uint8_t * p = buffer_grow(out, size);
	uint32_t n = number;

	memset(p, 7, size);
	memcpy(p, &n, sizeof(n));
}

static struct cid
cid_of_block(unsigned number, size_t size)
{
	struct buffer data = {0};
	struct cid cid;

	make_block(&data, number, size);
	cid_of(&cid, CID_DAG_CBOR, buffer_all(&data));
	buffer_free(&data);
	return (cid);
}

static int
load(void * user, const struct cid * cid, struct buffer * out)
{
	struct node * n = user;
	struct cid held;
	unsigned i;

	n->loads++;
	for (i = 0; i < n->holds; i++) {
		held = cid_of_block(i, n->size);
		if (!cid_equal(&held, cid))
			continue;
		make_block(out, i, n->size);
		return (0);
	}
	return (-ERR_NOT_FOUND);
}

static void
block(void * user, const struct cid * cid, struct slice data,
    const struct peer_id * from)
{
	struct node * n = user;

	n->got++;
	n->wrong += !cid_matches(cid, data);
	n->from = *from;
	n->last = *cid;
}

static void
missing(void * user, const struct cid * cid)
{
	struct node * n = user;

	n->missing++;
	n->last = *cid;
}

static const struct bitswap_handler HANDLER = {load, block, missing};

static struct net *
net_start(size_t n, size_t n_bitswap, size_t size)
{
	struct net * net = calloc(1, sizeof(*net));
	size_t i;

	assert_non_null(net);
	swarm_start(&net->swarm, 1, n);
	for (i = 0; i < n; i++) {
		net->nodes[i].size = size;
		if (i >= n_bitswap)
			continue;
		net->nodes[i].b = bitswap_new(net->swarm.nodes[i].h, &HANDLER,
		    &net->nodes[i]);
		assert_non_null(net->nodes[i].b);
	}
	return (net);
}

static void
net_stop(struct net * net)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		bitswap_free(net->nodes[i].b);
	swarm_stop(&net->swarm);
	free(net);
}

static void
run(struct net * net, uint64_t ms)
{
	sim_run_for(net->swarm.sim, ms);
}

/* Node 0 wants blocks `from` up to `to`; hint: a node, or -1. */
static void
want(struct net * net, unsigned from, unsigned to, int hint)
{
	struct cid * cids = calloc(to - from, sizeof(*cids));
	unsigned i;

	for (i = from; i < to; i++)
		cids[i - from] = cid_of_block(i, net->nodes[0].size);
	assert_int_equal(bitswap_want(net->nodes[0].b, cids, to - from,
	    hint < 0 ? NULL : &net->swarm.nodes[hint].id, hint >= 0), 0);
	free(cids);
}

static void
a_thousand_blocks_come_from_a_hint(void ** state)
{
	struct net * net = net_start(2, 2, 300);
	uint64_t before;

	(void)state;
	net->nodes[1].holds = 1000;
	swarm_connect(&net->swarm, 0, 1);
	before = sim_now(net->swarm.sim);
	want(net, 0, 1000, 1);
	assert_int_equal(bitswap_wants(net->nodes[0].b), 1000);
	run(net, 500);
	sim_assert(net->swarm.sim, net->nodes[0].got == 1000);
	assert_int_equal(net->nodes[0].wrong, 0);
	assert_int_equal(bitswap_wants(net->nodes[0].b), 0);
	/* Asked once each, and nobody else was troubled. */
	assert_int_equal(net->nodes[1].loads, 1000);
	assert_int_equal(net->nodes[0].missing, 0);
	assert_true(sim_now(net->swarm.sim) - before <= 500);
	net_stop(net);
}

static void
more_wants_than_a_want_list_holds_are_all_fetched(void ** state)
{
	struct net * net = net_start(2, 2, 200);

	(void)state;
	net->nodes[1].holds = 1500;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1500, 1);
	run(net, 5000);
	sim_assert(net->swarm.sim, net->nodes[0].got == 1500);
	assert_int_equal(net->nodes[1].loads, 1500);
	net_stop(net);
}

static void
two_peers_whose_lists_are_full_are_kept_busy(void ** state)
{
	struct net * net = net_start(3, 3, 200);
	struct peer_id hints[2];
	struct cid cid;
	unsigned i;

	(void)state;
	for (i = 1; i < 3; i++) {
		net->nodes[i].holds = 3000;
		swarm_connect(&net->swarm, 0, i);
		hints[i - 1] = net->swarm.nodes[i].id;
	}
	/* The second peer gets most of them: the first is done sooner. */
	for (i = 0; i < 3000; i++) {
		cid = cid_of_block(i, 200);
		assert_int_equal(bitswap_want(net->nodes[0].b, &cid, 1,
		    i % 4 == 0 ? &hints[0] : &hints[1], 1), 0);
	}
	run(net, 900);
	/* Nobody was asked for what the other had in hand. */
	assert_int_equal(net->nodes[0].got, 3000);
	assert_int_equal(net->nodes[1].loads, 750);
	assert_int_equal(net->nodes[2].loads, 2250);
	net_stop(net);
}

static size_t
count(const struct list * l)
{
	const struct list * place;
	size_t n = 0;

	for (place = l->next; place != l; place = place->next)
		n++;
	return (n);
}

static void
an_answer_is_looked_at_for_its_want_alone(void ** state)
{
	struct net * net = net_start(2, 2, 300);
	struct cid cid = cid_of_block(7, 300);
	struct bitswap * b;

	(void)state;
	b = net->nodes[0].b;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 500, -1);
	assert_int_equal(count(&b->changed), 500);
	run(net, 1500);
	assert_int_equal(net->nodes[0].missing, 500);
	assert_int_equal(count(&b->changed), 0);
	bitswap_client_presence(bitswap_find_peer(b, &net->swarm.nodes[1].id),
	    &cid, true);
	assert_int_equal(count(&b->changed), 1);
	assert_true(b->flush_timer.armed);
	net_stop(net);
}

static void
a_block_is_found_without_a_hint(void ** state)
{
	struct net * net = net_start(4, 4, 3000);
	size_t i;

	(void)state;
	net->nodes[2].holds = 10;
	for (i = 1; i < 4; i++)
		swarm_connect(&net->swarm, 0, i);
	want(net, 0, 10, -1);
	run(net, 1000);
	sim_assert(net->swarm.sim, net->nodes[0].got == 10);
	assert_true(peer_id_equal(&net->nodes[0].from,
	    &net->swarm.nodes[2].id));
	net_stop(net);
}

static void
a_small_block_answers_a_want_have_itself(void ** state)
{
	struct net * net = net_start(2, 2, 1024);

	(void)state;
	net->nodes[1].holds = 1;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1, -1);
	run(net, 1000);
	assert_int_equal(net->nodes[0].got, 1);
	assert_int_equal(net->nodes[1].loads, 1);
	net_stop(net);
	/* One byte more: HAVE, then the block. */
	net = net_start(2, 2, 1025);
	net->nodes[1].holds = 1;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1, -1);
	run(net, 1000);
	assert_int_equal(net->nodes[0].got, 1);
	assert_int_equal(net->nodes[1].loads, 2);
	net_stop(net);
}

static void
a_wrong_hint_is_no_obstacle(void ** state)
{
	struct net * net = net_start(3, 3, 300);

	(void)state;
	net->nodes[2].holds = 5;
	swarm_connect(&net->swarm, 0, 1);
	swarm_connect(&net->swarm, 0, 2);
	want(net, 0, 5, 1);
	run(net, 1000);
	assert_int_equal(net->nodes[0].got, 5);
	assert_int_equal(net->nodes[0].missing, 0);
	net_stop(net);
}

static void
what_is_missing_is_told_and_comes_when_it_appears(void ** state)
{
	struct net * net = net_start(2, 2, 300);
	struct buffer data = {0};
	struct cid cid = cid_of_block(0, 300);

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1, -1);
	assert_int_equal(net->nodes[0].missing, 0);
	run(net, 500);
	assert_int_equal(net->nodes[0].missing, 1);
	assert_int_equal(bitswap_wants(net->nodes[0].b), 1);
	net->nodes[1].holds = 1;
	make_block(&data, 0, 300);
	bitswap_have(net->nodes[1].b, &cid, buffer_all(&data));
	run(net, 200);
	assert_int_equal(net->nodes[0].got, 1);
	assert_int_equal(bitswap_wants(net->nodes[0].b), 0);
	buffer_free(&data);
	net_stop(net);
}

static void
what_appears_unsaid_is_found_by_asking_again(void ** state)
{
	struct net * net = net_start(2, 2, 300);

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1, -1);
	run(net, 20000);
	assert_int_equal(net->nodes[0].got, 0);
	/* Told each round, rarer and rarer. */
	assert_in_range(net->nodes[0].missing, 3, 7);
	net->nodes[1].holds = 1;
	run(net, 61000);
	assert_int_equal(net->nodes[0].got, 1);
	net_stop(net);
}

static void
without_peers_all_is_missing_until_one_connects(void ** state)
{
	struct net * net = net_start(2, 2, 300);

	(void)state;
	net->nodes[1].holds = 1;
	want(net, 0, 1, -1);
	assert_int_equal(net->nodes[0].missing, 0);
	run(net, 100);
	assert_int_equal(net->nodes[0].missing, 1);
	swarm_connect(&net->swarm, 0, 1);
	run(net, 500);
	assert_int_equal(net->nodes[0].got, 1);
	net_stop(net);
}

static void
a_holder_that_goes_away_is_replaced_by_another(void ** state)
{
	struct sim_link slow = {.latency_ms = 2000};
	struct net * net = net_start(3, 3, 300);

	(void)state;
	net->nodes[1].holds = net->nodes[2].holds = 20;
	swarm_connect(&net->swarm, 0, 1);
	swarm_connect(&net->swarm, 0, 2);
	sim_link(net->swarm.nodes[0].w, net->swarm.nodes[1].w, &slow);
	want(net, 0, 20, 1);
	run(net, 100);
	assert_int_equal(net->nodes[0].got, 0);
	sim_disconnect(net->swarm.nodes[1].w);
	run(net, 2000);
	assert_int_equal(net->nodes[0].got, 20);
	assert_true(peer_id_equal(&net->nodes[0].from,
	    &net->swarm.nodes[2].id));
	net_stop(net);
}

static void
a_cancelled_want_is_not_answered(void ** state)
{
	struct net * net = net_start(2, 2, 300);
	struct cid cid = cid_of_block(0, 300);
	struct buffer data = {0};

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1, -1);
	run(net, 500);
	bitswap_cancel(net->nodes[0].b, &cid, 1);
	assert_int_equal(bitswap_wants(net->nodes[0].b), 0);
	run(net, 500);
	make_block(&data, 0, 300);
	assert_int_equal(bitswap_find_peer(net->nodes[1].b,
	    &net->swarm.nodes[0].id)->ledger.n, 0);
	bitswap_have(net->nodes[1].b, &cid, buffer_all(&data));
	run(net, 500);
	assert_int_equal(net->nodes[0].got, 0);
	buffer_free(&data);
	net_stop(net);
}

static void
large_blocks_are_sent_as_the_peer_reads(void ** state)
{
	struct sim_link slow = {.latency_ms = 10, .bytes_per_ms = 1000};
	size_t size = (2 << 20) - 64;
	struct net * net = net_start(2, 2, size);

	(void)state;
	net->nodes[1].holds = 12;
	swarm_connect(&net->swarm, 0, 1);
	sim_link(net->swarm.nodes[0].w, net->swarm.nodes[1].w, &slow);
	want(net, 0, 12, 1);
	run(net, 1000);
	/* 1 MB has gone; what was loaded is bounded, not all 24 MiB. */
	assert_in_range(net->nodes[1].loads, 1, 4);
	run(net, 60000);
	assert_int_equal(net->nodes[0].got, 12);
	assert_int_equal(net->nodes[0].wrong, 0);
	assert_int_equal(net->nodes[1].loads, 12);
	net_stop(net);
}

static void
an_idle_stream_is_closed_and_opened_again(void ** state)
{
	struct net * net = net_start(2, 2, 300);
	struct swap_peer * p;

	(void)state;
	net->nodes[1].holds = 2;
	swarm_connect(&net->swarm, 0, 1);
	want(net, 0, 1, 1);
	run(net, 1000);
	p = bitswap_find_peer(net->nodes[0].b, &net->swarm.nodes[1].id);
	assert_non_null(p->out.s);
	run(net, 62000);
	assert_null(p->out.s);
	want(net, 1, 2, 1);
	run(net, 1000);
	assert_int_equal(net->nodes[0].got, 2);
	net_stop(net);
}

/* --- a peer that is not ours: host 1 writes to node 0 --- */

static struct stream *
raw_open(struct net * net, const char * protocol)
{
	const char * protocols[] = {protocol, NULL};
	static const struct stream_handler none = {0};
	struct stream * s = NULL;

	swarm_connect(&net->swarm, 1, 0);
	assert_int_equal(stream_open(net->swarm.nodes[1].h,
	    &net->swarm.nodes[0].id, protocols, &none, NULL, &s), 0);
	return (s);
}

static void
raw_send(struct net * net, struct stream * s, struct bitswap_writer * w)
{
	struct buffer m = {0}, framed = {0};

	bitswap_message_finish(w, &m, false);
	buffer_uvarint(&framed, m.n);
	buffer_slice(&framed, buffer_all(&m));
	assert_int_equal(stream_write(s, buffer_all(&framed)), 0);
	buffer_free(&m);
	buffer_free(&framed);
	run(net, 300);
}

static void
a_want_list_holds_so_many_entries(void ** state)
{
	struct net * net = net_start(2, 1, 300);
	struct stream * s = raw_open(net, "/ipfs/bitswap/1.2.0");
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct bitswap_entry e = {.priority = 1};
	struct swap_peer * p;
	unsigned i;

	(void)state;
	for (i = 0; i < 1025; i++) {
		e.cid = cid_of_block(i, 300);
		bitswap_message_entry(&w, &e);
	}
	raw_send(net, s, &w);
	p = bitswap_find_peer(net->nodes[0].b, &net->swarm.nodes[1].id);
	assert_int_equal(p->ledger.n, 1024);
	assert_null(map_get(&p->ledger, cid_slice(&e.cid)));
	e.cancel = true;
	e.cid = cid_of_block(3, 300);
	bitswap_message_entry(&w, &e);
	raw_send(net, s, &w);
	assert_int_equal(p->ledger.n, 1023);
	net_stop(net);
}

static void
a_block_that_was_not_asked_for_is_ignored(void ** state)
{
	struct net * net = net_start(2, 1, 300);
	struct stream * s = raw_open(net, "/ipfs/bitswap/1.2.0");
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct cid cid = cid_of_block(1, 300), other = cid_of_block(0, 300);
	struct buffer data = {0};

	(void)state;
	want(net, 0, 1, -1);
	make_block(&data, 1, 300);
	bitswap_message_block(&w, &cid, buffer_all(&data));
	/* Named as the wanted one, but with other bytes. */
	bitswap_message_block(&w, &other, buffer_all(&data));
	raw_send(net, s, &w);
	assert_int_equal(net->nodes[0].got, 0);
	assert_int_equal(bitswap_wants(net->nodes[0].b), 1);
	buffer_clear(&data);
	make_block(&data, 0, 300);
	bitswap_message_block(&w, &other, buffer_all(&data));
	raw_send(net, s, &w);
	assert_int_equal(net->nodes[0].got, 1);
	buffer_free(&data);
	net_stop(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thousand_blocks_come_from_a_hint),
	    cmocka_unit_test(more_wants_than_a_want_list_holds_are_all_fetched),
	    cmocka_unit_test(two_peers_whose_lists_are_full_are_kept_busy),
	    cmocka_unit_test(an_answer_is_looked_at_for_its_want_alone),
	    cmocka_unit_test(a_block_is_found_without_a_hint),
	    cmocka_unit_test(a_small_block_answers_a_want_have_itself),
	    cmocka_unit_test(a_wrong_hint_is_no_obstacle),
	    cmocka_unit_test(what_is_missing_is_told_and_comes_when_it_appears),
	    cmocka_unit_test(what_appears_unsaid_is_found_by_asking_again),
	    cmocka_unit_test(without_peers_all_is_missing_until_one_connects),
	    cmocka_unit_test(a_holder_that_goes_away_is_replaced_by_another),
	    cmocka_unit_test(a_cancelled_want_is_not_answered),
	    cmocka_unit_test(large_blocks_are_sent_as_the_peer_reads),
	    cmocka_unit_test(an_idle_stream_is_closed_and_opened_again),
	    cmocka_unit_test(a_want_list_holds_so_many_entries),
	    cmocka_unit_test(a_block_that_was_not_asked_for_is_ignored),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
