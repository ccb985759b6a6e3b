/*
 * attempt.h: one try to deliver a contact request to one peer; for the contact
 * manager only.
 */
#ifndef BERTY_CONTACT_ATTEMPT_H
#define BERTY_CONTACT_ATTEMPT_H

#include "contact/manager_impl.h"

/* A peer that may be the contact, and the network in which it was found. */
struct candidate {
	struct peer_id peer;
	const struct network * network;
	unsigned failures;
	uint64_t next_at;
	struct list place;
};

enum attempt_phase {
	ATTEMPT_IDLE,
	ATTEMPT_CONNECTING,
	ATTEMPT_CONNECTED,
	ATTEMPT_TALKING,
	ATTEMPT_DELIVERING,
	ATTEMPT_DELIVERED,
};

struct request;

/* One namespace in which the contact may be. */
struct lookup {
	struct discovery_search search;
	struct request * request;
	const struct network * network;
	uint64_t period_s;
	bool wanted;
	struct list place;
};

/* A request to deliver: where it is looked for, and the one peer being tried. */
struct request {
	struct contact_manager * manager;
	uint8_t pk[32], seed[32];
	const struct network * network;       /* NULL: any of ours */
	struct buffer own_metadata;
	bool wanted;
	struct list lookups;
	struct list candidates;
	enum attempt_phase phase;
	struct candidate * trying;
	struct stream * stream;
	struct handshake * handshake;
	struct world_timer timer;
	struct list place;
};

/* Let the request's timer fire, ms from now. */
void attempt_schedule(struct request * r, uint64_t ms);

/* The request's timer: begins the next attempt, or ends one. */
void attempt_timer(struct world_timer * timer);

/* The peer was not the contact, or not to be reached: later again. */
void attempt_fail(struct request * r);

/* Whatever there was, it is over. */
void attempt_end(struct request * r);

#endif /* !BERTY_CONTACT_ATTEMPT_H */
