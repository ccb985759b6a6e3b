/* The fold gives the same whatever the order, and what the rule says. */
#include <stdio.h>
#include <stdlib.h>

#include "account/account_fixture.h"

#include "account/contact_moves.h"
#include "account/registers.h"
#include "group/wire.h"

#define EVENTS 40
#define CONTACTS 3
#define GROUPS 2
#define ROUNDS 60

/* An event, as the reference knows it. */
struct plan {
	unsigned type;
	unsigned who;             /* contact or group */
	uint8_t seed[32];
	bool has_seed;
	char metadata[8], own[8];
	struct event_place place;
	struct buffer payload;
};

struct bench {
	struct home home;
	struct ed25519_key contacts[CONTACTS];
	struct group_info groups[GROUPS];
	uint64_t dice;
	struct plan plans[EVENTS];
};

static unsigned
roll(struct bench * b, unsigned n)
{
	b->dice = b->dice * 6364136223846793005U + 1442695040888963407U;
	return ((unsigned)(b->dice >> 33) % n);
}

static void
put_contact(struct buffer * out, struct bench * b, const struct plan * p)
{
	wire_put_bytes(out, 1, BYTES(b->contacts[p->who].pub));
	wire_put_bytes(out, 2, slice_of(p->seed, p->has_seed ? 32 : 0));
	wire_put_bytes(out, 3, slice_text(p->metadata));
}

static void
plan_payload(struct bench * b, struct plan * p)
{
	struct buffer inner = {0};
	uint8_t device[32] = {1};

	wire_put_bytes(&p->payload, 1, BYTES(device));
	if (p->type == 106) {
		put_contact(&inner, b, p);
		wire_put_bytes(&p->payload, 3, buffer_all(&inner));
		wire_put_bytes(&p->payload, 4, slice_text(p->own));
	} else if (p->type > 106) {
		wire_put_bytes(&p->payload, 2,
		    BYTES(b->contacts[p->who].pub));
		if (p->type == 108) {
			wire_put_bytes(&p->payload, 3,
			    slice_of(p->seed, p->has_seed ? 32 : 0));
			wire_put_bytes(&p->payload, 4,
			    slice_text(p->metadata));
		}
	} else if (p->type == 105)
		wire_put_bytes(&p->payload, 2, BYTES(p->seed));
	else if (p->type == 101) {
		group_info_encode(&inner, &b->groups[p->who]);
		wire_put_bytes(&p->payload, 2, buffer_all(&inner));
	} else if (p->type == 102)
		wire_put_bytes(&p->payload, 2, BYTES(b->groups[p->who].pk));
	buffer_free(&inner);
}

static void
plan_make(struct bench * b, struct plan * p, unsigned i)
{
	uint8_t name[4] = {(uint8_t)i};

	buffer_free(&p->payload);
	memset(p, 0, sizeof(*p));
	p->type = 101 + roll(b, 12);
	p->who = roll(b, p->type <= 102 ? GROUPS : CONTACTS);
	p->has_seed = roll(b, 3) > 0;
	p->seed[0] = (uint8_t)(i + 1);
	if (roll(b, 2) > 0)
		(void)snprintf(p->metadata, sizeof(p->metadata), "m%u", i);
	if (roll(b, 2) > 0)
		(void)snprintf(p->own, sizeof(p->own), "o%u", i);
	/* Few times, so that many places differ by their CID alone. */
	p->place.time = 1 + roll(b, 10);
	cid_of(&p->place.cid, CID_DAG_CBOR, BYTES(name));
	plan_payload(b, p);
}

static void
shuffle(struct bench * b)
{
	unsigned i, j;
	struct plan swap;

	for (i = EVENTS - 1; i > 0; i--) {
		j = roll(b, i + 1);
		swap = b->plans[i];
		b->plans[i] = b->plans[j];
		b->plans[j] = swap;
	}
}

static int
compare_plans(const void * a, const void * b)
{
	const struct plan * x = a, * y = b;

	return (event_place_compare(&x->place, &y->place));
}

/* --- the reference: sorted, newest wins ---------------------------------- */

struct outcome {
	bool enabled, has_seed;
	uint8_t seed[32];
	struct {
		enum contact_state state;
		bool has_seed;
		uint8_t seed[32];
		char metadata[8], own[8];
	} contacts[CONTACTS];
	bool joined[GROUPS];
};

static void
reference_contact(struct outcome * o, const struct plan * p)
{
	o->contacts[p->who].state = contact_moves_state(p->type);
	if (p->type != 106 && p->type != 108)
		return;
	if (p->has_seed) {
		o->contacts[p->who].has_seed = true;
		memcpy(o->contacts[p->who].seed, p->seed, 32);
	}
	if (p->metadata[0] != '\0')
		memcpy(o->contacts[p->who].metadata, p->metadata, 8);
	if (p->type == 106)
		memcpy(o->contacts[p->who].own, p->own, 8);
}

static void
reference(struct outcome * o, const struct plan * plans)
{
	struct plan sorted[EVENTS];
	const struct plan * p;

	memset(o, 0, sizeof(*o));
	memcpy(sorted, plans, sizeof(sorted));
	qsort(sorted, EVENTS, sizeof(sorted[0]), compare_plans);
	for (p = sorted; p < sorted + EVENTS; p++) {
		if (p->type <= 102)
			o->joined[p->who] = p->type == 101;
		else if (p->type <= 104)
			o->enabled = p->type == 104;
		else if (p->type == 105) {
			o->has_seed = true;
			memcpy(o->seed, p->seed, 32);
		} else
			reference_contact(o, p);
	}
}

