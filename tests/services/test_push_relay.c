/* test_push_relay.c: a relay with providers that a test plays, and the real
 * providers with servers that a test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "group/push.h"
#include "services/push_apns.h"
#include "services/push_fcm.h"
#include "services/push_jwt.h"
#include "services/push_relay.h"
#include "services/push_unified.h"
#include "support/fake_web.h"
#include "support/push_keys.h"
#include "world/sim/sim.h"

/* --- a provider that keeps errands ---------------------------------------- */

struct fake {
	struct push_provider provider;
	struct list errands;
	size_t n;
	struct buffer tokens;     /* each after the other */
	struct slice last;
	struct buffer payload;
};

static int
fake_send(struct push_provider * p, struct push_errand * e)
{
	struct fake * f = list_entry(p, struct fake, provider);

	if (e->token.n == 3 && memcmp(e->token.p, "bad", 3) == 0)
		return (error_set(&e->err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "a bad token"));
	list_append(&f->errands, &e->place);
	f->n++;
	buffer_slice(&f->tokens, e->token);
	buffer_byte(&f->tokens, ' ');
	buffer_clear(&f->payload);
	buffer_slice(&f->payload, e->payload);
	return (0);
}

static void
fake_free(struct push_provider * p)
{
	struct fake * f = list_entry(p, struct fake, provider);

	buffer_free(&f->tokens);
	buffer_free(&f->payload);
	free(p->bundle);
	free(f);
}

static const struct push_provider_ops fake_ops = {fake_send, fake_free};

/* The first errand ends. */
static void
fake_end(struct fake * f, int code)
{
	struct push_errand * e = list_entry(f->errands.next,
	    struct push_errand, place);

	assert_false(list_empty(&f->errands));
	list_remove(&e->place);
	f->n--;
	if (code != 0)
		(void)error_set(&e->err, code, "no way");
	e->done(e, -code);
}

/* --- what every test has -------------------------------------------------- */

struct room {
	struct sim * sim;
	struct world * world;
	struct fake_web * web;
	struct push_relay * relay;
	struct fake * fake;
	uint8_t device[32], device_pk[32];
	struct buffer envelope;
	int ended, status;
	struct error err;
};

static const uint8_t relay_key[32] = {7};

static struct fake *
add_fake(struct push_relay * r, enum push_type type, const char * bundle)
{
	struct fake * f = calloc(1, sizeof(*f));
	struct error err = {0};

	assert_non_null(f);
	f->provider.ops = &fake_ops;
	f->provider.type = type;
	f->provider.bundle = strdup(bundle);
	list_init(&f->errands);
	assert_int_equal(push_relay_add(r, &f->provider, &err), 0);
	return (f);
}

static int
setup(void ** state)
{
	struct room * r = calloc(1, sizeof(*r));
	uint8_t envelope[64] = {10, 24, [26] = 18, 3, 'b', 'o', 'x', 34, 2,
	    'i', 'd'};

	assert_non_null(r);
	r->sim = sim_new(1);
	r->world = sim_node(r->sim);
	r->web = fake_web_new(r->world);
	r->relay = push_relay_new(r->world, NULL, relay_key);
	r->fake = add_fake(r->relay, PUSH_FCM, "app");
	r->device[0] = 9;
	x25519_base(r->device_pk, r->device);
	buffer_append(&r->envelope, envelope, 35);
	*state = r;
	return (0);
}

static int
teardown(void ** state)
{
	struct room * r = *state;

	push_relay_free(r->relay);
	fake_web_free(r->web);
	buffer_free(&r->envelope);
	sim_free(r->sim);
	free(r);
	return (0);
}

static void
on_done(void * user, int status, const struct error * err)
{
	struct room * r = user;

	r->ended++;
	r->status = status;
	r->err = *err;
}

/* An opaque token, appended. */
static struct slice
token_of(struct room * r, struct buffer * out, int type, const char * bundle,
    struct slice token)
{
	Berty__Protocol__V1__PushServiceReceiver to =
	    BERTY__PROTOCOL__V1__PUSH_SERVICE_RECEIVER__INIT;
	struct buffer clear = {0};
	uint8_t random[32] = {3};

