/* fleet_call.c: a transport that hands calls to the API in the same process. */
#include <stdlib.h>

#include "support/fleet_impl.h"

/* No call of a test takes longer, ms. */
enum { LONGEST_MS = 600000 };

static void
transport_begin(struct api_call * call)
{
	(void)call;
}

static void *
copy_message(const ProtobufCMessageDescriptor * type, const void * message)
{
	struct buffer bytes = {0};
	void * copy;

	protobuf_encode(&bytes, message);
	copy = protobuf_decode(type, buffer_all(&bytes), (size_t)64 << 20);
	assert_non_null(copy);
	buffer_free(&bytes);
	return (copy);
}

static bool
transport_reply(struct api_call * call, const void * message)
{
	struct fleet_call * c = list_entry(call, struct fleet_call, call);

	assert_false(c->finished);
	c->replies = realloc(c->replies, (c->n + 1) * sizeof(*c->replies));
	assert_non_null(c->replies);
	c->replies[c->n++] = copy_message(call->method->reply, message);
	return (c->slow);
}

static void
transport_finish(struct api_call * call, const struct error * err)
{
	struct fleet_call * c = list_entry(call, struct fleet_call, call);

	assert_false(c->finished);
	c->finished = true;
	c->failed = err != NULL;
	if (err != NULL)
		c->err = *err;
}

static void
transport_pause(struct api_call * call, bool paused)
{
	list_entry(call, struct fleet_call, call)->paused = paused;
}

static const struct api_transport transport = {
	.begin = transport_begin,
	.reply = transport_reply,
	.finish = transport_finish,
	.pause = transport_pause,
};

struct fleet_call *
fleet_begin(struct fleet * f, size_t i, const char * method,
    const void * request)
{
	struct fleet_call * c = calloc(1, sizeof(*c));

	assert_non_null(c);
	assert_non_null(f->nodes[i].node);
	c->call.transport = &transport;
	if ((c->call.method = api_find(method)) == NULL)
		fail_msg("no method %s", method);
	c->call.node = f->nodes[i].node;
	assert_true(c->call.method->client_stream == (request == NULL));
	if (request != NULL)
		c->call.request = copy_message(c->call.method->request,
		    request);
	list_append(&f->nodes[i].calls, &c->place);
	c->call.method->handle(&c->call);
	return (c);
}

void
fleet_push(struct fleet_call * c, const void * request)
{
	if (!c->finished)
		c->call.on_message(&c->call, request);
}

void
fleet_push_end(struct fleet_call * c)
{
	if (!c->finished)
		c->call.on_end(&c->call);
}

struct waiting {
	struct fleet * f;
	size_t i;
	struct fleet_call * call;
};

static bool
is_over(void * user)
{
	struct waiting * w = user;

	return (w->call->finished || !sim_alive(w->f->nodes[w->i].w));
}

bool
fleet_wait(struct fleet * f, size_t i, struct fleet_call * call)
{
	struct waiting w = {f, i, call};

	sim_assert(f->sim, sim_run_until(f->sim, is_over, &w, LONGEST_MS));
	return (call->finished && !call->failed);
}

void
fleet_end(struct fleet_call * c)
{
	size_t i;

	if (!c->finished) {
		c->call.cancelled = true;
		assert_non_null(c->call.on_cancelled);
		c->call.on_cancelled(&c->call);
	}
	assert_true(c->finished);
	list_remove(&c->place);
	for (i = 0; i < c->n; i++)
		protobuf_free(c->replies[i]);
	free(c->replies);
	protobuf_free((void *)(uintptr_t)c->call.request);
	free(c);
}

void
fleet_must(struct fleet * f, size_t i, struct fleet_call * call)
{
	char text[256];

	if (fleet_wait(f, i, call))
		return;
	(void)error_format(&call->err, text, sizeof(text));
	(void)sim_holds(f->sim, false, call->call.method->name);
	fail_msg("node %zu: %s", i, text);
}

struct fleet_call *
fleet_ask(struct fleet * f, size_t i, const char * method, const void * request)
{
	struct fleet_call * c = fleet_begin(f, i, method, request);

	fleet_must(f, i, c);
	return (c);
}

void
fleet_tell(struct fleet * f, size_t i, const char * method,
    const void * request)
{
	fleet_end(fleet_ask(f, i, method, request));
}
