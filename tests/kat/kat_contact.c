/* Contact requests: handshake.json, contact_states.json, parts of misc.json. */
#include <stdio.h>

#include "account/contact_moves.h"
#include "base/error.h"
#include "contact/handshake.h"
#include "group/wire.h"
#include "kat.h"

static void
check_chain(struct kat * k, const cJSON * out, const struct error * err)
{
	const cJSON * names = kat_array(k, out, "error_codes_str"), * name;
	int i = 0;

	cJSON_ArrayForEach(name, names) {
		if (i < err->n && cJSON_IsString(name))
			kat_text(k, "error code",
			    slice_text(name->valuestring),
			    slice_text(error_name(err->code[i])));
		i++;
	}
	kat_number(k, "length of the chain", (uint64_t)i, (uint64_t)err->n);
}

/* Let one side say what it has to, and compare with the frames named. */
static struct slice
said(struct kat * k, struct handshake * h, const cJSON * out,
    const char * first, const char * second)
{
	struct buffer * frames = kat_buffer(k);
	struct buffer * expected = kat_buffer(k);

	handshake_output(h, frames);
	buffer_slice(expected, kat_hex(k, out, first));
	if (second != NULL)
		buffer_slice(expected, kat_hex(k, out, second));
	kat_bytes(k, first, buffer_all(expected), buffer_all(frames));
	return (buffer_all(frames));
}

/* The boxes that the two sides said. */
struct boxes {
	struct slice authenticate, accept;
};

static void
check_dialogue(struct kat * k, const cJSON * out, struct handshake * asks,
    struct handshake * answers, struct boxes * boxes)
{
	struct slice frames;

	frames = said(k, asks, out, "frame_req_1_hello", NULL);
	kat_true(k, "hello", handshake_input(answers, frames, NULL) == 0);
	frames = said(k, answers, out, "frame_resp_1_hello", NULL);
	kat_true(k, "hello back", handshake_input(asks, frames, NULL) == 0);
	frames = said(k, asks, out, "frame_req_2_authenticate", NULL);
	boxes->authenticate = frames;
	kat_true(k, "authenticate",
	    handshake_input(answers, frames, NULL) == 0);
	frames = said(k, answers, out, "frame_resp_2_accept", NULL);
	boxes->accept = frames;
	kat_true(k, "accept", handshake_input(asks, frames, NULL) == 1);
	frames = said(k, asks, out, "frame_req_3_acknowledge",
	    "frame_req_4_shareable_contact");
	kat_true(k, "contact", handshake_input(answers, frames, NULL) == 1);
}

/* An account's or ephemeral key, for X25519. */
struct pair {
	uint8_t priv[32], pub[32];
};

static struct pair
pair_of_account(struct kat * k, const struct ed25519_key * key)
{
	struct pair p = {{0}, {0}};

	x25519_private_of(p.priv, key->seed);
	kat_true(k, "the account's key converts",
	    x25519_public_of(p.pub, key->pub) == 0);
	return (p);
}

static struct pair
pair_of_ephemeral(const uint8_t priv[32])
{
	struct pair p = {{0}, {0}};

	memcpy(p.priv, priv, 32);
	x25519_base(p.pub, priv);
	return (p);
}

/* The key that two pairs have in common, the same from both sides. */
static struct slice
expect_shared(struct kat * k, const cJSON * out, const char * name,
    const struct pair * a, const struct pair * b)
{
	struct buffer * kept = kat_buffer(k);
	uint8_t key[32] = {0}, other[32] = {0};

	kat_true(k, name, box_key(key, a->priv, b->pub) == 0 &&
	    box_key(other, b->priv, a->pub) == 0);
	kat_expect(k, out, name, BYTES(key));
	kat_expect(k, out, name, BYTES(other));
	buffer_append(kept, key, sizeof(key));
	return (buffer_all(kept));
}

