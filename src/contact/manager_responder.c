#include <stdlib.h>

#include "base/clock.h"
#include "contact/manager_impl.h"

/* Handshakes at a time, in all and by one peer; and by one peer a minute. */
#define RESPONDERS_MAX 32
#define RESPONDERS_PER_PEER 4
#define VISITS_MAX 10
#define VISIT_MS 60000

/* Peers that are remembered: more than can be connected at a time. */
#define VISITORS_MAX 1024

struct visitor {
	struct peer_id peer;
	uint64_t since;           /* when its minute began */
	unsigned visits;
	struct list place;
};

struct responder {
	struct contact_manager * manager;
	const struct network * network;
	struct stream * stream;
	struct handshake * handshake;
	struct peer_id peer;
	bool done;                /* the request is whole */
	struct world_timer timer; /* the deadline; when done: report it */
	struct list place;
};

static void
visitor_free(struct contact_manager * m, struct visitor * v)
{

	list_remove(&v->place);
	m->n_visitors--;
	free(v);
}

static struct visitor *
visitor_find(struct contact_manager * m, const struct peer_id * peer)
{
	struct visitor * v;
	struct list * at;

	for (at = m->visitors.next; at != &m->visitors; at = at->next) {
		v = list_entry(at, struct visitor, place);
		if (peer_id_equal(&v->peer, peer))
			return (v);
	}
	return (NULL);
}

static struct visitor *
visitor_new(struct contact_manager * m, const struct peer_id * peer)
{
	struct visitor * v;

	if (m->n_visitors >= VISITORS_MAX)
		visitor_free(m, list_entry(m->visitors.next, struct visitor,
		    place));
	if ((v = calloc(1, sizeof(*v))) == NULL)
		return (NULL);
	v->peer = *peer;
	v->since = world_now(m->world);
	list_append(&m->visitors, &v->place);
	m->n_visitors++;
	return (v);
}

/* May the peer ask once more? */
static bool
admit(struct contact_manager * m, const struct peer_id * peer)
{
	uint64_t now = world_now(m->world);
	struct visitor * v;

	if ((v = visitor_find(m, peer)) == NULL &&
	    (v = visitor_new(m, peer)) == NULL)
		return (false);
	if (clock_sub(now, v->since) >= VISIT_MS) {
		v->since = now;
		v->visits = 0;
		list_remove(&v->place);
		list_append(&m->visitors, &v->place);
	}
	if (v->visits >= VISITS_MAX)
		return (false);
	v->visits++;
	return (true);
}

static size_t
responders_of(const struct contact_manager * m, const struct peer_id * peer)
{
	const struct list * at;
	size_t n = 0;

	for (at = m->responders.next; at != &m->responders; at = at->next)
		if (peer_id_equal(&list_entry(at, struct responder, place)->peer,
		    peer))
			n++;
	return (n);
}

/* The stream is reset in every case: that is how a responder takes its leave. */
static void
responder_free(struct responder * r)
{

	world_timer_stop(r->manager->world, &r->timer);
	list_remove(&r->place);
	r->manager->n_responders--;
	if (r->stream != NULL)
		stream_reset(r->stream);
	handshake_free(r->handshake);
	free(r);
}

static void
on_timer(struct world_timer * timer)
{
	struct responder * r = list_entry(timer, struct responder, timer);
	struct contact_manager * m = r->manager;

	if (r->done)
		m->handler.received(m->user, handshake_contact(r->handshake),
		    r->network, &r->peer);
	responder_free(r);
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct responder * r = user;
	struct buffer out = {0};
	struct error err = {0};
	int status;

	if (r->done)
		return;
	status = handshake_input(r->handshake, bytes, &err);
	handshake_output(r->handshake, &out);
	if (out.n > 0 && (out.failed || stream_write(s,
	    buffer_all(&out)) != 0))
		status = -ERR_STREAM_WRITE;
	buffer_free(&out);
	if (status < 0) {
		log_debug(r->manager->world->log, "contact",
		    "a request from %s fails: %s",
		    peer_id_show(&r->peer).text, err.text);
		responder_free(r);
	} else if (status > 0) {
		r->done = true;
		stream_pause(s, true);
		(void)world_timer_start(r->manager->world, &r->timer, 0);
	}
}

/* A requester ends its side when it has said all, so wait for the timer. */
static void
on_end(void * user, struct stream * s)
{
	struct responder * r = user;

	(void)s;
	if (!r->done)
		responder_free(r);
}

static void
on_closed(void * user, struct stream * s, int status)
{
	struct responder * r = user;

	(void)s;
	(void)status;
	r->stream = NULL;
	if (!r->done)
		responder_free(r);
}

static const struct stream_handler on_stream = {
	.data = on_data,
	.end = on_end,
	.closed = on_closed,
};

/* The first of our networks that has the protocol. */
static const struct network *
network_of(const struct contact_manager * m, const char * protocol)
{
	size_t i;

	for (i = 0; i < m->n_networks; i++)
		if (strcmp(m->networks[i]->contact_protocol, protocol) == 0)
			return (m->networks[i]);
	return (NULL);
}

static struct responder *
responder_new(struct contact_manager * m, struct stream * s,
    const struct network * network)
{
	struct responder * r;
	uint8_t ephemeral[32];

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (NULL);
	world_random(m->world, ephemeral, sizeof(ephemeral));
	r->handshake = handshake_respond(&m->account, ephemeral);
	crypto_wipe(ephemeral, sizeof(ephemeral));
	if (r->handshake == NULL) {
		free(r);
		return (NULL);
	}
	r->manager = m;
	r->network = network;
	r->stream = s;
	r->peer = *stream_peer(s);
	r->timer.fire = on_timer;
	list_append(&m->responders, &r->place);
	m->n_responders++;
	return (r);
}

static void
accept_stream(void * user, struct stream * s, const char * protocol)
{
	struct contact_manager * m = user;
	const struct network * network = network_of(m, protocol);
	const struct peer_id * peer = stream_peer(s);
	struct responder * r;

	if (!m->serving || network == NULL ||
	    m->n_responders >= RESPONDERS_MAX ||
	    responders_of(m, peer) >= RESPONDERS_PER_PEER ||
	    !admit(m, peer) || (r = responder_new(m, s, network)) == NULL) {
		stream_reset(s);
		return;
	}
	stream_handle(s, &on_stream, r);
	(void)world_timer_start(m->world, &r->timer, HANDSHAKE_MS);
}

void
manager_responder_start(struct contact_manager * m)
{
	size_t i;

	m->serving = true;
	for (i = 0; i < m->n_networks; i++) {
		const char * protocol = m->networks[i]->contact_protocol;

		if (network_of(m, protocol) == m->networks[i])
			(void)host_serve(m->host, protocol, accept_stream, m);
	}
}

void
manager_responder_stop(struct contact_manager * m)
{
	struct list * at, * next;
	size_t i;

	m->serving = false;
	for (i = 0; i < m->n_networks; i++) {
		const char * protocol = m->networks[i]->contact_protocol;

		if (network_of(m, protocol) == m->networks[i])
			host_unserve(m->host, protocol);
	}
	list_each(at, next, &m->responders)
		responder_free(list_entry(at, struct responder, place));
}

void
manager_responder_free(struct contact_manager * m)
{
	struct list * at, * next;

	if (m->serving)
		manager_responder_stop(m);
	list_each(at, next, &m->visitors)
		visitor_free(m, list_entry(at, struct visitor, place));
}
