#include "p2p/tls.h"

#include <errno.h>
#include <stdlib.h>

#include <gnutls/gnutls.h>

#include "base/error.h"
#include "p2p/tls_certificate.h"

#define ALPN_PLAIN "libp2p"

/* Names offered by ALPN: muxers, then the plain one. */
#define ALPN_MAX 8

/* Plaintext in one record.  Source: RFC 8446 §5.1. */
#define RECORD_MAX 16384

/* Answers that a peer may make TLS owe it, bytes, before we write again. */
#define DUE_MAX 4096

/* Nothing older; what is safe within it, GnuTLS and the system's policy say. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

struct tls_identity {
	const struct ed25519_key * key;   /* borrowed */
	gnutls_certificate_credentials_t credentials;   /* NULL: not yet */
	gnutls_priority_t priorities;
};

struct tls {
	struct security base;
	gnutls_session_t session;
	bool dialer;
	bool over;                        /* the handshake is */
	struct peer_id expected;
	struct peer_id peer;
	int64_t wall;
	const char * const * muxers;
	const char * muxer;
	int status;                       /* why we ended the handshake */
	size_t taken;                     /* bytes of the handshake */
	struct slice in;                  /* during a call */
	struct buffer due;                /* made while nobody takes it */
	struct buffer * out;              /* during a call; else due */
};

/* --- identity ----------------------------------------------------------- */

struct tls_identity *
tls_identity_new(const struct ed25519_key * key)
{
	struct tls_identity * identity = calloc(1, sizeof(*identity));

	if (identity != NULL)
		identity->key = key;
	return (identity);
}

void
tls_identity_free(struct tls_identity * identity)
{
	if (identity == NULL)
		return;
	if (identity->credentials != NULL) {
		gnutls_certificate_free_credentials(identity->credentials);
		gnutls_priority_deinit(identity->priorities);
	}
	crypto_wipe(identity, sizeof(*identity));
	free(identity);
}

/* The certificate, and what else all sessions share. */
static int
identity_make(struct tls_identity * identity)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_privkey_t own;
	gnutls_x509_crt_t crt;
	int status;

	if ((status = tls_certificate_make(identity->key, &crt, &own)) != 0)
		goto err0;
	status = -ERR_INTERNAL;
	if (gnutls_certificate_allocate_credentials(&credentials) != 0)
		goto err1;
	if (gnutls_certificate_set_x509_key(credentials, &crt, 1, own) < 0)
		goto err2;
	if (gnutls_priority_init(&identity->priorities, priorities,
	    NULL) != 0)
		goto err2;
	identity->credentials = credentials;
	status = 0;
	goto err1;

err2:
	gnutls_certificate_free_credentials(credentials);
err1:
	gnutls_x509_privkey_deinit(own);
	gnutls_x509_crt_deinit(crt);
err0:
	return (status);
}

/* --- bytes in and out --------------------------------------------------- */

static struct tls *
self(const struct security * s)
{
	return ((struct tls *)(uintptr_t)s);
}

static ssize_t
pull(gnutls_transport_ptr_t user, void * p, size_t n)
{
	struct tls * t = user;

	if (n > t->in.n)
		n = t->in.n;
	if (n == 0) {
		gnutls_transport_set_errno(t->session, EAGAIN);
		return (-1);
	}
	if (!t->over && n > TLS_HANDSHAKE_MAX - t->taken) {
		t->status = -ERR_INVALID_INPUT;
		gnutls_transport_set_errno(t->session, ECONNRESET);
		return (-1);
	}
	t->taken += t->over ? 0 : n;
	memcpy(p, t->in.p, n);
	t->in = slice_of(t->in.p + n, t->in.n - n);
	return ((ssize_t)n);
}

static int
pull_timeout(gnutls_transport_ptr_t user, unsigned ms)
{
	(void)ms;
	return (((struct tls *)user)->in.n > 0);
}

static ssize_t
push(gnutls_transport_ptr_t user, const void * p, size_t n)
{
	struct tls * t = user;

	buffer_append(t->out, p, n);
	if (t->out->failed) {
		gnutls_transport_set_errno(t->session, ENOMEM);
		return (-1);
	}
	return ((ssize_t)n);
}

/* What GnuTLS makes from now on goes to out, after what was made before. */
static void
take_output(struct tls * t, struct buffer * out)
{
	buffer_slice(out, buffer_all(&t->due));
	buffer_clear(&t->due);
	t->out = out;
}