	to.token_type = (Berty__Push__V1__PushServiceTokenType)type;
	to.bundle_id = (char *)(uintptr_t)bundle;
	to.token = protobuf_bytes(token);
	to.recipient_public_key = protobuf_bytes(slice_of(r->device_pk, 32));
	protobuf_encode(&clear, &to);
	assert_int_equal(push_token_seal(out, buffer_all(&clear),
	    push_relay_public_key(r->relay), random), 0);
	buffer_free(&clear);
	return (buffer_all(out));
}

static int
send_n(struct room * r, const struct slice * tokens, size_t n,
    struct push_job ** job)
{
	const struct push_request q = {.envelope = buffer_all(&r->envelope),
	    .n = n, .tokens = tokens};
	struct error err = {0};
	int rc = push_relay_send(r->relay, &q, on_done, r, job, &err);

	if (rc != 0)
		assert_int_equal(err.code[0], -rc);
	return (rc);
}

static void
send_one(struct room * r, int type, const char * bundle, const char * token)
{
	struct buffer sealed = {0};
	struct slice one = token_of(r, &sealed, type, bundle,
	    slice_text(token));
	struct push_job * job;

	assert_int_equal(send_n(r, &one, 1, &job), 0);
	buffer_free(&sealed);
	sim_run_for(r->sim, 1);
}

/* --- the relay ------------------------------------------------------------ */

static void
the_device_of_a_token_opens_what_its_provider_gets(void ** state)
{
	struct room * r = *state;
	struct buffer clear = {0};

	send_one(r, PUSH_FCM, "app", "phone");
	assert_int_equal(r->fake->n, 1);
	assert_int_equal(r->ended, 0);
	assert_int_equal(push_exposed_open(&clear,
	    buffer_all(&r->fake->payload), push_relay_public_key(r->relay),
	    r->device), 0);
	assert_true(slice_equal(buffer_all(&clear),
	    buffer_all(&r->envelope)));
	buffer_free(&clear);
	fake_end(r->fake, 0);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->status, 0);
}

static void
one_that_fails_fails_the_request_and_the_others_are_sent(void ** state)
{
	struct room * r = *state;
	struct buffer b[3] = {{0}, {0}, {0}};
	struct slice tokens[3];
	struct push_job * job;
	size_t i;

	tokens[0] = token_of(r, &b[0], PUSH_FCM, "app", slice_text("one"));
	tokens[1] = token_of(r, &b[1], PUSH_FCM, "app", slice_text("bad"));
	tokens[2] = token_of(r, &b[2], PUSH_FCM, "app", slice_text("two"));
	assert_int_equal(send_n(r, tokens, 3, &job), 0);
	sim_run_for(r->sim, 1);
	assert_int_equal(r->fake->n, 2);
	fake_end(r->fake, 0);
	fake_end(r->fake, 0);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->status, -ERR_PUSH_PROVIDER);
	assert_int_equal(r->err.code[0], ERR_PUSH_PROVIDER);
	assert_int_equal(r->err.code[1], ERR_PUSH_UNKNOWN_DESTINATION);
	assert_string_equal(r->err.text,
	    "unable to send 1/3 push to receivers: a bad token");
	for (i = 0; i < 3; i++)
		buffer_free(&b[i]);
}

static void
an_app_without_a_provider_and_a_token_of_another_relay_are_named(
    void ** state)
{
	struct room * r = *state;
	const struct slice strange = slice_text("not sealed for this relay, "
	    "and longer than a box is at least");
	struct push_job * job;

	send_one(r, PUSH_APNS, "app", "phone");
	assert_int_equal(r->err.code[0], ERR_CRYPTO_DECRYPT);
	assert_int_equal(r->err.code[1], ERR_PUSH_UNKNOWN_PROVIDER);
	send_one(r, PUSH_FCM, "other", "phone");
	assert_int_equal(r->err.code[1], ERR_PUSH_UNKNOWN_PROVIDER);
	assert_int_equal(send_n(r, &strange, 1, &job), 0);
	sim_run_for(r->sim, 1);
	assert_int_equal(r->ended, 3);
	assert_int_equal(r->err.code[0], ERR_CRYPTO_DECRYPT);
	assert_int_equal(r->err.n, 1);
	assert_int_equal(r->fake->n, 0);
}

