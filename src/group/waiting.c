#include "group/waiting.h"

#include "base/reader.h"
#include "group/row_list.h"

/* Messages of one counter stand under device and counter. */
struct counter_name {
	uint8_t bytes[40];
};

static struct row_list
list_of(const struct waiting * w, struct counter_name * name,
    const uint8_t device_pk[32], uint64_t counter)
{
	int i;

	memcpy(name->bytes, device_pk, 32);
	for (i = 0; i < 8; i++)
		name->bytes[32 + i] = (uint8_t)(counter >> (56 - 8 * i));
	return ((struct row_list){w->store, STORE_WAITING, w->scope,
	    slice_of(name->bytes, sizeof(name->bytes))});
}

int
waiting_count(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t * n)
{
	/* The count stands where a list's would, under the device alone. */
	const struct row_list l = {w->store, STORE_WAITING, w->scope,
	    slice_of(device_pk, 32)};

	return (row_list_count(&l, n));
}

static int
set_count(const struct waiting * w, const uint8_t device_pk[32], uint64_t n)
{
	struct buffer value = {0};
	int status;

	if (n == 0)
		return (store_delete(w->store, STORE_WAITING, w->scope,
		    slice_of(device_pk, 32)));
	buffer_be64(&value, n);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = store_put(w->store, STORE_WAITING, w->scope,
		    slice_of(device_pk, 32), buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
waiting_add(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter, const struct cid * cid)
{
	struct counter_name name;
	struct row_list l = list_of(w, &name, device_pk, counter);
	uint64_t n;
	int status;

	if ((status = row_list_append(&l, cid_slice(cid))) != 0 ||
	    (status = waiting_count(w, device_pk, &n)) != 0)
		return (status);
	return (set_count(w, device_pk, n + 1));
}

int
waiting_count_at(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter, uint64_t * n)
{
	struct counter_name name;
	struct row_list l = list_of(w, &name, device_pk, counter);

	return (row_list_count(&l, n));
}

int
waiting_get(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter, uint64_t i, struct cid * cid)
{
	struct counter_name name;
	struct row_list l = list_of(w, &name, device_pk, counter);
	struct buffer value = {0};
	int status;

	status = row_list_get(&l, i, &value);
	if (status == 0 && cid_parse(cid, buffer_all(&value)) != 0)
		status = -ERR_DB_READ;
	buffer_free(&value);
	return (status);
}

int
waiting_remove(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter)
{
	struct counter_name name;
	struct row_list l = list_of(w, &name, device_pk, counter);
	uint64_t n, all;
	int status;

	if ((status = row_list_count(&l, &n)) != 0 || n == 0 ||
	    (status = row_list_clear(&l)) != 0 ||
	    (status = waiting_count(w, device_pk, &all)) != 0)
		return (status);
	return (set_count(w, device_pk, all > n ? all - n : 0));
}

/* --- looks ---------------------------------------------------------------- */

static int
due_decode(struct waiting_due * due, struct slice value)
{
	struct reader r = reader_of(value);
	struct slice device = reader_take(&r, 32);

	if (!r.failed)
		memcpy(due->device_pk, device.p, 32);
	due->from = reader_be64(&r);
	return (reader_done(&r) ? 0 : -ERR_DB_READ);
}

int
waiting_put_off(const struct waiting * w, const struct waiting_due * due)
{
	struct buffer value = {0};
	int status;

	buffer_append(&value, due->device_pk, 32);
	buffer_be64(&value, due->from);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = store_put(w->store, STORE_WAITING, w->todo,
		    slice_of(due->device_pk, 32), buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
waiting_done(const struct waiting * w, const uint8_t device_pk[32])
{
	return (store_delete(w->store, STORE_WAITING, w->todo,
	    slice_of(device_pk, 32)));
}

int
waiting_due_of(const struct waiting * w, const uint8_t device_pk[32],
    struct waiting_due * due)
{
	struct buffer value = {0};
	int status;

	status = store_get(w->store, STORE_WAITING, w->todo,
	    slice_of(device_pk, 32), &value);
	if (status == 0)
		status = due_decode(due, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
waiting_look(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t from)
{
	struct waiting_due due = {.from = from};
	uint64_t n;
	int status;

	if ((status = waiting_count(w, device_pk, &n)) != 0 || n == 0)
		return (status);
	status = waiting_due_of(w, device_pk, &due);
	if (status != -ERR_NOT_FOUND)
		return (status);
	memcpy(due.device_pk, device_pk, 32);
	return (waiting_put_off(w, &due));
}

/* Ends the walk at the first. */
#define FOUND 1

static int
take_first(void * user, struct slice value)
{
	int status = due_decode(user, value);

	return (status != 0 ? status : FOUND);
}

int
waiting_next(const struct waiting * w, struct waiting_due * due)
{
	int status = store_each(w->store, STORE_WAITING, w->todo, take_first,
	    due);

	if (status == FOUND)
		return (0);
	return (status == 0 ? -ERR_NOT_FOUND : status);
}