static void
leave_output(struct tls * t)
{
	t->out = &t->due;
}

/* --- the peer's certificate --------------------------------------------- */

/*
 * Comes with the message before GnuTLS works with the key in it: whatever is
 * no business of ours costs nothing, and learns nothing of us.
 */
static int
on_certificate(gnutls_session_t session, unsigned type, unsigned when,
    unsigned incoming, const gnutls_datum_t * message)
{
	struct tls * t = gnutls_session_get_ptr(session);
	struct slice der;

	(void)type;
	(void)when;
	if (incoming == 0)
		return (0);
	t->status = tls_certificate_message(slice_of(message->data,
	    message->size), &der);
	if (t->status == 0)
		t->status = tls_certificate_verify(der, t->wall, &t->peer);
	if (t->status == 0 && t->expected.n > 0 &&
	    !peer_id_equal(&t->peer, &t->expected))
		t->status = -ERR_INVALID_INPUT;
	return (t->status == 0 ? 0 : GNUTLS_E_CERTIFICATE_ERROR);
}

/* --- beginning and end -------------------------------------------------- */

static void
destroy(struct security * s)
{
	struct tls * t = self(s);

	if (t->session != NULL)
		gnutls_deinit(t->session);
	buffer_free(&t->due);
	free(t);
}

static int
offer_muxers(struct tls * t)
{
	gnutls_datum_t names[ALPN_MAX];
	const char * name;
	unsigned n;

	for (n = 0; n < ALPN_MAX - 1 && t->muxers != NULL &&
	    (name = t->muxers[n]) != NULL; n++)
		names[n] = (gnutls_datum_t){(unsigned char *)(uintptr_t)name,
		    (unsigned)strlen(name)};
	names[n++] = (gnutls_datum_t){(unsigned char *)(uintptr_t)ALPN_PLAIN,
	    strlen(ALPN_PLAIN)};
	return (gnutls_alpn_set_protocols(t->session, names, n,
	    GNUTLS_ALPN_MANDATORY));
}

static int
configure(struct tls * t, const struct tls_identity * identity)
{
	gnutls_session_t s = t->session;

	gnutls_session_set_ptr(s, t);
	gnutls_transport_set_ptr(s, t);
	gnutls_transport_set_push_function(s, push);
	gnutls_transport_set_pull_function(s, pull);
	gnutls_transport_set_pull_timeout_function(s, pull_timeout);
	gnutls_handshake_set_hook_function(s, GNUTLS_HANDSHAKE_CERTIFICATE_PKT,
	    GNUTLS_HOOK_POST, on_certificate);
	if (!t->dialer)
		gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
	return (gnutls_priority_set(s, identity->priorities) == 0 &&
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE,
	        identity->credentials) == 0 &&
	    offer_muxers(t) == 0 ? 0 : -ERR_INTERNAL);
}

static struct security *
create(const struct security_config * config)
{
	unsigned flags = GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS |
	    GNUTLS_FORCE_CLIENT_CERT |
	    (config->dialer ? GNUTLS_CLIENT : GNUTLS_SERVER);
	struct tls * t;

	if (config->tls == NULL || (config->tls->credentials == NULL &&
	    identity_make(config->tls) != 0))
		goto err0;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		goto err0;
	t->base.ops = &tls_ops;
	t->dialer = config->dialer;
	t->expected = config->expected;
	t->wall = config->wall;
	t->muxers = config->muxers;
	t->out = &t->due;
	if (gnutls_init(&t->session, flags) != 0) {
		t->session = NULL;
		goto err1;
	}
	if (configure(t, config->tls) != 0)
		goto err1;
	return (&t->base);

err1:
	destroy(&t->base);
err0:
	return (NULL);
}

/* --- the handshake ------------------------------------------------------ */

/* The one that both agreed on, unless it is the plain one. */
static void
note_muxer(struct tls * t)
{
	gnutls_datum_t name;
	size_t i;

	if (t->muxers == NULL ||
	    gnutls_alpn_get_selected_protocol(t->session, &name) != 0)
		return;
	for (i = 0; t->muxers[i] != NULL; i++)
		if (slice_equal(slice_of(name.data, name.size),
		    slice_text(t->muxers[i])))
			t->muxer = t->muxers[i];
}

