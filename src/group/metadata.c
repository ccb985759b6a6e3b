#include "group/metadata.h"

#include "codec/protobuf.h"
#include "group/wire.h"

/* Fields of GroupEnvelope. */
enum { ENVELOPE_NONCE = 1, ENVELOPE_EVENT = 2, ENVELOPE_CIDS = 3 };

void
metadata_event_free(struct metadata_event * e)
{
	attached_free(&e->attached);
	buffer_wipe(&e->held);
	*e = (struct metadata_event){0};
}

static void
put_metadata(struct buffer * out, unsigned type, struct slice payload,
    const struct ed25519_key * signer,
    const struct event_attachment * attachments, size_t n)
{
	struct buffer secrets = {0};
	uint8_t sig[SIGNATURE_SIZE];

	ed25519_sign(sig, signer, payload);
	attached_put_secrets(&secrets, attachments, n);
	wire_put_varint(out, 1, type);
	wire_put_bytes(out, 2, payload);
	wire_put_bytes(out, 3, slice_of(sig, sizeof(sig)));
	wire_put_message(out, 4, buffer_all(&secrets));
	out->failed |= secrets.failed;
	buffer_wipe(&secrets);
}

void
metadata_seal(struct buffer * out, const struct group_info * g, unsigned type,
    struct slice payload, const struct ed25519_key * signer,
    const uint8_t * random, const struct event_attachment * attachments,
    size_t n)
{
	struct buffer clear = {0}, box = {0};

	put_metadata(&clear, type, payload, signer, attachments, n);
	secretbox_seal(&box, g->secret, random, buffer_all(&clear));
	wire_put_bytes(out, ENVELOPE_NONCE, slice_of(random, NONCE_SIZE));
	wire_put_bytes(out, ENVELOPE_EVENT, buffer_all(&box));
	attached_put_cids(out, ENVELOPE_CIDS, g, random + NONCE_SIZE,
	    attachments, n);
	out->failed |= clear.failed || box.failed;
	buffer_wipe(&clear);
	buffer_free(&box);
}

/* --- opening ------------------------------------------------------------ */

static int
open_box(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, struct error * err)
{
	struct slice nonce, box;
	size_t cids;

	if (wire_find(envelope, ENVELOPE_NONCE, &nonce) != 0 ||
	    wire_find(envelope, ENVELOPE_EVENT, &box) != 0 ||
	    attached_measure(envelope, ENVELOPE_CIDS, &cids) ==
	        -ERR_DESERIALIZATION)
		return (error_set(err, ERR_INVALID_INPUT,
		    "the envelope does not parse"));
	if (nonce.n != NONCE_SIZE)
		return (error_from(err, ERR_SERIALIZATION, -ERR_INVALID_INPUT,
		    "the nonce is not 24 bytes long"));
	if (buffer_reserve(&e->held, box.n + cids) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if (secretbox_open(&e->held, g->secret, nonce.p, box) != 0)
		return (error_set(err, ERR_GROUP_MEMBER_LOG_EVENT_OPEN,
		    "the envelope does not open"));
	e->metadata = buffer_all(&e->held);
	return (0);
}

static int
read_metadata(struct metadata_event * e, struct slice * protocol_metadata,
    struct error * err)
{
	struct reader r = reader_of(e->metadata);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == 1 && f.type == WIRE_VARINT)
			e->type = (unsigned)f.value;
		else if (wire_is_bytes(&f, 2))
			e->payload = f.bytes;
		else if (wire_is_bytes(&f, 3))
			e->sig = f.bytes;
		else if (wire_is_bytes(&f, 4))
			*protocol_metadata = f.bytes;
	if (r.failed)
		return (error_set(err, ERR_INTERNAL,
		    "the event does not parse"));
	return (0);
}

static bool
payload_parses(const struct metadata_event * e, const struct event_rule * rule)
{
	void * message;

	if (rule->payload == NULL)
		return (true);
	message = protobuf_decode(rule->payload, e->payload,
	    protobuf_cap(e->payload.n));
	protobuf_free(message);
	return (message != NULL);
}

/* Note field `device_pk`. */
static int
read_device(struct metadata_event * e, const struct event_rule * rule,
    struct error * err)
{
	const ProtobufCFieldDescriptor * field;
	struct slice device;
	unsigned number = 1;

