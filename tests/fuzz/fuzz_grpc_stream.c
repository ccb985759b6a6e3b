/*
 * The bytes of a client, from its HTTP/2 preface on, against a server with
 * reflection and health.  The first byte cuts the rest into reads.
 */
#include <uv.h>

#include "fuzz/fuzz.h"
#include "server/grpc_internal.h"

/* A connection of the server without a socket to read. */
static struct grpc_connection *
connect_to(struct grpc_server * server)
{
	struct grpc_connection * c = calloc(1, sizeof(*c));

	FUZZ_CHECK(c != NULL);
	c->server = server;
	list_init(&c->place);
	list_init(&c->dirty);
	list_init(&c->calls);
	list_append(&server->connections, &c->place);
	FUZZ_CHECK(budget_take(&server->n_connections, 1));
	c->session = grpc_stream_session(c);
	FUZZ_CHECK(c->session != NULL);
	return (c);
}

/* What the loop does between reads. */
static void
attend(struct grpc_server * server)
{
	struct list * place;

	while (!list_empty(&server->due)) {
		place = server->due.next;
		list_remove(place);
		grpc_call_attend(list_entry(place, struct grpc_call, due));
	}
}

static void
feed(struct grpc_connection * c, const uint8_t * p, size_t n, size_t step)
{
	const uint8_t * out;
	size_t take;

	for (; n > 0; p += take, n -= take) {
		take = n < step ? n : step;
		if (nghttp2_session_mem_recv(c->session, p, take) < 0)
			return;
		attend(c->server);
		while (nghttp2_session_mem_send(c->session, &out) > 0)
			continue;
	}
}

/* What closing does, but for the socket that there is not. */
static void
disconnect(struct grpc_connection * c)
{
	struct list * place, * following;

	list_remove(&c->place);
	list_remove(&c->dirty);
	budget_give(&c->server->n_connections, 1);
	list_each(place, following, &c->calls)
		grpc_call_detach(list_entry(place, struct grpc_call, place));
	nghttp2_session_del(c->session);
	free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct grpc_options options = {.message_max = 4096,
	    .buffered_max = 16384};
	struct grpc_server * server;
	struct grpc_connection * c;
	uv_loop_t loop;

	if (n < 1)
		return (0);
	FUZZ_CHECK(uv_loop_init(&loop) == 0);
	FUZZ_CHECK(grpc_server_new(&server, &loop, &options, NULL) == 0);
	c = connect_to(server);
	feed(c, (const uint8_t *)NGHTTP2_CLIENT_MAGIC,
	    NGHTTP2_CLIENT_MAGIC_LEN, NGHTTP2_CLIENT_MAGIC_LEN);
	feed(c, p + 1, n - 1, (size_t)p[0] + 1);
	FUZZ_CHECK(server->buffered.used <= options.buffered_max);
	disconnect(c);
	FUZZ_CHECK(server->buffered.used == 0);
	FUZZ_CHECK(server->queued.used == 0);
	FUZZ_CHECK(grpc_server_calls(server) == 0);
	grpc_server_stop(server, 0, NULL, NULL);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	FUZZ_CHECK(uv_loop_close(&loop) == 0);
	return (0);
}
