#include "support/bytes.h"

#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "contact/handshake.h"
#include "handshake/handshake.pb-c.h"

/* Two accounts, and a handshake between them. */
struct pair {
	struct ed25519_key alice, bob;
	struct handshake * asks, * answers;
};

static const uint8_t ephemeral_a[32] = {1, 2, 3};
static const uint8_t ephemeral_b[32] = {4, 5, 6};

static void
pair_to(struct pair * p, const uint8_t * contact_pk, bool has_seed)
{
	struct shareable_contact own = {.has_pk = true, .has_seed = has_seed,
	    .seed = {9}, .metadata = slice_text("alice")};
	uint8_t seed[32] = {1};

	ed25519_from_seed(&p->alice, seed);
	seed[0] = 2;
	ed25519_from_seed(&p->bob, seed);
	memcpy(own.pk, p->alice.pub, 32);
	p->asks = handshake_request(&p->alice,
	    contact_pk == NULL ? p->bob.pub : contact_pk, ephemeral_a, &own);
	p->answers = handshake_respond(&p->bob, ephemeral_b);
	assert_non_null(p->asks);
	assert_non_null(p->answers);
}

static void
pair_new(struct pair * p)
{
	pair_to(p, NULL, true);
}

static void
pair_free(struct pair * p)
{
	handshake_free(p->asks);
	handshake_free(p->answers);
}

/* What one says, the other hears; the status of hearing it. */
static int
pass(struct handshake * from, struct handshake * to, struct error * err)
{
	struct buffer out = {0};
	int status;

	handshake_output(from, &out);
	assert_true(out.n > 0);
	status = handshake_input(to, buffer_all(&out), err);
	buffer_free(&out);
	return (status);
}

/* The first n of the five passages go well. */
static void
proceed(struct pair * p, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (i % 2 == 0)
			assert_true(pass(p->asks, p->answers, NULL) >= 0);
		else
			assert_true(pass(p->answers, p->asks, NULL) >= 0);
	}
}

static int
hear_hex(struct handshake * h, const char * hex, struct error * err)
{
	struct buffer b = {0};
	int status;

	status = handshake_input(h, bytes_hex(&b, hex), err);
	buffer_free(&b);
	return (status);
}

static void
hear(struct handshake * h, const void * message, struct error * err)
{
	struct buffer b = {0};

	protobuf_encode_prefixed(&b, message);
	assert_true(handshake_input(h, buffer_all(&b), err) < 0);
	buffer_free(&b);
}

static void
assert_chain(const struct error * err, int first, int second, int third,
    int fourth)
{
	int expected[4] = {first, second, third, fourth}, i;

	for (i = 0; i < 4 && expected[i] != 0; i++)
		assert_int_equal(err->code[i], expected[i]);
	assert_int_equal(err->n, i);
}

static void
both_sides_learn_what_they_should(void ** state)
{
	const struct shareable_contact * c;
	struct pair p;

	(void)state;
	pair_new(&p);
	assert_int_equal(pass(p.asks, p.answers, NULL), 0);
	assert_int_equal(pass(p.answers, p.asks, NULL), 0);
	assert_int_equal(pass(p.asks, p.answers, NULL), 0);
	assert_int_equal(pass(p.answers, p.asks, NULL), 1);
	assert_int_equal(pass(p.asks, p.answers, NULL), 1);
	c = handshake_contact(p.answers);
	assert_memory_equal(c->pk, p.alice.pub, 32);
	assert_true(c->has_seed);
	assert_int_equal(c->seed[0], 9);
	assert_text(c->metadata, "alice");
	pair_free(&p);
}

static void
a_requester_without_a_seed_is_heard(void ** state)
{
	struct pair p;

	(void)state;
	pair_to(&p, NULL, false);
	proceed(&p, 4);
	assert_int_equal(pass(p.asks, p.answers, NULL), 1);
	assert_false(handshake_contact(p.answers)->has_seed);
	pair_free(&p);
}

