/* log_fixture.h: logs on simulated nodes, for tests. */
#ifndef BERTY_TESTS_LOG_FIXTURE_H
#define BERTY_TESTS_LOG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/reader.h"
#include "log/address.h"
#include "log/log.h"
#include "world/sim/sim.h"

/* An owner that delivers everything and remembers what it was told. */
struct owner {
	unsigned joined;
	unsigned own;
	unsigned fail_at;         /* the n-th join fails; 0: none */
	bool silent;              /* deliver nothing */
	const char * refuses;     /* a value that is not taken, or NULL */
	int code;                 /* with which; 0: some code */
	struct buffer order;      /* times of what was joined, 8 bytes each */
	struct buffer cids;       /* 36 bytes each */
};

static inline int
owner_join(void * user, struct log * log, const struct entry * e,
    const struct cid * cid, struct slice value, bool own,
    struct log_verdict * verdict)
{
	struct owner * o = user;

	(void)log;
	if (o->refuses != NULL && slice_equal(value, slice_text(o->refuses)))
		return (o->code != 0 ? o->code : -ERR_TODO);
	o->joined++;
	o->own += own;
	buffer_be64(&o->order, e->time);
	buffer_slice(&o->cids, cid_slice(cid));
	verdict->deliver = !o->silent;
	verdict->note_n = 3;
	memcpy(verdict->note, "abc", 3);
	return (o->fail_at != 0 && o->joined == o->fail_at ? -ERR_TODO : 0);
}

static inline void
owner_free(struct owner * o)
{
	buffer_free(&o->order);
	buffer_free(&o->cids);
	*o = (struct owner){0};
}

/* A node with a store and a log. */
struct place {
	struct sim * sim;
	struct world * world;
	struct store * store;
	struct log * log;
	struct owner owner;
	struct buffer address;
	struct log_identity identity;
};

static inline void
place_open_log(struct place * p)
{
	struct log_handler handler = {owner_join, &p->owner};

	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(log_open(p->world, p->store, buffer_all(&p->address),
	    &p->identity, &handler, true, &p->log, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

static inline void
place_open_store(struct place * p)
{
	uint8_t key[32] = {7};
	struct store_config config = {.path = "node", .key = key,
	    .vfs = sim_disk(p->world)};

	assert_int_equal(store_open(p->world, &config, &p->store, NULL), 0);
}

/* The group's log of the given letter: places with the same letter share it. */
static inline void
place_new(struct place * p, struct sim * sim, uint8_t letter)
{
	uint8_t seed[32] = {letter, 1};

	*p = (struct place){.sim = sim};
	p->world = sim_node(sim);
	log_identity_from_seed(&p->identity, seed);
	log_address(&p->address, p->identity.pub, p->identity.pub,
	    "wesh_group_metadata", NULL, NULL, NULL, NULL);
	place_open_store(p);
	place_open_log(p);
}

static inline void
place_close(struct place * p)
{
	log_close(p->log);
	store_close(p->store);
	p->log = NULL;
	p->store = NULL;
}

static inline void
place_reopen(struct place * p)
{
	place_close(p);
	owner_free(&p->owner);
	place_open_store(p);
	place_open_log(p);
}

static inline void
place_free(struct place * p)
{
	place_close(p);
	owner_free(&p->owner);
	buffer_free(&p->address);
}

static inline struct cid
place_append(struct place * p, const char * text)
{
	struct cid cid = {0};

	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(log_append(p->log, slice_text(text), &cid, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	return (cid);
}

/* Copy an entry from one place to another, without settling. */
static inline int
place_copy(struct place * to, struct place * from, const struct cid * cid)
{
	struct buffer block = {0};
	int status;

	assert_int_equal(log_block(from->store, cid, &block), 0);
	assert_int_equal(entry_check(&to->identity,
	    buffer_all(&to->address), cid, buffer_all(&block)), 0);
	status = log_receive(to->log, cid, buffer_all(&block));
	buffer_free(&block);
	return (status);
}

static inline void
place_settle(struct place * p)
{
	assert_int_equal(store_begin(p->store), 0);
	assert_true(log_settle(p->log, 1000) >= 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

/* Receive one and settle, in a transaction of its own. */
static inline void
place_receive(struct place * to, struct place * from, const struct cid * cid)
{
	assert_int_equal(store_begin(to->store), 0);
	assert_true(place_copy(to, from, cid) >= 0);
	assert_true(log_settle(to->log, 1000) >= 0);
	assert_int_equal(store_commit(to->store, NULL), 0);
}

static inline bool
same_heads(struct place * a, struct place * b)
{
	struct cid x[64], y[64];
	size_t n = log_heads(a->log, x, 64), i;

	if (log_heads(b->log, y, 64) != n)
		return (false);
	for (i = 0; i < n; i++)
		if (!cid_equal(&x[i], &y[i]))
			return (false);
	return (true);
}

static inline int
collect_cid(void * user, const struct log_item * item)
{
	buffer_slice(user, cid_slice(&item->cid));
	return (0);
}

static inline bool
same_causal_order(struct place * a, struct place * b)
{
	struct buffer x = {0}, y = {0};
	bool same;

	assert_int_equal(log_each_causal(a->log, 0, collect_cid, &x), 0);
	assert_int_equal(log_each_causal(b->log, 0, collect_cid, &y), 0);
	same = slice_equal(buffer_all(&x), buffer_all(&y));
	buffer_free(&x);
	buffer_free(&y);
	return (same);
}

#endif /* !BERTY_TESTS_LOG_FIXTURE_H */
