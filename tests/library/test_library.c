/* Nodes and calls through the C API, on a loop that the test runs. */
#include "library/library_fixture.h"

static void
two_nodes_in_one_process_become_contacts_and_chat(void ** state)
{
	struct party a = {0}, b = {0};
	struct reading r = {0};
	struct berty * ctx;
	uint8_t group[32];

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	party_open(&b, ctx, &a);
	befriend(&a, &b, group);
	read_messages(&b, group, &r, false);
	say(&a, group, "hello");
	WAIT_FOR(ctx, r.n == 1);
	assert_string_equal(r.last, "hello");
	assert_int_equal(r.begun, 1);
	assert_int_equal(r.ended, 0);
	berty_free(ctx);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.code, BERTY_ERR_BRIDGE_NOT_RUNNING);
}

static void
ids_that_are_no_longer_good_give_an_error(void ** state)
{
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;
	berty_id call;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	read_messages(&a, a.account_group, &r, true);
	WAIT_FOR(ctx, r.ended == 1);
	assert_int_equal(r.code, 0);
	call = r.call;
	assert_int_equal(berty_call_cancel(ctx, call), -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_call_resume(ctx, call), -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_call_send(ctx, call, "", 0),
	    -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_call_close_send(ctx, call),
	    -BERTY_ERR_NOT_FOUND);
	/* A node is no call, nothing is 0. */
	assert_int_equal(berty_call_cancel(ctx, a.node), -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_close(ctx, call), -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_close(ctx, 0), -BERTY_ERR_NOT_FOUND);
	CALL_OK(berty_close(ctx, a.node));
	assert_int_equal(berty_close(ctx, a.node), -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_call(ctx, a.node, "SystemInfo", NULL, 0,
	    &reading_handler, &r, NULL), -BERTY_ERR_NOT_FOUND);
	berty_free(ctx);
}

static void
what_is_wrong_with_a_call_is_said_at_once(void ** state)
{
	static const struct berty_handler none = {.size = sizeof(none)};
	struct berty_handler newer = reading_handler;
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	assert_int_equal(berty_call(ctx, a.node, "NoSuchCall", NULL, 0,
	    &reading_handler, NULL, NULL), -BERTY_ERR_NOT_IMPLEMENTED);
	assert_int_equal(berty_call(ctx, a.node, "other.Service/SystemInfo",
	    NULL, 0, &reading_handler, NULL, NULL),
	    -BERTY_ERR_NOT_IMPLEMENTED);
	assert_int_equal(berty_call(ctx, a.node, "GroupInfo", "\xff", 1,
	    &reading_handler, NULL, NULL), -BERTY_ERR_DESERIALIZATION);
	assert_int_equal(berty_call(ctx, a.node, "GroupInfo", NULL, 0, &none,
	    NULL, NULL), -BERTY_ERR_INVALID_INPUT);
	newer.size = 0;
	assert_int_equal(berty_call(ctx, a.node, "GroupInfo", NULL, 0, &newer,
	    NULL, NULL), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_call(ctx, a.node, "AttachmentPrepare", "x", 1,
	    &reading_handler, NULL, NULL), -BERTY_ERR_INVALID_INPUT);
	berty_free(ctx);
}

static void
a_method_may_carry_its_service_in_front(void ** state)
{
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	tell(&a, "berty.protocol.v1.ProtocolService/InstanceGetConfiguration",
	    NULL);
	tell(&a, "/berty.protocol.v1.ProtocolService/InstanceGetConfiguration",
	    NULL);
	berty_free(ctx);
}

