/*
 * replication_group.c: a group that we lead: its two logs in the store, kept in
 * step with peers.
 */
#include <stdlib.h>

#include "log/address.h"
#include "services/replication_impl.h"

/* --- the logs ------------------------------------------------------------- */

/* Nothing is folded, nothing opened: whatever is joined is given to others. */
static int
join(void * user, struct log * log, const struct entry * e,
    const struct cid * cid, struct slice value, bool own,
    struct log_verdict * verdict)
{
	(void)user;
	(void)log;
	(void)e;
	(void)cid;
	(void)value;
	(void)own;
	verdict->deliver = true;
	return (0);
}

/* What waits for parents is paid for by no quota, and so bounded by itself. */
static void
set_budgets(const struct replicated * g, struct log * log)
{
	uint64_t chain = g->s->quota.bytes;

	log_budget(log, REPLICATION_WAITING, REPLICATION_WAITING_BYTES);
	if (chain != 0 && chain < LOG_CHAIN_BYTES_MAX)
		log_budget_chain(log, LOG_CHAIN_MAX,
		    chain < REPLICATION_WAITING_BYTES ?
		    REPLICATION_WAITING_BYTES : chain);
}

static int
open_log(struct replicated * g, unsigned i, const char * type,
    struct error * err)
{
	struct log_handler handler = {.join = join, .user = g};
	struct replication_server * s = g->s;
	struct log_identity identity;
	struct buffer address = {0};
	int rc;

	log_identity_from_public(&identity, g->row.sign_pub);
	log_address(&address, g->row.public_key, g->row.sign_pub, type, NULL,
	    NULL, NULL, NULL);
	rc = address.failed ? error_set(err, ERR_INTERNAL, "out of memory") :
	    log_open(s->w, s->store, buffer_all(&address), &identity, &handler,
	        false, &g->logs[i], err);
	buffer_free(&address);
	if (rc != 0)
		return (rc);
	if (map_set(&s->logs, slice_of(&g->logs[i], sizeof(g->logs[i])),
	    g) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	set_budgets(g, g->logs[i]);
	g->visible[i] = log_arrivals(g->logs[i]);
	return (0);
}

static void
close_logs(struct replicated * g)
{
	size_t i;

	for (i = 0; i < REPLICA_LOGS; i++) {
		if (g->synced[i] != NULL)
			sync_remove(g->synced[i]);
		g->synced[i] = NULL;
	}
	for (i = 0; i < REPLICA_LOGS; i++) {
		if (g->logs[i] == NULL)
			continue;
		(void)map_remove(&g->s->logs,
		    slice_of(&g->logs[i], sizeof(g->logs[i])));
		log_close(g->logs[i]);
		g->logs[i] = NULL;
	}
}

static int
open_logs(struct replicated * g, const struct network * network,
    struct error * err)
{
	struct store * store = g->s->store;
	int rc;

	if ((rc = store_begin(store)) != 0)
		return (error_set(err, -rc, "%s", store_failure(store)));
	if ((rc = open_log(g, 0, network->metadata_store, err)) != 0 ||
	    (rc = open_log(g, 1, network->message_store, err)) != 0) {
		close_logs(g);
		store_rollback(store);
		return (rc);
	}
	if ((rc = store_commit(store, NULL)) != 0) {
		close_logs(g);
		return (error_set(err, -rc, "%s", store_failure(store)));
	}
	return (0);
}

/* --- the network ---------------------------------------------------------- */

static int
go_online(struct replicated * g, const struct network * network)
{
	struct sync_config config = {.network = network};
	int rc = 0;
	size_t i;

	memcpy(config.link_key, g->row.link_key, sizeof(config.link_key));
	for (i = 0; i < REPLICA_LOGS && rc == 0; i++)
		rc = sync_add(g->s->sync, g->logs[i], &config, &g->synced[i]);
	crypto_wipe(&config, sizeof(config));
	return (rc);
}

/* Tried again when the server looks at its groups next. */
static void
broke(struct replicated * g, const char * why)
{
	if (!g->broken)
		log_error(g->s->w->log, "replication",
		    "a group cannot be kept now: %s", why);
	close_logs(g);
	g->broken = true;
	if (!g->s->soon.armed)
		(void)world_timer_start(g->s->w, &g->s->soon,
		    REPLICATION_RETRY_MS);
}

static void
loaded(struct replicated * g, int status)
{
	unsigned i;

	if (status != 0) {
		broke(g, "the database does not give its entries");
		return;
	}
	if (go_online(g, network_find(g->row.network)) != 0) {
		broke(g, "it cannot be put on the network");
		return;
	}
	for (i = 0; i < REPLICA_LOGS; i++) {
		g->due[i] = true;
		replication_append(g, i);
	}
}

static void
open_group(struct replicated * g)
{
	const struct network * network = network_find(g->row.network);
	struct error err = {0};

	if (network == NULL) {
		broke(g, "its network is none that this version knows");
		return;
	}
	if (open_logs(g, network, &err) != 0) {
		broke(g, err.text);
		return;
	}
	g->broken = false;
	replication_load(g, loaded);
}

void
replication_group_lead(struct replication_server * s,
    const struct replica_group * row)
{
	struct slice id = slice_of(row->id, REPLICA_ID);
	struct replicated * g = map_get(&s->led, id);

	/* Claimed again: what was under way has an older fence. */
	if (g != NULL)
		replication_group_free(g);
	if ((g = calloc(1, sizeof(*g))) == NULL)
		return;
	g->s = s;
	g->row = *row;
	g->bytes = row->bytes;
	if (map_set(&s->led, id, g) != 0) {
		free(g);
		return;
	}
	open_group(g);
}

void
replication_group_free(struct replicated * g)
{
	struct list * place, * following;

	list_each(place, following, &g->s->waits) {
		struct replication_wait * wait =
		    list_entry(place, struct replication_wait, place);

		if (wait->g == g)
			wait->g = NULL;
	}
	close_logs(g);
	(void)map_remove(&g->s->led, slice_of(g->row.id, REPLICA_ID));
	crypto_wipe(&g->row, sizeof(g->row));
	free(g);
}

void
replication_group_look(struct replicated * g)
{
	unsigned i;

	if (g->broken)
		open_group(g);
	else
		for (i = 0; i < REPLICA_LOGS; i++)
			replication_append(g, i);
}

/* --- what peers bring ----------------------------------------------------- */

static void
on_joined(void * user, struct log * log, uint64_t arrivals)
{
	struct replication_server * s = user;
	struct replicated * g = map_get(&s->logs, slice_of(&log, sizeof(log)));
	unsigned i;

	if (g == NULL)
		return;
	for (i = 0; i < REPLICA_LOGS; i++) {
		if (g->logs[i] != log)
			continue;
		g->visible[i] = arrivals;
		g->due[i] = true;
		replication_append(g, i);
	}
}

const struct sync_handler replication_sync_handler = {.joined = on_joined};
