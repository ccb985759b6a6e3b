/* What our own requests may use up: at each limit, one above, and counted. */
#include "support/budgets.h"
#include "support/bytes.h"
#include "support/swarm.h"

#include "contact/manager.h"

static const char * const protocols[] = {"/wesh/contact_req/1.0.0", NULL};

/* Node 0 wants so many contacts; node 1 listens to all and says nothing. */
struct asker {
	struct swarm swarm;
	struct ed25519_key account;
	struct discovery * discovery;
	struct discovery_static * statics;
	struct contact_manager * manager;
	unsigned n;
};

static bool
is_not(void * user)
{
	(void)user;
	return (false);
}

static bool
no_seed(void * user, uint8_t seed[32])
{
	(void)user;
	(void)seed;
	return (false);
}

static void
each_wanted(void * user,
    void (*each)(void * to, const struct contact_wanted * wanted), void * to)
{
	struct asker * a = user;
	struct contact_wanted wanted = {
	    .network = network_get(NETWORK_BERTY)};
	struct ed25519_key key;
	uint8_t seed[32] = {5};
	unsigned i;

	for (i = 0; i < a->n; i++) {
		seed[1] = (uint8_t)i;
		ed25519_from_seed(&key, seed);
		memcpy(wanted.pk, key.pub, 32);
		memcpy(wanted.seed, seed, 32);
		each(to, &wanted);
	}
}

static const struct contact_manager_handler handler = {
	.enabled = is_not, .seed = no_seed, .each_wanted = each_wanted,
};

static void
on_stream(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler deaf = {0};

	(void)protocol;
	stream_handle(s, &deaf, user);
}

static void
start(struct asker * a, unsigned n)
{
	static const uint8_t seed[32] = {77};
	struct network_list networks = {1, {network_get(NETWORK_BERTY)}};
	struct host * h;

	*a = (struct asker){.n = n};
	swarm_start(&a->swarm, sim_seed_wanted(3), 2);
	h = a->swarm.nodes[0].h;
	ed25519_from_seed(&a->account, seed);
	assert_int_equal(0, host_serve(a->swarm.nodes[1].h, protocols[0],
	    on_stream, a));
	a->discovery = discovery_new(h);
	a->statics = discovery_static_new(a->discovery, h, protocols);
	a->manager = contact_manager_new(h, a->discovery, &a->account,
	    networks.at, networks.n, &handler, a);
	assert_non_null(a->manager);
}

static void
stop(struct asker * a)
{
	contact_manager_free(a->manager);
	discovery_static_free(a->statics);
	discovery_free(a->discovery);
	swarm_stop(&a->swarm);
}

static struct budget
budget(struct asker * a, const char * name)
{
	struct budget b;

	budget_of(contact_manager_budgets, a->manager, name, &b);
	return (b);
}

static void
sixteen_requests_of_ours_are_tried_at_a_time(void ** state)
{
	struct asker a;

	(void)state;
	start(&a, 16);
	swarm_connect(&a.swarm, 0, 1);
	sim_run_for(a.swarm.sim, 2000);
	assert_int_equal(16, budget(&a, "contact.attempts").used);
	assert_int_equal(0, budget(&a, "contact.attempts").refused);
	a.n = 17;
	contact_manager_update(a.manager);
	sim_run_for(a.swarm.sim, 2000);
	assert_int_equal(16, budget(&a, "contact.attempts").used);
	assert_true(budget(&a, "contact.attempts").refused > 0);
	/* When they are given up, all of it is given back. */
	a.n = 0;
	contact_manager_update(a.manager);
	sim_run_for(a.swarm.sim, 100);
	assert_int_equal(0, budget(&a, "contact.attempts").used);
	stop(&a);
}

static struct peer_id
stranger(unsigned i)
{
	uint8_t key[32] = {(uint8_t)i, (uint8_t)(i >> 8), 3};
	struct peer_id id;

	peer_id_from_ed25519(&id, key);
	return (id);
}

/* A driver that is told what to look for, and keeps it. */
struct looked {
	struct buffer ns;
	struct discovery_driver driver;
};

static void
look(void * driver, struct slice ns)
{
	struct looked * l = driver;

	buffer_clear(&l->ns);
	buffer_slice(&l->ns, ns);
}

static void
found_peers_are_kept_up_to_256_for_a_contact(void ** state)
{
	struct looked l = {.driver = {.name = "test", .look = look}};
	struct peer_id id;
	struct budget b;
	struct asker a;
	unsigned i;

	(void)state;
	start(&a, 1);
	l.driver.driver = &l;
	discovery_add(a.discovery, &l.driver);
	sim_run_for(a.swarm.sim, 100);
	assert_true(l.ns.n > 0);
	for (i = 0; i < 256; i++) {
		id = stranger(i);
		discovery_found(a.discovery, buffer_all(&l.ns), &id);
	}
	sim_run_for(a.swarm.sim, 10);
	b = budget(&a, "contact.candidates_of_contact");
	assert_int_equal(256, b.used);
	assert_int_equal(0, b.refused);
	id = stranger(256);
	discovery_found(a.discovery, buffer_all(&l.ns), &id);
	sim_run_for(a.swarm.sim, 10);
	b = budget(&a, "contact.candidates_of_contact");
	assert_int_equal(256, b.used);
	assert_int_equal(1, b.refused);
	discovery_remove(a.discovery, &l.driver);
	buffer_free(&l.ns);
	stop(&a);
}

static void
finds_that_wait_to_be_told_are_limited(void ** state)
{
	struct looked l = {.driver = {.name = "test", .look = look}};
	struct peer_id id;
	struct budget b;
	struct asker a;
	unsigned i;

	(void)state;
	start(&a, 1);
	l.driver.driver = &l;
	discovery_add(a.discovery, &l.driver);
	sim_run_for(a.swarm.sim, 100);
	for (i = 0; i < 4097; i++) {
		id = stranger(i);
		discovery_found(a.discovery, buffer_all(&l.ns), &id);
	}
	budget_of(discovery_budgets, a.discovery, "discovery.finds", &b);
	assert_int_equal(4096, b.used);
	assert_int_equal(1, b.refused);
	sim_run_for(a.swarm.sim, 100);
	budget_of(discovery_budgets, a.discovery, "discovery.finds", &b);
	assert_int_equal(0, b.used);
	discovery_remove(a.discovery, &l.driver);
	buffer_free(&l.ns);
	stop(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_requests_of_ours_are_tried_at_a_time),
		cmocka_unit_test(found_peers_are_kept_up_to_256_for_a_contact),
		cmocka_unit_test(finds_that_wait_to_be_told_are_limited),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
