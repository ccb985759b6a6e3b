/* yamux_receive.c: the frames of a peer, taken apart into events. */
#include "base/error.h"
#include "base/reader.h"
#include "p2p/yamux_private.h"

/* A frame's header, taken apart. */
struct frame {
	uint8_t version;
	uint8_t type;
	uint16_t flags;
	uint32_t id;
	uint32_t length;
};

/* A new stream of the peer; too many are turned away one by one. */
static int
read_syn(struct yamux * y, uint32_t id, struct yamux_stream ** s)
{
	bool ours = (id & 1) == (y->config.client ? 1 : 0);

	*s = NULL;
	if (id == 0 || ours || yamux_find(y, id) != NULL)
		return (-ERR_INVALID_INPUT);
	if (!budget_allows(y->config.backlog, y->backlog, 1) ||
	    (*s = yamux_stream_new(y, id)) == NULL) {
		yamux_header(&y->control, WINDOW_UPDATE, RST, id, 0);
		return (0);
	}
	(*s)->in_backlog = true;
	y->backlog++;
	(*s)->flags = ACK;
	yamux_want_flush(*s);
	return (0);
}

static int
read_session_frame(struct yamux * y, const struct frame * f,
    struct yamux_event * event)
{
	*event = (struct yamux_event){.value = f->length};
	if (f->id != 0)
		return (-ERR_INVALID_INPUT);
	if (f->type == GO_AWAY) {
		y->stopped = true;
		event->type = YAMUX_GOAWAY;
		return (1);
	}
	if (f->flags & SYN) {
		yamux_header(&y->control, PING, ACK, 0, f->length);
		return (0);
	}
	event->type = YAMUX_PONG;
	return ((f->flags & ACK) ? 1 : 0);
}

/* Take note of what a frame means for its stream; data is still to come. */
static int
read_stream_frame(struct yamux * y, const struct frame * f,
    struct yamux_stream * s)
{
	if (f->type == DATA) {
		y->left = f->length;
		y->reading = f->id;
		if (s != NULL && f->length > s->receive_window)
			return (-ERR_INVALID_INPUT);
		if (s != NULL && f->length > 0 && s->fin_received)
			return (-ERR_INVALID_INPUT);
		if (s != NULL)
			s->receive_window -= f->length;
	} else if (s != NULL) {
		s->send_window = f->length > UINT32_MAX - s->send_window ?
		    UINT32_MAX : s->send_window + f->length;
		if (yamux_queued(s) > 0 && s->send_window > 0)
			yamux_want_flush(s);
	}
	y->ends = s != NULL && (f->flags & FIN) != 0 && !s->fin_received;
	y->resets = s != NULL && (f->flags & RST) != 0;
	y->reading = f->id;
	return (0);
}

static int
read_frame(struct yamux * y, struct yamux_event * event)
{
	struct reader r = reader_of(slice_of(y->header, YAMUX_HEADER));
	struct frame f;
	struct yamux_stream * s;
	int status;

	f.version = reader_byte(&r);
	f.type = reader_byte(&r);
	f.flags = reader_be16(&r);
	f.id = reader_be32(&r);
	f.length = reader_be32(&r);
	if (f.version != VERSION || f.type > GO_AWAY)
		return (-ERR_INVALID_INPUT);
	if (f.type == PING || f.type == GO_AWAY)
		return (read_session_frame(y, &f, event));
	if ((f.flags & SYN) == 0)
		return (read_stream_frame(y, &f, yamux_find(y, f.id)));
	if ((status = read_syn(y, f.id, &s)) != 0 ||
	    (status = read_stream_frame(y, &f, s)) != 0)
		return (status);
	*event = (struct yamux_event){.type = YAMUX_INCOMING, .stream = s};
	return (s != NULL);
}

/* The data of the frame at hand; that of an unknown stream is dropped. */
static int
read_data(struct yamux * y, struct slice * in, struct yamux_event * event)
{
	size_t n = in->n < y->left ? in->n : y->left;

	*event = (struct yamux_event){.type = YAMUX_DATA,
	    .stream = yamux_find(y, y->reading), .data = slice_of(in->p, n)};
	*in = slice_of(in->p + n, in->n - n);
	y->left -= (uint32_t)n;
	return (event->stream != NULL && !event->stream->reset);
}

/* What the flags of the frame at hand say, once its data was told. */
static int
read_end(struct yamux * y, struct yamux_event * event)
{
	struct yamux_stream * s = yamux_find(y, y->reading);
	bool ends = y->ends, resets = y->resets;

	y->ends = y->resets = false;
	if (s == NULL || s->reset)
		return (0);
	*event = (struct yamux_event){.stream = s};
	if (resets) {
		s->reset = true;
		event->type = YAMUX_RESET;
		return (1);
	}
	event->type = YAMUX_END;
	s->fin_received = ends;
	return (ends);
}

static int
read_header(struct yamux * y, struct slice * in, struct yamux_event * event)
{
	size_t n = YAMUX_HEADER - y->have;

	if (n > in->n)
		n = in->n;
	memcpy(y->header + y->have, in->p, n);
	y->have += n;
	*in = slice_of(in->p + n, in->n - n);
	if (y->have < YAMUX_HEADER)
		return (0);
	y->have = 0;
	return (read_frame(y, event));
}

int
yamux_next(struct yamux * y, struct slice * in, struct yamux_event * event)
{
	int status = 0;

	while (status == 0) {
		if (y->left > 0 && in->n > 0)
			status = read_data(y, in, event);
		else if (y->left == 0 && (y->ends || y->resets))
			status = read_end(y, event);
		else if (in->n > 0)
			status = read_header(y, in, event);
		else
			break;
	}
	return (status);
}
