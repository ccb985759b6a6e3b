#include "p2p/yamux.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"
#include "base/map.h"
#include "base/reader.h"

enum { VERSION = 0 };
enum frame_type { DATA, WINDOW_UPDATE, PING, GO_AWAY };
enum { SYN = 1, ACK = 2, FIN = 4, RST = 8 };

/* The largest data frame sent, bytes. */
#define CHUNK_MAX (32 * 1024)

/* A window grows when it was used up within this many round trips. */
#define GROWTH_TRIPS 4

struct yamux {
	struct yamux_config config;
	uint32_t next_id;
	struct map streams;               /* by id, big-endian */
	unsigned backlog;
	bool stopped;                     /* the peer said go away */
	struct list sending;              /* streams with something to say */
	struct buffer control;            /* frames that belong to no stream */
	size_t queued;                    /* bytes in all streams' queues */
	size_t grown;                     /* windows beyond their first size */
	/* The frame being read. */
	uint8_t header[YAMUX_HEADER];
	size_t have;
	uint32_t left;                    /* bytes of its data still to come */
	uint32_t reading;                 /* id of the stream they belong to */
	bool ends;                        /* its FIN is still to be told */
	bool resets;
};

struct yamux_stream {
	struct yamux * y;
	uint32_t id;
	void * user;
	bool in_backlog;
	unsigned flags;                   /* SYN or ACK still to be sent */
	bool ending, fin_sent;
	bool fin_received, reset;
	uint32_t send_window;
	uint32_t receive_window;          /* what the peer may still send */
	uint32_t window;                  /* size of a full receive window */
	uint32_t consumed;                /* since the last update */
	uint64_t updated;                 /* when, ms */
	struct buffer queue;
	size_t sent;                      /* bytes of the queue flushed */
	struct list place;                /* in y->sending */
};

struct stream_key {
	uint8_t p[4];
};

static struct stream_key
key_of(uint32_t id)
{
	return ((struct stream_key){{(uint8_t)(id >> 24), (uint8_t)(id >> 16),
	    (uint8_t)(id >> 8), (uint8_t)id}});
}

static struct yamux_stream *
find(const struct yamux * y, uint32_t id)
{
	struct stream_key key = key_of(id);

	return (map_get(&y->streams, slice_of(key.p, sizeof(key.p))));
}

static void
write_header(struct buffer * out, enum frame_type type, unsigned flags,
    uint32_t id, uint32_t length)
{
	buffer_byte(out, VERSION);
	buffer_byte(out, (uint8_t)type);
	buffer_be16(out, (uint16_t)flags);
	buffer_be32(out, id);
	buffer_be32(out, length);
}

struct yamux *
yamux_new(const struct yamux_config * config)
{
	struct yamux * y = calloc(1, sizeof(*y));

	if (y == NULL)
		return (NULL);
	y->config = *config;
	y->next_id = config->client ? 1 : 2;
	list_init(&y->sending);
	return (y);
}

static void
stream_free_memory(struct yamux_stream * s)
{
	list_remove(&s->place);
	s->y->queued -= yamux_queued(s);
	s->y->grown -= s->window - YAMUX_WINDOW;
	buffer_free(&s->queue);
	free(s);
}

void
yamux_free(struct yamux * y)
{
	struct slice key;
	size_t at = 0;
	void * s;

	if (y == NULL)
		return;
	while (map_next(&y->streams, &at, &key, &s))
		stream_free_memory(s);
	map_free(&y->streams);
	buffer_free(&y->control);
	free(y);
}

static struct yamux_stream *
stream_new(struct yamux * y, uint32_t id)
{
	struct yamux_stream * s = calloc(1, sizeof(*s));
	struct stream_key key = key_of(id);

	if (s == NULL)
		goto err0;
	s->y = y;
	s->id = id;
	s->send_window = s->receive_window = s->window = YAMUX_WINDOW;
	list_init(&s->place);
	if (map_set(&y->streams, slice_of(key.p, sizeof(key.p)), s) != 0)
		goto err1;
	return (s);

err1:
	free(s);
err0:
	return (NULL);
}

