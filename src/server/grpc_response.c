/* What goes back to a client: headers, replies as they fit, trailers. */
#include "server/grpc_internal.h"

/* A header whose value lives until it is submitted (nghttp2 copies it). */
static nghttp2_nv
header(const char * name, struct slice value)
{
	static const uint8_t none[1];

	return ((nghttp2_nv){(uint8_t *)(uintptr_t)name,
	    (uint8_t *)(uintptr_t)(value.n > 0 ? value.p : none),
	    strlen(name), value.n, NGHTTP2_NV_FLAG_NONE});
}

void
grpc_response_count(struct grpc_call * call)
{
	struct budget * b = &call->connection->server->queued;
	size_t queued = grpc_call_queued(call);

	budget_note(b, b->used - call->queued + queued);
	call->queued = queued;
}

size_t
grpc_response_enough(const struct grpc_call * call)
{
	return (budget_is_tight(&call->connection->server->queued) ?
	    GRPC_CALL_LITTLE : GRPC_CALL_QUEUE);
}

/* Status, message, details, and what the handler added. */
#define TRAILERS (3 + GRPC_TRAILERS_MAX)

static size_t
trailer_list(struct grpc_call * call, char digits[4], nghttp2_nv * list)
{
	size_t n = 0, i = 0;

	if (call->status >= 10)
		digits[i++] = (char)('0' + call->status / 10);
	digits[i++] = (char)('0' + call->status % 10);
	digits[i] = '\0';
	list[n++] = header("grpc-status", slice_text(digits));
	if (call->message.n > 0)
		list[n++] = header("grpc-message", buffer_all(&call->message));
	if (call->details.n > 0)
		list[n++] = header("grpc-status-details-bin",
		    buffer_all(&call->details));
	return (n + grpc_metadata_trailers(call, list + n));
}

size_t
grpc_call_queued(const struct grpc_call * call)
{
	return (call->out.n - call->out_at);
}

/* nghttp2 asks for up to n bytes of the response. */
static ssize_t
fill(struct grpc_call * call, uint8_t * p, size_t n,
    uint32_t * flags)
{
	size_t queued = grpc_call_queued(call);
	nghttp2_nv list[TRAILERS];
	char digits[4];

	n = n < queued ? n : queued;
	if (n > 0)
		memcpy(p, call->out.p + call->out_at, n);
	call->out_at += n;
	if (n == queued) {
		call->out_at = 0;
		if (call->out.size > GRPC_WRITE_SIZE)
			buffer_free(&call->out);
		else
			buffer_clear(&call->out);
		grpc_response_count(call);
		if (call->ended) {
			*flags |= NGHTTP2_DATA_FLAG_EOF |
			    NGHTTP2_DATA_FLAG_NO_END_STREAM;
			(void)nghttp2_submit_trailer(call->connection->session,
			    call->id, list, trailer_list(call, digits, list));
		} else if (n == 0) {
			call->deferred = true;
			return (NGHTTP2_ERR_DEFERRED);
		}
	}
	grpc_response_count(call);
	if (call->was_full && grpc_call_queued(call) <= grpc_response_enough(call) / 4)
		grpc_call_due(call);
	return ((ssize_t)n);
}

static ssize_t
read_out(nghttp2_session * session, int32_t id, uint8_t * p, size_t n,
    uint32_t * flags, nghttp2_data_source * source, void * user)
{
	(void)session;
	(void)id;
	(void)user;
	return (fill(source->ptr, p, n, flags));
}

void
grpc_response_begin(struct grpc_call * call)
{
	nghttp2_nv list[3] = {
	    header(":status", slice_text("200")),
	    header("content-type", slice_text("application/grpc")),
	    header("grpc-accept-encoding", slice_text("identity"))};
	nghttp2_data_provider provider = {{.ptr = call}, read_out};

	if (call->begun)
		return;
	call->begun = true;
	(void)nghttp2_submit_response(call->connection->session, call->id, list,
	    3, &provider);
	grpc_connection_touch(call->connection);
}

/* A failure before any reply: one block of headers says it all. */
void
grpc_response_end_only(struct grpc_call * call)
{
	nghttp2_nv list[3 + TRAILERS] = {
	    header(":status", slice_text("200")),
	    header("content-type", slice_text("application/grpc")),
	    header("grpc-accept-encoding", slice_text("identity"))};
	char digits[4];
	size_t n = 3 + trailer_list(call, digits, list + 3);

	call->begun = true;
	(void)nghttp2_submit_response(call->connection->session, call->id, list,
	    n, NULL);
}

void
grpc_response_wake(struct grpc_call * call)
{
	if (call->deferred) {
		call->deferred = false;
		(void)nghttp2_session_resume_data(call->connection->session,
		    call->id);
	}
	grpc_connection_touch(call->connection);
}
