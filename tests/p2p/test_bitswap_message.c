/* Bitswap messages; the bytes of Go's are checked by the known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/error.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "crypto/crypto.h"
#include "p2p/bitswap_message.h"

static const uint8_t PREFIX[] = {1, CID_DAG_CBOR, 0x12, 32};
static const uint8_t PREFIX_V0[] = {0, CID_DAG_PB, 0x12, 32};

/* Source: boxo v0.20.0, recorded. */
static const uint8_t BLOCK[] = {0xa1, 0x61, 0x61, 0x01};

static void
assert_written(struct bitswap_writer * w, const char * hex)
{
	struct buffer out = {0}, text = {0};

	bitswap_message_finish(w, &out, false);
	hex_encode(&text, buffer_all(&out));
	buffer_byte(&text, 0);
	assert_string_equal((const char *)text.p, hex);
	buffer_free(&out);
	buffer_free(&text);
}

static void
a_block_is_written_as_go_writes_it(void ** state)
{
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct cid cid;

	(void)state;
	cid_of(&cid, CID_DAG_CBOR, slice_of(BLOCK, sizeof(BLOCK)));
	bitswap_message_block(&w, &cid, slice_of(BLOCK, sizeof(BLOCK)));
	assert_written(&w, "0a001a0c0a04017112201204a1616101");
}

static void
the_oldest_version_gets_a_raw_block_and_no_presence(void ** state)
{
	struct bitswap_writer w = {.version = BITSWAP_10};
	struct cid cid;

	(void)state;
	cid_of(&cid, CID_DAG_CBOR, slice_of(BLOCK, sizeof(BLOCK)));
	bitswap_message_block(&w, &cid, slice_of(BLOCK, sizeof(BLOCK)));
	bitswap_message_presence(&w, &cid, true);
	assert_written(&w, "0a001204a1616101");
}

static void
a_want_for_an_older_peer_does_not_speak_of_haves(void ** state)
{
	struct bitswap_writer w = {.version = BITSWAP_11};
	struct bitswap_entry e = {.priority = 1, .have = true,
	    .dont_have = true};

	(void)state;
	cid_of(&e.cid, CID_DAG_CBOR, slice_of(BLOCK, sizeof(BLOCK)));
	bitswap_message_entry(&w, &e);
	assert_written(&w, "0a2a0a280a2401711220eb989b4a620fd259ae02181bdab4fc"
	    "3eb6dc6b45eb7322999bb1416bce3189261001");
}

static void
a_block_is_named_by_its_prefix_and_hash(void ** state)
{
	struct slice data = slice_of(BLOCK, sizeof(BLOCK));
	struct cid made, expected;

	(void)state;
	cid_of(&expected, CID_DAG_CBOR, data);
	assert_int_equal(bitswap_message_cid(&made,
	    slice_of(PREFIX, sizeof(PREFIX)), data), 0);
	assert_true(cid_equal(&made, &expected));
	assert_int_equal(bitswap_message_cid(&made,
	    slice_of(PREFIX_V0, sizeof(PREFIX_V0)), data), 0);
	assert_int_equal(made.n, 34);
	assert_true(cid_matches(&made, data));
}

static void
a_prefix_that_is_not_one_is_refused(void ** state)
{
	static const uint8_t bad[][5] = {
	    {2, 0x71, 0x12, 32}, {0, 0x71, 0x12, 32}, {1, 0x71, 0x13, 32},
	    {1, 0x71, 0x12, 31},
	};
	struct cid cid;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bitswap_message_cid(&cid,
		    slice_of(bad[i], 4), slice_of(BLOCK, 4)),
		    -ERR_DESERIALIZATION);
	assert_int_equal(bitswap_message_cid(&cid, slice_of(PREFIX, 3),
	    slice_of(BLOCK, 4)), -ERR_DESERIALIZATION);
	assert_int_equal(bitswap_message_cid(&cid, slice_of(bad[0], 0),
	    slice_of(BLOCK, 4)), -ERR_DESERIALIZATION);
}

static void
a_block_of_two_mebibytes_is_taken_and_no_longer_one(void ** state)
{
	uint8_t * data = calloc(1, (2 << 20) + 1);
	struct slice prefix = slice_of(PREFIX, sizeof(PREFIX));
	struct cid cid;

	(void)state;
	assert_int_equal(bitswap_message_cid(&cid, prefix,
	    slice_of(data, 2 << 20)), 0);
	assert_int_equal(bitswap_message_cid(&cid, prefix,
	    slice_of(data, (2 << 20) + 1)), -ERR_DESERIALIZATION);
	free(data);
}

/* A message of n bytes: one block padded with zeros. */
static Ipfs__Bitswap__Message *
message_of(size_t n)
{
	struct buffer m = {0};
	Ipfs__Bitswap__Message * decoded;

	buffer_byte(&m, 0x12);
	buffer_uvarint(&m, n - 5);
	memset(buffer_grow(&m, n - 5), 0, n - 5);
	assert_int_equal(m.n, n);
	decoded = bitswap_message_decode(buffer_all(&m));
	buffer_free(&m);
	return (decoded);
}

static void
a_message_of_four_mebibytes_is_read_and_no_longer_one(void ** state)
{
	Ipfs__Bitswap__Message * m = message_of(4 << 20);

	(void)state;
	assert_non_null(m);
	protobuf_free(m);
	assert_null(message_of((4 << 20) + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_block_is_written_as_go_writes_it),
	    cmocka_unit_test(
	        the_oldest_version_gets_a_raw_block_and_no_presence),
	    cmocka_unit_test(a_want_for_an_older_peer_does_not_speak_of_haves),
	    cmocka_unit_test(a_block_is_named_by_its_prefix_and_hash),
	    cmocka_unit_test(a_prefix_that_is_not_one_is_refused),
	    cmocka_unit_test(
	        a_block_of_two_mebibytes_is_taken_and_no_longer_one),
	    cmocka_unit_test(
	        a_message_of_four_mebibytes_is_read_and_no_longer_one),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