static void
what_no_relay_takes_is_refused_at_once(void ** state)
{
	struct room * r = *state;
	struct slice one = slice_text("x");
	struct slice * many = calloc(PUSH_RECEIVERS_MAX + 1, sizeof(*many));
	struct push_job * job;
	uint8_t * large = calloc(1, PUSH_TOKEN_MAX + 1);
	struct slice token = slice_of(large, PUSH_TOKEN_MAX + 1);

	assert_non_null(many);
	assert_int_equal(send_n(r, &one, 0, &job), -ERR_INVALID_INPUT);
	assert_int_equal(send_n(r, many, PUSH_RECEIVERS_MAX + 1, &job),
	    -ERR_INVALID_INPUT);
	assert_int_equal(send_n(r, &token, 1, &job), -ERR_INVALID_INPUT);
	r->envelope.p[1] = 23;
	assert_int_equal(send_n(r, &one, 1, &job), -ERR_INVALID_INPUT);
	assert_int_equal(r->ended, 0);
	free(many);
	free(large);
}

static void
no_more_run_or_wait_than_a_relay_bears(void ** state)
{
	struct room * r = *state;
	struct buffer sealed = {0};
	struct slice one = token_of(r, &sealed, PUSH_FCM, "app",
	    slice_text("phone"));
	struct slice * many = calloc(PUSH_RECEIVERS_MAX, sizeof(*many));
	struct push_job * job;
	size_t i;

	assert_non_null(many);
	for (i = 0; i < PUSH_RECEIVERS_MAX; i++)
		many[i] = one;
	for (i = 0; i < PUSH_WAITING_MAX / PUSH_RECEIVERS_MAX; i++)
		assert_int_equal(send_n(r, many, PUSH_RECEIVERS_MAX, &job), 0);
	assert_int_equal(push_relay_waiting(r->relay), PUSH_WAITING_MAX);
	assert_int_equal(send_n(r, many, 1, &job), -ERR_PUSH_PROVIDER);
	sim_run_for(r->sim, 1000);
	assert_int_equal(push_relay_running(r->relay), PUSH_RUNNING_MAX);
	assert_int_equal(r->fake->n, PUSH_RUNNING_MAX);
	/* One that ends lets the next begin. */
	fake_end(r->fake, 0);
	sim_run_for(r->sim, 1);
	assert_int_equal(r->fake->n, PUSH_RUNNING_MAX);
	free(many);
	buffer_free(&sealed);
}

static void
a_request_of_one_does_not_wait_for_one_of_thousands(void ** state)
{
	struct room * r = *state;
	struct buffer a = {0}, b = {0};
	struct slice * many = calloc(PUSH_RECEIVERS_MAX, sizeof(*many)), one;
	struct push_job * job;
	size_t i;

	assert_non_null(many);
	many[0] = token_of(r, &a, PUSH_FCM, "app", slice_text("many"));
	for (i = 1; i < PUSH_RECEIVERS_MAX; i++)
		many[i] = many[0];
	one = token_of(r, &b, PUSH_FCM, "app", slice_text("one"));
	assert_int_equal(send_n(r, many, PUSH_RECEIVERS_MAX, &job), 0);
	assert_int_equal(send_n(r, &one, 1, &job), 0);
	sim_run_for(r->sim, 1);
	buffer_byte(&r->fake->tokens, 0);
	assert_memory_equal(r->fake->tokens.p, "many one many ", 14);
	free(many);
	buffer_free(&a);
	buffer_free(&b);
}

static void
pushes_go_on_when_nobody_waits_for_their_end(void ** state)
{
	struct room * r = *state;
	struct buffer sealed = {0};
	struct slice one = token_of(r, &sealed, PUSH_FCM, "app",
	    slice_text("phone"));
	struct push_job * job;

	assert_int_equal(send_n(r, &one, 1, &job), 0);
	push_relay_forget(job);
	sim_run_for(r->sim, 1);
	assert_int_equal(r->fake->n, 1);
	fake_end(r->fake, 0);
	assert_int_equal(r->ended, 0);
	assert_int_equal(push_relay_running(r->relay), 0);
	buffer_free(&sealed);
}

