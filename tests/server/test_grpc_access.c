/* Who is let in by a server: addresses, strangers, calls. */
#include "server/grpc_pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/access_file.h"

#define TOKEN "abcdefghijklmnopqrstuv"
#define OTHER "0123456789012345678901"

/* Turns of the loop until something is so; each waits a little. */
#define TURNS 10000

struct place {
	char folder[64], tokens[100];
	struct access * access;
};

static void
place_make(struct place * place)
{
	strcpy(place->folder, "/tmp/grpc-access-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->tokens, sizeof(place->tokens), "%s/t", place->folder);
	assert_int_equal(0, access_file_write(place->tokens,
	    slice_text(TOKEN "\n"), NULL));
	assert_int_equal(0, access_new(&place->access,
	    &(struct access_options){.token_file = place->tokens,
	    .origins = (const char * const[]){"https://a.example", NULL}},
	    NULL, NULL));
}

static void
place_remove(struct place * place)
{
	access_free(place->access);
	(void)unlink(place->tokens);
	assert_int_equal(0, rmdir(place->folder));
}

/* --- addresses ------------------------------------------------------------ */

static int
may_listen(const struct grpc_options * options, const char * text,
    struct error * err)
{
	struct grpc_server server = {.options = *options};
	struct grpc_address to;

	assert_int_equal(0, grpc_address_parse(text, &to, err));
	return (grpc_access_listen(&server, text, &to, err));
}

static void
other_machines_are_served_over_tls_and_with_tokens(void ** state)
{
	static const char * const here[] = {"/unix/a", ":1", "127.0.0.1:1",
	    "[::1]:1", "/ip4/127.0.0.1/tcp/1/grpc"};
	static const char * const clear[] = {"0.0.0.0:1", "[::]:1",
	    "/ip4/10.0.0.1/tcp/1/grpc", "1.2.3.4:1"};
	static const char * const tls[] = {"0.0.0.0:1/tls",
	    "/ip6/::/tcp/1/grpc/tls", "/ip6/::/tcp/1/tls/grpc"};
	struct grpc_options nothing = {0}, none = {0}, tokens = {0};
	struct access * access;
	struct error err = {0};
	struct place place;
	size_t i;

	(void)state;
	place_make(&place);
	tokens.access = place.access;
	assert_int_equal(0, access_new(&access, &(struct access_options){0},
	    NULL, NULL));
	none.access = access;
	for (i = 0; i < 5; i++) {
		assert_int_equal(0, may_listen(&nothing, here[i], &err));
		assert_int_equal(0, may_listen(&tokens, here[i], &err));
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(-ERR_INVALID_INPUT, may_listen(&tokens,
		    clear[i], &err));
		assert_non_null(strstr(err.text, "/tls"));
		assert_non_null(strstr(err.text, "-node.token-file"));
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(-ERR_INVALID_INPUT, may_listen(&none, tls[i],
		    &err));
		assert_int_equal(0, may_listen(&tokens, tls[i], &err));
	}
	assert_int_equal(-ERR_INVALID_INPUT, may_listen(&nothing, ":1/tls",
	    &err));
	/* Handlers that see by themselves who calls need no tokens; but TLS. */
	none.own_access = true;
	assert_int_equal(0, may_listen(&none, tls[0], &err));
	assert_int_equal(-ERR_INVALID_INPUT, may_listen(&none, clear[0],
	    &err));
	access_free(access);
	place_remove(&place);
}

static void
an_address_names_tls_once_and_after_its_port(void ** state)
{
	static const char * const bad[] = {":1/tls/tls", ":1/grpc/grpc",
	    ":1/tlsx", ":1/grpcwebs", ":1/grpcweb/grpcgw",
	    "/ip4/127.0.0.1/tcp/1/tls/x",
	    "/ip4/127.0.0.1/tls/tcp/1", "host/tls"};
	struct grpc_address to;
	size_t i;

	(void)state;
	assert_int_equal(0, grpc_address_parse("host:1/tls/", &to, NULL));
	assert_true(to.tls);
	assert_int_equal(1, to.port);
	assert_string_equal("host", to.host);
	assert_int_equal(0, grpc_address_parse("[::1]:2/grpc", &to, NULL));
	assert_false(to.tls);
	assert_string_equal("::1", to.host);
	/* The path of a socket is whatever it is. */
	assert_int_equal(0, grpc_address_parse("/unix/a/tls", &to, NULL));
	assert_true(to.local && !to.tls);
	assert_int_equal(0, grpc_address_parse(":1/tls/grpcweb", &to, NULL));
	assert_true(to.tls && to.carrier == GRPC_CARRIER_WEB);
	assert_int_equal(0, grpc_address_parse("/unix/a/grpcws", &to, NULL));
	assert_true(to.carrier == GRPC_CARRIER_WEBSOCKET);
	assert_string_equal("/a", to.path);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(-ERR_INVALID_INPUT, grpc_address_parse(
		    bad[i], &to, NULL));
}

/* --- calls ---------------------------------------------------------------- */

static void
start_guarded(struct pair * p, struct place * place)
{
	place_make(place);
	start(p, &(struct grpc_options){.access = place->access});
	p->connection->guarded = true;
	p->connection->preface_at = 1;
}

static void
a_call_without_a_good_token_reaches_no_handler(void ** state)
{
	static const char * const bad[] = {NULL, "Bearer " OTHER, TOKEN,
	    "Basic " TOKEN};
	struct place place;
	struct pair p;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		start_guarded(&p, &place);
		call(&p, (const char * const[4]){"x", "y", bad[i] == NULL ?
		    NULL : "authorization", bad[i]});
		assert_null(p.call);
		assert_int_equal(1, p.grpc_status);  /* the first digit of 16 */
		assert_true(came(&p, "grpc-status=16\n"));
		assert_int_equal(1, p.connection->preface_at);
		stop(&p);
		place_remove(&place);
	}
}

