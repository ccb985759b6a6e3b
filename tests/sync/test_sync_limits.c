/* Budgets of sync: at the limit, and one above. */
#include "support/budgets.h"
#include "sync/liar_fixture.h"
#include "sync/sync_impl.h"

/* An entry of the log with so many parents that are nowhere. */
static void
make_orphan(struct place * p, unsigned first, unsigned n,
    struct buffer * block)
{
	struct cid * next = calloc(n + 1, sizeof(*next));
	struct cid cid;
	char text[32];
	unsigned i;

	assert_non_null(next);
	for (i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "nowhere %u", first + i);
		cid_of(&next[i], CID_DAG_CBOR, slice_text(text));
	}
	assert_int_equal(entry_make(block, &cid, &p->identity,
	    buffer_all(&p->address), 1000 + first, next, n, NULL, 0,
	    slice_text("{\"op\":\"ADD\"}")), 0);
	free(next);
}

/* A root whose block has so many bytes. */
static void
make_sized(struct place * p, unsigned time, size_t size,
    struct buffer * block)
{
	struct buffer payload = {0};
	struct cid cid;
	size_t n = 100000, i;

	for (i = 0; i < 2; i++) {
		buffer_clear(&payload);
		buffer_clear(block);
		memset(buffer_grow(&payload, n), 'x', n);
		assert_int_equal(entry_make(block, &cid, &p->identity,
		    buffer_all(&p->address), time, NULL, 0, NULL, 0,
		    buffer_all(&payload)), 0);
		n = n + size - block->n;
	}
	assert_int_equal(block->n, size);
	buffer_free(&payload);
}

static void
an_entry_of_2_mib_is_made_and_read_and_no_longer_one(void ** state)
{
	struct buffer block = {0}, longer = {0}, payload = {0};
	struct entry e = {0};
	struct cid cid;
	struct net net;
	struct place * p;

	(void)state;
	net_new(&net, 77, 1, NETWORK_WESH);
	p = &net.nodes[0].place;
	make_sized(p, 1, ENTRY_MAX, &block);
	assert_int_equal(entry_decode(&e, buffer_all(&block)), 0);
	/* The same with one byte more of payload. */
	memset(buffer_grow(&payload, e.payload.n + 1), 'x', e.payload.n + 1);
	entry_free(&e);
	assert_int_not_equal(entry_make(&longer, &cid, &p->identity,
	    buffer_all(&p->address), 1, NULL, 0, NULL, 0,
	    buffer_all(&payload)), 0);
	buffer_byte(&block, 0);
	assert_int_not_equal(entry_decode(&e, buffer_all(&block)), 0);
	buffer_free(&payload);
	buffer_free(&longer);
	buffer_free(&block);
	net_free(&net);
}

static void
tell_block(struct liar * liar, struct node * node, struct slice block)
{
	struct buffer json = {0};
	struct claim claim = {0};

	(void)append_head(&json, block);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	assert_int_equal(tell(liar, node, &claim), 0);
	buffer_free(&json);
}

static void
start(struct net * net, struct liar * liar, uint64_t seed)
{
	*liar = (struct liar){0};
	net_new(net, seed, 1, NETWORK_WESH);
	liar_start(liar, net);
	sim_run_for(net->sim, 5000);
}

static void
stop(struct net * net, struct liar * liar)
{
	liar_stop(liar);
	net_free(net);
}

static void
no_more_bytes_are_held_unverified_than_the_budget(void ** state)
{
	struct buffer block = {0};
	struct node * node;
	struct liar liar;
	struct net net;
	unsigned i;

	(void)state;
	start(&net, &liar, 72);
	node = &net.nodes[0];
	node->log->paused_until = UINT64_MAX;
	for (i = 0; i < SYNC_UNVERIFIED / ENTRY_MAX; i++) {
		make_sized(&node->place, 1 + i, ENTRY_MAX, &block);
		tell_block(&liar, node, buffer_all(&block));
		sim_run_for(net.sim, 3000);
		assert_int_equal(node->sync->unverified.used,
		    (i + 1) * (size_t)ENTRY_MAX);
	}
	/* Not one more: it is left to be asked for, and not now. */
	buffer_clear(&block);
	make_orphan(&node->place, 0, 1, &block);
	tell_block(&liar, node, buffer_all(&block));
	sim_run_for(net.sim, 3000);
	assert_int_equal(node->sync->unverified.used, SYNC_UNVERIFIED);
	assert_int_equal(node->log->n_queued, 1);
	assert_int_equal(node->log->n_asked, 0);
	buffer_free(&block);
	stop(&net, &liar);
}

