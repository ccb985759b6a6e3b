/* What peers may use up of bitswap: at each limit, one above, and counted. */
#include "p2p/raw_fixture.h"

#include "base/error.h"
#include "p2p/bitswap_private.h"

#define PROTOCOL "/ipfs/bitswap/1.2.0"

/* Bitswap at host 0. */
struct net {
	struct swarm swarm;
	struct bitswap * b;
	unsigned loads;
	unsigned burst, most;     /* loads of a turn of the loop */
	struct world_timer turn;
	size_t size;              /* of the blocks it has; 0: none */
};

static int
load(void * user, const struct cid * cid, struct buffer * out)
{
	struct net * net = user;

	(void)cid;
	net->loads++;
	net->burst++;
	if (!net->turn.armed)
		(void)world_timer_start(net->swarm.nodes[0].w, &net->turn, 0);
	if (net->size == 0)
		return (-ERR_NOT_FOUND);
	memset(buffer_grow(out, net->size), 1, net->size);
	return (0);
}

static void
on_turn(struct world_timer * timer)
{
	struct net * net = list_entry(timer, struct net, turn);

	if (net->burst > net->most)
		net->most = net->burst;
	net->burst = 0;
}

static const struct bitswap_handler HANDLER = {.load = load};

static struct net *
start(size_t n)
{
	struct net * net = calloc(1, sizeof(*net));

	assert_non_null(net);
	swarm_start(&net->swarm, 1, n);
	net->b = bitswap_new(net->swarm.nodes[0].h, &HANDLER, net);
	assert_non_null(net->b);
	net->turn.fire = on_turn;
	return (net);
}

static void
stop(struct net * net)
{
	bitswap_free(net->b);
	world_timer_stop(net->swarm.nodes[0].w, &net->turn);
	swarm_stop(&net->swarm);
	free(net);
}

static void
run(struct net * net, uint64_t ms)
{
	sim_run_for(net->swarm.sim, ms);
}

static struct budget
budget(struct net * net, const char * name)
{
	struct budget b;

	budget_of(bitswap_budgets, net->b, name, &b);
	return (b);
}

static void
want(struct raw * r, uint32_t from, uint32_t to)
{
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct bitswap_entry e = {.priority = 1};
	struct buffer message = {0};

	for (; from < to; from++) {
		cid_of(&e.cid, CID_DAG_CBOR, slice_of(&from, sizeof(from)));
		bitswap_message_entry(&w, &e);
	}
	bitswap_message_finish(&w, &message, false);
	raw_say(r, &message);
}

/* The raw hosts take bitswap's streams and do not read. */
static void
on_deaf(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler nothing = {0};

	(void)protocol;
	stream_handle(s, &nothing, user);
	stream_pause(s, true);
}

static void
serve_deaf(struct net * net, size_t i)
{
	assert_int_equal(0, host_serve(net->swarm.nodes[i].h, PROTOCOL,
	    on_deaf, net));
}

static void
wants_of_a_peer_are_counted_and_go_with_it(void ** state)
{
	struct net * net = start(2);
	struct raw r;

	(void)state;
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	want(&r, 0, 1024);
	assert_int_equal(budget(net, "bitswap.wants_of_peer").used, 1024);
	assert_int_equal(budget(net, "bitswap.wants_of_peer").refused, 0);
	want(&r, 1024, 1025);
	assert_int_equal(budget(net, "bitswap.wants_of_peer").used, 1024);
	assert_int_equal(budget(net, "bitswap.wants_of_peer").refused, 1);
	assert_int_equal(budget(net, "bitswap.wants").used, 1024);
	host_disconnect(net->swarm.nodes[0].h, &net->swarm.nodes[1].id);
	run(net, 500);
	assert_int_equal(budget(net, "bitswap.wants").used, 0);
	stop(net);
}

