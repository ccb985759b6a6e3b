/* Messages of gossipsub: signatures, the parts of an RPC, caches, back-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_backoff.h"
#include "p2p/gossipsub_cache.h"
#include "p2p/gossipsub_message.h"

static struct ed25519_key
key_of(uint8_t n)
{
	uint8_t seed[32] = {n};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	return (key);
}

/* A signed message in an RPC, decoded. */
static Libp2p__Pubsub__RPC *
published(uint8_t author, uint64_t seqno, const char * text)
{
	struct ed25519_key key = key_of(author);
	struct buffer message = {0}, rpc = {0};
	Libp2p__Pubsub__RPC * decoded;
	struct gossipsub_id id;
	struct peer_id from;

	peer_id_from_ed25519(&from, key.pub);
	gossipsub_message_sign(&message, &id, &key, &from, seqno, "topic",
	    slice_text(text));
	gossipsub_message_publish(&rpc, buffer_all(&message));
	decoded = gossipsub_message_decode(buffer_all(&rpc));
	assert_non_null(decoded);
	assert_int_equal(decoded->n_publish, 1);
	buffer_free(&message);
	buffer_free(&rpc);
	return (decoded);
}

static int
verify(const Libp2p__Pubsub__Message * m)
{
	struct gossipsub_id id;
	struct peer_id from;

	if (gossipsub_message_check(m, &from, &id) != 0)
		return (-ERR_DESERIALIZATION);
	return (gossipsub_message_verify(m, &from));
}

static void
a_signed_message_is_verified(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = published(1, 7, "hello");

	(void)state;
	assert_false(rpc->publish[0]->has_key);
	assert_int_equal(verify(rpc->publish[0]), 0);
	protobuf_free(rpc);
}

