#include "daemon/grpc_api.h"

#include <stdlib.h>

struct grpc_api {
	struct node * node;
	void * user;
	const struct api_method * methods;
	struct grpc_method * table;   /* in the order of methods */
};

/* A call of the API and its carrier. */
struct carried {
	struct api_call call;
	struct grpc_call * grpc;
};

static struct carried *
carried_of(struct api_call * call)
{
	/* The call is the first member. */
	return ((struct carried *)(void *)call);
}

static void
transport_begin(struct api_call * call)
{
	grpc_call_begin(carried_of(call)->grpc);
}

static bool
transport_reply(struct api_call * call, const void * message)
{
	return (grpc_call_reply(carried_of(call)->grpc, message) >=
	    GRPC_CALL_QUEUE);
}

static void
transport_finish(struct api_call * call, const struct error * err)
{
	struct carried * c = carried_of(call);

	if (err != NULL && call->too_large)
		grpc_call_finish_as(c->grpc, GRPC_RESOURCE_EXHAUSTED, err);
	else
		grpc_call_finish(c->grpc, err);
	free(c);
}

static void
transport_pause(struct api_call * call, bool paused)
{
	grpc_call_pause(carried_of(call)->grpc, paused);
}

static struct slice
transport_metadata(struct api_call * call, const char * name)
{
	return (grpc_call_metadata(carried_of(call)->grpc, name));
}

static void
transport_trailer(struct api_call * call, const char * name,
    struct slice value)
{
	(void)grpc_call_trailer(carried_of(call)->grpc, name, value);
}

static const struct api_transport transport = {
	.begin = transport_begin,
	.reply = transport_reply,
	.finish = transport_finish,
	.pause = transport_pause,
	.metadata = transport_metadata,
	.trailer = transport_trailer,
};

static void
on_message(struct grpc_call * grpc, const void * request)
{
	struct carried * c = grpc_call_data(grpc);

	if (c->call.on_message != NULL)
		c->call.on_message(&c->call, request);
}

static void
on_end(struct grpc_call * grpc)
{
	struct carried * c = grpc_call_data(grpc);

	if (c->call.on_end != NULL)
		c->call.on_end(&c->call);
}

static void
on_writable(struct grpc_call * grpc)
{
	struct carried * c = grpc_call_data(grpc);

	if (c->call.on_writable != NULL)
		c->call.on_writable(&c->call);
}

static void
on_cancelled(struct grpc_call * grpc)
{
	struct carried * c = grpc_call_data(grpc);

	c->call.cancelled = true;
	if (c->call.on_cancelled != NULL)
		c->call.on_cancelled(&c->call);
}

static const struct grpc_call_events events = {
	.message = on_message,
	.end = on_end,
	.writable = on_writable,
	.cancelled = on_cancelled,
};

static void
handle(struct grpc_call * grpc, void * user)
{
	struct grpc_api * api = user;
	struct carried * c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		grpc_call_fail(grpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	c->grpc = grpc;
	c->call.transport = &transport;
	c->call.method = &api->methods[grpc_call_method(grpc) - api->table];
	c->call.node = api->node;
	c->call.user = api->user;
	if (!c->call.method->client_stream)
		c->call.request = grpc_call_request(grpc);
	grpc_call_set_data(grpc, c);
	grpc_call_watch(grpc, &events);
	c->call.method->handle(&c->call);
}

struct grpc_api *
grpc_api_new(struct grpc_server * server, const struct api_service * service,
    struct node * node, void * user)
{
	const struct api_method * methods = service->methods;
	struct grpc_api * api;
	size_t i, n = service->n;

	if ((api = calloc(1, sizeof(*api))) == NULL)
		return (NULL);
	api->node = node;
	api->user = user;
	api->methods = methods;
	if ((api->table = calloc(n, sizeof(*api->table))) == NULL)
		goto err0;
	for (i = 0; i < n; i++)
		api->table[i] = (struct grpc_method){
			.service = methods[i].service,
			.name = methods[i].name,
			.request = methods[i].request,
			.reply = methods[i].reply,
			.client_stream = methods[i].client_stream,
			.server_stream = methods[i].server_stream,
			.handle = handle,
		};
	if ((service->own_access ?
	    grpc_server_add_open(server, api->table, n, api) :
	    grpc_server_add(server, api->table, n, api)) != 0)
		goto err0;
	return (api);

err0:
	grpc_api_free(api);
	return (NULL);
}

void
grpc_api_free(struct grpc_api * api)
{
	free(api->table);
	free(api);
}
