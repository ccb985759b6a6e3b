/* The one row that a log keeps of itself: heads, clock and counters. */
#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "log/log_impl.h"

enum { STATE_VERSION = 1 };

int
log_order(uint64_t a_time, const struct cid * a, uint64_t b_time,
    const struct cid * b)
{
	if (a_time != b_time)
		return (a_time < b_time ? -1 : 1);
	return (slice_compare(cid_slice(a), cid_slice(b)));
}

static int
reserve_heads(struct log * log, size_t n)
{
	size_t size = log->heads_size == 0 ? 4 : log->heads_size;
	struct log_head * more;

	if (n <= log->heads_size)
		return (0);
	while (size < n)
		size *= 2;
	if ((more = realloc(log->heads, size * sizeof(*more))) == NULL)
		return (-ERR_INTERNAL);
	log->heads = more;
	log->heads_size = size;
	return (0);
}

static int
decode_heads(struct log * log, struct reader * r)
{
	uint32_t n = reader_be32(r), i;
	struct log_head * head;
	int status;

	if (r->failed || n > r->n)
		return (-ERR_DB_READ);
	if ((status = reserve_heads(log, n)) != 0)
		return (status);
	for (i = 0; i < n; i++) {
		head = &log->heads[i];
		head->time = reader_be64(r);
		if (cid_parse(&head->cid,
		    reader_take(r, reader_byte(r))) != 0)
			return (-ERR_DB_READ);
	}
	log->n_heads = n;
	return (reader_done(r) ? 0 : -ERR_DB_READ);
}

static int
decode_state(struct log * log, struct slice value)
{
	struct reader r = reader_of(value);

	if (reader_byte(&r) != STATE_VERSION)
		return (-ERR_DB_READ);
	log->time = reader_be64(&r);
	log->joined = reader_be64(&r);
	log->waiting = reader_be64(&r);
	log->arrivals = reader_be64(&r);
	log->noted = reader_be64(&r);
	log->wanted = reader_be64(&r);
	log->waiting_bytes = reader_be64(&r);
	return (decode_heads(log, &r));
}

int
log_load(struct log * log)
{
	struct buffer value = {0};
	int status;

	if (log->loaded)
		return (0);
	if ((status = store_scope(log->store, buffer_all(&log->address),
	    &log->scope)) != 0)
		return (status);
	log->time = log->joined = log->waiting = log->arrivals = 0;
	log->noted = log->wanted = log->waiting_bytes = 0;
	log->n_heads = 0;
	status = store_get(log->store, STORE_LOG, 0,
	    buffer_all(&log->address), &value);
	if (status == 0)
		status = decode_state(log, buffer_all(&value));
	else if (status == -ERR_NOT_FOUND)
		status = 0;
	buffer_free(&value);
	log->loaded = status == 0;
	return (status);
}

int
log_save(struct log * log)
{
	struct buffer value = {0};
	size_t i;
	int status;

	buffer_byte(&value, STATE_VERSION);
	buffer_be64(&value, log->time);
	buffer_be64(&value, log->joined);
	buffer_be64(&value, log->waiting);
	buffer_be64(&value, log->arrivals);
	buffer_be64(&value, log->noted);
	buffer_be64(&value, log->wanted);
	buffer_be64(&value, log->waiting_bytes);
	buffer_be32(&value, (uint32_t)log->n_heads);
	for (i = 0; i < log->n_heads; i++) {
		buffer_be64(&value, log->heads[i].time);
		buffer_byte(&value, log->heads[i].cid.n);
		buffer_slice(&value, cid_slice(&log->heads[i].cid));
	}
	status = value.failed ? -ERR_INTERNAL :
	    store_put(log->store, STORE_LOG, 0, buffer_all(&log->address),
	        buffer_all(&value));
	buffer_free(&value);
	return (status);
}

/* Is the head named in next?  It is sorted when an honest peer made it, but
 * only looked through. */
static bool
names(const struct entry * e, const struct cid * cid)
{
	size_t i;

	for (i = 0; i < e->n_next; i++)
		if (cid_equal(&e->next[i], cid))
			return (true);
	return (false);
}

int
log_head_add(struct log * log, const struct entry * e, const struct cid * cid)
{
	size_t i, n = 0;
	int status;

	if ((status = reserve_heads(log, log->n_heads + 1)) != 0)
		return (status);
	for (i = 0; i < log->n_heads; i++)
		if (!names(e, &log->heads[i].cid))
			log->heads[n++] = log->heads[i];
	for (i = n; i > 0 && log_order(log->heads[i - 1].time,
	    &log->heads[i - 1].cid, e->time, cid) < 0; i--)
		log->heads[i] = log->heads[i - 1];
	log->heads[i] = (struct log_head){e->time, *cid};
	log->n_heads = n + 1;
	return (0);
}
