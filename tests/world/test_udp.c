/* Datagrams in both worlds: over loopback, and in the simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/error.h"
#include "world/os/world_os.h"
#include "world/sim/sim.h"

/* The socket of a test, and what it was given. */
struct end {
	struct world * w;
	struct world_udp * udp;
	struct world_address at, from;
	struct buffer got;
	size_t count, wanted;
	bool close_after;
	struct end * other;       /* closed by what comes here */
};

static void
on_datagram(void * user, const struct world_address * from,
    struct slice bytes)
{
	struct end * e = user;

	assert_non_null(e->udp);
	e->from = *from;
	e->count++;
	buffer_clear(&e->got);
	buffer_slice(&e->got, bytes);
	if (e->other != NULL && e->other->udp != NULL) {
		world_udp_close(e->other->w, e->other->udp);
		e->other->udp = NULL;
	}
	if (e->close_after) {
		world_udp_close(e->w, e->udp);
		e->udp = NULL;
	}
	if (e->wanted > 0 && e->count == e->wanted)
		world_os_stop(e->w);
}

static int
open_at(struct end * e, struct world * w, struct world_address at,
    uint32_t link)
{
	struct world_udp_config config = {.at = at, .link = link};

	e->w = w;
	return (world_udp_open(w, &config, on_datagram, e, &e->udp, &e->at));
}

static void
close_end(struct end * e)
{
	if (e->udp != NULL)
		world_udp_close(e->w, e->udp);
	buffer_free(&e->got);
}

static int
send_text(struct end * e, const struct world_address * to, const char * text)
{
	return (world_udp_send(e->w, e->udp, to, slice_text(text)));
}

/* --- the machine -------------------------------------------------------- */

static int
os_setup(void ** state)
{
	return ((*state = world_os_new(NULL)) == NULL);
}

static int
os_teardown(void ** state)
{
	world_os_free(*state);
	return (0);
}

struct guard {
	struct world_timer timer;
	struct world * w;
	bool fired;
};

static void
give_up(struct world_timer * timer)
{
	struct guard * g = list_entry(timer, struct guard, timer);

	g->fired = true;
	world_os_stop(g->w);
}

/* Run until somebody stops the world; false: nobody did, in ms. */
static bool
run(struct world * w, uint64_t ms)
{
	struct guard g = {.timer.fire = give_up, .w = w};

	assert_int_equal(world_timer_start(w, &g.timer, ms), 0);
	world_os_run(w);
	world_timer_stop(w, &g.timer);
	return (!g.fired);
}

static const struct world_address loopback4 = {.ip = {127, 0, 0, 1}};
static const struct world_address loopback6 = {.v6 = true, .ip = {[15] = 1}};

static void
both_ways(struct world * w, struct world_address at)
{
	struct end a = {.wanted = 1}, b = {.wanted = 1};

	assert_int_equal(open_at(&a, w, at, 0), 0);
	assert_int_equal(open_at(&b, w, at, 0), 0);
	assert_int_not_equal(a.at.port, 0);
	assert_int_not_equal(a.at.port, b.at.port);
	assert_int_equal(send_text(&a, &b.at, "ping"), 0);
	assert_true(run(w, 10000));
	assert_true(slice_equal(buffer_all(&b.got), slice_text("ping")));
	assert_int_equal(b.from.port, a.at.port);
	assert_int_equal(b.from.v6, at.v6);
	assert_memory_equal(b.from.ip, at.ip, 16);
	assert_int_equal(send_text(&b, &b.from, ""), 0);
	assert_true(run(w, 10000));
	assert_int_equal(a.got.n, 0);
	close_end(&a);
	close_end(&b);
}

static void
datagrams_go_both_ways(void ** state)
{
	both_ways(*state, loopback4);
	both_ways(*state, loopback6);
}

static void
a_port_is_had_once(void ** state)
{
	struct end a = {0}, b = {0};

	assert_int_equal(open_at(&a, *state, loopback4, 0), 0);
	assert_int_equal(open_at(&b, *state, a.at, 0), -ERR_STREAM_READ);
	assert_null(b.udp);
	close_end(&a);
}

static void
a_datagram_too_long_is_refused(void ** state)
{
	struct end a = {0};
	uint8_t * bytes = calloc(1, WORLD_UDP_MAX + 1);

	assert_non_null(bytes);
	assert_int_equal(open_at(&a, *state, loopback4, 0), 0);
	assert_int_equal(world_udp_send(a.w, a.udp, &a.at,
	    slice_of(bytes, WORLD_UDP_MAX + 1)), -ERR_STREAM_WRITE);
	free(bytes);
	close_end(&a);
}

static void
a_socket_may_be_closed_by_what_it_hears(void ** state)
{
	struct end a = {0}, b = {.wanted = 1, .close_after = true};

	assert_int_equal(open_at(&a, *state, loopback4, 0), 0);
	assert_int_equal(open_at(&b, *state, loopback4, 0), 0);
	assert_int_equal(send_text(&a, &b.at, "one"), 0);
	assert_int_equal(send_text(&a, &b.at, "two"), 0);
	assert_true(run(*state, 10000));
	assert_int_equal(b.count, 1);
	close_end(&a);
	close_end(&b);
}

