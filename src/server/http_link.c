/*
 * http_link.c: connections, and which of them gives way.  MHD takes no more at
 * its limit: who said nothing of use would keep everybody else out.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "server/http_impl.h"

#define CONNECTIONS_MAX 128U

unsigned
http_connections_max(const struct http_server * s)
{
	return (s->options.connections_max == 0 ? CONNECTIONS_MAX
	    : s->options.connections_max);
}

/* MHD sees that it is over, and closes it. */
static void
dismiss_oldest(struct http_server * s)
{
	struct http_link * link;

	if (list_empty(&s->strangers))
		return;
	link = list_entry(s->strangers.next, struct http_link, place);
	list_remove(&link->place);
	(void)shutdown(link->fd, SHUT_RDWR);
}

static struct http_link *
link_new(struct http_server * s, struct MHD_Connection * c)
{
	const union MHD_ConnectionInfo * info = MHD_get_connection_info(c,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_link * link = calloc(1, sizeof(*link));

	if (link == NULL || info == NULL) {
		free(link);
		return (NULL);
	}
	link->fd = info->connect_fd;
	list_append(&s->strangers, &link->place);
	return (link);
}

void
http_on_connection(void * user, struct MHD_Connection * c, void ** link,
    enum MHD_ConnectionNotificationCode what)
{
	struct http_server * s = user;
	struct http_link * l = *link;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		s->connections++;
		if (!s->options.strangers_give_way)
			return;
		if (s->connections > http_connections_max(s) / 4 * 3)
			dismiss_oldest(s);
		*link = link_new(s, c);
		return;
	}
	s->connections--;
	*link = NULL;
	if (l != NULL)
		list_remove(&l->place);
	free(l);
}

void
http_know(struct http_request * r)
{
	const union MHD_ConnectionInfo * info;
	struct http_link * link;

	if (r->connection == NULL || (info = MHD_get_connection_info(
	    r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)) == NULL)
		return;
	if ((link = info->socket_context) != NULL)
		list_remove(&link->place);
}
