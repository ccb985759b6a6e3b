#include "support/bytes.h"

#include "base/error.h"
#include "p2p/peer_record.h"

/* The first record of tests/vectors/log/peerid.json, made by go-libp2p. */
static const char go_envelope[] =
    "0a240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc86641255"
    "31b8120203011a4d0a2600240801122003a107bff3ce10be1d70dd18e74bc09967e4d630"
    "9ba50d5f1ddc8664125531b8108080a8b1e39fe7cb171a0a0a080401020304060fa11a0d"
    "0a0b040102030491020fa1cd032a401f675e28afb29ee34d71ff28da0d866b23f0d16042"
    "aa46e8eea5bb6152343ac30e28154d274d1cdfccdc456a30fcf51a73557c2b3be479b43c"
    "16eee779151c03";

static struct ed25519_key
key_of(uint8_t first)
{
	struct ed25519_key key;
	uint8_t seed[32];
	size_t i;

	for (i = 0; i < 32; i++)
		seed[i] = (uint8_t)(first + i);
	ed25519_from_seed(&key, seed);
	return (key);
}

static void
a_record_of_go_opens_and_is_sealed_to_the_same_bytes(void ** state)
{
	struct ed25519_key key = key_of(0);
	struct buffer envelope = {0}, again = {0};
	struct peer_record record = {0};
	struct peer_id id;

	(void)state;
	assert_int_equal(0, peer_record_open(&record,
	    bytes_hex(&envelope, go_envelope)));
	peer_id_from_ed25519(&id, key.pub);
	assert_true(peer_id_equal(&id, &record.peer));
	assert_true(record.seq == 1700000000000000000U);
	assert_int_equal(2, record.n);
	peer_record_seal(&again, &record, &key);
	assert_true(slice_equal(buffer_all(&envelope), buffer_all(&again)));
	peer_record_free(&record);
	buffer_free(&envelope);
	buffer_free(&again);
}

static void
no_byte_of_an_envelope_can_be_changed(void ** state)
{
	struct buffer envelope = {0};
	struct peer_record record = {0};
	size_t i;

	(void)state;
	bytes_hex(&envelope, go_envelope);
	for (i = 0; i < envelope.n; i++) {
		envelope.p[i] ^= 1;
		assert_int_not_equal(0, peer_record_open(&record,
		    buffer_all(&envelope)));
		assert_null(record.addresses.p);
		envelope.p[i] ^= 1;
	}
	for (i = 0; i < envelope.n; i++)
		assert_int_not_equal(0, peer_record_open(&record,
		    slice_of(envelope.p, i)));
	buffer_free(&envelope);
}

/* A signer that puts another peer's id into its record. */
static void
a_record_of_another_peer_than_the_signer_is_refused(void ** state)
{
	static const uint8_t type[2] = {3, 1};
	struct ed25519_key signer = key_of(0), other = key_of(32);
	struct buffer payload = {0}, text = {0}, envelope = {0};
	struct peer_record record = {0};
	uint8_t pub[36], sig[64];
	struct peer_id id;

	(void)state;
	peer_id_from_ed25519(&id, other.pub);
	buffer_append(&payload, "\x0a\x26", 2);
	buffer_slice(&payload, peer_id_slice(&id));
	buffer_append(&payload, "\x10\x01", 2);
	buffer_append(&text, "\x12libp2p-peer-record\x02", 20);
	buffer_append(&text, type, 2);
	buffer_uvarint(&text, payload.n);
	buffer_slice(&text, buffer_all(&payload));
	ed25519_sign(sig, &signer, buffer_all(&text));
	public_key_from_ed25519(pub, signer.pub);
	buffer_append(&envelope, "\x0a\x24", 2);
	buffer_append(&envelope, pub, 36);
	buffer_append(&envelope, "\x12\x02\x03\x01\x1a", 5);
	buffer_uvarint(&envelope, payload.n);
	buffer_slice(&envelope, buffer_all(&payload));
	buffer_append(&envelope, "\x2a\x40", 2);
	buffer_append(&envelope, sig, 64);
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    peer_record_open(&record, buffer_all(&envelope)));
	buffer_free(&payload);
	buffer_free(&text);
	buffer_free(&envelope);
}

static int
open_with_addresses(size_t n)
{
	struct ed25519_key key = key_of(0);
	struct peer_record record = {.seq = 1}, opened = {0};
	struct buffer envelope = {0};
	int status;
	size_t i;

	for (i = 0; i < n; i++) {
		buffer_byte(&record.addresses, 8);
		buffer_append(&record.addresses,
		    "\x04\x01\x02\x03\x04\x06\x0f\xa1", 8);
	}
	peer_record_seal(&envelope, &record, &key);
	status = peer_record_open(&opened, buffer_all(&envelope));
	peer_record_free(&record);
	peer_record_free(&opened);
	buffer_free(&envelope);
	return (status);
}

static void
at_most_128_addresses_are_read(void ** state)
{
	(void)state;
	assert_int_equal(0, open_with_addresses(PEER_RECORD_ADDRESSES));
	assert_int_equal(-ERR_DESERIALIZATION,
	    open_with_addresses(PEER_RECORD_ADDRESSES + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_record_of_go_opens_and_is_sealed_to_the_same_bytes),
		cmocka_unit_test(no_byte_of_an_envelope_can_be_changed),
		cmocka_unit_test(
		    a_record_of_another_peer_than_the_signer_is_refused),
		cmocka_unit_test(at_most_128_addresses_are_read),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
