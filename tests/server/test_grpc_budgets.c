/*
 * What clients may use up: at each limit, one above, and counted.  The client
 * is bytes in memory, so that it can do what no honest one does.
 */
#include "support/budgets.h"

#include <stdlib.h>
#include <uv.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "server/grpc_internal.h"

#define SERVICE "test.Service"

enum { STREAMS_SEEN = 4096 };

struct wire {
	uv_loop_t loop;
	struct grpc_server * server;
	struct grpc_connection * connection;
	nghttp2_session * client;
	/* What the client saw, by stream. */
	int http[STREAMS_SEEN], grpc[STREAMS_SEEN];
	bool closed[STREAMS_SEEN];
	uint32_t code[STREAMS_SEEN];
	size_t got[STREAMS_SEEN];
	bool goaway;
	uint32_t goaway_code;
	/* What the handlers did. */
	unsigned started, cancelled;
	struct grpc_call * calls[STREAMS_SEEN];
};

/* --- methods -------------------------------------------------------------- */

static void
hang_cancelled(struct grpc_call * call)
{
	struct wire * w = grpc_call_data(call);

	w->cancelled++;
	grpc_call_finish(call, NULL);
}

static const struct grpc_call_events hang_events = {
	.cancelled = hang_cancelled};

/* Waits for the test to reply. */
static void
handle_hang(struct grpc_call * call, void * user)
{
	struct wire * w = user;

	assert_true(w->started < STREAMS_SEEN);
	w->calls[w->started++] = call;
	grpc_call_set_data(call, w);
	grpc_call_watch(call, &hang_events);
}

#define TYPES(x) \
	&berty__protocol__v1__##x##__request__descriptor, \
	&berty__protocol__v1__##x##__reply__descriptor

static const struct grpc_method methods[] = {
    {SERVICE, "Hang", TYPES(app_message_send), false, true, handle_hang}};

/* --- the client ------------------------------------------------------------ */

static int
on_header(nghttp2_session * session, const nghttp2_frame * frame,
    const uint8_t * name, size_t name_n, const uint8_t * value, size_t value_n,
    uint8_t flags, void * user)
{
	struct wire * w = user;
	char digits[8] = "";

	(void)session;
	(void)flags;
	memcpy(digits, value, value_n < 7 ? value_n : 7);
	if (slice_equal(slice_of(name, name_n), slice_text(":status")))
		w->http[frame->hd.stream_id] = atoi(digits);
	if (slice_equal(slice_of(name, name_n), slice_text("grpc-status")))
		w->grpc[frame->hd.stream_id] = atoi(digits);
	return (0);
}

static int
on_data(nghttp2_session * session, uint8_t flags, int32_t id,
    const uint8_t * p, size_t n, void * user)
{
	struct wire * w = user;

	(void)session;
	(void)flags;
	(void)p;
	w->got[id] += n;
	return (0);
}

static int
on_frame(nghttp2_session * session, const nghttp2_frame * frame, void * user)
{
	struct wire * w = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		w->goaway = true;
		w->goaway_code = frame->goaway.error_code;
	}
	return (0);
}

static int
on_close(nghttp2_session * session, int32_t id, uint32_t code, void * user)
{
	struct wire * w = user;

	(void)session;
	w->closed[id] = true;
	w->code[id] = code;
	return (0);
}

static void
client_start(struct wire * w)
{
	nghttp2_session_callbacks * c;
	nghttp2_option * option;

	assert_int_equal(0, nghttp2_session_callbacks_new(&c));
	assert_int_equal(0, nghttp2_option_new(&option));
	/* It does not heed what the server allows, and reads no window. */
	nghttp2_option_set_peer_max_concurrent_streams(option, 1 << 30);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	assert_int_equal(0, nghttp2_session_client_new2(&w->client, c, w,
	    option));
	assert_int_equal(0, nghttp2_submit_settings(w->client, 0, NULL, 0));
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(c);
}

