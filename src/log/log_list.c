/* Reading a log: by CID, and in its three orders. */
#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

void
log_item_free(struct log_item * item)
{
	entry_free(&item->entry);
	buffer_free(&item->block);
	crypto_wipe(item, sizeof(*item));
}

int
log_read_item(struct log * log, uint64_t id, struct log_item * item)
{
	struct log_item read = {0};
	struct log_row row = {0};
	struct slice block;
	int status;

	status = log_row_read(log->store, id, &row, &read.block, &block);
	if (status != 0)
		goto err0;
	if (row.scope != log->scope) {
		status = -ERR_NOT_FOUND;
		goto err0;
	}
	buffer_consume(&read.block, read.block.n - block.n);
	if ((status = entry_decode(&read.entry, buffer_all(&read.block))) != 0)
		goto err0;
	read.join = row.join;
	read.arrival = row.arrival;
	read.note_n = row.note_n;
	memcpy(read.note, row.note, row.note_n);
	cid_of(&read.cid, CID_DAG_CBOR, buffer_all(&read.block));
	*item = read;
	read = (struct log_item){0};
err0:
	log_item_free(&read);
	crypto_wipe(&row, sizeof(row));
	return (status);
}

int
log_find(struct log * log, const struct cid * cid, struct log_item * item)
{
	uint64_t id;
	int status;

	if ((status = log_load(log)) != 0 ||
	    (status = store_block_find(log->store, cid_slice(cid), &id)) != 0)
		return (status);
	return (log_read_item(log, id, item));
}

static int
at_number(struct log * log, enum store_table table, uint64_t number,
    struct log_item * item)
{
	struct store_number row;
	size_t n;
	int status;

	if ((status = log_load(log)) != 0)
		return (status);
	status = store_number_range(log->store, table, log->scope, number,
	    number, false, &row, 1, &n);
	if (status == 0 && n == 0)
		status = -ERR_NOT_FOUND;
	return (status != 0 ? status : log_read_item(log, row.id, item));
}

int
log_at_arrival(struct log * log, uint64_t number, struct log_item * item)
{
	return (at_number(log, STORE_ARRIVAL, number, item));
}

int
log_at_join(struct log * log, uint64_t number, struct log_item * item)
{
	return (at_number(log, STORE_JOIN_ORDER, number, item));
}

/* --- the causal order ---------------------------------------------------- */

/* The ids at one time, in the order of their CIDs. */
struct place {
	struct cid cid;
	uint64_t id;
};

static int
compare_places(const void * a, const void * b)
{
	const struct place *x = a, *y = b;

	return (slice_compare(cid_slice(&x->cid), cid_slice(&y->cid)));
}

/* All rows of a time; freed by the caller. */
static int
rows_at(struct log * log, uint64_t time, struct store_number ** rows,
    size_t * n)
{
	size_t size = 16;
	struct store_number * more;
	int status;

	*rows = NULL;
	do {
		size *= 2;
		if ((more = realloc(*rows, size * sizeof(*more))) == NULL) {
			status = -ERR_INTERNAL;
			break;
		}
		*rows = more;
		status = store_number_range(log->store, STORE_CAUSAL,
		    log->scope, time, time, false, *rows, size, n);
	} while (status == 0 && *n == size);
	if (status != 0)
		free(*rows);
	return (status);
}

static int
sort_rows(struct log * log, const struct store_number * rows, size_t n,
    struct place * places)
{
	struct log_item item = {0};
	size_t i;
	int status;

	for (i = 0; i < n; i++) {
		if ((status = log_read_item(log, rows[i].id, &item)) != 0)
			return (status);
		places[i] = (struct place){item.cid, rows[i].id};
		log_item_free(&item);
	}
	qsort(places, n, sizeof(*places), compare_places);
	return (0);
}

static int
each_at(struct log * log, uint64_t time,
    int (*each)(void * user, const struct log_item * item), void * user)
{
	struct log_item item = {0};
	struct store_number * rows;
	struct place * places;
	size_t i, n;
	int status;

	if ((status = rows_at(log, time, &rows, &n)) != 0)
		return (status);
	if ((places = calloc(n + 1, sizeof(*places))) == NULL) {
		status = -ERR_INTERNAL;
		goto err1;
	}
	status = sort_rows(log, rows, n, places);
	for (i = 0; i < n && status == 0; i++) {
		if ((status = log_read_item(log, places[i].id, &item)) != 0)
			break;
		status = each(user, &item);
		log_item_free(&item);
	}
	free(places);
err1:
	free(rows);
	return (status);
}

int
log_each_causal(struct log * log, uint64_t from,
    int (*each)(void * user, const struct log_item * item), void * user)
{
	struct store_number row;
	size_t n;
	int status;

	if ((status = log_load(log)) != 0)
		return (status);
	while (from <= INT64_MAX) {
		status = store_number_range(log->store, STORE_CAUSAL,
		    log->scope, from, INT64_MAX, false, &row, 1, &n);
		if (status != 0 || n == 0)
			return (status);
		if ((status = each_at(log, row.number, each, user)) != 0)
			return (status);
		from = row.number + 1;
	}
	return (0);
}

/* --- delivery ------------------------------------------------------------ */

static int
deliver(struct log * log, uint64_t id, const uint8_t * note, size_t note_n)
{
	struct buffer old = {0}, value = {0};
	struct log_row row = {0};
	struct slice block;
	int status;

	status = log_row_read(log->store, id, &row, &old, &block);
	if (status != 0)
		goto err0;
	status = -ERR_INVALID_INPUT;
	if (row.scope != log->scope || row.state != LOG_ROW_JOINED ||
	    row.arrival != 0)
		goto err0;
	row.arrival = log->arrivals + 1;
	row.note_n = (uint8_t)note_n;
	if (note_n > 0)
		memcpy(row.note, note, note_n);
	log_row_encode(&value, &row, block);
	status = value.failed ? -ERR_INTERNAL :
	    store_block_set(log->store, id, buffer_all(&value));
	if (status == 0)
		status = store_number_put(log->store, STORE_ARRIVAL,
		    log->scope, row.arrival, id);
	if (status == 0) {
		log->arrivals++;
		status = log_save(log);
	}
err0:
	crypto_wipe(&row, sizeof(row));
	buffer_free(&old);
	buffer_wipe(&value);
	return (status);
}

int
log_deliver(struct log * log, const struct cid * cid, const uint8_t * note,
    size_t note_n)
{
	uint64_t id;
	int status;

	if (note_n > LOG_NOTE_MAX)
		return (-ERR_INVALID_INPUT);
	if ((status = log_load(log)) != 0 ||
	    (status = store_block_find(log->store, cid_slice(cid), &id)) != 0)
		return (status);
	return (deliver(log, id, note, note_n));
}

int
log_block(struct store * s, const struct cid * cid, struct buffer * out)
{
	struct buffer value = {0};
	struct log_row row = {0};
	struct slice block;
	uint64_t id;
	int status;

	if ((status = store_block_find(s, cid_slice(cid), &id)) != 0)
		return (status);
	status = log_row_read(s, id, &row, &value, &block);
	if (status == 0)
		buffer_slice(out, block);
	crypto_wipe(&row, sizeof(row));
	buffer_free(&value);
	return (status);
}
