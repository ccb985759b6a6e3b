#include "p2p/tls_fixture.h"

#include "base/error.h"
#include "p2p/upgrade.h"

#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static const char * const yamux[] = {"/yamux/1.0.0", NULL};
static const char * const both[] = {"/mplex/6.7.0", "/yamux/1.0.0", NULL};

/* One of our ends, and what it has to say. */
struct end {
	struct tls_identity * identity;
	struct security * s;
	struct buffer out;
	struct ed25519_key key;
	struct peer_id id;
	int status;
};

static void
start(struct end * e, bool dialer, const struct peer_id * expected,
    const char * const * muxers)
{
	struct security_config config = {.dialer = dialer, .muxers = muxers,
	    .wall = FIXTURE_NOW};

	*e = (struct end){.key = fixture_key(dialer ? 1 : 2)};
	e->identity = tls_identity_new(&e->key);
	assert_non_null(e->identity);
	peer_id_from_ed25519(&e->id, e->key.pub);
	if (expected != NULL)
		config.expected = *expected;
	config.tls = e->identity;
	e->s = security_new(SECURITY_TLS, &config);
	assert_non_null(e->s);
	if (dialer)
		security_start(e->s, &e->out);
	assert_false(e->out.failed);
}

static void
stop(struct end * e)
{
	security_free(e->s);
	tls_identity_free(e->identity);
	buffer_free(&e->out);
}

/* Hand what one end said to the other, so many bytes at a time. */
static void
deliver(struct buffer * from, struct end * to, size_t piece)
{
	struct buffer now = *from;
	struct slice in;
	size_t at, n;

	*from = (struct buffer){0};
	for (at = 0; at < now.n && to->status == 0; at += n - in.n) {
		n = now.n - at < piece ? now.n - at : piece;
		in = slice_of(now.p + at, n);
		to->status = security_handshake(to->s, &in, &to->out);
		/* What it leaves is of the channel. */
		assert_true(to->status != 0 || in.n == 0);
	}
	buffer_slice(from, slice_of(now.p + at, now.n - at));
	buffer_free(&now);
}

static void
shake(struct end * d, struct end * l, size_t piece)
{
	unsigned i;

	for (i = 0; i < 4; i++) {
		deliver(&d->out, l, piece);
		deliver(&l->out, d, piece);
	}
}

static void
pass(struct end * from, struct end * to, size_t n, size_t piece)
{
	struct buffer plain = {0}, wire = {0}, got = {0};
	struct slice in;
	size_t i, at;
	int status;

	for (i = 0; i < n; i++)
		buffer_byte(&plain, (uint8_t)(i * 31));
	buffer_slice(&wire, buffer_all(&from->out));
	buffer_clear(&from->out);
	security_seal(from->s, &wire, buffer_all(&plain));
	for (at = 0; at < wire.n; at += piece) {
		in = slice_of(wire.p + at, wire.n - at < piece ?
		    wire.n - at : piece);
		do {
			status = security_open(to->s, &in, &got);
			assert_true(status >= 0);
		} while (status > 0);
		assert_int_equal(0, in.n);
	}
	assert_true(slice_equal(buffer_all(&plain), buffer_all(&got)));
	buffer_free(&plain);
	buffer_free(&wire);
	buffer_free(&got);
}

static void
two_ends_know_each_other_and_talk_however_bytes_are_cut(void ** state)
{
	static const size_t pieces[] = {1, 7, SIZE_MAX};
	struct end d, l;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		start(&l, false, NULL, yamux);
		start(&d, true, &l.id, yamux);
		shake(&d, &l, pieces[i]);
		assert_int_equal(1, d.status);
		assert_int_equal(1, l.status);
		assert_true(peer_id_equal(&l.id, security_peer(d.s)));
		assert_true(peer_id_equal(&d.id, security_peer(l.s)));
		assert_string_equal(yamux[0], security_muxer(d.s));
		assert_string_equal(yamux[0], security_muxer(l.s));
		pass(&d, &l, 1, 100000);
		pass(&d, &l, 100000, 100000);
		pass(&l, &d, 16385, 1);
		stop(&d);
		stop(&l);
	}
}

static void
a_dialer_who_meets_another_peer_ends_it_unseen(
    void ** state)
{
	struct peer_id other;
	struct end d, l;

	(void)state;
	peer_id_from_ed25519(&other, fixture_key(3).pub);
	start(&l, false, NULL, yamux);
	start(&d, true, &other, yamux);
	deliver(&d.out, &l, SIZE_MAX);
	deliver(&l.out, &d, SIZE_MAX);
	assert_int_equal(-ERR_INVALID_INPUT, d.status);
	/* An alert, far too short to hold a certificate. */
	assert_in_range(d.out.n, 1, 64);
	deliver(&d.out, &l, SIZE_MAX);
	assert_true(l.status < 0);
	stop(&d);
	stop(&l);
}

