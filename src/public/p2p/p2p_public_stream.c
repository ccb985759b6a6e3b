/* p2p_public_stream.c: streams by number. */
#include <stdlib.h>

#include "public/p2p/p2p_public.h"
#include "public/world/public_config.h"

/* A stream that a number stands for. */
struct numbered {
	struct berty_p2p * p;
	berty_stream number;
	struct stream * stream;
	struct berty_p2p_handler handler;
	void * user;
};

/* A protocol that is served. */
struct served {
	struct berty_p2p * p;
	struct berty_p2p_handler handler;
	int (*incoming)(void * user, berty_stream stream, const char * peer,
	    const char * protocol, void ** stream_user);
	void * user;
	struct list place;
};

static struct slice
key_of(const berty_stream * number)
{
	return (slice_of(number, sizeof(*number)));
}

static struct numbered *
find(struct berty_p2p * p, berty_stream number)
{
	return (map_get(&p->streams, key_of(&number)));
}

static struct numbered *
number_new(struct berty_p2p * p, const struct berty_p2p_handler * handler)
{
	struct numbered * n;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		return (NULL);
	n->p = p;
	n->number = p->last + 1;
	n->handler = *handler;
	if (map_set(&p->streams, key_of(&n->number), n) != 0) {
		free(n);
		return (NULL);
	}
	p->last = n->number;
	return (n);
}

static void
number_free(struct numbered * n)
{
	(void)map_remove(&n->p->streams, key_of(&n->number));
	free(n);
}

/* --- what happens --------------------------------------------------------- */

static void
on_opened(void * user, struct stream * s, const char * protocol)
{
	struct numbered * n = user;

	(void)s;
	if (n->handler.opened != NULL)
		n->handler.opened(n->user, n->number, protocol);
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct numbered * n = user;

	(void)s;
	if (n->handler.data != NULL)
		n->handler.data(n->user, n->number, bytes.p, bytes.n);
}

static void
on_end(void * user, struct stream * s)
{
	struct numbered * n = user;

	(void)s;
	if (n->handler.end != NULL)
		n->handler.end(n->user, n->number);
}

static void
on_drained(void * user, struct stream * s)
{
	struct numbered * n = user;

	(void)s;
	if (n->handler.drained != NULL)
		n->handler.drained(n->user, n->number);
}

static void
on_closed(void * user, struct stream * s, int status)
{
	struct numbered * n = user;
	struct berty_p2p_handler handler = n->handler;
	berty_stream number = n->number;
	void * host_user = n->user;

	(void)s;
	number_free(n);
	if (handler.closed != NULL)
		handler.closed(host_user, number, status);
}

static const struct stream_handler stream_handler = {
	.opened = on_opened,
	.data = on_data,
	.end = on_end,
	.drained = on_drained,
	.closed = on_closed,
};

/* --- serving -------------------------------------------------------------- */

static void
on_accept(void * user, struct stream * s, const char * protocol)
{
	struct served * served = user;
	void * stream_user = served->user;
	struct berty_p2p * p = served->p;
	struct numbered * n;
	berty_stream number;

	if ((n = number_new(served->p, &served->handler)) == NULL) {
		stream_reset(s);
		return;
	}
	n->stream = s;
	number = n->number;
	stream_handle(s, &stream_handler, n);
	if (served->incoming != NULL && served->incoming(served->user, number,
	    peer_id_show(stream_peer(s)).text, protocol, &stream_user) != 0)
		(void)berty_p2p_reset(p, number);
	/* It may have been reset there. */
	else if ((n = find(p, number)) != NULL)
		n->user = stream_user;
}

int
berty_p2p_serve(struct berty_p2p * p, const char * protocol,
    const struct berty_p2p_handler * handler,
    int (*incoming)(void * user, berty_stream stream, const char * peer,
        const char * protocol, void ** stream_user),
    void * user)
{
	struct served * served;
	int rc;

	if (handler == NULL || protocol == NULL)
		return (-ERR_INVALID_INPUT);
	if ((served = calloc(1, sizeof(*served))) == NULL)
		return (-ERR_INTERNAL);
	served->p = p;
	served->incoming = incoming;
	served->user = user;
	if (!public_config(&served->handler, sizeof(served->handler), handler,
	    sizeof(size_t)))
		rc = -ERR_INVALID_INPUT;
	else
		rc = host_serve(p->host, protocol, on_accept, served);
	if (rc != 0)
		free(served);
	else
		list_append(&p->served, &served->place);
	return (rc);
}

/* --- opening and using ---------------------------------------------------- */

int
berty_p2p_open(struct berty_p2p * p, const char * peer,
    const char * const * protocols, const struct berty_p2p_handler * handler,
    void * user, berty_stream * stream)
{
	struct berty_p2p_handler h;
	struct numbered * n;
	struct peer_id id;
	int rc;

	if (handler == NULL || protocols == NULL || protocols[0] == NULL ||
	    !public_config(&h, sizeof(h), handler, sizeof(size_t)) ||
	    peer_id_decode(&id, slice_text(peer)) != 0)
		return (-ERR_INVALID_INPUT);
	if ((n = number_new(p, &h)) == NULL)
		return (-ERR_INTERNAL);
	n->user = user;
	rc = stream_open(p->host, &id, protocols, &stream_handler, n,
	    &n->stream);
	if (rc != 0) {
		number_free(n);
		return (rc);
	}
	*stream = n->number;
	return (0);
}

int
berty_p2p_write(struct berty_p2p * p, berty_stream stream, const void * bytes,
    size_t n)
{
	struct numbered * at = find(p, stream);

	return (at == NULL ? -ERR_NOT_FOUND :
	    stream_write(at->stream, slice_of(bytes, n)));
}

int
berty_p2p_pause(struct berty_p2p * p, berty_stream stream, bool paused)
{
	struct numbered * n = find(p, stream);

	if (n == NULL)
		return (-ERR_NOT_FOUND);
	stream_pause(n->stream, paused);
	return (0);
}

int
berty_p2p_end(struct berty_p2p * p, berty_stream stream)
{
	struct numbered * n = find(p, stream);

	if (n == NULL)
		return (-ERR_NOT_FOUND);
	stream_end(n->stream);
	return (0);
}

int
berty_p2p_reset(struct berty_p2p * p, berty_stream stream)
{
	struct numbered * n = find(p, stream);

	if (n == NULL)
		return (-ERR_NOT_FOUND);
	stream_reset(n->stream);
	number_free(n);
	return (0);
}

void
p2p_streams_free(struct berty_p2p * p)
{
	struct served * served;
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&p->streams, &at, &key, &value))
		free(value);
	map_free(&p->streams);
	while (!list_empty(&p->served)) {
		served = list_entry(p->served.next, struct served, place);
		list_remove(&served->place);
		free(served);
	}
}
