#include "group/parked.h"

#include <stdlib.h>

#include "group/event_place.h"
#include "group/row_list.h"

/* Which element stands where. */
struct position {
	struct event_place place;
	uint64_t i;
};

static struct row_list
list_of(struct store * s, uint64_t scope, const uint8_t device_pk[32])
{
	return ((struct row_list){s, STORE_PARKED, scope,
	    slice_of(device_pk, 32)});
}

int
parked_add(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    const struct event_place * place, struct slice envelope)
{
	struct row_list l = list_of(s, scope, device_pk);
	struct buffer value = {0};
	int status;

	event_place_encode(&value, place);
	buffer_slice(&value, envelope);
	status = value.failed ? -ERR_INTERNAL
	                      : row_list_append(&l, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

static int
read_element(const struct row_list * l, uint64_t i, struct event_place * place,
    struct buffer * value, struct slice * envelope)
{
	struct reader r;
	int status;

	buffer_clear(value);
	if ((status = row_list_get(l, i, value)) != 0)
		return (status);
	r = reader_of(buffer_all(value));
	if (!event_place_read(place, &r))
		return (-ERR_DB_READ);
	*envelope = reader_rest(&r);
	return (0);
}

static int
by_place(const void * a, const void * b)
{
	const struct position * p = a;
	const struct position * q = b;

	return (event_place_compare(&p->place, &q->place));
}

static int
read_positions(const struct row_list * l, struct position * list, uint64_t n)
{
	struct buffer value = {0};
	struct slice envelope;
	uint64_t i;
	int status = 0;

	for (i = 0; i < n && status == 0; i++) {
		list[i].i = i;
		status = read_element(l, i, &list[i].place, &value, &envelope);
	}
	buffer_free(&value);
	if (status == 0)
		qsort(list, (size_t)n, sizeof(*list), by_place);
	return (status);
}

static int
give(const struct row_list * l, const struct position * list, uint64_t n,
    int (*each)(void * user, const struct event_place * place,
        struct slice envelope), void * user)
{
	struct buffer value = {0};
	struct event_place place;
	struct slice envelope;
	uint64_t i;
	int status = 0;

	for (i = 0; i < n && status == 0; i++) {
		status = read_element(l, list[i].i, &place, &value, &envelope);
		if (status == 0)
			status = each(user, &place, envelope);
	}
	buffer_free(&value);
	return (status);
}

int
parked_take(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    int (*each)(void * user, const struct event_place * place,
        struct slice envelope), void * user)
{
	struct row_list l = list_of(s, scope, device_pk);
	struct position * list;
	uint64_t n;
	int status;

	if ((status = row_list_count(&l, &n)) != 0 || n == 0)
		return (status);
	if ((list = calloc((size_t)n, sizeof(*list))) == NULL)
		return (-ERR_INTERNAL);
	status = read_positions(&l, list, n);
	if (status == 0)
		status = give(&l, list, n, each, user);
	if (status == 0)
		status = row_list_clear(&l);
	free(list);
	return (status);
}
