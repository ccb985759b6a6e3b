/* A world that the host supplies: here, the simulator's. */
#include "berty/sim.h"
#include "library/library_fixture.h"

#define HOLDS(sim, condition) \
	assert_true(berty_sim_holds((sim), (condition), #condition))

/* A context on a simulated node. */
struct guest {
	struct berty_sim * sim;
	struct berty_sim_node * place;
	struct party p;
};

/* A call's outcome. */
struct answer {
	bool ended;
	int code;
	size_t n;
	uint8_t bytes[2000];
	size_t replies;
};

static int
answer_reply(void * user, berty_id call, const void * bytes, size_t n)
{
	struct answer * a = user;

	(void)call;
	assert_true(n <= sizeof(a->bytes));
	memcpy(a->bytes, bytes, n);
	a->n = n;
	a->replies++;
	return (BERTY_MORE);
}

static void
answer_end(void * user, berty_id call, const struct berty_error * err)
{
	struct answer * a = user;

	(void)call;
	assert_false(a->ended);
	a->ended = true;
	a->code = err == NULL ? 0 : err->code[0];
}

static const struct berty_handler answer_handler = {
	.size = sizeof(struct berty_handler),
	.reply = answer_reply,
	.end = answer_end,
};

static bool
has_ended(void * user)
{
	return (((struct answer *)user)->ended);
}

static void
sim_ask(struct guest * g, const char * method, const struct berty_writer * w,
    struct answer * a)
{
	*a = (struct answer){0};
	CALL_OK(berty_call(g->p.b, g->p.node, method, w == NULL ? NULL : w->p,
	    w == NULL ? 0 : w->n, &answer_handler, a, NULL));
	/* Nothing comes from inside the call. */
	assert_false(a->ended);
	HOLDS(g->sim, berty_sim_run_until(g->sim, has_ended, a, 60000));
}

static void
sim_must(struct guest * g, const char * method, const struct berty_writer * w,
    struct answer * a)
{
	sim_ask(g, method, w, a);
	if (a->code != 0)
		fail_msg("%s: %s", method, berty_error_name(a->code));
}

static void
sim_insist(struct guest * g, const char * method,
    const struct berty_writer * w)
{
	struct answer a;
	int i;

	for (i = 0; i < 600; i++) {
		sim_ask(g, method, w, &a);
		if (a.code == 0)
			return;
		berty_sim_run_for(g->sim, 100);
	}
	fail_msg("%s does not succeed", method);
}

static int
guest_try_open(struct guest * g, const struct guest * peer)
{
	static const uint8_t key[32] = {7};
	const char * listeners[] = {"/ip4/0.0.0.0/tcp/4001", NULL};
	const char * peers[] = {peer == NULL ? NULL : peer->p.listener, NULL};
	struct berty_config config = {
		.size = sizeof(config), .world = berty_sim_world(g->place),
	};
	struct berty_node_config node = {
		.size = sizeof(node),
		.storage = berty_sim_storage(g->place),
		.key = key,
		.listeners = listeners,
		.static_peers = peers,
	};

	CALL_OK(berty_new(&config, &g->p.b, NULL));
	return (berty_open(g->p.b, &node, &g->p.node, NULL));
}

static void
guest_open(struct guest * g, const struct guest * peer)
{
	struct berty_field f;
	struct answer a;

	CALL_OK(guest_try_open(g, peer));
	sim_must(g, "InstanceGetConfiguration", NULL, &a);
	copy_field(g->p.account, a.bytes, a.n, 1);
	f = berty_get(a.bytes, a.n, 5);
	assert_in_range(f.n, 1, sizeof(g->p.listener) - 1);
	memcpy(g->p.listener, f.p, f.n);
	g->p.listener[f.n] = '\0';
	sim_must(g, "ContactRequestEnable", NULL, &a);
	copy_field(g->p.seed, a.bytes, a.n, 1);
}

static void
guests_start(struct guest g[2], struct berty_sim ** sim, uint64_t seed)
{
	int i;

	*sim = berty_sim_new(berty_sim_seed_wanted(seed));
	assert_non_null(*sim);
	for (i = 0; i < 2; i++) {
		g[i].sim = *sim;
		g[i].place = berty_sim_node_new(*sim);
		assert_non_null(g[i].place);
		guest_open(&g[i], i == 0 ? NULL : &g[0]);
	}
}

static void
guests_befriend(struct guest g[2], uint8_t group[32])
{
	uint8_t contact_bytes[100], request_bytes[120];
	struct berty_writer contact = {contact_bytes, sizeof(contact_bytes), 0};
	struct berty_writer request = {request_bytes, sizeof(request_bytes), 0};
	struct answer a;
	struct berty_field f;
	KEY_REQUEST(accept, g[1].p.account);
	KEY_REQUEST(info, g[1].p.account);

	berty_put_bytes(&contact, 1, g[0].p.account, 32);
	berty_put_bytes(&contact, 2, g[0].p.seed, 32);
	berty_put_bytes(&request, 1, contact.p, contact.n);
	sim_must(&g[1], "ContactRequestSend", &request, &a);
	sim_insist(&g[0], "ContactRequestAccept", &accept);
	info.n = 0;
	berty_put_bytes(&info, 2, g[1].p.account, 32);
	sim_must(&g[0], "GroupInfo", &info, &a);
	f = berty_get(a.bytes, a.n, 1);
	copy_field(group, f.p, f.n, 1);
	{
		KEY_REQUEST(activate, group);

		sim_insist(&g[0], "ActivateGroup", &activate);
		sim_insist(&g[1], "ActivateGroup", &activate);
	}
}

static void
sim_say(struct guest * g, const uint8_t group[32], const char * text,
    struct answer * a)
{
	uint8_t bytes[400];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	berty_put_bytes(&w, 1, group, 32);
	berty_put_text(&w, 2, text);
	sim_ask(g, "AppMessageSend", &w, a);
}

struct expected {
	struct reading * r;
	size_t n;
};

static bool
has_read(void * user)
{
	struct expected * e = user;

	return (e->r->n >= e->n);
}

static uint64_t
chat_once(uint64_t seed)
{
	struct reading r = {0};
	struct expected e = {&r, 1};
	struct guest g[2] = {{0}};
	struct berty_sim * sim;
	struct answer a;
	uint8_t group[32];
	uint64_t print;

	guests_start(g, &sim, seed);
	guests_befriend(g, group);
	read_messages(&g[1].p, group, &r, false);
	sim_say(&g[0], group, "through two borders", &a);
	assert_int_equal(a.code, 0);
	HOLDS(sim, berty_sim_run_until(sim, has_read, &e, 60000));
	assert_string_equal(r.last, "through two borders");
	print = berty_sim_fingerprint(sim);
	berty_free(g[0].p.b);
	berty_free(g[1].p.b);
	assert_int_equal(r.ended, 1);
	berty_sim_free(sim);
	return (print);
}

static void
two_nodes_chat_in_a_world_of_the_hosts(void ** state)
{
	(void)state;
	(void)chat_once(1);
}

static void
the_same_seed_gives_the_same_run_across_the_border(void ** state)
{
	uint64_t first = chat_once(2);

	(void)state;
	assert_int_equal(chat_once(2), first);
	if (getenv("BERTY_SEED") == NULL)
		assert_int_not_equal(chat_once(3), first);
}

static void
a_supplied_world_leaves_the_loop_to_its_host(void ** state)
{
	struct guest g[2] = {{0}};
	struct berty_sim * sim;

	(void)state;
	guests_start(g, &sim, 4);
	assert_int_equal(berty_start(g[0].p.b), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_run(g[0].p.b, 0), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_turn(g[0].p.b), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_fd(g[0].p.b), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_call_wait(g[0].p.b, g[0].p.node,
	    "InstanceGetConfiguration", NULL, 0, 0, NULL, NULL, NULL),
	    -BERTY_ERR_INVALID_INPUT);
	berty_free(g[0].p.b);
	berty_free(g[1].p.b);
	berty_sim_free(sim);
}

static void
a_world_that_lacks_what_all_need_is_refused(void ** state)
{
	struct berty_sim * sim = berty_sim_new(5);
	struct berty_world world =
	    *berty_sim_world(berty_sim_node_new(sim));
	struct berty_config config = {.size = sizeof(config), .world = &world};
	struct berty * b;

	(void)state;
	world.alarm = NULL;
	assert_true(berty_new(&config, &b, NULL) < 0);
	world = *berty_sim_world(berty_sim_node_new(sim));
	world.tcp_close = NULL;
	assert_true(berty_new(&config, &b, NULL) < 0);
	world.dial = NULL;
	world.listen = NULL;
	/* Without TCP at all: a node that nobody reaches. */
	CALL_OK(berty_new(&config, &b, NULL));
	berty_free(b);
	berty_sim_free(sim);
}

static void
a_world_without_threads_does_the_work_on_the_loop(void ** state)
{
	struct berty_sim * sim = berty_sim_new(6);
	struct guest g = {.sim = sim, .place = berty_sim_node_new(sim)};
	struct berty_world world = *berty_sim_world(g.place);
	struct berty_config config = {.size = sizeof(config), .world = &world};
	struct berty_node_config node = {.size = sizeof(node)};
	struct answer a;

	(void)state;
	world.work = NULL;
	CALL_OK(berty_new(&config, &g.p.b, NULL));
	CALL_OK(berty_open(g.p.b, &node, &g.p.node, NULL));
	sim_must(&g, "MultiMemberGroupCreate", NULL, &a);
	assert_int_equal(a.replies, 1);
	berty_free(g.p.b);
	berty_sim_free(sim);
}

/* Closes the node that its event came from. */
static int
reply_and_close(void * user, berty_id call, const void * bytes, size_t n)
{
	struct guest * g = user;

	(void)call;
	(void)bytes;
	(void)n;
	if (g->p.node != 0)
		CALL_OK(berty_close(g->p.b, g->p.node));
	g->p.node = 0;
	return (BERTY_MORE);
}

static void
nothing(void * user, berty_id call, const struct berty_error * err)
{
	(void)user;
	(void)call;
	(void)err;
}

static bool
is_closed(void * user)
{
	return (((struct guest *)user)->p.node == 0);
}

static void
a_callback_of_the_hosts_network_may_close_the_node(void ** state)
{
	static const struct berty_handler handler = {
		.size = sizeof(handler), .reply = reply_and_close,
		.end = nothing,
	};
	struct guest g[2] = {{0}};
	struct berty_sim * sim;
	struct answer a;
	uint8_t group[32];

	(void)state;
	guests_start(g, &sim, 9);
	guests_befriend(g, group);
	{
		KEY_REQUEST(list, group);

		CALL_OK(berty_call(g[1].p.b, g[1].p.node, "GroupMessageList",
		    list.p, list.n, &handler, &g[1], NULL));
	}
	sim_say(&g[0], group, "the last you hear", &a);
	HOLDS(sim, berty_sim_run_until(sim, is_closed, &g[1], 60000));
	berty_sim_run_for(sim, 100);
	berty_free(g[0].p.b);
	berty_free(g[1].p.b);
	berty_sim_free(sim);
}

static void
a_sync_that_fails_turns_the_node_read_only_and_keeps_what_it_had(
    void ** state)
{
	struct guest g[2] = {{0}};
	struct berty_sim * sim;
	struct answer a;
	struct reading r = {0};
	struct expected e = {&r, 1};
	uint8_t group[32], account[32];

	(void)state;
	guests_start(g, &sim, 7);
	guests_befriend(g, group);
	sim_say(&g[0], group, "kept", &a);
	assert_int_equal(a.code, 0);
	berty_sim_run_for(sim, 5000);
	berty_sim_fail_sync(g[0].place, 1);
	sim_say(&g[0], group, "lost", &a);
	assert_int_equal(a.code, BERTY_ERR_DB_WRITE);
	sim_say(&g[0], group, "refused", &a);
	assert_int_equal(a.code, BERTY_ERR_DB_WRITE);
	/* Power fails; what was acknowledged is there in the next life. */
	memcpy(account, g[0].p.account, 32);
	berty_sim_crash(g[0].place, BERTY_SIM_CRASH_NOTHING);
	berty_free(g[0].p.b);
	berty_sim_start(g[0].place);
	guest_open(&g[0], NULL);
	assert_memory_equal(account, g[0].p.account, 32);
	{
		KEY_REQUEST(activate, group);

		sim_insist(&g[0], "ActivateGroup", &activate);
	}
	read_messages(&g[0].p, group, &r, true);
	HOLDS(sim, berty_sim_run_until(sim, has_read, &e, 60000));
	assert_string_equal(r.last, "kept");
	berty_free(g[0].p.b);
	berty_free(g[1].p.b);
	berty_sim_free(sim);
}

static void
a_node_that_dies_in_the_middle_of_calls_is_freed_without_leaks(void ** state)
{
	struct answer a[8] = {{0}};
	struct guest g[2] = {{0}};
	struct berty_sim * sim;
	uint8_t group[32];
	size_t i;

	(void)state;
	guests_start(g, &sim, 8);
	guests_befriend(g, group);
	for (i = 0; i < 8; i++)
		CALL_OK(berty_call(g[0].p.b, g[0].p.node,
		    "MultiMemberGroupCreate", NULL, 0, &answer_handler, &a[i],
		    NULL));
	berty_sim_run_for(sim, 1);
	berty_sim_kill(g[0].place);
	berty_sim_run_for(sim, 1000);
	for (i = 0; i < 8; i++)
		assert_false(a[i].ended && a[i].code == 0 &&
		    a[i].replies == 0);
	berty_free(g[0].p.b);
	/* Exactly once, then: the end asserts that it was not before. */
	for (i = 0; i < 8; i++)
		assert_true(a[i].ended);
	berty_sim_start(g[0].place);
	CALL_OK(guest_try_open(&g[0], NULL));
	berty_free(g[0].p.b);
	berty_free(g[1].p.b);
	berty_sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_nodes_chat_in_a_world_of_the_hosts),
		cmocka_unit_test(
		    the_same_seed_gives_the_same_run_across_the_border),
		cmocka_unit_test(a_supplied_world_leaves_the_loop_to_its_host),
		cmocka_unit_test(a_world_that_lacks_what_all_need_is_refused),
		cmocka_unit_test(
		    a_world_without_threads_does_the_work_on_the_loop),
		cmocka_unit_test(
		    a_callback_of_the_hosts_network_may_close_the_node),
		cmocka_unit_test(
		    a_sync_that_fails_turns_the_node_read_only_and_keeps_what_it_had),
		cmocka_unit_test(
		    a_node_that_dies_in_the_middle_of_calls_is_freed_without_leaks),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
