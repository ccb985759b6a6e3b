/*
 * attempt.h: one try to deliver a contact request to one peer; for the contact
 * manager only.
 */
#ifndef BERTY_CONTACT_ATTEMPT_H
#define BERTY_CONTACT_ATTEMPT_H

#include "contact/manager_impl.h"

/* A peer that may be the contact. */
struct candidate {
	struct peer_id peer;
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

/* A request to deliver: its searches, and the one peer being tried. */
struct request {
	struct contact_manager * manager;
	uint8_t pk[32], seed[32];
	const struct network * network;
	struct buffer own_metadata;
	bool wanted, started;
	uint64_t period_s;
	struct discovery_search searches[2];  /* this period, the one before */
	size_t n_searches;
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