/* Client to server; false when the server has had enough. */
static bool
say(struct wire * w, const uint8_t * p, size_t n)
{
	return (nghttp2_session_mem_recv(w->connection->session, p, n) ==
	    (ssize_t)n);
}

static bool
push_alone(struct wire * w)
{
	const uint8_t * p;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(w->client, &p)) > 0)
		if (!say(w, p, (size_t)n))
			return (false);
	return (true);
}

/* What the loop does between reads. */
static void
attend(struct wire * w)
{
	struct list * place;

	while (!list_empty(&w->server->due)) {
		place = w->server->due.next;
		list_remove(place);
		grpc_call_attend(list_entry(place, struct grpc_call, due));
	}
}

static bool
push(struct wire * w)
{
	bool taken = push_alone(w);

	attend(w);
	return (taken);
}

/* Server to client. */
static void
pull(struct wire * w)
{
	const uint8_t * p;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(w->connection->session, &p)) > 0)
		assert_int_equal(n, nghttp2_session_mem_recv(w->client, p,
		    (size_t)n));
}

static struct wire *
start(const struct grpc_options * options, bool heeds)
{
	struct wire * w = calloc(1, sizeof(*w));
	struct grpc_connection * c = calloc(1, sizeof(*c));

	assert_non_null(w);
	assert_non_null(c);
	assert_int_equal(0, uv_loop_init(&w->loop));
	assert_int_equal(0, grpc_server_new(&w->server, &w->loop, options,
	    NULL));
	assert_int_equal(0, grpc_server_add(w->server, methods, 1, w));
	c->server = w->server;
	list_init(&c->place);
	list_init(&c->dirty);
	list_init(&c->calls);
	list_append(&w->server->connections, &c->place);
	c->session = grpc_stream_session(c);
	assert_non_null(c->session);
	w->connection = c;
	client_start(w);
	assert_true(push(w));
	if (heeds) {
		pull(w);
		assert_true(push(w));
	}
	return (w);
}

/* All that calls took is given back with the connection. */
static void
stop(struct wire * w)
{
	struct grpc_connection * c = w->connection;
	struct list * place, * following;

	list_remove(&c->place);
	list_remove(&c->dirty);
	list_each(place, following, &c->calls)
		grpc_call_detach(list_entry(place, struct grpc_call, place));
	nghttp2_session_del(c->session);
	nghttp2_session_del(w->client);
	free(c);
	assert_int_equal(0, w->server->n_calls.used);
	assert_int_equal(0, w->server->buffered.used);
	assert_int_equal(0, w->server->queued.used);
	assert_int_equal(w->started, w->cancelled);
	grpc_server_stop(w->server, 0, NULL, NULL);
	(void)uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(&w->loop));
	free(w);
}

static struct budget
budget(struct wire * w, const char * name)
{
	struct budget b;

	budget_of(grpc_server_budgets, w->server, name, &b);
	return (b);
}

static nghttp2_nv
nv(const char * name, const char * value)
{
	return ((nghttp2_nv){(uint8_t *)(uintptr_t)name,
	    (uint8_t *)(uintptr_t)value, strlen(name), strlen(value), 0});
}

static ssize_t
read_empty(nghttp2_session * session, int32_t id, uint8_t * p, size_t n,
    uint32_t * flags, nghttp2_data_source * source, void * user)
{
	static const uint8_t frame[5];

	(void)session;
	(void)id;
	(void)source;
	(void)user;
	assert_true(n >= sizeof(frame));
	memcpy(p, frame, sizeof(frame));
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (sizeof(frame));
}

static ssize_t
read_never(nghttp2_session * session, int32_t id, uint8_t * p, size_t n,
    uint32_t * flags, nghttp2_data_source * source, void * user)
{
	(void)session;
	(void)id;
	(void)p;
	(void)n;
	(void)flags;
	(void)source;
	(void)user;
	return (NGHTTP2_ERR_DEFERRED);
}

