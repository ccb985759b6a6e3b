/* libp2p alone: hosts, and streams by number. */
#include <string.h>

#include "berty/p2p.h"
#include "library/library_fixture.h"

#define ECHO "/test/echo/1.0.0"

/* A host and what its callbacks told. */
struct side {
	struct berty_p2p * host;
	char peer[BERTY_P2P_PEER_SIZE];
	size_t up, down, failed;
	/* its stream */
	berty_stream stream;
	size_t opened, ended, closed;
	int status;
	size_t n;
	uint8_t bytes[400000];
};

static void
on_up(void * user, const char * peer)
{
	struct side * s = user;

	s->up++;
	(void)snprintf(s->peer, sizeof(s->peer), "%s", peer);
}

static void
on_down(void * user, const char * peer)
{
	struct side * s = user;

	(void)peer;
	s->down++;
}

static void
on_failed(void * user, const char * peer, int status)
{
	struct side * s = user;

	(void)peer;
	assert_true(status < 0);
	s->failed++;
}

static void
on_opened(void * user, berty_stream stream, const char * protocol)
{
	struct side * s = user;

	assert_int_equal(stream, s->stream);
	assert_string_equal(protocol, ECHO);
	s->opened++;
}

static void
on_data(void * user, berty_stream stream, const void * bytes, size_t n)
{
	struct side * s = user;

	assert_int_equal(stream, s->stream);
	assert_true(n <= sizeof(s->bytes) - s->n);
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

static void
on_end(void * user, berty_stream stream)
{
	struct side * s = user;

	(void)stream;
	s->ended++;
}

static void
on_closed(void * user, berty_stream stream, int status)
{
	struct side * s = user;

	assert_int_equal(stream, s->stream);
	s->closed++;
	s->status = status;
	/* Its number is no longer good. */
	assert_int_equal(berty_p2p_write(s->host, stream, "x", 1),
	    -BERTY_ERR_NOT_FOUND);
}

static const struct berty_p2p_handler handler = {
	.size = sizeof(struct berty_p2p_handler),
	.opened = on_opened,
	.data = on_data,
	.end = on_end,
	.closed = on_closed,
};

/* The side that answers. */
static void
echo_data(void * user, berty_stream stream, const void * bytes, size_t n)
{
	struct side * s = user;

	CALL_OK(berty_p2p_write(s->host, stream, bytes, n));
}

static void
echo_end(void * user, berty_stream stream)
{
	struct side * s = user;

	CALL_OK(berty_p2p_end(s->host, stream));
}

static const struct berty_p2p_handler echo = {
	.size = sizeof(struct berty_p2p_handler),
	.data = echo_data,
	.end = echo_end,
};

static int
refuse(void * user, berty_stream stream, const char * peer,
    const char * protocol, void ** stream_user)
{
	(void)user;
	(void)stream;
	(void)stream_user;
	assert_true(strlen(peer) > 10);
	assert_string_equal(protocol, ECHO);
	return (1);
}

static void
side_open(struct side * s, unsigned security)
{
	struct berty_p2p_config config = {
		.size = sizeof(config), .security = security, .user = s,
		.up = on_up, .down = on_down, .failed = on_failed,
	};

	memset(s, 0, sizeof(*s));
	CALL_OK(berty_p2p_new(&config, &s->host, NULL));
}

/* Both hosts are turned, each in its own loop. */
#define BOTH_UNTIL(a, b, condition) do { \
	uint64_t both_until = now_ms() + LONGEST_MS; \
	while (!(condition)) { \
		if (now_ms() > both_until) \
			fail_msg("never: %s", #condition); \
		CALL_OK(berty_p2p_run((a)->host, 2)); \
		CALL_OK(berty_p2p_turn((b)->host)); \
		assert_true(berty_p2p_timeout_ms((b)->host) >= -1); \
		assert_true(berty_p2p_fd((b)->host) >= 0); \
	} \
} while (0)

static void
connect_sides(struct side * a, struct side * b, unsigned security)
{
	char address[BERTY_P2P_ADDRESS_SIZE];

	side_open(a, security);
	side_open(b, security);
	CALL_OK(berty_p2p_listen(b->host, "/ip4/127.0.0.1/tcp/0", NULL));
	assert_true(berty_p2p_address(b->host, 0, address, sizeof(address)) >
	    0);
	assert_non_null(strstr(address, berty_p2p_id(b->host)));
	assert_int_equal(berty_p2p_address(b->host, 1, address,
	    sizeof(address)), -BERTY_ERR_NOT_FOUND);
	CALL_OK(berty_p2p_dial(a->host, address));
	BOTH_UNTIL(a, b, a->up == 1 && b->up == 1);
	assert_string_equal(a->peer, berty_p2p_id(b->host));
	assert_string_equal(b->peer, berty_p2p_id(a->host));
}

static void
echo_between(unsigned security)
{
	static const char * const protocols[] = {ECHO, NULL};
	static struct side a, b;
	static uint8_t sent[300000];
	size_t i;

	for (i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 251);
	connect_sides(&a, &b, security);
	CALL_OK(berty_p2p_serve(b.host, ECHO, &echo, NULL, &b));
	CALL_OK(berty_p2p_open(a.host, a.peer, protocols, &handler, &a,
	    &a.stream));
	CALL_OK(berty_p2p_write(a.host, a.stream, sent, sizeof(sent)));
	CALL_OK(berty_p2p_end(a.host, a.stream));
	assert_int_equal(a.opened, 0);
	BOTH_UNTIL(&a, &b, a.closed == 1);
	assert_int_equal(a.opened, 1);
	assert_int_equal(a.ended, 1);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.n, sizeof(sent));
	assert_memory_equal(a.bytes, sent, sizeof(sent));
	berty_p2p_free(a.host);
	berty_p2p_free(b.host);
}

