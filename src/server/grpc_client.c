/* Calls, one at a time, from the request to what came of it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/grpc_client_impl.h"
#include "server/grpc_dial.h"
#include "server/grpc_frame.h"
#include "server/grpc_status.h"

#define REPLY_MAX ((size_t)(64 * 1024 * 1024))

/* Keep the token for who may see it. */
static int
take_token(struct grpc_client * client, const struct grpc_address * to,
    const char * token, struct error * err)
{
	if (token == NULL || to->local)
		return (0);
	if (!to->tls && !grpc_address_is_loopback(to))
		return (error_set(err, ERR_INVALID_INPUT, "a token is not sent "
		    "in clear to another machine: write /tls behind the "
		    "address"));
	buffer_printf(&client->bearer, "Bearer %s", token);
	buffer_byte(&client->bearer, 0);
	return (client->bearer.failed ? error_set(err, ERR_INTERNAL,
	    "no memory") : 0);
}

static int
get_in(struct grpc_client * client, const char * address,
    const struct grpc_client_options * options, uint64_t until,
    struct error * err)
{
	static const struct grpc_client_options none;
	struct grpc_address to;
	int status;

	if (options == NULL)
		options = &none;
	if ((status = grpc_address_parse(address, &to, err)) != 0)
		return (status);
	if (to.carrier != GRPC_CARRIER_GRPC)
		return (error_set(err, ERR_INVALID_INPUT, "%.60s: there is "
		    "/%s, for web pages; name an address of gRPC", address,
		    grpc_carrier_name(to.carrier)));
	if ((status = take_token(client, &to, options->token, err)) != 0 ||
	    (status = grpc_dial(address, until, &client->fd, err)) != 0)
		return (status);
	if (to.local)
		(void)snprintf(client->authority, sizeof(client->authority),
		    "localhost");
	else
		(void)snprintf(client->authority, sizeof(client->authority),
		    strchr(to.host, ':') != NULL ? "[%s]:%u" : "%s:%u",
		    to.host, (unsigned)to.port);
	if (to.tls)
		status = grpc_client_secure(client, &to, options, until,
		    address, err);
	return (status);
}

int
grpc_client_open(struct grpc_client ** result, const char * address,
    uint64_t timeout_ms, struct error * err)
{
	return (grpc_client_open_with(result, address, NULL, timeout_ms, err));
}

int
grpc_client_open_with(struct grpc_client ** result, const char * address,
    const struct grpc_client_options * options, uint64_t timeout_ms,
    struct error * err)
{
	struct grpc_client * client = calloc(1, sizeof(*client));
	uint64_t until = timeout_ms == 0 ? UINT64_MAX :
	    clock_add(grpc_dial_now(), timeout_ms);
	int status;

	if (client == NULL)
		return (error_set(err, ERR_INTERNAL, "no memory"));
	client->fd = -1;
	if ((status = get_in(client, address, options, until, err)) != 0)
		goto err0;
	if ((status = grpc_client_connect(client)) != 0) {
		(void)error_set(err, ERR_INTERNAL, "no memory");
		goto err0;
	}
	*result = client;
	return (0);

err0:
	grpc_client_close(client);
	return (status);
}

void
grpc_client_close(struct grpc_client * client)
{
	if (client == NULL)
		return;
	nghttp2_session_del(client->session);
	tls_channel_free(client->tls);
	if (client->trust != NULL)
		gnutls_certificate_free_credentials(client->trust);
	if (client->fd >= 0)
		(void)close(client->fd);
	buffer_free(&client->plain);
	buffer_wipe(&client->bearer);
	protobuf_free(client->single);
	buffer_free(&client->unsent);
	buffer_free(&client->out);
	buffer_free(&client->in);
	buffer_free(&client->message);
	buffer_free(&client->details);
	free(client);
}

enum grpc_status
grpc_client_status(const struct grpc_client * client)
{
	return (client->status < 0 ? GRPC_UNKNOWN :
	    (enum grpc_status)client->status);
}

static void
reset_state(struct grpc_client * client,
    const struct grpc_client_request * request)
{
	client->request = request;
	client->until = request->timeout_ms == 0 ? UINT64_MAX :
	    clock_add(grpc_dial_now(), request->timeout_ms);
	client->out_at = 0;
	client->sent_all = client->closed = false;
	client->reset = 0;
	client->http = 0;
	client->status = -1;
	client->replies = 0;
	protobuf_free(client->single);
	client->single = NULL;
	buffer_clear(&client->out);
	buffer_clear(&client->in);
	buffer_clear(&client->message);
	buffer_clear(&client->details);
	if (request->message != NULL) {
		grpc_frame_header(&client->out,
		    protobuf_c_message_get_packed_size(request->message));
		protobuf_encode(&client->out, request->message);
	}
}

/* Give a reply to who wants each of them, or keep the first. */
static int
take_reply(struct grpc_client * client, void * reply)
{
	const struct grpc_client_request * r = client->request;
	int status = 0;

	if (r->each == NULL && client->single == NULL) {
		client->single = reply;
		return (0);
	}
	if (r->each != NULL)
		status = r->each(r->user, reply);
	protobuf_free(reply);
	return (status);
}