/* --- the registers ------------------------------------------------------- */

static void
read_contact(const struct registers * r, struct bench * b,
    struct outcome * o, unsigned i)
{
	struct contact c;

	if (registers_contact(r, b->contacts[i].pub, &c) != 0)
		return;
	o->contacts[i].state = c.state;
	o->contacts[i].has_seed = c.has_seed;
	memcpy(o->contacts[i].seed, c.seed, 32);
	if (c.metadata.n > 0)
		memcpy(o->contacts[i].metadata, c.metadata.p, c.metadata.n);
	if (c.own_metadata.n > 0)
		memcpy(o->contacts[i].own, c.own_metadata.p,
		    c.own_metadata.n);
	contact_free(&c);
}

static void
read_outcome(const struct registers * r, struct bench * b, struct outcome * o)
{
	struct group_info g;
	unsigned i;

	memset(o, 0, sizeof(*o));
	o->enabled = registers_enabled(r);
	o->has_seed = registers_seed(r, o->seed);
	for (i = 0; i < CONTACTS; i++)
		read_contact(r, b, o, i);
	for (i = 0; i < GROUPS; i++)
		o->joined[i] = registers_group(r, b->groups[i].pk, &g) == 0;
}

static void
fold_plans(struct bench * b, struct registers * r, const char * scope,
    bool twice)
{
	unsigned i, again;

	assert_int_equal(store_begin(r->store), 0);
	assert_int_equal(store_scope(r->store, slice_text(scope), &r->scope),
	    0);
	for (again = 0; again < (twice ? 2U : 1U); again++)
		for (i = 0; i < EVENTS; i++)
			assert_int_equal(registers_fold(r, b->plans[i].type,
			    buffer_all(&b->plans[i].payload),
			    &b->plans[i].place), 0);
	assert_int_equal(store_commit(r->store, NULL), 0);
}

static void
bench_new(struct bench * b)
{
	struct ed25519_key key;
	uint8_t seed[32] = {3}, secret[32] = {4};
	unsigned i;

	memset(b, 0, sizeof(*b));
	b->dice = sim_seed_wanted(1);
	home_new(&b->home, 1);
	for (i = 0; i < CONTACTS; i++)
		b->contacts[i] = key_of((char)('a' + i));
	for (i = 0; i < GROUPS; i++) {
		seed[1] = secret[1] = (uint8_t)i;
		group_of_members(&b->groups[i], &key, seed, secret);
	}
}

static void
bench_free(struct bench * b)
{
	unsigned i;

	for (i = 0; i < EVENTS; i++)
		buffer_free(&b->plans[i].payload);
	home_free(&b->home);
}

static void
any_order_folds_to_what_the_places_say(void ** state)
{
	struct bench b;
	struct registers r;
	struct outcome expected, got;
	struct ed25519_key own = key_of('z');
	char scope[32];
	unsigned round, i;

	(void)state;
	bench_new(&b);
	r = (struct registers){b.home.store, 0, &own};
	for (round = 0; round < ROUNDS; round++) {
		if (round % 4 == 0)
			for (i = 0; i < EVENTS; i++)
				plan_make(&b, &b.plans[i], i);
		reference(&expected, b.plans);
		shuffle(&b);
		(void)snprintf(scope, sizeof(scope), "round %u", round);
		fold_plans(&b, &r, scope, round % 3 == 0);
		read_outcome(&r, &b, &got);
		assert_memory_equal(&expected, &got, sizeof(got));
	}
	bench_free(&b);
}

static void
what_is_no_proper_event_folds_to_nothing(void ** state)
{
	static const uint8_t no_point[32] = {2};
	struct event_place place = {.time = 1, .cid = {.n = 1}};
	struct ed25519_key own = key_of('z');
	struct buffer payload = {0};
	struct registers r;
	struct contact c;
	struct home h;

	(void)state;
	assert_false(ed25519_is_point(no_point));
	home_new(&h, 1);
	r = (struct registers){h.store, 0, &own};
	assert_int_equal(store_begin(h.store), 0);
	assert_int_equal(store_scope(h.store, slice_text("x"), &r.scope), 0);
	wire_put_bytes(&payload, 2, BYTES(no_point));
	assert_int_equal(registers_fold(&r, 108, buffer_all(&payload),
	    &place), 0);
	assert_int_equal(registers_contact(&r, no_point, &c), -ERR_NOT_FOUND);
	buffer_clear(&payload);
	wire_put_bytes(&payload, 2, BYTES(own.pub));
	assert_int_equal(registers_fold(&r, 111, buffer_all(&payload),
	    &place), 0);
	assert_int_equal(registers_contact(&r, own.pub, &c), -ERR_NOT_FOUND);
	assert_int_equal(registers_fold(&r, 101, slice_text("\xff\xff"),
	    &place), 0);
	assert_int_equal(registers_fold(&r, 105, slice_text(""), &place), 0);
	assert_false(registers_seed(&r, (uint8_t[32]){0}));
	store_rollback(h.store);
	buffer_free(&payload);
	home_free(&h);
}

static int
setup(void ** state)
{
	(void)state;
	return (crypto_setup());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_folds_to_what_the_places_say),
		cmocka_unit_test(what_is_no_proper_event_folds_to_nothing),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