static void
a_call_with_a_token_makes_a_stranger_known(void ** state)
{
	struct place place;
	struct pair p;

	(void)state;
	start_guarded(&p, &place);
	call(&p, (const char * const[4]){"authorization", "Bearer " TOKEN});
	assert_non_null(p.call);
	assert_int_equal(0, p.connection->preface_at);
	answer(&p);
	stop(&p);
	place_remove(&place);
}

static void
a_handler_that_looks_by_itself_is_reached(void ** state)
{
	struct place place;
	struct pair p;

	(void)state;
	start_guarded(&p, &place);
	call_path(&p, "/" SERVICE "/Open", (const char * const[4]){
	    "authorization", "Bearer of something else"});
	assert_non_null(p.call);
	assert_true(slice_equal(grpc_call_metadata(p.call, "authorization"),
	    slice_text("Bearer of something else")));
	answer(&p);
	stop(&p);
	place_remove(&place);
}

static void
a_page_that_is_not_on_the_list_reaches_no_handler(void ** state)
{
	struct place place;
	struct pair p;

	(void)state;
	start_guarded(&p, &place);
	call(&p, (const char * const[4]){"authorization", "Bearer " TOKEN,
	    "origin", "https://b.example"});
	assert_null(p.call);
	assert_true(came(&p, "grpc-status=7\n"));
	call(&p, (const char * const[4]){"authorization", "Bearer " TOKEN,
	    "origin", "https://a.example"});
	assert_non_null(p.call);
	answer(&p);
	stop(&p);
	place_remove(&place);
}

static void
cancelled(struct grpc_call * call)
{
	*(bool *)grpc_call_data(call) = true;
}

