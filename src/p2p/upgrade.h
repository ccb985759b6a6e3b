/*
 * upgrade.h: a raw connection becomes a secured and multiplexed one.
 * Sans-IO: multistream picks /noise, Noise says who is there, and the muxer is
 * agreed on early, or by multistream inside.  Source: network spec §2.
 */
#ifndef BERTY_P2P_UPGRADE_H
#define BERTY_P2P_UPGRADE_H

#include "p2p/noise.h"
#include "p2p/secure.h"

struct upgrade;

struct upgrade_config {
	bool dialer;
	struct ed25519_key identity;
	uint8_t static_private[32];       /* drawn for this connection */
	uint8_t ephemeral_private[32];    /* drawn for this connection */
	bool no_early_muxer;              /* as peers of 2022 */
};

/*
 * The config is copied.  The dialer's first bytes are appended to out: they
 * carry the first message of Noise as well, one round trip saved.  NULL
 * without memory.
 */
struct upgrade * upgrade_new(const struct upgrade_config * config,
    struct buffer * out);
void upgrade_free(struct upgrade * u);

/*
 * Take bytes from the front of *in, append answers to out.  1: done, what is
 * left in *in are frames of the secured channel.  0: more bytes are needed.
 * Else the code of the stage that failed (multistream.h, noise.h).
 */
int upgrade_feed(struct upgrade * u, struct slice * in, struct buffer * out);

/* Who is there, once known; n = 0 before. */
const struct peer_id * upgrade_peer(const struct upgrade * u);

/*
 * Once done: move the channel to *s, and to *plain what the peer sent already
 * for the muxer.
 */
void upgrade_finish(struct upgrade * u, struct secure * s,
    struct buffer * plain);

#endif /* !BERTY_P2P_UPGRADE_H */
