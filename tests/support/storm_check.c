/* storm_check.c: what must hold after a storm. */
#include <stdlib.h>

#include "support/storm_impl.h"

/* Virtual time within which all must be well again, ms. */
enum { MENDED_MS = 3 * 3600000, LOOK_MS = 2000 };

/* --- who sits where ------------------------------------------------------- */

struct joined {
	const uint8_t * pk;
	bool found;
};

static int
look_for_group(void * user, const struct group_info * g,
    const struct network * network)
{
	struct joined * j = user;

	(void)network;
	j->found |= memcmp(g->pk, j->pk, 32) == 0;
	return (0);
}

static bool
has_joined(struct storm * s, size_t i, const uint8_t pk[32])
{
	struct joined j = {.pk = pk};

	assert_int_equal(account_each_group(node_account(s->f.nodes[i].node),
	    look_for_group, &j), 0);
	return (j.found);
}

/* What a user was told outlives every death; what was not, shows now. */
void
storm_check_seats(struct storm * s, size_t i)
{
	struct storm_group * group;
	struct seat * seat;
	bool in;

	for (group = s->groups; group < s->groups + s->n_groups; group++) {
		seat = &group->seats[i];
		if (group->contact || !seat->ever || seat->busy > 0)
			continue;
		in = has_joined(s, i, group->pk);
		if (seat->in == UNSURE)
			seat->in = in ? YES : NO;
		if ((seat->in == YES) != in)
			storm_fail(s, "node %zu forgot that it %s group %zu",
			    i, in ? "left" : "joined",
			    (size_t)(group - s->groups));
	}
}

static void
check_open(struct storm * s, size_t i)
{
	struct storm_group * group;
	const struct seat * seat;
	bool open;

	for (group = s->groups; group < s->groups + s->n_groups; group++) {
		seat = &group->seats[i];
		open = fleet_is_open(&s->f, i, group->pk);
		if (open && (seat->in == NO ||
		    (seat->in == YES && seat->resting == YES)))
			storm_fail(s, "node %zu has group %zu open", i,
			    (size_t)(group - s->groups));
	}
}

/* --- everybody comes back ------------------------------------------------- */

static void
tell(struct storm * s, size_t i, const char * method, const void * request)
{
	fleet_tell(&s->f, i, method, request);
	s->report.calls++;
	s->report.acknowledged++;
}

static size_t
host_of(struct storm * s, const struct storm_group * group)
{
	size_t i;

	for (i = 0; i < s->f.n; i++)
		if (fleet_is_open(&s->f, i, group->pk))
			return (i);
	return (i);
}

static void
wake(struct storm * s, struct storm_group * group, size_t i)
{
	API(ActivateGroup__Request) request = API_INIT(ACTIVATE_GROUP__REQUEST);

	request.group_pk = key_bytes(group->pk);
	if (!fleet_is_open(&s->f, i, group->pk))
		tell(s, i, "ActivateGroup", &request);
	group->seats[i].in = YES;
	group->seats[i].resting = NO;
}

/* A group that everybody left is out of reach: its seats are given up. */
static void
gather_group(struct storm * s, struct storm_group * group)
{
	size_t i, host;

	for (i = 0; i < s->f.n; i++)
		if (group->contact ? group->seats[i].in == YES :
		    has_joined(s, i, group->pk))
			wake(s, group, i);
	host = host_of(s, group);
	for (i = 0; i < s->f.n; i++) {
		if (!group->seats[i].ever || group->contact)
			continue;
		if (host == s->f.n)
			group->seats[i].ever = false;
		else if (!has_joined(s, i, group->pk))
			fleet_join(&s->f, i, host, group->pk);
	}
}

static bool
accepted_all(struct storm * s)
{
	bool all = true;
	size_t i, to;

	for (i = 0; i < s->f.n; i++)
		for (to = 0; to < s->f.n; to++) {
			if (i == to)
				continue;
			if (fleet_contact(&s->f, i, to) == CONTACT_RECEIVED)
				storm_start_accept(s, i, to);
			if (s->asked[i][to].asked)
				all &= fleet_contact(&s->f, i, to) ==
				    CONTACT_ADDED &&
				    fleet_contact(&s->f, to, i) ==
				    CONTACT_ADDED;
		}
	return (all);
}

