#include "p2p/yamux_private.h"

#include <stdlib.h>

#include "base/error.h"

/* The largest data frame sent, bytes. */
#define CHUNK_MAX (32 * 1024)

/* A window grows when it was used up within this many round trips. */
#define GROWTH_TRIPS 4

struct stream_key {
	uint8_t p[4];
};

static struct stream_key
key_of(uint32_t id)
{
	return ((struct stream_key){{(uint8_t)(id >> 24), (uint8_t)(id >> 16),
	    (uint8_t)(id >> 8), (uint8_t)id}});
}

struct yamux_stream *
yamux_find(const struct yamux * y, uint32_t id)
{
	struct stream_key key = key_of(id);

	return (map_get(&y->streams, slice_of(key.p, sizeof(key.p))));
}

void
yamux_header(struct buffer * out, enum frame_type type, unsigned flags,
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
	budget_give(s->y->config.all, 1);
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

struct yamux_stream *
yamux_stream_new(struct yamux * y, uint32_t id)
{
	struct yamux_stream * s;
	struct stream_key key = key_of(id);

	if (!budget_allows(y->config.streams, y->streams.n, 1) ||
	    !budget_take_fair(y->config.all, y->streams.n, 1))
		return (NULL);
	if ((s = calloc(1, sizeof(*s))) == NULL)
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
	budget_give(y->config.all, 1);
	return (NULL);
}

/* Put a stream in the row of those with something to say. */
void
yamux_want_flush(struct yamux_stream * s)
{
	if (list_empty(&s->place))
		list_append(&s->y->sending, &s->place);
}

struct yamux_stream *
yamux_open(struct yamux * y)
{
	struct yamux_stream * s;

	if (y->stopped || y->next_id > UINT32_MAX - 2)
		return (NULL);
	if ((s = yamux_stream_new(y, y->next_id)) == NULL)
		return (NULL);
	y->next_id += 2;
	s->flags = SYN;
	yamux_want_flush(s);
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
		yamux_header(&y->control, WINDOW_UPDATE, RST, s->id, 0);
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
		yamux_want_flush(s);
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
	yamux_want_flush(s);
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
	yamux_want_flush(s);
}

void
yamux_ping(struct yamux * y, uint32_t value)
{
	yamux_header(&y->control, PING, SYN, 0, value);
}

void
yamux_goaway(struct yamux * y, uint32_t code)
{
	yamux_header(&y->control, GO_AWAY, 0, 0, code);
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

unsigned
yamux_backlog(const struct yamux * y)
{
	return (y->backlog);
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
	yamux_header(out, DATA, s->flags, s->id, (uint32_t)n);
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
	yamux_header(out, WINDOW_UPDATE, s->flags, s->id, delta);
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
	yamux_header(out, WINDOW_UPDATE, FIN, s->id, 0);
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
			yamux_want_flush(s);
	}
	return (false);
}
