#include "group/alias_rows.h"

#include "group/event_place.h"

static bool
take(struct reader * r, uint8_t * to, size_t n)
{
	struct slice bytes = reader_take(r, n);

	if (r->failed)
		return (false);
	memcpy(to, bytes.p, n);
	return (true);
}

static int
put(struct store * s, uint64_t scope, const uint8_t name[32],
    struct buffer * value)
{
	int status = value->failed ? -ERR_INTERNAL :
	    store_put(s, STORE_ALIAS, scope, slice_of(name, KEY_SIZE),
	        buffer_all(value));

	buffer_free(value);
	return (status);
}

int
alias_key_decode(struct alias_key * key, struct slice value)
{
	struct reader r = reader_of(value);

	if (!take(&r, key->account_pk, KEY_SIZE) ||
	    !take(&r, key->alias_pk, KEY_SIZE))
		return (-ERR_DB_READ);
	key->bound = reader_byte(&r) != 0;
	if (!event_place_read(&key->place, &r) || !reader_done(&r))
		return (-ERR_DB_READ);
	return (0);
}

int
alias_key_load(struct store * s, uint64_t scope, const uint8_t account_pk[32],
    struct alias_key * key)
{
	struct buffer value = {0};
	int status;

	status = store_get(s, STORE_ALIAS, scope,
	    slice_of(account_pk, KEY_SIZE), &value);
	if (status == 0)
		status = alias_key_decode(key, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
alias_key_save(struct store * s, uint64_t scope, const struct alias_key * key)
{
	struct buffer value = {0};

	buffer_append(&value, key->account_pk, KEY_SIZE);
	buffer_append(&value, key->alias_pk, KEY_SIZE);
	buffer_byte(&value, key->bound);
	event_place_encode(&value, &key->place);
	return (put(s, scope, key->account_pk, &value));
}

int
alias_claim_decode(struct alias_claim * claim, struct event_place * place,
    struct slice value)
{
	struct reader r = reader_of(value);

	if (!take(&r, claim->device_pk, KEY_SIZE) ||
	    !take(&r, claim->resolver, sizeof(claim->resolver)) ||
	    !take(&r, claim->proof, sizeof(claim->proof)))
		return (-ERR_DB_READ);
	claim->bound = reader_byte(&r) != 0;
	if ((claim->bound && !take(&r, claim->member_proof,
	        sizeof(claim->member_proof))) ||
	    !event_place_read(place, &r) || !reader_done(&r))
		return (-ERR_DB_READ);
	return (0);
}

int
alias_claim_load(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    struct alias_claim * claim, struct event_place * place)
{
	struct buffer value = {0};
	int status;

	status = store_get(s, STORE_ALIAS, scope,
	    slice_of(device_pk, KEY_SIZE), &value);
	if (status == 0)
		status = alias_claim_decode(claim, place, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
alias_claim_save(struct store * s, uint64_t scope,
    const struct alias_claim * claim, const struct event_place * place)
{
	struct buffer value = {0};

	buffer_append(&value, claim->device_pk, KEY_SIZE);
	buffer_append(&value, claim->resolver, sizeof(claim->resolver));
	buffer_append(&value, claim->proof, sizeof(claim->proof));
	buffer_byte(&value, claim->bound);
	if (claim->bound)
		buffer_append(&value, claim->member_proof,
		    sizeof(claim->member_proof));
	event_place_encode(&value, place);
	return (put(s, scope, claim->device_pk, &value));
}
