/* TLS between two ends in memory, and an end that gets what is no TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/tls_channel.h"

struct ends {
	struct tls_credentials * credentials;
	struct buffer certificate;
	gnutls_certificate_credentials_t trust;
	struct tls_channel * client, * server;
	struct buffer to_client, to_server;  /* plaintext that came */
};

static void
start(struct ends * e)
{
	struct buffer key = {0};

	memset(e, 0, sizeof(*e));
	assert_int_equal(0, tls_credentials_make(&e->certificate, &key));
	assert_int_equal(0, tls_credentials_new(&e->credentials,
	    buffer_all(&e->certificate), buffer_all(&key), NULL));
	assert_int_equal(0, gnutls_certificate_allocate_credentials(&e->trust));
	e->server = tls_channel_accept(e->credentials);
	e->client = tls_channel_connect("localhost", e->trust);
	assert_non_null(e->server);
	assert_non_null(e->client);
	buffer_free(&key);
}

static void
stop(struct ends * e)
{
	tls_channel_free(e->client);
	tls_channel_free(e->server);
	tls_credentials_drop(e->credentials);
	gnutls_certificate_free_credentials(e->trust);
	buffer_free(&e->certificate);
	buffer_free(&e->to_client);
	buffer_free(&e->to_server);
}

/* Carry bytes over in pieces of that size. */
static int
carry(struct tls_channel * to, const struct buffer * wire, size_t step,
    struct buffer * plain)
{
	size_t at, n;
	int status = 0;

	for (at = 0; at < wire->n && status == 0; at += n) {
		n = wire->n - at < step ? wire->n - at : step;
		status = tls_channel_receive(to, slice_of(wire->p + at, n),
		    plain);
	}
	return (status);
}

static void
shake(struct ends * e, size_t step)
{
	struct buffer wire = {0};
	int rounds;

	for (rounds = 0; rounds < 8; rounds++) {
		buffer_clear(&wire);
		tls_channel_take(e->client, &wire);
		assert_int_equal(0, carry(e->server, &wire, step,
		    &e->to_server));
		buffer_clear(&wire);
		tls_channel_take(e->server, &wire);
		assert_int_equal(0, carry(e->client, &wire, step,
		    &e->to_client));
	}
	buffer_free(&wire);
	assert_true(tls_channel_ready(e->client));
	assert_true(tls_channel_ready(e->server));
}

static void
both_ends_say_what_the_other_hears(void ** state)
{
	static const size_t steps[] = {1, 7, 100000};
	uint8_t * large = calloc(1, 100000);
	struct buffer wire = {0};
	struct ends e;
	size_t i;

	(void)state;
	assert_non_null(large);
	for (i = 0; i < 3; i++) {
		start(&e);
		shake(&e, steps[i]);
		buffer_clear(&wire);
		tls_channel_send(e.client, slice_text("question"), &wire);
		assert_int_equal(0, carry(e.server, &wire, steps[i],
		    &e.to_server));
		assert_true(slice_equal(buffer_all(&e.to_server),
		    slice_text("question")));
		buffer_clear(&wire);
		memset(large, 'x', 100000);
		tls_channel_send(e.server, slice_of(large, 100000), &wire);
		assert_int_equal(0, carry(e.client, &wire, steps[i],
		    &e.to_client));
		assert_true(slice_equal(buffer_all(&e.to_client),
		    slice_of(large, 100000)));
		buffer_clear(&wire);
		tls_channel_end(e.client, &wire);
		assert_int_equal(-ERR_STREAM_READ, carry(e.server, &wire,
		    100000, &e.to_server));
		stop(&e);
	}
	buffer_free(&wire);
	free(large);
}

static void
a_server_is_known_by_its_certificate_and_name(void ** state)
{
	char shown[TLS_FINGERPRINT];
	gnutls_datum_t pem;
	struct ends e;

	(void)state;
	start(&e);
	tls_channel_fingerprint(e.client, shown);
	assert_string_equal("", shown);
	shake(&e, 100000);
	tls_channel_fingerprint(e.client, shown);
	assert_string_equal(tls_credentials_fingerprint(e.credentials), shown);
	/* Nobody vouches for it. */
	assert_int_equal(-ERR_INVALID_INPUT, tls_channel_check(e.client,
	    "localhost", NULL));
	pem = (gnutls_datum_t){e.certificate.p, (unsigned)e.certificate.n};
	assert_int_equal(1, gnutls_certificate_set_x509_trust_mem(e.trust,
	    &pem, GNUTLS_X509_FMT_PEM));
	assert_int_equal(0, tls_channel_check(e.client, "localhost", NULL));
	assert_int_equal(0, tls_channel_check(e.client, "127.0.0.1", NULL));
	assert_int_equal(-ERR_INVALID_INPUT, tls_channel_check(e.client,
	    "elsewhere.example", NULL));
	stop(&e);
}

static void
what_is_no_tls_ends_the_channel_and_says_why(void ** state)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	struct buffer plain = {0}, out = {0};
	struct ends e;

	(void)state;
	start(&e);
	assert_int_equal(-ERR_DESERIALIZATION, tls_channel_receive(e.server,
	    slice_text(preface), &plain));
	assert_int_equal(0, plain.n);
	assert_true(strlen(tls_channel_why(e.server)) > 10);
	tls_channel_end(e.server, &out);
	/* An alert of TLS, not the bytes that were sent. */
	assert_true(out.n > 0 && out.p[0] == 21);
	buffer_free(&out);
	buffer_free(&plain);
	stop(&e);
}

/* A handshake message that never ends, in records of its own. */
static void
a_handshake_is_no_larger_than_allowed(void ** state)
{
	uint8_t record[5 + 1000] = {22, 3, 3, 1000 >> 8, 1000 & 255};
	struct buffer plain = {0};
	struct ends e;
	int i, status = 0;

	(void)state;
	start(&e);
	/* ClientHello with a length of 16 MiB. */
	record[5] = 1;
	record[6] = record[7] = record[8] = 255;
	for (i = 0; i <= TLS_CHANNEL_HANDSHAKE_MAX / 1000 && status == 0; i++)
		status = tls_channel_receive(e.server, slice_of(record,
		    sizeof(record)), &plain);
	assert_true(status < 0);
	assert_int_equal(0, plain.n);
	buffer_free(&plain);
	stop(&e);
}

static void
a_changed_record_is_not_heard(void ** state)
{
	struct buffer wire = {0};
	struct ends e;

	(void)state;
	start(&e);
	shake(&e, 100000);
	tls_channel_send(e.client, slice_text("question"), &wire);
	wire.p[wire.n - 1] ^= 1;
	assert_int_equal(-ERR_DESERIALIZATION, carry(e.server, &wire, 100000,
	    &e.to_server));
	assert_int_equal(0, e.to_server.n);
	buffer_free(&wire);
	stop(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_ends_say_what_the_other_hears),
	    cmocka_unit_test(a_server_is_known_by_its_certificate_and_name),
	    cmocka_unit_test(what_is_no_tls_ends_the_channel_and_says_why),
	    cmocka_unit_test(a_handshake_is_no_larger_than_allowed),
	    cmocka_unit_test(a_changed_record_is_not_heard)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
