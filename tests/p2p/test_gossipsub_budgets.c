/* What peers may use up of the router: at each limit, one above, and counted. */
#include "p2p/raw_fixture.h"

#include <stdio.h>

#include "p2p/gossipsub_private.h"

#define TOPIC "/orbitdb/topic"
#define PROTOCOL "/meshsub/1.1.0"

/* Router at host 0; it takes what begins with an 'h'. */
struct net {
	struct swarm swarm;
	struct gossipsub * g;
	unsigned got;
	uint64_t seqno;
};

static bool
take(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	struct net * net = user;

	(void)topic;
	(void)from;
	(void)via;
	if (data.n == 0 || data.p[0] != 'h')
		return (false);
	net->got++;
	return (true);
}

static const struct gossipsub_handler HANDLER = {.message = take};

static struct net *
start(size_t n)
{
	struct net * net = calloc(1, sizeof(*net));

	assert_non_null(net);
	swarm_start(&net->swarm, 1, n);
	net->g = gossipsub_new(net->swarm.nodes[0].h, &net->swarm.nodes[0].key,
	    &HANDLER, net);
	assert_non_null(net->g);
	assert_int_equal(gossipsub_subscribe(net->g, TOPIC), 0);
	return (net);
}

static void
stop(struct net * net)
{
	gossipsub_free(net->g);
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

	budget_of(gossipsub_budgets, net->g, name, &b);
	return (b);
}

/* Append n messages by host i, each with a wrong signature if forged. */
static void
messages(struct net * net, struct buffer * rpc, size_t i, unsigned n,
    const char * text, bool forged)
{
	struct swarm_node * node = &net->swarm.nodes[i];
	struct buffer message = {0};
	struct gossipsub_id id;

	for (; n > 0; n--) {
		gossipsub_message_sign(&message, &id, &node->key, &node->id,
		    ++net->seqno, TOPIC, slice_text(text));
		message.p[message.n - 1] ^= forged;
		gossipsub_message_publish(rpc, buffer_all(&message));
		buffer_clear(&message);
	}
	buffer_free(&message);
}

static uint64_t
rejected(struct net * net)
{
	struct gossipsub_stats stats;

	gossipsub_stats(net->g, &stats);
	return (stats.rejected);
}

static void
so_many_forged_messages_of_a_peer_are_looked_at(void ** state)
{
	struct net * net = start(3);
	struct buffer rpc = {0};
	struct raw bad, good;

	(void)state;
	raw_open(&bad, &net->swarm, 1, PROTOCOL);
	raw_open(&good, &net->swarm, 2, PROTOCOL);
	messages(net, &rpc, 1, 64, "h", true);
	raw_say(&bad, &rpc);
	assert_int_equal(rejected(net), 64);
	assert_int_equal(budget(net, "gossipsub.forged_of_peer").used, 64);
	assert_int_equal(budget(net, "gossipsub.forged_of_peer").refused, 0);
	/* One more, and one that is good: neither is looked at. */
	messages(net, &rpc, 1, 1, "h", true);
	messages(net, &rpc, 1, 1, "h", false);
	raw_say(&bad, &rpc);
	assert_int_equal(rejected(net), 64);
	assert_int_equal(net->got, 0);
	assert_int_equal(budget(net, "gossipsub.forged_of_peer").refused, 2);
	/* Others are heard meanwhile, and it is again after a while. */
	messages(net, &rpc, 2, 1, "h", false);
	raw_say(&good, &rpc);
	assert_int_equal(net->got, 1);
	run(net, 1000);
	messages(net, &rpc, 1, 1, "h", false);
	raw_say(&bad, &rpc);
	assert_int_equal(net->got, 2);
	stop(net);
}

static void
so_many_messages_that_are_refused_are_looked_at(void ** state)
{
	struct net * net = start(3);
	struct buffer rpc = {0};
	struct raw bad, good;

	(void)state;
	raw_open(&bad, &net->swarm, 1, PROTOCOL);
	raw_open(&good, &net->swarm, 2, PROTOCOL);
	messages(net, &rpc, 1, 256, "x", false);
	raw_say(&bad, &rpc);
	assert_int_equal(rejected(net), 256);
	assert_int_equal(budget(net, "gossipsub.refused_of_peer").peak, 256);
	messages(net, &rpc, 1, 64, "x", false);
	raw_say(&bad, &rpc);
	assert_true(rejected(net) < 256 + 64);
	assert_true(budget(net, "gossipsub.refused_of_peer").refused > 0);
	messages(net, &rpc, 2, 1, "h", false);
	raw_say(&good, &rpc);
	assert_int_equal(net->got, 1);
	run(net, 5000);
	messages(net, &rpc, 1, 1, "h", false);
	raw_say(&bad, &rpc);
	assert_int_equal(net->got, 2);
	stop(net);
}

static void
many_who_waste_our_time_do_not_shut_out_who_does_not(void ** state)
{
	struct net * net = start(12);
	struct buffer rpc = {0};
	struct raw bad[11], good;
	unsigned i;

	(void)state;
	for (i = 1; i < 11; i++)
		raw_open(&bad[i], &net->swarm, i, PROTOCOL);
	raw_open(&good, &net->swarm, 11, PROTOCOL);
	/* Within one heartbeat, ten times 256: over 2,048 in all. */
	for (i = 1; i < 11; i++) {
		struct buffer framed = {0};

		messages(net, &rpc, i, 256, "x", false);
		buffer_uvarint(&framed, rpc.n);
		buffer_slice(&framed, buffer_all(&rpc));
		assert_int_equal(stream_write(bad[i].out, buffer_all(&framed)),
		    0);
		buffer_free(&framed);
		buffer_free(&rpc);
	}
	run(net, 200);
	/* Who had wasted nothing yet has had one looked at after that. */
	assert_in_range(rejected(net), 2048, 2048 + 10);
	assert_true(budget(net, "gossipsub.looked_at_in_vain").refused > 0);
	messages(net, &rpc, 11, 1, "h", false);
	raw_say(&good, &rpc);
	assert_int_equal(net->got, 1);
	/* The heartbeat begins anew. */
	run(net, 1000);
	assert_int_equal(budget(net, "gossipsub.looked_at_in_vain").used, 0);
	stop(net);
}

