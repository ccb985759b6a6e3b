/*
 * identify_service.c: asks every new peer who it is, answers the same question,
 * and pushes what changed.  Peers of 2022 tell what changed of their protocols
 * by a delta, where we serve it.  Source: libp2p identify spec; go-libp2p 0.17.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "p2p/frame.h"
#include "p2p/host_impl.h"
#include "p2p/identify.h"

#define PROTOCOL "/ipfs/id/1.0.0"
#define PUSH_PROTOCOL "/ipfs/id/push/1.0.0"
#define DELTA_PROTOCOL "/p2p/id/delta/1.0.0"

/* How long a message may take, ms, and between looks at the interfaces. */
enum { READ_WITHIN = 30000, LOOK_EVERY = 60000 };

/* How long what a peer said of its addresses is good for, ms. */
#define ADDRESS_TTL (60 * 60 * 1000)

struct identify_service {
	struct host * h;
	struct list readings;
	struct world_timer push;          /* something changed */
	struct world_timer look;          /* did the interfaces change? */
	struct buffer addresses;          /* as last looked at */
};

/* A message that a peer is telling. */
struct reading {
	struct identify_service * service;
	struct stream * s;
	struct frame_reader frames;
	struct identify message;
	struct world_timer timer;
	struct list place;
};

/* --- reading ------------------------------------------------------------ */

static void
reading_free(struct reading * r)
{
	world_timer_stop(r->service->h->w, &r->timer);
	list_remove(&r->place);
	frame_free(&r->frames);
	identify_free(&r->message);
	free(r);
}

/* Signed addresses are better than said ones. */
static void
learn_addresses(struct host * h, struct peer * p, const struct identify * m)
{
	struct peer_id signer;
	struct reader r;

	if (m->record.n > 0 && host_learn_record(h, buffer_all(&m->record),
	    &signer, ADDRESS_TTL) == 0 && peer_id_equal(&signer, &p->id))
		return;
	r = reader_of(buffer_all(&m->addresses));
	while (r.n > 0)
		host_learn(h, &p->id, reader_prefixed(&r, r.n), ADDRESS_TTL);
}

static void
replace(struct buffer * old, struct buffer * with)
{
	buffer_free(old);
	*old = *with;
	*with = (struct buffer){0};
}

static void
apply(struct reading * r)
{
	struct host * h = r->service->h;
	struct peer * p = peerstore_find(&h->peers, stream_peer(r->s));

	if (p == NULL || list_empty(&p->connections))
		return;
	if (r->message.n_protocols > 0)
		replace(&p->protocols, &r->message.protocols);
	if (r->message.agent.n > 0)
		replace(&p->agent, &r->message.agent);
	learn_addresses(h, p, &r->message);
	p->identified = true;
	host_tell(h, EVENT_IDENTIFIED, &p->id, 0);
}

static int
on_frame(void * user, struct slice frame)
{
	struct reading * r = user;

	return (identify_merge(&r->message, frame));
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct reading * r = user;

	if (frame_feed(&r->frames, bytes, on_frame, r) == 0)
		return;
	stream_reset(s);
	reading_free(r);
}

static void
on_end(void * user, struct stream * s)
{
	struct reading * r = user;

	if (r->message.frames > 0 && !frame_partial(&r->frames))
		apply(r);
	stream_free(s);
	reading_free(r);
}

static void
on_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	reading_free(user);
}

static void
on_late(struct world_timer * timer)
{
	struct reading * r = list_entry(timer, struct reading, timer);

	stream_reset(r->s);
	reading_free(r);
}

static const struct stream_handler reading_handler = {
	.data = on_data, .end = on_end, .closed = on_closed
};

static struct reading *
reading_new(struct identify_service * service)
{
	struct reading * r = calloc(1, sizeof(*r));

	if (r == NULL)
		return (NULL);
	r->service = service;
	r->frames.max = IDENTIFY_MAX;
	r->frames.shared = &service->h->unfinished;
	r->timer.fire = on_late;
	list_append(&service->readings, &r->place);
	(void)world_timer_start(service->h->w, &r->timer, READ_WITHIN);
	return (r);
}

void
identify_service_ask(struct connection * c)
{
	static const char * const protocols[] = {PROTOCOL, NULL};
	struct reading * r = reading_new(c->h->identify);

	if (r == NULL)
		return;
	if (stream_open_on(c, protocols, &reading_handler, r, &r->s) != 0)
		reading_free(r);
	else
		stream_end(r->s);
}

static void
on_push(void * user, struct stream * s, const char * protocol)
{
	struct reading * r = reading_new(user);

	(void)protocol;
	if (r == NULL) {
		stream_reset(s);
		return;
	}
	r->s = s;
	stream_handle(s, &reading_handler, r);
}

/* --- deltas ------------------------------------------------------------- */

/* 1: read, whatever it held; else a code. */
static int
on_delta_frame(void * user, struct slice frame)
{
	struct reading * r = user;
	struct host * h = r->service->h;
	struct peer * p = peerstore_find(&h->peers, stream_peer(r->s));
	int status;

	if (p == NULL || r->s->c == NULL)
		return (1);
	/* What it differs from is not known yet: ask for all of it again. */
	if (!p->identified) {
		identify_service_ask(r->s->c);
		return (1);
	}
	if ((status = identify_delta(&p->protocols, frame)) < 0)
		return (status);
	if (status > 0)
		host_tell(h, EVENT_IDENTIFIED, &p->id, 0);
	return (1);
}