/* A call, with one more header if `more` is no NULL; its stream. */
static int32_t
call_with(struct wire * w, bool whole, const char * more)
{
	nghttp2_data_provider body = {{.ptr = w},
	    whole ? read_empty : read_never};
	nghttp2_nv list[] = {nv(":method", "POST"), nv(":scheme", "http"),
	    nv(":path", "/" SERVICE "/Hang"), nv(":authority", "x"),
	    nv("content-type", "application/grpc"),
	    nv("x", more == NULL ? "" : more)};
	int32_t id = nghttp2_submit_request(w->client, NULL, list,
	    more == NULL ? 5 : 6, &body, w);

	assert_true(id > 0 && id < STREAMS_SEEN);
	return (id);
}

static int32_t
call(struct wire * w)
{
	return (call_with(w, true, NULL));
}

/* --- calls ------------------------------------------------------------------ */

static void
calls_of_a_connection_are_limited(void ** state)
{
	struct wire * w = start(&(struct grpc_options){.streams_max = 3},
	    false);
	int32_t id = 0;
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		(void)call(w);
	assert_true(push(w));
	assert_int_equal(3, w->started);
	assert_int_equal(0, budget(w, "grpc.calls_of_connection").refused);
	id = call(w);
	assert_true(push(w));
	assert_int_equal(3, w->started);
	pull(w);
	assert_true(w->closed[id] && w->code[id] == NGHTTP2_REFUSED_STREAM);
	assert_int_equal(3, budget(w, "grpc.calls_of_connection").used);
	assert_int_equal(1, budget(w, "grpc.calls_of_connection").refused);
	stop(w);
}

static void
calls_of_all_connections_are_limited(void ** state)
{
	struct wire * w = start(&(struct grpc_options){.calls_max = 3}, true);
	int32_t id = 0;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		id = call(w);
	assert_true(push(w));
	pull(w);
	assert_int_equal(3, w->started);
	assert_true(w->closed[id] && w->code[id] == NGHTTP2_REFUSED_STREAM);
	assert_int_equal(3, budget(w, "grpc.calls").used);
	assert_int_equal(1, budget(w, "grpc.calls").refused);
	/* One that ends makes room. */
	grpc_call_finish(w->calls[0], NULL);
	w->cancelled++;
	pull(w);
	assert_int_equal(2, budget(w, "grpc.calls").used);
	(void)call(w);
	assert_true(push(w));
	assert_int_equal(4, w->started);
	assert_int_equal(3, budget(w, "grpc.calls").peak);
	stop(w);
}

static void
a_thousand_calls_may_be_reset_at_once(void ** state)
{
	struct wire * w = start(NULL, true);
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		int32_t id = call(w);

		assert_true(push(w));
		assert_int_equal(0, nghttp2_submit_rst_stream(w->client, 0, id,
		    NGHTTP2_CANCEL));
		assert_true(push(w));
	}
	pull(w);
	assert_false(w->goaway);
	assert_int_equal(1000, w->cancelled);
	assert_int_equal(0, budget(w, "grpc.calls").used);
	/* What comes back in a second is 100: so many more, and it ends. */
	for (i = 0; i < 200 && !w->goaway; i++) {
		int32_t id = call(w);

		assert_true(push(w));
		(void)nghttp2_submit_rst_stream(w->client, 0, id,
		    NGHTTP2_CANCEL);
		(void)push(w);
		pull(w);
	}
	assert_true(w->goaway);
	stop(w);
}

static void
a_call_that_is_reset_in_the_same_breath_is_not_begun(void ** state)
{
	struct wire * w = start(NULL, true);
	int32_t id = call(w);

	(void)state;
	assert_true(push_alone(w));
	assert_int_equal(0, nghttp2_submit_rst_stream(w->client, 0, id,
	    NGHTTP2_CANCEL));
	assert_true(push(w));
	assert_int_equal(0, w->started);
	assert_int_equal(0, budget(w, "grpc.calls").used);
	(void)call(w);
	assert_true(push(w));
	assert_int_equal(1, w->started);
	stop(w);
}

/* --- headers ----------------------------------------------------------------- */