/* Hand out the replies that are whole. */
static int
give_replies(struct grpc_client * client, struct error * err)
{
	const struct grpc_client_request * r = client->request;
	struct slice bytes;
	enum grpc_frame_result result;
	void * reply;
	size_t at = 0;
	int status = 0;

	while (status == 0 && at < client->in.n) {
		result = grpc_frame_read(slice_of(client->in.p + at,
		    client->in.n - at), REPLY_MAX, &bytes);
		if (result == GRPC_FRAME_MORE)
			break;
		reply = result != GRPC_FRAME_MESSAGE ? NULL :
		    protobuf_decode(r->reply, bytes, protobuf_cap(bytes.n));
		if (reply == NULL)
			return (error_set(err, ERR_DESERIALIZATION,
			    "the reply cannot be decoded"));
		at += GRPC_FRAME_HEADER + bytes.n;
		client->replies++;
		status = take_reply(client, reply);
	}
	buffer_consume(&client->in, at);
	return (status);
}

/* Tell the server that nobody listens any more. */
static void
cancel(struct grpc_client * client)
{
	if (client->closed || client->lost)
		return;
	(void)nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE,
	    client->id, NGHTTP2_CANCEL);
	grpc_client_flush(client);
}

/* An end that this side makes up. */
static int
fail(struct grpc_client * client, enum grpc_status status, const char * text,
    struct error * err)
{
	cancel(client);
	client->status = (int)status;
	return (error_set(err, ERR_STREAM_READ, "%s", text));
}

/* A connection that ended before HTTP/2 was spoken was the wrong one. */
static const char *
lost_text(const struct grpc_client * client)
{
	if (client->greeted)
		return ("the connection was lost");
	if (client->tls != NULL)
		return ("the node hung up before it spoke gRPC");
	return ("the node hung up before it spoke gRPC: if it serves TLS, "
	    "write /tls behind the address");
}

/* The chain that the trailers tell of. */
static void
read_chain(struct grpc_client * client, struct error * err)
{
	struct buffer bytes = {0};
	char text[400];

	error_clear(err);
	if (client->details.n > 0 && grpc_status_unbase64(&bytes,
	    buffer_all(&client->details)) == 0)
		(void)grpc_status_parse(buffer_all(&bytes), err);
	if (err->n == 0) {
		buffer_clear(&bytes);
		grpc_status_decode_text(&bytes, buffer_all(&client->message));
		(void)snprintf(text, sizeof(text), "%.*s",
		    (int)(bytes.n < 390 ? bytes.n : 390),
		    bytes.n > 0 ? (const char *)bytes.p : "");
		grpc_status_guess(grpc_client_status(client), text, err);
	}
	buffer_free(&bytes);
}

/* The stream is closed: what came of it. */
static int
conclude(struct grpc_client * client, struct error * err)
{
	struct error own;

	if (err == NULL)
		err = &own;
	if (client->status == GRPC_OK)
		return (0);
	if (client->status < 0 && client->http != 0 && client->http != 200)
		return (error_set(err, ERR_STREAM_READ,
		    "the server answered with HTTP status %d", client->http));
	if (client->status < 0) {
		client->status = client->reset == NGHTTP2_CANCEL ?
		    GRPC_CANCELLED : GRPC_UNAVAILABLE;
		return (error_set(err, ERR_STREAM_READ,
		    "the server ended the call (HTTP/2 code %u)",
		    (unsigned)client->reset));
	}
	read_chain(client, err);
	return (-err->code[0]);
}

/* One turn: send, wait, receive.  0 to go on, else how the call ended. */
static int
turn(struct grpc_client * client, struct error * err)
{
	int status;

	grpc_client_flush(client);
	if (client->lost)
		return (fail(client, GRPC_UNAVAILABLE,
		    lost_text(client), err));
	switch (grpc_dial_wait(client->fd, client->unsent.n > 0, client->until,
	    client->request->stop)) {
	case GRPC_DIAL_READY:
		break;
	case GRPC_DIAL_TIMEOUT:
		return (fail(client, GRPC_DEADLINE_EXCEEDED,
		    "the server did not answer in time", err));
	case GRPC_DIAL_STOPPED:
		return (fail(client, GRPC_CANCELLED, "interrupted", err));
	default:
		client->lost = true;
		return (0);
	}
	grpc_client_receive(client);
	status = give_replies(client, err);
	if (status != 0) {
		cancel(client);
		client->status = GRPC_CANCELLED;
		return (status);
	}
	if (client->in.failed)
		return (fail(client, GRPC_RESOURCE_EXHAUSTED, "no memory",
		    err));
	return (0);
}

int
grpc_client_run(struct grpc_client * client,
    const struct grpc_client_request * request, struct error * err)
{
	int status;

	reset_state(client, request);
	if (client->lost || grpc_client_submit(client) != 0)
		return (fail(client, GRPC_UNAVAILABLE,
		    lost_text(client), err));
	while (!client->closed)
		if ((status = turn(client, err)) != 0)
			return (status);
	grpc_client_flush(client);
	return (conclude(client, err));
}

int
grpc_client_call(struct grpc_client * client, const char * service,
    const char * method, const void * message,
    const ProtobufCMessageDescriptor * reply_type, void ** reply,
    uint64_t timeout_ms, struct error * err)
{
	struct grpc_client_request request = {.service = service,
	    .method = method, .reply = reply_type, .message = message,
	    .timeout_ms = timeout_ms};
	int status;

	status = grpc_client_run(client, &request, err);
	if (status == 0 && client->replies != 1)
		status = error_set(err, ERR_DESERIALIZATION,
		    "expected one reply, got %zu", client->replies);
	if (status != 0)
		protobuf_free(client->single);
	else
		*reply = client->single;
	client->single = NULL;
	return (status);
}
