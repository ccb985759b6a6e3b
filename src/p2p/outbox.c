#include "p2p/outbox.h"

#include <stdlib.h>

/* What is handed to a stream in one piece, and how much it may hold, bytes:
 * well above any low mark, well below the 1 MiB that it refuses. */
enum { PIECE = 64 << 10, STREAM_FULL = 768 << 10 };

struct outbox_message {
	struct list place;
	bool droppable;
	struct buffer bytes;
};

void
outbox_init(struct outbox * o, struct host * h)
{
	*o = (struct outbox){.shared = host_queued(h)};
	list_init(&o->messages);
}

static void
remove_message(struct outbox * o, struct outbox_message * m)
{
	if (&m->place == o->messages.next) {
		o->bytes += o->written;
		o->written = 0;
	}
	o->bytes -= m->bytes.n;
	budget_give(o->shared, m->bytes.n);
	list_remove(&m->place);
	buffer_free(&m->bytes);
	free(m);
}

void
outbox_free(struct outbox * o)
{
	struct list * place, * following;

	list_each (place, following, &o->messages)
		remove_message(o,
		    list_entry(place, struct outbox_message, place));
}

int
outbox_add(struct outbox * o, struct slice message, bool droppable)
{
	struct outbox_message * m;
	int status = -ERR_STREAM_WRITE;

	if (!budget_take_fair(o->shared, o->bytes, message.n))
		goto err0;
	status = -ERR_INTERNAL;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		goto err1;
	m->droppable = droppable;
	buffer_reserve(&m->bytes, message.n + 10);
	buffer_uvarint(&m->bytes, message.n);
	buffer_slice(&m->bytes, message);
	if (m->bytes.failed)
		goto err2;
	list_append(&o->messages, &m->place);
	o->bytes += m->bytes.n;
	budget_note(o->shared, o->shared->used + m->bytes.n - message.n);
	return (0);

err2:
	buffer_free(&m->bytes);
	free(m);
err1:
	budget_give(o->shared, message.n);
err0:
	return (status);
}

void
outbox_drop(struct outbox * o, size_t bytes)
{
	struct list * place, * following;

	list_each (place, following, &o->messages) {
		struct outbox_message * m =
		    list_entry(place, struct outbox_message, place);

		if (o->bytes <= bytes)
			return;
		if (!m->droppable ||
		    (place == o->messages.next && o->written > 0))
			continue;
		remove_message(o, m);
	}
}

/* Write a piece of the first message; false when the stream takes no more. */
static bool
write_piece(struct outbox * o, struct stream * s)
{
	struct outbox_message * m =
	    list_entry(o->messages.next, struct outbox_message, place);
	size_t n = m->bytes.n - o->written;

	if (stream_queued(s) >= STREAM_FULL)
		return (false);
	if (n > PIECE)
		n = PIECE;
	if (stream_write(s, slice_of(m->bytes.p + o->written, n)) != 0)
		return (false);
	o->written += n;
	o->bytes -= n;
	if (o->written == m->bytes.n)
		remove_message(o, m);
	return (true);
}

bool
outbox_pump(struct outbox * o, struct stream * s)
{
	while (!list_empty(&o->messages))
		if (!write_piece(o, s))
			return (false);
	return (true);
}
