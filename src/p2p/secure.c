#include "p2p/secure.h"

#include "base/error.h"

void
secure_start(struct secure * s, const struct noise_keys * keys)
{
	*s = (struct secure){0};
	memcpy(s->send, keys->send, 32);
	memcpy(s->receive, keys->receive, 32);
}

void
secure_end(struct secure * s)
{
	buffer_free(&s->held);
	crypto_wipe(s, sizeof(*s));
}

/* Source: noise spec §12, ChaChaPoly: 32 zero bits, little-endian counter. */
static void
make_nonce(uint8_t nonce[12], uint64_t counter)
{
	size_t i;

	memset(nonce, 0, 12);
	for (i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(counter >> (8 * i));
}

void
secure_seal(struct secure * s, struct buffer * out, struct slice plain)
{
	uint8_t nonce[12];
	size_t n;

	while (plain.n > 0) {
		n = plain.n < NOISE_PLAIN_MAX ? plain.n : NOISE_PLAIN_MAX;
		if (buffer_reserve(out, n + TAG_SIZE + 2) != 0)
			return;
		buffer_be16(out, (uint16_t)(n + TAG_SIZE));
		make_nonce(nonce, s->sent++);
		chachapoly_seal(out, s->send, nonce, slice_of(NULL, 0),
		    slice_of(plain.p, n));
		plain = slice_of(plain.p + n, plain.n - n);
	}
}

static int
open_frame(struct secure * s, struct slice sealed, struct buffer * out)
{
	uint8_t nonce[12];

	make_nonce(nonce, s->received++);
	if (chachapoly_open(out, s->receive, nonce, slice_of(NULL, 0),
	    sealed) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	return (1);
}

/* Move up to want - held bytes of *in to the held ones; is that all? */
static bool
fill(struct secure * s, struct slice * in, size_t want)
{
	size_t n = want - s->held.n;

	if (n > in->n)
		n = in->n;
	buffer_append(&s->held, in->p, n);
	*in = slice_of(in->p + n, in->n - n);
	return (s->held.n == want && !s->held.failed);
}

static size_t
frame_length(const uint8_t * p)
{
	return ((size_t)p[0] << 8 | p[1]);
}

int
secure_open(struct secure * s, struct slice * in, struct buffer * out)
{
	struct slice sealed;
	size_t length;
	int status;

	/* The common case: a whole frame, opened where it lies. */
	if (s->held.n == 0 && in->n >= 2 &&
	    in->n - 2 >= (length = frame_length(in->p))) {
		sealed = slice_of(in->p + 2, length);
		*in = slice_of(in->p + 2 + length, in->n - 2 - length);
		return (open_frame(s, sealed, out));
	}
	if (s->held.n < 2 && !fill(s, in, 2))
		return (s->held.failed ? -ERR_INTERNAL : 0);
	length = frame_length(s->held.p);
	if (!fill(s, in, 2 + length))
		return (s->held.failed ? -ERR_INTERNAL : 0);
	status = open_frame(s, slice_of(s->held.p + 2, length), out);
	buffer_clear(&s->held);
	return (status);
}
