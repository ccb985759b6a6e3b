#include "group/chain_store.h"

#include "base/error.h"

/* Message keys stand under device and counter. */
#define KEY_NAME_SIZE 40

static struct slice
key_name(uint8_t name[KEY_NAME_SIZE], const uint8_t device_pk[32],
    uint64_t counter)
{
	int i;

	memcpy(name, device_pk, 32);
	for (i = 0; i < 8; i++)
		name[32 + i] = (uint8_t)(counter >> (56 - 8 * i));
	return (slice_of(name, KEY_NAME_SIZE));
}

int
chain_store_load(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    struct chain_key * c)
{
	struct buffer value = {0};
	int status;

	status = store_get(s, STORE_CHAIN_KEY, scope, slice_of(device_pk, 32),
	    &value);
	if (status == 0 && chain_key_decode(c, buffer_all(&value)) != 0)
		status = -ERR_DB_READ;
	buffer_wipe(&value);
	return (status);
}

int
chain_store_save(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    const struct chain_key * c)
{
	struct buffer value = {0};
	int status;

	chain_key_encode(&value, c);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = store_put(s, STORE_CHAIN_KEY, scope,
		    slice_of(device_pk, 32), buffer_all(&value));
	buffer_wipe(&value);
	return (status);
}

static int
find_kept(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    uint64_t counter, struct chain_use * use)
{
	uint8_t name[KEY_NAME_SIZE];
	struct buffer value = {0};
	int status;

	use->moves = false;
	status = store_get(s, STORE_MESSAGE_KEY, scope,
	    key_name(name, device_pk, counter), &value);
	if (status == 0 && value.n != sizeof(use->key))
		status = -ERR_DB_READ;
	if (status == 0)
		memcpy(use->key, value.p, sizeof(use->key));
	buffer_wipe(&value);
	return (status);
}

int
chain_store_find(struct store * s, uint64_t scope, const uint8_t group_pk[32],
    const uint8_t device_pk[32], uint64_t counter, struct chain_use * use)
{
	uint64_t i, steps;
	int status;

	status = chain_store_load(s, scope, device_pk, &use->after);
	if (status != 0)
		return (status);
	if (!chain_store_ahead(use->after.counter, counter))
		return (find_kept(s, scope, device_pk, counter, use));
	if ((steps = counter - use->after.counter) > CHAIN_KEY_WINDOW)
		return (-ERR_NOT_FOUND);
	use->moves = true;
	use->n_skipped = (unsigned)steps - 1;
	use->first_skipped = use->after.counter + 1;
	for (i = 0; i + 1 < steps; i++)
		chain_key_step(&use->after, use->skipped[i], group_pk);
	chain_key_step(&use->after, use->key, group_pk);
	return (0);
}

int
chain_store_peek(struct store * s, uint64_t scope, const uint8_t group_pk[32],
    const uint8_t device_pk[32], uint64_t counter, unsigned ahead,
    uint8_t key[32])
{
	struct chain_use use;
	int status;

	status = chain_store_load(s, scope, device_pk, &use.after);
	if (status == 0 && !chain_store_ahead(use.after.counter, counter))
		status = find_kept(s, scope, device_pk, counter, &use);
	else if (status == 0)
		status = chain_key_reach(&use.after, use.key, group_pk,
		    counter, ahead);
	if (status == 0)
		memcpy(key, use.key, sizeof(use.key));
	crypto_wipe(&use, sizeof(use));
	return (status);
}

int
chain_store_use(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    uint64_t counter, const struct chain_use * use)
{
	uint8_t name[KEY_NAME_SIZE];
	unsigned i;
	int status = 0;

	if (!use->moves)
		return (store_delete(s, STORE_MESSAGE_KEY, scope,
		    key_name(name, device_pk, counter)));
	for (i = 0; i < use->n_skipped && status == 0; i++)
		status = store_put(s, STORE_MESSAGE_KEY, scope,
		    key_name(name, device_pk, use->first_skipped + i),
		    slice_of(use->skipped[i], 32));
	if (status == 0)
		status = chain_store_save(s, scope, device_pk, &use->after);
	return (status);
}
