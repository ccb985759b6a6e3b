/* replica_contract.c: what every engine of world/replica.h must do. */
#include "support/replica_contract.h"

#include <stdio.h>
#include <string.h>

#include "world/os/world_os.h"

enum { LONG_MS = 60000, SHORT_MS = 300, PATIENCE_MS = 60000 };

/* --- asking --------------------------------------------------------------- */

struct asked {
	struct replica_request r;
	struct world * w;
	bool done;
	int status;
};

static void
asked_done(struct replica_request * r, int status)
{
	struct asked * a = r->user;

	assert_false(a->done);
	a->done = true;
	a->status = status;
	world_os_stop(a->w);
}

static struct asked *
begin(struct replica_contract * c, const struct replica_request * r)
{
	struct asked * a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->r = *r;
	a->r.done = asked_done;
	a->r.user = a;
	a->w = c->w;
	assert_int_equal(replica_submit(c->replica, &a->r), 0);
	assert_false(a->done);
	return (a);
}

/* Ask, wait for the end; the outputs are the caller's. */
static int
ask(struct replica_contract * c, struct replica_request * r)
{
	struct asked * a = begin(c, r);
	int status;

	while (!a->done)
		world_os_run(c->w);
	status = a->status;
	*r = a->r;
	free(a);
	return (status);
}

/* Ask and forget what came besides the status. */
static int
tell(struct replica_contract * c, const struct replica_request * r)
{
	struct replica_request copy = *r;
	int status = ask(c, &copy);

	replica_request_free(&copy);
	return (status);
}

static void
wake(struct world_timer * timer)
{
	world_os_stop(*(struct world **)(void *)(timer + 1));
}

static void
let_pass(struct replica_contract * c, uint64_t ms)
{
	struct {
		struct world_timer timer;
		struct world * w;
	} nap = {.timer.fire = wake, .w = c->w};

	assert_int_equal(world_timer_start(c->w, &nap.timer, ms), 0);
	world_os_run(c->w);
	world_timer_stop(c->w, &nap.timer);
}

/* --- groups, tokens, servers ---------------------------------------------- */

static void
draw(struct replica_contract * c, void * p, size_t n)
{
	world_random(c->w, p, n);
}

static struct replica_group
some_group(struct replica_contract * c)
{
	struct replica_group g = {.network = "berty"};

	draw(c, g.id, sizeof(g.id));
	draw(c, g.public_key, sizeof(g.public_key));
	draw(c, g.sign_pub, sizeof(g.sign_pub));
	draw(c, g.link_key, sizeof(g.link_key));
	return (g);
}

static struct replica_token
some_token(struct replica_contract * c)
{
	struct replica_token t = {.issuer = "issuer"};
	uint64_t v;

	draw(c, &v, sizeof(v));
	(void)snprintf(t.id, sizeof(t.id), "token-%llx",
	    (unsigned long long)v);
	return (t);
}

static int
enrol(struct replica_contract * c, const struct replica_group * g,
    const struct replica_token * t, struct replica_quota quota)
{
	struct replica_request r = {.call = REPLICA_REGISTER, .group = *g,
	    .token = *t, .quota = quota};

	return (tell(c, &r));
}

static int
beat(struct replica_contract * c, const uint8_t server[REPLICA_SERVER],
    uint64_t lease_ms, bool first)
{
	struct replica_request r = {.call = REPLICA_BEAT, .first = first,
	    .lease_ms = lease_ms, .addresses = slice_text("here")};

	memcpy(r.server, server, REPLICA_SERVER);
	return (tell(c, &r));
}

static void
new_server(struct replica_contract * c, uint8_t server[REPLICA_SERVER],
    uint64_t lease_ms)
{
	draw(c, server, REPLICA_SERVER);
	assert_int_equal(beat(c, server, lease_ms, true), 0);
}

static void
leave(struct replica_contract * c, const uint8_t server[REPLICA_SERVER])
{
	struct replica_request r = {.call = REPLICA_LEAVE};

	memcpy(r.server, server, REPLICA_SERVER);
	assert_int_equal(tell(c, &r), 0);
}

/*
 * Claim all that is free; the fence under which the group was given, 0: it was
 * not.
 */