/* Open the box in a frame by its step's number, and compare all of it. */
static void
expect_box(struct kat * k, const cJSON * out, const char * step,
    uint8_t number, struct slice frame, const struct slice secrets[2])
{
	struct reader r = reader_of(frame);
	struct slice envelope = reader_prefixed(&r, frame.n);
	struct slice box = {NULL, 0};
	struct buffer * clear = kat_buffer(k);
	uint8_t key[32], nonce[24] = {0};
	char name[64];

	nonce[0] = number;
	sha256(key, secrets, 2);
	kat_true(k, "one frame", reader_done(&r));
	kat_true(k, "there is a box", wire_find(envelope, 1, &box) == 0);
	kat_true(k, "the box opens",
	    secretbox_open(clear, key, nonce, box) == 0);
	(void)snprintf(name, sizeof(name), "%s_box_key", step);
	kat_expect(k, out, name, BYTES(key));
	(void)snprintf(name, sizeof(name), "%s_nonce", step);
	kat_expect(k, out, name, BYTES(nonce));
	(void)snprintf(name, sizeof(name), "%s_clear", step);
	kat_expect(k, out, name, buffer_all(clear));
}

/* What the frames do not show: the keys of the boxes and what is in them. */
static void
check_secrets(struct kat * k, const struct kat_vector * v,
    const struct ed25519_key * requester, const struct ed25519_key * responder,
    const struct boxes * boxes)
{
	const cJSON * out = v->outputs;
	struct pair a = pair_of_ephemeral(kat_sized(k, v->inputs,
	    "requester_ephemeral_private", 32));
	struct pair b = pair_of_ephemeral(kat_sized(k, v->inputs,
	    "responder_ephemeral_private", 32));
	struct pair own = pair_of_account(k, requester);
	struct pair other = pair_of_account(k, responder);
	struct slice secrets[2];

	kat_expect(k, out, "requester_ephemeral_public", BYTES(a.pub));
	kat_expect(k, out, "responder_ephemeral_public", BYTES(b.pub));
	secrets[0] = expect_shared(k, out, "shared_ephemeral_ab", &a, &b);
	secrets[1] = expect_shared(k, out, "shared_aB", &a, &other);
	expect_box(k, out, "authenticate", 1, boxes->authenticate, secrets);
	secrets[1] = expect_shared(k, out, "shared_AB", &own, &other);
	expect_box(k, out, "accept", 2, boxes->accept, secrets);
}

static void
check_transcript(struct kat * k, const struct kat_vector * v)
{
	const cJSON * in = v->inputs;
	struct ed25519_key requester, responder;
	struct shareable_contact own = {.has_pk = true, .has_seed = true};
	struct handshake * asks, * answers;
	const struct shareable_contact * c;
	struct boxes boxes;

	ed25519_from_seed(&requester,
	    kat_sized(k, in, "requester_account_seed", 32));
	ed25519_from_seed(&responder,
	    kat_sized(k, in, "responder_account_seed", 32));
	memcpy(own.pk, requester.pub, 32);
	memcpy(own.seed, kat_sized(k, in, "requester_contact_seed", 32), 32);
	own.metadata = kat_hex(k, in, "requester_metadata");
	asks = handshake_request(&requester, responder.pub,
	    kat_sized(k, in, "requester_ephemeral_private", 32), &own);
	answers = handshake_respond(&responder,
	    kat_sized(k, in, "responder_ephemeral_private", 32));
	check_dialogue(k, v->outputs, asks, answers, &boxes);
	check_secrets(k, v, &requester, &responder, &boxes);
	c = handshake_contact(answers);
	kat_bytes(k, "who asked", BYTES(requester.pub), BYTES(c->pk));
	kat_bytes(k, "its seed", BYTES(own.seed), BYTES(c->seed));
	kat_bytes(k, "its metadata", own.metadata, c->metadata);
	handshake_free(asks);
	handshake_free(answers);
}

static void
check_refused(struct kat * k, const struct kat_vector * v)
{
	static const uint8_t ephemeral[32] = {7};
	struct ed25519_key responder;
	struct handshake * h;
	struct error err = {0};

	ed25519_from_seed(&responder,
	    kat_sized(k, v->inputs, "responder_account_seed", 32));
	h = handshake_respond(&responder, ephemeral);
	kat_true(k, "refused", handshake_input(h,
	    kat_hex(k, v->inputs, "bytes_from_requester"), &err) < 0);
	check_chain(k, v->outputs, &err);
	handshake_free(h);
}

/* --- states ------------------------------------------------------------- */

static const char * const state_names[CONTACT_STATES] = {
	"ContactStateUndefined", "ContactStateToRequest",
	"ContactStateReceived", "ContactStateAdded", "ContactStateRemoved",
	"ContactStateDiscarded", "ContactStateBlocked",
};

static const char * const operation_names[CONTACT_OPERATIONS] = {
	"OutgoingEnqueue", "OutgoingSent", "IncomingReceived",
	"IncomingDiscard", "IncomingAccept", "Block", "Unblock",
};