static void
wants_of_all_peers_are_limited_and_each_may_have_some(void ** state)
{
	struct net * net = start(3);
	struct raw r, late;

	(void)state;
	/* As if others had taken what is for who comes, but 100. */
	net->b->ledger.used = LEDGER - LEDGER / 4 - 100;
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	want(&r, 0, 101);
	assert_int_equal(budget(net, "bitswap.wants_of_peer").used, 100);
	assert_int_equal(budget(net, "bitswap.wants").refused, 1);
	raw_open(&late, &net->swarm, 2, PROTOCOL);
	want(&late, 0, 65);
	assert_int_equal(budget(net, "bitswap.wants").used,
	    LEDGER - LEDGER / 4 + 64);
	assert_int_equal(budget(net, "bitswap.wants").refused, 2);
	net->b->ledger.used = 164;
	stop(net);
}

static void
the_disk_is_asked_for_a_few_wants_at_a_time(void ** state)
{
	struct net * net = start(2);
	struct raw r;

	(void)state;
	serve_deaf(net, 1);
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	/* The stream for answers is open already. */
	want(&r, 5000, 5001);
	run(net, 1000);
	net->loads = net->most = 0;
	want(&r, 0, 1023);
	run(net, 1000);
	assert_int_equal(1023, net->loads);
	assert_in_range(net->most, 1, ANSWERS);
	stop(net);
}

static void
an_unfinished_message_is_waited_for_a_minute(void ** state)
{
	static const uint8_t part[] = {0x80, 0x80, 0x04, 0x0a};
	struct net * net = start(2);
	struct raw r;

	(void)state;
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	assert_int_equal(stream_write(r.out, slice_of(part, sizeof(part))), 0);
	run(net, 59000);
	assert_false(r.closed);
	assert_int_equal(4,
	    budget(net, "bitswap.unfinished_bytes_of_peer").used);
	run(net, 2000);
	assert_true(r.closed);
	assert_int_equal(0, host_unfinished(net->swarm.nodes[0].h)->used);
	stop(net);
}

static void
streams_of_a_peer_are_limited(void ** state)
{
	struct net * net = start(2);
	struct raw r[3];
	unsigned i;

	(void)state;
	assert_int_equal(256, budget(net, "bitswap.streams_of_peer").limit);
	/* As many as a connection has: here fewer, to see it. */
	net->b->peer_streams.limit = 2;
	for (i = 0; i < 3; i++)
		raw_open(&r[i], &net->swarm, 1, PROTOCOL);
	assert_true(!r[0].closed && !r[1].closed && r[2].closed);
	assert_int_equal(2, budget(net, "bitswap.streams_of_peer").used);
	assert_int_equal(1, budget(net, "bitswap.streams_of_peer").refused);
	stop(net);
}

static void
large_blocks_wait_while_little_may_be_queued(void ** state)
{
	struct net * net = start(2);
	struct budget * queued = host_queued(net->swarm.nodes[0].h);
	struct swap_peer * p;
	struct raw r;

	(void)state;
	serve_deaf(net, 1);
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	net->size = 200 * 1024;
	queued->used += queued->limit - queued->limit / 4;
	want(&r, 0, 1);
	run(net, 5000);
	p = bitswap_find_peer(net->b, &net->swarm.nodes[1].id);
	assert_true(net->loads > 0);
	assert_int_equal(1, p->ledger.n);
	queued->used -= queued->limit - queued->limit / 4;
	run(net, 5000);
	assert_int_equal(0, p->ledger.n);
	stop(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wants_of_a_peer_are_counted_and_go_with_it),
		cmocka_unit_test(
		    wants_of_all_peers_are_limited_and_each_may_have_some),
		cmocka_unit_test(the_disk_is_asked_for_a_few_wants_at_a_time),
		cmocka_unit_test(an_unfinished_message_is_waited_for_a_minute),
		cmocka_unit_test(streams_of_a_peer_are_limited),
		cmocka_unit_test(large_blocks_wait_while_little_may_be_queued),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
