#include "p2p/listener.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/host_impl.h"

/* Addresses of a machine that are looked at. */
#define INTERFACES_MAX 64

struct listener {
	struct host * h;
	struct world_listener * world;
	struct world_address bound;
	struct list place;
};

static void
on_accepted(void * user, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct listener * l = user;
	struct host * h = l->h;

	connection_accept(h, tcp, from);
	host_turn(h);
}

int
host_listen(struct host * h, struct slice multiaddr, struct error * err)
{
	struct multiaddr_tcp tcp;
	struct world_address at = {0};
	struct listener * l;
	int status;

	if (multiaddr_to_tcp(multiaddr, &tcp) != 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "can listen on /ip4 or /ip6 with /tcp only"));
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	l->h = h;
	at.v6 = tcp.v6;
	at.port = tcp.port;
	memcpy(at.ip, tcp.ip, sizeof(at.ip));
	status = world_listen(h->w, &at, on_accepted, l, &l->world, &l->bound);
	if (status != 0) {
		free(l);
		return (error_set(err, -status, "cannot listen on port %u",
		    (unsigned)at.port));
	}
	list_append(&h->listeners, &l->place);
	identify_service_changed(h);
	return (0);
}

void
listener_close_all(struct host * h)
{
	struct listener * l;

	while (!list_empty(&h->listeners)) {
		l = list_entry(h->listeners.next, struct listener, place);
		list_remove(&l->place);
		world_listener_close(h->w, l->world);
		free(l);
	}
}

static bool
is_wildcard(const struct world_address * a)
{
	static const uint8_t zeros[16];

	return (memcmp(a->ip, zeros, a->v6 ? 16 : 4) == 0);
}

/* fe80::/10 means something only with the name of an interface. */
static bool
is_link_local(const struct world_address * a)
{
	return (a->v6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80);
}

static void
append_address(const struct host * h, struct buffer * out,
    const struct world_address * a, uint16_t port, bool with_id)
{
	struct multiaddr_tcp tcp = {.v6 = a->v6, .port = port};
	struct buffer bytes = {0};

	memcpy(tcp.ip, a->ip, sizeof(tcp.ip));
	if (with_id)
		tcp.peer = h->id;
	multiaddr_from_tcp(&bytes, &tcp);
	buffer_uvarint(out, bytes.n);
	buffer_slice(out, buffer_all(&bytes));
	out->failed |= bytes.failed;
	buffer_free(&bytes);
}

static void
append_interfaces(struct host * h, struct buffer * out,
    const struct listener * l, bool with_id)
{
	struct world_address list[INTERFACES_MAX];
	size_t n = world_interfaces(h->w, list, INTERFACES_MAX), i;

	for (i = 0; i < n; i++)
		if (list[i].v6 == l->bound.v6 && !is_link_local(&list[i]))
			append_address(h, out, &list[i], l->bound.port,
			    with_id);
}

void
host_addresses(struct host * h, struct buffer * out, bool with_id)
{
	struct list * place, * next;
	struct listener * l;

	list_each(place, next, &h->listeners) {
		l = list_entry(place, struct listener, place);
		if (is_wildcard(&l->bound))
			append_interfaces(h, out, l, with_id);
		else
			append_address(h, out, &l->bound, l->bound.port,
			    with_id);
	}
}
