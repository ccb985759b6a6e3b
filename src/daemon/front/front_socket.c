/*
 * front_socket.c: gRPC-Web over a websocket, one call each, as the client of
 * improbable-eng/grpc-web speaks it.  The client's first message is headers;
 * then each begins with a byte: 0, and pieces of gRPC's frames follow; 1, and
 * it has sent all.  Ours are frames of gRPC-Web: headers, messages, trailers.
 */
#include <stdlib.h>

#include "codec/protobuf.h"
#include "daemon/front/front_impl.h"
#include "server/grpc_frame.h"
#include "server/grpc_web.h"
#include "server/websocket.h"

#define PROTOCOL "grpc-websockets"

/* Until the headers have come; between signs of life asked for; ms. */
#define HEADERS_MS 20000
#define PING_MS 30000
#define PINGS_MISSED 2

struct socket {
	struct list place;        /* on the front */
	struct front_listener * listener;
	const struct front_entry * entry;
	struct front_call * call; /* NULL: it is over */
	struct http_socket * s;   /* NULL: not yet, or gone */
	struct websocket in;
	struct world_timer life;
	unsigned missed;
	unsigned held;
	bool ended;
};

/* --- life ----------------------------------------------------------------- */

static void
drop(struct socket * o)
{
	if (--o->held > 0 || !o->ended)
		return;
	world_timer_stop(o->listener->front->world, &o->life);
	list_remove(&o->place);
	websocket_free(&o->in);
	free(o);
}

/* Nothing more is sent or heard. */
static void
let_go(struct socket * o)
{
	o->held++;
	o->ended = true;
	if (o->s != NULL)
		http_socket_close(o->s);
	o->s = NULL;
	drop(o);
}

static void
close_with(struct socket * o, enum websocket_code code)
{
	struct front_call * c = o->call;
	struct buffer frame = {0};

	o->held++;
	websocket_goodbye(&frame, code);
	if (o->s != NULL)
		(void)http_socket_write(o->s, buffer_all(&frame));
	buffer_free(&frame);
	o->call = NULL;
	let_go(o);
	if (c != NULL)
		front_call_gone(c);
	drop(o);
}

static void
on_life(struct world_timer * timer)
{
	struct socket * o = list_entry(timer, struct socket, life);
	struct buffer frame = {0};

	if (o->call == NULL || o->call->entry == NULL) {
		close_with(o, WEBSOCKET_POLICY);
		return;
	}
	if (!o->call->paused && o->missed++ >= PINGS_MISSED) {
		close_with(o, WEBSOCKET_AWAY);
		return;
	}
	websocket_header(&frame, WEBSOCKET_PING, 0);
	(void)http_socket_write(o->s, buffer_all(&frame));
	buffer_free(&frame);
	(void)world_timer_start(o->listener->front->world, timer, PING_MS);
}

/* --- the carrier ---------------------------------------------------------- */

static void
send_frame(struct socket * o, struct slice frame)
{
	struct buffer out = {0};

	websocket_header(&out, WEBSOCKET_BINARY, frame.n);
	buffer_slice(&out, frame);
	if (o->s != NULL)
		(void)http_socket_write(o->s, buffer_all(&out));
	buffer_free(&out);
}

static void
socket_begin(struct front_call * c)
{
	static const char lines[] =
	    "content-type: application/grpc-web+proto\r\n";
	struct buffer frame = {0};

	if (c->begun)
		return;
	c->begun = true;
	grpc_web_trailers_header(&frame, strlen(lines));
	buffer_text(&frame, lines);
	send_frame(c->carriage, buffer_all(&frame));
	buffer_free(&frame);
}

static void
socket_message(struct front_call * c, const void * message)
{
	struct buffer bytes = {0}, frame = {0};

	protobuf_encode(&bytes, message);
	grpc_frame_header(&frame, bytes.n);
	buffer_slice(&frame, buffer_all(&bytes));
	socket_begin(c);
	send_frame(c->carriage, buffer_all(&frame));
	buffer_free(&bytes);
	buffer_free(&frame);
}

