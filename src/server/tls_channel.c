#include "server/tls_channel.h"

#include <errno.h>
#include <stdlib.h>

#include <gnutls/x509.h>

/* Plaintext in one record.  Source: RFC 8446 §5.1. */
#define RECORD_MAX 16384

/* Answers that a peer may make TLS owe it, bytes, before they are taken. */
#define DUE_MAX 65536

/* Forward secret and authenticated: the rest RFC 9113 appendix A forbids. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
    "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"
    "+CHACHA20-POLY1305:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE";

struct tls_channel {
	gnutls_session_t session;
	struct tls_credentials * credentials;  /* of a server */
	bool ready;
	int failed;                 /* GnuTLS's code of the last failure */
	size_t taken;               /* bytes of the handshake */
	struct slice in;            /* during a call */
	struct buffer due;
};

static ssize_t
pull(gnutls_transport_ptr_t user, void * p, size_t n)
{
	struct tls_channel * c = user;

	if (n > c->in.n)
		n = c->in.n;
	if (n == 0) {
		gnutls_transport_set_errno(c->session, EAGAIN);
		return (-1);
	}
	if (!c->ready && n > TLS_CHANNEL_HANDSHAKE_MAX - c->taken) {
		gnutls_transport_set_errno(c->session, ECONNRESET);
		return (-1);
	}
	c->taken += c->ready ? 0 : n;
	memcpy(p, c->in.p, n);
	c->in = slice_of(c->in.p + n, c->in.n - n);
	return ((ssize_t)n);
}

static int
pull_timeout(gnutls_transport_ptr_t user, unsigned ms)
{
	(void)ms;
	return (((struct tls_channel *)user)->in.n > 0);
}

static ssize_t
push(gnutls_transport_ptr_t user, const void * p, size_t n)
{
	struct tls_channel * c = user;

	if (c->due.n + n > DUE_MAX + 2 * RECORD_MAX)
		c->due.failed = true;
	buffer_append(&c->due, p, n);
	if (c->due.failed) {
		gnutls_transport_set_errno(c->session, ENOMEM);
		return (-1);
	}
	return ((ssize_t)n);
}

static bool
configure(struct tls_channel * c, gnutls_certificate_credentials_t raw)
{
	static const gnutls_datum_t h2 = {(unsigned char *)(uintptr_t)"h2", 2};
	gnutls_session_t s = c->session;

	gnutls_session_set_ptr(s, c);
	gnutls_transport_set_ptr(s, c);
	gnutls_transport_set_push_function(s, push);
	gnutls_transport_set_pull_function(s, pull);
	gnutls_transport_set_pull_timeout_function(s, pull_timeout);
	/* The server's own clock says how long a handshake may take. */
	gnutls_handshake_set_timeout(s, 0);
	return (gnutls_priority_set_direct(s, priorities, NULL) == 0 &&
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, raw) == 0 &&
	    gnutls_alpn_set_protocols(s, &h2, 1, GNUTLS_ALPN_MANDATORY) == 0);
}

static struct tls_channel *
channel_new(unsigned side, gnutls_certificate_credentials_t raw)
{
	struct tls_channel * c = calloc(1, sizeof(*c));

	if (c == NULL)
		goto err0;
	if (gnutls_init(&c->session, side | GNUTLS_NONBLOCK |
	    GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL) != 0)
		goto err1;
	if (!configure(c, raw))
		goto err2;
	return (c);

err2:
	gnutls_deinit(c->session);
err1:
	free(c);
err0:
	return (NULL);
}

struct tls_channel *
tls_channel_accept(struct tls_credentials * credentials)
{
	struct tls_channel * c = channel_new(GNUTLS_SERVER,
	    tls_credentials_raw(credentials));

	if (c != NULL)
		c->credentials = tls_credentials_hold(credentials);
	return (c);
}

/* An address has no place in SNI (RFC 6066 §3). */
static bool
is_name(const char * host)
{
	return (strchr(host, ':') == NULL &&
	    strspn(host, "0123456789.") != strlen(host));
}

struct tls_channel *
tls_channel_connect(const char * host, gnutls_certificate_credentials_t trust)
{
	struct tls_channel * c = channel_new(GNUTLS_CLIENT, trust);

	if (c == NULL)
		return (NULL);
	if (is_name(host) && gnutls_server_name_set(c->session,
	    GNUTLS_NAME_DNS, host, strlen(host)) != 0) {
		tls_channel_free(c);
		return (NULL);
	}
	return (c);
}

void
tls_channel_free(struct tls_channel * c)
{
	if (c == NULL)
		return;
	gnutls_deinit(c->session);
	tls_credentials_drop(c->credentials);
	buffer_free(&c->due);
	free(c);
}

