/*
 * export.c: the account in one message: the stream of v1, gathered.  It is read
 * a part at a time, and given up when it is more than a client takes.
 */
#include <stdlib.h>

#include "api/legacy/legacy.h"

/* What gRPC clients take unless told otherwise, less what frames a message. */
enum { LARGEST = 4 * 1024 * 1024 - 64 };

/* Bytes read in a turn of the loop. */
enum { BYTES_A_TURN = 256 * 1024 };

struct gathering {
	struct api_call inner;    /* the call of v1 */
	struct api_call * call;   /* the one that is answered */
	V1(InstanceExportData__Request) request;
	struct world_timer turn;
	struct buffer all;
	size_t in_turn;
	bool too_large;
};

static void
inner_begin(struct api_call * call)
{
	(void)call;
}

static bool
inner_reply(struct api_call * call, const void * message)
{
	struct gathering * g = list_entry(call, struct gathering, inner);
	const V1(InstanceExportData__Reply) * reply = message;

	if (g->all.n + reply->exported_data.len > LARGEST)
		g->too_large = true;
	else
		buffer_slice(&g->all, protobuf_slice(reply->exported_data));
	g->in_turn += reply->exported_data.len;
	if (!g->too_large && !g->all.failed && g->in_turn < BYTES_A_TURN)
		return (false);
	(void)world_timer_start(node_world(call->node), &g->turn, 0);
	return (true);
}

static void
fail(struct gathering * g, const struct error * inner)
{
	struct error err = {0};

	if (inner != NULL)
		err = *inner;
	else if (g->too_large) {
		(void)error_set(&err, ERR_STREAM_WRITE,
		    "the account is more than one message holds: use "
		    "InstanceExportData of berty.protocol.v1, which streams");
		g->call->too_large = true;
	} else
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
	api_fail(g->call, &err);
}

static void
inner_finish(struct api_call * call, const struct error * err)
{
	struct gathering * g = list_entry(call, struct gathering, inner);
	LEGACY(InstanceExportData__Reply) reply =
	    LEGACY_INIT(INSTANCE_EXPORT_DATA__REPLY);

	world_timer_stop(node_world(call->node), &g->turn);
	if (err != NULL || g->too_large || g->all.failed)
		fail(g, err);
	else if (g->call->cancelled)
		g->call->transport->finish(g->call, NULL);
	else {
		reply.exported_data = protobuf_bytes(buffer_all(&g->all));
		api_answer(g->call, &reply);
	}
	/* It holds the account's keys. */
	buffer_wipe(&g->all);
	free(g);
}

static void
stop(struct gathering * g)
{
	g->inner.cancelled = true;
	g->inner.on_cancelled(&g->inner);
}

static void
next_turn(struct world_timer * timer)
{
	struct gathering * g = list_entry(timer, struct gathering, turn);

	g->in_turn = 0;
	if (g->too_large || g->all.failed)
		stop(g);
	else
		g->inner.on_writable(&g->inner);
}

static void
on_cancelled(struct api_call * call)
{
	stop(call->data);
}

void
legacy_instance_export_data(struct api_call * call)
{
	static const struct api_transport transport = {.begin = inner_begin,
	    .reply = inner_reply, .finish = inner_finish};
	struct error err = {0};
	struct gathering * g;

	if ((g = calloc(1, sizeof(*g))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
		return;
	}
	g->call = call;
	g->turn.fire = next_turn;
	g->request = (V1(InstanceExportData__Request))
	    V1_INIT(INSTANCE_EXPORT_DATA__REQUEST);
	g->inner = (struct api_call){.transport = &transport,
	    .method = api_find("berty.protocol.v1.ProtocolService/"
	        "InstanceExportData"),
	    .node = call->node, .request = &g->request};
	call->data = g;
	call->on_cancelled = on_cancelled;
	g->inner.method->handle(&g->inner);
}