static void
bytes_go_there_and_back_over_noise(void ** state)
{
	(void)state;
	echo_between(BERTY_P2P_NOISE);
}

static void
bytes_go_there_and_back_over_tls(void ** state)
{
	(void)state;
	echo_between(BERTY_P2P_TLS);
}

static void
a_stream_that_is_refused_or_unknown_is_closed_with_a_code(void ** state)
{
	static const char * const protocols[] = {ECHO, NULL};
	static struct side a, b;

	(void)state;
	connect_sides(&a, &b, 0);
	CALL_OK(berty_p2p_open(a.host, a.peer, protocols, &handler, &a,
	    &a.stream));
	BOTH_UNTIL(&a, &b, a.closed == 1);
	assert_int_equal(a.status, -BERTY_ERR_NOT_FOUND);
	CALL_OK(berty_p2p_serve(b.host, ECHO, &echo, refuse, &b));
	CALL_OK(berty_p2p_open(a.host, a.peer, protocols, &handler, &a,
	    &a.stream));
	BOTH_UNTIL(&a, &b, a.closed == 2);
	assert_true(a.status < 0);
	berty_p2p_free(a.host);
	berty_p2p_free(b.host);
}

static void
a_stream_that_was_reset_is_gone(void ** state)
{
	static const char * const protocols[] = {ECHO, NULL};
	static struct side a, b;

	(void)state;
	connect_sides(&a, &b, 0);
	CALL_OK(berty_p2p_serve(b.host, ECHO, &echo, NULL, &b));
	CALL_OK(berty_p2p_open(a.host, a.peer, protocols, &handler, &a,
	    &a.stream));
	CALL_OK(berty_p2p_pause(a.host, a.stream, true));
	CALL_OK(berty_p2p_reset(a.host, a.stream));
	assert_int_equal(berty_p2p_reset(a.host, a.stream),
	    -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_p2p_end(a.host, a.stream),
	    -BERTY_ERR_NOT_FOUND);
	assert_int_equal(berty_p2p_pause(a.host, a.stream, true),
	    -BERTY_ERR_NOT_FOUND);
	CALL_OK(berty_p2p_disconnect(a.host, a.peer));
	BOTH_UNTIL(&a, &b, a.down == 1 && b.down == 1);
	assert_int_equal(a.closed, 0);
	assert_int_equal(berty_p2p_open(a.host, a.peer, protocols, &handler,
	    &a, &a.stream), -BERTY_ERR_NOT_FOUND);
	berty_p2p_free(a.host);
	berty_p2p_free(b.host);
}

