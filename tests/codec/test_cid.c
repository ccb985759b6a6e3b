/* CIDs and peer ids. */
#include "support/bytes.h"

#include "base/error.h"
#include "codec/cid.h"
#include "codec/multibase.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* sha2-256 of "hello" behind a version and a codec. */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void
a_cid_names_its_data_and_no_other(void ** state)
{
	struct buffer text = {0};
	struct cid_parts parts;
	struct cid cid, again;

	(void)state;
	cid_of(&cid, CID_RAW, slice_text("hello"));
	assert_hex(cid_slice(&cid), "01551220" HELLO);
	cid_encode(&text, &cid);
	assert_text(buffer_all(&text),
	    "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
	assert_int_equal(cid_decode(&again, buffer_all(&text)), 0);
	assert_true(cid_equal(&cid, &again));
	assert_true(cid_matches(&cid, slice_text("hello")));
	assert_false(cid_matches(&cid, slice_text("hellO")));
	cid_split(&cid, &parts);
	assert_int_equal(parts.version, 1);
	assert_int_equal(parts.codec, CID_RAW);
	assert_int_equal(parts.hash, 0x12);
	assert_hex(parts.digest, HELLO);
	buffer_free(&text);
}

static void
a_cid_of_version_0_is_its_multihash(void ** state)
{
	struct buffer bytes = {0}, text = {0};
	struct cid cid, again;
	struct cid_parts parts;

	(void)state;
	assert_int_equal(cid_parse(&cid, bytes_hex(&bytes, "1220" HELLO)), 0);
	cid_encode(&text, &cid);
	assert_int_equal(text.n, 46);
	assert_memory_equal(text.p, "Qm", 2);
	assert_int_equal(cid_decode(&again, buffer_all(&text)), 0);
	assert_true(cid_equal(&cid, &again));
	cid_split(&cid, &parts);
	assert_int_equal(parts.version, 0);
	assert_int_equal(parts.codec, CID_DAG_PB);
	assert_true(cid_matches(&cid, slice_text("hello")));
	buffer_free(&bytes);
	buffer_free(&text);
}

static void
malformed_cids_are_refused(void ** state)
{
	static const char * const table[] = {"", "01", "0155", "015512",
	    "01551220", "0155122000", "02551220" HELLO, "01551220" HELLO "00",
	    "1220" HELLO "00", "0155121f" HELLO, "8100551220" HELLO,
	    /* A digest of 49 bytes. */
	    "01551331" HELLO HELLO};
	struct buffer bytes = {0};
	struct cid cid = {.n = 1};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&bytes);
		assert_int_equal(cid_parse(&cid,
		    bytes_hex(&bytes, table[i])), -ERR_DESERIALIZATION);
		assert_int_equal(cid.n, 1);
	}
	assert_int_equal(cid_decode(&cid, slice_text("")),
	    -ERR_DESERIALIZATION);
	assert_int_equal(cid_decode(&cid, slice_text("bafy")),
	    -ERR_DESERIALIZATION);
	buffer_free(&bytes);
}

static void
a_cid_is_read_from_the_front_of_more(void ** state)
{
	struct buffer bytes = {0};
	struct cid cid;
	size_t used;

	(void)state;
	assert_int_equal(cid_read(&cid,
	    bytes_hex(&bytes, "01711220" HELLO "ffff"), &used), 0);
	assert_int_equal(used, 36);
	assert_int_equal(cid.n, 36);
	buffer_free(&bytes);
}

/* log/peerid.json, the seed 00 01 02 … 1f. */
#define PUB "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define PEER "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"

static void
an_ed25519_peer_id_holds_its_key(void ** state)
{
	struct buffer text = {0};
	struct ed25519_key key;
	struct peer_id id, again;
	uint8_t seed[32];
	int i;

	(void)state;
	for (i = 0; i < 32; i++)
		seed[i] = (uint8_t)i;
	ed25519_from_seed(&key, seed);
	peer_id_from_ed25519(&id, key.pub);
	assert_hex(peer_id_slice(&id), "002408011220" PUB);
	assert_hex(peer_id_key(&id), "08011220" PUB);
	peer_id_encode(&text, &id);
	assert_text(buffer_all(&text), PEER);
	assert_string_equal(peer_id_show(&id).text, PEER);
	assert_int_equal(peer_id_decode(&again, buffer_all(&text)), 0);
	assert_true(peer_id_equal(&id, &again));
	buffer_free(&text);
}

