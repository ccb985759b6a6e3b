/* Nodes that share a link, and know nothing of each other's addresses. */
#include <stdlib.h>

#include "node/node_impl.h"
#include "support/fleet.h"

/* What the drivers of a node's discovery found. */
struct sights {
	struct discovery_watcher watcher;
	size_t contacts, topics;  /* by local records */
};

static void
on_seen(void * user, const char * driver, struct slice ns,
    const struct peer_id * peer)
{
	struct sights * s = user;

	if (peer == NULL || strcmp(driver, "localdisc") != 0)
		return;
	if (ns.n > 9 && memcmp(ns.p, "floodsub:", 9) == 0)
		s->topics++;
	else
		s->contacts++;
}

static void
watch(struct fleet * f, size_t i, struct sights * s)
{
	*s = (struct sights){.watcher = {.seen = on_seen, .user = s}};
	discovery_watch(f->nodes[i].node->discovery, &s->watcher);
}

static void
become_contacts(enum network_id id, struct sights * a, struct sights * b)
{
	struct fleet_config config = {.n = 2, .near = true,
	    .network = network_get(id)};
	struct fleet f;
	uint8_t group_pk[32];

	fleet_start(&f, 1, &config);
	watch(&f, 0, a);
	watch(&f, 1, b);
	fleet_befriend(&f, 0, 1);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	fleet_send(&f, 0, group_pk, "good morning");
	fleet_send(&f, 1, group_pk, "and to you");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 2, 60000));
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 2, 60000));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, 60000));
	fleet_stop(&f);
}

static void
a_link_without_addresses_is_enough(void ** state)
{
	struct sights a, b;

	(void)state;
	become_contacts(NETWORK_BERTY, &a, &b);
}

static void
neighbours_say_who_they_are_to_contacts_and_on_topics(void ** state)
{
	struct sights a, b;

	(void)state;
	become_contacts(NETWORK_WESH, &a, &b);
	/* Node 0 looked for node 1; both are on the topics of their group. */
	assert_true(a.contacts > 0);
	assert_int_equal(b.contacts, 0);
	assert_true(a.topics > 0);
	assert_true(b.topics > 0);
}

static void
names_that_are_no_text_are_told_in_the_older_network(void ** state)
{
	struct sights a, b;

	(void)state;
	become_contacts(NETWORK_BERTY_V1, &a, &b);
	assert_true(a.contacts > 0);
	/* Its groups are not announced. */
	assert_int_equal(a.topics + b.topics, 0);
}

static void
nodes_that_do_not_look_do_not_meet(void ** state)
{
	static const struct fleet_config config = {.n = 2, .near = true};
	struct fleet f;

	(void)state;
	fleet_start(&f, 1, &config);
	node_local_close(f.nodes[0].node);
	node_local_close(f.nodes[1].node);
	sim_run_for(f.sim, 120000);
	sim_assert(f.sim, !host_connected(node_host(f.nodes[0].node),
	    host_id(node_host(f.nodes[1].node))));
	fleet_stop(&f);
}

static bool
met(void * user)
{
	struct fleet * f = user;

	return (host_connected(node_host(f->nodes[0].node),
	    host_id(node_host(f->nodes[1].node))));
}

static void
nodes_meet_when_the_link_is_whole_again(void ** state)
{
	static const struct fleet_config config = {.n = 2, .near = true};
	struct fleet f;

	(void)state;
	fleet_start(&f, 1, &config);
	sim_partition(f.sim, &f.nodes[1].w, 1);
	sim_run_for(f.sim, 600000);
	sim_assert(f.sim, !met(&f));
	sim_heal(f.sim);
	sim_assert(f.sim, sim_run_until(f.sim, met, &f, 120000));
	fleet_stop(&f);
}

static void
a_node_that_comes_back_is_found_again(void ** state)
{
	static const struct fleet_config config = {.n = 2, .near = true};
	struct peer_id peer;
	struct fleet f;
	size_t at = 0;

	(void)state;
	fleet_start(&f, 1, &config);
	sim_assert(f.sim, sim_run_until(f.sim, met, &f, 10000));
	fleet_crash(&f, 1, SIM_CRASH_NOTHING);
	sim_run_for(f.sim, 600000);
	sim_assert(f.sim, !host_each_peer(node_host(f.nodes[0].node), &at,
	    &peer));
	fleet_open(&f, 1);
	sim_assert(f.sim, sim_run_until(f.sim, met, &f, 60000));
	fleet_stop(&f);
}

/* --- a driver that is written here ---------------------------------------- */

struct finder {
	struct discovery_driver driver;
	size_t topics, announced;
	struct buffer ns;         /* a topic that was looked for */
};

static bool
is_topic(struct slice ns)
{
	return (ns.n > 9 && memcmp(ns.p, "floodsub:", 9) == 0);
}

static void
on_announce(void * driver, struct slice ns, uint64_t ttl_ms)
{
	struct finder * k = driver;

	(void)ttl_ms;
	k->announced += is_topic(ns);
}

static void
on_withdraw(void * driver, struct slice ns)
{
	struct finder * k = driver;

	k->announced -= is_topic(ns);
}

static void
on_look(void * driver, struct slice ns)
{
	struct finder * k = driver;

	if (!is_topic(ns))
		return;
	k->topics++;
	buffer_clear(&k->ns);
	buffer_slice(&k->ns, ns);
}

static void
on_stop(void * driver, struct slice ns)
{
	struct finder * k = driver;

	k->topics -= is_topic(ns);
}

static void
who_is_found_for_a_topic_is_connected(void ** state)
{
	struct fleet_config config = {.n = 2, .near = true,
	    .network = network_get(NETWORK_BERTY)};
	struct finder k = {.driver = {.name = "test",
	    .announce = on_announce, .withdraw = on_withdraw,
	    .look = on_look, .stop = on_stop}};
	struct buffer address = {0};
	uint8_t group_pk[32];
	struct fleet f;
	struct node * n;

	(void)state;
	fleet_start(&f, 1, &config);
	n = f.nodes[0].node;
	node_local_close(n);
	node_local_close(f.nodes[1].node);
	k.driver.driver = &k;
	discovery_add(n->discovery, &k.driver);
	/* The account's group. */
	assert_int_equal(k.topics, 2);
	fleet_create_group(&f, 0, group_pk);
	sim_run_for(f.sim, 1000);
	assert_int_equal(k.topics, 4);
	assert_int_equal(k.announced, 4);
	sim_assert(f.sim, !met(&f));
	assert_int_equal(multiaddr_decode(&address,
	    slice_text("/ip4/10.0.0.2/tcp/4001")), 0);
	host_learn(n->host, host_id(node_host(f.nodes[1].node)),
	    buffer_all(&address), UINT64_MAX);
	discovery_found_by(n->discovery, "test", buffer_all(&k.ns),
	    host_id(node_host(f.nodes[1].node)));
	sim_assert(f.sim, sim_run_until(f.sim, met, &f, 5000));
	discovery_remove(n->discovery, &k.driver);
	buffer_free(&address);
	buffer_free(&k.ns);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_without_addresses_is_enough),
		cmocka_unit_test(
		    neighbours_say_who_they_are_to_contacts_and_on_topics),
		cmocka_unit_test(
		    names_that_are_no_text_are_told_in_the_older_network),
		cmocka_unit_test(nodes_that_do_not_look_do_not_meet),
		cmocka_unit_test(nodes_meet_when_the_link_is_whole_again),
		cmocka_unit_test(a_node_that_comes_back_is_found_again),
		cmocka_unit_test(who_is_found_for_a_topic_is_connected),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