/* --- against an end of another make --------------------------------------- */

/* Shake hands with it until both have nothing to say. */
static void
meet(struct end * e, struct fixture_end * other)
{
	unsigned i;

	for (i = 0; i < 4; i++) {
		fixture_step(other);
		deliver(&other->out, e, SIZE_MAX);
		buffer_slice(&other->in, buffer_all(&e->out));
		buffer_clear(&e->out);
	}
}

struct meeting {
	bool we_dial;
	struct fixture_certificate certificate;
	unsigned certificates;            /* how many are shown */
	const char * priorities;
	const char * alpn[4];
	const char * muxer;               /* what we find agreed */
};

/* What came of it on our side. */
static int
status_of(struct meeting * m)
{
	struct ed25519_key key = fixture_key(9);
	struct fixture_end other;
	struct peer_id id;
	struct end e;
	int status;

	fixture_make(&m->certificate, &key);
	fixture_start(&other, !m->we_dial, &m->certificate, m->certificates,
	    m->priorities != NULL ? m->priorities : TLS13, m->alpn);
	start(&e, m->we_dial, NULL, yamux);
	if (m->we_dial) {
		buffer_slice(&other.in, buffer_all(&e.out));
		buffer_clear(&e.out);
	}
	meet(&e, &other);
	status = e.status;
	peer_id_from_ed25519(&id, key.pub);
	if (status == 1) {
		m->muxer = security_muxer(e.s);
		assert_true(peer_id_equal(&id, security_peer(e.s)));
	}
	stop(&e);
	fixture_stop(&other);
	fixture_drop(&m->certificate);
	return (status);
}

/* The same when we dial and when we listen. */
static int
status_both(struct meeting m)
{
	struct meeting again = m;
	int status;

	m.we_dial = true;
	status = status_of(&m);
	again.we_dial = false;
	assert_int_equal(status, status_of(&again));
	return (status);
}

static void
exactly_one_certificate_is_taken(void ** state)
{
	(void)state;
	assert_int_equal(1, status_both((struct meeting){.certificates = 1,
	    .alpn = {"libp2p"}}));
	assert_int_equal(-ERR_INVALID_INPUT, status_both((struct meeting){
	    .certificates = 2, .alpn = {"libp2p"}}));
}

static void
a_dialer_without_a_certificate_is_nobody(void ** state)
{
	struct meeting m = {.certificates = 0, .alpn = {"libp2p"}};

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT, status_of(&m));
}

static void
what_is_wrong_with_a_certificate_ends_the_handshake(void ** state)
{
	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT, status_both((struct meeting){
	    .certificates = 1, .alpn = {"libp2p"},
	    .certificate = {.until = FIXTURE_NOW - 1}}));
	assert_int_equal(-ERR_DESERIALIZATION, status_both((struct meeting){
	    .certificates = 1, .alpn = {"libp2p"},
	    .certificate = {.no_extension = true}}));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    status_both((struct meeting){.certificates = 1,
	    .alpn = {"libp2p"}, .certificate = {.bad_signature = true}}));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    status_both((struct meeting){.certificates = 1,
	    .alpn = {"libp2p"}, .certificate = {.bad_self_signature = true}}));
}

static void
versions_before_1_3_are_refused(void ** state)
{
	struct meeting m[] = {
		{.certificates = 1, .alpn = {"libp2p"}, .we_dial = true},
		{.certificates = 1, .alpn = {"libp2p"}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		m[i].priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
		assert_true(status_of(&m[i]) < 0);
	}
}

static void
the_muxer_is_agreed_by_alpn_or_left_to_multistream(void ** state)
{
	struct meeting m[] = {
		{.certificates = 1, .alpn = {"/yamux/1.0.0", "libp2p"}},
		{.certificates = 1, .alpn = {"/mplex/6.7.0", "/yamux/1.0.0",
		    "libp2p"}},
		{.certificates = 1, .alpn = {"libp2p"}},
		{.certificates = 1, .alpn = {"/mplex/6.7.0", "libp2p"}},
		{.certificates = 1, .alpn = {"libp2p"}, .we_dial = true},
	};
	static const char * const expected[] = {"/yamux/1.0.0", "/yamux/1.0.0",
	    NULL, NULL, NULL};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
		assert_int_equal(1, status_of(&m[i]));
		if (expected[i] == NULL)
			assert_null(m[i].muxer);
		else
			assert_string_equal(expected[i], m[i].muxer);
	}
}

