#include <stdlib.h>

#include "world/os/os_impl.h"

struct world_listener {
	struct os * os;
	uv_tcp_t handle;
	void (*accepted)(void * user, struct world_tcp * tcp,
	    const struct world_address * from);
	void * user;
	struct list place;
	bool closed;
};

static void
freed(uv_handle_t * handle)
{
	struct world_listener * listener = handle->data;

	list_remove(&listener->place);
	free(listener);
}

static void
knocked(uv_stream_t * stream, int status)
{
	struct world_listener * listener = stream->data;
	struct world_address from;
	struct world_tcp * tcp;

	if (status != 0 || listener->closed)
		return;
	if ((tcp = os_tcp_accept(listener->os, stream, &from)) == NULL)
		return;
	listener->accepted(listener->user, tcp, &from);
	os_tcp_accepted(tcp);
}

/* IPv6 alone, so that both families can have the same port. */
static int
bind_to(struct world_listener * listener, const struct world_address * at)
{
	struct sockaddr_storage address;

	os_address_to(at, &address);
	if (uv_tcp_bind(&listener->handle, (const struct sockaddr *)&address,
	    at->v6 ? UV_TCP_IPV6ONLY : 0) != 0)
		return (-ERR_STREAM_READ);
	if (uv_listen((uv_stream_t *)&listener->handle, BACKLOG, knocked) != 0)
		return (-ERR_STREAM_READ);
	return (0);
}

static int
name_of(struct world_listener * listener, struct world_address * bound)
{
	struct sockaddr_storage address = {0};
	int size = sizeof(address);

	if (bound == NULL)
		return (0);
	if (uv_tcp_getsockname(&listener->handle, (struct sockaddr *)&address,
	    &size) != 0 ||
	    !os_address_from((const struct sockaddr *)&address, bound))
		return (-ERR_STREAM_READ);
	return (0);
}

int
os_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound)
{
	struct world_listener * l;
	int status;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (-ERR_INTERNAL);
	if (uv_tcp_init(&os_of(w)->loop, &l->handle) != 0) {
		free(l);
		return (-ERR_INTERNAL);
	}
	l->os = os_of(w);
	l->handle.data = l;
	l->accepted = accepted;
	l->user = user;
	list_append(&l->os->listeners, &l->place);
	if ((status = bind_to(l, at)) != 0 ||
	    (status = name_of(l, bound)) != 0) {
		os_listener_close(l);
		return (status);
	}
	*listener = l;
	return (0);
}

void
os_listener_close(struct world_listener * listener)
{
	if (listener->closed)
		return;
	listener->closed = true;
	uv_close((uv_handle_t *)&listener->handle, freed);
}

void
os_listener_close_all(struct os * os)
{
	struct list * at, * next;

	list_each(at, next, &os->listeners)
		os_listener_close(list_entry(at, struct world_listener, place));
}

size_t
os_interfaces(struct world * w, struct world_address * list, size_t max)
{
	uv_interface_address_t * found;
	size_t n = 0;
	int count, i;

	(void)w;
	if (uv_interface_addresses(&found, &count) != 0)
		return (0);
	for (i = 0; i < count && n < max; i++) {
		if (os_address_from((const struct sockaddr *)&found[i].address,
		    &list[n])) {
			list[n].port = 0;
			n++;
		}
	}
	uv_free_interface_addresses(found, count);
	return (n);
}
