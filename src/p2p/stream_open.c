/* stream_open.c: how a stream begins: opened or come, and its protocol. */
#include <stdlib.h>

#include "base/error.h"
#include "p2p/host_impl.h"

/* Negotiation took too long, or a freed stream lingered too long. */
static void
on_timer(struct world_timer * timer)
{
	struct stream * s = list_entry(timer, struct stream, timer);
	struct host * h = s->h;

	stream_abort(s, -ERR_STREAM_READ);
	host_turn(h);
}

static struct stream *
stream_new(struct connection * c, struct yamux_stream * y)
{
	struct stream * s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (NULL);
	s->c = c;
	s->h = c->h;
	s->y = y;
	s->peer = c->peer->id;
	s->timer.fire = on_timer;
	yamux_set_user(y, s);
	list_append(&c->streams, &s->place);
	list_init(&s->ready_place);
	list_init(&s->writing_place);
	(void)world_timer_start(s->h->w, &s->timer, s->h->limits.upgrade_ms);
	return (s);
}

static bool
speaks(void * user, const char * protocol)
{
	return (host_served(user, protocol) != NULL);
}

void
stream_incoming(struct connection * c, struct yamux_stream * y)
{
	struct stream * s = stream_new(c, y);

	if (s == NULL) {
		yamux_close(y);
		return;
	}
	if ((s->negotiation = multistream_listen(speaks, c->h)) == NULL)
		stream_reset(s);
}

int
stream_open_on(struct connection * c, const char * const * protocols,
    const struct stream_handler * handler, void * user, struct stream ** out)
{
	struct buffer hello = {0};
	struct yamux_stream * y;
	struct stream * s;
	int status = -ERR_STREAM_WRITE;

	if ((y = yamux_open(c->yamux)) == NULL)
		goto err0;
	status = -ERR_INTERNAL;
	if ((s = stream_new(c, y)) == NULL)
		goto err1;
	s->outgoing = true;
	s->single = protocols[0] != NULL && protocols[1] == NULL;
	s->handler = *handler;
	s->user = user;
	s->negotiation = multistream_dial(protocols, &hello);
	if (s->negotiation == NULL || hello.failed)
		goto err2;
	if ((status = stream_queue(s, buffer_all(&hello))) != 0)
		goto err2;
	buffer_free(&hello);
	*out = s;
	return (0);

err2:
	buffer_free(&hello);
	stream_reset(s);
	return (status);
err1:
	yamux_close(y);
err0:
	return (status);
}

int
stream_open(struct host * h, const struct peer_id * peer,
    const char * const * protocols, const struct stream_handler * handler,
    void * user, struct stream ** s)
{
	struct peer * p = peerstore_find(&h->peers, peer);
	struct list * place, * next;
	int status = -ERR_NOT_FOUND;

	if (p == NULL)
		return (status);
	list_each(place, next, &p->connections) {
		status = stream_open_on(list_entry(place, struct connection,
		    peer_place), protocols, handler, user, s);
		if (status == 0)
			break;
	}
	return (status);
}

/* --- negotiation -------------------------------------------------------- */

/* Hand an incoming stream to who serves its protocol. */
static void
offer(struct stream * s)
{
	struct served * served = host_served(s->h, s->protocol);

	yamux_accept(s->y);
	if (served == NULL) {
		stream_reset(s);
		return;
	}
	served->accept(served->user, s, s->protocol);
	if (!s->gone && s->user == NULL && s->handler.data == NULL &&
	    s->handler.closed == NULL && !s->abandoned)
		stream_reset(s);
}

static void
agree(struct stream * s)
{
	s->protocol = strdup(multistream_protocol(s->negotiation));
	multistream_free(s->negotiation);
	s->negotiation = NULL;
	if (!s->abandoned)
		world_timer_stop(s->h->w, &s->timer);
	if (s->protocol == NULL) {
		stream_abort(s, -ERR_INTERNAL);
		return;
	}
	if (s->outgoing) {
		s->opened_due = !s->abandoned;
		stream_deliver(s);
	} else {
		offer(s);
	}
}

void
stream_negotiate(struct stream * s, struct slice * bytes)
{
	struct buffer answer = {0};
	size_t before = bytes->n;
	int status;

	status = multistream_feed(s->negotiation, bytes, &answer);
	stream_consumed(s, before - bytes->n);
	if (answer.n > 0 && status >= 0 &&
	    (answer.failed || stream_queue(s, buffer_all(&answer)) != 0))
		status = -ERR_INTERNAL;
	buffer_free(&answer);
	if (status < 0)
		stream_abort(s, status);
	else if (status > 0)
		agree(s);
}