static void
a_dialer_with_no_protocol_of_ours_is_refused(void ** state)
{
	struct meeting m = {.certificates = 1, .alpn = {"h2", "http/1.1"}};

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT, status_of(&m));
}

static void
the_order_of_muxers_is_the_dialers(void ** state)
{
	static const char * const turned[] = {"/yamux/1.0.0", "/mplex/6.7.0",
	    NULL};
	struct end d, l;

	(void)state;
	start(&l, false, NULL, both);
	start(&d, true, NULL, turned);
	shake(&d, &l, SIZE_MAX);
	assert_string_equal("/yamux/1.0.0", security_muxer(d.s));
	assert_string_equal("/yamux/1.0.0", security_muxer(l.s));
	stop(&d);
	stop(&l);
}

/* --- after the handshake ------------------------------------------------- */

/* Hand our end what the other said, all of it; what opened is in got. */
static void
open_all(struct end * e, struct fixture_end * other, struct buffer * got)
{
	struct slice in = buffer_all(&other->out);
	int status;

	do {
		status = security_open(e->s, &in, got);
	} while (status > 0);
	assert_int_equal(0, status);
	assert_int_equal(0, in.n);
	buffer_clear(&other->out);
}

/* The other way round: what it reads is this text. */
static void
expect_read(struct end * e, struct fixture_end * other, const char * text)
{
	char read[64];
	ssize_t n;

	security_seal(e->s, &e->out, slice_text(text));
	buffer_slice(&other->in, buffer_all(&e->out));
	buffer_clear(&e->out);
	do {
		n = gnutls_record_recv(other->session, read, sizeof(read));
	} while (n == GNUTLS_E_AGAIN && other->in.n > 0);
	assert_int_equal(strlen(text), n);
	assert_memory_equal(read, text, strlen(text));
}

static void
begin(struct end * e, struct fixture_end * other,
    struct fixture_certificate * c, bool tickets)
{
	static const char * const alpn[] = {"/yamux/1.0.0", "libp2p", NULL};
	struct ed25519_key key = fixture_key(9);
	gnutls_datum_t secret;

	fixture_make(c, &key);
	fixture_start(other, false, c, 1, TLS13, alpn);
	if (tickets) {
		assert_int_equal(0, gnutls_session_ticket_key_generate(
		    &secret));
		assert_int_equal(0, gnutls_session_ticket_enable_server(
		    other->session, &secret));
		gnutls_memset(secret.data, 0, secret.size);
		gnutls_free(secret.data);
	}
	start(e, true, NULL, yamux);
	buffer_slice(&other->in, buffer_all(&e->out));
	buffer_clear(&e->out);
	meet(e, other);
	assert_int_equal(1, e->status);
	assert_int_equal(0, other->rc);
}

static void
end(struct end * e, struct fixture_end * other, struct fixture_certificate * c)
{
	stop(e);
	fixture_stop(other);
	fixture_drop(c);
}

static void
keys_are_renewed_when_the_peer_asks(void ** state)
{
	struct fixture_certificate c = {0};
	struct buffer got = {0};
	struct fixture_end other;
	struct end e;

	(void)state;
	begin(&e, &other, &c, false);
	open_all(&e, &other, &got);
	assert_int_equal(0, gnutls_session_key_update(other.session,
	    GNUTLS_KU_PEER));
	assert_int_equal(3, gnutls_record_send(other.session, "one", 3));
	open_all(&e, &other, &got);
	assert_text(buffer_all(&got), "one");
	/* The answer goes out with what is said next. */
	expect_read(&e, &other, "two");
	expect_read(&e, &other, "three");
	assert_int_equal(4, gnutls_record_send(other.session, "four", 4));
	open_all(&e, &other, &got);
	assert_text(buffer_all(&got), "onefour");
	buffer_free(&got);
	end(&e, &other, &c);
}

/* They are of no use: nobody resumes. */
static void
tickets_of_a_listener_are_ignored(void ** state)
{
	struct fixture_certificate c = {0};
	struct buffer got = {0};
	struct fixture_end other;
	struct end e;
	size_t n;

	(void)state;
	begin(&e, &other, &c, true);
	n = other.out.n;
	assert_int_equal(0, gnutls_session_ticket_send(other.session, 1, 0));
	assert_true(other.out.n > n);
	assert_int_equal(3, gnutls_record_send(other.session, "one", 3));
	open_all(&e, &other, &got);
	assert_text(buffer_all(&got), "one");
	expect_read(&e, &other, "two");
	buffer_free(&got);
	end(&e, &other, &c);
}