static uint64_t
claim(struct replica_contract * c, const uint8_t server[REPLICA_SERVER],
    const struct replica_group * g)
{
	uint64_t fence = 0;
	size_t i, n;

	do {
		struct replica_request r = {.call = REPLICA_CLAIM, .max = 3};

		memcpy(r.server, server, REPLICA_SERVER);
		assert_int_equal(ask(c, &r), 0);
		assert_true(r.n_groups <= 3);
		n = r.n_groups;
		for (i = 0; i < n; i++) {
			if (memcmp(r.groups[i].id, g->id, REPLICA_ID) != 0)
				continue;
			assert_int_equal(fence, 0);
			fence = r.groups[i].fence;
			assert_true(fence > 0);
			assert_memory_equal(r.groups[i].sign_pub, g->sign_pub,
			    32);
			assert_memory_equal(r.groups[i].link_key, g->link_key,
			    32);
			assert_string_equal(r.groups[i].network, g->network);
		}
		replica_request_free(&r);
	} while (n > 0);
	return (fence);
}

static struct replica_entry
entry(const char * text)
{
	struct replica_entry e = {.block = slice_text(text)};

	e.cid.n = 36;
	memset(e.cid.bytes, text[0], e.cid.n);
	memcpy(e.cid.bytes, text, strlen(text) < 36 ? strlen(text) : 36);
	return (e);
}

/* An append of one entry, which makes `entries` and `bytes` in all. */
static struct replica_request
append(const uint8_t server[REPLICA_SERVER], const struct replica_group * g,
    uint64_t fence, const struct replica_entry * e, uint64_t entries,
    uint64_t bytes)
{
	struct replica_request r = {.call = REPLICA_APPEND, .group = *g,
	    .log = 1, .append = e, .n_append = e == NULL ? 0 : 1};

	memcpy(r.server, server, REPLICA_SERVER);
	r.group.fence = fence;
	r.group.entries[1] = entries;
	r.group.bytes = bytes;
	if (e != NULL)
		r.group.head[1] = e->cid;
	return (r);
}

static const struct replica_quota none = {0, 0};

/* --- registering ---------------------------------------------------------- */

void
a_group_is_registered_once_a_token(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c), other = some_token(c);
	struct replica_group g = some_group(c);

	assert_int_equal(enrol(c, &g, &t, none), 0);
	assert_int_equal(enrol(c, &g, &t, none), -ERR_DB_ENTRY_ALREADY_EXISTS);
	assert_int_equal(enrol(c, &g, &other, none), 0);
	t = other;
	(void)snprintf(t.issuer, sizeof(t.issuer), "other issuer");
	assert_int_equal(enrol(c, &g, &t, none), 0);
}

void
a_wrong_sign_pub_does_not_shut_the_right_one_out(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token liar = some_token(c), t = some_token(c);
	struct replica_group lie = some_group(c), g = lie;
	struct replica_request r = {.call = REPLICA_FIND};

	draw(c, g.id, sizeof(g.id));
	draw(c, g.sign_pub, sizeof(g.sign_pub));
	assert_int_equal(enrol(c, &lie, &liar, none), 0);
	assert_int_equal(enrol(c, &g, &t, none), 0);
	r.group = g;
	r.token = t;
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_groups, 1);
	assert_memory_equal(r.groups[0].sign_pub, g.sign_pub, 32);
	replica_request_free(&r);
}

void
another_link_key_is_refused(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c), other = some_token(c);
	struct replica_group g = some_group(c);

	assert_int_equal(enrol(c, &g, &t, none), 0);
	g.link_key[0] ^= 1;
	assert_int_equal(enrol(c, &g, &other, none), -ERR_INVALID_INPUT);
}

void
a_token_has_no_more_groups_than_its_quota(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c), other = some_token(c);
	struct replica_quota two = {.groups = 2};
	struct replica_group g[3];
	size_t i;

	for (i = 0; i < 3; i++)
		g[i] = some_group(c);
	assert_int_equal(enrol(c, &g[0], &t, two), 0);
	assert_int_equal(enrol(c, &g[1], &t, two), 0);
	assert_int_equal(enrol(c, &g[2], &t, two), -ERR_SERVICE_REPLICATION);
	assert_int_equal(enrol(c, &g[2], &other, two), 0);
	assert_int_equal(enrol(c, &g[0], &t, two),
	    -ERR_DB_ENTRY_ALREADY_EXISTS);
}

