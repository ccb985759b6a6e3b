/* What is sealed for members, relays and devices, bent out of shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "group/metadata.h"
#include "group/out_of_store.h"
#include "group/push.h"
#include "group/wire.h"

static const uint8_t random_bytes[24 * 4] = {1, 2, 3};

static struct ed25519_key
key_of(uint8_t n)
{
	const uint8_t seed[32] = {n};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	return (key);
}

static struct group_info
new_group(void)
{
	struct ed25519_key a = key_of(1), b = key_of(2), key;
	struct group_info g;

	group_of_members(&g, &key, a.seed, b.seed);
	return (g);
}

/* --- invitations ---------------------------------------------------------- */

static void
a_link_key_in_an_invitation_does_not_override_the_secret(void ** state)
{
	struct group_info g = new_group();
	uint8_t before[32], after[32];

	(void)state;
	group_link_key(before, &g);
	g.has_link_key = true;
	memset(g.link_key, 7, 32);
	group_link_key(after, &g);
	assert_memory_equal(before, after, 32);
}

static void
an_invitation_with_a_false_link_key_signature_is_refused(void ** state)
{
	struct group_info g = new_group();

	(void)state;
	assert_int_equal(group_verify(&g), 0);
	g.link_key_sig[0] ^= 1;
	assert_int_equal(group_verify(&g), -ERR_CRYPTO_SIGNATURE_VERIFICATION);
}

static void
a_group_with_a_field_of_another_size_is_refused(void ** state)
{
	static const unsigned fields[] = {1, 2, 3, 5, 6, 7};
	uint8_t bytes[65] = {1};
	struct group_info g;
	struct buffer b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		buffer_clear(&b);
		if (fields[i] != 1)
			wire_put_bytes(&b, 1, slice_of(bytes, 32));
		wire_put_bytes(&b, fields[i], slice_of(bytes, 31));
		assert_int_equal(group_info_decode(&g, buffer_all(&b)),
		    -ERR_DESERIALIZATION);
		b.n -= 33;
		wire_put_bytes(&b, fields[i], slice_of(bytes, 65));
		assert_int_equal(group_info_decode(&g, buffer_all(&b)),
		    -ERR_DESERIALIZATION);
	}
	assert_int_equal(group_info_decode(&g, slice_of(NULL, 0)),
	    -ERR_DESERIALIZATION);
	buffer_free(&b);
}

static void
a_contact_key_that_is_no_point_gives_no_group(void ** state)
{
	struct ed25519_key own = key_of(1);
	struct group_info g;
	uint8_t bad[32] = {0};

	(void)state;
	assert_int_equal(group_of_contact(&g, NULL, &own, bad),
	    -ERR_CRYPTO_KEY_CONVERSION);
}

/* --- events --------------------------------------------------------------- */

static void
seal_app_event(struct buffer * out, const struct group_info * g,
    const struct event_attachment * list, size_t n)
{
	struct ed25519_key device = key_of(9);
	struct buffer payload = {0};

	wire_put_bytes(&payload, 1, slice_of(device.pub, 32));
	metadata_seal(out, g, EVENT_APP_METADATA, buffer_all(&payload),
	    &device, random_bytes, list, n);
	buffer_free(&payload);
}

static void
an_event_with_more_cids_than_secrets_fails_where_attachments_are_known(
    void ** state)
{
	const struct event_attachment list[] = {
	    {slice_text("cid"), slice_text("secret")}};
	struct group_info g = new_group();
	struct buffer envelope = {0};
	struct metadata_event e;

	(void)state;
	seal_app_event(&envelope, &g, list, 1);
	attached_put_cids(&envelope, 3, &g, random_bytes, list, 1);
	assert_int_equal(metadata_open(&e, buffer_all(&envelope), &g,
	    network_get(NETWORK_BERTY_V1), NULL), -ERR_DESERIALIZATION);
	assert_int_equal(metadata_open(&e, buffer_all(&envelope), &g,
	    network_get(NETWORK_WESH), NULL), 0);
	assert_int_equal(e.attached.n, 0);
	metadata_event_free(&e);
	buffer_free(&envelope);
}

