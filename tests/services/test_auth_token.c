/* test_auth_token.c: codes and tokens, forms, sessions and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "services/auth_flow.h"
#include "services/auth_form.h"

static struct auth_issuer issuer;
static struct auth_verifier verifier;

static int
setup(void ** state)
{
	uint8_t seed[32] = {1};

	(void)state;
	ed25519_from_seed(&issuer.key, seed);
	memset(issuer.secret, 2, 32);
	memset(verifier.secret, 2, 32);
	memcpy(verifier.public_key, issuer.key.pub, 32);
	return (0);
}

static struct auth_claims
token_for(const char * service, int64_t expires)
{
	struct auth_claims c = {.n = 1, .id = "an id", .expires = expires,
	    .nonce = {3}};

	(void)snprintf(c.services[0], AUTH_SERVICE_MAX, "%s", service);
	return (c);
}

static int
verify(struct slice token, const char * service, int64_t now)
{
	char id[AUTH_TOKEN_ID_MAX] = "";
	struct error err = {0};
	int rc = auth_token_verify(&verifier, token, service, now, id, &err);

	if (rc == 0)
		assert_string_equal(id, "an id");
	else
		assert_int_equal(err.code[0], -rc);
	return (rc);
}

/* --- tokens --------------------------------------------------------------- */