void
a_token_has_no_more_bytes_than_its_quota(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c), other = some_token(c);
	struct replica_quota some = {.bytes = 100};
	struct replica_group g = some_group(c), more = some_group(c);
	struct replica_entry e = entry("block");
	struct replica_request r;
	uint8_t server[REPLICA_SERVER];
	uint64_t fence;

	assert_int_equal(enrol(c, &g, &t, some), 0);
	new_server(c, server, LONG_MS);
	fence = claim(c, server, &g);
	r = append(server, &g, fence, &e, 1, 60);
	r.quota = some;
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.room, 40);
	replica_request_free(&r);
	assert_int_equal(enrol(c, &more, &t, some), 0);
	r = append(server, &g, fence, NULL, 1, 130);
	r.quota = some;
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.room, 0);
	replica_request_free(&r);
	more = some_group(c);
	assert_int_equal(enrol(c, &more, &t, some), -ERR_SERVICE_REPLICATION);
	/* What the group has counts for a second token, too. */
	assert_int_equal(enrol(c, &g, &other, some), 0);
	assert_int_equal(enrol(c, &more, &other, some),
	    -ERR_SERVICE_REPLICATION);
	r = append(server, &g, fence, NULL, 1, 130);
	assert_int_equal(ask(c, &r), 0);
	assert_true(r.room == UINT64_MAX);
	replica_request_free(&r);
	leave(c, server);
}

/* --- leading -------------------------------------------------------------- */

void
a_group_is_led_by_one_server(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c);
	struct replica_group g = some_group(c);
	struct replica_request r = {.call = REPLICA_BEAT, .lease_ms = LONG_MS};
	uint8_t first[REPLICA_SERVER], second[REPLICA_SERVER];

	new_server(c, first, LONG_MS);
	new_server(c, second, LONG_MS);
	assert_int_equal(enrol(c, &g, &t, none), 0);
	memcpy(r.server, first, REPLICA_SERVER);
	r.addresses = slice_text("there");
	assert_int_equal(ask(c, &r), 0);
	assert_true(r.unled > 0);
	assert_true(r.servers >= 2);
	assert_true(r.addresses_of.n > 6);
	assert_memory_equal(r.addresses_of.p, "\005there", 6);
	replica_request_free(&r);
	assert_true(claim(c, first, &g) > 0);
	assert_int_equal(claim(c, second, &g), 0);
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.unled, 0);
	replica_request_free(&r);
	leave(c, first);
	leave(c, second);
}

void
a_server_whose_time_ran_out_leads_nothing(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c);
	struct replica_group g = some_group(c);
	struct replica_request r = {.call = REPLICA_CLAIM, .max = 1};
	uint8_t first[REPLICA_SERVER], second[REPLICA_SERVER];
	uint64_t before, after = 0, waited;

	assert_int_equal(enrol(c, &g, &t, none), 0);
	new_server(c, first, SHORT_MS);
	before = claim(c, first, &g);
	assert_true(before > 0);
	new_server(c, second, LONG_MS);
	for (waited = 0; after == 0 && waited < PATIENCE_MS; waited += 50) {
		let_pass(c, 50);
		after = claim(c, second, &g);
	}
	assert_int_equal(after, before + 1);
	assert_int_equal(beat(c, first, LONG_MS, false), -ERR_NOT_FOUND);
	memcpy(r.server, first, REPLICA_SERVER);
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
	assert_int_equal(beat(c, second, LONG_MS, false), 0);
	leave(c, second);
}

void
a_deposed_leader_writes_nothing(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c);
	struct replica_group g = some_group(c);
	struct replica_entry e = entry("too late");
	struct replica_request r;
	uint8_t server[REPLICA_SERVER], other[REPLICA_SERVER];
	uint64_t old, fence;

	assert_int_equal(enrol(c, &g, &t, none), 0);
	new_server(c, server, LONG_MS);
	new_server(c, other, LONG_MS);
	old = claim(c, server, &g);
	r = append(other, &g, old, &e, 1, 8);
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
	r = (struct replica_request){.call = REPLICA_RELEASE, .group = g};
	memcpy(r.server, server, REPLICA_SERVER);
	r.group.fence = old;
	assert_int_equal(tell(c, &r), 0);
	r = append(server, &g, old, &e, 1, 8);
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
	/* It leads again, and what it sent under the old fence comes late. */
	fence = claim(c, server, &g);
	assert_int_equal(fence, old + 1);
	r = append(server, &g, old, &e, 1, 8);
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
	r = (struct replica_request){.call = REPLICA_READ, .group = g,
	    .log = 1};
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_entries, 0);
	replica_request_free(&r);
	leave(c, server);
	r = append(server, &g, fence, &e, 1, 8);
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
	leave(c, other);
}