/* Lies number first to first + n. */
static void
tell_lies(struct net * net, struct liar * liar, unsigned first, unsigned n)
{
	struct buffer json = {0};
	struct claim claim = {0};
	unsigned i;

	for (i = 0; i < n; i++)
		append_lie(&json, &net->nodes[0].place, first + i, true);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	assert_int_equal(tell(liar, &net->nodes[0], &claim), 0);
	sim_run_for(net->sim, 3000);
	buffer_free(&json);
}

static void
the_oldest_refused_entry_is_forgotten_for_one_too_many(void ** state)
{
	struct node * node;
	struct liar liar;
	struct net net;

	(void)state;
	start(&net, &liar, 73);
	node = &net.nodes[0];
	tell_lies(&net, &liar, 0, SYNC_REFUSED);
	assert_int_equal(node->log->n_bad, SYNC_REFUSED);
	tell_lies(&net, &liar, 0, 1);
	assert_int_equal(stats_of(node).entries_refused, SYNC_REFUSED);
	tell_lies(&net, &liar, SYNC_REFUSED, 1);
	assert_int_equal(node->log->n_bad, SYNC_REFUSED);
	assert_int_equal(stats_of(node).entries_refused, SYNC_REFUSED + 1);
	/* The newest is known, the oldest is not any more. */
	tell_lies(&net, &liar, SYNC_REFUSED, 1);
	assert_int_equal(stats_of(node).entries_refused, SYNC_REFUSED + 1);
	tell_lies(&net, &liar, 0, 1);
	assert_int_equal(stats_of(node).entries_refused, SYNC_REFUSED + 2);
	assert_int_equal(node->log->n_bad, SYNC_REFUSED);
	stop(&net, &liar);
}

static void
what_nobody_has_fills_its_list_and_not_more(void ** state)
{
	enum { EACH = 1100, HEADS = 4 };
	struct buffer block = {0};
	struct sync_log * l;
	struct liar liar;
	struct net net;
	size_t most = 0;
	unsigned i;

	(void)state;
	start(&net, &liar, 74);
	l = net.nodes[0].log;
	for (i = 0; i < HEADS; i++) {
		buffer_clear(&block);
		make_orphan(&net.nodes[0].place, i * EACH, EACH, &block);
		tell_block(&liar, &net.nodes[0], buffer_all(&block));
	}
	for (i = 0; i < 1200; i++) {
		sim_run_for(net.sim, 100);
		most = l->n_nobody > most ? l->n_nobody : most;
		sim_assert(net.sim, l->n_nobody <= SYNC_STALLED);
		sim_assert(net.sim,
		    net.nodes[0].sync->items.n <= (size_t)HEADS * EACH);
	}
	assert_int_equal(most, SYNC_STALLED);
	/* It holds up nobody. */
	write_entry(&net.nodes[0], "own");
	assert_int_equal(joined(&net.nodes[0]), 1);
	buffer_free(&block);
	stop(&net, &liar);
}

/* --- messages ------------------------------------------------------------- */

struct heard {
	struct liar * liar;
	size_t heads;
};

static int
count_head(void * user, struct slice element)
{
	(void)element;
	((struct heard *)user)->heads++;
	return (0);
}

static void
count_heads(void * user, struct slice message)
{
	uint8_t link[32] = {9};
	struct heads h = {0};

	assert_int_equal(heads_open(&h, message, link), 0);
	assert_int_equal(entries_each(h.json, count_head, user), 0);
	heads_free(&h);
}

