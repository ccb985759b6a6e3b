/* TCP between nodes, as the core sees it. */
#include <stdlib.h>

#include "world/sim/tcp_impl.h"

struct node *
node_at(struct sim * sim, const struct world_address * at)
{
	struct world_address address;
	size_t i;

	i = (size_t)at->ip[1] << 16 | (size_t)at->ip[2] << 8 | at->ip[3];
	if (at->v6 || i == 0 || i > sim->n)
		return (NULL);
	address = sim_address(&sim->nodes[i - 1]->world);
	return (memcmp(address.ip, at->ip, 4) == 0 ? sim->nodes[i - 1] : NULL);
}

static struct world_listener *
listener_at(struct node * node, uint16_t port)
{
	struct world_listener * listener;
	struct list * at, * next;

	list_each(at, next, &node->listeners) {
		listener = list_entry(at, struct world_listener, place);
		if (listener->at.port == port)
			return (listener);
	}
	return (NULL);
}

static uint64_t
latency_us(struct sim * sim, const struct node * a, const struct node * b)
{
	return (link_between(sim, a, b)->latency_ms * UINT64_C(1000));
}

static void
give(struct world_tcp * end, struct node * node, enum state state)
{
	end->node = node;
	end->state = state;
	list_append(&node->ends, &end->place);
}

static void
connected(struct event * event)
{
	struct wire * wire = list_entry(event, struct wire, open);
	struct world_tcp * end = &wire->end[0];

	if (end->state != DIALING)
		return;
	if (link_cut(wire->sim, end->node, end->peer->node)) {
		(void)event_in(wire->sim, &end->fail, DIAL_MS * 1000);
		return;
	}
	wire_hold(wire);
	end->state = OPEN;
	if (end->out.n > 0)
		(void)event_in(wire->sim, &end->send, 0);
	if (!list_empty(&end->pieces))
		(void)event_in(wire->sim, &end->wake, 0);
	end->handler->connected(end->user);
	wire_release(wire);
}

static void
accept_end(struct wire * wire, struct world_listener * listener)
{
	struct world_tcp * end = &wire->end[1];

	wire_hold(wire);
	give(end, listener->node, OPEN);
	listener->accepted(listener->user, end, &wire->from);
	if (end->state == OPEN && end->handler == NULL) {
		wire_send(end->peer, RESET, slice_of(NULL, 0));
		wire_end(end);
	}
	wire_release(wire);
}

/* The dial reaches the other node. */
static void
knocked(struct event * event)
{
	struct wire * wire = list_entry(event, struct wire, open);
	struct world_tcp * end = &wire->end[0];
	struct node * node = node_at(wire->sim, &wire->to);
	struct world_listener * listener;
	uint64_t us;

	if (end->state != DIALING)
		return;
	if (node == NULL || link_cut(wire->sim, end->node, node)) {
		(void)event_in(wire->sim, &end->fail, DIAL_MS * 1000);
		return;
	}
	us = latency_us(wire->sim, end->node, node);
	if (!node->alive ||
	    (listener = listener_at(node, wire->to.port)) == NULL) {
		(void)event_in(wire->sim, &end->fail, us);
		return;
	}
	wire->open.fire = connected;
	(void)event_in(wire->sim, &wire->open, us);
	accept_end(wire, listener);
}

int
sim_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp)
{
	struct node * node = node_of(w);
	struct node * other = node_at(node->sim, to);
	struct wire * wire;

	if (!node->alive || to->v6)
		return (-ERR_STREAM_WRITE);
	if ((wire = wire_new(node->sim)) == NULL)
		return (-ERR_INTERNAL);
	wire->to = *to;
	wire->from = sim_address(w);
	wire->from.port = ++node->port;
	wire->open.fire = knocked;
	if (event_in(node->sim, &wire->open, other == NULL ? 0 :
	    latency_us(node->sim, node, other)) != 0) {
		free(wire);
		return (-ERR_INTERNAL);
	}
	give(&wire->end[0], node, DIALING);
	wire->end[0].handler = handler;
	wire->end[0].user = user;
	*tcp = &wire->end[0];
	return (0);
}