static void
a_call_that_fails_tells_the_chain(void ** state)
{
	struct berty_error err = {0};
	struct party a = {0};
	struct berty * ctx;
	uint8_t nobody[32] = {1};
	char text[300];
	int rc;
	KEY_REQUEST(request, nobody);

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	assert_int_equal(ask(&a, "GroupMessageList", &request, NULL, NULL,
	    &err), -BERTY_ERR_INVALID_INPUT);
	rc = ask(&a, "ActivateGroup", &request, NULL, NULL, &err);
	assert_int_equal(rc, -err.code[0]);
	assert_true(err.n > 1);
	assert_true(berty_error_format(&err, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, berty_error_name(err.code[0])));
	berty_free(ctx);
}

static void
a_cancelled_stream_ends_once(void ** state)
{
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	read_messages(&a, a.account_group, &r, false);
	WAIT_FOR(ctx, r.begun == 1);
	CALL_OK(berty_call_cancel(ctx, r.call));
	CALL_OK(berty_call_cancel(ctx, r.call));
	/* Nothing is called from inside the call. */
	assert_int_equal(r.ended, 0);
	WAIT_FOR(ctx, r.ended > 0);
	let_pass(ctx, 20);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.code, BERTY_ERR_BRIDGE_INTERRUPTED);
	berty_free(ctx);
}

static void
a_call_that_is_cancelled_before_it_began_ends_once(void ** state)
{
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	read_messages(&a, a.account_group, &r, false);
	CALL_OK(berty_call_cancel(ctx, r.call));
	WAIT_FOR(ctx, r.ended > 0);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.n, 0);
	berty_free(ctx);
}

static void
closing_a_node_ends_its_calls_and_no_others(void ** state)
{
	struct reading of_a[3] = {{0}}, of_b = {0};
	struct party a = {0}, b = {0};
	struct berty * ctx;
	size_t i;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	party_open(&b, ctx, NULL);
	read_messages(&a, a.account_group, &of_a[0], false);
	read_messages(&b, b.account_group, &of_b, false);
	WAIT_FOR(ctx, of_a[0].begun == 1 && of_b.begun == 1);
	/* One that runs, one that is queued, and a change under way. */
	read_messages(&a, a.account_group, &of_a[1], false);
	CALL_OK(berty_call(ctx, a.node, "MultiMemberGroupCreate", NULL, 0,
	    &reading_handler, &of_a[2], NULL));
	CALL_OK(berty_close(ctx, a.node));
	for (i = 0; i < 3; i++)
		assert_int_equal(of_a[i].ended, 1);
	assert_int_equal(of_a[0].code, BERTY_ERR_BRIDGE_NOT_RUNNING);
	let_pass(ctx, 50);
	for (i = 0; i < 3; i++)
		assert_int_equal(of_a[i].ended, 1);
	assert_int_equal(of_b.ended, 0);
	berty_free(ctx);
	assert_int_equal(of_b.ended, 1);
}

static void
a_change_under_way_is_answered_when_its_node_closes(void ** state)
{
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	CALL_OK(berty_call(ctx, a.node, "MultiMemberGroupCreate", NULL, 0,
	    &reading_handler, &r, NULL));
	/* The turn in which it begins, not the one in which it is on disk. */
	CALL_OK(berty_turn(ctx));
	CALL_OK(berty_close(ctx, a.node));
	assert_int_equal(r.ended, 1);
	assert_true(r.code == 0 || r.code == BERTY_ERR_BRIDGE_NOT_RUNNING);
	assert_int_equal(r.n, r.code == 0 ? 1 : 0);
	berty_free(ctx);
}

/* Closes the node that its call is on, from inside. */
static void
end_and_close(void * user, berty_id call, const struct berty_error * err)
{
	struct party * p = user;

	(void)call;
	assert_null(err);
	CALL_OK(berty_close(p->b, p->node));
	assert_int_equal(berty_close(p->b, p->node), -BERTY_ERR_NOT_FOUND);
	p->node = 0;
}

static void
a_callback_may_close_the_node_it_stands_on(void ** state)
{
	static const struct berty_handler handler = {
		.size = sizeof(handler), .end = end_and_close,
	};
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	read_messages(&a, a.account_group, &r, false);
	CALL_OK(berty_call(ctx, a.node, "InstanceGetConfiguration", NULL, 0,
	    &handler, &a, NULL));
	WAIT_FOR(ctx, a.node == 0 && r.ended == 1);
	berty_free(ctx);
}