static void
a_long_key_is_hashed_into_its_peer_id(void ** state)
{
	uint8_t key[300] = {8, 0, 18, 0xa7, 2};
	struct slice bytes = BYTES(key);
	struct public_key parsed;
	struct peer_id id;
	uint8_t digest[32];

	(void)state;
	assert_int_equal(public_key_parse(&parsed, bytes), 0);
	assert_int_equal(parsed.type, KEY_RSA);
	assert_int_equal(parsed.data.n, 295);
	peer_id_from_public_key(&id, bytes);
	sha256(digest, &bytes, 1);
	assert_int_equal(id.n, 34);
	assert_memory_equal(id.bytes, "\x12\x20", 2);
	assert_memory_equal(id.bytes + 2, digest, 32);
	assert_int_equal(peer_id_key(&id).n, 0);
}

static void
malformed_keys_and_ids_are_refused(void ** state)
{
	static const char * const keys[] = {"", "0801", "08011220", "0801121f"
	    PUB, "08011220" PUB "00", "08041220" PUB, "1220" PUB "0801",
	    "08021220" PUB, "08001200"};
	static const char * const ids[] = {"", "00", "0000", "0024", "0025"
	    PUB, "1221" PUB "00", "1320" PUB, "002408011220" PUB "00"};
	struct buffer bytes = {0};
	struct public_key key;
	struct peer_id id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		buffer_clear(&bytes);
		assert_int_equal(public_key_parse(&key,
		    bytes_hex(&bytes, keys[i])), -ERR_DESERIALIZATION);
	}
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		buffer_clear(&bytes);
		assert_int_equal(peer_id_parse(&id,
		    bytes_hex(&bytes, ids[i])), -ERR_DESERIALIZATION);
	}
	assert_int_equal(peer_id_decode(&id, slice_text("12D3Koo")),
	    -ERR_DESERIALIZATION);
	assert_int_equal(peer_id_decode(&id, slice_text("hello")),
	    -ERR_DESERIALIZATION);
	buffer_free(&bytes);
}

static void
a_private_key_must_fit_its_public_key(void ** state)
{
	uint8_t seed[32] = {5}, bytes[100], again[32];
	struct ed25519_key key;

	(void)state;
	ed25519_from_seed(&key, seed);
	private_key_from_ed25519(bytes, key.seed, key.pub);
	assert_int_equal(private_key_parse(again, slice_of(bytes, 68)), 0);
	assert_memory_equal(again, seed, 32);
	/* The old form of 96 bytes repeats the public key. */
	bytes[3] = 96;
	memcpy(bytes + 68, key.pub, 32);
	assert_int_equal(private_key_parse(again, slice_of(bytes, 100)), 0);
	bytes[99] ^= 1;
	assert_int_equal(private_key_parse(again, slice_of(bytes, 100)),
	    -ERR_DESERIALIZATION);
	bytes[3] = 64;
	bytes[40] ^= 1;
	assert_int_equal(private_key_parse(again, slice_of(bytes, 68)),
	    -ERR_DESERIALIZATION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cid_names_its_data_and_no_other),
	    cmocka_unit_test(a_cid_of_version_0_is_its_multihash),
	    cmocka_unit_test(malformed_cids_are_refused),
	    cmocka_unit_test(a_cid_is_read_from_the_front_of_more),
	    cmocka_unit_test(an_ed25519_peer_id_holds_its_key),
	    cmocka_unit_test(a_long_key_is_hashed_into_its_peer_id),
	    cmocka_unit_test(malformed_keys_and_ids_are_refused),
	    cmocka_unit_test(a_private_key_must_fit_its_public_key),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