void
a_server_that_leaves_frees_its_groups_at_once(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c);
	struct replica_group g = some_group(c);
	uint8_t first[REPLICA_SERVER], second[REPLICA_SERVER];

	assert_int_equal(enrol(c, &g, &t, none), 0);
	new_server(c, first, LONG_MS);
	new_server(c, second, LONG_MS);
	assert_true(claim(c, first, &g) > 0);
	leave(c, first);
	assert_true(claim(c, second, &g) > 0);
	leave(c, second);
}

void
a_released_group_is_free(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c);
	struct replica_group g = some_group(c);
	struct replica_request r = {.call = REPLICA_RELEASE, .group = g};
	uint8_t first[REPLICA_SERVER], second[REPLICA_SERVER];
	uint64_t fence;

	assert_int_equal(enrol(c, &g, &t, none), 0);
	new_server(c, first, LONG_MS);
	new_server(c, second, LONG_MS);
	fence = claim(c, first, &g);
	memcpy(r.server, first, REPLICA_SERVER);
	r.group.fence = fence - 1;
	assert_int_equal(tell(c, &r), 0);
	assert_int_equal(claim(c, second, &g), 0);
	r.group.fence = fence;
	assert_int_equal(tell(c, &r), 0);
	assert_int_equal(claim(c, second, &g), fence + 1);
	leave(c, first);
	leave(c, second);
}

/* --- entries -------------------------------------------------------------- */

/* A group that a new server leads. */
static uint64_t
led_group(struct replica_contract * c, struct replica_group * g,
    struct replica_token * t, uint8_t server[REPLICA_SERVER])
{
	uint64_t fence;

	*g = some_group(c);
	*t = some_token(c);
	assert_int_equal(enrol(c, g, t, none), 0);
	new_server(c, server, LONG_MS);
	fence = claim(c, server, g);
	assert_true(fence > 0);
	return (fence);
}

void
entries_are_read_in_the_order_they_came(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_group g;
	struct replica_token t;
	struct replica_entry e[3] = {entry("zero"), entry("a one"),
	    entry("m two")};
	struct replica_request r;
	uint8_t server[REPLICA_SERVER];
	uint64_t fence = led_group(c, &g, &t, server), after;

	r = append(server, &g, fence, &e[0], 2, 9);
	r.n_append = 2;
	assert_int_equal(tell(c, &r), 0);
	r = append(server, &g, fence, &e[2], 3, 14);
	assert_int_equal(tell(c, &r), 0);
	r = append(server, &g, fence, &e[2], 1, 14);
	r.log = 0;
	assert_int_equal(tell(c, &r), 0);

	r = (struct replica_request){.call = REPLICA_READ, .group = g,
	    .log = 1, .max = 2};
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_entries, 2);
	assert_true(slice_equal(r.entries[0].block, e[0].block));
	assert_true(slice_equal(r.entries[1].block, e[1].block));
	assert_int_equal(r.entries[1].cid.n, e[1].cid.n);
	assert_memory_equal(r.entries[1].cid.bytes, e[1].cid.bytes,
	    e[1].cid.n);
	after = r.entries[1].number;
	replica_request_free(&r);
	r.after = after;
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_entries, 1);
	assert_true(slice_equal(r.entries[0].block, e[2].block));
	assert_true(r.entries[0].number > after);
	r.after = r.entries[0].number;
	replica_request_free(&r);
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_entries, 0);
	replica_request_free(&r);
	leave(c, server);
}

void
an_entry_written_twice_is_there_once(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_group g;
	struct replica_token t;
	struct replica_entry e = entry("once");
	struct replica_request r;
	uint8_t server[REPLICA_SERVER];
	uint64_t fence = led_group(c, &g, &t, server);
	int i;

	for (i = 0; i < 2; i++) {
		r = append(server, &g, fence, &e, 1, 4);
		assert_int_equal(tell(c, &r), 0);
	}
	r = (struct replica_request){.call = REPLICA_READ, .group = g,
	    .log = 1};
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_entries, 1);
	replica_request_free(&r);
	leave(c, server);
}

