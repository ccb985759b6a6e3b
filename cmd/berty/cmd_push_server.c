/* cmd_push_server.c: `berty push-server`, which wakes devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/error_public.h"
#include "berty/push_server.h"
#include "codec/multibase.h"
#include "command.h"
#include "crypto/crypto.h"
#include "log_flags.h"
#include "output.h"

static const struct flag push_flags[] = {
	{"push-private-key", "BASE64", NULL, "the relay's key, 32 bytes: what "
	    "`berty service-key generate` prints (better in "
	    "BERTY_PUSH_PRIVATE_KEY or a file of -config)"},
	{"apns", "LIST", NULL, "Apple, separated by commas: FILE.p12, a "
	    "certificate with its key and without a password; or "
	    "BUNDLE:TEAM:KEY:FILE.p8, a key of a team"},
	{"apns.sandbox", NULL, NULL, "keys of teams are for Apple's sandbox"},
	{"apns.endpoint", "URL", NULL, "push to Apple's devices by this "
	    "server (default: Apple's)"},
	{"fcm", "LIST", NULL, "Google, separated by commas: BUNDLE:FILE.json, "
	    "the key of a service account of Firebase"},
	{"fcm.endpoint", "URL", NULL, "push by this server (default: "
	    "Google's)"},
	{"unifiedpush", "LIST", NULL, "ids of apps whose devices have a "
	    "UnifiedPush server of their own choice"},
	{"unifiedpush.anywhere", NULL, NULL, "post also without TLS, and to "
	    "addresses of private networks: whoever registers says where"},
	{"mqtt", "LIST", NULL, "brokers, separated by commas: BUNDLE="
	    "mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX]"},
	{"node.listeners", "LIST", "/ip4/127.0.0.1/tcp/9091/grpc", "where the "
	    "service is, separated by commas: /unix/PATH, "
	    "/ip4/127.0.0.1/tcp/PORT, HOST:PORT; with /tls behind it over "
	    "TLS, as other machines need it"},
	{"node.tls-certificate", "FILE", NULL, "the PEM file of the "
	    "certificate for /tls (default: one that signs itself)"},
	{"node.tls-key", "FILE", NULL, "and that of its key"},
	{"node.auth-secret", "BASE64", NULL, "only who has a token of this "
	    "issuer may register (see `berty token-server`); with -node.auth-pk"},
	{"node.auth-pk", "BASE64", NULL, "the issuer's public key"},
	{"web.ca-file", "FILE", NULL, "PEM file of the authorities that "
	    "providers are proved by (default: the system's)"},
	{"log.level", "LEVEL", "info", "debug, info, warn or error, on stderr"},
	{"grpc.legacy-status", NULL, NULL, "end every failed call with status "
	    "UNAVAILABLE, as Berty does"},
	{0},
};

static const char help[] =
"A push relay wakes devices by their platforms when there is a message for them.\n"
"It learns which device is woken and when, and not by whom, in which group, or\n"
"what is said: that is sealed.\n"
"\n"
"A relay pushes for the apps that it has the developer's keys of, with Apple and\n"
"Google; UnifiedPush and MQTT need none.  Its key must stay the same: with\n"
"another one, all devices must register again.\n";

/* 32 bytes in base64, of either alphabet, padded or not. */
static bool
decode_key(const char * text, uint8_t key[32])
{
	struct buffer plain = {0}, bytes = {0};
	const char * p;
	bool ok;

	for (p = text; *p != '\0' && *p != '=' && plain.n < 64; p++)
		buffer_byte(&plain, *p == '+' ? '-' : *p == '/' ? '_' :
		    (uint8_t)*p);
	ok = strspn(p, "=") == strlen(p) &&
	    base64url_decode(&bytes, buffer_all(&plain)) == 0 &&
	    bytes.n == 32;
	if (ok)
		memcpy(key, bytes.p, 32);
	buffer_wipe(&plain);
	buffer_wipe(&bytes);
	return (ok);
}

/* NULL, when the flag is not given. */
static int
read_key(struct run * run, const char * flag, int code, uint8_t key[32],
    const uint8_t ** to)
{
	const char * text = flags_text(&run->flags, flag);

	if (text == NULL)
		return (0);
	*to = key;
	return (decode_key(text, key) ? 0 : error_set(&run->err, code,
	    "-%s is 32 bytes in base64", flag));
}

