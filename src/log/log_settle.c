/*
 * Taking entries in.  What was received is held in memory until log_settle, so
 * that an entry that can be joined at once is written once; what cannot is
 * written as waiting at its end.
 */
#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

void
log_pending_free(struct log * log)
{
	struct list *place, *following;
	struct log_pending * p;

	list_each(place, following, &log->pending) {
		p = list_entry(place, struct log_pending, place);
		list_remove(&p->place);
		entry_free(&p->entry);
		buffer_free(&p->block);
		free(p);
	}
	map_free(&log->pending_map);
	map_free(&log->watchers);
}

/* One pending entry less. */
static void
drop(struct log * log, struct log_pending * p)
{
	(void)map_remove(&log->pending_map, cid_slice(&p->cid));
	list_remove(&p->place);
	entry_free(&p->entry);
	buffer_free(&p->block);
	free(p);
}

int
log_receive(struct log * log, const struct cid * cid, struct slice block)
{
	struct log_pending * p;
	uint64_t id;
	int status;

	if ((status = log_load(log)) != 0)
		return (status);
	if (map_get(&log->pending_map, cid_slice(cid)) != NULL)
		return (1);
	status = store_block_find(log->store, cid_slice(cid), &id);
	if (status != -ERR_NOT_FOUND)
		return (status == 0 ? 1 : status);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (-ERR_INTERNAL);
	list_init(&p->place);
	p->cid = *cid;
	buffer_slice(&p->block, block);
	status = p->block.failed ? -ERR_INTERNAL :
	    entry_decode(&p->entry, buffer_all(&p->block));
	if (status == 0 && !slice_equal(p->entry.id, log_address_of(log)))
		status = -ERR_INVALID_INPUT;
	if (status == 0)
		status = map_set(&log->pending_map, cid_slice(cid), p);
	if (status != 0) {
		drop(log, p);
		return (status);
	}
	list_append(&log->pending, &p->place);
	return (0);
}

