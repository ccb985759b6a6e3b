/* manager_impl.h: the contact manager from inside; for its files only. */
#ifndef BERTY_CONTACT_MANAGER_IMPL_H
#define BERTY_CONTACT_MANAGER_IMPL_H

#include "contact/manager.h"

/* A handshake takes no longer than this, ms; the reference has no limit. */
#define HANDSHAKE_MS 30000

struct contact_manager {
	struct host * host;
	struct discovery * discovery;
	struct world * world;
	const struct ed25519_key * account; /* borrowed */
	const struct network ** networks;
	size_t n_networks;
	struct contact_manager_handler handler;
	void * user;
	bool serving;
	struct list announced;            /* namespaces that we are under */
	struct list responders;
	struct budget n_responders; /* handshakes by others, */
	struct budget of_peer;    /* of a peer, */
	struct budget visits;     /* that a peer begins in a minute, */
	struct budget n_visitors; /* peers remembered for that */
	uint64_t incoming;                /* number of the latest request */
	struct list visitors;             /* who asked lately, oldest first */
	struct list requests;
	struct budget n_attempts; /* handshakes of ours */
	struct budget candidates; /* peers tried for a contact */
	struct host_watcher watcher;
	struct world_timer soon;          /* an update was asked for */
	struct world_timer period;        /* the next namespaces are due */
};

/* How far clocks may be apart, s. */
#define BOUNDARY_S 3600

/* Periods that are of interest at a time. */
#define WINDOW_MAX 3

/*
 * The starts of the periods that count now, unix seconds, the present one
 * first; how many.  lookup: the last one always does.
 */
size_t manager_window(struct contact_manager * m,
    const struct network * network, bool lookup, uint64_t periods[WINDOW_MAX]);

/* Their budgets; the most that a peer, or a contact, uses of each. */
void manager_responder_init(struct contact_manager * m);
void manager_responder_most(const struct contact_manager * m,
    uint64_t * of_peer, uint64_t * visits);
void manager_requests_init(struct contact_manager * m);
uint64_t manager_requests_most(const struct contact_manager * m);

/* Answer, or answer no more. */
void manager_responder_start(struct contact_manager * m);
void manager_responder_stop(struct contact_manager * m);
void manager_responder_free(struct contact_manager * m);

/* Requests: look at the table again; a new period; a peer came or failed. */
void manager_requests_update(struct contact_manager * m);
void manager_requests_rotate(struct contact_manager * m);
void manager_requests_up(struct contact_manager * m,
    const struct peer_id * peer);
void manager_requests_failed(struct contact_manager * m,
    const struct peer_id * peer);
void manager_requests_free(struct contact_manager * m);

#endif /* !BERTY_CONTACT_MANAGER_IMPL_H */