static void
a_sealed_cid_too_short_for_its_tag_fails(void ** state)
{
	struct group_info g = new_group();
	struct buffer envelope = {0};
	struct metadata_event e;

	(void)state;
	seal_app_event(&envelope, &g, NULL, 0);
	wire_put_message(&envelope, 3, slice_of(random_bytes, 39));
	assert_int_equal(metadata_open(&e, buffer_all(&envelope), &g, NULL,
	    NULL), -ERR_CRYPTO_DECRYPT);
	buffer_free(&envelope);
}

static void
an_event_cut_anywhere_does_not_open(void ** state)
{
	struct group_info g = new_group();
	struct buffer envelope = {0};
	struct metadata_event e;
	size_t n;

	(void)state;
	seal_app_event(&envelope, &g, NULL, 0);
	for (n = 0; n < envelope.n; n++)
		assert_int_not_equal(metadata_open(&e,
		    slice_of(envelope.p, n), &g, NULL, NULL), 0);
	buffer_free(&envelope);
}

static void
a_field_number_of_zero_and_a_varint_of_eleven_bytes_are_malformed(void ** state)
{
	static const uint8_t zero[] = {0x02, 0x00};
	static const uint8_t eleven[] = {0x08, 0x80, 0x80, 0x80, 0x80, 0x80,
	    0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
	static const uint8_t too_large[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0x02};
	static const uint8_t padded[] = {0x08, 0x81, 0x80, 0x00};
	struct slice found;
	struct reader r;
	struct wire_field f;

	(void)state;
	assert_int_not_equal(wire_find(slice_of(zero, 2), 1, &found), 0);
	assert_int_not_equal(wire_find(slice_of(eleven, 12), 1, &found), 0);
	assert_int_not_equal(wire_find(slice_of(too_large, 11), 1, &found), 0);
	r = reader_of(slice_of(padded, 4));
	assert_true(wire_next(&r, &f));
	assert_int_equal(f.value, 1);
}

/* --- chain keys ------------------------------------------------------------ */

static void
a_chain_key_opens_for_its_member_and_sender_only(void ** state)
{
	struct ed25519_key device = key_of(3), member = key_of(4);
	struct ed25519_key other = key_of(5);
	struct group_info g = new_group();
	struct chain_key c = {.key = {8}, .counter = UINT64_MAX}, opened;
	struct buffer payload = {0};

	(void)state;
	assert_int_equal(chain_key_seal(&payload, &c, &device, member.pub,
	    g.pk), 0);
	assert_int_equal(chain_key_open(&opened, buffer_all(&payload), &other,
	    device.pub, g.pk), -ERR_CRYPTO_DECRYPT);
	assert_int_equal(chain_key_open(&opened, buffer_all(&payload), &member,
	    other.pub, g.pk), -ERR_CRYPTO_DECRYPT);
	assert_int_equal(chain_key_open(&opened, buffer_all(&payload), &member,
	    device.pub, g.pk), 0);
	assert_true(opened.counter == UINT64_MAX);
	buffer_free(&payload);
}

/* --- out of the store, push -------------------------------------------------- */

/* A message out of the store, on a network. */
static void
seal_push(struct buffer * out, const struct group_info * g,
    enum network_id id, uint8_t key[32])
{
	struct ed25519_key device = key_of(6);
	struct chain_key c = {.key = {8}, .counter = UINT64_MAX};
	struct buffer envelope = {0};

	message_seal(&envelope, slice_text("wake up"), &c, &device, g,
	    random_bytes, NULL, 0, key);
	assert_int_equal(out_of_store_seal(out, g,
	    network_get(id)->reference_field, slice_text("cid"),
	    buffer_all(&envelope), random_bytes), 0);
	buffer_free(&envelope);
}

static void
a_message_out_of_the_store_opens_in_either_form(void ** state)
{
	struct group_info g = new_group();
	struct out_of_store_envelope e;
	struct out_of_store o;
	struct message m;
	struct buffer out = {0};
	uint8_t key[32];
	int id;

	(void)state;
	for (id = 0; id < NETWORK_COUNT; id++) {
		buffer_clear(&out);
		seal_push(&out, &g, (enum network_id)id, key);
		assert_int_equal(out_of_store_split(&e, buffer_all(&out)), 0);
		assert_int_equal(e.reference.n, 32);
		assert_int_equal(out_of_store_open(&o, &e, &g), 0);
		assert_int_equal(o.headers.counter, 0);
		assert_int_equal(message_open_box(&m, o.box, &o.headers, key),
		    0);
		assert_true(slice_equal(m.plaintext, slice_text("wake up")));
		message_free(&m);
		o.headers.sig[0] ^= 1;
		assert_int_equal(message_open_box(&m, o.box, &o.headers, key),
		    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
		out_of_store_free(&o);
	}
	buffer_free(&out);
}

static void
a_relay_forwards_a_box_up_to_its_limit(void ** state)
{
	struct buffer envelope = {0}, box = {0};

	(void)state;
	memset(buffer_grow(&box, PUSH_BOX_MAX + 1), 0, PUSH_BOX_MAX + 1);
	wire_put_bytes(&envelope, 1, slice_of(random_bytes, 24));
	wire_put_bytes(&envelope, 2, slice_of(box.p, PUSH_BOX_MAX));
	assert_int_equal(push_check(buffer_all(&envelope)), 0);
	buffer_clear(&envelope);
	wire_put_bytes(&envelope, 1, slice_of(random_bytes, 24));
	wire_put_bytes(&envelope, 2, buffer_all(&box));
	assert_int_equal(push_check(buffer_all(&envelope)),
	    -ERR_INVALID_INPUT);
	buffer_clear(&envelope);
	wire_put_bytes(&envelope, 1, slice_of(random_bytes, 23));
	assert_int_equal(push_check(buffer_all(&envelope)),
	    -ERR_INVALID_INPUT);
	buffer_free(&envelope);
	buffer_free(&box);
}

static void
a_pushed_payload_opens_for_its_device_only(void ** state)
{
	uint8_t relay[32] = {8}, device[32] = {16}, other[32] = {24};
	uint8_t relay_pk[32], device_pk[32];
	struct buffer exposed = {0}, opened = {0};

	(void)state;
	x25519_base(relay_pk, relay);
	x25519_base(device_pk, device);
	assert_int_equal(push_expose(&exposed, slice_text("payload"), relay,
	    device_pk, random_bytes), 0);
	assert_int_equal(push_exposed_open(&opened, buffer_all(&exposed),
	    relay_pk, other), -ERR_PUSH_UNABLE_TO_DECRYPT);
	assert_int_equal(push_exposed_open(&opened, slice_text("\xff"),
	    relay_pk, device), -ERR_PUSH_INVALID_PAYLOAD);
	assert_int_equal(push_exposed_open(&opened, buffer_all(&exposed),
	    relay_pk, device), 0);
	assert_true(slice_equal(buffer_all(&opened), slice_text("payload")));
	buffer_free(&exposed);
	buffer_free(&opened);
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
	    cmocka_unit_test(
	        a_link_key_in_an_invitation_does_not_override_the_secret),
	    cmocka_unit_test(
	        an_invitation_with_a_false_link_key_signature_is_refused),
	    cmocka_unit_test(a_group_with_a_field_of_another_size_is_refused),
	    cmocka_unit_test(a_contact_key_that_is_no_point_gives_no_group),
	    cmocka_unit_test(
	        an_event_with_more_cids_than_secrets_fails_where_attachments_are_known),
	    cmocka_unit_test(a_sealed_cid_too_short_for_its_tag_fails),
	    cmocka_unit_test(an_event_cut_anywhere_does_not_open),
	    cmocka_unit_test(
	        a_field_number_of_zero_and_a_varint_of_eleven_bytes_are_malformed),
	    cmocka_unit_test(a_chain_key_opens_for_its_member_and_sender_only),
	    cmocka_unit_test(a_message_out_of_the_store_opens_in_either_form),
	    cmocka_unit_test(a_relay_forwards_a_box_up_to_its_limit),
	    cmocka_unit_test(a_pushed_payload_opens_for_its_device_only),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