static const struct {
	int event;
	const char * name;
} event_names[] = {
	{106, "EventTypeAccountContactRequestOutgoingEnqueued"},
	{107, "EventTypeAccountContactRequestOutgoingSent"},
	{108, "EventTypeAccountContactRequestIncomingReceived"},
	{109, "EventTypeAccountContactRequestIncomingDiscarded"},
	{110, "EventTypeAccountContactRequestIncomingAccepted"},
	{111, "EventTypeAccountContactBlocked"},
	{112, "EventTypeAccountContactUnblocked"},
};

static size_t
index_of(struct kat * k, const char * const * names, size_t n,
    struct slice name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (slice_equal(slice_text(names[i]), name))
			return (i);
	kat_fail(k, "a name that we do not know");
	return (0);
}

/* Go's table is ours but for these: asking unblocks, or tells nobody. */
static int
go_moves(enum contact_operation operation, enum contact_state state)
{

	if (operation == CONTACT_ENQUEUE && state == CONTACT_BLOCKED)
		return (EVENT_CONTACT_REQUEST_ENQUEUED);
	if (operation == CONTACT_ENQUEUE &&
	    (state == CONTACT_REMOVED || state == CONTACT_DISCARDED))
		return (EVENT_CONTACT_REQUEST_SENT);
	return (contact_moves(operation, state));
}

static void
check_event(struct kat * k, const cJSON * out, int event)
{
	size_t i;

	for (i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++)
		if (event_names[i].event == event)
			kat_expect(k, out, "event_type_str",
			    slice_text(event_names[i].name));
}

static void
check_state(struct kat * k, const struct kat_vector * v)
{
	enum contact_operation operation = index_of(k, operation_names,
	    CONTACT_OPERATIONS, kat_str(k, v->inputs, "operation_str"));
	enum contact_state state = index_of(k, state_names, CONTACT_STATES,
	    kat_str(k, v->inputs, "state_str"));
	int move = go_moves(operation, state);
	struct error err = {0};

	kat_true(k, "an error or an event",
	    kat_has(v->outputs, "error_codes_str") == (move < 0));
	if (move > 0) {
		check_event(k, v->outputs, move);
		state = contact_moves_state((unsigned)move);
	} else {
		error_set(&err, -move, "%s", "");
		check_chain(k, v->outputs, &err);
	}
	kat_expect(k, v->outputs, "state_after_str",
	    slice_text(state_names[state]));
}

/* --- shareable contacts ------------------------------------------------- */

static void
check_shareable(struct kat * k, const struct kat_vector * v)
{
	struct shareable_contact c = {.has_pk = true, .has_seed = true}, read;
	struct buffer * out = kat_buffer(k);

	memcpy(c.pk, kat_sized(k, v->inputs, "pk", 32), 32);
	memcpy(c.seed, kat_sized(k, v->inputs, "public_rendezvous_seed", 32),
	    32);
	shareable_contact_encode(out, &c);
	kat_expect(k, v->outputs, "encoded_contact", buffer_all(out));
	kat_true(k, "it reads", shareable_contact_decode(&read,
	    kat_hex(k, v->outputs, "encoded_contact"), false, false) == 0);
	kat_bytes(k, "pk", BYTES(c.pk), BYTES(read.pk));
	kat_bytes(k, "seed", BYTES(c.seed), BYTES(read.seed));
}

static void
check_format(struct kat * k, const struct kat_vector * v)
{
	struct shareable_contact c;
	struct error err = {0};
	bool allowed = strstr(v->name, "allowed") != NULL;
	int status;

	status = shareable_contact_decode(&c,
	    kat_hex(k, v->inputs, "contact"), allowed, false);
	kat_true(k, "ok", kat_bool(k, v->outputs, "ok") == (status == 0));
	if (status == 0)
		return;
	error_set(&err, -status, "%s", "");
	check_chain(k, v->outputs, &err);
}

const struct kat_check kat_contact_checks[] = {
    {NULL, "*internal/handshake/*", "contact request handshake transcript",
        check_transcript},
    {NULL, "*internal/handshake/*", NULL, check_refused},
    {NULL, "*store_metadata.go:Contact*", NULL, check_state},
    {NULL, NULL, "shareable contact", check_shareable},
    {NULL, NULL, "contact format: *", check_format},
    {0},
};
