#include "group/member_store.h"

#include "group/event_place.h"

int
member_row_decode(struct member_row * row, struct slice value)
{
	struct reader r = reader_of(value);
	struct slice keys = reader_take(&r, 64);

	if (r.failed || !event_place_read(&row->place, &r) || !reader_done(&r))
		return (-ERR_DB_READ);
	memcpy(row->device_pk, keys.p, 32);
	memcpy(row->member_pk, keys.p + 32, 32);
	return (0);
}

int
member_store_load(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    struct member_row * row)
{
	struct buffer value = {0};
	int status;

	status = store_get(s, STORE_MEMBER, scope, slice_of(device_pk, 32),
	    &value);
	if (status == 0)
		status = member_row_decode(row, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
member_store_save(struct store * s, uint64_t scope,
    const struct member_row * row)
{
	struct buffer value = {0};
	int status;

	buffer_append(&value, row->device_pk, 32);
	buffer_append(&value, row->member_pk, 32);
	event_place_encode(&value, &row->place);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = store_put(s, STORE_MEMBER, scope,
		    slice_of(row->device_pk, 32), buffer_all(&value));
	buffer_free(&value);
	return (status);
}
