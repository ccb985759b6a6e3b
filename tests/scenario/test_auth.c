/* How an account gets tokens of services, from an issuer that the web plays:
 * through crashes, restarts and a second device's late events. */
#include "account/account_token.h"
#include "berty/extension/v1/extension.pb-c.h"
#include "services/auth_form.h"
#include "services/auth_server.h"
#include "support/fleet.h"

#define BASE "https://auth.example"
#define EXTENSION "berty.extension.v1.ExtensionService/"

enum { MOST_WRITES = 200 };

struct issuer {
	struct auth_server * server;
	struct world * w;
	bool away;
};

/* --- the issuer ----------------------------------------------------------- */

static int64_t
unix_s(struct world * w)
{
	return (world_wall(w) / 1000000000);
}

static void
serve(void * user, struct fake_exchange * x)
{
	struct issuer * i = user;
	struct auth_request q = {.method = x->request->method,
	    .path = x->request->url + strlen(BASE), .body = x->request->body,
	    .now = unix_s(i->w)};
	struct auth_reply reply;

	x->delay_ms = 20;
	if (i->away) {
		x->rc = error_set(&x->err, ERR_STREAM_WRITE, "away");
		return;
	}
	world_random(i->w, q.random, sizeof(q.random));
	auth_server_answer(i->server, &q, &reply);
	x->status = reply.status;
	x->answer = reply.body;
}

static void
start_for(struct fleet * f, struct issuer * i, uint64_t seed,
    const char * service, const char * endpoint)
{
	static const struct fleet_config one = {.n = 1, .web = true};
	struct auth_server_config config = {.n = 1,
	    .services = {{service, endpoint}}};
	uint8_t bytes[32] = {7};

	fleet_start(f, seed, &one);
	ed25519_from_seed(&config.issuer.key, bytes);
	*i = (struct issuer){.w = f->nodes[0].w};
	assert_int_equal(auth_server_new(&i->server, &config,
	    unix_s(i->w), NULL), 0);
	fake_web_serve(f->nodes[0].web, BASE, serve, i);
}

static void
start(struct fleet * f, struct issuer * i, uint64_t seed)
{
	start_for(f, i, seed, AUTH_REPLICATION, "rpl.example:1");
}

static void
stop(struct fleet * f, struct issuer * i)
{
	fleet_stop(f);
	auth_server_free(i->server);
}

/* Wait, and clear a node away that died meanwhile: its calls end with it. */
static bool
wait_call(struct fleet * f, struct fleet_call * call)
{
	bool done = fleet_wait(f, 0, call);

	(void)fleet_bury(f, 0);
	return (done);
}

/* --- the user ------------------------------------------------------------- */

static struct fleet_call *
begin_init(struct fleet * f)
{
	API(AuthServiceInitFlow__Request) request =
	    API_INIT(AUTH_SERVICE_INIT_FLOW__REQUEST);

	request.auth_url = (char *)(uintptr_t)BASE;
	return (fleet_begin(f, 0, "AuthServiceInitFlow", &request));
}

/* What the page leads to, for who says yes to everything. */
static void
visit(struct issuer * i, const char * url, struct buffer * callback)
{
	struct auth_request q = {.method = "POST", .path = "/authorize",
	    .query = auth_form_query(slice_text(url)),
	    .body = slice_text("rpl_selected=1&psh_selected=1"), .now = unix_s(i->w)};
	struct auth_reply reply;
	const char * from, * to;

	world_random(i->w, q.random, sizeof(q.random));
	auth_server_answer(i->server, &q, &reply);
	assert_int_equal(reply.status, 200);
	buffer_byte(&reply.body, 0);
	from = strstr((char *)reply.body.p, "readonly>");
	assert_non_null(from);
	from += strlen("readonly>");
	to = strstr(from, "</textarea>");
	assert_non_null(to);
	/* The only thing in such a URL that HTML escapes. */
	for (; from < to; from++) {
		buffer_byte(callback, (uint8_t)*from);
		if (*from == '&')
			from += strlen("amp;");
	}
	buffer_byte(callback, 0);
	buffer_free(&reply.body);
}

