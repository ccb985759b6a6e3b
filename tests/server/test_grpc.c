#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <time.h>

#include "server/grpc_fixture.h"

typedef Berty__Protocol__V1__AppMessageSend__Request Request;
typedef Berty__Protocol__V1__AppMessageSend__Reply Reply;
typedef Berty__Protocol__V1__AttachmentRetrieve__Request BlocksRequest;
typedef Berty__Protocol__V1__AttachmentRetrieve__Reply BlocksReply;
typedef Berty__Protocol__V1__AttachmentPrepare__Request CollectRequest;
typedef Berty__Protocol__V1__AttachmentPrepare__Reply CollectReply;

#define REPLY_TYPE &berty__protocol__v1__app_message_send__reply__descriptor

static int
setup(void ** state)
{
	struct fixture * f = malloc(sizeof(*f));
	struct grpc_options options = {.message_max = 600000};

	*state = f;
	return (fixture_start(f, &options));
}

static int
teardown(void ** state)
{
	fixture_stop(*state);
	free(*state);
	return (0);
}

/* One call with a payload of n bytes. */
static int
call(struct fixture * f, const char * method, size_t n, uint64_t timeout_ms,
    Reply ** reply, struct error * err)
{
	Request request = BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REQUEST__INIT;
	uint8_t * payload = calloc(1, n + 1);
	void * result = NULL;
	int status;

	request.payload = (ProtobufCBinaryData){n, payload};
	status = grpc_client_call(f->client, SERVICE, method, &request,
	    REPLY_TYPE, &result, timeout_ms, err);
	free(payload);
	*reply = result;
	return (status);
}

static void
wait_for(atomic_int * counter, int value)
{
	struct timespec pause = {0, 5000000};
	int i;

	for (i = 0; i < 400 && atomic_load(counter) < value; i++)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(atomic_load(counter), value);
}

static void
a_unary_call_is_answered(void ** state)
{
	struct error err = {0};
	Reply * reply;
	size_t n;

	for (n = 0; n < 500000; n = n * 7 + 3) {
		assert_int_equal(call(*state, "Echo", n, 5000, &reply, &err),
		    0);
		assert_int_equal(reply->cid.len, n);
		protobuf_free(reply);
	}
	assert_int_equal(grpc_client_status(((struct fixture *)*state)->client),
	    GRPC_OK);
}

static void
an_error_arrives_with_all_its_codes_and_its_text(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};
	Reply * reply;

	assert_int_equal(call(f, "Fail", 1, 5000, &reply, &err),
	    -ERR_GROUP_MISSING);
	assert_int_equal(grpc_client_status(f->client), GRPC_NOT_FOUND);
	assert_int_equal(err.n, 2);
	assert_int_equal(err.code[0], ERR_GROUP_MISSING);
	assert_int_equal(err.code[1], ERR_INTERNAL);
	assert_string_equal(err.text, "group is 100% \xc3\xa9""crasé");
}