struct restless {
	struct party p;
	unsigned calls;
};

/* Begins a call whenever one ended. */
static void
end_and_begin(void * user, berty_id call, const struct berty_error * err)
{
	static const struct berty_handler handler = {
		.size = sizeof(handler), .end = end_and_begin,
	};
	struct restless * r = user;

	(void)call;
	r->calls++;
	if (err == NULL)
		CALL_OK(berty_call(r->p.b, r->p.node,
		    "InstanceGetConfiguration", NULL, 0, &handler, r, NULL));
}

static void
a_host_that_calls_without_pause_does_not_stop_the_loop(void ** state)
{
	struct restless r = {{0}, 0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&r.p, ctx, NULL);
	end_and_begin(&r, 0, NULL);
	/* The deadline is an event like any other: it must get its turn. */
	CALL_OK(berty_run(ctx, 20));
	assert_true(r.calls > 1);
	berty_free(ctx);
}

static void
a_slow_reader_is_given_no_more_until_it_asks(void ** state)
{
	struct reading r = {.enough_at = 3};
	struct party a = {0};
	struct berty * ctx;
	uint8_t group[32];
	char text[40];
	void * reply;
	size_t n;
	int i;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	reply = must(&a, "MultiMemberGroupCreate", NULL, &n);
	copy_field(group, reply, n, 1);
	berty_bytes_free(reply, n);
	for (i = 0; i < 10; i++) {
		(void)snprintf(text, sizeof(text), "message %d", i);
		say(&a, group, text);
	}
	read_messages(&a, group, &r, true);
	WAIT_FOR(ctx, r.n == 3);
	let_pass(ctx, 50);
	assert_int_equal(r.n, 3);
	assert_int_equal(r.ended, 0);
	CALL_OK(berty_call_resume(ctx, r.call));
	WAIT_FOR(ctx, r.ended == 1);
	assert_int_equal(r.n, 10);
	assert_string_equal(r.last, "message 9");
	assert_int_equal(r.code, 0);
	berty_free(ctx);
}

static void
a_client_stream_takes_what_its_budget_allows(void ** state)
{
	static uint8_t bytes[(1 << 20) + 100];
	struct berty_writer w = {bytes, sizeof(bytes), 0};
	struct berty_handler handler = reading_handler;
	static uint8_t block[1 << 20];
	struct reading r = {0}, unary = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	handler.begin = NULL;
	CALL_OK(berty_call(ctx, a.node, "AttachmentPrepare", NULL, 0, &handler,
	    &r, &r.call));
	assert_int_equal(berty_call_send(ctx, r.call, "\xff", 1),
	    -BERTY_ERR_DESERIALIZATION);
	/* Below the budget one is taken whole; at it, none. */
	CALL_OK(berty_call_send(ctx, r.call, "", 0));
	berty_put_bytes(&w, 1, block, sizeof(block));
	assert_true(w.n <= w.size);
	CALL_OK(berty_call_send(ctx, r.call, w.p, w.n));
	assert_int_equal(berty_call_send(ctx, r.call, "", 0),
	    -BERTY_ERR_STREAM_WRITE);
	CALL_OK(berty_call_close_send(ctx, r.call));
	assert_int_equal(berty_call_close_send(ctx, r.call),
	    -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_call_send(ctx, r.call, "", 0),
	    -BERTY_ERR_INVALID_INPUT);
	CALL_OK(berty_call(ctx, a.node, "GroupMetadataList", NULL, 0,
	    &reading_handler, &unary, &unary.call));
	assert_int_equal(berty_call_send(ctx, unary.call, "", 0),
	    -BERTY_ERR_INVALID_INPUT);
	WAIT_FOR(ctx, r.ended == 1 && unary.ended == 1);
	assert_int_equal(berty_call_send(ctx, r.call, "", 0),
	    -BERTY_ERR_NOT_FOUND);
	berty_free(ctx);
	assert_int_equal(r.ended, 1);
}