static void
what_is_no_address_and_no_peer_is_refused(void ** state)
{
	static const char * const protocols[] = {ECHO, NULL};
	struct berty_p2p_config config = {.size = sizeof(config),
	    .security = 8};
	static struct side a;
	struct berty_error err = {0};
	struct berty_p2p * none;

	(void)state;
	assert_int_equal(berty_p2p_new(&config, &none, &err),
	    -BERTY_ERR_INVALID_INPUT);
	side_open(&a, 0);
	assert_true(berty_p2p_listen(a.host, "nowhere", &err) < 0);
	assert_true(err.text[0] != '\0');
	assert_int_equal(berty_p2p_dial(a.host, "/ip4/1.2.3.4"),
	    -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_p2p_disconnect(a.host, "nobody"),
	    -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_p2p_open(a.host, "nobody", protocols, &handler,
	    &a, &a.stream), -BERTY_ERR_INVALID_INPUT);
	berty_p2p_free(a.host);
}

static void
a_host_that_is_freed_calls_nobody(void ** state)
{
	static const char * const protocols[] = {ECHO, NULL};
	static struct side a, b;

	(void)state;
	connect_sides(&a, &b, 0);
	CALL_OK(berty_p2p_serve(b.host, ECHO, &echo, NULL, &b));
	CALL_OK(berty_p2p_open(a.host, a.peer, protocols, &handler, &a,
	    &a.stream));
	BOTH_UNTIL(&a, &b, a.opened == 1);
	berty_p2p_free(a.host);
	assert_int_equal(a.closed, 0);
	assert_int_equal(a.down, 0);
	berty_p2p_free(b.host);
}

static void
a_host_without_work_does_not_spin(void ** state)
{
	static struct side a;
	int i;

	(void)state;
	side_open(&a, 0);
	for (i = 0; i < 100 && berty_p2p_timeout_ms(a.host) == 0; i++)
		CALL_OK(berty_p2p_turn(a.host));
	assert_int_not_equal(berty_p2p_timeout_ms(a.host), 0);
	berty_p2p_free(a.host);
}

static void
the_same_key_gives_the_same_peer(void ** state)
{
	static const uint8_t key[32] = {3};
	struct berty_p2p_config config = {.size = sizeof(config), .key = key};
	char id[BERTY_P2P_PEER_SIZE];
	struct berty_p2p * host;

	(void)state;
	CALL_OK(berty_p2p_new(&config, &host, NULL));
	(void)snprintf(id, sizeof(id), "%s", berty_p2p_id(host));
	berty_p2p_free(host);
	CALL_OK(berty_p2p_new(&config, &host, NULL));
	assert_string_equal(berty_p2p_id(host), id);
	berty_p2p_free(host);
	CALL_OK(berty_p2p_new(NULL, &host, NULL));
	assert_string_not_equal(berty_p2p_id(host), id);
	berty_p2p_free(host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_there_and_back_over_noise),
		cmocka_unit_test(bytes_go_there_and_back_over_tls),
		cmocka_unit_test(
		    a_stream_that_is_refused_or_unknown_is_closed_with_a_code),
		cmocka_unit_test(a_stream_that_was_reset_is_gone),
		cmocka_unit_test(what_is_no_address_and_no_peer_is_refused),
		cmocka_unit_test(a_host_that_is_freed_calls_nobody),
		cmocka_unit_test(a_host_without_work_does_not_spin),
		cmocka_unit_test(the_same_key_gives_the_same_peer),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