/* Put a stream in the row of those with something to say. */
static void
want_flush(struct yamux_stream * s)
{
	if (list_empty(&s->place))
		list_append(&s->y->sending, &s->place);
}

struct yamux_stream *
yamux_open(struct yamux * y)
{
	struct yamux_stream * s;

	if (y->stopped || y->streams.n >= y->config.streams ||
	    y->next_id > UINT32_MAX - 2)
		return (NULL);
	if ((s = stream_new(y, y->next_id)) == NULL)
		return (NULL);
	y->next_id += 2;
	s->flags = SYN;
	want_flush(s);
	return (s);
}

void
yamux_accept(struct yamux_stream * s)
{
	if (s->in_backlog) {
		s->in_backlog = false;
		s->y->backlog--;
	}
}

void
yamux_close(struct yamux_stream * s)
{
	struct yamux * y = s->y;
	struct stream_key key = key_of(s->id);

	/* A stream whose SYN was never sent is none for the peer. */
	if (!yamux_finished(s) && (s->flags & SYN) == 0)
		write_header(&y->control, WINDOW_UPDATE, RST, s->id, 0);
	yamux_accept(s);
	(void)map_remove(&y->streams, slice_of(key.p, sizeof(key.p)));
	stream_free_memory(s);
}

int
yamux_write(struct yamux_stream * s, struct slice bytes)
{
	if (s->ending || s->reset)
		return (-ERR_STREAM_WRITE);
	if (buffer_reserve(&s->queue, bytes.n) != 0)
		return (-ERR_STREAM_WRITE);
	buffer_slice(&s->queue, bytes);
	s->y->queued += bytes.n;
	if (bytes.n > 0)
		want_flush(s);
	return (0);
}

size_t
yamux_queued(const struct yamux_stream * s)
{
	return (s->queue.n - s->sent);
}

bool
yamux_unsent(const struct yamux_stream * s)
{
	return (!s->reset &&
	    (yamux_queued(s) > 0 || (s->ending && !s->fin_sent)));
}

void
yamux_end(struct yamux_stream * s)
{
	if (s->ending || s->reset)
		return;
	s->ending = true;
	want_flush(s);
}

bool
yamux_finished(const struct yamux_stream * s)
{
	return (s->reset || (s->fin_sent && s->fin_received));
}

/* Twice the window, as long as the session has room for it. */
static void
grow_window(struct yamux_stream * s)
{
	if (s->window > YAMUX_WINDOW_MAX / 2 ||
	    s->window > s->y->config.growth - s->y->grown)
		return;
	s->y->grown += s->window;
	s->consumed += s->window;
	s->window *= 2;
}

void
yamux_consumed(struct yamux_stream * s, size_t n, uint64_t now, uint64_t rtt)
{
	s->consumed += (uint32_t)n;
	if (s->consumed < s->window / 2 || s->fin_received || s->reset)
		return;
	if (rtt > 0 && s->updated > 0 &&
	    now - s->updated < rtt * GROWTH_TRIPS)
		grow_window(s);
	s->updated = now;
	want_flush(s);
}

void
yamux_ping(struct yamux * y, uint32_t value)
{
	write_header(&y->control, PING, SYN, 0, value);
}

void
yamux_goaway(struct yamux * y, uint32_t code)
{
	write_header(&y->control, GO_AWAY, 0, 0, code);
}

size_t
yamux_waiting(const struct yamux * y)
{
	return (y->queued);
}

size_t
yamux_control(const struct yamux * y)
{
	return (y->control.n);
}

unsigned
yamux_streams(const struct yamux * y)
{
	return ((unsigned)y->streams.n);
}

void
yamux_set_user(struct yamux_stream * s, void * user)
{
	s->user = user;
}