static void
an_app_is_served_by_one_provider_of_a_type(void ** state)
{
	struct room * r = *state;
	struct push_unified_config config = {.web = fake_web_of(r->web),
	    .bundle = "app"};
	struct push_provider * p;
	struct error err = {0};

	assert_int_equal(push_unified_new(&p, &config, &err), 0);
	assert_int_equal(push_relay_add(r->relay, p, &err), 0);
	assert_int_equal(push_unified_new(&p, &config, &err), 0);
	assert_int_equal(push_relay_add(r->relay, p, &err),
	    -ERR_INVALID_INPUT);
	assert_int_equal(push_relay_provider(r->relay, 1)->type,
	    PUSH_UNIFIED);
	assert_null(push_relay_provider(r->relay, 2));
}

/* --- Apple ---------------------------------------------------------------- */

/* A server of a provider. */
struct server {
	int status;
	const char * answer;
	bool never;
	struct buffer name, body, headers;
	size_t asked;
	bool stranger;
};

static void
serve(void * user, struct fake_exchange * x)
{
	struct server * s = user;
	size_t i;

	s->asked++;
	buffer_clear(&s->name);
	buffer_text(&s->name, x->name);
	buffer_byte(&s->name, 0);
	buffer_clear(&s->body);
	buffer_slice(&s->body, x->request->body);
	buffer_byte(&s->body, 0);
	buffer_clear(&s->headers);
	for (i = 0; x->request->headers[i] != NULL; i++)
		buffer_printf(&s->headers, "%s\n", x->request->headers[i]);
	buffer_byte(&s->headers, 0);
	s->stranger = x->request->stranger;
	x->never = s->never;
	fake_web_text(x, s->status, s->answer == NULL ? "" : s->answer);
}

static void
server_free(struct server * s)
{
	buffer_free(&s->name);
	buffer_free(&s->body);
	buffer_free(&s->headers);
}

static void
add_apple(struct room * r)
{
	const struct push_apns_config config = {.world = r->world,
	    .web = fake_web_of(r->web), .bundle = "app",
	    .endpoint = "https://apple", .team = "TEAM", .key_id = "KEY",
	    .key = slice_text(push_ec_pem)};
	struct push_provider * p;
	struct error err = {0};

	assert_int_equal(push_apns_new(&p, &config, &err), 0);
	assert_int_equal(push_relay_add(r->relay, p, &err), 0);
}

static void
apple_gets_an_alert_for_the_app_with_the_payload_in_it(void ** state)
{
	struct room * r = *state;
	struct server apple = {.status = 200};
	struct buffer first = {0};

	add_apple(r);
	fake_web_serve(r->web, "https://apple/", serve, &apple);
	send_one(r, PUSH_APNS, "app", "\x01\xff");
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->status, 0);
	assert_string_equal((char *)apple.name.p,
	    "https://apple/3/device/01ff");
	assert_memory_equal(apple.body.p, "{\"aps\":{\"alert\":{\"loc-key\":"
	    "\"BertyPushMessage\"},\"mutable-content\":1},\"p\":\"", 72);
	assert_non_null(strstr((char *)apple.headers.p, "apns-topic: app\n"));
	assert_non_null(strstr((char *)apple.headers.p,
	    "apns-push-type: alert\napns-priority: 10\n"));
	assert_non_null(strstr((char *)apple.headers.p,
	    "authorization: bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IktFWSJ9."));
	/* Within 40 minutes the token is the same, and then another. */
	buffer_slice(&first, buffer_all(&apple.headers));
	sim_run_for(r->sim, 39 * 60 * 1000);
	send_one(r, PUSH_APNS, "app", "\x01");
	assert_string_equal((char *)first.p, (char *)apple.headers.p);
	sim_run_for(r->sim, 60 * 1000);
	send_one(r, PUSH_APNS, "app", "\x01");
	assert_string_not_equal((char *)first.p, (char *)apple.headers.p);
	buffer_free(&first);
	server_free(&apple);
}

