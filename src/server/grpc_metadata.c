/* What stands beside the messages: the caller's headers, our own trailers. */
#include "server/grpc_internal.h"
#include "server/grpc_status.h"
#include "server/metadata.h"

/* The first of several values that stand in one header, decoded. */
static void
keep_binary(struct buffer * to, struct slice name, struct slice value)
{
	const uint8_t * comma = value.n == 0 ? NULL :
	    memchr(value.p, ',', value.n);
	struct buffer bytes = {0};

	if (comma != NULL)
		value.n = (size_t)(comma - value.p);
	if (grpc_status_unbase64(&bytes, value) == 0)
		metadata_put(to, name, buffer_all(&bytes));
	to->failed |= bytes.failed;
	buffer_free(&bytes);
}

void
grpc_metadata_take(struct grpc_call * call, struct slice name,
    struct slice value)
{
	struct budget * buffered = &call->connection->server->buffered;

	if (metadata_is_reserved(name))
		return;
	if (!budget_allows(buffered, buffered->used, name.n + value.n))
		call->metadata.failed = true;
	if (metadata_is_binary(name))
		keep_binary(&call->metadata, name, value);
	else
		metadata_put(&call->metadata, name, value);
	grpc_call_charge(call);
}

struct slice
grpc_call_metadata(const struct grpc_call * call, const char * name)
{
	return (metadata_find(buffer_all(&call->metadata), slice_text(name)));
}

int
grpc_call_trailer(struct grpc_call * call, const char * name,
    struct slice value)
{
	struct slice n = slice_text(name);
	struct buffer text = {0};
	int status = -ERR_INVALID_INPUT;

	if (call->ended)
		return (0);
	if (!metadata_trailer(&text, n, value) ||
	    call->n_trailers == GRPC_TRAILERS_MAX ||
	    call->trailers.n + n.n + text.n > GRPC_TRAILERS_SIZE)
		goto err0;
	metadata_put(&call->trailers, n, buffer_all(&text));
	status = -ERR_INTERNAL;
	if (text.failed || call->trailers.failed)
		goto err0;
	call->n_trailers++;
	status = 0;
err0:
	buffer_free(&text);
	return (status);
}

size_t
grpc_metadata_trailers(const struct grpc_call * call, nghttp2_nv * list)
{
	struct slice rest = buffer_all(&call->trailers), name, value;
	size_t n = 0;

	while (n < call->n_trailers && metadata_next(&rest, &name,
	    &value))
		list[n++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name.p,
		    (uint8_t *)(uintptr_t)value.p, name.n, value.n,
		    NGHTTP2_NV_FLAG_NONE};
	return (n);
}
