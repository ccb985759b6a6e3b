/*
 * metadata.h: metadata events: their numbers, envelope and signature rules.
 * Pure.  Source: crypto spec §4, groups spec §4, §5 (weshnet events.go,
 * events_sig_checkers.go).
 */
#ifndef BERTY_GROUP_METADATA_H
#define BERTY_GROUP_METADATA_H

#include <protobuf-c/protobuf-c.h>

#include "base/network.h"
#include "group/attached.h"

enum event_type {
	EVENT_MEMBER_DEVICE_ADDED = 1,
	EVENT_DEVICE_CHAIN_KEY_ADDED = 2,
	EVENT_GROUP_JOINED = 101,
	EVENT_GROUP_LEFT = 102,
	EVENT_CONTACT_REQUEST_DISABLED = 103,
	EVENT_CONTACT_REQUEST_ENABLED = 104,
	EVENT_CONTACT_REQUEST_REFERENCE_RESET = 105,
	EVENT_CONTACT_REQUEST_ENQUEUED = 106,
	EVENT_CONTACT_REQUEST_SENT = 107,
	EVENT_CONTACT_REQUEST_RECEIVED = 108,
	EVENT_CONTACT_REQUEST_DISCARDED = 109,
	EVENT_CONTACT_REQUEST_ACCEPTED = 110,
	EVENT_CONTACT_BLOCKED = 111,
	EVENT_CONTACT_UNBLOCKED = 112,
	EVENT_CONTACT_ALIAS_KEY_ADDED = 201,
	EVENT_ALIAS_RESOLVER_ADDED = 301,
	EVENT_INITIAL_MEMBER_ANNOUNCED = 302,
	EVENT_ADMIN_ROLE_GRANTED = 303,
	EVENT_SERVICE_TOKEN_ADDED = 401,
	EVENT_SERVICE_TOKEN_REMOVED = 402,
	EVENT_GROUP_REPLICATING = 403,
	EVENT_PUSH_MEMBER_TOKEN_UPDATE = 404,
	EVENT_PUSH_DEVICE_TOKEN_REGISTERED = 405,
	EVENT_PUSH_DEVICE_SERVER_REGISTERED = 406,
	EVENT_VERIFIED_CREDENTIAL_REGISTERED = 500,
	EVENT_APP_METADATA = 1001,
};

/*
 * Who signs, and what the payload is; NULL payload type when the field numbers
 * are not known to the generated code (500).
 */
enum event_signer { SIGNED_BY_DEVICE, SIGNED_BY_GROUP, SIGNED_BY_MEMBER_DEVICE };
struct event_rule {
	enum event_type type;
	enum event_signer signer;
	const ProtobufCMessageDescriptor * payload;
	unsigned groups;          /* a bit by enum group_type: where it belongs;
	                             elsewhere it is refused */
};

/* The rule of an event on a network (NULL network: any); NULL if unknown. */
const struct event_rule * event_rule(unsigned type,
    const struct network * network);

/* The same, and those of 2022 on every network: Go passes over what it does not
 * know, and so the calls that need them work everywhere. */
const struct event_rule * event_rule_ours(unsigned type,
    const struct network * network);

/* An opened event.  Slices borrow from `held`. */
struct metadata_event {
	unsigned type;
	struct slice payload;     /* exactly as signed */
	struct slice sig;
	struct slice metadata;    /* the GroupMetadata bytes */
	bool has_device;
	uint8_t device_pk[32];    /* field device_pk of a device-signed payload */
	struct attached attached;
	struct buffer held;
};
void metadata_event_free(struct metadata_event * e);

/*
 * Append a GroupEnvelope: the payload, signed by the key, boxed with the
 * group's secret under a nonce of 24 random bytes.  attachments: CIDs and
 * secrets (n may be 0); `random` gives 24 bytes for each CID after the nonce.
 */
void metadata_seal(struct buffer * out, const struct group_info * g,
    unsigned type, struct slice payload, const struct ed25519_key * signer,
    const uint8_t * random, const struct event_attachment * attachments,
    size_t n);

/*
 * Open and check an envelope; the chain is the one of the specification.
 * network: whose events are known (NULL: all).  Attachments that are malformed
 * are an error where the network has them, and left out elsewhere.
 */
int metadata_open(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    struct error * err);

/* The same, as groups do: with the events of event_rule_ours. */
int metadata_open_ours(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    struct error * err);

/* An event that was checked before, as groups do: neither its payload nor its
 * signatures are looked at again. */
int metadata_reopen(struct metadata_event * e, struct slice envelope,
    const struct group_info * g, const struct network * network,
    struct error * err);

#endif /* !BERTY_GROUP_METADATA_H */