static void
a_call_that_takes_too_long_is_given_up(void ** state)
{
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	/* No time at all: it is cancelled before its turn comes. */
	assert_int_equal(berty_call_wait(ctx, a.node,
	    "MultiMemberGroupCreate", NULL, 0, 0, NULL, NULL, NULL),
	    -BERTY_ERR_BRIDGE_INTERRUPTED);
	tell(&a, "InstanceGetConfiguration", NULL);
	berty_free(ctx);
}

static void
a_method_that_is_missing_is_refused_also_where_one_waits(void ** state)
{
	struct berty_error err = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	assert_int_equal(berty_call_wait(ctx, a.node, NULL, NULL, 0, -1, NULL,
	    NULL, &err), -BERTY_ERR_INVALID_INPUT);
	assert_true(err.text[0] != '\0');
	berty_free(ctx);
}

static void
contexts_in_one_process_know_nothing_of_each_other(void ** state)
{
	struct berty * ctx[3];
	struct party p[3] = {{0}};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		CALL_OK(berty_new(NULL, &ctx[i], NULL));
		party_open(&p[i], ctx[i], NULL);
	}
	assert_memory_not_equal(p[0].account, p[1].account, 32);
	berty_free(ctx[1]);
	tell(&p[0], "InstanceGetConfiguration", NULL);
	tell(&p[2], "InstanceGetConfiguration", NULL);
	berty_free(ctx[0]);
	berty_free(ctx[2]);
}

static void
structs_of_other_versions_are_judged_by_their_size(void ** state)
{
	struct {
		struct berty_config config;
		char more[16];
	} newer = {.config.size = sizeof(newer)};
	struct berty_config old = {.size = sizeof(size_t)};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(&old, &ctx, NULL));
	berty_free(ctx);
	CALL_OK(berty_new(&newer.config, &ctx, NULL));
	berty_free(ctx);
	newer.more[15] = 1;
	assert_int_equal(berty_new(&newer.config, &ctx, NULL),
	    -BERTY_ERR_INVALID_INPUT);
	old.size = 1;
	assert_int_equal(berty_new(&old, &ctx, NULL),
	    -BERTY_ERR_INVALID_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    two_nodes_in_one_process_become_contacts_and_chat),
		cmocka_unit_test(ids_that_are_no_longer_good_give_an_error),
		cmocka_unit_test(what_is_wrong_with_a_call_is_said_at_once),
		cmocka_unit_test(a_method_may_carry_its_service_in_front),
		cmocka_unit_test(a_call_that_fails_tells_the_chain),
		cmocka_unit_test(a_cancelled_stream_ends_once),
		cmocka_unit_test(
		    a_call_that_is_cancelled_before_it_began_ends_once),
		cmocka_unit_test(closing_a_node_ends_its_calls_and_no_others),
		cmocka_unit_test(
		    a_change_under_way_is_answered_when_its_node_closes),
		cmocka_unit_test(a_callback_may_close_the_node_it_stands_on),
		cmocka_unit_test(
		    a_host_that_calls_without_pause_does_not_stop_the_loop),
		cmocka_unit_test(a_slow_reader_is_given_no_more_until_it_asks),
		cmocka_unit_test(a_client_stream_takes_what_its_budget_allows),
		cmocka_unit_test(a_call_that_takes_too_long_is_given_up),
		cmocka_unit_test(
		    a_method_that_is_missing_is_refused_also_where_one_waits),
		cmocka_unit_test(
		    contexts_in_one_process_know_nothing_of_each_other),
		cmocka_unit_test(
		    structs_of_other_versions_are_judged_by_their_size),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
