/*
 * upgrade.h: a raw connection becomes a secured and multiplexed one.
 * Sans-IO: multistream picks /noise or /tls/1.0.0, which says who is there, and
 * the muxer is agreed on early, or by multistream inside.
 * Source: network spec §2.
 *
 * The muxer is yamux.  /mplex/6.7.0 is answered `na`: it has no flow control
 * and is retired, and peers of 2022, which propose it first, take yamux then.
 */
#ifndef BERTY_P2P_UPGRADE_H
#define BERTY_P2P_UPGRADE_H

#include "p2p/security.h"

struct upgrade;

struct upgrade_config {
	bool dialer;
	/* SECURITY_BITs that are spoken; 0: Noise alone.  A dialer offers the
	 * first of them only: its first message goes with the offer, and
	 * whoever refuses the one could not read on. */
	unsigned securities;
	const struct ed25519_key * identity; /* borrowed for its life */
	struct peer_id expected;          /* n = 0: whoever is there */
	struct tls_identity * tls;        /* for TLS; borrowed */
	int64_t wall;                     /* for TLS: unix seconds now */
	uint8_t static_private[32];       /* drawn for this connection */
	uint8_t ephemeral_private[32];    /* drawn for this connection */
	bool no_early_muxer;              /* as peers of 2022 */
};

/*
 * The config is copied.  The dialer's first bytes are appended to out: they
 * carry the first message of the handshake as well, one round trip saved.  NULL
 * without memory.
 */
struct upgrade * upgrade_new(const struct upgrade_config * config,
    struct buffer * out);
void upgrade_free(struct upgrade * u);

/*
 * Take bytes from the front of *in, append answers to out.  1: done, what is
 * left in *in are frames of the secured channel.  0: more bytes are needed.
 * Else the code of the stage that failed (multistream.h, security.h); what was
 * appended to out is still to be sent.
 */
int upgrade_feed(struct upgrade * u, struct slice * in, struct buffer * out);

/* Did the peer answer the dialer's offer that it does not speak it? */
bool upgrade_refused(const struct upgrade * u);

/* Who is there, once known; n = 0 before. */
const struct peer_id * upgrade_peer(const struct upgrade * u);

/*
 * Once done: the channel, the caller's from now on; moves to *plain what the
 * peer sent already for the muxer.
 */
struct security * upgrade_finish(struct upgrade * u, struct buffer * plain);

#endif /* !BERTY_P2P_UPGRADE_H */
