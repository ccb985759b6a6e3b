/* test_web_curl.c: requests to real servers on this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/protobuf.h"
#include "server/grpc_fixture.h"
#include "world/os/world_os.h"
#include <arpa/inet.h>
#include <stdlib.h>

#include "world/web/web_curl.h"
#include "world/web/web_impl.h"

struct scene {
	struct fixture fixture;
	struct world * world;
	struct web * web;
	char server[64];
};

struct asked {
	struct web_request r;
	struct scene * scene;
	int rc;
	unsigned done;
};

static void
done(struct web_request * r, int rc)
{
	struct asked * a = r->user;

	a->rc = rc;
	a->done++;
	world_os_stop(a->scene->world);
}

static int
setup(void ** state)
{
	struct scene * s = calloc(1, sizeof(*s));
	struct error err = {0};
	const char * at;

	if (s == NULL || fixture_start(&s->fixture, NULL) != 0)
		return (-1);
	/* The server listens before its thread is asked for more. */
	if (grpc_server_listen(s->fixture.server, "127.0.0.1:0", &err) != 0)
		return (-1);
	at = grpc_server_address(s->fixture.server, 1);
	(void)snprintf(s->server, sizeof(s->server), "127.0.0.1:%s",
	    strstr(at, "/tcp/") != NULL ? strstr(at, "/tcp/") + 5
	    : strrchr(at, ':') + 1);
	strtok(s->server, "/");
	s->world = world_os_new(NULL);
	s->web = web_curl_new(s->world, NULL);
	*state = s;
	return (s->web == NULL ? -1 : 0);
}

static int
teardown(void ** state)
{
	struct scene * s = *state;

	web_curl_free(s->web);
	world_os_free(s->world);
	fixture_stop(&s->fixture);
	free(s);
	return (0);
}

static struct asked
asked_of(struct scene * s, const char * call)
{
	return ((struct asked){.scene = s, .r = {.service = SERVICE,
	    .call = call, .server = s->server, .insecure = true,
	    .done = done}});
}

static void
ask(struct asked * a)
{
	a->r.user = a;
	assert_int_equal(web_send(a->scene->web, &a->r), 0);
	assert_int_equal(a->done, 0);
	/* A stop may come late, and end the run that follows. */
	while (a->done == 0)
		world_os_run(a->scene->world);
	assert_int_equal(a->done, 1);
}

/* --- gRPC ----------------------------------------------------------------- */

static void
a_call_brings_one_message_back(void ** state)
{
	Berty__Protocol__V1__AppMessageSend__Request request =
	    BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REQUEST__INIT;
	Berty__Protocol__V1__AppMessageSend__Reply * reply;
	struct asked a = asked_of(*state, "Echo");
	struct buffer body = {0};

	request.payload = protobuf_bytes(slice_text("hello"));
	protobuf_encode(&body, &request);
	a.r.body = buffer_all(&body);
	a.r.bearer = "abc";
	ask(&a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.r.status, GRPC_OK);
	reply = (void *)protobuf_c_message_unpack(
	    &berty__protocol__v1__app_message_send__reply__descriptor, NULL,
	    a.r.answer.n, a.r.answer.p);
	assert_non_null(reply);
	assert_true(slice_equal(protobuf_slice(reply->cid),
	    slice_text("hello")));
	protobuf_c_message_free_unpacked((void *)reply, NULL);
	buffer_free(&a.r.answer);
	buffer_free(&body);
}

static void
a_failed_call_brings_the_codes_of_the_server(void ** state)
{
	struct asked a = asked_of(*state, "Fail");

	ask(&a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.r.status, GRPC_NOT_FOUND);
	assert_int_equal(a.r.err.n, 2);
	assert_int_equal(a.r.err.code[0], ERR_GROUP_MISSING);
	assert_int_equal(a.r.err.code[1], ERR_INTERNAL);
	assert_non_null(strstr(a.r.err.text, "100% é"));
	buffer_free(&a.r.answer);
}

static void
an_unknown_call_is_unimplemented(void ** state)
{
	struct asked a = asked_of(*state, "Nothing");

	ask(&a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.r.status, GRPC_UNIMPLEMENTED);
	assert_int_equal(a.r.err.code[0], ERR_NOT_IMPLEMENTED);
	buffer_free(&a.r.answer);
}

static void
a_call_without_answer_ends_in_time(void ** state)
{
	struct asked a = asked_of(*state, "Hang");

	a.r.timeout_ms = 200;
	ask(&a);
	/* The server may be faster than we are to say that it is late. */
	if (a.rc == 0)
		assert_int_equal(a.r.status, GRPC_DEADLINE_EXCEEDED);
	else
		assert_int_equal(a.rc, -ERR_STREAM_READ);
	assert_int_equal(a.r.err.code[0], ERR_STREAM_READ);
	buffer_free(&a.r.answer);
}

static void
a_call_that_is_given_up_is_never_done(void ** state)
{
	struct asked a = asked_of(*state, "Hang"), b = asked_of(*state,
	    "Echo");

	a.r.user = &a;
	assert_int_equal(web_send(a.scene->web, &a.r), 0);
	ask(&b);
	web_cancel(a.scene->web, &a.r);
	web_cancel(a.scene->web, &a.r);
	buffer_free(&b.r.answer);
	b = asked_of(*state, "Echo");
	ask(&b);
	assert_int_equal(a.done, 0);
	buffer_free(&b.r.answer);
}

