/*
 * account_push.h: this device as push relays know it: its push key, and the
 * token and relay that the account's events 405 and 406 name.
 *
 * The key belongs to the installation: it is made with the store, leaves it for
 * the file beside it alone (node/push_file.h), and no archive has it.
 * Source: crypto spec §8b (berty go/pkg/bertyprotocol/api_push.go).
 */
#ifndef BERTY_ACCOUNT_ACCOUNT_PUSH_H
#define BERTY_ACCOUNT_ACCOUNT_PUSH_H

#include "account/account.h"

/* Relays whose pushes are understood: the newest ones. */
#define PUSH_SERVERS_MAX 32

/* An X25519 pair, in the arena. */
struct account_push_key {
	uint8_t private[32];
	uint8_t public[32];
};
const struct account_push_key * account_push_key(const struct account * a);

/* What platform and relay know of this device. */
struct push_receiver {
	unsigned token_type;      /* PushServiceTokenType, not 0 */
	struct slice bundle_id;
	struct slice token;
	uint8_t recipient[32];    /* the device's push key */
};

/* Append a PushServiceReceiver, a PushServer. */
void push_receiver_encode(struct buffer * out, const struct push_receiver * r);
void push_server_encode(struct buffer * out, const uint8_t key[32],
    struct slice service_addr);

/*
 * Write 405 and 406, inside a transaction; nothing when all of it stands there
 * already.  set_token puts our key in the receiver.
 */
int account_push_set_token(struct account * a, struct push_receiver * r,
    struct error * err);
int account_push_set_server(struct account * a, const uint8_t key[32],
    struct slice service_addr, struct error * err);

/* What this device registered last: a PushServiceReceiver, a PushServer,
 * appended; -ERR_NOT_FOUND. */
int account_push_token(struct account * a, struct buffer * receiver);
int account_push_server(struct account * a, struct buffer * server);

/*
 * A relay was told of this device, so its pushes will come; inside a
 * transaction.  An event 406 of ours does it by itself.
 */
int account_push_know_server(struct account * a, const uint8_t key[32]);

/* The keys of these relays, the registered one first; how many. */
size_t account_push_servers(struct account * a,
    uint8_t keys[PUSH_SERVERS_MAX][32]);

/* --- for the account ------------------------------------------------------ */

/* The key: the one that is there, or a new one, inside a transaction. */
int account_push_key_load(const struct group_context * context,
    struct account_push_key ** key);

/* Fold 405 and 406 of a device of the account; 0 for all other events. */
int account_push_fold(struct account * a, const struct metadata_event * e,
    const struct event_place * place);

#endif /* !BERTY_ACCOUNT_ACCOUNT_PUSH_H */
