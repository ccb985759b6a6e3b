/*
 * tls_channel.h: one TLS connection that carries HTTP/2, either end of it.
 * Bytes in, bytes out; nothing here reads or writes a socket.  TLS 1.2 or
 * newer, and of 1.2 what RFC 9113 §9.2 allows.
 */
#ifndef BERTY_SERVER_TLS_CHANNEL_H
#define BERTY_SERVER_TLS_CHANNEL_H

#include "base/buffer.h"
#include "server/tls_credentials.h"

struct tls_channel;

/* Bytes a client may need for its handshake; no more is taken. */
enum { TLS_CHANNEL_HANDSHAKE_MAX = 65536 };

/* A server's end; holds the credentials.  NULL without memory. */
struct tls_channel * tls_channel_accept(struct tls_credentials * credentials);

/*
 * A client's end.  host, if it is a name, is told to the server (SNI).  Who the
 * server is has to be asked when the handshake is over (tls_channel_check).
 */
struct tls_channel * tls_channel_connect(const char * host,
    gnutls_certificate_credentials_t trust);
void tls_channel_free(struct tls_channel * c);

/*
 * Take bytes from the wire, and append what they say to plain.  0;
 * -ERR_STREAM_READ when the peer says that it ends; -ERR_DESERIALIZATION for
 * what is no TLS, or none that we speak, or a peer that wants none of ours.
 * After an error there is nothing more to take, but maybe something due.
 */
int tls_channel_receive(struct tls_channel * c, struct slice wire,
    struct buffer * plain);

/* Begin the handshake (client); move what is due on the wire to out. */
void tls_channel_take(struct tls_channel * c, struct buffer * out);

/* The handshake is over. */
bool tls_channel_ready(const struct tls_channel * c);

/* Seal bytes for the wire, when ready; out->failed without memory. */
void tls_channel_send(struct tls_channel * c, struct slice plain,
    struct buffer * out);

/* Append our goodbye. */
void tls_channel_end(struct tls_channel * c, struct buffer * out);

/* Why the last call failed, for a person; a literal. */
const char * tls_channel_why(const struct tls_channel * c);

/* The fingerprint of the peer's certificate, "" when it has shown none. */
void tls_channel_fingerprint(const struct tls_channel * c,
    char text[TLS_FINGERPRINT]);

/*
 * Is the server, by the trust of the client, the named host?  0, or
 * -ERR_INVALID_INPUT with what is wrong, as GnuTLS says it.
 */
int tls_channel_check(struct tls_channel * c, const char * host,
    struct error * err);

#endif /* !BERTY_SERVER_TLS_CHANNEL_H */