static void
a_token_is_good_for_its_services_until_it_expires(void ** state)
{
	struct auth_claims c = token_for("rpl", 1000);
	struct buffer t = {0};

	(void)state;
	assert_int_equal(auth_issue(&t, &issuer, &c), 0);
	assert_memory_equal(t.p, "eyJhbGciOiJFZERTQSJ9.", 21);
	assert_int_equal(verify(buffer_all(&t), "rpl", 999), 0);
	assert_int_equal(verify(buffer_all(&t), "rpl", 1000),
	    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	assert_int_equal(verify(buffer_all(&t), "psh", 1),
	    -ERR_SERVICES_AUTH_SERVICE_NOT_SUPPORTED);
	assert_int_equal(verify(buffer_all(&t), "", 1),
	    -ERR_SERVICES_AUTH_SERVICE_NOT_SUPPORTED);
	buffer_free(&t);
	c = token_for("rpl", 0);
	assert_int_equal(auth_issue(&t, &issuer, &c), 0);
	assert_int_equal(verify(buffer_all(&t), "rpl", INT64_MAX), 0);
	buffer_free(&t);
}

static void
a_code_is_no_token(void ** state)
{
	struct auth_claims c = token_for("rpl", 1000), back;
	struct buffer t = {0};

	(void)state;
	memcpy(c.challenge, "abc", 4);
	assert_int_equal(auth_issue(&t, &issuer, &c), -ERR_INVALID_INPUT);
	c.id[0] = '\0';
	assert_int_equal(auth_issue(&t, &issuer, &c), 0);
	assert_int_equal(verify(buffer_all(&t), "rpl", 1),
	    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	assert_int_equal(auth_open(&verifier, buffer_all(&t), &back), 0);
	assert_string_equal(back.challenge, "abc");
	assert_memory_equal(back.nonce, c.nonce, 24);
	buffer_free(&t);
	c.n = 0;
	assert_int_equal(auth_issue(&t, &issuer, &c), -ERR_INVALID_INPUT);
}

static void
no_changed_token_is_taken(void ** state)
{
	static const char * const others[] = {"", ".", "..", "...", "a.b.c"};
	struct auth_claims c = token_for("rpl", 0);
	struct auth_verifier right = verifier;
	struct buffer t = {0};
	size_t i;

	(void)state;
	assert_int_equal(auth_issue(&t, &issuer, &c), 0);
	for (i = 0; i < t.n; i++) {
		t.p[i] ^= 1;
		assert_int_equal(verify(buffer_all(&t), "rpl", 1),
		    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
		t.p[i] ^= 1;
		assert_int_equal(verify(slice_of(t.p, i), "rpl", 1),
		    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	}
	for (i = 0; i < 5; i++)
		assert_int_equal(verify(slice_text(others[i]), "rpl", 1),
		    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	verifier.secret[0] ^= 1;
	assert_int_equal(verify(buffer_all(&t), "rpl", 1),
	    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	verifier = right;
	verifier.public_key[0] ^= 1;
	assert_int_equal(verify(buffer_all(&t), "rpl", 1),
	    -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	verifier = right;
	buffer_free(&t);
}

/* Source: berty go/pkg/bertyauth/services_auth_test.go; RFC 7636 appendix B. */
static void
challenges_are_those_of_others(void ** state)
{
	char challenge[AUTH_CHALLENGE_SIZE + 1];

	(void)state;
	auth_challenge(challenge, slice_text("verifier"));
	assert_string_equal(challenge,
	    "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ");
	auth_challenge(challenge, slice_text(
	    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
	assert_string_equal(challenge,
	    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void
an_id_is_a_random_uuid(void ** state)
{
	static const uint8_t ones[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	char id[AUTH_UUID_SIZE + 1];

	(void)state;
	auth_uuid(id, ones);
	assert_string_equal(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

/* --- forms ---------------------------------------------------------------- */

static void
values_of_forms_are_read_as_go_reads_them(void ** state)
{
	static const struct { const char * form, * value; } rows[] = {
	    {"a=1", "1"}, {"b=2&a=1&a=3", "1"}, {"a", ""}, {"a=", ""},
	    {"%61=x%20y+z", "x y z"}, {"a=%zz&a=2", "2"}, {"a=1;b=2", NULL},
	    {"a=%4&a=5", "5"}, {"", NULL}, {"&&=&", NULL}, {"ab=1", NULL},
	    {"a=b=c", "b=c"}};
	struct buffer value = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buffer_clear(&value);
		assert_int_equal(auth_form_get(&value,
		    slice_text(rows[i].form), "a"), rows[i].value != NULL);
		if (rows[i].value != NULL)
			assert_true(slice_equal(buffer_all(&value),
			    slice_text(rows[i].value)));
	}
	buffer_free(&value);
}

/* --- sessions ------------------------------------------------------------- */

static void
the_page_of_a_session_is_as_in_go(void ** state)
{
	uint8_t random[48] = {0};
	struct auth_session s, again;
	struct buffer url = {0}, kept = {0};

	(void)state;
	assert_int_equal(auth_session_begin(&s, "https://a.example/x/", random,
	    77, NULL), 0);
	auth_session_url(&url, &s);
	buffer_byte(&url, 0);
	/* The challenge is base64url(SHA-256) of 32 letters A. */
	assert_string_equal((char *)url.p, "https://a.example/x/authorize?"
	    "response_type=code&client_id=berty&redirect_uri="
	    "berty%3A%2F%2Fservices-auth%2F&state="
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code_challenge="
	    "IqSAUVlMGUne7XBAhQwfD4dkU39Rkb5Wcy0WpUwdgVM&"
	    "code_challenge_method=S256");
	auth_session_encode(&kept, &s);
	assert_int_equal(auth_session_decode(&again, buffer_all(&kept)), 0);
	assert_string_equal(again.base, "https://a.example/x");
	assert_string_equal(again.verifier, s.verifier);
	assert_false(auth_session_expired(&again, 77 + AUTH_SESSION_S));
	assert_true(auth_session_expired(&again, 78 + AUTH_SESSION_S));
	assert_true(auth_session_expired(&again, 76 - AUTH_SESSION_S));
	buffer_free(&kept);
	buffer_free(&url);
}

/* --- answers -------------------------------------------------------------- */

static int
answer(const char * json, int status, int64_t * expiration)
{
	Berty__Protocol__V1__ServiceToken * token;
	struct error err = {0};
	int rc;

	rc = auth_answer(slice_text(json), status, "b", 100, &token, &err);
	if (rc != 0) {
		assert_null(token);
		return (-rc);
	}
	*expiration = token->expiration;
	assert_string_equal(token->authentication_url, "b");
	protobuf_free(token);
	return (0);
}

static void
lifetimes_that_make_no_sense_are_none(void ** state)
{
	static const struct { const char * value; int64_t expiration; } rows[] =
	    {{"60", 160}, {"0", -1}, {"-5", -1}, {"1e300", -1}, {"\"60\"", -1},
	     {"null", -1}, {"0.5", 100}};
	char json[200];
	int64_t expiration;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(json, sizeof(json), "{\"access_token\":\"t\","
		    "\"services\":{\"rpl\":\"a:1\"},\"expires_in\":%s}",
		    rows[i].value);
		assert_int_equal(answer(json, 200, &expiration), 0);
		assert_int_equal(expiration, rows[i].expiration);
	}
}

static void
services_that_are_no_text_are_left_out(void ** state)
{
	int64_t expiration;

	(void)state;
	assert_int_equal(answer("{\"access_token\":\"t\",\"services\":"
	    "{\"rpl\":1,\"\":\"x\"}}", 200, &expiration),
	    ERR_SERVICES_AUTH_INVALID_RESPONSE);
	assert_int_equal(answer("{\"access_token\":\"t\",\"services\":"
	    "[\"x\"]}", 200, &expiration),
	    ERR_SERVICES_AUTH_INVALID_RESPONSE);
	assert_int_equal(answer("{\"access_token\":\"t\",\"services\":"
	    "{\"rpl\":1,\"psh\":\"x\"}}", 200, &expiration), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_is_good_for_its_services_until_it_expires),
	    cmocka_unit_test(a_code_is_no_token),
	    cmocka_unit_test(no_changed_token_is_taken),
	    cmocka_unit_test(challenges_are_those_of_others),
	    cmocka_unit_test(an_id_is_a_random_uuid),
	    cmocka_unit_test(values_of_forms_are_read_as_go_reads_them),
	    cmocka_unit_test(the_page_of_a_session_is_as_in_go),
	    cmocka_unit_test(lifetimes_that_make_no_sense_are_none),
	    cmocka_unit_test(services_that_are_no_text_are_left_out),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