static void
many_heads_are_published_in_messages_under_a_mebibyte(void ** state)
{
	enum { N = 1500 };
	struct buffer block = {0};
	struct heard heard = {0};
	struct place * p;
	struct cid cid;
	struct liar liar;
	struct net net;
	unsigned i;

	(void)state;
	start(&net, &liar, 75);
	p = &net.nodes[0].place;
	assert_int_equal(store_begin(p->store), 0);
	for (i = 0; i < N; i++) {
		buffer_clear(&block);
		assert_int_equal(entry_make(&block, &cid, &p->identity,
		    buffer_all(&p->address), 1 + i, NULL, 0, NULL, 0,
		    slice_text("{\"op\":\"ADD\"}")), 0);
		assert_int_equal(log_receive(p->log, &cid,
		    buffer_all(&block)), 0);
	}
	assert_int_equal(log_settle(p->log, N), N);
	assert_int_equal(store_commit(p->store, NULL), 0);
	liar.each = count_heads;
	liar.user = &heard;
	liar.n_published = 0;
	sync_announce(net.nodes[0].log);
	sim_run_for(net.sim, 8000);
	assert_int_equal(heard.heads, N);
	assert_true(liar.n_published > 1);
	assert_true(liar.longest <= 1U << 20);
	buffer_free(&block);
	stop(&net, &liar);
}

static void
a_heads_message_has_a_largest_size(void ** state)
{
	static const uint8_t key[32] = {9}, nonce[24];
	struct buffer json = {0}, message = {0};
	uint8_t rotation[32] = {0};
	size_t n = HEADS_MAX / 2, i, j;
	struct heads h;

	(void)state;
	for (i = 0; i <= 1; i++) {
		/* How long what is around it is, depends on its length. */
		for (j = 0; j < 2; j++) {
			buffer_clear(&json);
			buffer_clear(&message);
			memset(buffer_grow(&json, n), ' ', n);
			heads_seal(&message, slice_text("/orbitdb/a"), key,
			    rotation, nonce, buffer_all(&json), NULL, NULL);
			n = n + HEADS_MAX + i - message.n;
		}
		assert_int_equal(message.n, HEADS_MAX + i);
		assert_int_equal(heads_rotation(rotation,
		    buffer_all(&message)), i == 0 ? 0 : -ERR_DESERIALIZATION);
		assert_int_equal(heads_open(&h, buffer_all(&message), key),
		    i == 0 ? 0 : -ERR_DESERIALIZATION);
		if (i == 0)
			heads_free(&h);
	}
	buffer_free(&json);
	buffer_free(&message);
}

static struct cid
nowhere(unsigned i)
{
	struct cid cid;

	cid_of(&cid, CID_DAG_CBOR, slice_of(&i, sizeof(i)));
	return (cid);
}

static struct budget
budget(struct node * node, const char * name)
{
	struct budget b;

	budget_of(sync_budgets, node->sync, name, &b);
	return (b);
}

static void
what_a_log_lacks_fills_its_queue_and_not_more(void ** state)
{
	struct sync_log * l;
	struct node * node;
	struct liar liar;
	struct net net;
	struct cid cid;
	unsigned i;

	(void)state;
	start(&net, &liar, 75);
	node = &net.nodes[0];
	l = node->log;
	for (i = 0; i < SYNC_QUEUE; i++) {
		cid = nowhere(i);
		sync_fetch_want(l, &cid);
	}
	assert_int_equal(l->n_queued, SYNC_QUEUE);
	assert_false(l->overflow);
	cid = nowhere(i);
	sync_fetch_want(l, &cid);
	assert_int_equal(l->n_queued, SYNC_QUEUE);
	assert_true(l->overflow);
	assert_int_equal(budget(node, "sync.lacking_of_log").refused, 1);
	assert_int_equal(budget(node, "sync.lacking_of_log").used, SYNC_QUEUE);
	assert_int_equal(budget(node, "sync.lacking").used, SYNC_QUEUE);
	stop(&net, &liar);
}

