/* Gossipsub between hosts of the simulator. */
#include "p2p/gossipsub_fixture.h"

static void
every_peer_of_a_ring_gets_every_message_once(void ** state)
{
	struct net * net = net_start(12, 12);
	size_t i;

	(void)state;
	subscribe_all(net);
	for (i = 0; i < 12; i++) {
		swarm_dial(&net->swarm, i, (i + 1) % 12);
		swarm_dial(&net->swarm, i, (i + 5) % 12);
	}
	run(net, 4000);
	for (i = 0; i < 36; i++)
		assert_true(publish(net, i % 12, (unsigned)i) > 0);
	run(net, 5000);
	for (i = 0; i < 36; i++)
		assert_got_once(net, i % 12, (unsigned)i);
	net_stop(net);
}

static void
the_mesh_stays_within_its_bounds_when_all_are_connected(void ** state)
{
	struct net * net = net_start(20, 20);
	size_t i, j;

	(void)state;
	subscribe_all(net);
	for (i = 0; i < 20; i++)
		for (j = i + 1; j < 20; j++)
			swarm_dial(&net->swarm, i, j);
	run(net, 10000);
	for (i = 0; i < 20; i++) {
		sim_assert(net->swarm.sim, mesh_size(net, i) >= MESH_LOW);
		sim_assert(net->swarm.sim, mesh_size(net, i) <= MESH_HIGH);
	}
	assert_true(publish(net, 3, 1) <= MESH_HIGH);
	run(net, 5000);
	assert_got_once(net, 3, 1);
	net_stop(net);
}

static void
a_message_published_before_the_mesh_formed_is_delivered(void ** state)
{
	struct net * net = net_start(2, 2);

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	run(net, 5000);
	subscribe_all(net);
	sim_run_for(net->swarm.sim, 50);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 1000);
	assert_got_once(net, 0, 1);
	net_stop(net);
}

/*
 * Other routers publish to their mesh alone: what they say before a heartbeat
 * made one of us would be lost until their next word.
 */
static void
who_is_met_is_in_the_mesh_before_the_next_heartbeat(void ** state)
{
	struct net * net = net_start(2, 2);
	unsigned i;

	(void)state;
	subscribe_all(net);
	/* Just after a heartbeat: they come at 100 ms, 1,100 ms and so on. */
	run(net, 5110);
	swarm_dial(&net->swarm, 0, 1);
	for (i = 0; net->routers[0].joined + net->routers[1].joined < 2; i++) {
		assert_true(i < 700);
		run(net, 1);
	}
	run(net, 100);
	assert_int_equal(mesh_size(net, 0), 1);
	assert_int_equal(mesh_size(net, 1), 1);
	net_stop(net);
}

static void
who_is_not_subscribed_can_publish(void ** state)
{
	struct net * net = net_start(2, 2);

	(void)state;
	assert_int_equal(gossipsub_subscribe(net->routers[1].g, TOPIC), 0);
	swarm_connect(&net->swarm, 0, 1);
	run(net, 2000);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 1000);
	assert_got_once(net, 0, 1);
	net_stop(net);
}

static void
nobody_there_is_told_as_zero(void ** state)
{
	struct net * net = net_start(1, 1);

	(void)state;
	subscribe_all(net);
	assert_int_equal(publish(net, 0, 1), 0);
	net_stop(net);
}

/* Forwarded after it subscribed, before it met anybody. */
static void
a_peer_that_enters_the_mesh_hears_what_was_forwarded_just_before(void ** state)
{
	struct net * net = net_start(3, 3);

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	assert_int_equal(gossipsub_subscribe(net->routers[0].g, TOPIC), 0);
	assert_int_equal(gossipsub_subscribe(net->routers[1].g, TOPIC), 0);
	run(net, 5000);
	assert_int_equal(gossipsub_subscribe(net->routers[2].g, TOPIC), 0);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 200);
	sim_assert(net->swarm.sim, mesh_size(net, 2) == 0);
	swarm_connect(&net->swarm, 1, 2);
	run(net, 3000);
	assert_got_once(net, 0, 1);
	net_stop(net);
}