static void
frames_may_come_byte_by_byte(void ** state)
{
	struct handshake * from, * to, * swap;
	struct pair p;
	struct buffer out = {0};
	int status = 0, i;
	size_t at, last;

	(void)state;
	pair_new(&p);
	from = p.asks;
	to = p.answers;
	for (i = 0; i < 5; i++) {
		buffer_clear(&out);
		handshake_output(from, &out);
		for (at = 0; at < out.n; at++) {
			last = i == 3 || i == 4 ? out.n - 1 : out.n;
			status = handshake_input(to, slice_of(out.p + at, 1),
			    NULL);
			assert_int_equal(status, at == last);
		}
		swap = from;
		from = to;
		to = swap;
	}
	assert_int_equal(status, 1);
	assert_text(handshake_contact(p.answers)->metadata, "alice");
	buffer_free(&out);
	pair_free(&p);
}

static void
a_frame_of_2048_bytes_is_read_and_one_more_is_not(void ** state)
{
	static const int step[4][3] = {
	    {ERR_HANDSHAKE_REQUESTER_HELLO,
	        ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV, ERR_STREAM_READ},
	    {ERR_HANDSHAKE_REQUESTER_AUTHENTICATE, ERR_STREAM_READ, 0},
	    {ERR_HANDSHAKE_REQUESTER_ACKNOWLEDGE, ERR_STREAM_READ, 0},
	};
	struct error err = {0};
	struct pair p;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		pair_new(&p);
		proceed(&p, i == 0 ? 0 : i == 1 ? 2 : 4);
		assert_int_equal(hear_hex(p.answers, "80", &err), 0);
		assert_int_equal(hear_hex(p.answers, "10", &err), 0);
		pair_free(&p);
		pair_new(&p);
		proceed(&p, i == 0 ? 0 : i == 1 ? 2 : 4);
		assert_true(hear_hex(p.answers, "8110", &err) < 0);
		assert_chain(&err, step[i][0], step[i][1], step[i][2], 0);
		pair_free(&p);
	}
	pair_new(&p);
	proceed(&p, 3);
	assert_true(hear_hex(p.asks, "ffff7f", &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_RESPONDER_ACCEPT, ERR_STREAM_READ, 0,
	    0);
	pair_free(&p);
}

