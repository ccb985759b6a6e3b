/*
 * registers.h: the state that events 101 to 112 fold into, in the store.
 *
 * Each value remembers the place of the event that it came from and gives way
 * only to a later one, so events may be folded in any order, and again, with
 * the same result.  Source: groups spec §6.
 */
#ifndef BERTY_ACCOUNT_REGISTERS_H
#define BERTY_ACCOUNT_REGISTERS_H

#include "account/account.h"
#include "base/reader.h"

/* Where the registers are; account: own keys, from which groups follow. */
struct registers {
	struct store * store;
	uint64_t scope;
	const struct ed25519_key * account;
};

/*
 * Fold an event, inside a transaction.  What is no proper event (no payload, a
 * key that is no key) folds to nothing.  0, or the store's code.
 */
int registers_fold(const struct registers * r, unsigned type,
    struct slice payload, const struct event_place * place);

/* The switch and the seed. */
bool registers_enabled(const struct registers * r);
bool registers_seed(const struct registers * r, uint8_t seed[32]);

/* A contact: everything but the network; -ERR_NOT_FOUND. */
int registers_contact(const struct registers * r, const uint8_t pk[32],
    struct contact * c);
int registers_each_contact(const struct registers * r,
    int (*each)(void * user, const struct contact * c), void * user);

/* The contact whose group it is; -ERR_NOT_FOUND. */
int registers_contact_of_group(const struct registers * r,
    const uint8_t group_pk[32], uint8_t pk[32]);

/* A joined group; -ERR_NOT_FOUND when never joined, or left. */
int registers_group(const struct registers * r, const uint8_t pk[32],
    struct group_info * g);
int registers_each_group(const struct registers * r,
    int (*each)(void * user, const struct group_info * g), void * user);

/* --- shared by the files of registers ------------------------------------ */

void registers_put_place(struct buffer * out, const struct event_place * place);
void registers_take_place(struct reader * r, struct event_place * place);

/* Bytes behind their uvarint length. */
void registers_put_bytes(struct buffer * out, struct slice bytes);

/* Is the event at `place` later than the one that `held` came from (time 0:
 * none)? */
bool registers_later(const struct event_place * place,
    const struct event_place * held);

int registers_fold_contact(const struct registers * r, unsigned type,
    struct slice payload, const struct event_place * place);

#endif /* !BERTY_ACCOUNT_REGISTERS_H */
