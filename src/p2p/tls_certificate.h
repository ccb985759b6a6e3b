/*
 * tls_certificate.h: the certificate by which a peer says in TLS who it is:
 * one, self-signed, with an extension in which the peer's own key signs that of
 * the certificate.  Source: libp2p tls spec, peer authentication.
 */
#ifndef BERTY_P2P_TLS_CERTIFICATE_H
#define BERTY_P2P_TLS_CERTIFICATE_H

#include <gnutls/x509.h>

#include "base/buffer.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* Bytes of a certificate that are looked at. */
enum { TLS_CERTIFICATE_MAX = 8192 };

/* The extension's object identifier, 1.3.6.1.4.1.53594.1.1. */
#define TLS_EXTENSION_OID "1.3.6.1.4.1.53594.1.1"

/*
 * Take the value of the extension apart: SEQUENCE { OCTET STRING public key
 * protobuf, OCTET STRING signature }, both borrowed.  -ERR_DESERIALIZATION.
 */
int tls_extension_read(struct slice value, struct slice * key,
    struct slice * sig);

/* Append such a value, of a key that signs for a SubjectPublicKeyInfo. */
void tls_extension_write(struct buffer * out, const struct ed25519_key * key,
    struct slice spki);

/*
 * Check a certificate (DER) at a time (unix seconds), and who shows it.
 * -ERR_DESERIALIZATION: malformed, or the extension is missing;
 * -ERR_INVALID_INPUT: not valid at that time, a key or hash too weak or too
 * large, or a critical extension that is not known;
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION: not signed by itself, or not by the peer.
 */
int tls_certificate_verify(struct slice der, int64_t wall,
    struct peer_id * peer);

/*
 * Take the body of a TLS 1.3 Certificate message apart that has exactly one
 * certificate, borrowed.  -ERR_DESERIALIZATION: malformed; -ERR_INVALID_INPUT:
 * none or several, or longer than above.  Source: RFC 8446 §4.4.2.
 */
int tls_certificate_message(struct slice body, struct slice * der);

/*
 * Make a certificate for a host's key, with a fresh key of its own (P-256);
 * the caller frees both.  0, or -ERR_CRYPTO_KEY_GENERATION.
 */
int tls_certificate_make(const struct ed25519_key * key,
    gnutls_x509_crt_t * crt, gnutls_x509_privkey_t * own);

#endif /* !BERTY_P2P_TLS_CERTIFICATE_H */
