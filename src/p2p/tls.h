/*
 * tls.h: TLS 1.3 as a security of connections: mutual, each side with a
 * certificate that its peer's key signed (tls_certificate.h).  GnuTLS does it,
 * with bytes handed in and out; it takes randomness from the system itself, so
 * that what runs in the simulator speaks Noise.
 * Source: libp2p tls spec; connections/inlined-muxer-negotiation.
 */
#ifndef BERTY_P2P_TLS_H
#define BERTY_P2P_TLS_H

#include "p2p/security.h"

/* Bytes a peer may need for its handshake; no more of it is ever held. */
enum { TLS_HANDSHAKE_MAX = 65536 };

/*
 * What a host shows in all its handshakes.  The certificate is made when it is
 * first needed: nothing is spent where only Noise is spoken.
 */
struct tls_identity;

/* NULL without memory.  The key is borrowed for its life. */
struct tls_identity * tls_identity_new(const struct ed25519_key * key);

/* After the last security that borrows it.  NULL is none. */
void tls_identity_free(struct tls_identity * identity);

#endif /* !BERTY_P2P_TLS_H */