static void
what_all_logs_lack_is_limited_and_each_may_queue_some(void ** state)
{
	enum { OTHERS = SYNC_QUEUE_ALL - SYNC_QUEUE_ALL / 4 };
	struct node * node;
	struct liar liar;
	struct net net;
	struct cid cid;
	unsigned i;

	(void)state;
	start(&net, &liar, 76);
	node = &net.nodes[0];
	/* As if other logs lacked all there is for who comes. */
	node->sync->lacking.used += OTHERS;
	for (i = 0; i < SYNC_QUEUE_ALL / 1024 + 1; i++) {
		cid = nowhere(i);
		sync_fetch_want(node->log, &cid);
	}
	assert_int_equal(node->log->n_queued, SYNC_QUEUE_ALL / 1024);
	assert_true(node->log->overflow);
	assert_int_equal(budget(node, "sync.lacking").refused, 1);
	node->sync->lacking.used -= OTHERS;
	sync_fetch_free(node->log);
	assert_int_equal(budget(node, "sync.lacking").used, 0);
	stop(&net, &liar);
}

static void
hear_and_say_nothing(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler deaf = {.data = NULL};

	(void)protocol;
	stream_handle(s, &deaf, user);
}

/* The node learns of so many parents of which nobody says that he has none. */
static void
lack(uint64_t seed, unsigned n, size_t asked, size_t queued)
{
	struct buffer block = {0};
	struct node * node;
	struct liar liar;
	struct net net;

	start(&net, &liar, seed);
	node = &net.nodes[0];
	assert_int_equal(host_serve(liar.host, "/ipfs/bitswap/1.2.0",
	    hear_and_say_nothing, &liar), 0);
	sim_run_for(net.sim, 1000);
	make_orphan(&node->place, 0, n, &block);
	tell_block(&liar, node, buffer_all(&block));
	sim_run_for(net.sim, 1000);
	assert_int_equal(node->log->n_asked, asked);
	assert_int_equal(node->log->n_queued, queued);
	buffer_free(&block);
	stop(&net, &liar);
}

static void
no_more_blocks_are_asked_for_at_a_time_than_the_budget(void ** state)
{
	(void)state;
	lack(78, SYNC_IN_FLIGHT, SYNC_IN_FLIGHT, 0);
	lack(79, SYNC_IN_FLIGHT + 1, SYNC_IN_FLIGHT, 1);
}

/* Direct messages of one who follows no topic: so many bytes are held. */
static void
no_more_is_held_of_an_unknown_sender_than_the_budget(void ** state)
{
	struct claim claim = {.period = 12345};
	struct buffer json = {0};
	struct node * node;
	struct liar liar;
	struct net net;
	unsigned i;

	(void)state;
	start(&net, &liar, 80);
	node = &net.nodes[0];
	liar_leave(&liar, node);
	sim_run_for(net.sim, 2000);
	buffer_byte(&json, '[');
	memset(buffer_grow(&json, 60000), ' ', 60000);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	for (i = 0; i < 4; i++)
		assert_int_equal(tell(&liar, node, &claim), 0);
	sim_run_for(net.sim, 2000);
	assert_true(node->sync->early_bytes.used > 4 * 60000);
	assert_true(node->sync->early_bytes.used <= SYNC_EARLY_PEER);
	assert_int_equal(stats_of(node).heads_refused, 0);
	assert_int_equal(tell(&liar, node, &claim), 0);
	sim_run_for(net.sim, 2000);
	assert_true(node->sync->early_bytes.used <= SYNC_EARLY_PEER);
	assert_int_equal(stats_of(node).heads_refused, 1);
	buffer_free(&json);
	stop(&net, &liar);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        an_entry_of_2_mib_is_made_and_read_and_no_longer_one),
	    cmocka_unit_test(no_more_bytes_are_held_unverified_than_the_budget),
	    cmocka_unit_test(what_a_log_lacks_fills_its_queue_and_not_more),
	    cmocka_unit_test(
	        what_all_logs_lack_is_limited_and_each_may_queue_some),
	    cmocka_unit_test(
	        the_oldest_refused_entry_is_forgotten_for_one_too_many),
	    cmocka_unit_test(what_nobody_has_fills_its_list_and_not_more),
	    cmocka_unit_test(
	        many_heads_are_published_in_messages_under_a_mebibyte),
	    cmocka_unit_test(a_heads_message_has_a_largest_size),
	    cmocka_unit_test(
	        no_more_blocks_are_asked_for_at_a_time_than_the_budget),
	    cmocka_unit_test(
	        no_more_is_held_of_an_unknown_sender_than_the_budget),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
