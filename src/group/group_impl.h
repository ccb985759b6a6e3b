/* group_impl.h: what the files of the group share. */
#ifndef BERTY_GROUP_GROUP_IMPL_H
#define BERTY_GROUP_GROUP_IMPL_H

#include "group/group.h"

/* What of a group lies in locked memory. */
struct group_secrets {
	struct group_info info;
	struct ed25519_key member, device;
	uint8_t own_key[32];      /* key of the message being appended */
};

struct group {
	struct group_context context;
	struct group_secrets * secrets;
	const struct network * network;
	uint8_t contact_pk[32];
	struct group_handler handler;
	uint64_t scope;
	uint64_t todo;            /* scope of what group_react has to do */
	uint64_t aliases;         /* scope of the contacts' alias keys */
	struct log * metadata;
	struct log * messages;
	bool activated;
};

/* --- group_open.c --------------------------------------------------------- */

/* The scope of a group's rows; its names are on disk.  Inside a transaction
 * when there are none yet. */
#define GROUP_ROWS "group:"
#define GROUP_TODO_ROWS "group todo:"
int group_rows(const struct group_context * context,
    const struct group_config * config, const char * kind, uint64_t * scope);

/* --- group_fold.c: the metadata log's join handler ----------------------- */

int group_fold(void * user, struct log * log, const struct entry * e,
    const struct cid * cid, struct slice value, bool own,
    struct log_verdict * verdict);

/* Fold the registers of an item of the metadata log once more (role.h). */
int group_fold_item(void * user, const struct log_item * item);

/* Is event 2 for this member written?  1, 0 or a code. */
int group_secret_sent(struct group * g, const uint8_t member_pk[32]);

/* --- group_held.c --------------------------------------------------------- */

/* List at most max events whose devices were announced after them. */
int group_deliver_held(struct group * g, unsigned max);

/* --- group_messages.c: the message log's join handler -------------------- */

int group_take_message(void * user, struct log * log, const struct entry * e,
    const struct cid * cid, struct slice value, bool own,
    struct log_verdict * verdict);

/*
 * Try the waiting messages of what the chain of a device can open now, at most
 * max; *opened says how many were.
 */
int group_open_waiting(struct group * g, const uint8_t device_pk[32],
    unsigned max, unsigned * opened);

/* Keep the keys of attachments, in the transaction that joins their event. */
int group_learn_attachments(struct group * g, const struct attached * a);

/* --- group_count.c ------------------------------------------------------- */

/* Change the counts kept in the store. */
int group_count(struct group * g, int bad_events, int bad_messages,
    int waiting);

#endif /* !BERTY_GROUP_GROUP_IMPL_H */