/* Say why, as far as TLS has a word for it. */
static int
give_up(struct tls * t, int rc)
{
	(void)gnutls_alert_send_appropriate(t->session, rc);
	if (t->status != 0)
		return (t->status);
	switch (rc) {
	case GNUTLS_E_DECRYPTION_FAILED:
		return (-ERR_CRYPTO_DECRYPT);
	case GNUTLS_E_PK_SIG_VERIFY_FAILED:
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
	case GNUTLS_E_NO_APPLICATION_PROTOCOL:
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
		return (-ERR_INVALID_INPUT);
	default:
		return (-ERR_DESERIALIZATION);
	}
}

/*
 * Ask GnuTLS once more?  It answers GNUTLS_E_AGAIN not only for want of bytes,
 * but after each record that is not all of what was asked for, too.
 */
static bool
ask_again(const struct tls * t, ssize_t rc)
{
	if (rc >= 0 || t->status != 0)
		return (false);
	if (rc == GNUTLS_E_AGAIN)
		return (t->in.n > 0);
	return (gnutls_error_is_fatal((int)rc) == 0);
}

static int
go_on(struct tls * t)
{
	int rc;

	do {
		rc = gnutls_handshake(t->session);
	} while (ask_again(t, rc));
	if (rc == GNUTLS_E_AGAIN && t->status == 0)
		return (t->out->failed ? -ERR_INTERNAL : 0);
	if (rc < 0)
		return (give_up(t, rc));
	/* Without a certificate that was looked at there is nobody. */
	if (t->peer.n == 0)
		return (-ERR_INVALID_INPUT);
	t->over = true;
	note_muxer(t);
	return (1);
}

static int
handshake(struct security * s, struct slice * in, struct buffer * out)
{
	struct tls * t = self(s);
	int status;

	t->in = *in;
	take_output(t, out);
	status = go_on(t);
	leave_output(t);
	*in = t->in;
	t->in = slice_of(NULL, 0);
	return (status);
}

static void
start(struct security * s, struct buffer * out)
{
	struct slice nothing = slice_of(NULL, 0);

	if (handshake(s, &nothing, out) < 0)
		out->failed = true;
}

static const struct peer_id *
peer(const struct security * s)
{
	return (&self(s)->peer);
}

static const char *
muxer(const struct security * s)
{
	return (self(s)->muxer);
}

/* --- the channel -------------------------------------------------------- */

static void
seal(struct security * s, struct buffer * out, struct slice plain)
{
	struct tls * t = self(s);
	ssize_t n;

	take_output(t, out);
	while (plain.n > 0 && !out->failed) {
		n = gnutls_record_send(t->session, plain.p, plain.n);
		if (n <= 0)
			out->failed = true;
		else
			plain = slice_of(plain.p + n, plain.n - (size_t)n);
	}
	leave_output(t);
}

/* GnuTLS's answer when it was asked for a record. */
static int
opened(const struct tls * t, ssize_t n)
{
	if (t->due.failed)
		return (-ERR_INTERNAL);
	if (t->due.n > DUE_MAX)
		return (-ERR_INVALID_INPUT);
	if (n > 0)
		return (1);
	if (n == GNUTLS_E_AGAIN)
		return (0);
	return (n == 0 ? -ERR_STREAM_READ : -ERR_CRYPTO_DECRYPT);
}

static int
open_record(struct security * s, struct slice * in, struct buffer * out)
{
	struct tls * t = self(s);
	ssize_t n;

	if (buffer_reserve(out, RECORD_MAX) != 0)
		return (-ERR_INTERNAL);
	t->in = *in;
	do {
		n = gnutls_record_recv(t->session, out->p + out->n,
		    RECORD_MAX);
	} while (ask_again(t, n));
	*in = t->in;
	t->in = slice_of(NULL, 0);
	if (n > 0)
		out->n += (size_t)n;
	return (opened(t, n));
}

static void
say_end(struct security * s, struct buffer * out)
{
	struct tls * t = self(s);

	if (!t->over)
		return;
	take_output(t, out);
	(void)gnutls_bye(t->session, GNUTLS_SHUT_WR);
	leave_output(t);
}

const struct security_ops tls_ops = {
	.protocol = "/tls/1.0.0",
	.create = create,
	.start = start,
	.handshake = handshake,
	.peer = peer,
	.muxer = muxer,
	.seal = seal,
	.open = open_record,
	.close = say_end,
	.destroy = destroy,
};
