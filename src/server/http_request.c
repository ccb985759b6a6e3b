/* http_request.c: one request, between libmicrohttpd and its handler. */
#include <stdlib.h>

#include "server/grpc_internal.h"
#include "server/http_impl.h"

/* What MHD asks for at a time, bytes. */
#define PIECE 16384

static void
request_free(struct http_request * r)
{
	size_t i;

	list_remove(&r->place);
	for (i = 0; i < r->n_headers; i++) {
		free(r->headers[i].name);
		free(r->headers[i].value);
	}
	buffer_free(&r->out);
	free(r->path);
	free(r->query);
	free(r);
}

/* --- suspended and awake -------------------------------------------------- */

static void
suspend(struct http_request * r)
{
	if (r->suspended || r->connection == NULL)
		return;
	r->suspended = true;
	MHD_suspend_connection(r->connection);
	http_watch_start(r);
}

void
http_wake(struct http_request * r)
{
	if (!r->suspended || r->connection == NULL)
		return;
	r->suspended = false;
	http_watch_stop(r);
	MHD_resume_connection(r->connection);
	http_server_kick(r->server);
}

/* --- the answer, as MHD takes it ------------------------------------------ */

/* Called by MHD when the client can take more. */
static ssize_t
read_out(void * user, uint64_t at, char * to, size_t max)
{
	struct http_request * r = user;
	size_t n = r->out.n - r->sent;

	(void)at;
	if (r->gone)
		return (MHD_CONTENT_READER_END_WITH_ERROR);
	if (n == 0 && r->finished)
		return (r->broken ? MHD_CONTENT_READER_END_WITH_ERROR
		    : MHD_CONTENT_READER_END_OF_STREAM);
	if (n == 0) {
		suspend(r);
		return (0);
	}
	if (n > max)
		n = max;
	memcpy(to, r->out.p + r->sent, n);
	r->sent += n;
	if (r->sent == r->out.n || r->sent >= HTTP_QUEUE / 4) {
		buffer_consume(&r->out, r->sent);
		r->sent = 0;
	}
	if (r->waits && !r->finished && r->out.n - r->sent <= r->wake_at) {
		r->waits = false;
		if (r->events != NULL && r->events->writable != NULL)
			r->events->writable(r);
	}
	return ((ssize_t)n);
}

static struct MHD_Response *
make_response(struct http_request * r)
{
	struct MHD_Response * response;
	size_t i;

	if (r->upgraded != NULL)
		response = MHD_create_response_for_upgrade(http_socket_begin,
		    r->server);
	else if (r->streams)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
		    PIECE, read_out, r, NULL);
	else
		response = MHD_create_response_from_buffer(r->out.n,
		    r->out.p, MHD_RESPMEM_MUST_COPY);
	for (i = 0; response != NULL && i < r->n_headers; i++)
		(void)MHD_add_response_header(response, r->headers[i].name,
		    r->headers[i].value);
	return (response);
}

static enum MHD_Result
queue(struct http_request * r)
{
	struct MHD_Response * response = make_response(r);
	enum MHD_Result rc;

	if (response == NULL)
		return (MHD_NO);
	r->queued = true;
	rc = MHD_queue_response(r->connection, (unsigned)r->status, response);
	MHD_destroy_response(response);
	return (rc);
}

/* --- what MHD tells ------------------------------------------------------- */

/* The query as it came: MHD hands on what it has taken apart. */
void *
http_on_uri(void * user, const char * uri, struct MHD_Connection * c)
{
	struct http_server * s = user;
	struct http_request * r = calloc(1, sizeof(*r));
	const char * mark = strchr(uri, '?');

	if (r == NULL)
		return (NULL);
	r->server = s;
	r->connection = c;
	list_append(&s->requests, &r->place);
	r->body_max = s->options.body_max == 0 ? 65536
	    : s->options.body_max;
	r->query = strdup(mark == NULL ? "" : mark + 1);
	return (r);
}

