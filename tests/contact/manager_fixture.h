/* manager_fixture.h: hosts with contact managers, for tests. */
#ifndef BERTY_TESTS_MANAGER_FIXTURE_H
#define BERTY_TESTS_MANAGER_FIXTURE_H

#include "support/bytes.h"

#include "contact/manager.h"
#include "contact/rendezvous.h"
#include "support/swarm.h"

/* A node that has a contact manager, and what it was told. */
struct side {
	struct swarm * swarm;
	size_t at;
	struct ed25519_key account;
	struct network_list networks; /* served */
	const struct network * sent_by, * received_by;
	struct discovery * discovery;
	struct discovery_static * statics;
	struct contact_manager * manager;
	bool enabled, has_seed, wants;
	uint8_t seed[32];
	struct contact_wanted wanted;
	unsigned sent, received;
	uint64_t incoming;
	bool mute;                /* does not answer what it receives */
	uint8_t from_pk[32];
	struct buffer metadata;
};

static inline bool
on_enabled(void * user)
{
	return (((struct side *)user)->enabled);
}

static inline bool
on_seed(void * user, uint8_t seed[32])
{
	struct side * s = user;

	memcpy(seed, s->seed, 32);
	return (s->has_seed);
}

static inline void
on_each_wanted(void * user,
    void (*each)(void * to, const struct contact_wanted * wanted), void * to)
{
	struct side * s = user;

	if (s->wants)
		each(to, &s->wanted);
}

static inline void
on_sent(void * user, const uint8_t pk[32], const struct network * network)
{
	struct side * s = user;

	assert_memory_equal(pk, s->wanted.pk, 32);
	s->sent_by = network;
	s->sent++;
	s->wants = false;
}

static inline void
on_received(void * user, uint64_t incoming,
    const struct shareable_contact * contact, const struct network * network,
    const struct peer_id * from)
{
	struct side * s = user;

	(void)from;
	s->received_by = network;
	s->received++;
	memcpy(s->from_pk, contact->pk, 32);
	buffer_clear(&s->metadata);
	buffer_slice(&s->metadata, contact->metadata);
	s->incoming = incoming;
	if (!s->mute)
		contact_manager_answer(s->manager, incoming);
}

static const struct contact_manager_handler handler = {
	.enabled = on_enabled,
	.seed = on_seed,
	.each_wanted = on_each_wanted,
	.sent = on_sent,
	.received = on_received,
};

static const char * const protocols[] = {"/wesh/contact_req/1.0.0",
    "/berty/contact_req/1.0.0", NULL};

static inline void
side_begin(struct side * s)
{
	struct host * h = s->swarm->nodes[s->at].h;

	s->discovery = discovery_new(h);
	s->statics = discovery_static_new(s->discovery, h, protocols);
	s->manager = contact_manager_new(h, s->discovery, &s->account,
	    s->networks.at, s->networks.n, &handler, s);
	assert_non_null(s->manager);
}

static inline void
side_end(struct side * s)
{
	contact_manager_free(s->manager);
	discovery_static_free(s->statics);
	discovery_free(s->discovery);
}

static inline void
side_new(struct side * s, struct swarm * swarm, size_t at)
{
	uint8_t seed[32] = {(uint8_t)(at + 1), 77};

	*s = (struct side){.swarm = swarm, .at = at, .enabled = true,
	    .networks = {1, {network_get(NETWORK_BERTY)}},
	    .has_seed = true, .seed = {(uint8_t)(at + 100)}};
	ed25519_from_seed(&s->account, seed);
	side_begin(s);
}

static inline void
side_free(struct side * s)
{
	side_end(s);
	buffer_free(&s->metadata);
}

static inline void
want(struct side * s, const struct side * other)
{
	s->wants = true;
	memcpy(s->wanted.pk, other->account.pub, 32);
	memcpy(s->wanted.seed, other->seed, 32);
	s->wanted.own_metadata = slice_text("hello");
	s->wanted.network = network_get(NETWORK_BERTY);
	contact_manager_update(s->manager);
}

struct trio {
	struct swarm swarm;
	struct side a, b, c;
};

static inline void
trio_new(struct trio * t, size_t n)
{
	swarm_start(&t->swarm, sim_seed_wanted(1), n);
	side_new(&t->a, &t->swarm, 0);
	side_new(&t->b, &t->swarm, 1);
	if (n > 2)
		side_new(&t->c, &t->swarm, 2);
}

static inline void
trio_free(struct trio * t)
{
	side_free(&t->a);
	side_free(&t->b);
	if (t->swarm.n > 2)
		side_free(&t->c);
	swarm_stop(&t->swarm);
}

#endif /* !BERTY_TESTS_MANAGER_FIXTURE_H */
