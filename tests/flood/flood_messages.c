/* flood_messages.c: messages that are well-formed, many, and of no use. */
#include "flood/flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/protobuf.h"
#include "contact/handshake.h"
#include "libp2p/identify.pb-c.h"
#include "p2p/bitswap_message.h"
#include "p2p/gossipsub_message.h"
#include "p2p/identify.h"

#define MESHSUB "/meshsub/1.1.0"
#define BITSWAP "/ipfs/bitswap/1.2.0"
#define DIRECT "/go-orbit-db/direct-channel/1.2.0"

/* --- gossipsub -------------------------------------------------------------- */

static void
subscriptions(struct bot * b)
{
	struct buffer rpc = {0};
	char name[1100];
	unsigned i;

	for (i = 0; i < 200; i++) {
		b->count++;
		(void)snprintf(name, sizeof(name), "%zu-%llu-%0*d", b->number,
		    (unsigned long long)b->count, (int)(b->count % 900) + 1,
		    0);
		gossipsub_message_subscription(&rpc, true, slice_text(name));
	}
	flood_say(b, MESHSUB, &rpc);
}

/* Into the meshes of the victim and out again. */
static void
grafts(struct bot * b)
{
	const char * topic = flood_topic(b);
	struct gossipsub_offer offers[16];
	struct buffer rpc = {0}, some = {0};
	unsigned i;

	b->count++;
	if (topic == NULL)
		return;
	for (i = 0; i < 16; i++) {
		uint8_t key[32] = {0};

		world_random(b->f->w, key, sizeof(key));
		peer_id_from_ed25519(&offers[i].peer, key);
		offers[i].record = slice_of(NULL, 0);
	}
	gossipsub_message_subscription(&rpc, true, slice_text(topic));
	for (i = 0; i < 50; i++) {
		gossipsub_message_graft(&some, slice_text(topic));
		gossipsub_message_prune(&some, slice_text(topic), offers, 16,
		    UINT64_MAX);
	}
	buffer_slice(&rpc, buffer_all(&some));
	buffer_free(&some);
	flood_say(b, MESHSUB, &rpc);
}

/* Tell of messages that are nowhere, and ask for such. */
static void
ihaves(struct bot * b)
{
	static struct gossipsub_id ids[1000];
	const char * topic = flood_topic(b);
	struct buffer rpc = {0};
	unsigned i;

	b->count++;
	if (topic == NULL)
		return;
	for (i = 0; i < 1000; i++) {
		ids[i].n = 46;
		world_random(b->f->w, ids[i].bytes, 46);
	}
	gossipsub_message_ihave(&rpc, slice_text(topic), ids, 1000);
	gossipsub_message_iwant(&rpc, ids, 1000);
	flood_say(b, MESHSUB, &rpc);
}

/* Half of them forged, half signed and of no use. */
static void
messages(struct bot * b)
{
	const char * topic = flood_topic(b);
	struct buffer rpc = {0}, message = {0};
	struct gossipsub_id id;
	unsigned i;

	if (topic == NULL)
		return;
	for (i = 0; i < 50; i++) {
		buffer_clear(&message);
		gossipsub_message_sign(&message, &id, b->h->key, &b->h->id,
		    ++b->count, topic, slice_text("nobody can read this"));
		message.p[message.n - 1] ^= b->number % 2;
		gossipsub_message_publish(&rpc, buffer_all(&message));
	}
	buffer_free(&message);
	flood_say(b, MESHSUB, &rpc);
}

/* --- bitswap ----------------------------------------------------------------- */

static struct cid
random_cid(struct bot * b)
{
	uint8_t data[16];
	struct cid cid;

	world_random(b->f->w, data, sizeof(data));
	cid_of(&cid, CID_DAG_CBOR, slice_of(data, sizeof(data)));
	return (cid);
}

static void
wants(struct bot * b)
{
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct bitswap_entry e = {.priority = 1, .dont_have = true};
	struct buffer out = {0};
	unsigned i;

	for (i = 0; i < 1024; i++) {
		e.cid = random_cid(b);
		bitswap_message_entry(&w, &e);
	}
	/* In place of all before: none is refused for want of room. */
	bitswap_message_finish(&w, &out, b->count++ % 2 == 0);
	flood_say(b, BITSWAP, &out);
}

static void
blocks(struct bot * b)
{
	static const uint8_t data[512 * 1024];
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct cid cid = random_cid(b);
	struct buffer out = {0};

	bitswap_message_block(&w, &cid, slice_of(data, sizeof(data)));
	bitswap_message_finish(&w, &out, false);
	flood_say(b, BITSWAP, &out);
}

/* --- heads -------------------------------------------------------------------- */

/* What the victim sends us directly, once we say that we follow its topics. */
static int
keep_heads(void * user, struct slice message)
{
	struct bot * b = user;

	if (b->f->heads.n == 0)
		buffer_slice(&b->f->heads, message);
	return (1);
}

static void
on_heads(void * user, struct stream * s, struct slice bytes)
{
	struct frame_reader f = {.max = 4 << 20};

	/* A short message comes in one piece; others are not kept. */
	(void)frame_feed(&f, bytes, keep_heads, user);
	frame_free(&f);
	stream_reset(s);
}