static void
an_ephemeral_key_is_32_bytes(void ** state)
{
	const char * hello = "210a1f00000000000000000000000000000000000000"
	    "000000000000000000000000";
	struct error err = {0};
	struct pair p;

	(void)state;
	pair_new(&p);
	assert_true(hear_hex(p.answers, hello, &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_HELLO,
	    ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV, ERR_SERIALIZATION,
	    ERR_INVALID_INPUT);
	assert_true(hear_hex(p.asks, hello, &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_RESPONDER_HELLO,
	    ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV, ERR_SERIALIZATION,
	    ERR_INVALID_INPUT);
	pair_free(&p);
}

static void
a_key_that_makes_a_zero_secret_is_refused(void ** state)
{
	const char * zero = "220a200000000000000000000000000000000000000000"
	    "000000000000000000000000000000";
	struct error err = {0};
	struct buffer out = {0};
	struct pair p;

	(void)state;
	pair_new(&p);
	assert_true(hear_hex(p.answers, zero, &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_RESPONDER_HELLO,
	    ERR_CRYPTO_KEY_CONVERSION, 0, 0);
	handshake_output(p.answers, &out);
	assert_int_equal(out.n, 0);
	assert_true(hear_hex(p.asks, zero, &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_RESPONDER_HELLO,
	    ERR_CRYPTO_KEY_CONVERSION, 0, 0);
	pair_free(&p);
}

static void
what_is_no_protobuf_is_refused(void ** state)
{
	struct error err = {0};
	struct pair p;

	(void)state;
	pair_new(&p);
	assert_true(hear_hex(p.answers, "0107", &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_HELLO,
	    ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV, ERR_STREAM_READ, 0);
	pair_free(&p);
	pair_new(&p);
	proceed(&p, 4);
	assert_true(hear_hex(p.answers, "0107", &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_ACKNOWLEDGE,
	    ERR_STREAM_READ, 0, 0);
	pair_free(&p);
}

static void
a_wrong_responder_cannot_open_what_it_gets(void ** state)
{
	struct ed25519_key carol;
	uint8_t seed[32] = {3};
	struct error err = {0};
	struct buffer out = {0};
	struct pair p;

	(void)state;
	ed25519_from_seed(&carol, seed);
	pair_to(&p, carol.pub, true);
	proceed(&p, 2);
	assert_true(pass(p.asks, p.answers, &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_CRYPTO_DECRYPT, 0, 0);
	handshake_output(p.answers, &out);
	assert_int_equal(out.n, 0);
	assert_true(hear_hex(p.answers, "020801", &err) < 0);
	pair_free(&p);
}

static void
a_contact_key_that_is_no_key_is_refused(void ** state)
{
	uint8_t zero[32] = {0};
	struct error err = {0};
	struct pair p;

	(void)state;
	pair_to(&p, zero, true);
	proceed(&p, 1);
	assert_true(pass(p.answers, p.asks, &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_HANDSHAKE_REQUESTER_AUTHENTICATE_BOX_KEY_GEN,
	    ERR_CRYPTO_KEY_CONVERSION, 0);
	pair_free(&p);
}

/* Box 3 as the protocol makes it, around any bytes. */
static void
forge_authenticate(struct pair * p, struct slice clear, struct error * err)
{
	Handshake__BoxEnvelope envelope = HANDSHAKE__BOX_ENVELOPE__INIT;
	uint8_t b[32], bob[32], key[32];
	uint8_t ab[32] = {0}, ab2[32] = {0};
	struct slice pieces[2] = {BYTES(ab), BYTES(ab2)};
	uint8_t nonce[24] = {1};
	struct buffer box = {0};

	x25519_base(b, ephemeral_b);
	assert_int_equal(x25519_public_of(bob, p->bob.pub), 0);
	assert_int_equal(box_key(ab, ephemeral_a, b), 0);
	assert_int_equal(box_key(ab2, ephemeral_a, bob), 0);
	sha256(key, pieces, 2);
	secretbox_seal(&box, key, nonce, clear);
	envelope.box = protobuf_bytes(buffer_all(&box));
	proceed(p, 2);
	hear(p->answers, &envelope, err);
	buffer_free(&box);
}

static void
forge_identity(struct slice id, struct slice sig, struct error * err)
{
	Handshake__RequesterAuthenticatePayload payload =
	    HANDSHAKE__REQUESTER_AUTHENTICATE_PAYLOAD__INIT;
	struct buffer clear = {0};
	struct pair p;

	pair_new(&p);
	payload.requester_account_id = protobuf_bytes(id);
	payload.requester_account_sig = protobuf_bytes(sig);
	protobuf_encode(&clear, &payload);
	forge_authenticate(&p, buffer_all(&clear), err);
	buffer_free(&clear);
	pair_free(&p);
}

static void
a_requester_must_prove_its_key(void ** state)
{
	uint8_t id[36], sig[64] = {0}, seed[32] = {1};
	struct ed25519_key alice;
	struct error err = {0};
	struct pair p;

	(void)state;
	ed25519_from_seed(&alice, seed);
	public_key_from_ed25519(id, alice.pub);
	forge_identity(BYTES(id), BYTES(sig), &err);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_CRYPTO_SIGNATURE_VERIFICATION, 0, 0);
	forge_identity(BYTES(id), slice_of(sig, 63), &err);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_CRYPTO_SIGNATURE_VERIFICATION, 0, 0);
	forge_identity(slice_of(id, 35), BYTES(sig), &err);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_DESERIALIZATION, 0, 0);
	pair_new(&p);
	forge_authenticate(&p, slice_text("\x07"), &err);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_DESERIALIZATION, 0, 0);
	pair_free(&p);
}

static void
a_requester_with_another_kind_of_key_is_refused(void ** state)
{
	uint8_t id[37] = {8, KEY_SECP256K1, 0x12, 33, 2, 1}, sig[64] = {0};
	struct error err = {0};

	(void)state;
	forge_identity(BYTES(id), BYTES(sig), &err);
	assert_chain(&err, ERR_HANDSHAKE_RESPONDER_ACCEPT,
	    ERR_HANDSHAKE_RESPONDER_ACCEPT_BOX_KEY_GEN,
	    ERR_CRYPTO_KEY_CONVERSION, 0);
}

static void
a_responder_must_prove_its_key(void ** state)
{
	Handshake__BoxEnvelope envelope = HANDSHAKE__BOX_ENVELOPE__INIT;
	uint8_t box[96] = {5};
	struct error err = {0};
	struct pair p;

	(void)state;
	pair_new(&p);
	proceed(&p, 3);
	envelope.box = protobuf_bytes(BYTES(box));
	hear(p.asks, &envelope, &err);
	assert_chain(&err, ERR_HANDSHAKE_RESPONDER_ACCEPT, ERR_CRYPTO_DECRYPT,
	    0, 0);
	pair_free(&p);
}

static void
a_requester_that_gives_up_is_not_recorded(void ** state)
{
	struct error err = {0};
	struct pair p;

	(void)state;
	pair_new(&p);
	proceed(&p, 4);
	assert_true(hear_hex(p.answers, "00", &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_ACKNOWLEDGE,
	    ERR_INVALID_INPUT, 0, 0);
	pair_free(&p);
}

static void
hear_contact(const struct shareable_contact * c, struct error * err)
{
	struct buffer bytes = {0}, frame = {0};
	struct pair p;

	pair_new(&p);
	proceed(&p, 4);
	shareable_contact_encode(&bytes, c);
	buffer_text(&frame, "\x02\x08\x01");
	buffer_uvarint(&frame, bytes.n);
	buffer_slice(&frame, buffer_all(&bytes));
	assert_true(handshake_input(p.answers, buffer_all(&frame), err) < 0);
	buffer_free(&bytes);
	buffer_free(&frame);
	pair_free(&p);
}

static void
the_last_message_must_name_who_shook_hands(void ** state)
{
	struct shareable_contact c = {.has_pk = true, .pk = {7}};
	struct error err = {0};

	(void)state;
	hear_contact(&c, &err);
	assert_chain(&err, ERR_INVALID_INPUT, 0, 0, 0);
	c.has_pk = false;
	hear_contact(&c, &err);
	assert_chain(&err, ERR_INVALID_INPUT, 0, 0, 0);
}

static void
a_replayed_authentication_is_refused(void ** state)
{
	static const uint8_t other[32] = {8};
	struct buffer first = {0}, second = {0};
	struct handshake * again;
	struct error err = {0};
	struct pair p;

	(void)state;
	pair_new(&p);
	handshake_output(p.asks, &first);
	assert_int_equal(handshake_input(p.answers, buffer_all(&first), NULL),
	    0);
	assert_int_equal(pass(p.answers, p.asks, NULL), 0);
	handshake_output(p.asks, &second);
	again = handshake_respond(&p.bob, other);
	assert_int_equal(handshake_input(again, buffer_all(&first), NULL), 0);
	assert_true(handshake_input(again, buffer_all(&second), &err) < 0);
	assert_chain(&err, ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
	    ERR_CRYPTO_DECRYPT, 0, 0);
	handshake_free(again);
	buffer_free(&first);
	buffer_free(&second);
	pair_free(&p);
}

static int
setup(void ** state)
{
	(void)state;
	return (crypto_setup());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_learn_what_they_should),
		cmocka_unit_test(a_requester_without_a_seed_is_heard),
		cmocka_unit_test(frames_may_come_byte_by_byte),
		cmocka_unit_test(
		    a_frame_of_2048_bytes_is_read_and_one_more_is_not),
		cmocka_unit_test(an_ephemeral_key_is_32_bytes),
		cmocka_unit_test(a_key_that_makes_a_zero_secret_is_refused),
		cmocka_unit_test(what_is_no_protobuf_is_refused),
		cmocka_unit_test(a_wrong_responder_cannot_open_what_it_gets),
		cmocka_unit_test(a_contact_key_that_is_no_key_is_refused),
		cmocka_unit_test(a_requester_must_prove_its_key),
		cmocka_unit_test(
		    a_requester_with_another_kind_of_key_is_refused),
		cmocka_unit_test(a_responder_must_prove_its_key),
		cmocka_unit_test(a_requester_that_gives_up_is_not_recorded),
		cmocka_unit_test(the_last_message_must_name_who_shook_hands),
		cmocka_unit_test(a_replayed_authentication_is_refused),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