static void
a_refused_message_goes_no_further(void ** state)
{
	struct net * net = net_start(3, 3);

	(void)state;
	subscribe_all(net);
	swarm_connect(&net->swarm, 0, 1);
	swarm_connect(&net->swarm, 1, 2);
	run(net, 3000);
	net->routers[1].refuses = true;
	(void)publish(net, 0, 1);
	run(net, 6000);
	assert_int_equal(net->routers[1].got[1], 1);
	assert_int_equal(net->routers[2].got[1], 0);
	net->routers[1].refuses = false;
	(void)publish(net, 0, 2);
	run(net, 3000);
	assert_int_equal(net->routers[2].got[2], 1);
	net_stop(net);
}

static void
messages_survive_lost_connections(void ** state)
{
	struct net * net = net_start(8, 8);
	size_t i, j;

	(void)state;
	subscribe_all(net);
	for (i = 0; i < 8; i++)
		for (j = i + 1; j < 8; j++)
			swarm_dial(&net->swarm, i, j);
	run(net, 4000);
	sim_disconnect(net->swarm.nodes[2].w);
	run(net, 2000);
	for (j = 3; j < 6; j++)
		swarm_dial(&net->swarm, 2, j);
	run(net, 4000);
	(void)publish(net, 0, 1);
	(void)publish(net, 2, 2);
	run(net, 5000);
	assert_got_once(net, 0, 1);
	assert_got_once(net, 2, 2);
	net_stop(net);
}

static void
joining_and_leaving_is_told(void ** state)
{
	struct net * net = net_start(2, 2);

	(void)state;
	assert_int_equal(gossipsub_subscribe(net->routers[1].g, TOPIC), 0);
	swarm_connect(&net->swarm, 0, 1);
	run(net, 2000);
	assert_int_equal(net->routers[0].joined, 0);
	/* It was there before we subscribed; told, but not within the call. */
	assert_int_equal(gossipsub_subscribe(net->routers[0].g, TOPIC), 0);
	assert_int_equal(net->routers[0].joined, 0);
	run(net, 1000);
	assert_int_equal(net->routers[0].joined, 1);
	assert_int_equal(net->routers[1].joined, 1);
	gossipsub_unsubscribe(net->routers[0].g, TOPIC);
	run(net, 1000);
	assert_int_equal(net->routers[1].left, 1);
	assert_int_equal(gossipsub_subscribe(net->routers[0].g, TOPIC), 0);
	run(net, 1000);
	assert_int_equal(net->routers[1].joined, 2);
	sim_disconnect(net->swarm.nodes[0].w);
	run(net, 1000);
	assert_int_equal(net->routers[1].left, 2);
	net_stop(net);
}

static void
a_message_over_one_mebibyte_is_not_published(void ** state)
{
	struct net * net = net_start(1, 1);
	size_t n = 1 << 20;
	uint8_t * data = calloc(1, n);

	(void)state;
	assert_int_equal(gossipsub_publish(net->routers[0].g, TOPIC,
	    slice_of(data, n - 1000)), 0);
	assert_int_equal(gossipsub_publish(net->routers[0].g, TOPIC,
	    slice_of(data, n)), -ERR_INVALID_INPUT);
	free(data);
	net_stop(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_peer_of_a_ring_gets_every_message_once),
	    cmocka_unit_test(
	        the_mesh_stays_within_its_bounds_when_all_are_connected),
	    cmocka_unit_test(
	        a_message_published_before_the_mesh_formed_is_delivered),
	    cmocka_unit_test(
	        who_is_met_is_in_the_mesh_before_the_next_heartbeat),
	    cmocka_unit_test(who_is_not_subscribed_can_publish),
	    cmocka_unit_test(nobody_there_is_told_as_zero),
	    cmocka_unit_test(
	        a_peer_that_enters_the_mesh_hears_what_was_forwarded_just_before),
	    cmocka_unit_test(a_refused_message_goes_no_further),
	    cmocka_unit_test(messages_survive_lost_connections),
	    cmocka_unit_test(joining_and_leaving_is_told),
	    cmocka_unit_test(a_message_over_one_mebibyte_is_not_published),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