static struct fleet_call *
begin_complete(struct fleet * f, const struct buffer * callback)
{
	API(AuthServiceCompleteFlow__Request) request =
	    API_INIT(AUTH_SERVICE_COMPLETE_FLOW__REQUEST);

	request.callback_url = (char *)callback->p;
	return (fleet_begin(f, 0, "AuthServiceCompleteFlow", &request));
}

/* Both steps; the code that failed, or 0. */
static int
get_token(struct fleet * f, struct issuer * i, char id[TOKEN_ID_SIZE + 1])
{
	struct fleet_call * call = begin_init(f);
	const API(AuthServiceInitFlow__Reply) * url;
	const API(AuthServiceCompleteFlow__Reply) * token;
	struct buffer callback = {0};
	int code = 0;

	if (!wait_call(f, call) || f->nodes[0].node == NULL) {
		fleet_end(call);
		return (ERR_DB_WRITE);
	}
	url = call->replies[0];
	visit(i, url->url, &callback);
	fleet_end(call);
	call = begin_complete(f, &callback);
	if (!wait_call(f, call))
		code = call->err.n > 0 ? call->err.code[0] : ERR_DB_WRITE;
	else {
		token = call->replies[0];
		memcpy(id, token->token_id, TOKEN_ID_SIZE + 1);
	}
	fleet_end(call);
	buffer_free(&callback);
	return (code);
}

static size_t
tokens(struct fleet * f)
{
	API(ServicesTokenList__Request) request =
	    API_INIT(SERVICES_TOKEN_LIST__REQUEST);
	struct fleet_call * call = fleet_begin(f, 0, "ServicesTokenList",
	    &request);
	size_t n;

	fleet_must(f, 0, call);
	n = call->n;
	fleet_end(call);
	return (n);
}

static bool
remove_token(struct fleet * f, const char * id)
{
	Berty__Extension__V1__ServicesTokenRemove__Request request =
	    BERTY__EXTENSION__V1__SERVICES_TOKEN_REMOVE__REQUEST__INIT;
	struct fleet_call * call;
	bool done;

	request.token_id = (char *)(uintptr_t)id;
	call = fleet_begin(f, 0, EXTENSION "ServicesTokenRemove", &request);
	done = wait_call(f, call);
	fleet_end(call);
	return (done);
}

/* --- stories -------------------------------------------------------------- */

static void
a_token_is_got_found_and_removed(void ** state)
{
	char id[TOKEN_ID_SIZE + 1] = "";
	struct service_token t;
	struct issuer i;
	struct fleet f;
	struct account * a;

	(void)state;
	start(&f, &i, 1);
	assert_int_equal(get_token(&f, &i, id), 0);
	assert_int_equal(tokens(&f), 1);
	a = node_account(f.nodes[0].node);
	assert_int_equal(account_service_token(a, id, "rpl", &t, NULL), 0);
	assert_string_equal((char *)t.endpoint.p, "rpl.example:1");
	assert_string_equal((char *)t.url.p, BASE);
	service_token_free(&t);
	assert_int_equal(account_service_token(a, id, "psh", &t, NULL), 0);
	assert_string_equal((char *)t.endpoint.p, "");
	service_token_free(&t);
	assert_true(remove_token(&f, id));
	assert_int_equal(account_service_token(a, id, "rpl", &t, NULL),
	    -ERR_INVALID_INPUT);
	assert_int_equal(tokens(&f), 0);
	assert_false(remove_token(&f, id));
	stop(&f, &i);
}

static bool
is_answered(void * user)
{
	return (fake_web_running(user) == 0);
}

