/* group_fixture.h: members of a group on simulated nodes, for tests. */
#ifndef BERTY_TESTS_GROUP_FIXTURE_H
#define BERTY_TESTS_GROUP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "group/chain_store.h"
#include "group/group.h"
#include "world/sim/sim.h"

/* An event that the owner was told of. */
struct told {
	unsigned type;
	uint64_t time;
	bool known;
};

/* A device with a store and one group. */
struct party {
	struct world * world;
	struct store * store;
	struct secret_arena * secrets;
	struct group_config config;
	struct group * group;
	struct told told[64];
	size_t n_told;
	bool fail;                /* the owner refuses the next event */
};

static inline int
party_event(void * user, struct group * g, const struct metadata_event * e,
    const struct event_place * place, bool known)
{
	struct party * p = user;

	(void)g;
	if (p->fail)
		return (-ERR_TODO);
	if (p->n_told < 64)
		p->told[p->n_told++] =
		    (struct told){e->type, place->time, known};
	return (0);
}

static inline void
party_open_store(struct party * p)
{
	uint8_t key[32] = {9};
	struct store_config config = {.path = "node", .key = key,
	    .vfs = sim_disk(p->world)};

	assert_int_equal(store_open(p->world, &config, &p->store, NULL), 0);
}

static inline void
party_open_group(struct party * p)
{
	struct group_context context = {p->world, p->store, p->secrets};

	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(group_open(&context, &p->config, &p->group, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

/* A key from a letter. */
static inline struct ed25519_key
key_of(char letter, uint8_t kind)
{
	const uint8_t seed[32] = {(uint8_t)letter, kind};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	return (key);
}

enum { KIND_MEMBER = 1, KIND_DEVICE, KIND_GROUP, KIND_SECRET };

static inline void
party_new(struct party * p, struct sim * sim, const struct group_info * info,
    const struct network * network, char member, char device)
{
	*p = (struct party){.world = sim_node(sim)};
	p->secrets = secret_arena_new();
	p->config.info = *info;
	p->config.network = network;
	p->config.member = key_of(member, KIND_MEMBER);
	p->config.device = key_of(device, KIND_DEVICE);
	p->config.handler = (struct group_handler){party_event, p};
	party_open_store(p);
}

static inline void
party_close(struct party * p)
{
	group_close(p->group);
	store_close(p->store);
	p->group = NULL;
	p->store = NULL;
}

static inline void
party_free(struct party * p)
{
	party_close(p);
	secret_arena_free(p->secrets);
}

static inline void
party_reopen(struct party * p)
{
	party_close(p);
	p->n_told = 0;
	party_open_store(p);
	party_open_group(p);
}

static inline struct group_info
members_group(char letter)
{
	struct ed25519_key group_seed = key_of(letter, KIND_GROUP);
	struct ed25519_key secret_seed = key_of(letter, KIND_SECRET);
	struct ed25519_key key;
	struct group_info info;

	group_of_members(&info, &key, group_seed.seed, secret_seed.seed);
	return (info);
}

/* --- changes -------------------------------------------------------------- */

static inline void
party_activate(struct party * p)
{
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(group_activate(p->group, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

static inline struct cid
party_say(struct party * p, const char * text)
{
	struct cid cid = {0};

	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(group_write_message(p->group, slice_text(text), &cid,
	    NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	return (cid);
}

/* App metadata: what any device may write. */
static inline struct cid
party_write(struct party * p, const char * text,
    const struct ed25519_key * signer)
{
	struct buffer payload = {0};
	struct cid cid = {0};

	buffer_byte(&payload, 0x0a);
	buffer_byte(&payload, 32);
	buffer_append(&payload, p->config.device.pub, 32);
	buffer_byte(&payload, 0x12);
	buffer_byte(&payload, (uint8_t)strlen(text));
	buffer_text(&payload, text);
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(group_write_event(p->group, EVENT_APP_METADATA,
	    buffer_all(&payload), signer, &cid, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	buffer_free(&payload);
	return (cid);
}

/* Do all that there is to do; how many transactions it took. */
static inline unsigned
party_react(struct party * p)
{
	unsigned n = 0;

	while (group_has_reaction(p->group)) {
		assert_true(++n < 10000);
		assert_int_equal(store_begin(p->store), 0);
		assert_int_equal(group_react(p->group, 10, NULL), 0);
		assert_int_equal(store_commit(p->store, NULL), 0);
	}
	return (n);
}

/* Append to a log what no honest member would: any value. */
static inline struct cid
party_forge(struct party * p, struct log * log, struct slice value)
{
	struct log_status status;
	struct buffer payload = {0}, block = {0};
	struct cid heads[16], cid;
	size_t n = log_heads(log, heads, 16);

	log_status(log, &status);
	operation_encode(&payload, value);
	assert_int_equal(entry_make(&block, &cid, log_identity_of(log),
	    log_address_of(log), status.time + 1, heads, n, NULL, 0,
	    buffer_all(&payload)), 0);
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(log_receive(log, &cid, buffer_all(&block)), 0);
	assert_true(log_settle(log, 100) >= 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	buffer_free(&payload);
	buffer_free(&block);
	return (cid);
}

/* --- the shuttle ----------------------------------------------------------- */

static inline void
carry_log(struct store * store, struct log * to, struct log * from)
{
	struct log_status status;
	struct log_item item;
	uint64_t i;

	log_status(from, &status);
	assert_int_equal(store_begin(store), 0);
	for (i = 1; i <= status.joined; i++) {
		assert_int_equal(log_at_join(from, i, &item), 0);
		assert_int_equal(entry_check(log_identity_of(to),
		    log_address_of(to), &item.cid, buffer_all(&item.block)), 0);
		assert_true(log_receive(to, &item.cid,
		    buffer_all(&item.block)) >= 0);
		log_item_free(&item);
	}
	do
		assert_true(log_settle(to, 1000) >= 0);
	while (log_ready(to));
	assert_int_equal(store_commit(store, NULL), 0);
}

/* All of one party's log comes to the other. */
static inline void
carry_metadata(struct party * to, struct party * from)
{
	carry_log(to->store, group_metadata_log(to->group),
	    group_metadata_log(from->group));
}

static inline void
carry_messages(struct party * to, struct party * from)
{
	carry_log(to->store, group_message_log(to->group),
	    group_message_log(from->group));
}

/* Metadata goes to and fro until nobody has to answer. */
static inline void
acquaint(struct party * a, struct party * b)
{
	int i;

	for (i = 0; i < 3; i++) {
		carry_metadata(a, b);
		carry_metadata(b, a);
		(void)party_react(a);
		(void)party_react(b);
	}
}

/* --- expectations ----------------------------------------------------------- */

/* The types of the events in order of arrival are these, 0-ended. */
static inline void
expect_events(struct party * p, const unsigned * types)
{
	struct group_event e;
	uint64_t i;

	for (i = 0; types[i] != 0; i++) {
		assert_int_equal(group_event_at(p->group, i + 1, &e), 0);
		assert_int_equal(e.event.type, types[i]);
		group_event_free(&e);
	}
	assert_int_equal(log_arrivals(group_metadata_log(p->group)), i);
}

/* Message number i in order of arrival says this. */
static inline void
expect_message(struct party * p, uint64_t i, const char * text)
{
	struct group_message m;

	assert_int_equal(group_message_at(p->group, i, &m), 0);
	assert_int_equal(m.message.plaintext.n, strlen(text));
	assert_memory_equal(m.message.plaintext.p, text, strlen(text));
	group_message_free(&m);
}

static inline uint64_t
messages_of(struct party * p)
{
	return (log_arrivals(group_message_log(p->group)));
}

static inline struct chain_key
chain_of(struct party * p, const struct ed25519_key * device)
{
	struct chain_key c = {.counter = 0};

	assert_int_equal(chain_store_load(p->store, group_scope(p->group),
	    device->pub, &c), 0);
	return (c);
}

#endif /* !BERTY_TESTS_GROUP_FIXTURE_H */
