#include "group/row_list.h"

#include "base/reader.h"

/* The name of element i: the list's name and a number; the list's name alone
 * holds the count. */
struct element_name {
	uint8_t bytes[ROW_LIST_NAME + 8];
	size_t n;
};

static struct slice
name_element(struct element_name * name, const struct row_list * l, uint64_t i)
{
	size_t n = l->name.n < ROW_LIST_NAME ? l->name.n : ROW_LIST_NAME;
	int shift;

	memcpy(name->bytes, l->name.p, n);
	for (shift = 56; shift >= 0; shift -= 8)
		name->bytes[n++] = (uint8_t)(i >> shift);
	name->n = n;
	return (slice_of(name->bytes, name->n));
}

int
row_list_count(const struct row_list * l, uint64_t * n)
{
	struct buffer value = {0};
	struct reader r;
	int status;

	*n = 0;
	status = store_get(l->store, l->table, l->scope, l->name, &value);
	if (status == 0) {
		r = reader_of(buffer_all(&value));
		*n = reader_be64(&r);
		status = reader_done(&r) ? 0 : -ERR_DB_READ;
	} else if (status == -ERR_NOT_FOUND)
		status = 0;
	buffer_free(&value);
	return (status);
}

static int
put_count(const struct row_list * l, uint64_t n)
{
	struct buffer value = {0};
	int status;

	buffer_be64(&value, n);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = store_put(l->store, l->table, l->scope, l->name,
		    buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
row_list_append(const struct row_list * l, struct slice value)
{
	struct element_name name;
	uint64_t n;
	int status;

	if ((status = row_list_count(l, &n)) != 0 ||
	    (status = store_put(l->store, l->table, l->scope,
	        name_element(&name, l, n), value)) != 0)
		return (status);
	return (put_count(l, n + 1));
}

int
row_list_get(const struct row_list * l, uint64_t i, struct buffer * out)
{
	struct element_name name;

	return (store_get(l->store, l->table, l->scope,
	    name_element(&name, l, i), out));
}

int
row_list_clear(const struct row_list * l)
{
	struct element_name name;
	uint64_t i, n;
	int status;

	if ((status = row_list_count(l, &n)) != 0 || n == 0)
		return (status);
	for (i = 0; i < n && status == 0; i++)
		status = store_delete(l->store, l->table, l->scope,
		    name_element(&name, l, i));
	if (status == 0)
		status = store_delete(l->store, l->table, l->scope, l->name);
	return (status);
}
