/*
 * restore.h: an account from its archive (export.h, or weshnet's), sealed or
 * not, into a store that has none.
 *
 * The archive is read as it comes.  Entries are checked (CID, signature, log),
 * and put into their logs as waiting; nothing is joined, as that needs the
 * groups' keys.  All happens in one transaction, the caller's: whatever is wrong,
 * he undoes it, and nothing was there.  Source: api-v1 spec §11 (weshnet
 * account_export.go:RestoreAccountExport).
 */
#ifndef BERTY_ACCOUNT_RESTORE_H
#define BERTY_ACCOUNT_RESTORE_H

#include "account/account.h"

struct restore;

struct restore_progress {
	uint64_t bytes;           /* of the archive */
	uint64_t entries, groups, attachments;
	uint64_t joined;          /* of the entries, once all is read */
};

struct restore_config {
	struct group_context context;
	const struct network_list * networks; /* spoken; borrowed */
	bool sealed;              /* there is a passphrase; borrowed */
	struct slice passphrase;
	/* Told now and then; may be NULL. */
	void (*progress)(void * user, const struct restore_progress * at);
	void * user;
};

/*
 * Begin.  -ERR_INVALID_INPUT: the store holds an account already.
 */
int restore_new(const struct restore_config * config, struct restore ** r,
    struct error * err);

/*
 * Read on, inside the transaction.  Chains: 100 for what is no archive, is
 * changed, is sealed (or not sealed, when there is a passphrase); 888 over what
 * is wrong with a key; 205 for another passphrase.  After a failure only
 * restore_free.
 */
int restore_read(struct restore * r, struct slice bytes, struct error * err);

/*
 * All was given: the rest is checked and the account's keys are kept.  *network:
 * the one its entries are of, one of those that are spoken (100: they are of
 * another).
 */
int restore_finish(struct restore * r, const struct network ** network,
    struct error * err);

void restore_progress(const struct restore * r, struct restore_progress * at);

/*
 * Once the account is open, in the same transaction or another of the same turn
 * of the loop: note the network of each contact and group.
 */
int restore_networks(struct restore * r, struct account * a);

void restore_free(struct restore * r);

#endif /* !BERTY_ACCOUNT_RESTORE_H */
