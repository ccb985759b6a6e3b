#include "account/account_impl.h"
#include "codec/peer_id.h"

/* Names on disk.  Source: crypto spec §2; the peer's is our own. */
#define NAME_ACCOUNT "accountSK"
#define NAME_PROOF "accountProofSK"
#define NAME_DEVICE "deviceSK"
#define NAME_PEER "peerSK"

#define PRIVATE_KEY_SIZE 68

static int
get_key(const struct group_context * context, struct slice name,
    struct ed25519_key * key)
{
	struct buffer stored = {0};
	uint8_t seed[SEED_SIZE];
	int status;

	status = store_get(context->store, STORE_KEY, 0, name, &stored);
	if (status == 0)
		status = private_key_parse(seed, buffer_all(&stored));
	if (status == 0)
		ed25519_from_seed(key, seed);
	crypto_wipe(seed, sizeof(seed));
	buffer_wipe(&stored);
	return (status);
}

static int
put_key(const struct group_context * context, struct slice name,
    const struct ed25519_key * key)
{
	uint8_t encoded[PRIVATE_KEY_SIZE];
	int status;

	private_key_from_ed25519(encoded, key->seed, key->pub);
	status = store_put(context->store, STORE_KEY, 0, name,
	    slice_of(encoded, sizeof(encoded)));
	crypto_wipe(encoded, sizeof(encoded));
	return (status);
}

int
account_key_make(const struct group_context * context, struct slice name,
    struct ed25519_key * key)
{
	uint8_t seed[SEED_SIZE];
	int status;

	if ((status = get_key(context, name, key)) != -ERR_NOT_FOUND)
		return (status);
	world_random(context->world, seed, sizeof(seed));
	ed25519_from_seed(key, seed);
	crypto_wipe(seed, sizeof(seed));
	return (put_key(context, name, key));
}

static bool
is_there(const struct group_context * context, const char * name)
{
	struct buffer stored = {0};
	int status;

	status = store_get(context->store, STORE_KEY, 0, slice_text(name),
	    &stored);
	buffer_wipe(&stored);
	return (status != -ERR_NOT_FOUND);
}

bool
account_keys_present(const struct group_context * context)
{

	return (is_there(context, NAME_ACCOUNT) ||
	    is_there(context, NAME_PROOF));
}

int
account_keys_restore(const struct group_context * context,
    const struct account_keys * restore, struct error * err)
{
	int status;

	if (crypto_equal(restore->account.pub, restore->proof.pub, KEY_SIZE))
		return (error_set(err, ERR_INVALID_INPUT,
		    "account and proof key are the same"));
	if (account_keys_present(context))
		return (error_set(err, ERR_INVALID_INPUT,
		    "the account's keys are already set"));
	if ((status = put_key(context, slice_text(NAME_ACCOUNT),
	    &restore->account)) != 0 ||
	    (status = put_key(context, slice_text(NAME_PROOF),
	        &restore->proof)) != 0)
		return (error_from(err, ERR_KEYSTORE_PUT, status,
		    "the account's keys cannot be kept"));
	return (0);
}

int
account_keys_load(const struct group_context * context,
    struct account_keys * keys, const struct account_keys * restore,
    struct error * err)
{
	int status;

	if (restore != NULL &&
	    (status = account_keys_restore(context, restore, err)) != 0)
		return (status);
	if ((status = account_key_make(context, slice_text(NAME_ACCOUNT),
	    &keys->account)) != 0 ||
	    (status = account_key_make(context, slice_text(NAME_PROOF),
	        &keys->proof)) != 0 ||
	    (status = account_key_make(context, slice_text(NAME_DEVICE),
	        &keys->device)) != 0 ||
	    (status = account_key_make(context, slice_text(NAME_PEER),
	        &keys->peer)) != 0)
		return (error_from(err, ERR_KEYSTORE_GET, status,
		    "the account's keys cannot be had"));
	return (0);
}