/* The loopback link, index 0 if this machine has none. */
static struct world_link
loopback_link(struct world * w)
{
	struct world_link list[64];
	size_t i, n = world_links(w, list, 64);

	for (i = 0; i < n; i++)
		if (list[i].loopback && !list[i].at.v6)
			return (list[i]);
	return ((struct world_link){0});
}

static void
links_name_their_network(void ** state)
{
	struct world_link link = loopback_link(*state);

	if (link.index == 0)
		skip();
	assert_int_equal(link.at.ip[0], 127);
	assert_int_equal(link.prefix, 8);
	assert_int_equal(link.at.port, 0);
}

static void
two_sockets_of_a_group_share_its_port_and_hear_each_other(void ** state)
{
	struct world_link link = loopback_link(*state);
	struct world_address group = {.ip = {224, 0, 0, 251}};
	struct end probe = {0}, a = {0}, b = {.wanted = 1};

	if (link.index == 0)
		skip();
	/* A port that nobody has. */
	assert_int_equal(open_at(&probe, *state, loopback4, 0), 0);
	group.port = probe.at.port;
	close_end(&probe);
	assert_int_equal(open_at(&a, *state, group, link.index), 0);
	assert_int_equal(open_at(&b, *state, group, link.index), 0);
	assert_int_equal(b.at.port, group.port);
	assert_int_equal(send_text(&a, &group, "who is there"), 0);
	assert_true(run(*state, 10000));
	assert_true(slice_equal(buffer_all(&b.got),
	    slice_text("who is there")));
	assert_int_equal(b.from.port, group.port);
	assert_int_equal(b.from.ip[0], 127);
	while (a.count == 0) {
		a.wanted = 1;
		assert_true(run(*state, 10000));
	}
	close_end(&a);
	close_end(&b);
}

static void
sockets_left_open_are_closed_with_the_world(void ** state)
{
	struct world * w = world_os_new(NULL);
	struct end a = {0};

	(void)state;
	assert_non_null(w);
	assert_int_equal(open_at(&a, w, loopback4, 0), 0);
	world_os_free(w);
}

/* --- the simulator ------------------------------------------------------ */

struct swarm {
	struct sim * sim;
	struct world * w[3];
	struct end e[3];
};

static const struct world_address group5353 = {.ip = {224, 0, 0, 251},
    .port = 5353};

static int
sim_setup(void ** state)
{
	struct swarm * s = calloc(1, sizeof(*s));
	size_t i;

	assert_non_null(s);
	s->sim = sim_new(sim_seed_wanted(1));
	for (i = 0; i < 3; i++)
		s->w[i] = sim_node(s->sim);
	*state = s;
	return (0);
}

static int
sim_teardown(void ** state)
{
	struct swarm * s = *state;
	size_t i;

	for (i = 0; i < 3; i++)
		close_end(&s->e[i]);
	sim_free(s->sim);
	free(s);
	return (0);
}

static void
open_all(struct swarm * s, struct world_address at, uint32_t link)
{
	size_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(open_at(&s->e[i], s->w[i], at, link), 0);
}

static struct world_address
place(struct swarm * s, size_t i)
{
	struct world_address at = sim_address(s->w[i]);

	at.port = s->e[i].at.port;
	return (at);
}

static void
a_datagram_arrives_after_the_latency(void ** state)
{
	struct swarm * s = *state;
	struct world_address to;

	open_all(s, (struct world_address){0}, 0);
	to = place(s, 1);
	assert_int_equal(send_text(&s->e[0], &to, "hello"), 0);
	sim_run_for(s->sim, 9);
	assert_int_equal(s->e[1].count, 0);
	sim_run_for(s->sim, 2);
	assert_int_equal(s->e[1].count, 1);
	assert_true(slice_equal(buffer_all(&s->e[1].got),
	    slice_text("hello")));
	assert_int_equal(s->e[1].from.ip[3], 1);
	assert_int_equal(s->e[1].from.port, s->e[0].at.port);
	assert_int_equal(s->e[2].count, 0);
}

static void
multicast_reaches_all_that_joined_and_oneself(void ** state)
{
	struct swarm * s = *state;
	struct end deaf = {0};
	size_t i;

	open_all(s, group5353, 1);
	assert_int_equal(open_at(&deaf, s->w[1],
	    (struct world_address){.port = 5353}, 0), 0);
	assert_int_equal(send_text(&s->e[0], &group5353, "all"), 0);
	sim_run_for(s->sim, 20);
	for (i = 0; i < 3; i++)
		assert_int_equal(s->e[i].count, 1);
	assert_int_equal(deaf.count, 0);
	close_end(&deaf);
}