/* Who asked is answered, however long that takes. */
static void
meet_contacts(struct storm * s)
{
	uint64_t until = sim_now(s->f.sim) + MENDED_MS;
	size_t i, to;

	while (!accepted_all(s) && sim_now(s->f.sim) < until) {
		sim_run_for(s->f.sim, LOOK_MS);
		storm_reap(s);
	}
	sim_run_for(s->f.sim, LOOK_MS);
	storm_reap(s);
	for (i = 0; i < s->f.n; i++)
		for (to = 0; to < s->f.n; to++)
			if (s->asked[i][to].asked &&
			    (fleet_contact(&s->f, i, to) != CONTACT_ADDED ||
			    fleet_contact(&s->f, to, i) != CONTACT_ADDED))
				storm_fail(s, "node %zu asked node %zu, and "
				    "they are %d and %d", i, to,
				    fleet_contact(&s->f, i, to),
				    fleet_contact(&s->f, to, i));
}

/* --- all is everywhere ---------------------------------------------------- */

/* Does member j have our key from before this was written? */
static bool
may_read(struct storm * s, const struct written * w, size_t j)
{
	struct storm_group * group = &s->groups[w->group];
	const struct seat * seat = &group->seats[w->from];
	const uint8_t * member;
	size_t k;

	if (w->metadata || w->from == j)
		return (true);
	member = group_member_pk(fleet_group(&s->f, j, group->pk));
	for (k = 0; k < w->n_keyed && k < seat->n_keyed; k++)
		if (memcmp(seat->keyed[k], member, 32) == 0)
			return (true);
	return (false);
}

static bool
opens(struct group * g, const struct written * w)
{
	struct log_item item = {0};
	struct group_message m = {0};
	bool good;

	if (log_find(group_message_log(g), &w->cid, &item) != 0)
		return (false);
	if (group_message_open(g, &item, &m) != 0) {
		log_item_free(&item);
		return (false);
	}
	good = m.message.plaintext.n >= sizeof(w->text) &&
	    memcmp(m.message.plaintext.p, w->text, sizeof(w->text)) == 0;
	group_message_free(&m);
	return (good);
}

/* What node j lacks of this, or NULL. */
static const char *
lacks(struct storm * s, const struct written * w, size_t j)
{
	struct group * g = fleet_group(&s->f, j, s->groups[w->group].pk);
	struct log_item item = {0};

	if (!s->groups[w->group].seats[j].ever || g == NULL)
		return (NULL);
	if (log_find(w->metadata ? group_metadata_log(g) :
	    group_message_log(g), &w->cid, &item) != 0)
		return (w->free ? NULL : "has not");
	log_item_free(&item);
	if (w->metadata || w->free || !may_read(s, w, j) || opens(g, w))
		return (NULL);
	return ("cannot read");
}

/* Is each entry of a log in another one, which has as many? */
static bool
same_entries(struct log * a, struct log * b)
{
	struct log_status of_a, of_b;
	struct log_item item = {0};
	bool there = true;
	uint64_t at;

	log_status(a, &of_a);
	log_status(b, &of_b);
	if (of_a.joined != of_b.joined || of_a.time != of_b.time)
		return (false);
	for (at = 1; at <= of_a.joined && there; at++) {
		if (log_at_join(a, at, &item) != 0)
			return (false);
		there = log_has(b, &item.cid);
		log_item_free(&item);
	}
	return (there);
}

/*
 * Equal everywhere; but where old copies of stores were put back, entries may
 * wait for parents that nobody has any more.
 */
static bool
group_equal(struct storm * s, size_t group, const char ** why)
{
	struct group *first = NULL, *g;
	size_t i;

	if (!s->old_stores)
		return (fleet_equal(&s->f, s->groups[group].pk, why));
	*why = "entries differ";
	for (i = 0; i < s->f.n; i++) {
		if ((g = fleet_group(&s->f, i, s->groups[group].pk)) == NULL)
			continue;
		if (first == NULL)
			first = g;
		else if (!same_entries(group_metadata_log(first),
		    group_metadata_log(g)) ||
		    !same_entries(group_message_log(first),
		    group_message_log(g)))
			return (false);
	}
	return (true);
}

