/* Metadata events, messages out of the store, push: metadata, outofstore,
 * push. */
#include "base/error.h"
#include "group/metadata.h"
#include "group/out_of_store.h"
#include "group/push.h"
#include "group/token_id.h"
#include "group/wire.h"
#include "kat.h"
#include "kat_group.h"

static void
read_context(struct kat * k, const cJSON * context, struct group_info * g)
{
	kat_group_info(k, g, kat_hex(k, context, "group_marshaled"));
}

static void
check_context(struct kat * k, const struct kat_vector * v)
{
	struct group_info g = {0};
	struct ed25519_key key;

	read_context(k, v->inputs, &g);
	ed25519_from_seed(&key, kat_sized(k, v->inputs, "device_seed", 32));
	kat_expect(k, v->inputs, "device_public", BYTES(key.pub));
	ed25519_from_seed(&key, kat_sized(k, v->inputs, "member_seed", 32));
	kat_expect(k, v->inputs, "member_public", BYTES(key.pub));
}

static void
read_signer(struct kat * k, const struct kat_vector * v,
    struct ed25519_key * signer)
{
	const cJSON * context = kat_context(v, "group_marshaled");
	struct slice who = kat_str(k, v->inputs, "signer_str");
	const uint8_t * seed;

	if (slice_equal(who, slice_text("group")))
		seed = kat_sized(k, context, "group_private_raw64", 64);
	else
		seed = kat_sized(k, context, "device_seed", 32);
	ed25519_from_seed(signer, seed);
}

static void
expect_event(struct kat * k, const struct kat_vector * v,
    const struct group_info * g, const struct event_attachment * attachment)
{
	struct metadata_event e;
	struct error err = {0};

	if (metadata_open(&e, kat_hex(k, v->outputs, "envelope"), g,
	        kat_network(v), &err) != 0) {
		kat_fail(k, "the event does not open: %s", err.text);
		return;
	}
	kat_expect_number(k, v->inputs, "event_type_dec", e.type);
	kat_expect(k, v->inputs, "payload", e.payload);
	kat_expect(k, v->outputs, "sig", e.sig);
	kat_expect(k, v->outputs, "group_metadata_clear", e.metadata);
	kat_number(k, "attachments", attachment != NULL, e.attached.n);
	if (attachment != NULL && e.attached.n == 1) {
		kat_expect(k, v->outputs, "opened_attachment_cid",
		    e.attached.cids[0]);
		kat_bytes(k, "attachment secret", attachment->secret,
		    e.attached.secrets[0]);
	}
	metadata_event_free(&e);
}

/* A field of the envelope, where the vector tells it. */
static void
expect_field(struct kat * k, const cJSON * out, const char * key,
    struct slice envelope, unsigned number)
{
	struct slice bytes = {NULL, 0};

	if (!kat_has(out, key))
		return;
	kat_true(k, "the envelope parses",
	    wire_find(envelope, number, &bytes) == 0);
	kat_expect(k, out, key, bytes);
}

static void
check_event(struct kat * k, const struct kat_vector * v)
{
	const cJSON * context = kat_context(v, "group_marshaled");
	bool attached = kat_has(v->outputs, "encrypted_attachment_cid");
	struct slice random = kat_hex(k, v->inputs, "random");
	struct event_attachment attachment = {{NULL, 0}, {NULL, 0}};
	struct buffer * out = kat_buffer(k);
	struct group_info g = {0};
	struct ed25519_key signer;

	read_context(k, context, &g);
	read_signer(k, v, &signer);
	if (attached) {
		attachment.cid = kat_hex(k, context, "attachment_cid");
		attachment.secret = kat_hex(k, context, "attachment_secret");
	}
	if (random.n < (attached ? 48U : 24U)) {
		kat_fail(k, "random is short");
		return;
	}
	metadata_seal(out, &g, (unsigned)kat_dec(k, v->inputs, "event_type_dec"),
	    kat_hex(k, v->inputs, "payload"), &signer, random.p, &attachment,
	    attached);
	kat_expect(k, v->outputs, "envelope", buffer_all(out));
	expect_field(k, v->outputs, "nonce", buffer_all(out), 1);
	expect_field(k, v->outputs, "event", buffer_all(out), 2);
	expect_field(k, v->outputs, "encrypted_attachment_cid",
	    buffer_all(out), 3);
	expect_event(k, v, &g, attached ? &attachment : NULL);
}

/* The codes that Go names, with its placeholder as we replace it: 888 when it
 * comes first, else nothing. */