static void
subscribe(struct buffer * rpc, char who, unsigned from, unsigned to)
{
	char topic[64];

	for (; from < to; from++) {
		(void)snprintf(topic, sizeof(topic), "%c-%u", who, from);
		gossipsub_message_subscription(rpc, true, slice_text(topic));
	}
}

static bool
knows(struct net * net, const char * topic)
{
	struct peer_id peer;
	size_t at = 0;

	return (gossipsub_each_peer(net->g, topic, &at, &peer));
}

static void
topics_of_all_peers_are_limited_and_each_may_have_some(void ** state)
{
	struct net * net = start(3);
	struct buffer rpc = {0};
	struct raw many, few;

	(void)state;
	/* As if others had taken all but 100 of what is for who comes. */
	net->g->budgets.topics.used = TOPICS - TOPICS / 4 - 100;
	raw_open(&many, &net->swarm, 1, PROTOCOL);
	raw_open(&few, &net->swarm, 2, PROTOCOL);
	subscribe(&rpc, 'a', 0, 101);
	raw_say(&many, &rpc);
	assert_true(knows(net, "a-99"));
	assert_false(knows(net, "a-100"));
	assert_int_equal(1, budget(net, "gossipsub.topics").refused);
	subscribe(&rpc, 'b', 0, 33);
	raw_say(&few, &rpc);
	assert_true(knows(net, "b-31"));
	assert_false(knows(net, "b-32"));
	/* Ours are no matter of budgets. */
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_say(&many, &rpc);
	assert_true(knows(net, TOPIC));
	host_disconnect(net->swarm.nodes[0].h, &net->swarm.nodes[1].id);
	run(net, 500);
	assert_int_equal(TOPICS - TOPICS / 4 - 100 + 32,
	    budget(net, "gossipsub.topics").used);
	net->g->budgets.topics.used = 32;
	stop(net);
}

static void
bytes_of_topic_names_are_limited(void ** state)
{
	struct net * net = start(2);
	struct buffer rpc = {0};
	char name[1025];
	unsigned i;
	struct raw r;

	(void)state;
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	memset(name, 'n', sizeof(name));
	/* A name may have 1,024 bytes, all of a peer together 256 KiB. */
	gossipsub_message_subscription(&rpc, true, slice_of(name, 1025));
	raw_say(&r, &rpc);
	assert_int_equal(0, budget(net, "gossipsub.topics").used);
	for (i = 0; i < 257; i++) {
		(void)snprintf(name, 5, "%04u", i);
		name[4] = 'n';
		gossipsub_message_subscription(&rpc, true,
		    slice_of(name, 1024));
		if (i % 64 == 63)
			raw_say(&r, &rpc);
	}
	raw_say(&r, &rpc);
	assert_int_equal(256, budget(net, "gossipsub.topics").used);
	assert_int_equal(256 << 10,
	    budget(net, "gossipsub.topic_bytes_of_peer").used);
	assert_int_equal(1,
	    budget(net, "gossipsub.topic_bytes_of_peer").refused);
	assert_int_equal(256 << 10, budget(net, "gossipsub.topic_bytes").used);
	stop(net);
}

static void
an_rpc_that_never_becomes_whole_ends_the_stream(void ** state)
{
	static const uint8_t part[] = {0x80, 0x80, 0x04, 0x0a};
	struct net * net = start(2);
	struct raw r;

	(void)state;
	raw_open(&r, &net->swarm, 1, PROTOCOL);
	assert_int_equal(stream_write(r.out, slice_of(part, sizeof(part))), 0);
	run(net, 500);
	assert_int_equal(host_unfinished(net->swarm.nodes[0].h)->used, 4);
	run(net, 58000);
	assert_false(r.closed);
	run(net, 4000);
	assert_true(r.closed);
	assert_int_equal(host_unfinished(net->swarm.nodes[0].h)->used, 0);
	stop(net);
}

static void
who_asks_for_messages_is_remembered_within_the_budget(void ** state)
{
	struct net * net = start(2);
	struct gossipsub_cache * c = gossipsub_cache_new(1);
	struct gossipsub_id id = {.n = 8};
	struct budget b;

	(void)state;
	assert_int_equal(0, gossipsub_cache_put(c, &id, slice_text(TOPIC),
	    slice_text("m")));
	budget_of(gossipsub_cache_budgets, c, "gossipsub.kept_bytes", &b);
	assert_int_equal(gossipsub_cache_bytes(c), b.used);
	assert_true(gossipsub_cache_get(c, &id, &net->swarm.nodes[1].id).n > 0);
	assert_true(gossipsub_cache_bytes(c) > b.used);
	gossipsub_cache_free(c);
	stop(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    so_many_forged_messages_of_a_peer_are_looked_at),
		cmocka_unit_test(
		    so_many_messages_that_are_refused_are_looked_at),
		cmocka_unit_test(
		    many_who_waste_our_time_do_not_shut_out_who_does_not),
		cmocka_unit_test(
		    topics_of_all_peers_are_limited_and_each_may_have_some),
		cmocka_unit_test(bytes_of_topic_names_are_limited),
		cmocka_unit_test(
		    an_rpc_that_never_becomes_whole_ends_the_stream),
		cmocka_unit_test(
		    who_asks_for_messages_is_remembered_within_the_budget),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