/* --- bytes that are no handshake ----------------------------------------- */

/* Of the answer to a hello, which is authenticated as a whole. */
static void
a_changed_byte_anywhere_ends_the_handshake(void ** state)
{
	struct end d, l;
	size_t at, n = SIZE_MAX;

	(void)state;
	for (at = 0; at < n; at += 41) {
		start(&l, false, NULL, yamux);
		start(&d, true, NULL, yamux);
		deliver(&d.out, &l, SIZE_MAX);
		/* Nearly the same length each time. */
		n = l.out.n - 16;
		l.out.p[at] ^= 1;
		deliver(&l.out, &d, SIZE_MAX);
		deliver(&d.out, &l, SIZE_MAX);
		assert_int_not_equal(1, d.status);
		assert_int_not_equal(1, l.status);
		stop(&d);
		stop(&l);
	}
}

/* One message, in records of one byte each, which are six bytes on the wire. */
static void
a_handshake_of_more_than_64_kib_is_ended(void ** state)
{
	struct buffer wire = {0};
	struct end l;

	(void)state;
	start(&l, false, NULL, yamux);
	(void)bytes_hex(&wire, "1603010004" "01003f00");
	while (wire.n + 6 <= TLS_HANDSHAKE_MAX)
		(void)bytes_hex(&wire, "160301000100");
	deliver(&wire, &l, SIZE_MAX);
	assert_int_equal(0, l.status);
	buffer_clear(&wire);
	(void)bytes_hex(&wire, "160301000100");
	deliver(&wire, &l, SIZE_MAX);
	assert_int_equal(-ERR_INVALID_INPUT, l.status);
	buffer_free(&wire);
	stop(&l);
}

static void
a_record_that_is_changed_or_too_long_does_not_open(void ** state)
{
	struct buffer wire = {0}, got = {0};
	struct end d, l;
	struct slice in;

	(void)state;
	start(&l, false, NULL, yamux);
	start(&d, true, NULL, yamux);
	shake(&d, &l, SIZE_MAX);
	security_seal(d.s, &wire, slice_text("hello"));
	wire.p[wire.n - 1] ^= 1;
	in = buffer_all(&wire);
	assert_int_equal(-ERR_CRYPTO_DECRYPT, security_open(l.s, &in, &got));
	assert_int_equal(0, got.n);
	buffer_clear(&wire);
	(void)bytes_hex(&wire, "170303ffff00");
	in = buffer_all(&wire);
	assert_int_equal(-ERR_CRYPTO_DECRYPT, security_open(d.s, &in, &got));
	buffer_free(&wire);
	buffer_free(&got);
	stop(&d);
	stop(&l);
}

static void
the_end_is_said_and_understood(void ** state)
{
	struct buffer wire = {0}, got = {0};
	struct end d, l;
	struct slice in;

	(void)state;
	start(&l, false, NULL, yamux);
	start(&d, true, NULL, yamux);
	shake(&d, &l, SIZE_MAX);
	security_seal(d.s, &wire, slice_text("bye"));
	security_close(d.s, &wire);
	in = buffer_all(&wire);
	assert_int_equal(1, security_open(l.s, &in, &got));
	assert_text(buffer_all(&got), "bye");
	assert_int_equal(-ERR_STREAM_READ, security_open(l.s, &in, &got));
	buffer_free(&wire);
	buffer_free(&got);
	stop(&d);
	stop(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    two_ends_know_each_other_and_talk_however_bytes_are_cut),
		cmocka_unit_test(
		    a_dialer_who_meets_another_peer_ends_it_unseen),
		cmocka_unit_test(exactly_one_certificate_is_taken),
		cmocka_unit_test(a_dialer_without_a_certificate_is_nobody),
		cmocka_unit_test(
		    what_is_wrong_with_a_certificate_ends_the_handshake),
		cmocka_unit_test(versions_before_1_3_are_refused),
		cmocka_unit_test(
		    the_muxer_is_agreed_by_alpn_or_left_to_multistream),
		cmocka_unit_test(a_dialer_with_no_protocol_of_ours_is_refused),
		cmocka_unit_test(the_order_of_muxers_is_the_dialers),
		cmocka_unit_test(keys_are_renewed_when_the_peer_asks),
		cmocka_unit_test(tickets_of_a_listener_are_ignored),
		cmocka_unit_test(a_changed_byte_anywhere_ends_the_handshake),
		cmocka_unit_test(a_handshake_of_more_than_64_kib_is_ended),
		cmocka_unit_test(
		    a_record_that_is_changed_or_too_long_does_not_open),
		cmocka_unit_test(the_end_is_said_and_understood),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