int
sim_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound)
{
	struct node * node = node_of(w);
	struct world_listener * l;

	if (!node->alive || at->v6 ||
	    (at->port != 0 && listener_at(node, at->port) != NULL))
		return (-ERR_STREAM_READ);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (-ERR_INTERNAL);
	l->node = node;
	l->at = *at;
	if (at->port == 0)
		l->at.port = ++node->port;
	l->accepted = accepted;
	l->user = user;
	list_append(&node->listeners, &l->place);
	if (bound != NULL)
		*bound = l->at;
	*listener = l;
	return (0);
}

void
sim_listener_close(struct world_listener * listener)
{
	list_remove(&listener->place);
	free(listener);
}

void
sim_tcp_handle(struct world_tcp * tcp, const struct world_tcp_handler * handler,
    void * user)
{
	tcp->handler = handler;
	tcp->user = user;
}

int
sim_tcp_write(struct world_tcp * tcp, struct slice bytes)
{
	if (tcp->state != OPEN && tcp->state != DIALING)
		return (-ERR_STREAM_WRITE);
	if (buffer_reserve(&tcp->out, bytes.n) != 0)
		return (-ERR_STREAM_WRITE);
	buffer_slice(&tcp->out, bytes);
	if (tcp->state == OPEN && tcp->out.n > 0 && !tcp->send.queued)
		(void)event_in(tcp->wire->sim, &tcp->send, 0);
	return (0);
}

size_t
sim_tcp_queued(const struct world_tcp * tcp)
{
	return (tcp->out.n);
}

void
sim_tcp_pause(struct world_tcp * tcp, bool paused)
{
	tcp->paused = paused;
	if (!paused && tcp->state == OPEN && !list_empty(&tcp->pieces) &&
	    !tcp->wake.queued)
		(void)event_in(tcp->wire->sim, &tcp->wake, 0);
}

void
sim_tcp_close(struct world_tcp * tcp)
{
	struct wire * wire = tcp->wire;

	switch (tcp->state) {
	case OPEN:
		tcp->state = CLOSING;
		tcp->paused = false;
		(void)event_in(wire->sim, &tcp->send, 0);
		(void)event_in(wire->sim, &tcp->linger, LINGER_MS * 1000);
		break;
	case DIALING:
		wire_hold(wire);
		wire_send(tcp->peer, RESET, slice_of(NULL, 0));
		wire_end(tcp);
		wire_release(wire);
		break;
	case DEAD:
		wire_end(tcp);
		break;
	default:
		break;
	}
}

void
tcp_break(struct node * node, bool tell)
{
	struct world_tcp * end;
	struct list * at, * next;

	list_each(at, next, &node->ends) {
		end = list_entry(at, struct world_tcp, place);
		if (end->state == DEAD || end->fail.queued)
			continue;
		wire_send(end->peer, RESET, slice_of(NULL, 0));
		if (tell) {
			(void)event_in(node->sim, &end->fail, 0);
			continue;
		}
		if (end->state == CLOSING) {
			wire_end(end);
			continue;
		}
		event_stop(node->sim, &end->send);
		event_stop(node->sim, &end->wake);
		event_stop(node->sim, &end->fail);
		end->state = DEAD;
	}
}

void
tcp_die(struct node * node)
{
	struct world_listener * listener;
	struct world_tcp * end;

	while (!list_empty(&node->ends)) {
		end = list_entry(node->ends.next, struct world_tcp, place);
		wire_end(end);
	}
	while (!list_empty(&node->listeners)) {
		listener = list_entry(node->listeners.next,
		    struct world_listener, place);
		sim_listener_close(listener);
	}
}

void
tcp_resume(struct sim * sim)
{
	struct world_tcp * end;
	struct list * at, * next;
	size_t i;

	for (i = 0; i < sim->n; i++) {
		list_each(at, next, &sim->nodes[i]->ends) {
			end = list_entry(at, struct world_tcp, place);
			event_stop(sim, &end->wire->patience);
			if (!list_empty(&end->pieces) && !end->wake.queued)
				(void)event_in(sim, &end->wake, 1000);
		}
	}
}
