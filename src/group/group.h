/*
 * group.h: one open group: its two logs, its members and their keys.
 *
 * Everything that is known of a group is in the store; an open group holds its
 * own keys and little else.  What comes from peers is folded inside the
 * transaction that joins it; what the group must answer (a new member gets our
 * chain key, a late key opens waiting messages) is done by group_react in a
 * transaction of its own, and found again after a crash.
 */
#ifndef BERTY_GROUP_GROUP_H
#define BERTY_GROUP_GROUP_H

#include "crypto/secret.h"
#include "group/chain_key.h"
#include "group/message.h"
#include "group/metadata.h"
#include "log/log.h"

struct group;

/* Place of an event in the causal order: equal on all nodes. */
struct event_place {
	uint64_t time;
	struct cid cid;
};
int event_place_compare(const struct event_place * a,
    const struct event_place * b);

struct group_handler {
	/*
	 * An event that passed its checks is joined, inside a transaction:
	 * the owner folds what is not the group's own business (account
	 * events).  `known` tells whether its device is announced; an event of
	 * a device announced later is given again, with known set, and listed
	 * only then.
	 * A non-zero return undoes the transaction.
	 */
	int (*event)(void * user, struct group * g,
	    const struct metadata_event * e, const struct event_place * place,
	    bool known);
	void * user;
};

struct group_config {
	struct group_info info;
	const struct network * network;
	bool apart;                       /* it was begun in another network:
	                                   * here it has rows of its own */
	struct ed25519_key member;        /* own member key in this group */
	struct ed25519_key device;        /* own device key in this group */
	uint8_t contact_pk[32];           /* contact group: the other account */
	struct group_handler handler;
};

/* What groups need from the node; outlives them. */
struct group_context {
	struct world * world;
	struct store * store;
	struct secret_arena * secrets;
};

/*
 * Open a group on its two logs (new ones, and our own chain key, are made in
 * the transaction that must be open then).  Keys are copied into the arena.
 */
int group_open(const struct group_context * context,
    const struct group_config * config, struct group ** g, struct error * err);
void group_close(struct group * g);

/* After a transaction was undone. */
void group_forget(struct group * g);

const struct group_info * group_info_of(const struct group * g);
const struct network * group_network(const struct group * g);
struct log * group_metadata_log(struct group * g);
struct log * group_message_log(struct group * g);
const uint8_t * group_member_pk(const struct group * g);
const uint8_t * group_device_pk(const struct group * g);
/* Of a contact group: the other account. */
const uint8_t * group_contact_pk(const struct group * g);

/* The group's number in the store: scope of its named rows. */
uint64_t group_scope(const struct group * g);

/*
 * Write an event signed by our device (signer NULL), or by another key (302:
 * the group's), inside a transaction.  payload is the encoded message.  cid may
 * be NULL.  1305 for an event that belongs into groups of another type.
 */
int group_write_event(struct group * g, unsigned type, struct slice payload,
    const struct ed25519_key * signer, struct cid * cid, struct error * err);

/* Seal and write a message, inside a transaction.  At most 512 KiB:
 * -ERR_INVALID_INPUT. */
int group_write_message(struct group * g, struct slice payload,
    struct cid * cid, struct error * err);

/* The same with attachments; networks that have none skip them. */
int group_write_attached_event(struct group * g, unsigned type,
    struct slice payload, const struct ed25519_key * signer,
    const struct event_attachment * attachments, size_t n, struct cid * cid,
    struct error * err);
int group_write_attached_message(struct group * g, struct slice payload,
    const struct event_attachment * attachments, size_t n, struct cid * cid,
    struct error * err);

/*
 * What activation sends (groups spec §3), inside a transaction: event 2 to
 * known members (in a contact group also to the contact, before it appears),
 * event 1 when our device has none, event 2 to our own member.  Idempotent.
 */
int group_activate(struct group * g, struct error * err);

/*
 * Is there something to answer?  Then call group_react inside a transaction of
 * its own: it sends event 2 to new members once activated, lists at most `max`
 * held events, and opens at most `max` waiting messages whose key came.
 */
bool group_has_reaction(const struct group * g);
int group_react(struct group * g, unsigned max, struct error * err);

/* --- reading ------------------------------------------------------------ */

struct group_event {
	struct log_item item;
	struct metadata_event event;
};
void group_event_free(struct group_event * e);

struct group_message {
	struct log_item item;
	struct message_headers headers;
	struct message message;
};
void group_message_free(struct group_message * m);

/* By arrival number or CID; -ERR_NOT_FOUND; -ERR_CRYPTO_DECRYPT … when it does
 * not open. */
int group_event_at(struct group * g, uint64_t arrival, struct group_event * e);
int group_message_at(struct group * g, uint64_t arrival,
    struct group_message * m);
int group_event_open(struct group * g, struct log_item * item,
    struct group_event * e);       /* takes the item over on success */
int group_message_open(struct group * g, struct log_item * item,
    struct group_message * m);

/* Walk devices that were announced (event 1). */
int group_each_device(struct group * g, int (*each)(void * user,
    const uint8_t member_pk[32], const uint8_t device_pk[32]), void * user);

/* The member of a device; -ERR_NOT_FOUND. */
int group_member_of(struct group * g, const uint8_t device_pk[32],
    uint8_t member_pk[32]);

/*
 * Roles: may this member administrate?  1, 0 or a code.  In a contact group
 * both may, in the account group the account.  _at: at that place of the causal
 * order, as far as is known now: a late event may change the answer.
 */
int group_is_admin(struct group * g, const uint8_t member_pk[32]);
int group_is_admin_at(struct group * g, const uint8_t member_pk[32],
    const struct event_place * place);

/*
 * Make a member an administrator (event 303), inside a transaction; writes
 * nothing if it is one.  1002 over 1305: no multi-member group, 100: we are
 * none, 404: no such member.
 */
int group_grant_admin(struct group * g, const uint8_t member_pk[32],
    struct error * err);

/*
 * Aliases (group/alias.h).  send: tell the contact of a contact group which key
 * signs for us elsewhere (201); disclose: let contacts who have it find out who
 * we are in a multi-member group (301).  alias: the account's proof key.  What
 * was written before is not written again.  1002 over 1305 in other groups.
 */
int group_send_alias_key(struct group * g, const struct ed25519_key * alias,
    struct error * err);
int group_disclose_alias(struct group * g, const struct ed25519_key * alias,
    struct error * err);

/* Walk the members of a multi-member group who proved to be contacts. */
int group_each_alias(struct group * g, int (*each)(void * user,
    const uint8_t member_pk[32], const uint8_t contact_pk[32]), void * user);

struct group_counts {
	uint64_t bad_events, bad_messages, waiting_messages;
};
void group_counts(const struct group * g, struct group_counts * counts);

#endif /* !BERTY_GROUP_GROUP_H */
