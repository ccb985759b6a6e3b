#include "services/replication_server.h"

#include <stdlib.h>

#include "services/replication_impl.h"

/* --- asking the replica --------------------------------------------------- */

void
replication_wait_free(struct replication_wait * wait)
{
	list_remove(&wait->place);
	replica_request_free(&wait->r);
	free(wait->append);
	buffer_free(&wait->blocks);
	crypto_wipe(&wait->r.group.link_key, sizeof(wait->r.group.link_key));
	free(wait);
}

static void
answered(struct replica_request * r, int status)
{
	struct replication_wait * wait =
	    list_entry(r, struct replication_wait, r);

	if (wait->s != NULL && wait->then != NULL &&
	    (wait->g != NULL || !wait->of_group))
		wait->then(wait, status);
	replication_wait_free(wait);
}

struct replication_wait *
replication_wait_new(struct replication_server * s, enum replica_call call,
    void (*then)(struct replication_wait * wait, int status))
{
	struct replication_wait * wait;

	if ((wait = calloc(1, sizeof(*wait))) == NULL)
		return (NULL);
	wait->s = s;
	wait->then = then;
	wait->r.call = call;
	wait->r.done = answered;
	wait->r.quota = s->quota;
	memcpy(wait->r.server, s->id, sizeof(s->id));
	list_append(&s->waits, &wait->place);
	return (wait);
}

int
replication_wait_send(struct replication_wait * wait)
{
	int rc;

	if ((rc = replica_submit(wait->s->replica, &wait->r)) != 0)
		replication_wait_free(wait);
	return (rc);
}

/* --- requests ------------------------------------------------------------- */

/*
 * What a group is known by: nothing proves a sign_pub, so each one is a group of
 * its own, and who lies keeps nobody out.
 */
static void
make_id(struct replica_group * g, const struct network * network)
{
	const struct slice pieces[4] = {
		slice_text("berty replicated group"),
		slice_text(network->metadata_store),
		slice_of(g->public_key, KEY_SIZE),
		slice_of(g->sign_pub, KEY_SIZE),
	};

	sha256(g->id, pieces, 4);
}

static int
check(const struct replication_registration * in, struct error * err)
{
	if (in->sign_pub.n != KEY_SIZE)
		return (error_set(err, ERR_INVALID_INPUT,
		    "sign_pub has 32 bytes, not %zu", in->sign_pub.n));
	if (in->public_key.n != KEY_SIZE)
		return (error_set(err, ERR_INVALID_INPUT,
		    "public_key has 32 bytes, not %zu", in->public_key.n));
	/* Without the group's secret no other link key can be derived. */
	if (in->link_key.n != KEY_SIZE)
		return (error_set(err, ERR_INVALID_INPUT,
		    "link_key has 32 bytes, not %zu", in->link_key.n));
	if (in->link_key_sig.n != SIGNATURE_SIZE)
		return (error_set(err, ERR_INVALID_INPUT,
		    "link_key_sig has 64 bytes, not %zu",
		    in->link_key_sig.n));
	if (!ed25519_is_point(in->sign_pub.p))
		return (error_set(err, ERR_INVALID_INPUT,
		    "sign_pub is no key"));
	if (ed25519_verify(in->link_key_sig.p, in->public_key.p,
	    in->link_key) != 0)
		return (error_set(err, ERR_CRYPTO_SIGNATURE_VERIFICATION,
		    "the link key is not signed by the group"));
	return (0);
}

static void
register_done(struct replication_wait * wait, int status)
{
	if (status == 0)
		log_info(wait->s->w->log, "replication", "a group of the "
		    "network %s is registered by token %s",
		    wait->r.group.network, wait->r.token.id);
	else if (status == -ERR_DB_WRITE)
		log_error(wait->s->w->log, "replication",
		    "a group could not be registered: %s", wait->r.err.text);
	if (wait->registered != NULL)
		wait->registered(wait->user, status, &wait->r.err);
}

