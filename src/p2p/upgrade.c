#include "p2p/upgrade.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/multistream.h"
#include "p2p/yamux.h"

static const char * const muxers[] = {YAMUX_PROTOCOL, NULL};

enum stage { SECURITY, HANDSHAKE, MUXER, DONE };

struct upgrade {
	struct security_config config;
	unsigned securities;
	enum stage stage;
	bool refused;
	struct multistream * negotiation;
	struct security * security;       /* NULL until it is agreed on */
	struct peer_id peer;
	struct buffer plain;              /* opened, not used yet */
};

/* The kind that we speak under that name, or SECURITY_KINDS. */
static enum security_kind
find_security(const struct upgrade * u, const char * protocol)
{
	enum security_kind kind;

	for (kind = 0; kind < SECURITY_KINDS; kind++)
		if ((u->securities & SECURITY_BIT(kind)) != 0 &&
		    strcmp(security_protocol(kind), protocol) == 0)
			break;
	return (kind);
}

static bool
speaks_security(void * user, const char * protocol)
{
	return (find_security(user, protocol) != SECURITY_KINDS);
}

static bool
speaks_muxer(void * user, const char * protocol)
{
	(void)user;
	return (strcmp(protocol, YAMUX_PROTOCOL) == 0);
}

static void
fill_config(struct upgrade * u, const struct upgrade_config * config)
{
	u->securities = config->securities != 0 ? config->securities :
	    SECURITY_BIT(SECURITY_NOISE);
	u->config = (struct security_config){.dialer = config->dialer,
	    .identity = config->identity, .expected = config->expected,
	    .muxers = config->no_early_muxer ? NULL : muxers,
	    .tls = config->tls, .wall = config->wall};
	memcpy(u->config.static_private, config->static_private, 32);
	memcpy(u->config.ephemeral_private, config->ephemeral_private, 32);
}

/* Offer the first that we speak, and go on as if it were accepted. */
static int
offer(struct upgrade * u, struct buffer * out)
{
	const char * offers[2] = {NULL, NULL};
	enum security_kind kind = 0;

	while (kind < SECURITY_KINDS - 1 &&
	    (u->securities & SECURITY_BIT(kind)) == 0)
		kind++;
	offers[0] = security_protocol(kind);
	u->negotiation = multistream_dial(offers, out);
	u->security = security_new(kind, &u->config);
	if (u->negotiation == NULL || u->security == NULL)
		return (-ERR_INTERNAL);
	security_start(u->security, out);
	return (out->failed ? -ERR_INTERNAL : 0);
}

struct upgrade *
upgrade_new(const struct upgrade_config * config, struct buffer * out)
{
	struct upgrade * u = calloc(1, sizeof(*u));

	if (u == NULL)
		goto err0;
	fill_config(u, config);
	if (config->dialer) {
		if (offer(u, out) != 0)
			goto err1;
	} else if ((u->negotiation = multistream_listen(speaks_security,
	    u)) == NULL) {
		goto err1;
	}
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
	security_free(u->security);
	buffer_free(&u->plain);
	crypto_wipe(u, sizeof(*u));
	free(u);
}

static int
feed_security(struct upgrade * u, struct slice * in, struct buffer * out)
{
	int status = multistream_feed(u->negotiation, in, out);

	u->refused = u->config.dialer && status == -ERR_NOT_FOUND;
	if (status <= 0)
		return (status);
	if (u->security == NULL) {
		u->security = security_new(find_security(u,
		    multistream_protocol(u->negotiation)), &u->config);
		if (u->security == NULL)
			return (-ERR_INTERNAL);
	}
	multistream_free(u->negotiation);
	u->negotiation = NULL;
	u->stage = HANDSHAKE;
	return (1);
}

/* The peer is known: the muxer is next, unless it is agreed already. */
static int
start_muxer(struct upgrade * u, struct buffer * out)
{
	struct buffer hello = {0};

	u->peer = *security_peer(u->security);
	u->stage = DONE;
	if (security_muxer(u->security) != NULL)
		return (1);
	u->stage = MUXER;
	u->negotiation = u->config.dialer ? multistream_dial(muxers, &hello) :
	    multistream_listen(speaks_muxer, NULL);
	security_seal(u->security, out, buffer_all(&hello));
	buffer_free(&hello);
	return (u->negotiation == NULL ? -ERR_INTERNAL : 1);
}

static int
feed_handshake(struct upgrade * u, struct slice * in, struct buffer * out)
{
	int status = security_handshake(u->security, in, out);

	return (status <= 0 ? status : start_muxer(u, out));
}

static int
feed_muxer(struct upgrade * u, struct slice * in, struct buffer * out)
{
	struct buffer answer = {0};
	struct slice plain;
	int status;

	if ((status = security_open(u->security, in, &u->plain)) <= 0)
		return (status);
	plain = buffer_all(&u->plain);
	status = multistream_feed(u->negotiation, &plain, &answer);
	security_seal(u->security, out, buffer_all(&answer));
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

bool
upgrade_refused(const struct upgrade * u)
{
	return (u->refused);
}

const struct peer_id *
upgrade_peer(const struct upgrade * u)
{
	return (&u->peer);
}

struct security *
upgrade_finish(struct upgrade * u, struct buffer * plain)
{
	struct security * s = u->security;

	u->security = NULL;
	*plain = u->plain;
	u->plain = (struct buffer){0};
	return (s);
}
