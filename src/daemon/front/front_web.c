/* front_web.c: a call of gRPC-Web, the body of a request and of its answer. */
#include <stdlib.h>

#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "daemon/front/front_impl.h"
#include "server/grpc_frame.h"
#include "server/grpc_web.h"

struct web {
	struct http_request * r;
	struct front_call * call;
	struct grpc_web_text text;
};

static struct http_request *
request_of(const struct front_call * c)
{
	return (((struct web *)c->carriage)->r);
}

static void
set_type(struct http_request * r, enum grpc_web_form form)
{
	(void)http_set(r, "Content-Type", grpc_web_type(form));
	(void)http_set(r, "X-Content-Type-Options", "nosniff");
	(void)http_set(r, "Cache-Control", "no-store");
}

static void
write_out(struct http_request * r, int form, struct slice bytes)
{
	struct buffer text = {0};

	if (form != GRPC_WEB_TEXT) {
		(void)http_write(r, bytes);
		return;
	}
	/* Each piece is padded, so that it can be read when it comes. */
	base64_encode(&text, bytes);
	(void)http_write(r, buffer_all(&text));
	buffer_free(&text);
}

void
front_trailers(struct buffer * out, const struct front_call * c,
    enum grpc_status status, const struct error * err)
{
	struct buffer lines = {0};

	grpc_web_trailers(&lines, status, err);
	if (c != NULL)
		buffer_slice(&lines, buffer_all(&c->trailers));
	grpc_web_trailers_header(out, lines.n);
	buffer_slice(out, buffer_all(&lines));
	out->failed |= lines.failed;
	buffer_free(&lines);
}

/* --- the carrier ---------------------------------------------------------- */

static void
web_begin(struct front_call * c)
{
	if (c->begun)
		return;
	c->begun = true;
	set_type(request_of(c), (enum grpc_web_form)c->form);
	http_begin(request_of(c), 200);
}

static void
web_message(struct front_call * c, const void * message)
{
	struct buffer bytes = {0}, frame = {0};

	protobuf_encode(&bytes, message);
	grpc_frame_header(&frame, bytes.n);
	buffer_slice(&frame, buffer_all(&bytes));
	web_begin(c);
	write_out(request_of(c), c->form, buffer_all(&frame));
	buffer_free(&bytes);
	buffer_free(&frame);
}

static void
web_end(struct front_call * c, enum grpc_status status,
    const struct error * err)
{
	struct web * w = c->carriage;
	struct buffer frame = {0};

	web_begin(c);
	front_trailers(&frame, c, status, err);
	write_out(w->r, c->form, buffer_all(&frame));
	/* Whoever sends on is not read to an end that may never come. */
	http_body_max(w->r, FRONT_BODY_MAX);
	http_end(w->r, false);
	buffer_free(&frame);
	free(w);
}

static void
web_pause(struct front_call * c, bool paused)
{
	http_pause(request_of(c), paused);
}

static void
web_know(struct front_call * c)
{
	http_know(request_of(c));
}

static size_t
web_queued(const struct front_call * c)
{
	return (http_queued(request_of(c)));
}

static void
web_wait(struct front_call * c, size_t n)
{
	http_wait(request_of(c), n);
}

static const struct front_carrier carrier = {
	.begin = web_begin,
	.message = web_message,
	.end = web_end,
	.pause = web_pause,
	.know = web_know,
	.queued = web_queued,
	.wait = web_wait,
	.next = front_next_frame,
};

/* --- the request ---------------------------------------------------------- */

static void
on_data(struct http_request * r, struct slice bytes)
{
	struct web * w = http_user(r);
	struct front_call * c = w->call;
	struct buffer plain = {0};
	bool good = true;

	front_call_hold(c);
	if (c->form == GRPC_WEB_TEXT) {
		good = grpc_web_read_text(&w->text, &plain, bytes);
		bytes = buffer_all(&plain);
	}
	if (!good || plain.failed)
		front_call_cancel(c, GRPC_INTERNAL, "the body is no base64");
	else
		front_call_take(c, bytes);
	if (c->carrier != NULL && c->entry->method->client_stream)
		front_call_read(c);
	buffer_free(&plain);
	front_call_drop(c);
}

static void
on_end(struct http_request * r)
{
	struct web * w = http_user(r);

	if (!grpc_web_text_is_whole(&w->text))
		front_call_cancel(w->call, GRPC_INTERNAL,
		    "the body is no base64");
	else
		front_call_input_end(w->call);
}

static void
on_writable(struct http_request * r)
{
	front_call_writable(((struct web *)http_user(r))->call);
}

static void
on_closed(struct http_request * r)
{
	struct web * w = http_user(r);
	struct front_call * c = w->call;

	http_end(r, true);
	free(w);
	front_call_gone(c);
}

static const struct http_events events = {
	.data = on_data,
	.end = on_end,
	.writable = on_writable,
	.closed = on_closed,
};

static void
refuse(struct http_request * r, enum grpc_web_form form,
    enum grpc_status status, const char * text)
{
	struct error err = grpc_status_text(text);
	struct buffer frame = {0};

	front_trailers(&frame, NULL, status, &err);
	set_type(r, form);
	http_begin(r, 200);
	write_out(r, (int)form, buffer_all(&frame));
	http_end(r, false);
	buffer_free(&frame);
}

void
front_web_open(struct front_listener * l, struct http_request * r)
{
	enum grpc_web_form form = grpc_web_form(http_header(r,
	    "Content-Type"));
	const struct front_entry * entry = front_find(l->front, http_path(r));
	struct front_call * c = NULL;
	struct web * w;

	if (form == GRPC_WEB_NONE) {
		front_answer(r, 415, "calls are application/grpc-web+proto or "
		    "application/grpc-web-text+proto");
		return;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL ||
	    (c = front_call_new(l->front, &carrier, w)) == NULL) {
		free(w);
		refuse(r, form, GRPC_RESOURCE_EXHAUSTED, "too many calls");
		return;
	}
	w->r = r;
	w->call = c;
	c->form = (int)form;
	http_watch(r, &events, w);
	if (entry != NULL && entry->method->client_stream)
		http_body_max(r, SIZE_MAX);
	if (!front_headers_keep(c, r))
		front_call_cancel(c, GRPC_RESOURCE_EXHAUSTED,
		    "the headers are too large");
	else
		(void)front_call_open(c, l, entry);
}
