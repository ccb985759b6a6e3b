/* grpc_fixture.h: a server on a thread, with methods made for tests. */
#ifndef BERTY_TESTS_SERVER_GRPC_FIXTURE_H
#define BERTY_TESTS_SERVER_GRPC_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "server/grpc.h"
#include "server/grpc_client.h"

#define SERVICE "test.Service"

struct fixture {
	uv_loop_t loop;
	uv_async_t ask;
	pthread_t thread;
	struct grpc_server * server;
	struct grpc_client * client;
	char folder[64];
	char address[100];
	uint64_t drain_ms;
	atomic_int cancelled;
	atomic_int stopped;
	atomic_size_t most_queued;
	struct grpc_call * held;
};

/* Endless blocks until the client has had enough of them. */
struct producer {
	struct fixture * f;
	size_t left;
};

static void
produce(struct grpc_call * call)
{
	static uint8_t block[10000];
	Berty__Protocol__V1__AttachmentRetrieve__Reply reply =
	    BERTY__PROTOCOL__V1__ATTACHMENT_RETRIEVE__REPLY__INIT;
	struct producer * p = grpc_call_data(call);
	size_t queued = 0;

	reply.block = (ProtobufCBinaryData){sizeof(block), block};
	while (p->left > 0 && queued < GRPC_CALL_QUEUE) {
		queued = grpc_call_reply(call, &reply);
		p->left--;
	}
	if (queued > atomic_load(&p->f->most_queued))
		atomic_store(&p->f->most_queued, queued);
	if (p->left == 0) {
		free(p);
		grpc_call_finish(call, NULL);
	}
}

static void
produce_cancelled(struct grpc_call * call)
{
	struct producer * p = grpc_call_data(call);

	atomic_fetch_add(&p->f->cancelled, 1);
	free(p);
	grpc_call_finish(call, NULL);
}

static void
handle_blocks(struct grpc_call * call, void * user)
{
	static const struct grpc_call_events events = {.writable = produce,
	    .cancelled = produce_cancelled};
	const Berty__Protocol__V1__AttachmentRetrieve__Request * request =
	    grpc_call_request(call);
	struct producer * p = malloc(sizeof(*p));

	p->f = user;
	p->left = 0;
	memcpy(&p->left, request->attachment_cid.data, sizeof(p->left));
	grpc_call_set_data(call, p);
	grpc_call_watch(call, &events);
	produce(call);
}

static void
handle_echo(struct grpc_call * call, void * user)
{
	const Berty__Protocol__V1__AppMessageSend__Request * request =
	    grpc_call_request(call);
	Berty__Protocol__V1__AppMessageSend__Reply reply =
	    BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REPLY__INIT;

	(void)user;
	reply.cid = request->payload;
	grpc_call_answer(call, &reply);
}

static void
handle_fail(struct grpc_call * call, void * user)
{
	struct error err = {0};

	(void)user;
	(void)error_set(&err, ERR_INTERNAL, "group is 100%% \xc3\xa9""crasé");
	(void)error_wrap(&err, ERR_GROUP_MISSING);
	grpc_call_finish(call, &err);
}

static void
hang_cancelled(struct grpc_call * call)
{
	struct fixture * f = grpc_call_data(call);

	atomic_fetch_add(&f->cancelled, 1);
	grpc_call_finish(call, NULL);
}

static void
handle_hang(struct grpc_call * call, void * user)
{
	static const struct grpc_call_events events = {
	    .cancelled = hang_cancelled};

	grpc_call_set_data(call, user);
	grpc_call_watch(call, &events);
}

/* Never finishes by itself, whatever happens to the client. */
static void
handle_hold(struct grpc_call * call, void * user)
{
	struct fixture * f = user;

	f->held = call;
}

static void
collect_message(struct grpc_call * call, const void * message)
{
	const Berty__Protocol__V1__AttachmentPrepare__Request * request =
	    message;
	size_t * sum = grpc_call_data(call);

	*sum += request->block.len;
}

static void
collect_end(struct grpc_call * call)
{
	Berty__Protocol__V1__AttachmentPrepare__Reply reply =
	    BERTY__PROTOCOL__V1__ATTACHMENT_PREPARE__REPLY__INIT;
	size_t * sum = grpc_call_data(call);

	reply.attachment_cid = (ProtobufCBinaryData){sizeof(*sum),
	    (uint8_t *)sum};
	(void)grpc_call_reply(call, &reply);
	free(sum);
	grpc_call_finish(call, NULL);
}

static void
collect_cancelled(struct grpc_call * call)
{
	free(grpc_call_data(call));
	grpc_call_finish(call, NULL);
}

static void
handle_collect(struct grpc_call * call, void * user)
{
	static const struct grpc_call_events events = {
	    .message = collect_message, .end = collect_end,
	    .cancelled = collect_cancelled};

	(void)user;
	grpc_call_set_data(call, calloc(1, sizeof(size_t)));
	grpc_call_watch(call, &events);
}

#define TYPES(x) \
	&berty__protocol__v1__##x##__request__descriptor, \
	&berty__protocol__v1__##x##__reply__descriptor

static const struct grpc_method fixture_methods[] = {
    {SERVICE, "Echo", TYPES(app_message_send), false, false, handle_echo},
    {SERVICE, "Fail", TYPES(app_message_send), false, false, handle_fail},
    {SERVICE, "Hang", TYPES(app_message_send), false, false, handle_hang},
    {SERVICE, "Hold", TYPES(app_message_send), false, false, handle_hold},
    {SERVICE, "Blocks", TYPES(attachment_retrieve), false, true,
        handle_blocks},
    {SERVICE, "Collect", TYPES(attachment_prepare), true, false,
        handle_collect}};

static void
on_done(void * user)
{
	struct fixture * f = user;

	atomic_store(&f->stopped, 1);
}

static void
on_ask(uv_async_t * ask)
{
	struct fixture * f = ask->data;

	uv_close((uv_handle_t *)ask, NULL);
	grpc_server_stop(f->server, f->drain_ms, on_done, f);
}

static void *
run(void * user)
{
	struct fixture * f = user;

	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	return (NULL);
}

static int
fixture_start(struct fixture * f, const struct grpc_options * options)
{
	struct error err = {0};

	memset(f, 0, sizeof(*f));
	strcpy(f->folder, "/tmp/grpc-test-XXXXXX");
	if (mkdtemp(f->folder) == NULL || uv_loop_init(&f->loop) != 0 ||
	    uv_async_init(&f->loop, &f->ask, on_ask) != 0)
		return (-1);
	f->ask.data = f;
	snprintf(f->address, sizeof(f->address), "/unix%s/run/s", f->folder);
	if (grpc_server_new(&f->server, &f->loop, options, NULL) != 0 ||
	    grpc_server_add(f->server, fixture_methods,
	    sizeof(fixture_methods) / sizeof(fixture_methods[0]), f) != 0 ||
	    grpc_server_listen(f->server, f->address, &err) != 0 ||
	    pthread_create(&f->thread, NULL, run, f) != 0)
		return (-1);
	return (grpc_client_open(&f->client, f->address, 2000, &err));
}

static void
fixture_stop(struct fixture * f)
{
	char path[128];

	grpc_client_close(f->client);
	f->client = NULL;
	(void)uv_async_send(&f->ask);
	(void)pthread_join(f->thread, NULL);
	(void)uv_loop_close(&f->loop);
	snprintf(path, sizeof(path), "%s/run", f->folder);
	(void)rmdir(path);
	(void)rmdir(f->folder);
}

#endif /* !BERTY_TESTS_SERVER_GRPC_FIXTURE_H */