static void
a_token_that_is_withdrawn_ends_the_calls_it_let_in(void ** state)
{
	static const struct grpc_call_events events = {.cancelled = cancelled};
	struct place place;
	struct pair p;
	bool over = false;

	(void)state;
	start_guarded(&p, &place);
	call(&p, (const char * const[4]){"authorization", "Bearer " TOKEN});
	assert_non_null(p.call);
	grpc_call_set_data(p.call, &over);
	grpc_call_watch(p.call, &events);
	grpc_server_recheck(p.server);
	assert_false(over);
	assert_int_equal(0, access_file_write(place.tokens,
	    slice_text(OTHER "\n"), NULL));
	assert_int_equal(0, access_reload(place.access, NULL));
	grpc_server_recheck(p.server);
	assert_true(over);
	settle(&p);
	assert_true(came(&p, "grpc-status=16\n"));
	/* A stranger again. */
	assert_int_not_equal(0, p.connection->preface_at);
	grpc_call_finish(p.call, NULL);
	stop(&p);
	place_remove(&place);
}

/* --- strangers ------------------------------------------------------------ */

struct gate {
	struct place place;
	uv_loop_t loop;
	struct grpc_server * server;
	bool stopped;
};

static void
gate_open(struct gate * g, struct grpc_options options, const char * address)
{
	struct error err = {0};

	memset(g, 0, sizeof(*g));
	place_make(&g->place);
	options.access = g->place.access;
	assert_int_equal(0, uv_loop_init(&g->loop));
	assert_int_equal(0, grpc_server_new(&g->server, &g->loop, &options,
	    NULL));
	assert_int_equal(0, grpc_server_listen(g->server, address, &err));
}

static void
gate_stopped(void * user)
{
	((struct gate *)user)->stopped = true;
}

static void
gate_close(struct gate * g)
{
	grpc_server_stop(g->server, 0, gate_stopped, g);
	(void)uv_run(&g->loop, UV_RUN_DEFAULT);
	assert_true(g->stopped);
	assert_int_equal(0, uv_loop_close(&g->loop));
	place_remove(&g->place);
}

static void
turn(struct gate * g)
{
	(void)uv_run(&g->loop, UV_RUN_NOWAIT);
	(void)poll(NULL, 0, 1);
}

static int
gate_dial_from(struct gate * g, const char * source)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	unsigned port;

	assert_true(fd >= 0);
	assert_int_equal(1, sscanf(grpc_server_address(g->server, 0),
	    "/ip4/127.0.0.1/tcp/%u", &port));
	at.sin_port = htons((uint16_t)port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(1, inet_pton(AF_INET, source, &from.sin_addr));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&from, sizeof(from)));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	return (fd);
}

static int
gate_dial(struct gate * g)
{
	return (gate_dial_from(g, "127.0.0.1"));
}

/* Until so many are counted. */
static void
wait_used(struct gate * g, const struct budget * b, uint64_t used)
{
	int i;

	for (i = 0; i < TURNS && b->used != used; i++)
		turn(g);
	assert_int_equal(used, b->used);
}

/* Has the server hung up?  Asked in turns, until it has. */
static bool
hangs_up(struct gate * g, int fd)
{
	uint8_t bytes[256];
	ssize_t n;
	int i;

	for (i = 0; i < TURNS; i++) {
		turn(g);
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return (true);
	}
	return (false);
}

static bool
is_open(int fd)
{
	uint8_t bytes[256];
	ssize_t n;

	do {
		n = recv(fd, bytes, sizeof(bytes), 0);
	} while (n > 0);
	return (n < 0 && errno == EAGAIN);
}

static void
handshakes_are_limited_and_the_oldest_gives_way(void ** state)
{
	struct gate g;
	int fd[3], i;

	(void)state;
	gate_open(&g, (struct grpc_options){.handshakes_max = 2},
	    "127.0.0.1:0/tls");
	for (i = 0; i < 2; i++)
		fd[i] = gate_dial(&g);
	wait_used(&g, &g.server->handshakes, 2);
	assert_int_equal(0, g.server->handshakes.refused);
	fd[2] = gate_dial(&g);
	assert_true(hangs_up(&g, fd[0]));
	assert_int_equal(2, g.server->handshakes.used);
	assert_int_equal(1, g.server->handshakes.refused);
	assert_true(is_open(fd[1]) && is_open(fd[2]));
	for (i = 0; i < 3; i++)
		(void)close(fd[i]);
	gate_close(&g);
}

