/*
 * replication_lead.c: says that this server lives, and takes its share of the
 * groups that nobody leads.
 */
#include <stdlib.h>

#include "services/replication_impl.h"

/* Beats within a lease, so that two may be lost. */
#define BEATS 3

/* Groups given away in a beat, when others have fewer. */
#define GIVEN_MAX 16

/* STORE_META, 0: the id of this life, for the next one. */
static const char life_name[] = "replication server";

static void
arm_beat(struct replication_server * s, uint64_t ms)
{
	(void)world_timer_start(s->w, &s->beat, ms);
}

void
replication_beat_soon(struct replication_server * s)
{
	if (!s->beating && !s->claiming && !s->leaving)
		arm_beat(s, 0);
}

void
replication_drop_all(struct replication_server * s)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&s->led, &at, &key, &value)) {
		replication_group_free(value);
		at = 0;
	}
}

/* As many as each server leads when all lead alike. */
static uint64_t
share(const struct replication_server * s)
{
	uint64_t servers = s->servers == 0 ? 1 : s->servers;

	return ((s->groups + servers - 1) / servers);
}

/* --- giving away ---------------------------------------------------------- */

static void
give_away(struct replication_server * s)
{
	unsigned n = 0;

	while (s->led.n > share(s) + 1 && n++ < GIVEN_MAX) {
		struct replication_wait * wait;
		struct slice key;
		void * value;
		size_t at = 0;

		(void)map_next(&s->led, &at, &key, &value);
		wait = replication_wait_new(s, REPLICA_RELEASE, NULL);
		if (wait == NULL)
			return;
		wait->r.group = ((struct replicated *)value)->row;
		replication_group_free(value);
		(void)replication_wait_send(wait);
	}
	if (n > 0)
		log_info(s->w->log, "replication",
		    "gave groups to other servers; leading %zu", s->led.n);
}

/* --- claiming ------------------------------------------------------------- */

static void claim(struct replication_server * s, size_t max);
static void begin_anew(struct replication_server * s, const char * why);

static void
claimed(struct replication_wait * wait, int status)
{
	struct replication_server * s = wait->s;
	size_t i, asked = wait->r.max;

	s->claiming = false;
	if (status == -ERR_DB_WRITE) {
		/* What was taken all the same would be led by nobody. */
		begin_anew(s, "the database may have given groups to this "
		    "server without telling it");
		return;
	}
	if (status != 0) {
		if (status != -ERR_NOT_FOUND)
			log_warn(s->w->log, "replication",
			    "groups could not be taken: %s", wait->r.err.text);
		arm_beat(s, s->lease_ms / BEATS);
		return;
	}
	for (i = 0; i < wait->r.n_groups; i++)
		replication_group_lead(s, &wait->r.groups[i]);
	if (wait->r.n_groups > 0)
		log_info(s->w->log, "replication", "leading %zu groups of %llu",
		    s->led.n, (unsigned long long)s->groups);
	/* More may be free than an answer holds. */
	if (wait->r.n_groups == asked && asked > 0 && share(s) > s->led.n)
		claim(s, (size_t)(share(s) - s->led.n));
	else
		arm_beat(s, s->lease_ms / BEATS);
}

static void
claim(struct replication_server * s, size_t max)
{
	struct replication_wait * wait;

	wait = replication_wait_new(s, REPLICA_CLAIM, claimed);
	if (wait == NULL) {
		arm_beat(s, s->lease_ms / BEATS);
		return;
	}
	wait->r.max = max < REPLICA_GROUPS_MAX ? max : REPLICA_GROUPS_MAX;
	s->claiming = replication_wait_send(wait) == 0;
	if (!s->claiming)
		arm_beat(s, s->lease_ms / BEATS);
}

/* --- lives ---------------------------------------------------------------- */

static void
keep_id(struct replication_server * s)
{
	if (store_begin(s->store) != 0)
		return;
	if (store_put(s->store, STORE_META, 0, slice_text(life_name),
	    slice_of(s->id, sizeof(s->id))) == 0)
		(void)store_commit(s->store, NULL);
	else
		store_rollback(s->store);
}

/*
 * Who this server was before it was killed leads nothing any more: nobody has
 * to wait until its time has run out.
 */
