/*
 * security.h: what makes a raw connection a secured one: a handshake that says
 * who is there, then a channel.  Noise and TLS are the two that peers speak;
 * who has a connection does not know which it is.  Sans-IO.
 * Source: libp2p connections spec, "securing a connection".
 */
#ifndef BERTY_P2P_SECURITY_H
#define BERTY_P2P_SECURITY_H

#include "base/buffer.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* In the order in which they are offered. */
enum security_kind { SECURITY_NOISE, SECURITY_TLS, SECURITY_KINDS };

/* A set of kinds is made of these bits. */
#define SECURITY_BIT(kind) (1U << (kind))

struct security;
struct tls_identity;

/* What one end brings. */
struct security_config {
	bool dialer;
	const struct ed25519_key * identity; /* borrowed for its life */
	struct peer_id expected;          /* n = 0: whoever is there */
	/* Muxers to agree on early, preferred first, NULL-terminated; NULL:
	 * none.  Borrowed for the life of the security. */
	const char * const * muxers;
	uint8_t static_private[32];       /* for Noise, drawn for this one */
	uint8_t ephemeral_private[32];    /* for Noise, drawn for this one */
	struct tls_identity * tls;        /* for TLS (tls.h); borrowed */
	int64_t wall;                     /* for TLS: unix seconds now */
};

/* One implementation; what the members do is said at the functions below. */
struct security_ops {
	const char * protocol;
	struct security * (*create)(const struct security_config * config);
	void (*start)(struct security * s, struct buffer * out);
	int (*handshake)(struct security * s, struct slice * in,
	    struct buffer * out);
	const struct peer_id * (*peer)(const struct security * s);
	const char * (*muxer)(const struct security * s);
	void (*seal)(struct security * s, struct buffer * out,
	    struct slice plain);
	int (*open)(struct security * s, struct slice * in,
	    struct buffer * out);
	void (*close)(struct security * s, struct buffer * out);
	void (*destroy)(struct security * s);
};

/* Implementations have it as their first member. */
struct security {
	const struct security_ops * ops;
};

/* security_noise.c, tls.c */
extern const struct security_ops security_noise_ops;
extern const struct security_ops tls_ops;

const struct security_ops * security_ops_of(enum security_kind kind);

/*
 * Read a list as an operator writes it, "noise,tls": *set gets SECURITY_BITs.
 * -ERR_INVALID_INPUT: empty, or a name that is not known.
 */
int security_parse(struct slice list, unsigned * set);

/* The config is copied.  NULL without memory. */
static inline struct security *
security_new(enum security_kind kind, const struct security_config * config)
{
	return (security_ops_of(kind)->create(config));
}

/* Wipe and free; NULL is none. */
static inline void
security_free(struct security * s)
{
	if (s != NULL)
		s->ops->destroy(s);
}

/* Its name in multistream. */
static inline const char *
security_protocol(enum security_kind kind)
{
	return (security_ops_of(kind)->protocol);
}

/* The dialer's first message, appended to out; once. */
static inline void
security_start(struct security * s, struct buffer * out)
{
	s->ops->start(s, out);
}

/*
 * Take bytes of the handshake from the front of *in, append answers to out.
 * 1: it is over, what is left in *in is for security_open.  0: more bytes are
 * needed, *in is empty.  -ERR_CRYPTO_SIGNATURE_VERIFICATION: the peer does not
 * own the identity it claims; -ERR_INVALID_INPUT: it is not the one expected,
 * or what it shows is not acceptable; -ERR_DESERIALIZATION and
 * -ERR_CRYPTO_DECRYPT: malformed.  What was appended before a failure is still
 * to be sent.
 */
static inline int
security_handshake(struct security * s, struct slice * in,
    struct buffer * out)
{
	return (s->ops->handshake(s, in, out));
}

/* Who is there, and the muxer agreed on early or NULL; after the handshake. */
static inline const struct peer_id *
security_peer(const struct security * s)
{
	return (s->ops->peer(s));
}

static inline const char *
security_muxer(const struct security * s)
{
	return (s->ops->muxer(s));
}

/* Append plain to out as frames, as few as it takes. */
static inline void
security_seal(struct security * s, struct buffer * out, struct slice plain)
{
	s->ops->seal(s, out, plain);
}

/*
 * Open the first frame of *in, appending its plaintext to out: 1, or 0 when
 * the frame is not whole yet (*in is then empty and its bytes are held).
 * -ERR_CRYPTO_DECRYPT: it does not open; -ERR_STREAM_READ: the peer said that
 * it is over.
 */
static inline int
security_open(struct security * s, struct slice * in, struct buffer * out)
{
	return (s->ops->open(s, in, out));
}

/* Append what says that nothing more is sent, if there is such a thing. */
static inline void
security_close(struct security * s, struct buffer * out)
{
	s->ops->close(s, out);
}

#endif /* !BERTY_P2P_SECURITY_H */