static int
fail(struct tls_channel * c, int rc)
{
	c->failed = rc;
	(void)gnutls_alert_send_appropriate(c->session, rc);
	return (-ERR_DESERIALIZATION);
}

/*
 * GnuTLS answers GNUTLS_E_AGAIN not only for want of bytes, but after each
 * record that is not all of what was asked for, too.
 */
static bool
ask_again(const struct tls_channel * c, ssize_t rc)
{
	if (rc >= 0)
		return (false);
	if (rc == GNUTLS_E_AGAIN)
		return (c->in.n > 0);
	return (rc != GNUTLS_E_REHANDSHAKE &&
	    gnutls_error_is_fatal((int)rc) == 0);
}

static int
go_on(struct tls_channel * c)
{
	int rc;

	do {
		rc = gnutls_handshake(c->session);
	} while (ask_again(c, rc));
	if (rc == GNUTLS_E_AGAIN)
		return (0);
	if (rc < 0)
		return (fail(c, rc));
	c->ready = true;
	return (0);
}

static int
open_records(struct tls_channel * c, struct buffer * plain)
{
	uint8_t * p;
	ssize_t n;

	for (;;) {
		if ((p = buffer_grow(plain, RECORD_MAX)) == NULL)
			return (-ERR_INTERNAL);
		do {
			n = gnutls_record_recv(c->session, p, RECORD_MAX);
		} while (ask_again(c, n));
		plain->n -= RECORD_MAX - (n > 0 ? (size_t)n : 0);
		if (c->due.n > DUE_MAX)
			return (-ERR_DESERIALIZATION);
		if (n == GNUTLS_E_AGAIN)
			return (0);
		if (n == 0)
			return (-ERR_STREAM_READ);
		/* Renegotiation too: HTTP/2 has none (RFC 9113 §9.2.1). */
		if (n < 0)
			return (fail(c, (int)n));
	}
}

int
tls_channel_receive(struct tls_channel * c, struct slice wire,
    struct buffer * plain)
{
	int status = 0;

	c->in = wire;
	if (!c->ready)
		status = go_on(c);
	if (status == 0 && c->ready)
		status = open_records(c, plain);
	c->in = slice_of(NULL, 0);
	return (status);
}

void
tls_channel_take(struct tls_channel * c, struct buffer * out)
{
	if (!c->ready && c->taken == 0 && c->failed == 0 && c->due.n == 0 &&
	    c->credentials == NULL)
		(void)go_on(c);
	buffer_slice(out, buffer_all(&c->due));
	out->failed |= c->due.failed;
	buffer_free(&c->due);
}

bool
tls_channel_ready(const struct tls_channel * c)
{
	return (c->ready);
}

void
tls_channel_send(struct tls_channel * c, struct slice plain,
    struct buffer * out)
{
	ssize_t n;

	while (plain.n > 0 && !out->failed) {
		n = gnutls_record_send(c->session, plain.p, plain.n);
		if (n <= 0)
			out->failed = true;
		else
			plain = slice_of(plain.p + n, plain.n - (size_t)n);
		tls_channel_take(c, out);
	}
}

void
tls_channel_end(struct tls_channel * c, struct buffer * out)
{
	if (c->ready && c->failed == 0)
		(void)gnutls_bye(c->session, GNUTLS_SHUT_WR);
	tls_channel_take(c, out);
}

const char *
tls_channel_why(const struct tls_channel * c)
{
	return (c->failed == 0 ? "it ended" : gnutls_strerror(c->failed));
}

void
tls_channel_fingerprint(const struct tls_channel * c,
    char text[TLS_FINGERPRINT])
{
	unsigned n = 0;
	const gnutls_datum_t * list = gnutls_certificate_get_peers(c->session,
	    &n);

	text[0] = '\0';
	if (list != NULL && n > 0)
		tls_fingerprint(text, &list[0]);
}

int
tls_channel_check(struct tls_channel * c, const char * host,
    struct error * err)
{
	unsigned status = 0;
	gnutls_datum_t text = {NULL, 0};

	if (gnutls_certificate_verify_peers3(c->session, host, &status) != 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "it has shown no certificate"));
	if (status == 0)
		return (0);
	if (gnutls_certificate_verification_status_print(status,
	    GNUTLS_CRT_X509, &text, 0) != 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "its certificate is not to be trusted"));
	(void)error_set(err, ERR_INVALID_INPUT, "%.*s", (int)text.size,
	    (const char *)text.data);
	gnutls_free(text.data);
	return (-ERR_INVALID_INPUT);
}
