#include "log/log.h"

#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

int
log_open(struct world * w, struct store * s, struct slice address,
    const struct log_identity * identity, const struct log_handler * handler,
    bool causal, struct log ** log, struct error * err)
{
	struct log * l;
	int status;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (error_set(err, ERR_INTERNAL, "no memory for a log"));
	l->world = w;
	l->store = s;
	l->identity = *identity;
	l->handler = *handler;
	l->causal = causal;
	log_budget(l, LOG_WAITING_MAX, LOG_WAITING_BYTES_MAX);
	log_budget_chain(l, LOG_CHAIN_MAX, LOG_CHAIN_BYTES_MAX);
	list_init(&l->pending);
	world_random(w, (uint8_t *)&l->recent_map.seed,
	    sizeof(l->recent_map.seed));
	l->pending_map.seed = l->watchers.seed = l->denials.seed =
	    l->recent_map.seed;
	buffer_slice(&l->address, address);
	status = l->address.failed ? -ERR_INTERNAL : log_load(l);
	if (status != 0) {
		log_close(l);
		return (error_from(err, ERR_ORBIT_DB_OPEN, status,
		    "the log's state does not read"));
	}
	*log = l;
	return (0);
}

void
log_close(struct log * log)
{
	if (log == NULL)
		return;
	log_pending_free(log);
	log_recent_free(log);
	log_denials_free(log);
	free(log->ready);
	free(log->heads);
	buffer_free(&log->address);
	crypto_wipe(&log->identity, sizeof(log->identity));
	free(log);
}

void
log_forget(struct log * log)
{
	log_pending_free(log);
	log_recent_free(log);
	log->n_ready = 0;
	log->n_heads = 0;
	log->noted_loaded = false;
	log->loaded = false;
}

struct slice
log_address_of(const struct log * log)
{
	return (buffer_all(&log->address));
}

const struct log_identity *
log_identity_of(const struct log * log)
{
	return (&log->identity);
}

/* The time after all that is joined; it stays at its end. */
static uint64_t
next_time(const struct log * log)
{
	return (log->time < INT64_MAX ? log->time + 1 : INT64_MAX);
}

static int
make_entry(struct log * log, struct slice value, struct buffer * block,
    struct cid * cid)
{
	struct cid *next, *refs;
	size_t n_next, n_refs;
	struct buffer payload = {0};
	int status;

	operation_encode(&payload, value);
	if ((status = log_links(log, &next, &n_next, &refs, &n_refs)) != 0)
		goto err0;
	status = payload.failed ? -ERR_INTERNAL :
	    entry_make(block, cid, &log->identity, log_address_of(log),
	        next_time(log), next, n_next, refs, n_refs,
	        buffer_all(&payload));
	free(next);
	free(refs);
err0:
	buffer_free(&payload);
	return (status);
}

static int
append(struct log * log, struct slice value, struct cid * cid)
{
	struct buffer block = {0};
	struct entry e = {0};
	struct cid made;
	int status;

	if ((status = log_load(log)) != 0 ||
	    (status = log_wait_load_noted(log)) != 0 ||
	    (status = log_park(log)) != 0)
		return (status);
	if ((status = make_entry(log, value, &block, &made)) != 0 ||
	    (status = entry_decode(&e, buffer_all(&block))) != 0)
		goto err0;
	if ((status = log_join(log, &e, &made, buffer_all(&block), 0,
	    true)) == 0 && (status = log_wake(log, &made)) == 0 &&
	    (status = log_park(log)) == 0)
		status = log_save(log);
	entry_free(&e);
err0:
	buffer_free(&block);
	if (status == 0)
		*cid = made;
	return (status);
}

int
log_append(struct log * log, struct slice value, struct cid * cid,
    struct error * err)
{
	int status;

	if (!log->identity.can_sign)
		return (error_from(err, ERR_ORBIT_DB_APPEND,
		    -ERR_CRYPTO_SIGNATURE, "the log's signing key is unknown"));
	if ((status = append(log, value, cid)) != 0)
		return (error_from(err, ERR_ORBIT_DB_APPEND, status,
		    "the entry could not be appended"));
	return (0);
}

bool
log_has(struct log * log, const struct cid * cid)
{
	uint64_t id;

	if (log_load(log) != 0)
		return (false);
	return (log_recent_get(log, cid) != NULL ||
	    map_get(&log->pending_map, cid_slice(cid)) != NULL ||
	    store_block_find(log->store, cid_slice(cid), &id) == 0);
}

bool
log_joined(struct log * log, const struct cid * cid)
{
	struct log_item item = {0};
	bool joined;

	if (log_load(log) != 0)
		return (false);
	if (log_recent_get(log, cid) != NULL)
		return (true);
	joined = log_find(log, cid, &item) == 0 && item.join != 0;
	log_item_free(&item);
	return (joined);
}

size_t
log_heads(struct log * log, struct cid * heads, size_t max)
{
	size_t i;

	if (log_load(log) != 0)
		return (0);
	for (i = 0; i < log->n_heads && i < max; i++)
		heads[i] = log->heads[i].cid;
	return (i);
}

size_t
log_heads_count(struct log * log)
{
	return (log_load(log) != 0 ? 0 : log->n_heads);
}

void
log_status(struct log * log, struct log_status * status)
{
	*status = (struct log_status){0};
	if (log_load(log) != 0)
		return;
	*status = (struct log_status){log->time, log->joined, log->waiting,
	    log->arrivals, log->waiting_bytes, log->refused, log->denied,
	    log->evicted};
}

void
log_budget(struct log * log, uint64_t entries, uint64_t bytes)
{
	log->waiting_max = entries;
	log->waiting_bytes_max = bytes;
}

void
log_budget_chain(struct log * log, uint64_t entries, uint64_t bytes)
{
	log->chain_max = entries;
	log->chain_bytes_max = bytes;
}

uint64_t
log_arrivals(struct log * log)
{
	return (log_load(log) != 0 ? 0 : log->arrivals);
}
