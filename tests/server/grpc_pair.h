/* grpc_pair.h: a server and a client that share their memory. */
#ifndef BERTY_TESTS_SERVER_GRPC_PAIR_H
#define BERTY_TESTS_SERVER_GRPC_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <uv.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "server/grpc_internal.h"

#define SERVICE "test.Service"

struct pair {
	uv_loop_t loop;
	struct grpc_server * server;
	struct grpc_connection * connection;
	nghttp2_session * client;
	struct grpc_call * call;
	struct buffer trailers;  /* "name=value\n" of all that came */
	int grpc_status;
};

static void
handle_hold(struct grpc_call * call, void * user)
{
	struct pair * p = user;

	p->call = call;
}

#define TYPES(x) \
	&berty__protocol__v1__##x##__request__descriptor, \
	&berty__protocol__v1__##x##__reply__descriptor

static const struct grpc_method pair_methods[] = {
    {SERVICE, "Hold", TYPES(app_message_send), false, false, handle_hold},
    {SERVICE, "Open", TYPES(app_message_send), false, false, handle_hold}};

static int
on_header(nghttp2_session * session, const nghttp2_frame * frame,
    const uint8_t * name, size_t name_n, const uint8_t * value, size_t value_n,
    uint8_t flags, void * user)
{
	struct pair * p = user;

	(void)session;
	(void)frame;
	(void)flags;
	if (slice_equal(slice_of(name, name_n), slice_text("grpc-status")))
		p->grpc_status = *value - '0';
	buffer_append(&p->trailers, name, name_n);
	buffer_text(&p->trailers, "=");
	buffer_append(&p->trailers, value, value_n);
	buffer_text(&p->trailers, "\n");
	return (0);
}

/* Bytes both ways, and the calls that wait, until nothing moves. */
static void
settle(struct pair * p)
{
	struct list * place;
	const uint8_t * bytes;
	ssize_t n;
	bool moved;

	do {
		moved = false;
		while ((n = nghttp2_session_mem_send(p->client, &bytes)) > 0) {
			moved = true;
			assert_int_equal(n, nghttp2_session_mem_recv(
			    p->connection->session, bytes, (size_t)n));
		}
		while (!list_empty(&p->server->due)) {
			place = p->server->due.next;
			list_remove(place);
			grpc_call_attend(list_entry(place, struct grpc_call,
			    due));
		}
		while ((n = nghttp2_session_mem_send(p->connection->session,
		    &bytes)) > 0) {
			moved = true;
			assert_int_equal(n, nghttp2_session_mem_recv(p->client,
			    bytes, (size_t)n));
		}
	} while (moved);
}

static void
start(struct pair * p, const struct grpc_options * options)
{
	struct grpc_connection * c = calloc(1, sizeof(*c));
	nghttp2_session_callbacks * callbacks;

	memset(p, 0, sizeof(*p));
	p->grpc_status = -1;
	assert_non_null(c);
	assert_int_equal(0, uv_loop_init(&p->loop));
	assert_int_equal(0, grpc_server_new(&p->server, &p->loop, options,
	    NULL));
	assert_int_equal(0, grpc_server_add(p->server, pair_methods, 1, p));
	assert_int_equal(0, grpc_server_add_open(p->server, pair_methods + 1,
	    1, p));
	c->server = p->server;
	list_init(&c->place);
	list_init(&c->dirty);
	list_init(&c->calls);
	list_append(&p->server->connections, &c->place);
	c->session = grpc_stream_session(c);
	assert_non_null(c->session);
	p->connection = c;
	assert_int_equal(0, nghttp2_session_callbacks_new(&callbacks));
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	assert_int_equal(0, nghttp2_session_client_new(&p->client, callbacks,
	    p));
	nghttp2_session_callbacks_del(callbacks);
	assert_int_equal(0, nghttp2_submit_settings(p->client, 0, NULL, 0));
	settle(p);
}

static void
stop(struct pair * p)
{
	struct grpc_connection * c = p->connection;
	struct list * place, * following;

	list_remove(&c->place);
	list_remove(&c->dirty);
	list_each(place, following, &c->calls)
		grpc_call_detach(list_entry(place, struct grpc_call, place));
	nghttp2_session_del(c->session);
	nghttp2_session_del(p->client);
	free(c);
	assert_int_equal(0, p->server->buffered.used);
	grpc_server_stop(p->server, 0, NULL, NULL);
	(void)uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(&p->loop));
	buffer_free(&p->trailers);
}

static ssize_t
read_empty(nghttp2_session * session, int32_t id, uint8_t * p, size_t n,
    uint32_t * flags, nghttp2_data_source * source, void * user)
{
	(void)session;
	(void)id;
	(void)source;
	(void)user;
	assert_true(n >= 5);
	memset(p, 0, 5);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (5);
}

/* Call with up to two more headers. */
static void
call_path(struct pair * p, const char * path, const char * const more[4])
{
	const char * const list[] = {":method", "POST", ":scheme", "http",
	    ":path", path, ":authority", "x", "content-type",
	    "application/grpc", more[0], more[1], more[2], more[3]};
	nghttp2_nv nv[7];
	nghttp2_data_provider body = {{.ptr = p}, read_empty};
	size_t n;

	for (n = 0; n < 7 && list[2 * n] != NULL; n++)
		nv[n] = (nghttp2_nv){(uint8_t *)(uintptr_t)list[2 * n],
		    (uint8_t *)(uintptr_t)list[2 * n + 1],
		    strlen(list[2 * n]), strlen(list[2 * n + 1]), 0};
	assert_true(nghttp2_submit_request(p->client, NULL, nv, n, &body,
	    NULL) > 0);
	settle(p);
}

static inline void
call(struct pair * p, const char * const more[4])
{
	call_path(p, "/" SERVICE "/Hold", more);
}

/* Did that line come among the headers and trailers? */
static inline bool
came(struct pair * p, const char * line)
{
	buffer_byte(&p->trailers, 0);
	p->trailers.n--;
	return (strstr((char *)p->trailers.p, line) != NULL);
}

static inline void
answer(struct pair * p)
{
	Berty__Protocol__V1__AppMessageSend__Reply reply =
	    BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REPLY__INIT;

	grpc_call_answer(p->call, &reply);
	settle(p);
}

#endif /* !BERTY_TESTS_SERVER_GRPC_PAIR_H */