static void
a_changed_message_is_refused(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = published(1, 7, "hello");

	(void)state;
	rpc->publish[0]->data.data[0] ^= 1;
	assert_int_equal(verify(rpc->publish[0]),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	rpc->publish[0]->data.data[0] ^= 1;
	rpc->publish[0]->seqno.data[7] ^= 1;
	assert_int_equal(verify(rpc->publish[0]),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	protobuf_free(rpc);
}

static void
a_message_in_anothers_name_is_refused(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = published(1, 7, "hello");
	Libp2p__Pubsub__RPC * other = published(2, 7, "hello");

	(void)state;
	memcpy(rpc->publish[0]->from.data, other->publish[0]->from.data,
	    rpc->publish[0]->from.len);
	assert_int_equal(verify(rpc->publish[0]),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	protobuf_free(rpc);
	protobuf_free(other);
}

static void
a_key_that_is_not_the_authors_is_refused(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = published(1, 7, "hello");
	struct ed25519_key other = key_of(2), own = key_of(1);
	Libp2p__Pubsub__Message m = *rpc->publish[0];
	uint8_t key[36];

	(void)state;
	m.has_key = true;
	m.key.data = key;
	m.key.len = sizeof(key);
	public_key_from_ed25519(key, own.pub);
	assert_int_equal(verify(&m), 0);
	public_key_from_ed25519(key, other.pub);
	assert_int_equal(verify(&m), -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	protobuf_free(rpc);
}

static void
a_message_without_author_number_or_signature_is_refused(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = published(1, 7, "hello");
	Libp2p__Pubsub__Message m = *rpc->publish[0];

	(void)state;
	m.has_from = false;
	assert_int_equal(verify(&m), -ERR_DESERIALIZATION);
	m = *rpc->publish[0];
	m.has_seqno = false;
	assert_int_equal(verify(&m), -ERR_DESERIALIZATION);
	m = *rpc->publish[0];
	m.seqno.len = 7;
	assert_int_equal(verify(&m), -ERR_DESERIALIZATION);
	m = *rpc->publish[0];
	m.has_signature = false;
	assert_int_equal(verify(&m), -ERR_DESERIALIZATION);
	protobuf_free(rpc);
}

static void
a_message_that_others_could_not_read_from_us_is_refused(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = published(1, 7, "hello"), * again;
	struct buffer message = {0}, bytes = {0};

	(void)state;
	protobuf_encode(&message, rpc->publish[0]);
	/* A field of number 0, its tag longer than need be. */
	buffer_append(&message, "\x81\x00" "12345678", 10);
	gossipsub_message_publish(&bytes, buffer_all(&message));
	again = gossipsub_message_decode(buffer_all(&bytes));
	if (again != NULL)
		assert_int_equal(verify(again->publish[0]),
		    -ERR_DESERIALIZATION);
	protobuf_free(again);
	protobuf_free(rpc);
	buffer_free(&message);
	buffer_free(&bytes);
}

/* A publish field padded with data so that the RPC has n bytes. */
static Libp2p__Pubsub__RPC *
rpc_of(size_t n)
{
	struct buffer rpc = {0}, data = {0};
	Libp2p__Pubsub__RPC * decoded;

	/* Message {data}: tags and lengths of both take 8 bytes. */
	buffer_byte(&data, 0x12);
	buffer_uvarint(&data, n - 8);
	memset(buffer_grow(&data, n - 8), 0, n - 8);
	gossipsub_message_publish(&rpc, buffer_all(&data));
	assert_int_equal(rpc.n, n);
	decoded = gossipsub_message_decode(buffer_all(&rpc));
	buffer_free(&rpc);
	buffer_free(&data);
	return (decoded);
}

static void
an_rpc_of_one_mebibyte_is_read_and_no_longer_one(void ** state)
{
	Libp2p__Pubsub__RPC * rpc = rpc_of(1 << 20);

	(void)state;
	assert_non_null(rpc);
	protobuf_free(rpc);
	assert_null(rpc_of((1 << 20) + 1));
}

static void
an_rpc_of_very_many_empty_parts_is_refused(void ** state)
{
	struct buffer rpc = {0};
	unsigned i;

	(void)state;
	for (i = 0; i < 500000; i++)
		buffer_append(&rpc, "\x0a\x00", 2);
	assert_null(gossipsub_message_decode(buffer_all(&rpc)));
	buffer_free(&rpc);
}

static void
a_prune_carries_back_off_and_peers(void ** state)
{
	struct gossipsub_offer offers[2] = {0};
	struct ed25519_key key = key_of(3);
	struct buffer out = {0};
	Libp2p__Pubsub__RPC * rpc;

	(void)state;
	peer_id_from_ed25519(&offers[0].peer, key.pub);
	offers[1] = offers[0];
	offers[1].record = slice_text("record");
	gossipsub_message_prune(&out, slice_text("t"), offers, 2, 60);
	rpc = gossipsub_message_decode(buffer_all(&out));
	assert_non_null(rpc);
	assert_int_equal(rpc->control->n_prune, 1);
	assert_int_equal(rpc->control->prune[0]->backoff, 60);
	assert_int_equal(rpc->control->prune[0]->n_peers, 2);
	assert_false(rpc->control->prune[0]->peers[0]->has_signed_peer_record);
	assert_int_equal(
	    rpc->control->prune[0]->peers[1]->signed_peer_record.len, 6);
	protobuf_free(rpc);
	buffer_free(&out);
}

/* --- the cache --- */

static struct gossipsub_id
id_of(uint32_t n)
{
	struct gossipsub_id id = {.n = sizeof(n)};

	memcpy(id.bytes, &n, sizeof(n));
	return (id);
}

static void
a_message_is_remembered_as_seen_for_two_minutes(void ** state)
{
	struct gossipsub_cache * c = gossipsub_cache_new(1);
	struct gossipsub_id id = id_of(1);

	(void)state;
	assert_int_equal(gossipsub_cache_mark(c, &id, 1000), 0);
	gossipsub_cache_expire(c, 1000 + 119999);
	assert_true(gossipsub_cache_seen(c, &id));
	gossipsub_cache_expire(c, 1000 + 120000);
	assert_false(gossipsub_cache_seen(c, &id));
	gossipsub_cache_free(c);
}

static void
what_was_seen_takes_bounded_memory(void ** state)
{
	struct gossipsub_cache * c = gossipsub_cache_new(1);
	struct gossipsub_id id;
	uint32_t i;

	(void)state;
	for (i = 0; i < GOSSIPSUB_SEEN_MAX; i++) {
		id = id_of(i);
		assert_int_equal(gossipsub_cache_mark(c, &id, 0), 0);
	}
	id = id_of(0);
	assert_true(gossipsub_cache_seen(c, &id));
	id = id_of(i);
	assert_int_equal(gossipsub_cache_mark(c, &id, 0), 0);
	assert_true(gossipsub_cache_seen(c, &id));
	assert_int_equal(gossipsub_cache_seen_count(c), GOSSIPSUB_SEEN_MAX);
	id = id_of(0);
	assert_false(gossipsub_cache_seen(c, &id));
	gossipsub_cache_free(c);
}

static void
a_message_is_told_of_for_three_heartbeats_and_kept_for_five(void ** state)
{
	struct gossipsub_cache * c = gossipsub_cache_new(1);
	struct gossipsub_id id = id_of(1), told[4];
	struct peer_id peer = {.n = 1};
	unsigned beats;

	(void)state;
	assert_int_equal(gossipsub_cache_put(c, &id, slice_text("t"),
	    slice_text("m")), 0);
	assert_int_equal(gossipsub_cache_ids(c, slice_text("u"), told, 4), 0);
	for (beats = 0; beats < 5; beats++) {
		peer.bytes[0] = (uint8_t)beats;
		assert_int_equal(
		    gossipsub_cache_ids(c, slice_text("t"), told, 4),
		    beats < 3);
		assert_int_equal(gossipsub_cache_get(c, &id, &peer).n, 1);
		gossipsub_cache_shift(c);
	}
	assert_int_equal(gossipsub_cache_get(c, &id, &peer).n, 0);
	assert_int_equal(gossipsub_cache_bytes(c), 0);
	gossipsub_cache_free(c);
}

static void
a_peer_is_given_a_message_three_times_at_most(void ** state)
{
	struct gossipsub_cache * c = gossipsub_cache_new(1);
	struct peer_id a = {1, {1}}, b = {1, {2}};
	struct gossipsub_id id = id_of(1);
	unsigned i;

	(void)state;
	assert_int_equal(gossipsub_cache_put(c, &id, slice_text("t"),
	    slice_text("m")), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(gossipsub_cache_get(c, &id, &a).n, 1);
	assert_int_equal(gossipsub_cache_get(c, &id, &a).n, 0);
	assert_int_equal(gossipsub_cache_get(c, &id, &b).n, 1);
	gossipsub_cache_free(c);
}

static void
kept_messages_take_bounded_memory(void ** state)
{
	struct gossipsub_cache * c = gossipsub_cache_new(1);
	struct buffer big = {0};
	struct gossipsub_id id, told[40];
	uint32_t i;

	(void)state;
	memset(buffer_grow(&big, 1 << 20), 7, 1 << 20);
	for (i = 0; i < 30; i++) {
		id = id_of(i);
		assert_int_equal(gossipsub_cache_put(c, &id, slice_text("t"),
		    buffer_all(&big)), 0);
		assert_true(gossipsub_cache_bytes(c) <= GOSSIPSUB_CACHE_MAX);
	}
	assert_int_equal(gossipsub_cache_ids(c, slice_text("t"), told, 40), 15);
	assert_memory_equal(&told[0], &id, sizeof(id.n) + id.n);
	buffer_free(&big);
	gossipsub_cache_free(c);
}

/* --- back-off --- */

static void
a_back_off_that_a_peer_asks_for_is_clamped(void ** state)
{
	(void)state;
	assert_int_equal(gossipsub_backoff_clamp(0), 60000);
	assert_int_equal(gossipsub_backoff_clamp(10), 10000);
	assert_int_equal(gossipsub_backoff_clamp(3600), 3600000);
	assert_int_equal(gossipsub_backoff_clamp(3601), 3600000);
	assert_int_equal(gossipsub_backoff_clamp(UINT64_MAX), 3600000);
}

static void
a_back_off_ends_and_never_shrinks(void ** state)
{
	struct gossipsub_backoff b = {0};
	struct peer_id p = {1, {1}};

	(void)state;
	gossipsub_backoff_set(&b, &p, 100, 50);
	gossipsub_backoff_set(&b, &p, 100, 10);
	assert_true(gossipsub_backoff_active(&b, &p, 149));
	assert_false(gossipsub_backoff_active(&b, &p, 150));
	gossipsub_backoff_set(&b, &p, UINT64_MAX - 1, 50);
	assert_true(gossipsub_backoff_active(&b, &p, UINT64_MAX - 1));
	gossipsub_backoff_free(&b);
}

static void
back_offs_are_held_for_so_many_peers(void ** state)
{
	struct gossipsub_backoff b = {0};
	struct peer_id p = {2, {0}};
	unsigned i;

	(void)state;
	for (i = 0; i < GOSSIPSUB_BACKOFF_MAX + 1; i++) {
		p.bytes[0] = (uint8_t)i;
		p.bytes[1] = (uint8_t)(i >> 8);
		gossipsub_backoff_set(&b, &p, 0, 50);
		assert_int_equal(gossipsub_backoff_active(&b, &p, 1),
		    i < GOSSIPSUB_BACKOFF_MAX);
	}
	assert_int_equal(b.peers.n, GOSSIPSUB_BACKOFF_MAX);
	gossipsub_backoff_set(&b, &p, 60, 50);
	assert_true(gossipsub_backoff_active(&b, &p, 61));
	assert_int_equal(b.peers.n, 1);
	gossipsub_backoff_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_signed_message_is_verified),
	    cmocka_unit_test(a_changed_message_is_refused),
	    cmocka_unit_test(a_message_in_anothers_name_is_refused),
	    cmocka_unit_test(a_key_that_is_not_the_authors_is_refused),
	    cmocka_unit_test(
	        a_message_without_author_number_or_signature_is_refused),
	    cmocka_unit_test(
	        a_message_that_others_could_not_read_from_us_is_refused),
	    cmocka_unit_test(an_rpc_of_one_mebibyte_is_read_and_no_longer_one),
	    cmocka_unit_test(an_rpc_of_very_many_empty_parts_is_refused),
	    cmocka_unit_test(a_prune_carries_back_off_and_peers),
	    cmocka_unit_test(a_message_is_remembered_as_seen_for_two_minutes),
	    cmocka_unit_test(what_was_seen_takes_bounded_memory),
	    cmocka_unit_test(
	        a_message_is_told_of_for_three_heartbeats_and_kept_for_five),
	    cmocka_unit_test(a_peer_is_given_a_message_three_times_at_most),
	    cmocka_unit_test(kept_messages_take_bounded_memory),
	    cmocka_unit_test(a_back_off_that_a_peer_asks_for_is_clamped),
	    cmocka_unit_test(a_back_off_ends_and_never_shrinks),
	    cmocka_unit_test(back_offs_are_held_for_so_many_peers),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