static void
accept_heads(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler handler = {.data = on_heads};

	(void)protocol;
	stream_handle(s, &handler, user);
}

static void
serve_heads(struct flood * f)
{
	size_t i;

	for (i = 0; i < f->attack->bots; i++)
		(void)host_serve(f->bots[i].h, DIRECT, accept_heads,
		    &f->bots[i]);
}

static void
one_message(struct bot * b, struct slice message)
{
	static const char * const protocols[] = {DIRECT, NULL};
	static const struct stream_handler deaf = {0};
	struct buffer out = {0};
	struct stream * s;

	if (stream_open(b->h, &b->f->address.peer, protocols, &deaf, NULL,
	    &s) != 0)
		return;
	buffer_uvarint(&out, message.n);
	buffer_slice(&out, message);
	if (stream_write(s, buffer_all(&out)) == 0)
		b->f->done++;
	buffer_free(&out);
	stream_free(s);
}

/* Heads that nobody can open, and the victim's own, over and over. */
static void
heads(struct bot * b)
{
	const char * topic = flood_topic(b);
	uint8_t garbage[300];
	struct buffer rpc = {0};
	unsigned i;

	/* A EncryptedMessage with a rotation value that is none. */
	world_random(b->f->w, garbage, sizeof(garbage));
	for (i = 0; i < 4; i++) {
		if (b->f->heads.n > 0 && i % 2 == 0)
			one_message(b, buffer_all(&b->f->heads));
		else
			one_message(b, slice_of(garbage, sizeof(garbage)));
	}
	if (topic != NULL && b->count++ % 100 == 0) {
		gossipsub_message_subscription(&rpc, true, slice_text(topic));
		flood_say(b, MESHSUB, &rpc);
	}
}

/* --- contact requests ----------------------------------------------------------- */

static void
handshakes(struct bot * b)
{
	static const char * const protocols[] = {"/wesh/contact_req/1.0.0",
	    NULL};
	static const struct stream_handler deaf = {0};
	struct shareable_contact own = {.has_pk = true};
	uint8_t ephemeral[32], seed[32];
	struct buffer out = {0};
	struct ed25519_key key;
	struct handshake * h;
	struct stream * s;

	world_random(b->f->w, seed, sizeof(seed));
	world_random(b->f->w, ephemeral, sizeof(ephemeral));
	ed25519_from_seed(&key, seed);
	memcpy(own.pk, key.pub, 32);
	h = handshake_request(&key, key.pub, ephemeral, &own);
	handshake_output(h, &out);
	handshake_free(h);
	if (stream_open(b->h, &b->f->address.peer, protocols, &deaf, NULL,
	    &s) == 0 && stream_write(s, buffer_all(&out)) == 0)
		b->f->done++;
	buffer_free(&out);
}

/* --- identify -------------------------------------------------------------------- */

static void
pushes(struct bot * b)
{
	static const char * const protocols[] = {"/ipfs/id/push/1.0.0", NULL};
	static const struct stream_handler deaf = {0};
	struct identify m = {0};
	struct buffer out = {0};
	struct stream * s;
	char name[64];
	unsigned i;

	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "/%zu/%llu", b->number,
		    (unsigned long long)b->count++);
		buffer_append(&m.protocols, name, strlen(name) + 1);
	}
	for (i = 0; i < 500; i++) {
		uint8_t address[8] = {4, 10, 0, 0, 0, 6, 0x10, 1};

		world_random(b->f->w, address + 2, 3);
		buffer_uvarint(&m.addresses, sizeof(address));
		buffer_append(&m.addresses, address, sizeof(address));
	}
	identify_write(&out, &m);
	/* Every other one is spoilt. */
	if (b->count % 2000 == 0)
		world_random(b->f->w, out.p + out.n / 2, 100);
	identify_free(&m);
	if (stream_open(b->h, &b->f->address.peer, protocols, &deaf, NULL,
	    &s) == 0) {
		if (stream_write(s, buffer_all(&out)) == 0)
			b->f->done++;
		stream_free(s);
	}
	buffer_free(&out);
}

const struct attack flood_messages[] = {
	{.name = "subscriptions", .bots = 60, .connections = 1,
	    .tick = subscriptions},
	{.name = "grafts", .bots = 30, .connections = 1, .tick = grafts},
	{.name = "ihaves", .bots = 30, .connections = 1, .tick = ihaves},
	{.name = "messages", .bots = 60, .connections = 1, .tick = messages},
	{.name = "wants", .bots = 30, .connections = 1, .serves = BITSWAP,
	    .tick = wants},
	{.name = "blocks", .bots = 30, .connections = 1, .tick = blocks},
	{.name = "heads", .bots = 30, .connections = 1, .begin = serve_heads,
	    .tick = heads},
	{.name = "handshakes", .bots = 30, .connections = 1,
	    .tick = handshakes},
	{.name = "identify", .bots = 30, .connections = 1, .tick = pushes},
	{.name = NULL},
};