static void
what_apple_says_is_told(void ** state)
{
	struct room * r = *state;
	struct server apple = {.status = 410,
	    .answer = "{\"reason\":\"Unregistered\"}"};

	add_apple(r);
	fake_web_serve(r->web, "https://apple/", serve, &apple);
	send_one(r, PUSH_APNS, "app", "x");
	assert_int_equal(r->err.code[1], ERR_PUSH_UNKNOWN_DESTINATION);
	apple.status = 400;
	apple.answer = "{\"reason\":\"BadDeviceToken\"}";
	send_one(r, PUSH_APNS, "app", "x");
	assert_int_equal(r->err.code[1], ERR_PUSH_UNKNOWN_DESTINATION);
	apple.status = 503;
	apple.answer = "{\"reason\":\"Shut\\ndown\"}";
	send_one(r, PUSH_APNS, "app", "x");
	assert_int_equal(r->err.n, 1);
	assert_string_equal(r->err.text, "unable to send 1/1 push to "
	    "receivers: apns: status 503, reason Shut?down");
	apple.answer = "[";
	send_one(r, PUSH_APNS, "app", "x");
	assert_int_equal(r->err.n, 1);
	apple.never = true;
	send_one(r, PUSH_APNS, "app", "x");
	assert_int_equal(r->ended, 4);
	sim_run_for(r->sim, PUSH_PROVIDER_MS);
	assert_int_equal(r->ended, 5);
	assert_int_equal(r->status, -ERR_PUSH_PROVIDER);
	server_free(&apple);
}

static void
a_message_that_apple_does_not_take_is_not_sent(void ** state)
{
	struct room * r = *state;
	struct server apple = {.status = 200};
	uint8_t head[] = {10, 24}, zeros[4000] = {0};

	add_apple(r);
	fake_web_serve(r->web, "https://apple/", serve, &apple);
	buffer_clear(&r->envelope);
	buffer_append(&r->envelope, head, 2);
	buffer_append(&r->envelope, zeros, 24);
	buffer_byte(&r->envelope, 18);
	buffer_uvarint(&r->envelope, sizeof(zeros));
	buffer_append(&r->envelope, zeros, sizeof(zeros));
	send_one(r, PUSH_APNS, "app", "x");
	assert_int_equal(r->err.code[0], ERR_PUSH_PROVIDER);
	assert_int_equal(r->err.code[1], ERR_PUSH_INVALID_PAYLOAD);
	assert_int_equal(apple.asked, 0);
	server_free(&apple);
}

static void
a_statement_is_the_same_each_time_and_has_a_signature_of_64_bytes(
    void ** state)
{
	struct buffer a = {0}, b = {0}, sig = {0};
	struct push_key * key, * wrong;
	struct error err = {0};
	const uint8_t * dot;

	(void)state;
	assert_int_equal(push_key_new(&wrong, PUSH_KEY_RS256,
	    slice_text(push_ec_pem), &err), -ERR_PUSH_INVALID_SERVER_CONFIG);
	assert_int_equal(push_key_new(&wrong, PUSH_KEY_ES256,
	    slice_text(push_rsa_pem), &err), -ERR_PUSH_INVALID_SERVER_CONFIG);
	assert_int_equal(push_key_new(&key, PUSH_KEY_ES256,
	    slice_text(push_ec_pem), &err), 0);
	assert_int_equal(push_jwt(&a, key, "{}", "{\"iat\":1}"), 0);
	assert_int_equal(push_jwt(&b, key, "{}", "{\"iat\":1}"), 0);
	assert_true(slice_equal(buffer_all(&a), buffer_all(&b)));
	assert_memory_equal(a.p, "e30.eyJpYXQiOjF9.", 17);
	dot = a.p + 17;
	assert_int_equal(base64url_decode(&sig, slice_of(dot, a.n - 17)), 0);
	assert_int_equal(sig.n, 64);
	push_key_free(key);
	buffer_free(&a);
	buffer_free(&b);
	buffer_free(&sig);
}

/* --- Google --------------------------------------------------------------- */