/* What is durable only while the node closes begins nothing new. */
static void
a_node_that_closes_asks_no_relay_of_its_token(void ** state)
{
	struct buffer callback = {0};
	struct fleet_call * call;
	struct issuer i;
	struct fleet f;
	size_t asked;

	(void)state;
	start_for(&f, &i, 9, AUTH_PUSH, "relay.example:1");
	call = begin_init(&f);
	fleet_must(&f, 0, call);
	visit(&i, ((API(AuthServiceInitFlow__Reply) *)call->replies[0])->url,
	    &callback);
	fleet_end(call);
	call = begin_complete(&f, &callback);
	asked = fake_web_requests(f.nodes[0].web);
	assert_true(sim_run_until(f.sim, is_answered, f.nodes[0].web, 60000));
	assert_false(call->finished);
	fleet_close(&f, 0);
	assert_true(call->finished && !call->failed);
	assert_int_equal(fake_web_requests(f.nodes[0].web), asked);
	assert_int_equal(fake_web_running(f.nodes[0].web), 0);
	fleet_end(call);
	buffer_free(&callback);
	/* It is asked when there is a node again. */
	fleet_open(&f, 0);
	assert_int_equal(fake_web_requests(f.nodes[0].web), asked + 1);
	stop(&f, &i);
}

static void
a_flow_that_waits_too_long_is_over(void ** state)
{
	struct buffer callback = {0};
	struct fleet_call * call;
	struct issuer i;
	struct fleet f;

	(void)state;
	start(&f, &i, 2);
	call = begin_init(&f);
	fleet_must(&f, 0, call);
	visit(&i, ((API(AuthServiceInitFlow__Reply) *)call->replies[0])->url,
	    &callback);
	fleet_end(call);
	sim_run_for(f.sim, (AUTH_SESSION_S + 10) * 1000ULL);
	call = begin_complete(&f, &callback);
	assert_false(fleet_wait(&f, 0, call));
	assert_int_equal(call->err.code[0],
	    ERR_SERVICES_AUTH_NOT_INITIALIZED);
	fleet_end(call);
	buffer_free(&callback);
	stop(&f, &i);
}

static void
a_server_that_was_away_can_be_asked_again(void ** state)
{
	struct buffer callback = {0};
	struct fleet_call * call;
	struct issuer i;
	struct fleet f;

	(void)state;
	start(&f, &i, 3);
	call = begin_init(&f);
	fleet_must(&f, 0, call);
	visit(&i, ((API(AuthServiceInitFlow__Reply) *)call->replies[0])->url,
	    &callback);
	fleet_end(call);
	i.away = true;
	call = begin_complete(&f, &callback);
	assert_false(fleet_wait(&f, 0, call));
	assert_int_equal(call->err.code[0], ERR_STREAM_WRITE);
	fleet_end(call);
	i.away = false;
	call = begin_complete(&f, &callback);
	fleet_must(&f, 0, call);
	fleet_end(call);
	assert_int_equal(tokens(&f), 1);
	buffer_free(&callback);
	stop(&f, &i);
}

static void
who_gives_up_waiting_leaves_nothing_behind(void ** state)
{
	struct buffer callback = {0};
	struct fleet_call * call;
	struct issuer i;
	struct fleet f;

	(void)state;
	start(&f, &i, 4);
	call = begin_init(&f);
	fleet_must(&f, 0, call);
	visit(&i, ((API(AuthServiceInitFlow__Reply) *)call->replies[0])->url,
	    &callback);
	fleet_end(call);
	call = begin_complete(&f, &callback);
	assert_int_equal(fake_web_running(f.nodes[0].web), 1);
	fleet_end(call);
	assert_int_equal(fake_web_running(f.nodes[0].web), 0);
	call = begin_complete(&f, &callback);
	assert_int_equal(fake_web_running(f.nodes[0].web), 1);
	fleet_close(&f, 0);
	assert_int_equal(fake_web_running(f.nodes[0].web), 0);
	fleet_end(call);
	fleet_open(&f, 0);
	assert_int_equal(tokens(&f), 0);
	buffer_free(&callback);
	stop(&f, &i);
}

