/* Messages of groups: messages. */
#include "base/error.h"
#include "codec/multibase.h"
#include "group/chain_key.h"
#include "group/group_keys.h"
#include "group/message.h"
#include "group/wire.h"
#include "kat.h"
#include "kat_group.h"

/* The most steps that a vector may make a chain take. */
#define STEPS_MAX 100000

static void
read_message_group(struct kat * k, const cJSON * in, struct group_info * g)
{
	if (kat_has(in, "group")) {
		kat_group_info(k, g,
		    kat_hex(k, kat_object(k, in, "group"), "marshaled"));
		return;
	}
	g->has_secret = true;
	memcpy(g->secret, kat_sized(k, in, "group_secret", 32), 32);
	if (kat_has(in, "group_public_key"))
		memcpy(g->pk, kat_sized(k, in, "group_public_key", 32), 32);
}

/* The attachments, whose secrets are told by the clear message alone. */
static size_t
read_attachments(struct kat * k, const struct kat_vector * v,
    struct event_attachment * list, size_t max)
{
	const cJSON * cids = kat_member(v->outputs,
	    "opened_attachment_cids");
	struct slice metadata = {NULL, 0};
	struct wire_field f;
	struct reader r;
	size_t n = 0;

	(void)wire_find(kat_hex(k, v->outputs, "encrypted_message_clear"), 2,
	    &metadata);
	r = reader_of(metadata);
	while (n < max && wire_next(&r, &f)) {
		list[n].secret = f.bytes;
		list[n].cid = kat_hex_item(k, cJSON_GetArrayItem(cids, (int)n));
		n++;
	}
	return (n);
}

/* The chain right before the vector's message. */
static bool
wind(struct kat * k, const struct kat_vector * v, struct chain_key * c,
    const struct group_info * g)
{
	uint64_t target = kat_dec(k, v->outputs, "counter_dec") - 1;
	uint8_t key[32];

	c->counter = kat_dec(k, v->inputs, "initial_counter_dec");
	memcpy(c->key, kat_sized(k, v->inputs, "initial_chain_key", 32), 32);
	if (target - c->counter > STEPS_MAX) {
		kat_fail(k, "the counter is too far");
		return (false);
	}
	while (c->counter != target)
		chain_key_step(c, key, g->pk);
	return (true);
}

static void
expect_opened(struct kat * k, const struct kat_vector * v,
    const struct group_info * g, const uint8_t key[32],
    const struct event_attachment * list, size_t n)
{
	struct slice envelope = kat_hex(k, v->outputs, "envelope");
	struct message_headers h;
	struct message m;
	size_t i;

	if (message_open_headers(&h, envelope, g) != 0 ||
	    message_open(&m, envelope, &h, key, g, kat_network(v)) != 0) {
		kat_fail(k, "the message does not open");
		return;
	}
	kat_expect_number(k, v->outputs, "counter_dec", h.counter);
	kat_expect_if(k, v->outputs, "sig", BYTES(h.sig));
	kat_expect(k, v->inputs, "plaintext", m.plaintext);
	kat_expect(k, v->outputs, "encrypted_message_clear", m.clear);
	kat_number(k, "attachments", n, m.attached.n);
	for (i = 0; i < n && i < m.attached.n; i++) {
		kat_bytes(k, "attachment CID", list[i].cid, m.attached.cids[i]);
		kat_bytes(k, "attachment secret", list[i].secret,
		    m.attached.secrets[i]);
	}
	message_free(&m);
}

/* Go derives ahead for each message opened: 1 in wesh, 100 in berty. */
static void
expect_ahead(struct kat * k, const struct kat_vector * v)
{
	uint64_t initial = kat_dec(k, v->inputs, "initial_counter_dec");
	uint64_t n = kat_dec(k, v->outputs, "counter_dec") - initial;
	uint64_t each =
	    kat_network(v)->random_counter ? CHAIN_KEY_WINDOW : 1;

	if (kat_has(v->outputs, "receiver_chain_counter_after_dec"))
		kat_expect_number(k, v->outputs,
		    "receiver_chain_counter_after_dec",
		    initial + CHAIN_KEY_WINDOW + n * each);
}

/* The envelope's fields, and the headers in clear. */
static void
expect_parts(struct kat * k, const cJSON * out, struct slice envelope,
    const struct group_info * g)
{
	const cJSON * cids = kat_member(out,
	    "encrypted_attachment_cids");
	struct buffer * clear = kat_buffer(k);
	struct reader r = reader_of(envelope);
	struct message_parts parts;
	struct wire_field f;
	int n = 0;

	if (message_split(&parts, envelope) != 0) {
		kat_fail(k, "the envelope does not parse");
		return;
	}
	kat_expect_if(k, out, "message_headers", parts.headers);
	kat_expect_if(k, out, "message", parts.box);
	kat_expect_if(k, out, "nonce", parts.nonce);
	kat_true(k, "the headers open", secretbox_open(clear, g->secret,
	    parts.nonce.p, parts.headers) == 0);
	kat_expect_if(k, out, "headers_clear", buffer_all(clear));
	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, 4))
			kat_bytes(k, "attachment CID, sealed",
			    kat_hex_item(k, cJSON_GetArrayItem(cids, n++)),
			    f.bytes);
	kat_number(k, "attachment CIDs, sealed",
	    (uint64_t)cJSON_GetArraySize(cids), (uint64_t)n);
}

static void
check_message(struct kat * k, const struct kat_vector * v)
{
	struct slice random = kat_hex(k, v->inputs, "random");
	struct buffer * out = kat_buffer(k);
	struct event_attachment list[8];
	struct ed25519_key device;
	struct group_info g = {0};
	struct chain_key c;
	uint8_t key[32];
	size_t n = read_attachments(k, v, list, 8);

	read_message_group(k, v->inputs, &g);
	ed25519_from_seed(&device,
	    kat_sized(k, v->inputs, "device_seed", 32));
	if (random.n < 24 * (n + 1) || !wind(k, v, &c, &g)) {
		kat_fail(k, "random is short");
		return;
	}
	message_seal(out, kat_hex(k, v->inputs, "plaintext"), &c, &device, &g,
	    random.p, list, n, key);
	kat_expect(k, v->outputs, "envelope", buffer_all(out));
	kat_expect_if(k, v->outputs, "message_key", BYTES(key));
	expect_parts(k, v->outputs, buffer_all(out), &g);
	expect_opened(k, v, &g, key, list, n);
	expect_ahead(k, v);
}

static void
check_headers(struct kat * k, const struct kat_vector * v)
{
	struct message_headers h;
	struct group_info g = {0};

	read_message_group(k, v->inputs, &g);
	kat_error_name(k, v->outputs,
	    message_open_headers(&h, kat_hex(k, v->inputs, "envelope"), &g));
}

const struct kat_check kat_message_checks[] = {
    {NULL, "*ealEnvelope*", "message *", check_message},
    {NULL, NULL, "altered header*", check_headers},
    {0},
};
