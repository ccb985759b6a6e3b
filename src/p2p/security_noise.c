/* security_noise.c: Noise as one of the securities of a connection. */
#include <stdlib.h>

#include "base/error.h"
#include "p2p/noise.h"
#include "p2p/secure.h"
#include "p2p/security.h"

struct security_noise {
	struct security base;
	struct noise * noise;             /* NULL once over */
	struct buffer held;               /* part of a handshake message */
	struct peer_id peer;
	const char * muxer;
	struct secure channel;
};

static struct security_noise *
self(const struct security * s)
{
	return ((struct security_noise *)(uintptr_t)s);
}

static void
destroy(struct security * s)
{
	struct security_noise * n = self(s);

	noise_free(n->noise);
	buffer_free(&n->held);
	secure_end(&n->channel);
	free(n);
}

static struct security *
create(const struct security_config * config)
{
	struct noise_config made = {.initiator = config->dialer,
	    .identity = config->identity, .expected = config->expected,
	    .muxers = config->muxers};
	struct security_noise * n = calloc(1, sizeof(*n));

	if (n == NULL)
		return (NULL);
	n->base.ops = &security_noise_ops;
	memcpy(made.static_private, config->static_private, 32);
	memcpy(made.ephemeral_private, config->ephemeral_private, 32);
	n->noise = noise_new(&made);
	crypto_wipe(&made, sizeof(made));
	if (n->noise == NULL) {
		destroy(&n->base);
		return (NULL);
	}
	return (&n->base);
}

static void
start(struct security * s, struct buffer * out)
{
	noise_start(self(s)->noise, out);
}

/* Complete one handshake message in held; false when bytes lack. */
static bool
hold_message(struct security_noise * u, struct slice * in)
{
	size_t want, n;

	for (;;) {
		want = u->held.n < 2 ? 2 :
		    2 + ((size_t)u->held.p[0] << 8 | u->held.p[1]);
		n = want - u->held.n;
		if (n > in->n)
			n = in->n;
		buffer_append(&u->held, in->p, n);
		*in = slice_of(in->p + n, in->n - n);
		if (u->held.n < want || u->held.failed)
			return (false);
		if (want > 2 || (u->held.p[0] | u->held.p[1]) == 0)
			return (true);
	}
}

/* Keep what outlives the handshake. */
static void
finish(struct security_noise * n)
{
	struct noise_keys keys;

	n->peer = *noise_peer(n->noise);
	n->muxer = noise_muxer(n->noise);
	noise_keys(n->noise, &keys);
	secure_start(&n->channel, &keys);
	crypto_wipe(&keys, sizeof(keys));
	noise_free(n->noise);
	n->noise = NULL;
	buffer_free(&n->held);
}

static int
handshake(struct security * s, struct slice * in, struct buffer * out)
{
	struct security_noise * n = self(s);
	int status = 0;

	while (status == 0) {
		if (!hold_message(n, in))
			return (n->held.failed ? -ERR_INTERNAL : 0);
		status = noise_handshake(n->noise,
		    slice_of(n->held.p + 2, n->held.n - 2), out);
		buffer_clear(&n->held);
	}
	if (status > 0)
		finish(n);
	return (status);
}

static const struct peer_id *
peer(const struct security * s)
{
	return (&self(s)->peer);
}

static const char *
muxer(const struct security * s)
{
	return (self(s)->muxer);
}

static void
seal(struct security * s, struct buffer * out, struct slice plain)
{
	secure_seal(&self(s)->channel, out, plain);
}

static int
open_frame(struct security * s, struct slice * in, struct buffer * out)
{
	return (secure_open(&self(s)->channel, in, out));
}

/* Noise has no word for the end. */
static void
say_end(struct security * s, struct buffer * out)
{
	(void)s;
	(void)out;
}

const struct security_ops security_noise_ops = {
	.protocol = "/noise",
	.create = create,
	.start = start,
	.handshake = handshake,
	.peer = peer,
	.muxer = muxer,
	.seal = seal,
	.open = open_frame,
	.close = say_end,
	.destroy = destroy,
};