static void
add_google(struct room * r)
{
	struct push_fcm_config config = {.world = r->world,
	    .web = fake_web_of(r->web), .bundle = "droid",
	    .endpoint = "https://fcm"};
	struct buffer account = {0};
	struct push_provider * p;
	struct error err = {0};

	push_account(&account, "https://oauth/token");
	config.account = buffer_all(&account);
	assert_int_equal(push_fcm_new(&p, &config, &err), 0);
	assert_int_equal(push_relay_add(r->relay, p, &err), 0);
	buffer_free(&account);
}

static void
google_is_asked_for_a_token_once_for_many_messages(void ** state)
{
	struct room * r = *state;
	struct server oauth = {.status = 200, .answer =
	    "{\"access_token\":\"abc\",\"expires_in\":3599}"};
	struct server fcm = {.status = 200, .answer = "{}"};
	unsigned i;

	add_google(r);
	fake_web_serve(r->web, "https://oauth/token", serve, &oauth);
	fake_web_serve(r->web, "https://fcm/", serve, &fcm);
	for (i = 0; i < 3; i++)
		send_one(r, PUSH_FCM, "droid", "phone");
	sim_run_for(r->sim, 1);
	assert_int_equal(r->ended, 3);
	assert_int_equal(r->status, 0);
	assert_int_equal(oauth.asked, 1);
	assert_int_equal(fcm.asked, 3);
	assert_memory_equal(oauth.body.p, "grant_type=urn%3Aietf%3Aparams%3A"
	    "oauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ", 78);
	assert_string_equal((char *)fcm.name.p,
	    "https://fcm/v1/projects/a-project/messages:send");
	assert_non_null(strstr((char *)fcm.headers.p,
	    "Authorization: Bearer abc\n"));
	assert_memory_equal(fcm.body.p, "{\"message\":{\"data\":{\"p\":\"",
	    25);
	assert_non_null(strstr((char *)fcm.body.p,
	    "\"android\":{\"priority\":\"HIGH\"},\"token\":\"phone\"}}"));
	/* It is asked for anew before it ends, and when it is not taken. */
	sim_run_for(r->sim, UINT64_C(3598) * 1000);
	fcm.status = 401;
	send_one(r, PUSH_FCM, "droid", "phone");
	sim_run_for(r->sim, 1);
	assert_int_equal(oauth.asked, 2);
	fcm.status = 200;
	send_one(r, PUSH_FCM, "droid", "phone");
	sim_run_for(r->sim, 1);
	assert_int_equal(oauth.asked, 3);
	server_free(&oauth);
	server_free(&fcm);
}

static void
without_a_token_of_google_all_that_wait_fail(void ** state)
{
	struct room * r = *state;
	struct server oauth = {.status = 200, .answer =
	    "{\"access_token\":\"a b\",\"expires_in\":3599}"};

	add_google(r);
	fake_web_serve(r->web, "https://oauth/token", serve, &oauth);
	send_one(r, PUSH_FCM, "droid", "phone");
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->status, -ERR_PUSH_PROVIDER);
	oauth.status = 400;
	send_one(r, PUSH_FCM, "droid", "phone");
	assert_int_equal(r->ended, 2);
	assert_string_equal(r->err.text, "unable to send 1/1 push to "
	    "receivers: fcm: no access token: status 400");
	oauth.never = true;
	send_one(r, PUSH_FCM, "droid", "phone");
	send_one(r, PUSH_FCM, "droid", "phone");
	assert_int_equal(oauth.asked, 3);
	sim_run_for(r->sim, PUSH_PROVIDER_MS);
	assert_int_equal(r->ended, 4);
	/* One that is asked when the relay ends is given up. */
	send_one(r, PUSH_FCM, "droid", "phone");
	server_free(&oauth);
}

static void
an_account_that_is_none_is_refused(void ** state)
{
	struct room * r = *state;
	static const char * const bad[] = {"", "{}", "[1]",
	    "{\"project_id\":\"a/b\",\"client_email\":\"c\",\"token_uri\":"
	    "\"https://x\",\"private_key\":\"y\"}",
	    "{\"project_id\":\"a\",\"client_email\":\"c\",\"token_uri\":"
	    "\"https://x\",\"private_key\":\"y\"}"};
	struct push_fcm_config config = {.world = r->world,
	    .web = fake_web_of(r->web), .bundle = "droid",
	    .endpoint = "https://fcm"};
	struct push_provider * p;
	struct error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct error){0};
		config.account = slice_text(bad[i]);
		assert_int_equal(push_fcm_new(&p, &config, &err),
		    -ERR_PUSH_INVALID_SERVER_CONFIG);
	}
}

