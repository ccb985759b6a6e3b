/* A peer that lies costs bounded work, and holds up nobody else. */
#include "p2p/gossipsub.h"
#include "p2p/direct_channel.h"
#include "codec/rotation.h"
#include "sync/heads.h"
#include "sync/sync_fixture.h"

/* Speaks the protocols by hand. */
struct liar {
	struct world * world;
	struct host * host;
	struct gossipsub * gossipsub;
	struct direct_channel * direct;
	struct ed25519_key key;
};

static bool
take(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	(void)user;
	(void)topic;
	(void)data;
	(void)from;
	(void)via;
	return (true);
}

static void
meets(void * user, const char * topic, const struct peer_id * peer)
{
	(void)user;
	(void)topic;
	(void)peer;
}

static void
hears(void * user, const struct peer_id * from, struct slice message)
{
	(void)user;
	(void)from;
	(void)message;
}

static void
liar_start(struct liar * liar, struct net * net)
{
	static const struct gossipsub_handler gossip = {take, meets, meets};
	struct host_config config = {.agent = "liar"};
	struct buffer to = {0};
	uint8_t seed[32] = {99};
	size_t i;

	liar->world = sim_node(net->sim);
	ed25519_from_seed(&liar->key, seed);
	config.key = liar->key;
	liar->host = host_new(liar->world, &config);
	liar->gossipsub = gossipsub_new(liar->host, &liar->key, &gossip, NULL);
	liar->direct = direct_channel_new(liar->host, hears, NULL);
	buffer_slice(&to, buffer_all(&net->nodes[0].place.address));
	buffer_byte(&to, 0);
	assert_int_equal(gossipsub_subscribe(liar->gossipsub,
	    (const char *)to.p), 0);
	for (i = 0; i < net->n; i++) {
		buffer_clear(&to);
		address_of(&net->nodes[i], &to);
		assert_int_equal(host_keep(liar->host, buffer_all(&to)), 0);
	}
	buffer_free(&to);
}

static void
liar_stop(struct liar * liar)
{
	direct_channel_free(liar->direct);
	gossipsub_free(liar->gossipsub);
	host_free(liar->host);
}

/* What a message says besides its heads. */
struct claim {
	struct slice address;         /* empty: the log's */
	const struct peer_id * peer;  /* NULL: none */
	struct slice json;
};

static int
tell(struct liar * liar, struct node * to, const struct claim * claim)
{
	uint8_t link[32] = {9}, rotation[32], nonce[24] = {1};
	struct slice address = buffer_all(&to->place.address);
	struct buffer message = {0};
	struct peer_id id;
	int status;

	peer_id_from_ed25519(&id, to->key.pub);
	rotation_point(rotation, address, slice_of(link, 32), 0);
	heads_seal(&message, claim->address.n > 0 ? claim->address : address,
	    link, rotation, nonce, claim->json, NULL, claim->peer);
	status = direct_channel_send(liar->direct, &id, buffer_all(&message),
	    NULL, NULL);
	buffer_free(&message);
	return (status);
}

/* One head as JSON: child of nothing there is, and with a bad signature. */
static void
append_lie(struct buffer * json, struct place * p, unsigned n, bool forged)
{
	struct buffer block = {0}, again = {0};
	struct entry e = {0};
	struct cid nowhere, cid;
	uint8_t sig[128];
	char text[16];

	(void)snprintf(text, sizeof(text), "lie %05u", n);
	cid_of(&nowhere, CID_DAG_CBOR, slice_text(text));
	assert_int_equal(entry_make(&block, &cid, &p->identity,
	    buffer_all(&p->address), 7 + n, &nowhere, 1, NULL, 0,
	    slice_text("{\"op\":\"ADD\"}")), 0);
	assert_int_equal(entry_decode(&e, buffer_all(&block)), 0);
	if (forged) {
		assert_true(e.sig.n <= sizeof(sig));
		memcpy(sig, e.sig.p, e.sig.n);
		sig[3] ^= 1;
		e.sig.p = sig;
		entry_encode(&again, &e);
		cid_of(&cid, CID_DAG_CBOR, buffer_all(&again));
	}
	buffer_byte(json, json->n == 0 ? '[' : ',');
	entry_to_json(json, &e, &cid);
	entry_free(&e);
	buffer_free(&block);
	buffer_free(&again);
}

static uint64_t
refused_by(struct node * node)
{
	struct sync_stats stats;

	sync_stats(node->sync, &stats);
	return (stats.heads_refused);
}

static void
a_message_for_another_log_or_by_another_peer_is_refused(void ** state)
{
	struct peer_id own, other;
	struct claim claim = {.json = slice_text("[]")};
	struct liar liar = {0};
	struct net net;
	uint64_t before;

	(void)state;
	net_new(&net, 41, 1, NETWORK_WESH);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 3000);
	peer_id_from_ed25519(&own, liar.key.pub);
	peer_id_from_ed25519(&other, net.nodes[0].key.pub);
	before = refused_by(&net.nodes[0]);
	claim.peer = &own;
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before);
	claim.peer = &other;
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before + 1);
	claim.peer = &own;
	claim.address = slice_text("/orbitdb/another");
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before + 2);
	liar_stop(&liar);
	net_free(&net);
}

static void
lies_cost_bounded_work_and_hold_up_nobody(void ** state)
{
	struct sync_stats stats, later;
	struct liar liar = {0};
	struct buffer json = {0};
	struct claim claim = {0};
	struct node * node;
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 42, 2, NETWORK_WESH);
	node = &net.nodes[0];
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	for (i = 0; i < 40; i++)
		append_lie(&json, &node->place, i, i % 2 == 0);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	for (i = 0; i < 20; i++) {
		assert_int_equal(tell(&liar, node, &claim), 0);
		write_entry(&net.nodes[1], "honest");
		sim_run_for(net.sim, 1000);
	}
	sim_assert(net.sim, joined(node) == 20);
	sync_stats(node->sync, &stats);
	/* Each forged one was checked once, however often it came. */
	sim_assert(net.sim, stats.entries_refused == 20);
	sim_run_for(net.sim, 600000);
	sync_stats(node->sync, &later);
	sim_assert(net.sim, later.entries_received - stats.entries_received
	    <= 40);
	sim_assert(net.sim, later.fetching <= 20 + 20);
	buffer_free(&json);
	liar_stop(&liar);
	net_free(&net);
}

/* A transaction that failed is tried again, not at once and not for ever. */
static void
entries_of_a_failed_transaction_come_again_after_a_pause(void ** state)
{
	struct net net;
	unsigned tries;

	(void)state;
	net_new(&net, 43, 2, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 2000);
	net.nodes[1].place.owner.fail_at = 1;
	write_entry(&net.nodes[0], "x");
	sim_run_for(net.sim, 20000);
	tries = net.nodes[1].place.owner.joined;
	sim_assert(net.sim, tries == 1);
	sim_assert(net.sim, joined(&net.nodes[1]) == 0);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 100000));
	sim_assert(net.sim, net.nodes[1].place.owner.joined == 2);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_message_for_another_log_or_by_another_peer_is_refused),
	    cmocka_unit_test(lies_cost_bounded_work_and_hold_up_nobody),
	    cmocka_unit_test(
	        entries_of_a_failed_transaction_come_again_after_a_pause),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
