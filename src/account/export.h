/*
 * export.h: the account as an archive (archive.h), made as it is read.
 *
 * What is in it: the account's two keys, and of each known group, open or not,
 * the entries that were joined when the export began, and the heads of that
 * moment.  Entries are read one at a time, so memory does not grow with them.
 * Source: api-v1 spec §11 (weshnet account_export.go).
 *
 * Ours, skipped by others: EXPORT_NETWORKS, in which network each contact and
 * group is met.  Lines of `<hex key> <network> <how>`; how: known, guess, any.
 * And, if asked for, the attachments: each described in a file, behind which
 * are its blocks, from the root on (docs/extensions.md).
 */
#ifndef BERTY_ACCOUNT_EXPORT_H
#define BERTY_ACCOUNT_EXPORT_H

#include "account/account.h"
#include "account/sealed.h"

#define EXPORT_ACCOUNT_KEY "account.key"
#define EXPORT_PROOF_KEY "account_proof.key"
#define EXPORT_ENTRIES "entries/"       /* and a CID */
#define EXPORT_HEADS "heads/"           /* and a key in base64url */
#define EXPORT_NETWORKS "libberty/networks"
#define EXPORT_ATTACHMENTS "attachments/" /* and a CID */
#define EXPORT_BLOCKS "blocks/"         /* the same */

struct export;

/*
 * What is in the logs now; nothing is written.  To be read once all of it is
 * durable, and freed before the store is closed.
 */
int export_new(const struct group_context * context, struct account * a,
    struct export ** e, struct error * err);

/* With the attachments that are here now, complete; what is freed before its
 * turn comes is left out. */
int export_attachments(struct export * e, struct error * err);

/* From now on it is sealed, with this head (sealed_head) and its key. */
void export_seal(struct export * e, const uint8_t head[SEALED_HEAD],
    const uint8_t key[32]);

/*
 * Append some more, an entry or block at most: 1; 0: that was all.  On failure
 * the code, and only export_free may follow.
 */
int export_next(struct export * e, struct buffer * out);

struct export_counts {
	uint64_t groups, entries, attachments;
};
void export_counts(const struct export * e, struct export_counts * counts);

void export_free(struct export * e);

#endif /* !BERTY_ACCOUNT_EXPORT_H */