static void
an_unknown_method_is_unimplemented(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};
	Reply * reply;

	assert_int_equal(call(f, "Nothing", 1, 5000, &reply, &err),
	    -ERR_NOT_IMPLEMENTED);
	assert_int_equal(grpc_client_status(f->client), GRPC_UNIMPLEMENTED);
	assert_string_equal(err.text,
	    "unknown method Nothing for service test.Service");
	assert_int_equal(call(f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
}

static void
a_message_over_the_limit_is_refused_and_one_at_it_is_not(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};
	Reply * reply;

	/* A tag and three bytes of length come before the payload. */
	assert_int_equal(call(f, "Echo", 600000 - 4, 5000, &reply, &err), 0);
	protobuf_free(reply);
	assert_int_not_equal(call(f, "Echo", 600001 - 4, 5000, &reply, &err),
	    0);
	assert_int_equal(grpc_client_status(f->client),
	    GRPC_RESOURCE_EXHAUSTED);
	assert_int_equal(call(f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
}

static void
a_deadline_cancels_the_handler(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};
	Reply * reply;

	assert_int_equal(call(f, "Hang", 1, 50, &reply, &err),
	    -ERR_STREAM_READ);
	assert_int_equal(grpc_client_status(f->client),
	    GRPC_DEADLINE_EXCEEDED);
	wait_for(&f->cancelled, 1);
}

static int
stop_at_once(void * user, const void * reply)
{
	(void)reply;
	++*(size_t *)user;
	return (42);
}

static struct grpc_client_request
blocks_request(BlocksRequest * message, size_t * count)
{
	static uint8_t bytes[sizeof(size_t)];

	*message = (BlocksRequest)
	    BERTY__PROTOCOL__V1__ATTACHMENT_RETRIEVE__REQUEST__INIT;
	memcpy(bytes, count, sizeof(bytes));
	message->attachment_cid = (ProtobufCBinaryData){sizeof(bytes), bytes};
	return ((struct grpc_client_request){.service = SERVICE,
	    .method = "Blocks", .message = message, .timeout_ms = 20000,
	    .reply =
	    &berty__protocol__v1__attachment_retrieve__reply__descriptor});
}

static void
a_client_that_leaves_a_stream_cancels_it(void ** state)
{
	struct fixture * f = *state;
	BlocksRequest message;
	size_t count = SIZE_MAX, seen = 0;
	struct grpc_client_request request = blocks_request(&message, &count);
	struct error err = {0};

	request.each = stop_at_once;
	request.user = &seen;
	assert_int_equal(grpc_client_run(f->client, &request, &err), 42);
	assert_int_equal(seen, 1);
	wait_for(&f->cancelled, 1);
}

static int
count_slowly(void * user, const void * reply)
{
	struct timespec pause = {0, 100000};

	assert_int_equal(((const BlocksReply *)reply)->block.len, 10000);
	if (++*(size_t *)user % 16 == 0)
		(void)nanosleep(&pause, NULL);
	return (0);
}

static void
a_producer_waits_for_a_slow_reader(void ** state)
{
	struct fixture * f = *state;
	BlocksRequest message;
	size_t count = 2000, seen = 0;
	struct grpc_client_request request = blocks_request(&message, &count);
	struct error err = {0};

	request.each = count_slowly;
	request.user = &seen;
	assert_int_equal(grpc_client_run(f->client, &request, &err), 0);
	assert_int_equal(seen, 2000);
	assert_true(atomic_load(&f->most_queued) < GRPC_CALL_QUEUE + 20000);
}

static volatile sig_atomic_t stop_now = 0;

static void
an_interrupted_call_ends_and_cancels(void ** state)
{
	struct fixture * f = *state;
	Request message = BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REQUEST__INIT;
	struct grpc_client_request request = {.service = SERVICE,
	    .method = "Hang", .message = &message, .reply = REPLY_TYPE,
	    .stop = &stop_now};
	struct error err = {0};
	Reply * reply;

	/* The first call makes sure that the second one is under way. */
	assert_int_equal(call(f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
	stop_now = 1;
	assert_int_equal(grpc_client_run(f->client, &request, &err),
	    -ERR_STREAM_READ);
	assert_int_equal(grpc_client_status(f->client), GRPC_CANCELLED);
	assert_int_equal(call(f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
}

struct upload {
	CollectRequest message;
	uint8_t block[30000];
	size_t left;
};

static const void *
next_block(void * user)
{
	struct upload * u = user;

	if (u->left == 0)
		return (NULL);
	u->left--;
	u->message = (CollectRequest)
	    BERTY__PROTOCOL__V1__ATTACHMENT_PREPARE__REQUEST__INIT;
	u->message.block = (ProtobufCBinaryData){sizeof(u->block), u->block};
	return (&u->message);
}

static int
check_sum(void * user, const void * reply)
{
	const CollectReply * r = reply;
	size_t sum;

	(void)user;
	assert_int_equal(r->attachment_cid.len, sizeof(sum));
	memcpy(&sum, r->attachment_cid.data, sizeof(sum));
	assert_int_equal(sum, 3000000);
	return (0);
}

static void
a_client_stream_arrives_message_by_message(void ** state)
{
	struct fixture * f = *state;
	struct upload * u = calloc(1, sizeof(*u));
	struct grpc_client_request request = {.service = SERVICE,
	    .method = "Collect", .next = next_block, .each = check_sum,
	    .user = u, .timeout_ms = 20000, .reply =
	    &berty__protocol__v1__attachment_prepare__reply__descriptor};
	struct error err = {0};

	u->left = 100;
	assert_int_equal(grpc_client_run(f->client, &request, &err), 0);
	free(u);
}

static void
a_call_outlives_client_and_server(void ** state)
{
	struct fixture * f = malloc(sizeof(*f));
	struct error err = {0};
	Reply reply = BERTY__PROTOCOL__V1__APP_MESSAGE_SEND__REPLY__INIT;
	Reply * none;

	(void)state;
	assert_int_equal(fixture_start(f, NULL), 0);
	assert_int_equal(call(f, "Hold", 1, 100, &none, &err),
	    -ERR_STREAM_READ);
	fixture_stop(f);
	assert_int_equal(atomic_load(&f->stopped), 1);
	assert_true(grpc_call_cancelled(f->held));
	assert_true(grpc_call_reply(f->held, &reply) >= GRPC_CALL_QUEUE);
	grpc_call_finish(f->held, NULL);
	free(f);
}

static void
one_connection_too_many_is_closed_until_another_goes(void ** state)
{
	struct grpc_options options = {.connections_max = 2};
	struct grpc_client * first, * second;
	struct error err = {0};
	struct fixture f;
	Reply * reply;
	int i, status = -1;

	(void)state;
	assert_int_equal(fixture_start(&f, &options), 0);
	assert_int_equal(call(&f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
	first = f.client;
	assert_int_equal(grpc_client_open(&f.client, f.address, 2000, &err),
	    0);
	assert_int_equal(call(&f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
	grpc_client_close(f.client);
	/* The server may still be closing the second: then the third waits. */
	for (i = 0; i < 400 && status != 0; i++) {
		struct timespec pause = {0, 5000000};

		assert_int_equal(grpc_client_open(&f.client, f.address, 2000,
		    &err), 0);
		status = call(&f, "Echo", 1, 5000, &reply, &err);
		if (status != 0) {
			grpc_client_close(f.client);
			(void)nanosleep(&pause, NULL);
		}
	}
	assert_int_equal(status, 0);
	protobuf_free(reply);
	/* Both places are taken. */
	second = f.client;
	if (grpc_client_open(&f.client, f.address, 2000, &err) == 0) {
		assert_int_not_equal(call(&f, "Echo", 1, 5000, &reply, &err),
		    0);
		grpc_client_close(f.client);
	}
	f.client = second;
	assert_int_equal(call(&f, "Echo", 1, 5000, &reply, &err), 0);
	protobuf_free(reply);
	grpc_client_close(first);
	fixture_stop(&f);
}

static void
the_socket_is_for_its_owner_alone(void ** state)
{
	struct fixture * f = *state;
	struct stat st;

	assert_int_equal(stat(f->address + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	*strrchr(f->address, '/') = '\0';
	assert_int_equal(stat(f->address + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
addresses_that_are_not_loopback_are_refused(void ** state)
{
	static const char * const bad[] = {"/ip4/0.0.0.0/tcp/0",
	    "192.0.2.1:9091", "/ip4/127.0.0.1/tcp/0/grpcweb", "nonsense",
	    "/ip4/127.0.0.1/udp/1", "127.0.0.1:99999", "/unix/"};
	uv_loop_t loop;
	struct grpc_server * server;
	struct error err = {0};
	size_t i;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(grpc_server_new(&server, &loop, NULL, NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(grpc_server_listen(server, bad[i], &err),
		    -ERR_INVALID_INPUT);
		assert_int_not_equal(err.text[0], '\0');
	}
	assert_int_equal(grpc_server_listen(server, ":0", &err), 0);
	assert_non_null(grpc_server_address(server, 0));
	assert_null(grpc_server_address(server, 1));
	assert_int_equal(grpc_server_listen(server,
	    grpc_server_address(server, 0), &err), -ERR_INTERNAL);
	grpc_server_stop(server, 0, NULL, NULL);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void
a_socket_that_answers_is_not_taken_and_a_stale_one_is(void ** state)
{
	struct fixture * f = *state;
	uv_loop_t loop;
	struct grpc_server * server;
	struct error err = {0};
	char stale[128];
	uv_pipe_t pipe;

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(grpc_server_new(&server, &loop, NULL, NULL), 0);
	assert_int_equal(grpc_server_listen(server, f->address, &err),
	    -ERR_INVALID_INPUT);
	/* A socket that is bound and gone leaves its file. */
	snprintf(stale, sizeof(stale), "/unix%s/run/stale", f->folder);
	assert_int_equal(uv_pipe_init(&loop, &pipe, 0), 0);
	assert_int_equal(uv_pipe_bind(&pipe, stale + 5), 0);
	assert_int_equal(grpc_server_listen(server, stale, &err), 0);
	grpc_server_stop(server, 0, NULL, NULL);
	uv_close((uv_handle_t *)&pipe, NULL);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_unary_call_is_answered),
	    T(an_error_arrives_with_all_its_codes_and_its_text),
	    T(an_unknown_method_is_unimplemented),
	    T(a_message_over_the_limit_is_refused_and_one_at_it_is_not),
	    T(a_deadline_cancels_the_handler),
	    T(a_client_that_leaves_a_stream_cancels_it),
	    T(a_producer_waits_for_a_slow_reader),
	    T(an_interrupted_call_ends_and_cancels),
	    T(a_client_stream_arrives_message_by_message),
	    cmocka_unit_test(a_call_outlives_client_and_server),
	    cmocka_unit_test(
	        one_connection_too_many_is_closed_until_another_goes),
	    T(the_socket_is_for_its_owner_alone),
	    cmocka_unit_test(addresses_that_are_not_loopback_are_refused),
	    T(a_socket_that_answers_is_not_taken_and_a_stale_one_is)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
