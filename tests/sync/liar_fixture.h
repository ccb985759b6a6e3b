/* liar_fixture.h: a peer that says whatever a test wants, and listens. */
#ifndef BERTY_TESTS_LIAR_FIXTURE_H
#define BERTY_TESTS_LIAR_FIXTURE_H

#include "codec/rotation.h"
#include "p2p/direct_channel.h"
#include "p2p/gossipsub.h"
#include "sync/heads.h"
#include "sync/sync_fixture.h"

/* Speaks the protocols by hand. */
struct liar {
	struct world * world;
	struct host * host;
	struct gossipsub * gossipsub;
	struct direct_channel * direct;
	struct ed25519_key key;
	struct buffer told;           /* the last message told directly */
	unsigned n_told;
	size_t longest_told;          /* bytes */
	struct buffer published;      /* and the last one published */
	unsigned n_published;
	size_t longest;               /* of those published, bytes */
	void (*each)(void * user, struct slice message); /* or NULL */
	void * user;
};

static inline bool
take(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	struct liar * liar = user;

	(void)topic;
	(void)from;
	(void)via;
	buffer_clear(&liar->published);
	buffer_slice(&liar->published, data);
	liar->n_published++;
	if (data.n > liar->longest)
		liar->longest = data.n;
	if (liar->each != NULL)
		liar->each(liar->user, data);
	return (true);
}

static inline void
meets(void * user, const char * topic, const struct peer_id * peer)
{
	(void)user;
	(void)topic;
	(void)peer;
}

static inline bool
hears(void * user, const struct peer_id * from, struct slice message)
{
	struct liar * liar = user;

	(void)from;
	buffer_clear(&liar->told);
	buffer_slice(&liar->told, message);
	liar->n_told++;
	if (message.n > liar->longest_told)
		liar->longest_told = message.n;
	return (true);
}

/* Follow the topic of the node's log, or no more. */
static inline void
liar_join(struct liar * liar, struct node * node)
{
	struct buffer to = {0};

	buffer_slice(&to, buffer_all(&node->place.address));
	buffer_byte(&to, 0);
	assert_int_equal(gossipsub_subscribe(liar->gossipsub,
	    (const char *)to.p), 0);
	buffer_free(&to);
}

static inline void
liar_leave(struct liar * liar, struct node * node)
{
	struct buffer to = {0};

	buffer_slice(&to, buffer_all(&node->place.address));
	buffer_byte(&to, 0);
	gossipsub_unsubscribe(liar->gossipsub, (const char *)to.p);
	buffer_free(&to);
}

static inline void
liar_start_as(struct liar * liar, struct net * net, uint8_t name)
{
	static const struct gossipsub_handler gossip = {take, meets, meets};
	struct host_config config = {.agent = "liar", .security = HOST_NOISE};
	struct buffer to = {0};
	uint8_t seed[32] = {name};
	size_t i;

	liar->world = sim_node(net->sim);
	ed25519_from_seed(&liar->key, seed);
	config.key = liar->key;
	liar->host = host_new(liar->world, &config);
	liar->gossipsub = gossipsub_new(liar->host, &liar->key, &gossip,
	    liar);
	liar->direct = direct_channel_new(liar->host, hears, liar);
	liar_join(liar, &net->nodes[0]);
	for (i = 0; i < net->n; i++) {
		buffer_clear(&to);
		address_of(&net->nodes[i], &to);
		assert_int_equal(host_keep(liar->host, buffer_all(&to)), 0);
	}
	buffer_free(&to);
}

static inline void
liar_start(struct liar * liar, struct net * net)
{
	liar_start_as(liar, net, 99);
}

static inline void
liar_stop(struct liar * liar)
{
	direct_channel_free(liar->direct);
	gossipsub_free(liar->gossipsub);
	host_free(liar->host);
	buffer_free(&liar->told);
	buffer_free(&liar->published);
}

/* What a message says besides its heads. */
struct claim {
	struct slice address;         /* empty: the log's */
	const struct peer_id * peer;  /* NULL: none */
	struct slice json;
	uint64_t period;              /* of the rotation value; 0: for ever */
};

/* The message as it goes out; the nonce makes it new. */
static inline void
seal_claim(struct liar * liar, struct node * to, const struct claim * claim,
    struct buffer * message)
{
	struct slice address = buffer_all(&to->place.address);
	uint8_t link[32] = {9}, rotation[32], nonce[24];

	world_random(liar->world, nonce, sizeof(nonce));
	rotation_point(rotation, address, slice_of(link, 32), claim->period);
	heads_seal(message, claim->address.n > 0 ? claim->address : address,
	    link, rotation, nonce, claim->json, NULL, claim->peer);
	assert_false(message->failed);
}

static inline int
tell(struct liar * liar, struct node * to, const struct claim * claim)
{
	struct buffer message = {0};
	struct peer_id id;
	int status;

	peer_id_from_ed25519(&id, to->key.pub);
	seal_claim(liar, to, claim, &message);
	status = direct_channel_send(liar->direct, &id, buffer_all(&message),
	    NULL, NULL);
	buffer_free(&message);
	return (status);
}

/* To all; how many it was sent to, or a code. */
static inline int
publish(struct liar * liar, struct node * to, const struct claim * claim)
{
	struct buffer message = {0}, topic = {0};
	int status;

	seal_claim(liar, to, claim, &message);
	buffer_slice(&topic, buffer_all(&to->place.address));
	buffer_byte(&topic, 0);
	status = gossipsub_publish(liar->gossipsub, (const char *)topic.p,
	    buffer_all(&message));
	buffer_free(&topic);
	buffer_free(&message);
	return (status);
}

/* An entry as an element of the array; its CID. */
static inline struct cid
append_head(struct buffer * json, struct slice block)
{
	struct entry e = {0};
	struct cid cid;

	assert_int_equal(entry_decode(&e, block), 0);
	cid_of(&cid, CID_DAG_CBOR, block);
	buffer_byte(json, json->n == 0 ? '[' : ',');
	entry_to_json(json, &e, &cid);
	entry_free(&e);
	return (cid);
}

/* An entry that a place holds. */
static inline struct cid
append_stored_head(struct buffer * json, struct place * p,
    const struct cid * cid)
{
	struct buffer block = {0};
	struct cid same;

	assert_int_equal(log_block(p->store, cid, &block), 0);
	same = append_head(json, buffer_all(&block));
	buffer_byte(json, ']');
	buffer_free(&block);
	return (same);
}

/* One head as JSON: child of nothing there is, and with a bad signature. */
static inline void
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

static inline struct sync_stats
stats_of(struct node * node)
{
	struct sync_stats stats;

	sync_stats(node->sync, &stats);
	return (stats);
}

#endif /* !BERTY_TESTS_LIAR_FIXTURE_H */