static void
headers_of_16_kib_are_read_and_no_more(void ** state)
{
	struct wire * w = start(NULL, true);
	/* The five headers before count so much, with 32 for each. */
	size_t fixed = strlen(":methodPOST:schemehttp:path/" SERVICE "/Hang"
	    ":authorityxcontent-typeapplication/grpc") + 5 * 32;
	char * more = calloc(1, GRPC_HEADERS_MAX);
	int32_t id;

	(void)state;
	memset(more, 'a', GRPC_HEADERS_MAX - fixed - 33);
	id = call_with(w, true, more);
	assert_true(push(w));
	pull(w);
	assert_int_equal(1, w->started);
	assert_false(w->closed[id]);
	more[GRPC_HEADERS_MAX - fixed - 33] = 'a';
	id = call_with(w, true, more);
	assert_true(push(w));
	pull(w);
	assert_int_equal(1, w->started);
	assert_int_equal(431, w->http[id]);
	assert_false(w->goaway);
	free(more);
	stop(w);
}

/* A frame by hand: its head, then n bytes of zero. */
static void
frame(struct buffer * out, uint8_t type, uint8_t flags, uint32_t id,
    size_t length)
{
	buffer_byte(out, 0);
	buffer_be16(out, (uint16_t)length);
	buffer_byte(out, type);
	buffer_byte(out, flags);
	buffer_be32(out, id);
	memset(buffer_grow(out, length), 0, length);
}

static void
endless_continuations_end_the_connection(void ** state)
{
	struct wire * w = start(NULL, true);
	struct buffer bytes = {0};
	int i;

	(void)state;
	/* A block of headers that never ends, in frames without a byte. */
	frame(&bytes, NGHTTP2_HEADERS, 0, 1, 0);
	for (i = 0; i < 1000; i++)
		frame(&bytes, NGHTTP2_CONTINUATION, 0, 1, 0);
	assert_false(say(w, bytes.p, bytes.n));
	buffer_free(&bytes);
	stop(w);
}

static void
pings_that_are_not_read_end_the_connection(void ** state)
{
	struct wire * w = start(NULL, true);
	struct buffer bytes = {0};
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		frame(&bytes, NGHTTP2_PING, 0, 0, 8);
	assert_true(say(w, bytes.p, bytes.n));
	buffer_clear(&bytes);
	frame(&bytes, NGHTTP2_PING, 0, 0, 8);
	assert_false(say(w, bytes.p, bytes.n));
	buffer_free(&bytes);
	stop(w);
}

/* --- bytes --------------------------------------------------------------------- */

/* A part of a request that says it will have `size` bytes. */
static bool
say_part(struct wire * w, int32_t id, size_t size, size_t n)
{
	struct buffer bytes = {0};
	size_t start, piece;
	bool taken = true;

	while (taken && n > 0) {
		piece = n < 10000 ? n : 10000;
		buffer_clear(&bytes);
		frame(&bytes, NGHTTP2_DATA, 0, (uint32_t)id, piece);
		start = bytes.n - piece;
		if (size > 0) {
			bytes.p[start + 1] = (uint8_t)(size >> 24);
			bytes.p[start + 2] = (uint8_t)(size >> 16);
			bytes.p[start + 3] = (uint8_t)(size >> 8);
			bytes.p[start + 4] = (uint8_t)size;
			size = 0;
		}
		taken = say(w, bytes.p, bytes.n);
		n -= piece;
		pull(w);
	}
	buffer_free(&bytes);
	return (taken);
}