/* --- telling -------------------------------------------------------------- */

static void
print_json(const struct berty_push_server_info * info, const char * key)
{
	cJSON * object = cJSON_CreateObject();
	cJSON * listeners = cJSON_AddArrayToObject(object, "listeners");
	size_t i;

	(void)cJSON_AddStringToObject(object, "publicKey", key);
	for (i = 0; info->listeners[i] != NULL; i++)
		(void)cJSON_AddItemToArray(listeners,
		    cJSON_CreateString(info->listeners[i]));
	if (info->tls_fingerprint != NULL)
		(void)cJSON_AddStringToObject(object, "tlsFingerprint",
		    info->tls_fingerprint);
	output_json(object);
}

static void
ready(void * user, const struct berty_push_server_info * info)
{
	struct run * run = user;
	struct buffer key = {0};

	base64url_encode(&key, slice_of(info->public_key, 32));
	buffer_byte(&key, 0);
	if (run->json)
		print_json(info, (char *)key.p);
	else {
		printf("key:   %s\n", (char *)key.p);
		if (info->tls_fingerprint != NULL)
			printf("certificate: %s\n", info->tls_fingerprint);
		printf("ready: %s\n", info->listeners[0] != NULL ?
		    info->listeners[0] : "no listener");
	}
	(void)fflush(stdout);
	buffer_free(&key);
}

/* --- running -------------------------------------------------------------- */

#define LISTS 5

/* Everything that the options borrow. */
struct borrowed {
	const char ** lists[LISTS];
	uint8_t key[32], secret[32], issuer[32];
};

static int
fill_lists(struct run * run, struct berty_push_server_options * o,
    struct borrowed * b)
{
	static const char * const names[LISTS] = {"node.listeners", "apns",
	    "fcm", "unifiedpush", "mqtt"};
	const char * const ** to[LISTS] = {&o->listeners, &o->apns, &o->fcm,
	    &o->unified, &o->mqtt};
	size_t i;

	for (i = 0; i < LISTS; i++) {
		b->lists[i] = flags_list(flags_text(&run->flags, names[i]));
		if (b->lists[i] == NULL)
			return (error_set(&run->err, ERR_INTERNAL,
			    "out of memory"));
		*to[i] = b->lists[i];
	}
	return (0);
}

static int
fill_options(struct run * run, struct berty_push_server_options * o,
    struct borrowed * b)
{
	const struct flags * f = &run->flags;
	int rc;

	if ((rc = read_key(run, "push-private-key", ERR_INVALID_PRIVATE_KEY,
	    b->key, &o->private_key)) != 0 ||
	    (rc = read_key(run, "node.auth-secret", ERR_INVALID_INPUT,
	    b->secret, &o->auth_secret)) != 0 ||
	    (rc = read_key(run, "node.auth-pk", ERR_INVALID_INPUT, b->issuer,
	    &o->auth_key)) != 0 ||
	    (rc = log_flags_read(run, &o->log)) != 0 ||
	    (rc = fill_lists(run, o, b)) != 0)
		return (rc);
	o->apns_sandbox = flags_on(f, "apns.sandbox");
	o->apns_endpoint = flags_text(f, "apns.endpoint");
	o->fcm_endpoint = flags_text(f, "fcm.endpoint");
	o->unified_anywhere = flags_on(f, "unifiedpush.anywhere");
	o->tls_certificate = flags_text(f, "node.tls-certificate");
	o->tls_key = flags_text(f, "node.tls-key");
	o->ca_file = flags_text(f, "web.ca-file");
	o->legacy_status = flags_on(f, "grpc.legacy-status");
	return (0);
}

static int
run_push_server(struct run * run)
{
	struct berty_push_server_options options = {.size = sizeof(options)};
	struct berty_error err = {0};
	struct borrowed b = {0};
	size_t i;
	int rc;

	if ((rc = fill_options(run, &options, &b)) == 0 &&
	    (rc = berty_push_server_run(&options, ready, run, &err)) != 0)
		(void)error_import(&run->err, &err, rc);
	for (i = 0; i < LISTS; i++)
		free(b.lists[i]);
	crypto_wipe(&b, sizeof(b));
	return (rc);
}

const struct command command_push_server = {
	.name = "push-server", .arguments = "",
	.summary = "Wake devices that have a message",
	.help = help, .flags = push_flags, .run = run_push_server,
};