	if (rule->payload != NULL) {
		field = protobuf_c_message_descriptor_get_field_by_name(
		    rule->payload, "device_pk");
		number = field == NULL ? 0 : field->id;
	}
	if (wire_find(e->payload, number, &device) != 0)
		return (error_set(err, ERR_DESERIALIZATION,
		    "the payload does not parse"));
	e->has_device = number != 0 &&
	    wire_copy(e->device_pk, sizeof(e->device_pk), device);
	return (0);
}

static int
check_key(const uint8_t * pub, struct slice message, struct slice sig,
    const char * text, struct error * err)
{
	if (sig.n == SIGNATURE_SIZE && ed25519_verify(sig.p, pub, message) == 0)
		return (0);
	return (error_from(err, ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION, text));
}

/* Event 1: the member signs the device key. */
static int
check_member(const struct metadata_event * e, struct error * err)
{
	struct slice member, device, sig;

	if (wire_find(e->payload, 1, &member) != 0 ||
	    wire_find(e->payload, 2, &device) != 0 ||
	    wire_find(e->payload, 3, &sig) != 0 || member.n != KEY_SIZE)
		return (error_from(err, ERR_CRYPTO_SIGNATURE_VERIFICATION,
		    -ERR_DESERIALIZATION, "not a member key"));
	return (check_key(member.p, device, sig,
	    "the member's signature does not hold", err));
}

static int
check_signature(const struct metadata_event * e, const struct event_rule * rule,
    const struct group_info * g, struct error * err)
{
	int status;

	if (rule->signer == SIGNED_BY_GROUP)
		return (check_key(g->pk, e->payload, e->sig,
		    "the group's signature does not hold", err));
	if (rule->signer == SIGNED_BY_MEMBER_DEVICE &&
	    (status = check_member(e, err)) != 0)
		return (status);
	if (!e->has_device)
		return (error_from(err, ERR_CRYPTO_SIGNATURE_VERIFICATION,
		    -ERR_DESERIALIZATION, "not a device key"));
	return (check_key(e->device_pk, e->payload, e->sig,
	    "the device's signature does not hold", err));
}

static int
open_attachments(struct metadata_event * e, struct slice envelope,
    struct slice protocol_metadata, const struct group_info * g,
    struct error * err)
{
	size_t bytes;
	int status;

	if ((status = attached_measure(envelope, ENVELOPE_CIDS, &bytes)) == 0)
		status = attached_open(&e->attached, &e->held, envelope,
		    ENVELOPE_CIDS, protocol_metadata, g);
	if (status != 0)
		return (error_set(err, -status, "bad attachments"));
	return (0);
}

/* How an event is opened: whose events are known, and is it checked? */
struct opening {
	const struct event_rule * (* rule)(unsigned type,
	    const struct network * network);
	bool check;
};

static int
open_event(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    const struct opening * how, struct error * err)
{
	struct slice protocol_metadata = {NULL, 0};
	const struct event_rule * rule;
	int status;

	if ((status = open_box(e, envelope, g, err)) != 0 ||
	    (status = read_metadata(e, &protocol_metadata, err)) != 0)
		return (status);
	if ((rule = how->rule(e->type, network)) == NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "event type %u is not known", e->type));
	if (how->check && !payload_parses(e, rule))
		return (error_set(err, ERR_DESERIALIZATION,
		    "the payload does not parse"));
	if ((status = read_device(e, rule, err)) != 0)
		return (status);
	if (how->check &&
	    (status = check_signature(e, rule, g, err)) != 0)
		return (status);
	status = open_attachments(e, envelope, protocol_metadata, g, err);
	if (status == 0 || status == -ERR_INTERNAL || network == NULL ||
	    network->attachments)
		return (status);
	/* There they are ours, and what is wrong with them is no fault of the
	 * event: networks that have none skip the fields. */
	error_clear(err);
	return (0);
}

static int
open_or_free(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    const struct opening * how, struct error * err)
{
	struct metadata_event read = {0};
	int status;

	if ((status = open_event(&read, envelope, g, network, how,
	         err)) == 0)
		*e = read;
	else
		metadata_event_free(&read);
	return (status);
}

int
metadata_open(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    struct error * err)
{
	static const struct opening strict = {event_rule, true};

	return (open_or_free(e, envelope, g, network, &strict, err));
}

int
metadata_open_ours(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    struct error * err)
{
	static const struct opening ours = {event_rule_ours, true};

	return (open_or_free(e, envelope, g, network, &ours, err));
}

int
metadata_reopen(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    struct error * err)
{
	static const struct opening again = {event_rule_ours, false};

	return (open_or_free(e, envelope, g, network, &again, err));
}