void *
yamux_user(const struct yamux_stream * s)
{
	return (s->user);
}

uint32_t
yamux_id(const struct yamux_stream * s)
{
	return (s->id);
}

/* --- sending ------------------------------------------------------------ */

/* The flushed front of the queue goes when it is all, or more than half. */
static void
trim_queue(struct yamux_stream * s)
{
	if (s->sent == s->queue.n)
		buffer_free(&s->queue);
	else if (s->sent <= s->queue.n / 2)
		return;
	else
		buffer_consume(&s->queue, s->sent);
	s->sent = 0;
}

static void
flush_data(struct yamux_stream * s, struct buffer * out)
{
	size_t n = yamux_queued(s);

	if (n > CHUNK_MAX)
		n = CHUNK_MAX;
	if (n > s->send_window)
		n = s->send_window;
	if (n == 0)
		return;
	write_header(out, DATA, s->flags, s->id, (uint32_t)n);
	buffer_append(out, s->queue.p + s->sent, n);
	s->flags = 0;
	s->sent += n;
	s->y->queued -= n;
	s->send_window -= (uint32_t)n;
	trim_queue(s);
}

static bool
wants_update(const struct yamux_stream * s)
{
	return (s->consumed >= s->window / 2 && !s->fin_received);
}

/* The window, with a SYN or ACK that no data carried, and the end. */
static void
flush_window(struct yamux_stream * s, struct buffer * out)
{
	uint32_t delta = wants_update(s) ? s->consumed : 0;

	if (s->flags == 0 && delta == 0)
		return;
	write_header(out, WINDOW_UPDATE, s->flags, s->id, delta);
	s->receive_window += delta;
	s->consumed -= delta;
	s->flags = 0;
}

static void
flush_end(struct yamux_stream * s, struct buffer * out)
{
	if (!s->ending || s->fin_sent || yamux_queued(s) > 0)
		return;
	/* By itself: Go may lose data that comes with a FIN. */
	write_header(out, WINDOW_UPDATE, FIN, s->id, 0);
	s->fin_sent = true;
}

bool
yamux_flush(struct yamux * y, struct buffer * out, size_t max)
{
	struct yamux_stream * s;
	size_t start = out->n;

	buffer_slice(out, buffer_all(&y->control));
	buffer_free(&y->control);
	while (!list_empty(&y->sending)) {
		if (out->n - start >= max)
			return (true);
		s = list_entry(y->sending.next, struct yamux_stream, place);
		list_remove(&s->place);
		if (s->reset)
			continue;
		flush_data(s, out);
		flush_window(s, out);
		flush_end(s, out);
		if (yamux_queued(s) > 0 && s->send_window > 0)
			want_flush(s);
	}
	return (false);
}

/* --- receiving ---------------------------------------------------------- */

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
	if (id == 0 || ours || find(y, id) != NULL)
		return (-ERR_INVALID_INPUT);
	if (y->streams.n >= y->config.streams ||
	    y->backlog >= y->config.backlog ||
	    (*s = stream_new(y, id)) == NULL) {
		write_header(&y->control, WINDOW_UPDATE, RST, id, 0);
		return (0);
	}
	(*s)->in_backlog = true;
	y->backlog++;
	(*s)->flags = ACK;
	want_flush(*s);
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
		write_header(&y->control, PING, ACK, 0, f->length);
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
			want_flush(s);
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
		return (read_stream_frame(y, &f, find(y, f.id)));
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
	    .stream = find(y, y->reading), .data = slice_of(in->p, n)};
	*in = slice_of(in->p + n, in->n - n);
	y->left -= (uint32_t)n;
	return (event->stream != NULL && !event->stream->reset);
}

/* What the flags of the frame at hand say, once its data was told. */
static int
read_end(struct yamux * y, struct yamux_event * event)
{
	struct yamux_stream * s = find(y, y->reading);
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