static void
say_log(const char * what, struct log * log)
{
	struct log_status status;

	log_status(log, &status);
	fprintf(stderr, "  %s: %llu joined, %llu waiting, time %llu", what,
	    (unsigned long long)status.joined,
	    (unsigned long long)status.waiting,
	    (unsigned long long)status.time);
}

static void
say_group(struct storm * s, size_t group, const char * why)
{
	struct group * g;
	size_t i;

	fprintf(stderr, "group %zu: %s%s\n", group, why,
	    s->old_stores ? " (there are old stores)" : "");
	for (i = 0; i < s->f.n; i++) {
		g = fleet_group(&s->f, i, s->groups[group].pk);
		if (g == NULL)
			continue;
		fprintf(stderr, "node %zu, clock %+lld s:", i,
		    (long long)(s->clock[i] / 1000));
		say_log("metadata", group_metadata_log(g));
		say_log("messages", group_message_log(g));
		fputc('\n', stderr);
	}
}

/* Prints what is missing when it is told to. */
static bool
all_there(struct storm * s, bool say)
{
	struct list *place, *following;
	const char * why;
	bool good = true;
	size_t i;

	for (i = 0; i < s->n_groups; i++)
		if (!group_equal(s, i, &why)) {
			if (say)
				say_group(s, i, why);
			good = false;
		}
	if (!good)
		return (false);
	list_each(place, following, &s->written) {
		struct written * w = list_entry(place, struct written, place);

		for (i = 0; i < s->f.n; i++) {
			if ((why = lacks(s, w, i)) == NULL)
				continue;
			if (!say)
				return (false);
			fprintf(stderr, "node %zu %s: %s\n", i, why, w->text);
			good = false;
		}
	}
	return (good);
}

static void
wait_for_all(struct storm * s)
{
	uint64_t until = sim_now(s->f.sim) + MENDED_MS;

	while (!all_there(s, false)) {
		if (sim_now(s->f.sim) >= until) {
			(void)all_there(s, true);
			storm_fail(s, "not everything is everywhere");
		}
		sim_run_for(s->f.sim, LOOK_MS);
		storm_reap(s);
	}
}

/* --- and life goes on ----------------------------------------------------- */

static void
write_once_more(struct storm * s)
{
	size_t group, i;

	for (group = 0; group < s->n_groups; group++)
		for (i = 0; i < s->f.n; i++)
			if (fleet_is_open(&s->f, i, s->groups[group].pk))
				storm_start_send(s, i, group);
}

static void
check_group(struct storm * s, struct storm_group * group)
{
	size_t i, members = 0;
	size_t reused;

	for (i = 0; i < s->f.n; i++)
		members += fleet_is_open(&s->f, i, group->pk);
	for (i = 0; i < s->f.n; i++) {
		if (!fleet_is_open(&s->f, i, group->pk))
			continue;
		if (fleet_devices(&s->f, i, group->pk) < members)
			storm_fail(s, "node %zu knows %zu of %zu devices", i,
			    fleet_devices(&s->f, i, group->pk), members);
		fleet_check_lists(&s->f, i, group->pk, false);
		reused = fleet_reused_keys(&s->f, i, group->pk);
		if (reused > 0 && !s->old_stores)
			storm_fail(s, "%zu message keys were used twice",
			    reused);
	}
}

void
storm_check(struct storm * s)
{
	size_t i;

	for (i = 0; i < s->f.n; i++) {
		storm_check_seats(s, i);
		check_open(s, i);
	}
	meet_contacts(s);
	for (i = 0; i < s->n_groups; i++)
		gather_group(s, &s->groups[i]);
	wait_for_all(s);
	write_once_more(s);
	sim_run_for(s->f.sim, LOOK_MS);
	storm_reap(s);
	wait_for_all(s);
	for (i = 0; i < s->n_groups; i++)
		check_group(s, &s->groups[i]);
}