void
counts_do_not_fall(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_group g;
	struct replica_token t;
	struct replica_entry e = entry("high");
	struct replica_request r;
	uint8_t server[REPLICA_SERVER];
	uint64_t fence = led_group(c, &g, &t, server);

	r = append(server, &g, fence, &e, 7, 700);
	assert_int_equal(tell(c, &r), 0);
	r = append(server, &g, fence, NULL, 3, 300);
	assert_int_equal(tell(c, &r), 0);
	r = (struct replica_request){.call = REPLICA_FIND, .group = g,
	    .token = t};
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.groups[0].entries[1], 7);
	assert_int_equal(r.groups[0].entries[0], 0);
	assert_int_equal(r.groups[0].bytes, 700);
	assert_int_equal(r.groups[0].head[1].n, e.cid.n);
	assert_int_equal(r.groups[0].head[0].n, 0);
	assert_true(r.groups[0].created_at > 0);
	assert_true(r.groups[0].updated_at >= r.groups[0].created_at);
	replica_request_free(&r);
	r = (struct replica_request){.call = REPLICA_TOTALS};
	assert_int_equal(ask(c, &r), 0);
	assert_true(r.all_groups > 0);
	assert_true(r.total[1] >= 7);
	replica_request_free(&r);
	leave(c, server);
}

void
a_group_is_found_by_its_own_tokens_only(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c), other = some_token(c);
	struct replica_group g = some_group(c);
	struct replica_request r = {.call = REPLICA_FIND, .group = g,
	    .token = other};

	assert_int_equal(enrol(c, &g, &t, none), 0);
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
	r.token = t;
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_groups, 1);
	replica_request_free(&r);
	r.group.public_key[0] ^= 1;
	assert_int_equal(tell(c, &r), -ERR_NOT_FOUND);
}

/* --- the database --------------------------------------------------------- */

void
what_was_answered_is_there_after_reopening(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_group g;
	struct replica_token t;
	struct replica_entry e = entry("kept");
	struct replica_request r;
	struct error err = {0};
	uint8_t server[REPLICA_SERVER];
	uint64_t fence = led_group(c, &g, &t, server);

	r = append(server, &g, fence, &e, 1, 4);
	assert_int_equal(tell(c, &r), 0);
	replica_close(c->replica);
	c->replica = NULL;
	assert_int_equal(c->open(c, &c->replica, &err), 0);
	assert_int_equal(enrol(c, &g, &t, none), -ERR_DB_ENTRY_ALREADY_EXISTS);
	assert_int_equal(beat(c, server, LONG_MS, false), 0);
	assert_int_equal(tell(c, &r), 0);
	r = (struct replica_request){.call = REPLICA_READ, .group = g,
	    .log = 1};
	assert_int_equal(ask(c, &r), 0);
	assert_int_equal(r.n_entries, 1);
	assert_true(slice_equal(r.entries[0].block, e.block));
	replica_request_free(&r);
	leave(c, server);
}

void
requests_of_a_closing_database_are_answered(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_request r = {.call = REPLICA_TOTALS};
	struct error err = {0};
	struct asked * a[8];
	size_t i;

	for (i = 0; i < 8; i++)
		a[i] = begin(c, &r);
	replica_close(c->replica);
	for (i = 0; i < 8; i++) {
		assert_true(a[i]->done);
		assert_true(a[i]->status == 0 ||
		    a[i]->status == -ERR_DB_WRITE);
		replica_request_free(&a[i]->r);
		free(a[i]);
	}
	c->replica = NULL;
	assert_int_equal(c->open(c, &c->replica, &err), 0);
}

struct told {
	struct world * w;
	unsigned n;
};

static void
changed(void * user)
{
	struct told * told = user;

	told->n++;
	world_os_stop(told->w);
}

void
who_watches_is_told_of_a_new_group(void ** state)
{
	struct replica_contract * c = *state;
	struct replica_token t = some_token(c);
	struct replica_group g = some_group(c);
	struct told told = {.w = c->w};

	replica_watch(c->replica, changed, &told);
	assert_int_equal(enrol(c, &g, &t, none), 0);
	while (told.n == 0)
		world_os_run(c->w);
	replica_watch(c->replica, NULL, NULL);
}
