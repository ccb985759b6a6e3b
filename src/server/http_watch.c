/*
 * http_watch.c: MHD does not look at a connection that is suspended, so a
 * client that goes away while it waits for news would never be missed.
 */
#include <stdlib.h>

#include "server/http_impl.h"

static void
on_disconnect(uv_poll_t * poll, int status, int events)
{
	struct http_watch * w = poll->data;

	if (w->r != NULL && (status < 0 || (events & UV_DISCONNECT) != 0))
		http_gone(w->r);
}

static struct http_watch *
watch_of(struct http_request * r)
{
	const union MHD_ConnectionInfo * info = MHD_get_connection_info(
	    r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_watch * w;

	if (info == NULL || (w = calloc(1, sizeof(*w))) == NULL)
		return (NULL);
	if (uv_poll_init(r->server->timer.loop, &w->poll,
	    info->connect_fd) != 0) {
		free(w);
		return (NULL);
	}
	w->poll.data = w;
	w->r = r;
	return (w);
}

void
http_watch_start(struct http_request * r)
{
	/* Without it, the client is missed when something is sent. */
	if (r->watch == NULL && (r->watch = watch_of(r)) == NULL)
		return;
	(void)uv_poll_start(&r->watch->poll, UV_DISCONNECT, on_disconnect);
}

void
http_watch_stop(struct http_request * r)
{
	if (r->watch != NULL)
		(void)uv_poll_stop(&r->watch->poll);
}

static void
on_closed(uv_handle_t * handle)
{
	free(handle->data);
}

void
http_watch_free(struct http_request * r)
{
	if (r->watch == NULL)
		return;
	r->watch->r = NULL;
	uv_close((uv_handle_t *)&r->watch->poll, on_closed);
	r->watch = NULL;
}