static void
end_last_life(struct replication_server * s)
{
	struct replication_wait * wait;
	struct buffer last = {0};

	if (store_get(s->store, STORE_META, 0, slice_text(life_name),
	    &last) == 0 && last.n == REPLICA_SERVER &&
	    (wait = replication_wait_new(s, REPLICA_LEAVE, NULL)) != NULL) {
		memcpy(wait->r.server, last.p, REPLICA_SERVER);
		(void)replication_wait_send(wait);
	}
	buffer_free(&last);
}

void
replication_begin(struct replication_server * s)
{
	end_last_life(s);
	world_random(s->w, s->id, sizeof(s->id));
	s->begun = false;
	keep_id(s);
	arm_beat(s, 0);
}

/* --- beats ---------------------------------------------------------------- */

/* What was led may be others' now: begin anew, as somebody else. */
static void
begin_anew(struct replication_server * s, const char * why)
{
	log_warn(s->w->log, "replication", "%s; its %zu groups may be led by "
	    "others soon", why, s->led.n);
	replication_drop_all(s);
	replication_begin(s);
	arm_beat(s, s->beats ? 0 : s->lease_ms / BEATS);
}

static void
heard(struct replication_server * s, struct replica_request * r)
{
	if (!s->beats || s->servers != r->servers)
		log_info(s->w->log, "replication", "%llu servers live; "
		    "%llu groups, of which nobody leads %llu",
		    (unsigned long long)r->servers,
		    (unsigned long long)r->all_groups,
		    (unsigned long long)r->unled);
	s->beats = s->begun = true;
	s->servers = r->servers;
	s->groups = r->all_groups;
	buffer_free(&s->others);
	s->others = r->addresses_of;
	r->addresses_of = (struct buffer){0};
	if (r->unled > 0 && share(s) > s->led.n)
		claim(s, (size_t)(share(s) - s->led.n));
	else {
		give_away(s);
		arm_beat(s, s->lease_ms / BEATS);
	}
}

static void
beaten(struct replication_wait * wait, int status)
{
	struct replication_server * s = wait->s;

	s->beating = false;
	if (status == 0) {
		heard(s, &wait->r);
	} else if (status == -ERR_NOT_FOUND) {
		begin_anew(s, "the database did not hear of this server in time");
	} else {
		if (s->beats)
			log_error(s->w->log, "replication",
			    "the database does not answer: %s",
			    wait->r.err.text);
		s->beats = false;
		arm_beat(s, s->lease_ms / BEATS);
		if (s->replica->failed)
			replication_failed(s);
	}
}

void
replication_beat_fire(struct world_timer * timer)
{
	struct replication_server * s =
	    list_entry(timer, struct replication_server, beat);
	struct replication_wait * wait;

	if (s->beating || s->claiming || s->leaving)
		return;
	wait = replication_wait_new(s, REPLICA_BEAT, beaten);
	if (wait == NULL) {
		arm_beat(s, s->lease_ms / BEATS);
		return;
	}
	replication_host_tell(s);
	wait->r.first = !s->begun;
	wait->r.lease_ms = s->lease_ms;
	buffer_slice(&wait->blocks, buffer_all(&s->addresses));
	wait->r.addresses = buffer_all(&wait->blocks);
	s->beating = replication_wait_send(wait) == 0;
	if (!s->beating)
		arm_beat(s, s->lease_ms / BEATS);
}

/* --- leaving -------------------------------------------------------------- */

static void
left(struct replication_wait * wait, int status)
{
	struct replication_server * s = wait->s;

	if (status != 0)
		log_warn(s->w->log, "replication", "the database could not be "
		    "told that this server ends: %s", wait->r.err.text);
	s->left(s->left_user);
}

void
replication_server_leave(struct replication_server * s,
    void (*done)(void * user), void * user)
{
	struct replication_wait * wait;

	s->leaving = true;
	world_timer_stop(s->w, &s->beat);
	replication_drop_all(s);
	s->left = done;
	s->left_user = user;
	wait = replication_wait_new(s, REPLICA_LEAVE, left);
	if (wait == NULL || replication_wait_send(wait) != 0)
		done(user);
}