/* A socket file is for its owner, and for root. */
static bool
is_stranger(const struct http_request * r)
{
	const union MHD_ConnectionInfo * info;

	if (r->server->path[0] == '\0')
		return (false);
	info = MHD_get_connection_info(r->connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	return (info == NULL || !grpc_peer_may(info->connect_fd));
}

static enum MHD_Result
begin(struct http_request * r, const char * url, const char * method)
{
	/* Without a path, its handler has never seen it. */
	if (r->query == NULL || is_stranger(r) ||
	    (r->path = strdup(url)) == NULL)
		return (MHD_NO);
	r->method = method;
	r->server->options.handle(r, r->server->options.user);
	return (MHD_YES);
}

/* The body is read to its end, or to more than it may have. */
static void
take_data(struct http_request * r, const char * data, size_t * n)
{
	if (r->paused && !r->finished) {
		suspend(r);
		return;
	}
	r->body += *n;
	if (r->body <= r->body_max && !r->finished && r->events != NULL &&
	    r->events->data != NULL)
		r->events->data(r, slice_of(data, *n));
	*n = 0;
}

static void
tell_closed(struct http_request * r)
{
	const struct http_events * events = r->events;

	r->events = NULL;
	if (!r->finished && events != NULL && events->closed != NULL)
		events->closed(r);
}

void
http_gone(struct http_request * r)
{
	r->gone = true;
	tell_closed(r);
	http_wake(r);
}

enum MHD_Result
http_on_access(void * user, struct MHD_Connection * c, const char * url,
    const char * method, const char * version, const char * data, size_t * n,
    void ** request)
{
	struct http_server * s = user;
	struct http_request * r = *request;

	(void)s;
	(void)c;
	(void)version;
	if (r == NULL || r->gone)
		return (MHD_NO);
	if (r->path == NULL)
		return (begin(r, url, method));
	if (*n > 0) {
		take_data(r, data, n);
		if (r->body <= r->body_max)
			return (MHD_YES);
		tell_closed(r);
		return (MHD_NO);
	}
	r->whole = true;
	if (!r->told_end && !r->finished) {
		r->told_end = true;
		if (r->events != NULL && r->events->end != NULL)
			r->events->end(r);
	}
	if (r->status == 0) {
		suspend(r);
		return (MHD_YES);
	}
	return (r->queued ? MHD_YES : queue(r));
}

void
http_on_completed(void * user, struct MHD_Connection * c, void ** request,
    enum MHD_RequestTerminationCode why)
{
	struct http_request * r = *request;

	(void)user;
	(void)c;
	(void)why;
	*request = NULL;
	if (r != NULL)
		http_detach(r);
}

void
http_detach(struct http_request * r)
{
	r->connection = NULL;
	r->suspended = false;
	http_watch_free(r);
	list_remove(&r->place);
	if (r->upgraded != NULL && r->upgraded_user != NULL)
		r->upgraded(r->upgraded_user, NULL, slice_of(NULL, 0));
	if (r->finished || r->path == NULL)
		request_free(r);
	else
		tell_closed(r);
}

/* --- what a handler asks -------------------------------------------------- */

void
http_watch(struct http_request * r, const struct http_events * events,
    void * user)
{
	r->events = events;
	r->user = user;
}

void *
http_user(const struct http_request * r)
{
	return (r->user);
}

void *
http_server_user(const struct http_request * r)
{
	return (r->server->options.user);
}

const char *
http_method(const struct http_request * r)
{
	return (r->method);
}

const char *
http_path(const struct http_request * r)
{
	return (r->path);
}

struct slice
http_query(const struct http_request * r)
{
	return (slice_text(r->query));
}

struct slice
http_header(const struct http_request * r, const char * name)
{
	if (r->connection == NULL)
		return ((struct slice){0});
	return (slice_text(MHD_lookup_connection_value(r->connection,
	    MHD_HEADER_KIND, name)));
}

struct each {
	bool (*fn)(void * user, const char * name, const char * value);
	void * user;
};

static enum MHD_Result
on_header(void * user, enum MHD_ValueKind kind, const char * name,
    const char * value)
{
	const struct each * e = user;

	(void)kind;
	return (e->fn(e->user, name, value == NULL ? "" : value) ? MHD_YES
	    : MHD_NO);
}

void
http_each_header(const struct http_request * r,
    bool (*fn)(void * user, const char * name, const char * value),
    void * user)
{
	struct each e = {fn, user};

	if (r->connection != NULL)
		(void)MHD_get_connection_values(r->connection,
		    MHD_HEADER_KIND, on_header, &e);
}

void
http_body_max(struct http_request * r, size_t n)
{
	r->body_max = n;
}

void
http_pause(struct http_request * r, bool paused)
{
	r->paused = paused;
	if (!paused)
		http_wake(r);
}

bool
http_set(struct http_request * r, const char * name, const char * value)
{
	size_t i = r->n_headers;

	if (i == HTTP_HEADERS_MAX || strpbrk(value, "\r\n") != NULL)
		return (false);
	r->headers[i].name = strdup(name);
	r->headers[i].value = strdup(value);
	r->n_headers++;
	if (r->headers[i].name != NULL && r->headers[i].value != NULL)
		return (true);
	free(r->headers[i].name);
	free(r->headers[i].value);
	r->n_headers--;
	return (false);
}

void
http_answer(struct http_request * r, int status, struct slice body)
{
	buffer_slice(&r->out, body);
	r->status = status;
	http_end(r, false);
}

void
http_begin(struct http_request * r, int status)
{
	r->status = status;
	r->streams = true;
	http_wake(r);
}

bool
http_write(struct http_request * r, struct slice bytes)
{
	if (r->connection == NULL)
		return (true);
	buffer_slice(&r->out, bytes);
	if (r->out.failed)
		r->broken = true;
	http_wake(r);
	r->waits = r->out.n - r->sent >= HTTP_QUEUE;
	r->wake_at = HTTP_QUEUE / 4;
	return (r->waits);
}

void
http_wait(struct http_request * r, size_t n)
{
	r->waits = true;
	r->wake_at = n;
}

size_t
http_queued(const struct http_request * r)
{
	return (r->out.n - r->sent);
}

void
http_upgrade(struct http_request * r,
    void (*upgraded)(void * user, struct http_socket * s, struct slice came),
    void * user)
{
	r->upgraded = upgraded;
	r->upgraded_user = user;
	r->status = MHD_HTTP_SWITCHING_PROTOCOLS;
	http_end(r, false);
}

void
http_end(struct http_request * r, bool broken)
{
	r->finished = true;
	r->broken = r->broken || broken;
	r->events = NULL;
	if (r->connection == NULL)
		request_free(r);
	else
		http_wake(r);
}
