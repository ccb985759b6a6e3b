#include "p2p/upgrade.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/multistream.h"
#include "p2p/yamux.h"

#define NOISE_PROTOCOL "/noise"

static const char * const securities[] = {NOISE_PROTOCOL, NULL};
static const char * const muxers[] = {YAMUX_PROTOCOL, NULL};

enum stage { SECURITY, HANDSHAKE, MUXER, DONE };

struct upgrade {
	bool dialer;
	enum stage stage;
	struct multistream * negotiation;
	struct noise * noise;
	struct buffer held;               /* part of a handshake message */
	struct peer_id peer;
	struct secure secure;
	struct buffer plain;              /* opened, not used yet */
};

static bool
speaks_security(void * user, const char * protocol)
{
	(void)user;
	return (strcmp(protocol, NOISE_PROTOCOL) == 0);
}

static bool
speaks_muxer(void * user, const char * protocol)
{
	(void)user;
	return (strcmp(protocol, YAMUX_PROTOCOL) == 0);
}

static struct noise *
make_noise(const struct upgrade_config * config)
{
	struct noise_config made = {.initiator = config->dialer,
	    .identity = config->identity,
	    .muxers = config->no_early_muxer ? NULL : muxers};
	struct noise * n;

	memcpy(made.static_private, config->static_private, 32);
	memcpy(made.ephemeral_private, config->ephemeral_private, 32);
	n = noise_new(&made);
	crypto_wipe(&made, sizeof(made));
	return (n);
}

struct upgrade *
upgrade_new(const struct upgrade_config * config, struct buffer * out)
{
	struct upgrade * u = calloc(1, sizeof(*u));

	if (u == NULL)
		goto err0;
	u->dialer = config->dialer;
	if ((u->noise = make_noise(config)) == NULL)
		goto err1;
	u->negotiation = u->dialer ? multistream_dial(securities, out) :
	    multistream_listen(speaks_security, NULL);
	if (u->negotiation == NULL)
		goto err1;
	/* There is one security to offer: who refuses it is lost anyway. */
	if (u->dialer)
		noise_start(u->noise, out);
	if (out->failed)
		goto err1;
	return (u);

err1:
	upgrade_free(u);
err0:
	return (NULL);
}

void
upgrade_free(struct upgrade * u)
{
	if (u == NULL)
		return;
	multistream_free(u->negotiation);
	noise_free(u->noise);
	buffer_free(&u->held);
	secure_end(&u->secure);
	buffer_free(&u->plain);
	free(u);
}

static int
feed_security(struct upgrade * u, struct slice * in, struct buffer * out)
{
	int status = multistream_feed(u->negotiation, in, out);

	if (status <= 0)
		return (status);
	multistream_free(u->negotiation);
	u->negotiation = NULL;
	u->stage = HANDSHAKE;
	return (1);
}

/* After Noise: the channel, and the muxer unless it is agreed already. */
static int
start_muxer(struct upgrade * u, struct buffer * out)
{
	struct buffer hello = {0};
	struct noise_keys keys;

	u->peer = *noise_peer(u->noise);
	noise_keys(u->noise, &keys);
	secure_start(&u->secure, &keys);
	crypto_wipe(&keys, sizeof(keys));
	u->stage = DONE;
	if (noise_muxer(u->noise) != NULL)
		return (1);
	u->stage = MUXER;
	u->negotiation = u->dialer ? multistream_dial(muxers, &hello) :
	    multistream_listen(speaks_muxer, NULL);
	secure_seal(&u->secure, out, buffer_all(&hello));
	buffer_free(&hello);
	return (u->negotiation == NULL ? -ERR_INTERNAL : 1);
}

/* Complete one handshake message in u->held; false when bytes lack. */
static bool
hold_message(struct upgrade * u, struct slice * in)
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

static int
feed_handshake(struct upgrade * u, struct slice * in, struct buffer * out)
{
	int status;

	if (!hold_message(u, in))
		return (u->held.failed ? -ERR_INTERNAL : 0);
	status = noise_handshake(u->noise,
	    slice_of(u->held.p + 2, u->held.n - 2), out);
	buffer_clear(&u->held);
	if (status < 0)
		return (status);
	return (status == 0 ? 1 : start_muxer(u, out));
}

static int
feed_muxer(struct upgrade * u, struct slice * in, struct buffer * out)
{
	struct buffer answer = {0};
	struct slice plain;
	int status;

	if ((status = secure_open(&u->secure, in, &u->plain)) <= 0)
		return (status);
	plain = buffer_all(&u->plain);
	status = multistream_feed(u->negotiation, &plain, &answer);
	secure_seal(&u->secure, out, buffer_all(&answer));
	buffer_free(&answer);
	buffer_consume(&u->plain, u->plain.n - plain.n);
	if (status > 0)
		u->stage = DONE;
	return (status < 0 ? status : 1);
}

int
upgrade_feed(struct upgrade * u, struct slice * in, struct buffer * out)
{
	int status = 1;

	while (status > 0 && u->stage != DONE) {
		switch (u->stage) {
		case SECURITY:
			status = feed_security(u, in, out);
			break;
		case HANDSHAKE:
			status = feed_handshake(u, in, out);
			break;
		case MUXER:
			status = feed_muxer(u, in, out);
			break;
		case DONE:
			break;
		}
	}
	if (out->failed)
		return (-ERR_INTERNAL);
	return (status);
}

const struct peer_id *
upgrade_peer(const struct upgrade * u)
{
	return (&u->peer);
}

void
upgrade_finish(struct upgrade * u, struct secure * s, struct buffer * plain)
{
	*s = u->secure;
	*plain = u->plain;
	u->secure = (struct secure){0};
	u->plain = (struct buffer){0};
}
