/* account_impl.h: an account from inside; for the files of the account. */
#ifndef BERTY_ACCOUNT_ACCOUNT_IMPL_H
#define BERTY_ACCOUNT_ACCOUNT_IMPL_H

#include "account/account.h"
#include "account/account_push.h"
#include "account/registers.h"

struct account {
	struct group_context context;
	const struct network * network;
	struct account_keys * keys;       /* in the arena */
	struct account_push_key * push;   /* in the arena */
	struct group * group;
	struct registers registers;
};

/*
 * A key by name in the store, as a libp2p private key: the one that is there,
 * or a random one, inside a transaction.
 */
int account_key_make(const struct group_context * context, struct slice name,
    struct ed25519_key * key);

/* Read the four keys of the account, making what is missing. */
int account_keys_load(const struct group_context * context,
    struct account_keys * keys, const struct account_keys * restore,
    struct error * err);

/* Is there an account or proof key? */
bool account_keys_present(const struct group_context * context);

/*
 * The keys of another node's account, only where there is none yet
 * (-ERR_INVALID_INPUT), inside a transaction.
 */
int account_keys_restore(const struct group_context * context,
    const struct account_keys * restore, struct error * err);

/* How the account group itself is opened. */
void account_config_own(const struct account * a,
    struct group_config * config);

/* Our device, as events name it. */
ProtobufCBinaryData account_device(const struct account * a);

/*
 * Write an event of the account: `message` is the payload, signed by our
 * device.  The chain starts with 1002 on failure.
 */
int account_write(struct account * a, unsigned type, const void * message,
    struct error * err);

#endif /* !BERTY_ACCOUNT_ACCOUNT_IMPL_H */