static void
nothing_reaches_who_is_cut_off(void ** state)
{
	struct swarm * s = *state;

	open_all(s, group5353, 1);
	sim_partition(s->sim, &s->w[2], 1);
	assert_int_equal(send_text(&s->e[0], &group5353, "one"), 0);
	sim_run_for(s->sim, 20);
	sim_heal(s->sim);
	sim_run_for(s->sim, 60000);
	assert_int_equal(s->e[1].count, 1);
	assert_int_equal(s->e[2].count, 0);
	/* Also what was under way when the link was cut. */
	assert_int_equal(send_text(&s->e[0], &group5353, "two"), 0);
	sim_partition(s->sim, &s->w[2], 1);
	sim_run_for(s->sim, 20);
	sim_heal(s->sim);
	assert_int_equal(s->e[1].count, 2);
	assert_int_equal(s->e[2].count, 0);
}

static void
datagrams_are_lost_or_doubled_as_the_link_says(void ** state)
{
	struct swarm * s = *state;
	struct sim_link link = {.latency_ms = 1, .loss = 300000};
	struct world_address to;
	int i;

	open_all(s, (struct world_address){0}, 0);
	to = place(s, 1);
	sim_links(s->sim, &link);
	for (i = 0; i < 1000; i++)
		assert_int_equal(send_text(&s->e[0], &to, "x"), 0);
	sim_run_for(s->sim, 100);
	sim_assert(s->sim, s->e[1].count > 600 && s->e[1].count < 800);
	link = (struct sim_link){.duplicate = 1000000};
	sim_links(s->sim, &link);
	s->e[1].count = 0;
	assert_int_equal(send_text(&s->e[0], &to, "x"), 0);
	sim_run_for(s->sim, 100);
	assert_int_equal(s->e[1].count, 2);
}

static void
a_dead_node_hears_and_sends_nothing(void ** state)
{
	struct swarm * s = *state;

	open_all(s, group5353, 1);
	sim_kill(s->w[1]);
	assert_int_equal(send_text(&s->e[0], &group5353, "x"), 0);
	assert_int_equal(send_text(&s->e[1], &group5353, "x"),
	    -ERR_STREAM_WRITE);
	sim_run_for(s->sim, 20);
	assert_int_equal(s->e[0].count, 1);
	assert_int_equal(s->e[1].count, 0);
	assert_int_equal(s->e[2].count, 1);
}

static void
a_hearer_may_close_the_next_one(void ** state)
{
	struct swarm * s = *state;
	struct end second = {0};

	open_all(s, group5353, 1);
	assert_int_equal(open_at(&second, s->w[0], group5353, 1), 0);
	s->e[0].other = &second;
	assert_int_equal(send_text(&s->e[1], &group5353, "x"), 0);
	sim_run_for(s->sim, 20);
	assert_int_equal(s->e[0].count, 1);
	assert_int_equal(second.count, 0);
	close_end(&second);
}

static uint64_t
fingerprint_of(uint64_t seed)
{
	static const struct sim_link link = {.latency_ms = 5, .jitter_ms = 5,
	    .loss = 200000, .duplicate = 100000, .reorder = 100000};
	struct swarm s = {.sim = sim_new(seed)};
	uint64_t fingerprint;
	int i;

	for (i = 0; i < 3; i++)
		s.w[i] = sim_node(s.sim);
	sim_links(s.sim, &link);
	open_all(&s, group5353, 1);
	for (i = 0; i < 50; i++)
		assert_int_equal(send_text(&s.e[i % 3], &group5353, "again"),
		    0);
	/* Some are still under way at the end. */
	sim_run_for(s.sim, 8);
	fingerprint = sim_fingerprint(s.sim) ^ sim_events(s.sim);
	for (i = 0; i < 3; i++)
		close_end(&s.e[i]);
	sim_free(s.sim);
	return (fingerprint);
}

static void
a_seed_replays_its_losses(void ** state)
{
	(void)state;
	assert_true(fingerprint_of(3) == fingerprint_of(3));
	assert_true(fingerprint_of(3) != fingerprint_of(4));
}

#define OS(name) cmocka_unit_test_setup_teardown(name, os_setup, os_teardown)
#define SIM(name) cmocka_unit_test_setup_teardown(name, sim_setup, sim_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OS(datagrams_go_both_ways),
		OS(a_port_is_had_once),
		OS(a_datagram_too_long_is_refused),
		OS(a_socket_may_be_closed_by_what_it_hears),
		OS(links_name_their_network),
		OS(two_sockets_of_a_group_share_its_port_and_hear_each_other),
		OS(sockets_left_open_are_closed_with_the_world),
		SIM(a_datagram_arrives_after_the_latency),
		SIM(multicast_reaches_all_that_joined_and_oneself),
		SIM(nothing_reaches_who_is_cut_off),
		SIM(datagrams_are_lost_or_doubled_as_the_link_says),
		SIM(a_dead_node_hears_and_sends_nothing),
		SIM(a_hearer_may_close_the_next_one),
		SIM(a_seed_replays_its_losses),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
