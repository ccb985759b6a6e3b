/* restore_impl.h: a restore from inside. */
#ifndef BERTY_ACCOUNT_RESTORE_IMPL_H
#define BERTY_ACCOUNT_RESTORE_IMPL_H

#include "account/account_impl.h"
#include "account/archive.h"
#include "account/export.h"
#include "account/restore.h"
#include "attachment/attachment_move.h"
#include "base/map.h"

struct restore {
	struct restore_config config;
	struct restore_progress at;
	struct archive_reader archive;
	struct opener * opener;   /* NULL: not sealed, or not known yet */
	struct buffer start;      /* until it is known */
	bool told;                /* it is known */
	struct account_keys * keys; /* in the arena */
	bool has_account, has_proof;
	struct map logs;          /* address -> struct restored_log */
	struct map groups;        /* public key -> const struct network */
	struct buffer networks;   /* EXPORT_NETWORKS */
	struct error err;         /* of the file at hand */

	/* Blocks come behind the attachment that they are of. */
	struct attachment_move move;
	bool moving;

	/* Entries of one log come behind one another: it stays open. */
	struct log * log;
	struct log_identity identity;
	unsigned held;            /* entries it has not written */
	size_t held_bytes;
};

/* A log of which there are entries. */
struct restored_log {
	uint8_t sign_pub[32];     /* who signed them */
	bool claimed;             /* a group has it */
};

/* restore_logs.c */
int restore_entry(struct restore * r, const struct archive_file * file);
int restore_heads(struct restore * r, const struct archive_file * file);
int restore_flush(struct restore * r);
bool restore_all_claimed(const struct restore * r);
void restore_logs_free(struct restore * r);

/* restore_attachments.c; flush: no more blocks of the one at hand. */
int restore_attachment(struct restore * r, const struct archive_file * file);
int restore_block(struct restore * r, const struct archive_file * file);
int restore_attachment_flush(struct restore * r);
void restore_attachments_free(struct restore * r);

/* Set the error of the file at hand. */
int restore_refuse(struct restore * r, const char * text);

/* restore_networks.c: as the archive says of this key; NULL: nothing. */
const struct network * restore_network_said(const struct restore * r,
    const uint8_t pk[32]);

#endif /* !BERTY_ACCOUNT_RESTORE_IMPL_H */
