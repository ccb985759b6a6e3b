/* handshake.c: the life of a handshake, and its frames as they come. */
#include <stdlib.h>

#include "contact/handshake_impl.h"

/* Largest frame that is read. */
#define FRAME_MAX 2048

static struct handshake *
handshake_new(const struct ed25519_key * account, const uint8_t ephemeral[32])
{
	struct handshake * h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return (NULL);
	h->account = account;
	memcpy(h->ephemeral, ephemeral, sizeof(h->ephemeral));
	return (h);
}

struct handshake *
handshake_request(const struct ed25519_key * account,
    const uint8_t contact_pk[32], const uint8_t ephemeral[32],
    const struct shareable_contact * own)
{
	struct handshake * h;

	if ((h = handshake_new(account, ephemeral)) == NULL)
		return (NULL);
	h->step = WAIT_RESPONDER_HELLO;
	memcpy(h->peer_pk, contact_pk, sizeof(h->peer_pk));
	shareable_contact_encode(&h->own, own);
	handshake_hello(h);
	if (h->own.failed || h->out.failed) {
		handshake_free(h);
		return (NULL);
	}
	return (h);
}

struct handshake *
handshake_respond(const struct ed25519_key * account,
    const uint8_t ephemeral[32])
{
	struct handshake * h;

	if ((h = handshake_new(account, ephemeral)) != NULL)
		h->step = WAIT_REQUESTER_HELLO;
	return (h);
}

void
handshake_free(struct handshake * h)
{

	if (h == NULL)
		return;
	buffer_free(&h->own);
	buffer_free(&h->in);
	buffer_free(&h->out);
	crypto_wipe(h, sizeof(*h));
	free(h);
}

void
handshake_output(struct handshake * h, struct buffer * out)
{

	buffer_slice(out, buffer_all(&h->out));
	buffer_clear(&h->out);
}

/*
 * Length and header size of the frame at the front of `in`: 1 when they are
 * there, 0 when more must be read, else no frame of ours.  Three bytes hold
 * every length we take, even one written longer than needed.
 */
static int
frame_length(const struct buffer * in, size_t * header, size_t * length)
{
	size_t i, n = 0;

	for (i = 0; i < in->n && i < 3; i++) {
		n |= (size_t)(in->p[i] & 0x7f) << (7 * i);
		if (n > FRAME_MAX)
			return (-ERR_STREAM_READ);
		if ((in->p[i] & 0x80) == 0) {
			*header = i + 1;
			*length = n;
			return (1);
		}
	}
	return (i == 3 ? -ERR_STREAM_READ : 0);
}

/* Move bytes to `in` up to the end of a header, or of a frame. */
static void
fill(struct handshake * h, struct slice * bytes, size_t want)
{
	size_t n = want - h->in.n;

	if (n > bytes->n)
		n = bytes->n;
	buffer_append(&h->in, bytes->p, n);
	bytes->p += n;
	bytes->n -= n;
}

/* Take at most one frame; 1 when a frame was taken, 0 when more is needed. */
static int
take_some(struct handshake * h, struct slice * bytes, struct error * err)
{
	size_t header, length;
	int status;

	while ((status = frame_length(&h->in, &header, &length)) == 0) {
		if (bytes->n == 0)
			return (0);
		fill(h, bytes, h->in.n + 1);
		if (h->in.failed)
			return (handshake_refuse(h, err, 0, 0, ERR_INTERNAL,
			    "no memory"));
	}
	if (status < 0)
		return (handshake_refuse_frame(h, err));
	fill(h, bytes, header + length);
	if (h->in.failed)
		return (handshake_refuse(h, err, 0, 0, ERR_INTERNAL,
		    "no memory"));
	if (h->in.n < header + length)
		return (0);
	status = handshake_take(h, slice_of(h->in.p + header, length), err);
	if (status == 0 && h->out.failed)
		return (handshake_refuse(h, err, 0, 0, ERR_INTERNAL,
		    "no memory"));
	/* The contact borrows from the last frame, so that one stays. */
	if (h->step != DONE)
		buffer_clear(&h->in);
	return (status == 0 ? 1 : status);
}

int
handshake_input(struct handshake * h, struct slice bytes, struct error * err)
{
	int status;

	if (h->step == FAILED)
		return (handshake_refuse(h, err, 0, 0, ERR_INVALID_INPUT,
		    "the handshake has failed"));
	while (h->step != DONE) {
		if ((status = take_some(h, &bytes, err)) <= 0)
			return (status);
	}
	return (1);
}

const uint8_t *
handshake_requester(const struct handshake * h)
{

	return (h->step == WAIT_ACKNOWLEDGE || h->step == WAIT_CONTACT ||
	    h->step == DONE ? h->peer_pk : NULL);
}

const struct shareable_contact *
handshake_contact(const struct handshake * h)
{

	return (&h->contact);
}
