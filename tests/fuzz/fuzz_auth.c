/* Tokens, callback addresses, kept sessions, answers and requests of anybody. */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "fuzz/fuzz.h"
#include "services/auth_form.h"
#include "services/auth_server.h"

static void
check_forms(struct slice in)
{
	struct buffer value = {0}, form = {0}, again = {0};

	if (auth_form_get(&value, in, "a")) {
		buffer_text(&form, "a=");
		auth_form_escape(&form, buffer_all(&value));
		FUZZ_CHECK(auth_form_get(&again, buffer_all(&form), "a"));
		FUZZ_CHECK(slice_equal(buffer_all(&value),
		    buffer_all(&again)));
	}
	buffer_clear(&value);
	auth_form_html(&value, in);
	FUZZ_CHECK(value.n == 0 || (memchr(value.p, '<', value.n) == NULL &&
	    memchr(value.p, '"', value.n) == NULL));
	buffer_free(&value);
	buffer_free(&form);
	buffer_free(&again);
}

static void
check_session(struct slice in)
{
	struct auth_session s;
	struct buffer out = {0};

	if (auth_session_decode(&s, in) == 0) {
		auth_session_encode(&out, &s);
		auth_session_url(&out, &s);
	}
	buffer_free(&out);
}

static void
check_texts(const char * text)
{
	struct auth_session s;
	struct error err = {0};
	struct buffer code = {0};
	uint8_t random[48] = {0};

	if (auth_session_begin(&s, text, random, 1, &err) != 0)
		(void)auth_session_begin(&s, "https://a", random, 1, &err);
	(void)auth_callback(&code, text, &s, &err);
	buffer_free(&code);
}

static void
check_server(struct slice in)
{
	struct auth_server_config config = {.n = 1, .services = {{"rpl",
	    "a:1"}}};
	struct auth_request q = {.method = "POST", .path = "/oauth/token",
	    .query = in, .body = in, .now = 5};
	static struct auth_server * server;
	struct auth_reply reply;

	if (server == NULL && auth_server_new(&server, &config, 1, NULL) != 0)
		return;
	auth_server_answer(server, &q, &reply);
	buffer_free(&reply.body);
	q.path = "/authorize";
	auth_server_answer(server, &q, &reply);
	FUZZ_CHECK(reply.status == 200 || reply.status == 400);
	buffer_free(&reply.body);
	q.method = "GET";
	auth_server_answer(server, &q, &reply);
	buffer_free(&reply.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in = slice_of(data, n);
	Berty__Protocol__V1__ServiceToken * token = NULL;
	struct auth_verifier verifier = {{0}, {0}};
	struct auth_claims claims;
	struct error err = {0};
	struct buffer text = {0};

	buffer_slice(&text, in);
	buffer_byte(&text, 0);
	(void)auth_open(&verifier, in, &claims);
	if (auth_answer(in, 200, "b", 1, &token, &err) == 0)
		protobuf_free(token);
	check_forms(in);
	check_session(in);
	check_texts((char *)text.p);
	check_server(in);
	buffer_free(&text);
	return (0);
}