static int
expected_codes(struct kat * k, const cJSON * outputs,
    struct slice codes[ERROR_DEPTH])
{
	const cJSON * item;
	struct slice name;
	bool first = true;
	int n = 0;

	cJSON_ArrayForEach(item, kat_array(k, outputs, "error_codes_str")) {
		name = slice_text(cJSON_GetStringValue(item));
		if (slice_equal(name, slice_text("TODO")) && first)
			name = slice_text(error_name(ERR_INTERNAL));
		else if (slice_equal(name, slice_text("TODO")))
			continue;
		if (n < ERROR_DEPTH)
			codes[n++] = name;
		first = false;
	}
	return (n);
}

static void
check_bad_event(struct kat * k, const struct kat_vector * v)
{
	struct slice codes[ERROR_DEPTH];
	struct metadata_event e;
	struct group_info g = {0};
	struct error err = {0};
	int i, n = expected_codes(k, v->outputs, codes);

	read_context(k, kat_context(v, "group_marshaled"), &g);
	if (metadata_open(&e, kat_hex(k, v->inputs, "envelope"), &g,
	        kat_network(v), &err) == 0) {
		kat_fail(k, "the event opens");
		metadata_event_free(&e);
		return;
	}
	kat_number(k, "codes", (uint64_t)n, (uint64_t)err.n);
	for (i = 0; i < n && i < err.n; i++)
		kat_text(k, "code", codes[i],
		    slice_text(error_name(err.code[i])));
}

static void
check_token_id(struct kat * k, const struct kat_vector * v)
{
	char id[TOKEN_ID_SIZE + 1];

	token_id(id, kat_str(k, v->inputs, "authentication_url_str"),
	    kat_str(k, v->inputs, "token_str"));
	kat_expect(k, v->outputs, "token_id_str", slice_text(id));
}

/* --- out of the store --------------------------------------------------- */

static void
check_reference(struct kat * k, const struct kat_vector * v)
{
	const char * key = kat_has(v->inputs, "push_secret")
	    ? "push_secret" : "out_of_store_secret";
	struct group_info g = {.has_secret = true};
	uint8_t reference[32], secret[32];

	out_of_store_reference(reference, kat_sized(k, v->inputs, key, 32),
	    kat_sized(k, v->inputs, "device_public", 32),
	    kat_dec(k, v->inputs, "counter_dec"));
	kat_expect(k, v->outputs, "reference", BYTES(reference));
	if (!kat_has(v->inputs, "group_secret"))
		return;
	memcpy(g.secret, kat_sized(k, v->inputs, "group_secret", 32), 32);
	group_out_of_store_secret(secret, &g);
	kat_expect(k, v->inputs, key, BYTES(secret));
}

static void
check_window(struct kat * k, const struct kat_vector * v)
{
	uint64_t first, last;

	out_of_store_window(kat_dec(k, v->inputs, "counter_dec"), &first,
	    &last);
	kat_expect_number(k, v->outputs, "first_dec", first);
	kat_expect_number(k, v->outputs, "last_dec", last);
}

/* The key of the message is not told here: open the box, and compare what a
 * vector tells of it. */
static void
expect_out_of_store(struct kat * k, const struct kat_vector * v,
    const struct group_info * g)
{
	struct out_of_store_envelope e;
	struct out_of_store o;
	struct message_headers h;
	struct message_parts parts;
	struct slice message = kat_hex(k, v->inputs, "message_envelope");

	if (out_of_store_split(&e, kat_hex(k, v->outputs, "envelope")) != 0 ||
	    out_of_store_open(&o, &e, g) != 0) {
		kat_fail(k, "the envelope does not open");
		return;
	}
	kat_expect(k, v->outputs, "group_reference", e.reference);
	kat_expect(k, v->outputs, "box", e.box);
	kat_expect(k, v->outputs, "nonce", e.nonce);
	kat_expect(k, v->inputs, "cid", o.cid);
	if (kat_has(v->outputs, "out_of_store_message"))
		kat_expect(k, v->outputs, "out_of_store_message",
		    buffer_all(&o.held));
	if (kat_has(v->outputs, "opened_clear"))
		kat_true(k, "the clear message is what was signed",
		    ed25519_verify(o.headers.sig, o.headers.device_pk,
		        kat_hex(k, v->outputs, "opened_clear")) == 0);
	kat_true(k, "headers and box are those of the message",
	    message_open_headers(&h, message, g) == 0 &&
	        message_split(&parts, message) == 0 &&
	        h.counter == o.headers.counter &&
	        memcmp(h.sig, o.headers.sig, 64) == 0 &&
	        memcmp(h.device_pk, o.headers.device_pk, 32) == 0 &&
	        slice_equal(parts.box, o.box));
	out_of_store_free(&o);
}

