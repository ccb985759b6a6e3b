/* The API of 2019 in a program: its calls by the name of their service. */
#include "library_fixture.h"

#define OLD "berty.protocol.ProtocolService/"

/* What a stream of the old service gave. */
struct given {
	size_t n, ended;
	int code;
	uint8_t subject[32];      /* of the first account event */
	char payload[16];         /* of the last message */
};

static int
take(void * user, berty_id call, const void * bytes, size_t n)
{
	/* Reply { event = 1 { subject or group_store_event = 1, data or
	 * payload = 2 } } */
	struct berty_field event = berty_get(bytes, n, 1);
	struct berty_field first = berty_get(event.p, event.n, 1);
	struct berty_field second = berty_get(event.p, event.n, 2);
	struct given * g = user;

	(void)call;
	if (g->n++ == 0 && first.n == sizeof(g->subject))
		memcpy(g->subject, first.p, first.n);
	if (second.n < sizeof(g->payload)) {
		memcpy(g->payload, second.p, second.n);
		g->payload[second.n] = '\0';
	}
	return (BERTY_MORE);
}

static void
ended(void * user, berty_id call, const struct berty_error * err)
{
	struct given * g = user;

	(void)call;
	g->ended++;
	g->code = err == NULL ? 0 : err->code[0];
}

static const struct berty_handler handler = {
	.size = sizeof(struct berty_handler),
	.reply = take,
	.end = ended,
};

static void
read_back(struct party * p, const char * method, const uint8_t * group,
    unsigned go_backwards, struct given * g)
{
	uint8_t bytes[64];
	struct berty_writer w = {bytes, sizeof(bytes), 0};
	uint64_t until = now_ms() + LONGEST_MS;

	if (group != NULL)
		berty_put_bytes(&w, 1, group, 32);
	berty_put_number(&w, go_backwards, 1);
	CALL_OK(berty_call(p->b, p->node, method, w.p, w.n, &handler, g,
	    NULL));
	while (g->ended == 0) {
		assert_true(now_ms() < until);
		let_pass(p->b, 20);
	}
	assert_int_equal(g->code, 0);
}

static void
a_group_of_2019_is_a_group(void ** state)
{
	struct given account = {0}, messages = {0};
	struct party a = {0};
	struct berty * ctx;
	uint8_t bytes[128];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	tell(&a, OLD "GroupCreate", NULL);
	/* The newest event of the account is that of the group. */
	read_back(&a, OLD "AccountSubscribe", NULL, 3, &account);
	assert_true(account.n > 0);
	berty_put_bytes(&w, 1, account.subject, 32);
	berty_put_text(&w, 2, "then");
	tell(&a, OLD "GroupMessageSend", &w);
	read_back(&a, "/" OLD "GroupMessageSubscribe", account.subject, 4,
	    &messages);
	assert_int_equal(messages.n, 1);
	assert_string_equal(messages.payload, "then");
	berty_free(ctx);
}

static void
a_name_that_only_2019_has_needs_no_service(void ** state)
{
	struct berty_error err = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	tell(&a, "GroupCreate", NULL);
	assert_int_equal(ask(&a, OLD "DevicePair", NULL, NULL, NULL, &err),
	    -BERTY_ERR_NOT_IMPLEMENTED);
	berty_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_of_2019_is_a_group),
		cmocka_unit_test(a_name_that_only_2019_has_needs_no_service),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