static void
bytes_of_unfinished_requests_are_limited(void ** state)
{
	struct wire * w = start(&(struct grpc_options){.buffered_max = 10000},
	    true);
	int32_t a = call_with(w, false, NULL), b = call_with(w, false, NULL);

	(void)state;
	assert_true(push(w));
	assert_true(say_part(w, a, 8000, 5000));
	assert_true(say_part(w, b, 8000, 5000));
	assert_int_equal(10000, budget(w, "grpc.unfinished_bytes").used);
	assert_false(w->closed[a] || w->closed[b]);
	assert_true(say_part(w, b, 0, 1));
	assert_int_equal(GRPC_RESOURCE_EXHAUSTED, w->grpc[b]);
	assert_int_equal(1, budget(w, "grpc.unfinished_bytes").refused);
	assert_int_equal(5000, budget(w, "grpc.unfinished_bytes").used);
	assert_false(w->closed[a]);
	assert_int_equal(0, w->started);
	stop(w);
}

static void
a_request_of_4_mib_is_read_and_no_larger_one(void ** state)
{
	struct wire * w = start(NULL, true);
	int32_t id = call_with(w, false, NULL);

	(void)state;
	assert_true(push(w));
	assert_true(say_part(w, id, 4 << 20, 10));
	assert_int_equal(0, w->grpc[id]);
	assert_int_equal(10, budget(w, "grpc.unfinished_bytes").used);
	id = call_with(w, false, NULL);
	assert_true(push(w));
	/* Refused by what it says, before it came. */
	assert_true(say_part(w, id, (4 << 20) + 1, 10));
	assert_int_equal(GRPC_RESOURCE_EXHAUSTED, w->grpc[id]);
	assert_int_equal(10, budget(w, "grpc.unfinished_bytes").used);
	stop(w);
}

/* Reply n bytes; what the handler is told. */
static size_t
reply(struct grpc_call * c, size_t n)
{
	uint8_t * p = calloc(1, n);
	size_t queued = grpc_call_reply_bytes(c, slice_of(p, n));

	free(p);
	return (queued);
}

static void
replies_that_nobody_reads_are_limited_in_all(void ** state)
{
	enum { LIMIT = 1 << 20 };
	struct wire * w = start(&(struct grpc_options){.queued_max = LIMIT},
	    true);
	unsigned i, n;

	(void)state;
	for (i = 0; i < 6; i++)
		(void)call(w);
	assert_true(push(w));
	assert_int_equal(6, w->started);
	/* Three slow readers have 256 KiB each, and are told to wait. */
	for (i = 0; i < 3; i++)
		while (reply(w->calls[i], 10000) < GRPC_CALL_QUEUE)
			continue;
	assert_true(budget(w, "grpc.queued_bytes").used >= LIMIT / 4 * 3);
	/* From now on one is told so sooner, but not before its first. */
	assert_true(reply(w->calls[3], 1000) < GRPC_CALL_QUEUE);
	for (n = 1; reply(w->calls[3], 1000) < GRPC_CALL_QUEUE; n++)
		assert_true(n < 10);
	assert_true(grpc_call_queued(w->calls[3]) < 10000);
	/* Who does not heed it meets the limit, and only it. */
	for (i = 0; i < 100 && !grpc_call_cancelled(w->calls[4]); i++) {
		(void)reply(w->calls[4], 10000);
		attend(w);
	}
	assert_int_equal(1, w->cancelled);
	assert_true(budget(w, "grpc.queued_bytes").peak <= LIMIT + 100);
	assert_true(budget(w, "grpc.queued_bytes").refused > 0);
	assert_true(reply(w->calls[5], 1000) < GRPC_CALL_QUEUE);
	stop(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_of_a_connection_are_limited),
		cmocka_unit_test(calls_of_all_connections_are_limited),
		cmocka_unit_test(a_thousand_calls_may_be_reset_at_once),
		cmocka_unit_test(
		    a_call_that_is_reset_in_the_same_breath_is_not_begun),
		cmocka_unit_test(headers_of_16_kib_are_read_and_no_more),
		cmocka_unit_test(endless_continuations_end_the_connection),
		cmocka_unit_test(pings_that_are_not_read_end_the_connection),
		cmocka_unit_test(bytes_of_unfinished_requests_are_limited),
		cmocka_unit_test(a_request_of_4_mib_is_read_and_no_larger_one),
		cmocka_unit_test(replies_that_nobody_reads_are_limited_in_all),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