static void
many_of_one_network_do_not_drive_out_another(void ** state)
{
	struct gate g;
	int fd[4], i;

	(void)state;
	gate_open(&g, (struct grpc_options){.handshakes_max = 3},
	    "127.0.0.1:0/tls");
	fd[0] = gate_dial_from(&g, "127.0.0.2");
	wait_used(&g, &g.server->handshakes, 1);
	for (i = 1; i < 3; i++)
		fd[i] = gate_dial(&g);
	wait_used(&g, &g.server->handshakes, 3);
	fd[3] = gate_dial(&g);
	assert_true(hangs_up(&g, fd[1]));
	assert_true(is_open(fd[0]) && is_open(fd[2]) && is_open(fd[3]));
	for (i = 0; i < 4; i++)
		(void)close(fd[i]);
	gate_close(&g);
}

static void
a_handshake_that_takes_too_long_is_ended(void ** state)
{
	struct gate g;
	int fd;

	(void)state;
	gate_open(&g, (struct grpc_options){.handshake_ms = 20},
	    "127.0.0.1:0/tls");
	fd = gate_dial(&g);
	wait_used(&g, &g.server->handshakes, 1);
	assert_true(hangs_up(&g, fd));
	assert_int_equal(0, g.server->handshakes.used);
	(void)close(fd);
	gate_close(&g);
}

static void
strangers_give_way_when_connections_are_used_up(void ** state)
{
	struct gate g;
	int fd[3], i;

	(void)state;
	gate_open(&g, (struct grpc_options){.connections_max = 2},
	    "127.0.0.1:0");
	for (i = 0; i < 2; i++)
		fd[i] = gate_dial(&g);
	wait_used(&g, &g.server->n_connections, 2);
	fd[2] = gate_dial(&g);
	assert_true(hangs_up(&g, fd[0]));
	assert_int_equal(2, g.server->n_connections.used);
	assert_true(is_open(fd[1]) && is_open(fd[2]));
	for (i = 0; i < 3; i++)
		(void)close(fd[i]);
	gate_close(&g);
}

static void
who_speaks_and_shows_no_token_is_closed_in_the_end(void ** state)
{
	static const uint8_t settings[9] = {0, 0, 0, 4};
	struct gate g;
	int fd;

	(void)state;
	gate_open(&g, (struct grpc_options){.preface_ms = 50},
	    "127.0.0.1:0");
	fd = gate_dial(&g);
	assert_int_equal(24, send(fd, NGHTTP2_CLIENT_MAGIC, 24, 0));
	assert_int_equal(9, send(fd, settings, 9, 0));
	assert_true(hangs_up(&g, fd));
	(void)close(fd);
	gate_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        other_machines_are_served_over_tls_and_with_tokens),
	    cmocka_unit_test(an_address_names_tls_once_and_after_its_port),
	    cmocka_unit_test(a_call_without_a_good_token_reaches_no_handler),
	    cmocka_unit_test(a_call_with_a_token_makes_a_stranger_known),
	    cmocka_unit_test(a_handler_that_looks_by_itself_is_reached),
	    cmocka_unit_test(a_page_that_is_not_on_the_list_reaches_no_handler),
	    cmocka_unit_test(
	        a_token_that_is_withdrawn_ends_the_calls_it_let_in),
	    cmocka_unit_test(handshakes_are_limited_and_the_oldest_gives_way),
	    cmocka_unit_test(many_of_one_network_do_not_drive_out_another),
	    cmocka_unit_test(a_handshake_that_takes_too_long_is_ended),
	    cmocka_unit_test(strangers_give_way_when_connections_are_used_up),
	    cmocka_unit_test(
	        who_speaks_and_shows_no_token_is_closed_in_the_end)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
