#include "p2p/frame.h"

#include "base/error.h"
#include "base/reader.h"

/* The longest uvarint length that can be within any maximum. */
#define LENGTH_MAX 10

/*
 * Read the length at the front: 1 and its value and size, 0 when it is not
 * whole, or -ERR_INVALID_INPUT.
 */
static int
read_length(const struct frame_reader * f, struct slice in, size_t * length,
    size_t * used)
{
	struct reader r;
	uint64_t v;
	size_t n = 0;

	while (n < in.n && n < LENGTH_MAX && (in.p[n] & 0x80) != 0)
		n++;
	if (n == in.n && n < LENGTH_MAX)
		return (0);
	r = reader_of(in);
	v = reader_uvarint(&r);
	if (r.failed || v > f->max)
		return (-ERR_INVALID_INPUT);
	*length = (size_t)v;
	*used = in.n - r.n;
	return (1);
}

/* Hand over the whole messages at the front of *in. */
static int
take_whole(struct frame_reader * f, struct slice * in,
    int (*message)(void * user, struct slice message), void * user)
{
	size_t length, used;
	struct slice whole;
	int status;

	for (;;) {
		if ((status = read_length(f, *in, &length, &used)) <= 0)
			return (status);
		if (in->n - used < length)
			return (0);
		whole = slice_of(in->p + used, length);
		*in = slice_of(in->p + used + length, in->n - used - length);
		if ((status = message(user, whole)) != 0)
			return (status);
	}
}

/* Keep bytes; false when there is no room for them. */
static bool
keep(struct frame_reader * f, struct slice bytes)
{
	if (f->shared != NULL &&
	    !budget_take_fair(f->shared, f->held.n, bytes.n))
		return (false);
	buffer_slice(&f->held, bytes);
	if (f->held.failed && f->shared != NULL)
		budget_give(f->shared, bytes.n);
	return (!f->held.failed);
}

/* What is held goes to the caller. */
static struct buffer
release(struct frame_reader * f)
{
	struct buffer whole = f->held;

	if (f->shared != NULL)
		budget_give(f->shared, whole.n);
	f->held = (struct buffer){0};
	return (whole);
}

/* Add to the held bytes only what completes the message begun there. */
static int
complete(struct frame_reader * f, struct slice * in)
{
	size_t length, used, want;
	int status;

	while ((status = read_length(f, buffer_all(&f->held), &length,
	    &used)) == 0 && in->n > 0) {
		if (!keep(f, slice_of(in->p, 1)))
			return (-ERR_INVALID_INPUT);
		*in = slice_of(in->p + 1, in->n - 1);
	}
	if (status <= 0)
		return (status);
	want = used + length - f->held.n;
	if (want > in->n)
		want = in->n;
	if (!keep(f, slice_of(in->p, want)))
		return (-ERR_INVALID_INPUT);
	*in = slice_of(in->p + want, in->n - want);
	return (f->held.n == used + length);
}

int
frame_feed(struct frame_reader * f, struct slice bytes,
    int (*message)(void * user, struct slice message), void * user)
{
	struct buffer whole;
	struct slice in;
	int status;

	if (f->held.n > 0) {
		if ((status = complete(f, &bytes)) <= 0)
			return (status);
		/* The callback may free the reader: nothing of it is lent. */
		whole = release(f);
		in = buffer_all(&whole);
		status = take_whole(f, &in, message, user);
		buffer_free(&whole);
		if (status != 0)
			return (status);
	}
	if ((status = take_whole(f, &bytes, message, user)) != 0)
		return (status);
	return (keep(f, bytes) ? 0 : -ERR_INVALID_INPUT);
}

void
frame_free(struct frame_reader * f)
{
	struct buffer held = release(f);

	buffer_free(&held);
}

bool
frame_partial(const struct frame_reader * f)
{
	return (f->held.n > 0);
}