/* --- UnifiedPush ---------------------------------------------------------- */

static void
add_unified(struct room * r, const char * bundle, bool anywhere)
{
	const struct push_unified_config config = {
	    .web = fake_web_of(r->web), .bundle = bundle,
	    .anywhere = anywhere};
	struct push_provider * p;
	struct error err = {0};

	assert_int_equal(push_unified_new(&p, &config, &err), 0);
	assert_int_equal(push_relay_add(r->relay, p, &err), 0);
}

static void
a_server_of_the_owners_choice_is_posted_to(void ** state)
{
	struct room * r = *state;
	struct server up = {.status = 201};
	struct buffer clear = {0};

	add_unified(r, "up", false);
	fake_web_serve(r->web, "https://up.example/", serve, &up);
	send_one(r, PUSH_UNIFIED, "up", "https://up.example/x?y");
	assert_int_equal(r->status, 0);
	assert_int_equal(r->ended, 1);
	assert_true(up.stranger);
	assert_int_equal(push_exposed_open(&clear, slice_of(up.body.p,
	    up.body.n - 1), push_relay_public_key(r->relay), r->device), 0);
	buffer_free(&clear);
	up.status = 404;
	send_one(r, PUSH_UNIFIED, "up", "https://up.example/x");
	assert_int_equal(r->err.code[1], ERR_PUSH_UNKNOWN_DESTINATION);
	up.status = 302;
	send_one(r, PUSH_UNIFIED, "up", "https://up.example/x");
	assert_int_equal(r->status, -ERR_PUSH_PROVIDER);
	assert_int_equal(r->err.n, 1);
	server_free(&up);
}

static void
what_is_no_address_over_tls_is_not_posted_to(void ** state)
{
	struct room * r = *state;
	struct server up = {.status = 200};
	static const char * const bad[] = {"http://up.example/", "https://",
	    "file:///etc/passwd", "https://a b/", "https://a/\r\nX: y", "",
	    "gopher://up.example/"};
	size_t i;

	add_unified(r, "up", false);
	add_unified(r, "lan", true);
	fake_web_serve(r->web, "", serve, &up);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		send_one(r, PUSH_UNIFIED, "up", bad[i]);
		assert_int_equal(r->err.code[0], ERR_PUSH_PROVIDER);
		assert_int_equal(r->err.code[1],
		    ERR_PUSH_UNKNOWN_DESTINATION);
	}
	assert_int_equal(up.asked, 0);
	send_one(r, PUSH_UNIFIED, "lan", "http://10.0.0.1/");
	assert_int_equal(up.asked, 1);
	assert_false(up.stranger);
	server_free(&up);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_device_of_a_token_opens_what_its_provider_gets),
	    TEST(one_that_fails_fails_the_request_and_the_others_are_sent),
	    TEST(an_app_without_a_provider_and_a_token_of_another_relay_are_named),
	    TEST(what_no_relay_takes_is_refused_at_once),
	    TEST(no_more_run_or_wait_than_a_relay_bears),
	    TEST(a_request_of_one_does_not_wait_for_one_of_thousands),
	    TEST(pushes_go_on_when_nobody_waits_for_their_end),
	    TEST(an_app_is_served_by_one_provider_of_a_type),
	    TEST(apple_gets_an_alert_for_the_app_with_the_payload_in_it),
	    TEST(what_apple_says_is_told),
	    TEST(a_message_that_apple_does_not_take_is_not_sent),
	    TEST(a_statement_is_the_same_each_time_and_has_a_signature_of_64_bytes),
	    TEST(google_is_asked_for_a_token_once_for_many_messages),
	    TEST(without_a_token_of_google_all_that_wait_fail),
	    TEST(an_account_that_is_none_is_refused),
	    TEST(a_server_of_the_owners_choice_is_posted_to),
	    TEST(what_is_no_address_over_tls_is_not_posted_to),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