static void
an_answer_over_its_cap_is_refused(void ** state)
{
	Berty__Protocol__V1__AppMessageSend__Request request =
	    BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REQUEST__INIT;
	static uint8_t big[5000];
	struct asked a = asked_of(*state, "Echo");
	struct buffer body = {0};

	request.payload = protobuf_bytes(slice_of(big, sizeof(big)));
	protobuf_encode(&body, &request);
	a.r.body = buffer_all(&body);
	a.r.answer_max = 4999;
	ask(&a);
	assert_int_equal(a.rc, -ERR_STREAM_READ);
	assert_non_null(strstr(a.r.err.text, "too large"));
	buffer_free(&a.r.answer);
	a = asked_of(*state, "Echo");
	a.r.body = buffer_all(&body);
	a.r.answer_max = body.n;
	ask(&a);
	assert_int_equal(a.rc, 0);
	buffer_free(&a.r.answer);
	buffer_free(&body);
}

static void
a_server_that_is_not_there_is_not_reached(void ** state)
{
	struct asked a = asked_of(*state, "Echo");

	a.r.server = "127.0.0.1:1";
	ask(&a);
	assert_int_equal(a.rc, -ERR_STREAM_WRITE);
	assert_int_equal(a.r.err.code[0], ERR_STREAM_WRITE);
}

static void
what_others_name_does_not_lead_to_this_machine(void ** state)
{
	static const char * const hosts[] = {"127.0.0.1", "localhost",
	    "[::ffff:127.0.0.1]", "2130706433"};
	struct asked a = asked_of(*state, "Echo");
	char server[96];
	size_t i;

	(void)unsetenv("http_proxy");
	(void)unsetenv("all_proxy");
	(void)unsetenv("https_proxy");
	(void)unsetenv("HTTPS_PROXY");
	(void)unsetenv("ALL_PROXY");
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		a = asked_of(*state, "Echo");
		(void)snprintf(server, sizeof(server), "%s%s", hosts[i],
		    strchr(a.scene->server, ':'));
		a.r.server = server;
		a.r.stranger = true;
		ask(&a);
		assert_int_equal(a.rc, -ERR_STREAM_WRITE);
		assert_non_null(strstr(a.r.err.text, "others named"));
		buffer_free(&a.r.answer);
	}
}

static bool
is_public(const char * text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return (web_address_is_public((struct sockaddr *)&v4));
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return (web_address_is_public((struct sockaddr *)&v6));
}

static void
addresses_are_public_or_a_networks_own(void ** state)
{
	static const char * const own[] = {"0.0.0.0", "10.255.0.1",
	    "100.127.1.1", "127.9.9.9", "169.254.169.254", "172.31.0.1",
	    "192.168.1.1", "198.19.0.1", "224.0.0.1", "255.255.255.255",
	    "::", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
	    "2002:7f00:1::1", "2001:0:1::1", "fc00::1", "fe80::1",
	    "ff02::1"};
	static const char * const public[] = {"1.1.1.1", "9.255.255.255",
	    "11.0.0.1", "100.63.1.1", "100.128.0.1", "172.15.0.1",
	    "172.32.0.1", "192.167.1.1", "198.17.0.1", "198.20.0.1",
	    "223.255.255.255", "2606:4700::1111", "::ffff:1.1.1.1",
	    "64:ff9b::101:101", "2002:101:101::1", "2001:db9::1"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_false(is_public(own[i]));
	for (i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		assert_true(is_public(public[i]));
}

static void
a_server_without_tls_is_not_spoken_to_when_tls_is_asked_for(void ** state)
{
	struct asked a = asked_of(*state, "Echo");

	a.r.insecure = false;
	ask(&a);
	assert_int_equal(a.rc, -ERR_STREAM_WRITE);
}

static void
addresses_that_hide_another_are_refused(void ** state)
{
	static const char * const bad[] = {"", "127.0.0.1:1/x", "a@b:1",
	    "a b", "a:1\r\nx: y", "a?b"};
	struct asked a = asked_of(*state, "Echo");
	size_t i;

	a.r.user = &a;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		a.r.server = bad[i];
		assert_int_equal(web_send(a.scene->web, &a.r),
		    -ERR_INVALID_INPUT);
		assert_int_equal(a.r.err.code[0], ERR_INVALID_INPUT);
	}
	a.r.server = a.scene->server;
	a.r.bearer = "token\r\nx-other: y";
	assert_int_equal(web_send(a.scene->web, &a.r), -ERR_INVALID_INPUT);
	assert_int_equal(a.done, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_call_brings_one_message_back,
	        setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_failed_call_brings_the_codes_of_the_server, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(
	        what_others_name_does_not_lead_to_this_machine, setup,
	        teardown),
	    cmocka_unit_test(addresses_are_public_or_a_networks_own),
	    cmocka_unit_test_setup_teardown(an_unknown_call_is_unimplemented,
	        setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_call_without_answer_ends_in_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_call_that_is_given_up_is_never_done, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_answer_over_its_cap_is_refused,
	        setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_server_that_is_not_there_is_not_reached, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_server_without_tls_is_not_spoken_to_when_tls_is_asked_for,
	        setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        addresses_that_hide_another_are_refused, setup, teardown),
	};

	(void)unsetenv("http_proxy");
	(void)unsetenv("https_proxy");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
