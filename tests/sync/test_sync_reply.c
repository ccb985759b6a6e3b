/* When a peer is told of our heads, and how often. */
#include "sync/liar_fixture.h"

/* The node has told the liar of its one head a moment ago. */
static void
told_a_moment_ago(struct net * net, struct liar * liar, uint64_t seed)
{
	net_new(net, seed, 1, NETWORK_WESH);
	write_entry(&net->nodes[0], "first");
	liar_start(liar, net);
	sim_run_for(net->sim, 3000);
	assert_true(liar->told.n > 0);
	buffer_clear(&liar->told);
}

static void
say_nothing_is_here(struct net * net, struct liar * liar)
{
	struct claim claim = {.json = slice_text("[]")};

	assert_int_equal(tell(liar, &net->nodes[0], &claim), 0);
}

/* What it was told was lost: its own heads say so, too soon for an answer. */
static void
a_reply_that_comes_too_soon_is_given_later(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	told_a_moment_ago(&net, &liar, 71);
	say_nothing_is_here(&net, &liar);
	sim_run_for(net.sim, 4000);
	sim_assert(net.sim, liar.told.n == 0);
	/* The slow schedule begins at 30 s. */
	sim_run_for(net.sim, 8000);
	sim_assert(net.sim, liar.told.n > 0);
	liar_stop(&liar);
	net_free(&net);
}

static void
the_same_heads_are_answered_later_only_once(void ** state)
{
	struct liar liar = {0};
	struct net net;
	unsigned i;

	(void)state;
	told_a_moment_ago(&net, &liar, 72);
	say_nothing_is_here(&net, &liar);
	sim_run_for(net.sim, 12000);
	sim_assert(net.sim, liar.told.n > 0);
	buffer_clear(&liar.told);
	for (i = 0; i < 3; i++)
		say_nothing_is_here(&net, &liar);
	sim_run_for(net.sim, 11000);
	sim_assert(net.sim, liar.told.n == 0);
	liar_stop(&liar);
	net_free(&net);
}

static void
who_leaves_is_forgotten_with_the_reply_it_waits_for(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	told_a_moment_ago(&net, &liar, 73);
	say_nothing_is_here(&net, &liar);
	sim_run_for(net.sim, 1000);
	liar_stop(&liar);
	sim_run_for(net.sim, 60000);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reply_that_comes_too_soon_is_given_later),
	    cmocka_unit_test(the_same_heads_are_answered_later_only_once),
	    cmocka_unit_test(
	        who_leaves_is_forgotten_with_the_reply_it_waits_for),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
