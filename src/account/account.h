/*
 * account.h: the account of a node: its keys, and the state that the account
 * group's events fold into (contacts, joined groups, the contact request
 * switch and seed).
 *
 * State is kept as registers: each remembers the place (Lamport time, CID) of
 * the event that decided it, so a late event finds its place whenever it comes
 * and every device of the account folds to the same.  Source: groups spec §6,
 * api-v1 spec §3.
 */
#ifndef BERTY_ACCOUNT_ACCOUNT_H
#define BERTY_ACCOUNT_ACCOUNT_H

#include "group/group.h"

struct account;

/* Keys of the account; they live in the arena. */
struct account_keys {
	struct ed25519_key account, proof, device;
	struct ed25519_key peer;          /* the host's identity */
};

enum contact_state { CONTACT_UNDEFINED = 0, CONTACT_TO_REQUEST = 1,
	CONTACT_RECEIVED = 2, CONTACT_ADDED = 3, CONTACT_REMOVED = 4,
	CONTACT_DISCARDED = 5, CONTACT_BLOCKED = 6 };

/* A contact as folded; buffers are the caller's to free. */
struct contact {
	uint8_t pk[32];
	enum contact_state state;
	bool has_seed;
	uint8_t seed[32];
	struct buffer metadata;           /* theirs */
	struct buffer own_metadata;       /* ours, of the newest event 106 */
	const struct network * network;   /* the one it came by */
	bool any_network;                 /* not known yet: look in all */
};
void contact_free(struct contact * c);

/*
 * Open the account and activate its group; at the first start, keys and group
 * are made.  All is one transaction of its own, so none may be open.  network:
 * of the account group.  restore (may be NULL): account and proof keys to use
 * at first start; -ERR_INVALID_INPUT when there are keys, or both are one.
 */
int account_open(const struct group_context * context,
    const struct network * network, const struct account_keys * restore,
    struct account ** account, struct error * err);
void account_close(struct account * a);
void account_forget(struct account * a);

const struct account_keys * account_keys(const struct account * a);
struct group * account_group(struct account * a);

/* --- operations: inside a transaction, errors as chains ------------------ */

/* Switch and seed.  enable makes a seed if there is none; unchanged writes
 * nothing. */
int account_enable_requests(struct account * a, struct error * err);
int account_disable_requests(struct account * a, struct error * err);
int account_reset_reference(struct account * a, struct error * err);
bool account_requests_enabled(struct account * a);
bool account_seed(struct account * a, uint8_t seed[32]);

/*
 * The network by which a contact (named by its account key) or a joined group
 * is met; the account's own if nothing is known.  guess: nothing proves it yet,
 * and it may be another one of those that are spoken.  any: of a contact to be
 * requested in all of them.  first: the network that was noted first; the group
 * has rows of its own in each other one.  visited: others in which the group
 * may have been open, a bit by network_id.
 */
struct account_network {
	const struct network * network, * first;
	bool any, guess;
	unsigned visited;
};
void account_network(struct account * a, const uint8_t pk[32],
    struct account_network * at);

/*
 * Note it, inside a transaction.  A guess does not displace what is known; what
 * contradicts what was known leaves both as guesses.  any: unless something is
 * known.  settle: it is proven, and nothing is left behind in others.
 */
int account_set_network(struct account * a, const uint8_t pk[32],
    const struct network * network, bool guess);
int account_any_network(struct account * a, const uint8_t pk[32]);
int account_settle_network(struct account * a, const uint8_t pk[32]);

/* How the group was open in a network that was visited. */
int account_visited_config(struct account * a, const uint8_t group_pk[32],
    const struct network * network, struct group_config * config,
    struct error * err);

/*
 * The contact state machine, contact spec §6 with the corrections of api-v1
 * spec §3.  Errors start with the code of the operation (1002 …).
 * network: the one that was said or seen; NULL: not known (enqueue: any).  A
 * contact that asked us before is met where it asked.
 * enqueue: ContactRequestSend; sent: our request was delivered; received: a
 * request came over the network (the chain is 1204, 1201, 1202 …).
 */
int account_contact_enqueue(struct account * a, const uint8_t pk[32],
    const uint8_t seed[32], struct slice metadata, struct slice own_metadata,
    const struct network * network, struct error * err);
int account_contact_sent(struct account * a, const uint8_t pk[32],
    struct error * err);
int account_contact_received(struct account * a, const uint8_t pk[32],
    struct slice seed, struct slice metadata, const struct network * network,
    struct error * err);
int account_contact_accept(struct account * a, const uint8_t pk[32],
    struct error * err);
int account_contact_discard(struct account * a, const uint8_t pk[32],
    struct error * err);
int account_contact_block(struct account * a, const uint8_t pk[32],
    struct error * err);
int account_contact_unblock(struct account * a, const uint8_t pk[32],
    struct error * err);

/*
 * Forget a contact who is not blocked and known (else 1002 over 100): 111 and
 * 112 at once, both marked as a removal, so that every device of the account
 * ends in Removed and none takes it for a contact that was blocked.
 */
int account_contact_remove(struct account * a, const uint8_t pk[32],
    struct error * err);

/* State of one (-ERR_NOT_FOUND: undefined), and a walk over all. */
int account_contact(struct account * a, const uint8_t pk[32],
    struct contact * c);
int account_each_contact(struct account * a, int (*each)(void * user,
    const struct contact * c), void * user);

/* How many are in a state. */
int account_count_contacts(struct account * a, enum contact_state state,
    uint64_t * n);

/* Joined groups; network NULL: not known, the account's own is a guess. */
int account_join_group(struct account * a, const struct group_info * g,
    const struct network * network, struct error * err);
int account_leave_group(struct account * a, const uint8_t pk[32],
    struct error * err);
int account_each_group(struct account * a, int (*each)(void * user,
    const struct group_info * g, const struct network * network), void * user);

/*
 * How to open a known group: the account group, a contact's (states 1 to 6), or
 * a joined one: fills info, network, member and device keys (made on first use,
 * inside a transaction), contact_pk; not the handler.  -ERR_NOT_FOUND.
 */
int account_group_config(struct account * a, const uint8_t group_pk[32],
    struct group_config * config, struct error * err);

/* The contact group's config from the contact's key; only known contacts. */
int account_contact_group_config(struct account * a,
    const uint8_t contact_pk[32], struct group_config * config,
    struct error * err);

#endif /* !BERTY_ACCOUNT_ACCOUNT_H */