int
replication_server_register(struct replication_server * s,
    const struct replication_registration * in,
    const struct replica_token * token,
    void (*done)(void * user, int status, const struct error * err),
    void * user, struct replication_wait ** out, struct error * err)
{
	struct replication_wait * wait;
	struct replica_group * g;
	int rc;

	if ((rc = check(in, err)) != 0)
		return (rc);
	wait = replication_wait_new(s, REPLICA_REGISTER, register_done);
	if (wait == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	g = &wait->r.group;
	memcpy(g->network, in->network->name, strlen(in->network->name));
	memcpy(g->public_key, in->public_key.p, KEY_SIZE);
	memcpy(g->sign_pub, in->sign_pub.p, KEY_SIZE);
	memcpy(g->link_key, in->link_key.p, KEY_SIZE);
	make_id(g, in->network);
	wait->r.token = *token;
	wait->registered = done;
	wait->user = user;
	if ((rc = replication_wait_send(wait)) != 0)
		return (error_set(err, -rc, "the request cannot be kept"));
	*out = wait;
	return (0);
}

static void
stats_done(struct replication_wait * wait, int status)
{
	if (wait->found != NULL)
		wait->found(wait->user, status, &wait->r);
}

int
replication_server_stats(struct replication_server * s,
    struct slice public_key, const struct replica_token * token,
    void (*done)(void * user, int status, const struct replica_request * r),
    void * user, struct replication_wait ** out, struct error * err)
{
	struct replication_wait * wait;
	int rc;

	if (public_key.n != 0 && public_key.n != KEY_SIZE)
		return (error_set(err, ERR_NOT_FOUND,
		    "no such group is replicated for this token"));
	wait = replication_wait_new(s, public_key.n == 0 ? REPLICA_TOTALS :
	    REPLICA_FIND, stats_done);
	if (wait == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if (public_key.n != 0)
		memcpy(wait->r.group.public_key, public_key.p, KEY_SIZE);
	wait->r.token = *token;
	wait->found = done;
	wait->user = user;
	if ((rc = replication_wait_send(wait)) != 0)
		return (error_set(err, -rc, "the request cannot be kept"));
	*out = wait;
	return (0);
}

void
replication_server_forget(struct replication_wait * wait)
{
	wait->registered = NULL;
	wait->found = NULL;
}

/* --- opening and closing -------------------------------------------------- */

void
replication_failed(struct replication_server * s)
{
	void (*failed)(void * user) = s->failed;

	s->failed = NULL;
	if (failed != NULL)
		failed(s->failed_user);
}

static void
store_failed(void * user)
{
	struct replication_server * s = user;

	log_error(s->w->log, "replication", "%s; nothing more is taken",
	    store_failure(s->store));
	replication_failed(s);
}

static void
claimable(void * user)
{
	replication_beat_soon(user);
}

static void
soon_fire(struct world_timer * timer)
{
	struct replication_server * s =
	    list_entry(timer, struct replication_server, soon);
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&s->led, &at, &key, &value))
		replication_group_look(value);
}

static void
setup(struct replication_server * s, struct world * w,
    const struct replication_server_config * config)
{
	s->w = w;
	s->replica = config->replica;
	s->quota = config->quota;
	s->lease_ms = config->lease_ms == 0 ? REPLICATION_LEASE_MS :
	    config->lease_ms;
	s->failed = config->failed;
	s->failed_user = config->user;
	s->started_at = world_wall(w);
	s->beat.fire = replication_beat_fire;
	s->soon.fire = soon_fire;
	list_init(&s->waits);
	world_random(w, (uint8_t *)&s->led.seed, sizeof(s->led.seed));
	s->logs.seed = s->led.seed;
}

int
replication_server_open(struct world * w,
    const struct replication_server_config * config,
    struct replication_server ** server, struct error * err)
{
	struct replication_server * s;
	int rc;

	if (crypto_setup() != 0 || (s = calloc(1, sizeof(*s))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	setup(s, w, config);
	if ((rc = store_open(w, &config->store, &s->store, err)) != 0)
		goto err0;
	store_watch(s->store, store_failed, s);
	if ((rc = replication_host_open(s, config, err)) != 0)
		goto err0;
	replica_watch(s->replica, claimable, s);
	replication_begin(s);
	*server = s;
	return (0);

err0:
	replication_server_close(s);
	return (rc);
}

/* Requests under way are the replica's until they are done. */
static void
orphan_waits(struct replication_server * s)
{
	while (!list_empty(&s->waits)) {
		struct replication_wait * wait = list_entry(s->waits.next,
		    struct replication_wait, place);

		list_remove(&wait->place);
		wait->s = NULL;
		wait->g = NULL;
	}
}

void
replication_server_close(struct replication_server * s)
{
	if (s == NULL)
		return;
	replica_watch(s->replica, NULL, NULL);
	world_timer_stop(s->w, &s->beat);
	world_timer_stop(s->w, &s->soon);
	orphan_waits(s);
	replication_drop_all(s);
	mdns_free(s->mdns);
	sync_free(s->sync);
	if (s->host != NULL)
		host_free(s->host);
	store_close(s->store);
	if (s->secrets != NULL)
		secret_arena_free(s->secrets);
	map_free(&s->led);
	map_free(&s->logs);
	buffer_free(&s->addresses);
	buffer_free(&s->announce);
	buffer_free(&s->others);
	free(s);
}

struct host *
replication_server_host(struct replication_server * s)
{
	return (s->host);
}

struct store *
replication_server_store(struct replication_server * s)
{
	return (s->store);
}

void
replication_server_budgets(struct replication_server * s,
    const struct budget_walk * walk)
{
	host_budgets(s->host, walk);
	sync_budgets(s->sync, walk);
	if (s->mdns != NULL)
		mdns_budgets(s->mdns, walk);
}

void
replication_server_status(struct replication_server * s,
    struct replication_status * status)
{
	struct slice key;
	void * value;
	size_t at = 0, i;

	*status = (struct replication_status){.started_at = s->started_at,
	    .led = s->led.n, .servers = s->servers, .groups = s->groups,
	    .beats = s->beats};
	while (map_next(&s->led, &at, &key, &value))
		for (i = 0; i < REPLICA_LOGS; i++)
			status->entries[i] +=
			    ((struct replicated *)value)->visible[i];
}