static void
check_out_of_store(struct kat * k, const struct kat_vector * v)
{
	const cJSON * group =
	    kat_member(v->inputs, "group");
	struct buffer * out = kat_buffer(k);
	struct group_info g = {0};

	kat_group_info(k, &g,
	    cJSON_IsObject(group) ? kat_hex(k, group, "marshaled")
	                          : kat_hex(k, v->inputs, "group"));
	kat_number(k, "seal", 0,
	    (uint64_t)-out_of_store_seal(out, &g,
	        kat_network(v)->reference_field, kat_hex(k, v->inputs, "cid"),
	        kat_hex(k, v->inputs, "message_envelope"),
	        kat_sized(k, v->inputs, "random", 24)));
	kat_expect(k, v->outputs, "envelope", buffer_all(out));
	expect_out_of_store(k, v, &g);
}

/* --- push --------------------------------------------------------------- */

static void
check_push_token(struct kat * k, const struct kat_vector * v)
{
	struct slice receiver = kat_hex(k, v->inputs, "receiver");
	struct buffer * token = kat_buffer(k);
	struct buffer * opened = kat_buffer(k);
	struct buffer * dispatcher = kat_buffer(k);

	kat_true(k, "the token is sealed",
	    push_token_seal(token, receiver,
	        kat_sized(k, v->inputs, "server_public", 32),
	        kat_sized(k, v->inputs, "random", 32)) == 0);
	kat_expect(k, v->outputs, "opaque_token", buffer_all(token));
	kat_true(k, "the token opens",
	    push_token_open(opened, kat_hex(k, v->outputs, "opaque_token"),
	        kat_sized(k, v->inputs, "server_private", 32)) == 0);
	kat_bytes(k, "token opened", receiver, buffer_all(opened));
	kat_true(k, "there is a dispatcher",
	    push_dispatcher(dispatcher, receiver) == 0);
	kat_expect(k, v->outputs, "dispatcher_key_str",
	    buffer_all(dispatcher));
}

static void
check_exposed(struct kat * k, const struct kat_vector * v)
{
	struct slice payload = kat_hex(k, v->inputs, "payload");
	const uint8_t * server_private =
	    kat_sized(k, v->inputs, "server_private", 32);
	struct buffer * exposed = kat_buffer(k);
	struct buffer * opened = kat_buffer(k);
	uint8_t server_pk[32];

	kat_true(k, "a relay forwards it", push_check(payload) == 0);
	kat_true(k, "the payload is sealed",
	    push_expose(exposed, payload, server_private,
	        kat_sized(k, v->inputs, "device_push_public", 32),
	        kat_sized(k, v->inputs, "random", 24)) == 0);
	kat_expect(k, v->outputs, "push_exposed_data", buffer_all(exposed));
	x25519_base(server_pk, server_private);
	kat_true(k, "the payload opens",
	    push_exposed_open(opened,
	        kat_hex(k, v->outputs, "push_exposed_data"), server_pk,
	        kat_sized(k, v->inputs, "device_push_private", 32)) == 0);
	kat_bytes(k, "payload opened", payload, buffer_all(opened));
}

/* Events are told apart by what the vector holds, for their names vary. */
static void
check_metadata(struct kat * k, const struct kat_vector * v)
{
	if (kat_has(v->inputs, "group_marshaled"))
		check_context(k, v);
	else if (kat_has(v->outputs, "error_codes_str"))
		check_bad_event(k, v);
	else if (kat_has(v->inputs, "event_type_dec"))
		check_event(k, v);
	else if (kat_has(v->outputs, "token_id_str"))
		check_token_id(k, v);
	else
		kat_fail(k, "nothing here is known");
}

const struct kat_check kat_envelope_checks[] = {
    {NULL, NULL, "context", check_metadata},
    {NULL, "*events.go:*", NULL, check_metadata},
    {NULL, "*auth.go:TokenID*", NULL, check_metadata},
    {NULL, NULL, "*group reference counter*", check_reference},
    {NULL, NULL, "reference window*", check_window},
    {NULL, NULL, "out of store*", check_out_of_store},
    {NULL, NULL, "push token sealed*", check_push_token},
    {NULL, NULL, "relay encrypts*", check_exposed},
    {0},
};
