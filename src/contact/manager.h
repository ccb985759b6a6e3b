/*
 * manager.h: contact requests on the wire: answers handshakes while requests
 * are enabled, and delivers our own requests, with back-off, for as long as
 * they are wanted, across restarts.  Source: contact spec §2, §3, §7.
 *
 * It knows the account only by the table below, so the account may use it.
 */
#ifndef BERTY_CONTACT_MANAGER_H
#define BERTY_CONTACT_MANAGER_H

#include "base/network.h"
#include "contact/discovery.h"
#include "contact/handshake.h"

struct contact_manager;

/*
 * A request to deliver; metadata is ours, for this contact.  network: NULL when
 * it is not known: all that are served are looked through, in their order.
 */
struct contact_wanted {
	uint8_t pk[32];
	uint8_t seed[32];
	struct slice own_metadata;
	const struct network * network;
};

struct contact_manager_handler {
	/* Is this node to be found, and to answer? */
	bool (*enabled)(void * user);
	/* Our seed, enabled or not: our requests carry it.  False: none. */
	bool (*seed)(void * user, uint8_t seed[32]);
	/* Walk the requests in state ToRequest. */
	void (*each_wanted)(void * user,
	    void (*each)(void * to, const struct contact_wanted * wanted),
	    void * to);
	/*
	 * A handshake of ours went through: record 107.  network: by whose
	 * namespace the peer was found; among those with one protocol a guess.
	 */
	void (*sent)(void * user, const uint8_t pk[32],
	    const struct network * network);
	/*
	 * Is a request of this contact heard?  Asked before it is told that it
	 * reached us: it will ask again.  NULL: all are.
	 */
	bool (*welcome)(void * user, const uint8_t pk[32]);
	/*
	 * A request came and is authentic: record it, then answer it by its
	 * number.  What is not answered within 30 s was not taken, and will be
	 * asked again.
	 */
	void (*received)(void * user, uint64_t incoming,
	    const struct shareable_contact * contact,
	    const struct network * network, const struct peer_id * from);
};

/*
 * Callbacks come from the loop and may call contact_manager_update and
 * contact_manager_answer, not contact_manager_free.  networks: those that are
 * served; where two share a protocol, what comes by it is said to come by the
 * first.  The handler is copied, the account borrowed for the manager's life.
 * Each network is announced and looked up under its own namespaces: the present
 * period's, the last one's for lookups, and near the end of a period both sides
 * of it, for clocks that differ.  NULL without memory.
 */
struct contact_manager * contact_manager_new(struct host * h,
    struct discovery * d, const struct ed25519_key * account,
    const struct network * const * networks, size_t n_networks,
    const struct contact_manager_handler * handler, void * user);
void contact_manager_free(struct contact_manager * m);

/* Walk over what peers use up. */
void contact_manager_budgets(const struct contact_manager * m,
    const struct budget_walk * walk);

/* State changed (enabled, seed, wanted): look at the tables again, soon. */
void contact_manager_update(struct contact_manager * m);

/*
 * The request of that number is durable, or refused for good: the peer need
 * not ask again.  A number that is no longer waited for is passed over.
 */
void contact_manager_answer(struct contact_manager * m, uint64_t incoming);

#endif /* !BERTY_CONTACT_MANAGER_H */