/* 1: joined, 0: not, or a code. */
static int
is_joined(struct log * log, const struct cid * cid)
{
	struct buffer value = {0};
	struct log_row row;
	struct slice block;
	uint64_t id;
	int status;

	if (log_recent_get(log, cid) != NULL)
		return (1);
	if (map_get(&log->pending_map, cid_slice(cid)) != NULL)
		return (0);
	status = store_block_find(log->store, cid_slice(cid), &id);
	if (status != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	status = log_row_read(log->store, id, &row, &value, &block);
	buffer_free(&value);
	if (status != 0)
		return (status);
	/* An entry of another log is never a parent here. */
	status = row.scope == log->scope && row.state == LOG_ROW_JOINED;
	crypto_wipe(&row, sizeof(row));
	return (status);
}

/*
 * The first parent from index `from` on that is not joined, n_next if there is
 * none.
 */
static int
first_lacking(struct log * log, const struct entry * e, size_t from,
    size_t * at)
{
	int status;

	for (*at = from; *at < e->n_next; (*at)++) {
		if ((status = is_joined(log, &e->next[*at])) < 0)
			return (status);
		if (status == 0)
			break;
	}
	return (0);
}

/* A pending entry is ready, or watches a parent. */
static int
place_pending(struct log * log, struct log_pending * p, size_t from)
{
	struct slice parent;
	int status;

	p->placed = true;
	status = first_lacking(log, &p->entry, from, &p->watched);
	if (status != 0)
		return (status);
	if (p->watched == p->entry.n_next) {
		p->ready = true;
		return (log_ready_push(log, &(struct log_ready){
		    p->entry.time, p->cid, p, false}));
	}
	parent = cid_slice(&p->entry.next[p->watched]);
	p->other = map_get(&log->watchers, parent);
	return (map_set(&log->watchers, parent, p));
}

static int
place_all(struct log * log)
{
	struct list *place, *following;
	struct log_pending * p;
	int status;

	list_each(place, following, &log->pending) {
		p = list_entry(place, struct log_pending, place);
		if (!p->placed && (status = place_pending(log, p, 0)) != 0)
			return (status);
	}
	return (0);
}

/* --- waking children ----------------------------------------------------- */

static int
wake_stored(struct log * log, const struct log_child * child)
{
	struct log_item item = {0};
	struct log_child again = *child;
	size_t at = child->watched + 1U;
	int status = 0;

	if (at < child->parents) {
		if ((status = log_find(log, &child->cid, &item)) != 0)
			return (status);
		status = first_lacking(log, &item.entry, at, &at);
		if (status == 0 && at < item.entry.n_next) {
			again.watched = (uint32_t)at;
			status = log_wait_add(log, &item.entry.next[at],
			    &again);
			log_item_free(&item);
			return (status);
		}
		log_item_free(&item);
	}
	if (status == 0)
		status = log_ready_push(log, &(struct log_ready){
		    child->time, child->cid, NULL, false});
	return (status);
}

int
log_wake(struct log * log, const struct cid * parent)
{
	struct log_pending *p = map_remove(&log->watchers, cid_slice(parent));
	struct log_pending * other;
	struct log_child * children;
	size_t n, i;
	int status;

	for (; p != NULL; p = other) {
		other = p->other;
		status = place_pending(log, p, p->watched + 1);
		if (status != 0)
			return (status);
	}
	if ((status = log_wait_take(log, parent, &children, &n)) != 0)
		return (status);
	for (i = 0; i < n && status == 0; i++)
		status = wake_stored(log, &children[i]);
	free(children);
	return (status);
}

/* --- joining ------------------------------------------------------------- */

/* Ask the owner what to do with the entry. */
static int
judge(struct log * log, const struct entry * e, const struct cid * cid,
    bool own, struct log_verdict * verdict)
{
	struct buffer value = {0};
	int status;

	*verdict = (struct log_verdict){0};
	(void)operation_value(&value, e->payload);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = log->handler.join(log->handler.user, log, e, cid,
		    buffer_all(&value), own, verdict);
	buffer_free(&value);
	if (status == 0 && verdict->note_n > LOG_NOTE_MAX)
		status = -ERR_INVALID_INPUT;
	return (status);
}

static int
write_row(struct log * log, const struct cid * cid, const struct log_row * row,
    struct slice block, uint64_t * id)
{
	struct buffer value = {0};
	int status;

	log_row_encode(&value, row, block);
	if (value.failed)
		status = -ERR_INTERNAL;
	else if (*id != 0)
		status = store_block_set(log->store, *id, buffer_all(&value));
	else
		status = store_block_put(log->store, cid_slice(cid),
		    buffer_all(&value), id);
	/* The block behind is no secret. */
	if (!value.failed)
		crypto_wipe(value.p, value.n - block.n);
	buffer_free(&value);
	return (status);
}

static int
write_numbers(struct log * log, const struct log_row * row, uint64_t time,
    uint64_t id)
{
	int status;

	status = store_number_put(log->store, STORE_JOIN_ORDER, log->scope,
	    row->join, id);
	if (status == 0 && row->arrival != 0)
		status = store_number_put(log->store, STORE_ARRIVAL,
		    log->scope, row->arrival, id);
	if (status == 0 && log->causal)
		status = store_number_put(log->store, STORE_CAUSAL,
		    log->scope, time, id);
	return (status);
}

/* Its row and numbers, as the owner judged. */
static int
write_joined(struct log * log, const struct entry * e, const struct cid * cid,
    struct slice block, uint64_t id, const struct log_verdict * verdict)
{
	struct log_row row = {.state = LOG_ROW_JOINED, .scope = log->scope};
	int status;

	row.join = log->joined + 1;
	row.arrival = verdict->deliver ? log->arrivals + 1 : 0;
	row.note_n = verdict->note_n;
	memcpy(row.note, verdict->note, verdict->note_n);
	if ((status = write_row(log, cid, &row, block, &id)) == 0)
		status = write_numbers(log, &row, e->time, id);
	crypto_wipe(&row, sizeof(row));
	return (status);
}

int
log_join(struct log * log, const struct entry * e, const struct cid * cid,
    struct slice block, uint64_t id, bool own)
{
	struct log_verdict verdict;
	bool waited = id != 0, deliver;
	int status;

	if ((status = judge(log, e, cid, own, &verdict)) == 0)
		status = write_joined(log, e, cid, block, id, &verdict);
	else if (!own)
		log_deny(log, cid, status);
	deliver = verdict.deliver;
	crypto_wipe(&verdict, sizeof(verdict));
	if (status != 0 || (status = log_head_add(log, e, cid)) != 0)
		return (status);
	log->joined++;
	log->arrivals += deliver;
	if (waited) {
		log->waiting--;
		log->waiting_bytes -= block.n < log->waiting_bytes ? block.n :
		    log->waiting_bytes;
	}
	if (e->time > log->time)
		log->time = e->time;
	log_recent_add(log, cid, e);
	log_allow(log, cid);
	return (0);
}

static int
join_pending(struct log * log, struct log_pending * p)
{
	struct cid cid = p->cid;
	int status;

	status = log_join(log, &p->entry, &cid, buffer_all(&p->block), 0,
	    false);
	if (status != 0)
		return (status);
	drop(log, p);
	return (log_wake(log, &cid));
}

static int
join_stored(struct log * log, const struct log_ready * ready)
{
	struct log_item item = {0};
	uint64_t id;
	int status;

	status = store_block_find(log->store, cid_slice(&ready->cid), &id);
	if (status != 0 || (status = log_read_item(log, id, &item)) != 0)
		return (status);
	status = log_join(log, &item.entry, &ready->cid,
	    buffer_all(&item.block), id, false);
	log_item_free(&item);
	if (status == 0 && ready->noted)
		status = log_wait_unnote(log, &ready->cid);
	return (status != 0 ? status : log_wake(log, &ready->cid));
}

/* How many were joined, or a code. */
static int
join_ready(struct log * log, const struct log_ready * ready)
{
	int status;

	if (log_is_denied(log, &ready->cid))
		/* Remembered as ready, for when the log is opened again. */
		return (ready->noted ? 0 :
		    log_wait_note(log, ready->time, &ready->cid));
	status = ready->pending != NULL ? join_pending(log, ready->pending) :
	    join_stored(log, ready);
	return (status != 0 ? status : 1);
}

/* --- what could not be joined -------------------------------------------- */

static int
park_block(struct log * log, struct log_pending * p)
{
	struct log_row row = {.state = LOG_ROW_WAITING, .scope = log->scope};
	uint64_t id = 0;
	int status;

	status = write_row(log, &p->cid, &row, buffer_all(&p->block), &id);
	if (status != 0)
		return (status);
	log->waiting++;
	log->waiting_bytes += p->block.n;
	return (log_wait_stored(log, &p->cid));
}

/* All parents it lacks are wanted; it waits for the first. */
static int
park_waiting(struct log * log, struct log_pending * p)
{
	struct log_child child = {p->cid, p->entry.time, (uint32_t)p->watched,
	    (uint32_t)p->entry.n_next};
	size_t at = p->watched;
	int status;

	status = log_wait_add(log, &p->entry.next[at], &child);
	while (status == 0 && at < p->entry.n_next) {
		status = first_lacking(log, &p->entry, at + 1, &at);
		if (status == 0 && at < p->entry.n_next)
			status = log_wait_want(log, &p->entry.next[at]);
	}
	return (status);
}

static int
note_ready(struct log * log)
{
	struct log_ready * ready;
	size_t i;
	int status;

	for (i = 0; i < log->n_ready; i++) {
		ready = &log->ready[i];
		if (ready->noted)
			continue;
		status = log_wait_note(log, ready->time, &ready->cid);
		if (status != 0)
			return (status);
		ready->noted = true;
		ready->pending = NULL;
	}
	return (0);
}

/*
 * Is there no room for one more that waits?  What a waiting entry names as its
 * parent is taken all the same: only so can that one ever be joined.
 */
static int
is_too_much(struct log * log, const struct log_pending * p)
{
	int status;

	if (p->ready)
		return (0);
	if (log_is_full(log, p))
		return (1);
	if (log_wait_wants(log, &p->cid))
		return (0);
	status = log_evict_for(log, p);
	return (status < 0 ? status : status == 0);
}

int
log_park(struct log * log)
{
	struct list *place, *following;
	struct log_pending * p;
	int status;

	if ((status = place_all(log)) != 0 || (status = log_evict(log)) != 0)
		return (status);
	list_each(place, following, &log->pending) {
		p = list_entry(place, struct log_pending, place);
		if ((status = is_too_much(log, p)) < 0)
			return (status);
		if (status > 0) {
			log->refused++;
			drop(log, p);
		} else if ((status = park_block(log, p)) != 0)
			return (status);
	}
	list_each(place, following, &log->pending) {
		p = list_entry(place, struct log_pending, place);
		if (!p->ready && (status = park_waiting(log, p)) != 0)
			return (status);
	}
	if ((status = note_ready(log)) != 0)
		return (status);
	log_pending_free(log);
	return (0);
}

int
log_settle(struct log * log, unsigned max)
{
	struct log_ready ready;
	unsigned n = 0;
	int status;

	if ((status = log_load(log)) != 0 ||
	    (status = log_wait_load_noted(log)) != 0 ||
	    (status = place_all(log)) != 0)
		return (status);
	while (n < max && log->n_ready > 0) {
		ready = log_ready_pop(log);
		if ((status = join_ready(log, &ready)) < 0)
			return (status);
		n += (unsigned)status;
	}
	if ((status = log_park(log)) != 0 || (status = log_save(log)) != 0)
		return (status);
	return ((int)n);
}

bool
log_ready(const struct log * log)
{
	/* Of the noted those that are not in the heap were set aside. */
	return (log->n_ready > 0 || (log->noted > 0 && !log->noted_loaded) ||
	    !list_empty(&log->pending));
}
