/* Messages whose authors have keys of other kinds than ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"
#include "support/swarm.h"

#define TOPIC "/orbitdb/topic"

/* --- authors -------------------------------------------------------------- */

struct author {
	gnutls_privkey_t key;
	gnutls_sign_algorithm_t with;
	struct buffer public_key; /* as libp2p's protobuf */
	struct peer_id id;
};

static void
author_make(struct author * a, enum key_type type,
    gnutls_pk_algorithm_t algorithm, unsigned bits,
    gnutls_sign_algorithm_t with)
{
	uint8_t der[1500];
	size_t n = sizeof(der);
	gnutls_pubkey_t public;

	*a = (struct author){.with = with};
	assert_int_equal(0, gnutls_privkey_init(&a->key));
	assert_int_equal(0, gnutls_pubkey_init(&public));
	assert_int_equal(0, gnutls_privkey_generate(a->key, algorithm, bits,
	    0));
	assert_int_equal(0, gnutls_pubkey_import_privkey(public, a->key, 0,
	    0));
	assert_int_equal(0, gnutls_pubkey_export(public, GNUTLS_X509_FMT_DER,
	    der, &n));
	gnutls_pubkey_deinit(public);
	buffer_byte(&a->public_key, 0x08);
	buffer_uvarint(&a->public_key, (uint64_t)type);
	buffer_byte(&a->public_key, 0x12);
	buffer_uvarint(&a->public_key, n);
	buffer_append(&a->public_key, der, n);
	peer_id_from_public_key(&a->id, buffer_all(&a->public_key));
}

static void
author_free(struct author * a)
{
	gnutls_privkey_deinit(a->key);
	buffer_free(&a->public_key);
}

static ProtobufCBinaryData
bytes_of(const void * p, size_t n)
{
	return (protobuf_bytes(slice_of(p, n)));
}

/* Append an RPC with one message by the author. */
static void
author_write(const struct author * a, struct buffer * rpc, const char * text,
    bool with_key)
{
	static const uint8_t seqno[GOSSIPSUB_SEQNO_SIZE] = {1};
	Libp2p__Pubsub__Message m = LIBP2P__PUBSUB__MESSAGE__INIT;
	struct buffer covered = {0}, message = {0};
	gnutls_datum_t signature, plain;

	m.has_from = m.has_data = m.has_seqno = m.has_topic = true;
	m.from = bytes_of(a->id.bytes, a->id.n);
	m.data = bytes_of(text, strlen(text));
	m.seqno = bytes_of(seqno, sizeof(seqno));
	m.topic = bytes_of(TOPIC, strlen(TOPIC));
	gossipsub_message_signed(&covered, &m);
	plain = (gnutls_datum_t){covered.p, (unsigned)covered.n};
	assert_int_equal(0, gnutls_privkey_sign_data2(a->key, a->with, 0,
	    &plain, &signature));
	m.has_signature = true;
	m.signature = bytes_of(signature.data, signature.size);
	m.has_key = with_key;
	m.key = bytes_of(a->public_key.p, a->public_key.n);
	protobuf_encode(&message, &m);
	gossipsub_message_publish(rpc, buffer_all(&message));
	gnutls_free(signature.data);
	buffer_free(&covered);
	buffer_free(&message);
}

/* --- who writes, who forwards, who hears ---------------------------------- */

enum { WRITER, FORWARDER, HEARER, NODES };

struct net {
	struct swarm swarm;
	struct gossipsub * routers[NODES];
	struct stream * s;
	unsigned heard;
	struct peer_id from;
};

static bool
take(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	struct net * net = user;

	(void)topic;
	assert_true(slice_equal(data, slice_text("hello")));
	if (peer_id_equal(via, &net->swarm.nodes[FORWARDER].id)) {
		net->heard++;
		net->from = *from;
	}
	return (true);
}

static void
ignore(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler nothing = {0};

	(void)protocol;
	stream_handle(s, &nothing, user);
}

static struct net *
net_start(void)
{
	static const struct gossipsub_handler handler = {.message = take};
	static const char * const protocols[] = {"/meshsub/1.1.0", NULL};
	static const struct stream_handler nothing = {0};
	struct net * net = calloc(1, sizeof(*net));
	struct host * writer;
	size_t i;

	assert_non_null(net);
	swarm_start(&net->swarm, 1, NODES);
	for (i = FORWARDER; i < NODES; i++) {
		net->routers[i] = gossipsub_new(net->swarm.nodes[i].h,
		    &net->swarm.nodes[i].key, &handler, net);
		assert_non_null(net->routers[i]);
		assert_int_equal(gossipsub_subscribe(net->routers[i], TOPIC),
		    0);
	}
	writer = net->swarm.nodes[WRITER].h;
	assert_int_equal(host_serve(writer, protocols[0], ignore, net), 0);
	swarm_connect(&net->swarm, FORWARDER, HEARER);
	swarm_connect(&net->swarm, WRITER, FORWARDER);
	assert_int_equal(stream_open(writer, &net->swarm.nodes[FORWARDER].id,
	    protocols, &nothing, net, &net->s), 0);
	sim_run_for(net->swarm.sim, 3000);
	return (net);
}

static void
net_stop(struct net * net)
{
	size_t i;

	for (i = FORWARDER; i < NODES; i++)
		gossipsub_free(net->routers[i]);
	swarm_stop(&net->swarm);
	free(net);
}

static void
send(struct net * net, const struct buffer * rpc)
{
	struct buffer framed = {0};

	buffer_uvarint(&framed, rpc->n);
	buffer_slice(&framed, buffer_all(rpc));
	assert_int_equal(stream_write(net->s, buffer_all(&framed)), 0);
	buffer_free(&framed);
	sim_run_for(net->swarm.sim, 1000);
}

static void
check(struct author * a)
{
	struct net * net = net_start();
	struct gossipsub_stats stats;
	struct buffer rpc = {0};

	/* Its id is a hash: without the key nobody can check. */
	author_write(a, &rpc, "hello", false);
	send(net, &rpc);
	assert_int_equal(net->heard, 0);
	buffer_clear(&rpc);
	author_write(a, &rpc, "hello", true);
	rpc.p[rpc.n - a->public_key.n / 2] ^= 1;
	send(net, &rpc);
	assert_int_equal(net->heard, 0);
	gossipsub_stats(net->routers[FORWARDER], &stats);
	assert_int_equal(stats.rejected, 2);
	buffer_clear(&rpc);
	author_write(a, &rpc, "hello", true);
	send(net, &rpc);
	assert_int_equal(net->heard, 1);
	assert_true(peer_id_equal(&net->from, &a->id));
	buffer_free(&rpc);
	net_stop(net);
	author_free(a);
}

static void
a_message_of_an_author_with_an_rsa_key_is_checked_and_forwarded(void ** state)
{
	struct author a;

	(void)state;
	author_make(&a, KEY_RSA, GNUTLS_PK_RSA, 2048, GNUTLS_SIGN_RSA_SHA256);
	check(&a);
}

static void
a_message_of_an_author_with_an_ecdsa_key_is_checked_and_forwarded(void ** state)
{
	struct author a;

	(void)state;
	author_make(&a, KEY_ECDSA, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
	    GNUTLS_SIGN_ECDSA_SHA256);
	check(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_message_of_an_author_with_an_rsa_key_is_checked_and_forwarded),
	    cmocka_unit_test(
	        a_message_of_an_author_with_an_ecdsa_key_is_checked_and_forwarded),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
