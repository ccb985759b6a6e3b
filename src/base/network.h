/*
 * network.h: a network is data.  Three exist; they differ in names, ids,
 * rotation and a few encodings, each a column of this table and never an `if`
 * in the flow.  Source: the dialect tables of the crypto and network specs.
 */
#ifndef BERTY_BASE_NETWORK_H
#define BERTY_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum network_id { NETWORK_BERTY_V1, NETWORK_BERTY, NETWORK_WESH, NETWORK_COUNT };

struct network {
	enum network_id id;
	const char * name;                /* as `-network` takes it */
	const char * metadata_store;      /* store type of the metadata log */
	const char * message_store;       /* store type of the message log */
	const char * contact_protocol;    /* stream protocol id */
	const char * localrecord_protocol;
	uint64_t localrecord_again_ms;    /* a new neighbour is told again; 0: no */
	size_t localrecord_max;           /* largest frame a peer reads, bytes */
	const char * protocol_version;    /* of identify */
	unsigned unsubscribe_backoff_s;   /* named in PRUNE when leaving */
	uint64_t rotation_s;              /* length of a rotation period, seconds */
	uint64_t contact_rotation_s;      /* the same for contact requests */
	bool rotation_text;               /* contact topic and namespace in base64 */
	bool heads_name_sender;           /* Box carries device_pk and peer_id */
	size_t direct_channel_max;        /* largest message a peer reads, bytes */
	bool random_counter;              /* a new chain key starts anywhere */
	bool group_discovery;             /* `floodsub:<address>` is advertised */
	bool push_events;                 /* Go knows 401, 402, 404 to 406 */
	bool credential_events;           /* 500 is known */
	bool creator_by_device;           /* 302 may name a device, not a member */
	bool attachments;                 /* envelopes carry sealed CIDs */
	bool identify_delta;              /* peers tell new protocols so */
	unsigned reference_field;         /* group_reference in out-of-store */
};

/* The network of that id, or of that name (NULL if there is none). */
const struct network * network_get(enum network_id id);
const struct network * network_find(const char * name);

/* Does another one have the same contact protocol? */
bool network_is_ambiguous(const struct network * network);

/* Networks that are spoken at once, the preferred one first; none twice. */
struct network_list {
	size_t n;
	const struct network * at[NETWORK_COUNT];
};

/*
 * Read a list as `-network` takes it: names separated by commas.  False, and
 * the list as it was, for an unknown name, one that comes twice, or none.
 */
bool network_list_parse(struct network_list * list, struct slice text);

/* Is it in the list?  Put it there, in front or behind, if it is not. */
bool network_list_has(const struct network_list * list,
    const struct network * network);
void network_list_add(struct network_list * list,
    const struct network * network);
void network_list_prefer(struct network_list * list,
    const struct network * network);

/*
 * Start of the rotation period that holds a time, both unix seconds.
 * Source: weshnet pkg/rendezvous/rendezvous.go:RoundTimePeriod.
 */
uint64_t network_period(uint64_t unix_s, uint64_t rotation_s);

#endif /* !BERTY_BASE_NETWORK_H */
