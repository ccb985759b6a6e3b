/*
 * tls_credentials.h: the certificate that a server shows, and its key.
 */
#ifndef BERTY_SERVER_TLS_CREDENTIALS_H
#define BERTY_SERVER_TLS_CREDENTIALS_H

#include <gnutls/gnutls.h>

#include "base/buffer.h"
#include "base/error.h"

#define TLS_FINGERPRINT 65         /* 64 hexadecimal digits and a NUL */

struct tls_credentials;

/*
 * From PEM, the chain's first certificate being the server's own.
 * -ERR_INVALID_INPUT with a sentence: one of them cannot be read, or they do
 * not belong together.
 */
int tls_credentials_new(struct tls_credentials ** credentials,
    struct slice certificate, struct slice key, struct error * err);

/* Counted: made held once, freed when dropped as often as held. */
struct tls_credentials * tls_credentials_hold(struct tls_credentials * c);
void tls_credentials_drop(struct tls_credentials * c);

/* SHA-256 of the server's certificate (DER), as hexadecimal digits. */
const char * tls_credentials_fingerprint(const struct tls_credentials * c);
void tls_fingerprint(char text[TLS_FINGERPRINT], const gnutls_datum_t * der);

/* What it was made from, borrowed, for servers with a TLS of their own. */
void tls_credentials_pem(const struct tls_credentials * c,
    struct slice * certificate, struct slice * key);

/* For sessions; good while held. */
gnutls_certificate_credentials_t tls_credentials_raw(
    const struct tls_credentials * c);

/*
 * Append a new key (ECDSA P-256) and a certificate that it signs itself, in
 * PEM.  It is for this machine's own name and addresses, and without an end:
 * who pins its fingerprint pins it for good.  0 or -ERR_INTERNAL.
 */
int tls_credentials_make(struct buffer * certificate, struct buffer * key);

#endif /* !BERTY_SERVER_TLS_CREDENTIALS_H */