static void
socket_end(struct front_call * c, enum grpc_status status,
    const struct error * err)
{
	struct socket * o = c->carriage;
	struct buffer frame = {0};

	socket_begin(c);
	front_trailers(&frame, c, status, err);
	send_frame(o, buffer_all(&frame));
	buffer_free(&frame);
	o->call = NULL;
	close_with(o, WEBSOCKET_NORMAL);
}

static void
socket_pause(struct front_call * c, bool paused)
{
	struct socket * o = c->carriage;

	if (o->s != NULL)
		http_socket_pause(o->s, paused);
}

static void
socket_know(struct front_call * c)
{
	struct socket * o = c->carriage;

	if (o->s != NULL)
		http_socket_know(o->s);
}

static size_t
socket_queued(const struct front_call * c)
{
	const struct socket * o = c->carriage;

	return (o->s == NULL ? 0 : http_socket_queued(o->s));
}

static void
socket_wait(struct front_call * c, size_t n)
{
	struct socket * o = c->carriage;

	if (o->s != NULL)
		http_socket_wait(o->s, n);
}

static const struct front_carrier carrier = {
	.begin = socket_begin,
	.message = socket_message,
	.end = socket_end,
	.pause = socket_pause,
	.know = socket_know,
	.queued = socket_queued,
	.wait = socket_wait,
	.next = front_next_frame,
};

/* --- what comes ----------------------------------------------------------- */

static void
take_headers(struct socket * o, struct slice text)
{
	struct front_call * c = o->call;

	if (!front_headers_parse(c, text)) {
		front_call_cancel(c, GRPC_INTERNAL, "the headers are "
		    "malformed or too large");
		return;
	}
	o->in.max = FRONT_MESSAGE_MAX + GRPC_FRAME_HEADER + 1;
	(void)world_timer_start(o->listener->front->world, &o->life, PING_MS);
	(void)front_call_open(c, o->listener, o->entry);
}

static void
take_piece(struct socket * o, struct slice piece)
{
	struct front_call * c = o->call;

	if (piece.n == 0 || piece.p[0] > 1 ||
	    (piece.p[0] == 1 && piece.n > 1))
		front_call_cancel(c, GRPC_INTERNAL,
		    "a message begins with 0, or is 1 alone");
	else if (c->input_ended)
		front_call_cancel(c, GRPC_INTERNAL,
		    "nothing comes behind the end");
	else if (piece.p[0] == 1)
		front_call_input_end(c);
	else {
		front_call_hold(c);
		front_call_take(c, slice_of(piece.p + 1, piece.n - 1));
		if (c->carrier != NULL)
			front_call_read(c);
		front_call_drop(c);
	}
}

static void
pong(struct socket * o, struct slice payload)
{
	struct buffer frame = {0};

	/* Who asks and does not read is not answered. */
	if (http_socket_queued(o->s) > HTTP_QUEUE)
		return;
	websocket_header(&frame, WEBSOCKET_PONG, payload.n);
	buffer_slice(&frame, payload);
	(void)http_socket_write(o->s, buffer_all(&frame));
	buffer_free(&frame);
}

static void
take_message(struct socket * o, enum websocket_opcode kind,
    struct slice payload)
{
	o->missed = 0;
	if (kind == WEBSOCKET_CLOSE)
		close_with(o, WEBSOCKET_NORMAL);
	else if (kind == WEBSOCKET_PING)
		pong(o, payload);
	else if (kind == WEBSOCKET_TEXT)
		close_with(o, WEBSOCKET_UNSUPPORTED);
	else if (kind == WEBSOCKET_BINARY && o->call->entry == NULL)
		take_headers(o, payload);
	else if (kind == WEBSOCKET_BINARY)
		take_piece(o, payload);
}

static void
take(struct socket * o, struct slice bytes)
{
	enum websocket_opcode kind;
	enum websocket_code code;
	enum websocket_event event = WEBSOCKET_MESSAGE;
	struct slice payload;

	o->held++;
	if (!websocket_feed(&o->in, bytes))
		close_with(o, WEBSOCKET_INTERNAL);
	while (!o->ended && event == WEBSOCKET_MESSAGE) {
		event = websocket_next(&o->in, &kind, &payload, &code);
		if (event == WEBSOCKET_MESSAGE)
			take_message(o, kind, payload);
		else if (event == WEBSOCKET_BAD)
			close_with(o, code);
	}
	drop(o);
}

