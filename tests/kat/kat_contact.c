/* Contact requests: handshake.json, contact_states.json, parts of misc.json. */
#include <stdio.h>

#include "account/contact_moves.h"
#include "base/error.h"
#include "contact/handshake.h"
#include "kat.h"

#define BYTES(array) slice_of((array), sizeof(array))

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

static void
check_dialogue(struct kat * k, const cJSON * out, struct handshake * asks,
    struct handshake * answers)
{
	struct slice frames;

	frames = said(k, asks, out, "frame_req_1_hello", NULL);
	kat_true(k, "hello", handshake_input(answers, frames, NULL) == 0);
	frames = said(k, answers, out, "frame_resp_1_hello", NULL);
	kat_true(k, "hello back", handshake_input(asks, frames, NULL) == 0);
	frames = said(k, asks, out, "frame_req_2_authenticate", NULL);
	kat_true(k, "authenticate",
	    handshake_input(answers, frames, NULL) == 0);
	frames = said(k, answers, out, "frame_resp_2_accept", NULL);
	kat_true(k, "accept", handshake_input(asks, frames, NULL) == 1);
	frames = said(k, asks, out, "frame_req_3_acknowledge",
	    "frame_req_4_shareable_contact");
	kat_true(k, "contact", handshake_input(answers, frames, NULL) == 1);
}

static void
check_transcript(struct kat * k, const struct kat_vector * v)
{
	const cJSON * in = v->inputs;
	struct ed25519_key requester, responder;
	struct shareable_contact own = {.has_pk = true, .has_seed = true};
	struct handshake * asks, * answers;
	const struct shareable_contact * c;

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
	check_dialogue(k, v->outputs, asks, answers);
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