static void
on_delta_data(void * user, struct stream * s, struct slice bytes)
{
	struct reading * r = user;
	int status = frame_feed(&r->frames, bytes, on_delta_frame, r);

	if (status == 0)
		return;
	if (status < 0)
		stream_reset(s);
	else
		stream_free(s);
	reading_free(r);
}

static void
on_delta_end(void * user, struct stream * s)
{
	stream_reset(s);
	reading_free(user);
}

static void
on_delta(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler delta_handler = {
		.data = on_delta_data, .end = on_delta_end, .closed = on_closed
	};
	struct reading * r = reading_new(user);

	(void)protocol;
	if (r == NULL) {
		stream_reset(s);
		return;
	}
	r->frames.max = IDENTIFY_DELTA_MAX;
	r->s = s;
	stream_handle(s, &delta_handler, r);
}

/* --- telling ------------------------------------------------------------ */

static void
list_protocols(const struct host * h, struct buffer * out)
{
	struct list * place, * next;
	const char * name;

	list_each(place, next, &h->served) {
		name = list_entry(place, struct served, place)->name;
		buffer_append(out, name, strlen(name) + 1);
	}
}

/* What we are, as seen on this connection. */
static void
write_message(struct connection * c, struct buffer * out)
{
	struct identify m = {0};
	uint8_t key[36];

	public_key_from_ed25519(key, c->h->key->pub);
	buffer_append(&m.public_key, key, sizeof(key));
	host_addresses(c->h, &m.addresses, false);
	list_protocols(c->h, &m.protocols);
	multiaddr_from_tcp(&m.observed, &c->remote);
	buffer_text(&m.version, c->h->version);
	buffer_text(&m.agent, c->h->agent);
	buffer_slice(&m.record, host_peer_record(c->h));
	identify_write(out, &m);
	identify_free(&m);
}

static void
tell(struct stream * s)
{
	struct buffer out = {0};

	write_message(s->c, &out);
	if (out.failed || stream_write(s, buffer_all(&out)) != 0)
		stream_reset(s);
	else
		stream_free(s);
	buffer_free(&out);
}

static void
on_ask(void * user, struct stream * s, const char * protocol)
{
	(void)user;
	(void)protocol;
	tell(s);
}

static void
push_to(struct connection * c)
{
	static const char * const protocols[] = {PUSH_PROTOCOL, NULL};
	static const struct stream_handler nothing = {0};
	struct stream * s;

	if (c->peer->identified && !peer_speaks(c->peer, PUSH_PROTOCOL))
		return;
	if (stream_open_on(c, protocols, &nothing, NULL, &s) == 0)
		tell(s);
}

static void
on_push_due(struct world_timer * timer)
{
	struct identify_service * service = list_entry(timer,
	    struct identify_service, push);
	struct host * h = service->h;
	struct list * place, * next;
	struct connection * c;

	list_each(place, next, &h->connections) {
		c = list_entry(place, struct connection, place);
		/* Once to a peer, by the connection that its streams use. */
		if (c->up && connection_of(h, &c->peer->id) == c)
			push_to(c);
	}
	host_turn(h);
}

static void
on_look(struct world_timer * timer)
{
	struct identify_service * service = list_entry(timer,
	    struct identify_service, look);
	struct buffer now = {0};

	host_addresses(service->h, &now, false);
	if (!slice_equal(buffer_all(&now), buffer_all(&service->addresses)))
		identify_service_changed(service->h);
	replace(&service->addresses, &now);
	(void)world_timer_start(service->h->w, &service->look, LOOK_EVERY);
}

void
identify_service_changed(struct host * h)
{
	/* While the host is being made there is nobody to tell. */
	if (h->identify != NULL && h->n_connections.used > 0)
		(void)world_timer_start(h->w, &h->identify->push, 0);
}

struct identify_service *
identify_service_new(struct host * h)
{
	struct identify_service * s = calloc(1, sizeof(*s));

	if (s == NULL)
		goto err0;
	s->h = h;
	list_init(&s->readings);
	s->push.fire = on_push_due;
	s->look.fire = on_look;
	if (host_serve(h, PROTOCOL, on_ask, s) != 0 ||
	    host_serve(h, PUSH_PROTOCOL, on_push, s) != 0 ||
	    (h->delta && host_serve(h, DELTA_PROTOCOL, on_delta, s) != 0))
		goto err1;
	(void)world_timer_start(h->w, &s->look, LOOK_EVERY);
	return (s);

err1:
	identify_service_free(s);
err0:
	return (NULL);
}

void
identify_service_free(struct identify_service * s)
{
	if (s == NULL)
		return;
	while (!list_empty(&s->readings))
		reading_free(list_entry(s->readings.next, struct reading,
		    place));
	world_timer_stop(s->h->w, &s->push);
	world_timer_stop(s->h->w, &s->look);
	buffer_free(&s->addresses);
	free(s);
}