static void
on_data(struct http_socket * s, struct slice bytes)
{
	take(http_socket_user(s), bytes);
}

static void
on_writable(struct http_socket * s)
{
	struct socket * o = http_socket_user(s);

	if (o->call != NULL)
		front_call_writable(o->call);
}

static void
on_closed(struct http_socket * s)
{
	close_with(http_socket_user(s), WEBSOCKET_AWAY);
}

static const struct http_socket_events events = {
	.data = on_data,
	.writable = on_writable,
	.closed = on_closed,
};

/* --- the handshake -------------------------------------------------------- */

static void
upgraded(void * user, struct http_socket * s, struct slice came)
{
	struct socket * o = user;

	if (s == NULL || o->ended) {
		if (s != NULL)
			http_socket_close(s);
		if (!o->ended)
			close_with(o, WEBSOCKET_AWAY);
		drop(o);
		return;
	}
	o->s = s;
	http_socket_watch(s, &events, o);
	if (came.n > 0)
		take(o, came);
	drop(o);
}

/* Is one of the words of a header that one?  Their case does not matter. */
static bool
names(struct slice header, const char * word)
{
	size_t n = strlen(word), i, from = 0, j;

	for (i = 0; i <= header.n; i++) {
		if (i < header.n && header.p[i] != ',')
			continue;
		while (from < i && header.p[from] == ' ')
			from++;
		for (j = 0; j < n && from + j < i && (header.p[from + j] |
		    (header.p[from + j] >= 'A' && header.p[from + j] <= 'Z' ?
		    0x20 : 0)) == word[j]; j++)
			;
		while (from + j < i && header.p[from + j] == ' ' && j == n)
			from++;
		if (j == n && from + n == i)
			return (true);
		from = i + 1;
	}
	return (false);
}

static bool
greet(struct http_request * r)
{
	struct buffer accept = {0};
	bool good;

	if (strcmp(http_method(r), "GET") != 0 ||
	    !names(http_header(r, "Upgrade"), "websocket") ||
	    !names(http_header(r, "Sec-WebSocket-Protocol"), PROTOCOL)) {
		front_answer(r, 400, "a websocket of calls speaks " PROTOCOL);
		return (false);
	}
	if (!slice_equal(http_header(r, "Sec-WebSocket-Version"),
	    slice_text("13"))) {
		(void)http_set(r, "Sec-WebSocket-Version", "13");
		front_answer(r, 426, "websockets are of version 13");
		return (false);
	}
	good = websocket_accept(&accept, http_header(r, "Sec-WebSocket-Key"));
	buffer_byte(&accept, 0);
	if (good && !accept.failed) {
		(void)http_set(r, "Upgrade", "websocket");
		(void)http_set(r, "Sec-WebSocket-Accept", (char *)accept.p);
		(void)http_set(r, "Sec-WebSocket-Protocol", PROTOCOL);
	} else
		front_answer(r, 400, "Sec-WebSocket-Key is none");
	buffer_free(&accept);
	return (good);
}

void
front_socket_open(struct front_listener * l, struct http_request * r)
{
	struct front * f = l->front;
	struct slice token;
	struct socket * o;

	if (!greet(r))
		return;
	if ((o = calloc(1, sizeof(*o))) == NULL ||
	    (o->call = front_call_new(f, &carrier, o)) == NULL) {
		free(o);
		front_answer(r, 503, "too many calls");
		return;
	}
	o->listener = l;
	o->entry = front_find(f, http_path(r));
	o->in.max = FRONT_HEADERS_MAX;
	o->life.fire = on_life;
	o->held = 1;              /* until the handshake is over */
	list_append(&f->idle, &o->place);
	/* Pages cannot set a header of the handshake; programs may. */
	token = http_header(r, "Authorization");
	if (token.n > 0)
		(void)front_header_keep(o->call, "authorization", token);
	(void)world_timer_start(f->world, &o->life, f->options.headers_ms == 0
	    ? HEADERS_MS : f->options.headers_ms);
	http_upgrade(r, upgraded, o);
}

void
front_sockets_end(struct front * f)
{
	struct list * place, * next;

	list_each(place, next, &f->idle)
		close_with(list_entry(place, struct socket, place),
		    WEBSOCKET_AWAY);
}
