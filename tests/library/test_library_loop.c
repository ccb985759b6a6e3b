/* A context inside the host's own loop: poll(2), a descriptor, a timeout. */
#include <poll.h>

#include "library/library_fixture.h"

/* One round of a host's loop; how many ms it was told to wait at most. */
static int
round_of(struct berty * b)
{
	struct pollfd p = {.fd = berty_fd(b), .events = POLLIN};
	int ms = berty_timeout_ms(b);

	assert_true(p.fd >= 0);
	/* A test must not hang where the library forgot to say when. */
	(void)poll(&p, 1, ms < 0 || ms > LONGEST_MS ? LONGEST_MS : ms);
	CALL_OK(berty_turn(b));
	return (ms);
}

#define ROUND_UNTIL(b, condition) do { \
	uint64_t round_until = now_ms() + LONGEST_MS; \
	while (!(condition)) { \
		if (now_ms() > round_until) \
			fail_msg("never: %s", #condition); \
		(void)round_of(b); \
	} \
} while (0)

static void
two_nodes_chat_inside_one_poll_loop(void ** state)
{
	struct party a = {0}, b = {0};
	struct reading r = {0};
	struct reading sent = {0};
	struct berty * ctx;
	uint8_t group[32], bytes[100];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	party_open(&b, ctx, &a);
	befriend(&a, &b, group);
	read_messages(&b, group, &r, false);
	ROUND_UNTIL(ctx, r.begun == 1);
	berty_put_bytes(&w, 1, group, 32);
	berty_put_text(&w, 2, "by poll");
	CALL_OK(berty_call(ctx, a.node, "AppMessageSend", w.p, w.n,
	    &reading_handler, &sent, NULL));
	/* A call is something to do. */
	assert_int_equal(berty_timeout_ms(ctx), 0);
	ROUND_UNTIL(ctx, sent.ended == 1 && r.n == 1);
	assert_string_equal(r.last, "by poll");
	berty_free(ctx);
}

static void
an_idle_context_does_not_spin(void ** state)
{
	struct party a = {0};
	struct berty * ctx;
	unsigned rounds = 0, zeros = 0;
	uint64_t until;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	/* Without a node there is nothing to wait for at all. */
	(void)round_of(ctx);
	assert_int_equal(berty_timeout_ms(ctx), -1);
	party_open(&a, ctx, NULL);
	until = now_ms() + 300;
	while (now_ms() < until) {
		struct pollfd p = {.fd = berty_fd(ctx), .events = POLLIN};
		int ms = berty_timeout_ms(ctx);

		zeros += ms == 0;
		(void)poll(&p, 1, ms < 0 || ms > 300 ? 300 : ms);
		CALL_OK(berty_turn(ctx));
		rounds++;
	}
	/* A loop that spins makes tens of thousands. */
	assert_true(rounds < 1000);
	assert_true(zeros < 500);
	berty_free(ctx);
}

static void
a_call_from_another_place_makes_the_descriptor_readable(void ** state)
{
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;
	struct pollfd p = {.events = POLLIN};

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	p.fd = berty_fd(ctx);
	while (berty_timeout_ms(ctx) == 0 || poll(&p, 1, 0) > 0)
		CALL_OK(berty_turn(ctx));
	CALL_OK(berty_call(ctx, a.node, "InstanceGetConfiguration", NULL, 0,
	    &reading_handler, &r, NULL));
	assert_int_equal(poll(&p, 1, LONGEST_MS), 1);
	ROUND_UNTIL(ctx, r.ended == 1);
	assert_int_equal(r.n, 1);
	berty_free(ctx);
}

static void
a_run_ends_by_its_time_or_when_it_is_stopped(void ** state)
{
	struct berty * ctx;
	uint64_t began;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	began = now_ms();
	CALL_OK(berty_run(ctx, 30));
	assert_true(now_ms() - began >= 29);
	/* Asked before it began: at once, and only once. */
	berty_stop(ctx);
	CALL_OK(berty_run(ctx, -1));
	began = now_ms();
	CALL_OK(berty_run(ctx, 30));
	assert_true(now_ms() - began >= 29);
	berty_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_nodes_chat_inside_one_poll_loop),
		cmocka_unit_test(an_idle_context_does_not_spin),
		cmocka_unit_test(
		    a_call_from_another_place_makes_the_descriptor_readable),
		cmocka_unit_test(a_run_ends_by_its_time_or_when_it_is_stopped),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
