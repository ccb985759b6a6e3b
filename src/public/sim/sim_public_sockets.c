/* sim_public_sockets.c: a simulated node's TCP and UDP for a host's table. */
#include <stdlib.h>

#include "public/sim/sim_public.h"

struct connection {
	struct berty_sim_node * node;
	struct world_tcp * tcp;
	const struct berty_tcp_events * events;
	void * arg;
};

struct listener {
	struct berty_sim_node * node;
	struct world_listener * listener;
	void (*accepted)(void * arg, void * tcp,
	    const struct berty_address * from);
	void * arg;
};

struct datagrams {
	struct berty_sim_node * node;
	struct world_udp * udp;
	void (*received)(void * arg, const struct berty_address * from,
	    const void * bytes, size_t n);
	void * arg;
};

/* --- TCP ------------------------------------------------------------------ */

static void
on_connected(void * user)
{
	struct connection * c = user;

	c->events->connected(c->arg);
}

static void
on_data(void * user, struct slice bytes)
{
	struct connection * c = user;

	c->events->data(c->arg, bytes.p, bytes.n);
}

static void
on_drained(void * user)
{
	struct connection * c = user;

	c->events->drained(c->arg);
}

static void
on_closed(void * user, int status)
{
	struct connection * c = user;
	const struct berty_tcp_events * events = c->events;
	void * arg = c->arg;

	free(c);
	events->closed(arg, status);
}

static const struct world_tcp_handler handler = {
	.connected = on_connected,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

static int
dial(void * user, const struct berty_address * to,
    const struct berty_tcp_events * events, void * arg, void ** tcp)
{
	struct world_address address = house_address(to);
	struct berty_sim_node * node = user;
	struct connection * c;
	int rc;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (-ERR_INTERNAL);
	*c = (struct connection){.node = node, .events = events, .arg = arg};
	rc = world_dial(node->w, &address, &handler, c, &c->tcp);
	if (rc != 0) {
		free(c);
		return (rc);
	}
	*tcp = c;
	return (0);
}

static void
tcp_handle(void * user, void * tcp, const struct berty_tcp_events * events,
    void * arg)
{
	struct connection * c = tcp;

	(void)user;
	c->events = events;
	c->arg = arg;
}

static int
tcp_write(void * user, void * tcp, const void * bytes, size_t n)
{
	struct connection * c = tcp;

	(void)user;
	return (world_tcp_write(c->node->w, c->tcp, slice_of(bytes, n)));
}

static size_t
tcp_queued(void * user, void * tcp)
{
	struct connection * c = tcp;

	(void)user;
	return (world_tcp_queued(c->node->w, c->tcp));
}

static void
tcp_pause(void * user, void * tcp, bool paused)
{
	struct connection * c = tcp;

	(void)user;
	world_tcp_pause(c->node->w, c->tcp, paused);
}

static void
tcp_close(void * user, void * tcp)
{
	struct connection * c = tcp;

	(void)user;
	world_tcp_close(c->node->w, c->tcp);
	free(c);
}

static void
on_accepted(void * user, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct berty_address address = public_address(from);
	struct listener * l = user;
	struct connection * c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		abort();
	c->node = l->node;
	c->tcp = tcp;
	world_tcp_handle(l->node->w, tcp, &handler, c);
	l->accepted(l->arg, c, &address);
}

static int
do_listen(void * user, const struct berty_address * at,
    void (*accepted)(void * arg, void * tcp,
        const struct berty_address * from),
    void * arg, void ** listener, struct berty_address * bound)
{
	struct world_address address = house_address(at), got = {0};
	struct berty_sim_node * node = user;
	struct listener * l;
	int rc;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (-ERR_INTERNAL);
	*l = (struct listener){.node = node, .accepted = accepted,
	    .arg = arg};
	rc = world_listen(node->w, &address, on_accepted, l, &l->listener,
	    &got);
	if (rc != 0) {
		free(l);
		return (rc);
	}
	*bound = public_address(&got);
	*listener = l;
	return (0);
}

static void
listener_close(void * user, void * listener)
{
	struct listener * l = listener;

	(void)user;
	world_listener_close(l->node->w, l->listener);
	free(l);
}

/* --- UDP ------------------------------------------------------------------ */

static void
on_received(void * user, const struct world_address * from,
    struct slice bytes)
{
	struct berty_address address = public_address(from);
	struct datagrams * d = user;

	d->received(d->arg, &address, bytes.p, bytes.n);
}

static int
udp_open(void * user, const struct berty_address * at, uint32_t link,
    void (*received)(void * arg, const struct berty_address * from,
        const void * bytes, size_t n),
    void * arg, void ** udp, struct berty_address * bound)
{
	struct world_udp_config config = {.at = house_address(at),
	    .link = link};
	struct berty_sim_node * node = user;
	struct world_address got = {0};
	struct datagrams * d;
	int rc;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return (-ERR_INTERNAL);
	*d = (struct datagrams){.node = node, .received = received,
	    .arg = arg};
	rc = world_udp_open(node->w, &config, on_received, d, &d->udp, &got);
	if (rc != 0) {
		free(d);
		return (rc);
	}
	*bound = public_address(&got);
	*udp = d;
	return (0);
}

static int
udp_send(void * user, void * udp, const struct berty_address * to,
    const void * bytes, size_t n)
{
	struct world_address address = house_address(to);
	struct datagrams * d = udp;

	(void)user;
	return (world_udp_send(d->node->w, d->udp, &address,
	    slice_of(bytes, n)));
}

static void
udp_close(void * user, void * udp)
{
	struct datagrams * d = udp;

	(void)user;
	world_udp_close(d->node->w, d->udp);
	free(d);
}

/* --- where it is ---------------------------------------------------------- */

/* More than any simulated node has. */
enum { PLACES = 16 };

static size_t
interfaces(void * user, struct berty_address * list, size_t max)
{
	struct berty_sim_node * node = user;
	struct world_address found[PLACES];
	size_t i, n;

	n = world_interfaces(node->w, found, max < PLACES ? max : PLACES);
	for (i = 0; i < n; i++)
		list[i] = public_address(&found[i]);
	return (n);
}

static size_t
links(void * user, struct berty_link_address * list, size_t max)
{
	struct berty_sim_node * node = user;
	struct world_link found[PLACES];
	size_t i, n;

	n = world_links(node->w, found, max < PLACES ? max : PLACES);
	for (i = 0; i < n; i++)
		list[i] = (struct berty_link_address){
			.index = found[i].index,
			.at = public_address(&found[i].at),
			.prefix = found[i].prefix,
			.loopback = found[i].loopback,
		};
	return (n);
}

void
sim_public_sockets(struct berty_sim_node * node)
{
	node->world.dial = dial;
	node->world.listen = do_listen;
	node->world.listener_close = listener_close;
	node->world.tcp_handle = tcp_handle;
	node->world.tcp_write = tcp_write;
	node->world.tcp_queued = tcp_queued;
	node->world.tcp_pause = tcp_pause;
	node->world.tcp_close = tcp_close;
	node->world.interfaces = interfaces;
	node->world.udp_open = udp_open;
	node->world.udp_send = udp_send;
	node->world.udp_close = udp_close;
	node->world.links = links;
}
