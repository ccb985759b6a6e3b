#include <stdlib.h>

#include "base/clock.h"
#include "contact/manager_impl.h"

/* Handshakes at a time, in all and by one peer. */
#define RESPONDERS_MAX 32
#define RESPONDERS_PER_PEER 4

/* Who comes has the place of one that takes longer to get on, ms. */
#define PROMPT_MS 5000

/*
 * How long a request may take to be durable, and how long we are silent when
 * it is not, ms.  A requester that has said all takes any end or reset of the
 * stream for delivery, so silence alone makes it ask again.
 */
#define ANSWER_MS 30000
#define SILENCE_MS 30000

/* Handshakes that one peer may begin in a minute. */
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

enum phase {
	TALKING,
	WHOLE,                    /* all was said; to be reported */
	REPORTED,
	ANSWERED,
	SILENT,
};

struct responder {
	struct contact_manager * manager;
	uint64_t number;
	enum phase phase;
	uint64_t since;
	unsigned said;            /* our two frames */
	const struct network * network;
	struct stream * stream;
	struct handshake * handshake;
	struct peer_id peer;
	struct world_timer timer; /* the phase has ended */
	struct list place;
};

static void
visitor_free(struct contact_manager * m, struct visitor * v)
{

	list_remove(&v->place);
	budget_give(&m->n_visitors, 1);
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

	if (!budget_take(&m->n_visitors, 1)) {
		visitor_free(m, list_entry(m->visitors.next, struct visitor,
		    place));
		(void)budget_take(&m->n_visitors, 1);
	}
	if ((v = calloc(1, sizeof(*v))) == NULL) {
		budget_give(&m->n_visitors, 1);
		return (NULL);
	}
	v->peer = *peer;
	v->since = world_now(m->world);
	list_append(&m->visitors, &v->place);
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
	if (!budget_allows(&m->visits, v->visits, 1))
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

static void
responder_free(struct responder * r)
{

	world_timer_stop(r->manager->world, &r->timer);
	list_remove(&r->place);
	budget_give(&r->manager->n_responders, 1);
	if (r->stream != NULL)
		stream_reset(r->stream);
	handshake_free(r->handshake);
	free(r);
}

static void
turn(struct responder * r, enum phase phase, uint64_t ms)
{

	r->phase = phase;
	(void)world_timer_start(r->manager->world, &r->timer, ms);
}

/* After our second frame the requester may have said all. */
static bool
may_be_whole(const struct responder * r)
{

	return (r->said >= 2);
}

static void
report(struct responder * r)
{
	struct contact_manager * m = r->manager;

	r->number = ++m->incoming;
	turn(r, REPORTED, ANSWER_MS);
	m->handler.received(m->user, r->number,
	    handshake_contact(r->handshake), r->network, &r->peer);
}

static void
take_leave(struct responder * r)
{

	if (r->stream != NULL)
		stream_free(r->stream);
	r->stream = NULL;
	responder_free(r);
}

static void
on_timer(struct world_timer * timer)
{
	struct responder * r = list_entry(timer, struct responder, timer);

	switch (r->phase) {
	case TALKING:
		if (may_be_whole(r))
			turn(r, SILENT, SILENCE_MS);
		else
			responder_free(r);
		break;
	case WHOLE:
		report(r);
		break;
	case ANSWERED:
		take_leave(r);
		break;
	default:
		responder_free(r);
	}
}

void
contact_manager_answer(struct contact_manager * m, uint64_t incoming)
{
	struct responder * r;
	struct list * at;

	for (at = m->responders.next; at != &m->responders; at = at->next) {
		r = list_entry(at, struct responder, place);
		if (r->phase == REPORTED && r->number == incoming)
			turn(r, ANSWERED, 0);
	}
}

/*
 * Who is turned away must hear it before our second frame: after that Go's
 * requester takes whatever comes for delivery, and never asks again.
 */
static bool
is_welcome(const struct responder * r)
{
	const struct contact_manager * m = r->manager;
	const uint8_t * pk = handshake_requester(r->handshake);

	return (pk == NULL || may_be_whole(r) || m->handler.welcome == NULL ||
	    m->handler.welcome(m->user, pk));
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct responder * r = user;
	struct buffer out = {0};
	struct error err = {0};
	int status;

	if (r->phase != TALKING)
		return;
	status = handshake_input(r->handshake, bytes, &err);
	if (status >= 0 && !is_welcome(r)) {
		log_debug(r->manager->world->log, "contact",
		    "a request from %s is put off",
		    peer_id_show(&r->peer).text);
		responder_free(r);
		return;
	}
	handshake_output(r->handshake, &out);
	if (out.n > 0) {
		r->said++;
		if (out.failed || stream_write(s, buffer_all(&out)) != 0)
			status = -ERR_STREAM_WRITE;
	}
	buffer_free(&out);
	if (status < 0) {
		log_debug(r->manager->world->log, "contact",
		    "a request from %s fails: %s",
		    peer_id_show(&r->peer).text, err.text);
		responder_free(r);
	} else if (status > 0) {
		stream_pause(s, true);
		turn(r, WHOLE, 0);
	}
}

/* A requester ends its side when it has said all, so wait for the timer. */
static void
on_end(void * user, struct stream * s)
{
	struct responder * r = user;

	(void)s;
	if (r->phase == TALKING)
		responder_free(r);
}

static void
on_closed(void * user, struct stream * s, int status)
{
	struct responder * r = user;

	(void)s;
	(void)status;
	r->stream = NULL;
	/* A request that came whole is recorded, whoever waits for it. */
	if (r->phase != WHOLE)
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

	if (!budget_take(&m->n_responders, 1))
		return (NULL);
	if ((r = calloc(1, sizeof(*r))) == NULL)
		goto err0;
	world_random(m->world, ephemeral, sizeof(ephemeral));
	r->handshake = handshake_respond(m->account, ephemeral);
	crypto_wipe(ephemeral, sizeof(ephemeral));
	if (r->handshake == NULL)
		goto err1;
	r->manager = m;
	r->since = world_now(m->world);
	r->network = network;
	r->stream = s;
	r->peer = *stream_peer(s);
	r->timer.fire = on_timer;
	list_append(&m->responders, &r->place);
	return (r);

err1:
	free(r);
err0:
	budget_give(&m->n_responders, 1);
	return (NULL);
}

/*
 * When all handshakes are taken, who has not said its second frame in good time
 * goes for who comes: else a few who say nothing would keep others out.
 */
static void
make_room(struct contact_manager * m)
{
	uint64_t now = world_now(m->world);
	struct list * at, * next;
	struct responder * r;

	if (m->n_responders.used < m->n_responders.limit)
		return;
	list_each(at, next, &m->responders) {
		r = list_entry(at, struct responder, place);
		if (r->phase != TALKING || may_be_whole(r) ||
		    clock_sub(now, r->since) < PROMPT_MS)
			continue;
		budget_refuse(&m->n_responders);
		responder_free(r);
		return;
	}
}

static void
accept_stream(void * user, struct stream * s, const char * protocol)
{
	struct contact_manager * m = user;
	const struct network * network = network_of(m, protocol);
	const struct peer_id * peer = stream_peer(s);
	struct responder * r;

	if (!m->serving || network == NULL ||
	    !budget_allows(&m->of_peer, responders_of(m, peer), 1) ||
	    !admit(m, peer))
		goto err0;
	make_room(m);
	if ((r = responder_new(m, s, network)) == NULL)
		goto err0;
	stream_handle(s, &on_stream, r);
	turn(r, TALKING, HANDSHAKE_MS);
	return;

err0:
	stream_reset(s);
}

void
manager_responder_init(struct contact_manager * m)
{
	budget_init(&m->n_responders, "contact.handshakes", RESPONDERS_MAX);
	budget_init(&m->of_peer, "contact.handshakes_of_peer",
	    RESPONDERS_PER_PEER);
	budget_init(&m->visits, "contact.visits_of_peer", VISITS_MAX);
	budget_init(&m->n_visitors, "contact.visitors", VISITORS_MAX);
}

void
manager_responder_most(const struct contact_manager * m, uint64_t * of_peer,
    uint64_t * visits)
{
	const struct visitor * v;
	const struct list * at;
	uint64_t n;

	*of_peer = *visits = 0;
	for (at = m->responders.next; at != &m->responders; at = at->next) {
		n = responders_of(m, &list_entry(at, const struct responder,
		    place)->peer);
		*of_peer = n > *of_peer ? n : *of_peer;
	}
	for (at = m->visitors.next; at != &m->visitors; at = at->next) {
		v = list_entry(at, const struct visitor, place);
		*visits = v->visits > *visits ? v->visits : *visits;
	}
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
	struct responder * r;
	size_t i;

	m->serving = false;
	for (i = 0; i < m->n_networks; i++) {
		const char * protocol = m->networks[i]->contact_protocol;

		if (network_of(m, protocol) == m->networks[i])
			host_unserve(m->host, protocol);
	}
	/* Who may have said all is heard to the end: it will not ask again. */
	list_each(at, next, &m->responders) {
		r = list_entry(at, struct responder, place);
		if (!may_be_whole(r))
			responder_free(r);
	}
}

/* Say nothing more on the stream, neither that it went well nor that not. */
static void
abandon(struct responder * r)
{
	static const struct stream_handler deaf = {.data = NULL};

	if (r->stream != NULL && may_be_whole(r) && r->phase != ANSWERED) {
		stream_handle(r->stream, &deaf, NULL);
		stream_pause(r->stream, false);
		r->stream = NULL;
	}
	if (r->phase == ANSWERED)
		take_leave(r);
	else
		responder_free(r);
}

void
manager_responder_free(struct contact_manager * m)
{
	struct list * at, * next;

	if (m->serving)
		manager_responder_stop(m);
	list_each(at, next, &m->responders)
		abandon(list_entry(at, struct responder, place));
	list_each(at, next, &m->visitors)
		visitor_free(m, list_entry(at, struct visitor, place));
}