/* A crash at the n-th write of getting and removing a token; false: no write
 * was the n-th. */
static bool
crash_in_a_flow(uint64_t n, enum sim_crash left)
{
	char id[TOKEN_ID_SIZE + 1] = "";
	bool got, removed = false, died;
	struct issuer i;
	struct fleet f;
	size_t held;

	start(&f, &i, n);
	sim_disk_crash_at(f.nodes[0].w, n, left);
	if ((got = get_token(&f, &i, id) == 0) && f.nodes[0].node != NULL)
		removed = remove_token(&f, id);
	sim_run_for(f.sim, 3000);
	sim_disk_crash_at(f.nodes[0].w, 0, left);
	(void)fleet_bury(&f, 0);
	died = f.nodes[0].deaths > 0;
	if (f.nodes[0].node == NULL)
		fleet_open(&f, 0);
	held = tokens(&f);
	sim_assert(f.sim, held <= 1);
	sim_assert(f.sim, !removed || held == 0);
	/* What was not removed is there, unless the removal was under way. */
	sim_assert(f.sim, !got || removed || held == 1 || died);
	/* Whatever happened, a new flow works. */
	sim_assert(f.sim, get_token(&f, &i, id) == 0);
	sim_assert(f.sim, tokens(&f) == held + 1);
	stop(&f, &i);
	return (died);
}

static void
a_crash_at_any_write_leaves_a_token_or_none(void ** state)
{
	static const enum sim_crash left[] = {SIM_CRASH_NOTHING,
	    SIM_CRASH_PREFIX, SIM_CRASH_SOME};
	bool died = true;
	uint64_t n;
	size_t k;

	(void)state;
	for (n = 1; died; n++) {
		assert_true(n < MOST_WRITES);
		for (k = 0, died = false; k < 3; k++)
			died = crash_in_a_flow(n, left[k]) || died;
	}
	assert_true(n > 4);
}

/* --- events as they come -------------------------------------------------- */

static void
set_token(struct fleet * f)
{
	API(DebugAuthServiceSetToken__Request) request =
	    API_INIT(DEBUG_AUTH_SERVICE_SET_TOKEN__REQUEST);
	API(AuthExchangeResponse) token = API_INIT(AUTH_EXCHANGE_RESPONSE);

	token.access_token = (char *)(uintptr_t)"secret";
	request.token = &token;
	request.authentication_url = (char *)(uintptr_t)BASE;
	fleet_tell(f, 0, "DebugAuthServiceSetToken", &request);
}

static void
a_token_that_was_removed_can_be_added_again(void ** state)
{
	char id[TOKEN_ID_SIZE + 1];
	struct issuer i;
	struct fleet f;

	(void)state;
	start(&f, &i, 5);
	token_id(id, slice_text(BASE), slice_text("secret"));
	set_token(&f);
	assert_true(remove_token(&f, id));
	assert_int_equal(tokens(&f), 0);
	set_token(&f);
	assert_int_equal(tokens(&f), 1);
	fleet_close(&f, 0);
	fleet_open(&f, 0);
	assert_int_equal(tokens(&f), 1);
	stop(&f, &i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_is_got_found_and_removed),
	    cmocka_unit_test(a_node_that_closes_asks_no_relay_of_its_token),
	    cmocka_unit_test(a_flow_that_waits_too_long_is_over),
	    cmocka_unit_test(a_server_that_was_away_can_be_asked_again),
	    cmocka_unit_test(who_gives_up_waiting_leaves_nothing_behind),
	    cmocka_unit_test(a_crash_at_any_write_leaves_a_token_or_none),
	    cmocka_unit_test(a_token_that_was_removed_can_be_added_again),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
