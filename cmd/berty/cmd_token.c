/* cmd_token.c: `berty token-server`, and `berty service-key`: the keys that it
 * shares with services. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_public.h"
#include "berty/token_server.h"
#include "codec/multibase.h"
#include "command.h"
#include "crypto/crypto.h"
#include "key_text.h"
#include "log_flags.h"
#include "output.h"

/* --- keys ----------------------------------------------------------------- */

static int
read_key(struct run * run, const char * flag, uint8_t key[32])
{
	const char * text = flags_text(&run->flags, flag);

	if (text == NULL)
		return (error_set(&run->err, ERR_MISSING_INPUT,
		    "-%s is missing: 32 bytes in base64, as `berty service-key "
		    "generate` prints them", flag));
	return (key_text_read(text, key) ? 0 : error_set(&run->err,
	    ERR_INVALID_INPUT, "-%s is not 32 bytes in base64", flag));
}

static void
print_key(const uint8_t key[32])
{
	struct buffer text = {0};

	base64_encode(&text, slice_of(key, 32));
	while (text.n > 0 && text.p[text.n - 1] == '=')
		text.n--;
	printf("%.*s\n", (int)text.n, (const char *)text.p);
	buffer_wipe(&text);
}

static const struct flag convert_flags[] = {
	{"auth.sk", "KEY", NULL, "the key of the issuer, 32 bytes in base64 "
	    "(better in BERTY_AUTH_SK or a file of -config than here, where "
	    "others on this machine see it)"},
	{0},
};

static int
run_generate(struct run * run)
{
	uint8_t key[32];

	(void)run;
	berty_token_random(key);
	print_key(key);
	crypto_wipe(key, sizeof(key));
	return (0);
}

static int
run_convert(struct run * run)
{
	uint8_t seed[32], public_key[32];
	int rc;

	if ((rc = read_key(run, "auth.sk", seed)) != 0)
		return (rc);
	berty_token_public_key(seed, public_key);
	print_key(public_key);
	crypto_wipe(seed, sizeof(seed));
	return (0);
}

const struct command command_service_key_generate = {
	.name = "service-key generate", .arguments = "",
	.summary = "Print 32 random bytes: a secret, or an issuer's key",
	.run = run_generate,
};

const struct command command_service_key_convert = {
	.name = "service-key convert", .arguments = "",
	.summary = "Print the public key of an issuer's key",
	.flags = convert_flags, .run = run_convert,
};

/* --- the server ----------------------------------------------------------- */

static const struct flag server_flags[] = {
	{"auth.secret", "SECRET", NULL, "what tokens are sealed with, shared "
	    "with the services: 32 bytes in base64"},
	{"auth.sk", "KEY", NULL, "what tokens are signed with, 32 bytes in "
	    "base64; services get the public key of it"},
	{"http.listener", "HOST:PORT", "127.0.0.1:8080", "where to serve"},
	{"http.tls-cert", "FILE", NULL, "serve HTTPS with this certificate "
	    "(PEM) …"},
	{"http.tls-key", "FILE", NULL, "… and its key"},
	{"svc", "LIST", NULL, "services that tokens are for, as "
	    "rpl@HOST:PORT,psh@HOST:PORT (rpl: replication, psh: push)"},
	{"token.lifetime", "TIME", "0", "how long a token is good (90d, 12h; "
	    "0: for ever)"},
	{"no-click", NULL, NULL, "give a token to everybody who opens the "
	    "page, without a question"},
	{"generate", NULL, NULL, "print one token for all services, and "
	    "serve nothing"},
	{"privacy-policy-url", "URL", NULL, "linked from the page"},
	{"log.level", "LEVEL", "warn", "debug, info, warn or error, on stderr"},
	{0},
};

static const char help[] =
"Serves /authorize, the page that `berty services auth` opens, and /oauth/token.\n"
"Whoever reaches the page gets a token: put it behind what knows your users.\n"
"It speaks HTTP unless it has a certificate: then keep it on 127.0.0.1, behind a\n"
"server with TLS.\n"
"\n"
"  export BERTY_AUTH_SECRET=$(berty service-key generate)\n"
"  export BERTY_AUTH_SK=$(berty service-key generate)\n"
"  berty service-key convert             what services check tokens with\n"
"  berty token-server -svc rpl@rpl.example.org:443\n";

/* A number and s, m, h or d; s. */
static int
read_time(struct run * run, int64_t * s)
{
	const char * text = flags_text(&run->flags, "token.lifetime");
	static const struct { char unit; long s; } units[] = {
	    {'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char * end;
	long v = strtol(text, &end, 10);
	size_t i;

	for (i = 0; i < 5; i++)
		if (end != text && *end == units[i].unit &&
		    (*end == '\0' || end[1] == '\0') && v >= 0 &&
		    v <= 36500 && (v > 0 || end == text + 1)) {
			*s = (int64_t)v * units[i].s;
			return (0);
		}
	return (error_set(&run->err, ERR_INVALID_INPUT, "-token.lifetime is a "
	    "time such as 90d or 12h, not '%.40s'", text));
}

static void
print_ready(void * user, const char * address)
{
	const struct run * run = user;
	const char * scheme = flags_text(&run->flags, "http.tls-cert") != NULL
	    ? "https" : "http";

	if (run->json) {
		cJSON * object = cJSON_CreateObject();

		cJSON_AddBoolToObject(object, "ready", true);
		cJSON_AddStringToObject(object, "listener", address);
		output_json(object);
	} else
		printf("ready: %s://%s\n", scheme, address);
	(void)fflush(stdout);
}

static void
print_token(void * user, const char * json)
{
	(void)user;
	puts(json);
}

static int
run_server(struct run * run)
{
	const struct flags * f = &run->flags;
	struct berty_token_server_options o = {.size = sizeof(o)};
	struct berty_error err = {0};
	uint8_t secret[32], seed[32];
	int rc;

	if ((rc = read_key(run, "auth.secret", secret)) != 0 ||
	    (rc = read_key(run, "auth.sk", seed)) != 0 ||
	    (rc = read_time(run, &o.token_s)) != 0 ||
	    (rc = log_flags_read(run, &o.log)) != 0)
		return (rc);
	o.secret = secret;
	o.seed = seed;
	o.services = flags_text(f, "svc");
	o.listener = flags_text(f, "http.listener");
	o.certificate = flags_text(f, "http.tls-cert");
	o.key = flags_text(f, "http.tls-key");
	o.privacy_url = flags_text(f, "privacy-policy-url");
	o.no_click = flags_on(f, "no-click");
	rc = flags_on(f, "generate")
	    ? berty_token_generate(&o, print_token, run, &err)
	    : berty_token_server_run(&o, print_ready, run, &err);
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(seed, sizeof(seed));
	return (rc == 0 ? 0 : error_import(&run->err, &err, rc));
}

const struct command command_token_server = {
	.name = "token-server", .arguments = "",
	.summary = "Give tokens to those who may use services",
	.help = help, .flags = server_flags, .run = run_server,
};
