/* cmd_repl_server.c: `berty repl-server`, which keeps groups for who is away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/error_public.h"
#include "berty/replication.h"
#include "client.h"
#include "crypto/crypto.h"
#include "key_text.h"
#include "log_flags.h"
#include "output.h"

static const struct flag repl_flags[] = {
	{"node.auth-secret", "BASE64", NULL, "the 32 bytes that the issuer's "
	    "tokens are opened with (see `berty token-server`)"},
	{"node.auth-pk", "BASE64", NULL, "the issuer's public key (see "
	    "`berty service-key convert`)"},
	{"node.listeners", "LIST", "/ip4/127.0.0.1/tcp/9091/grpc", "where the "
	    "service is, separated by commas: /unix/PATH, "
	    "/ip4/127.0.0.1/tcp/PORT, HOST:PORT; with /tls behind it over "
	    "TLS, as other machines need it"},
	{"node.tls-certificate", "FILE", NULL, "the PEM file of the "
	    "certificate for /tls (default: one that signs itself)"},
	{"node.tls-key", "FILE", NULL, "and that of its key"},
	{"store.inmem", NULL, NULL, "keep nothing: for tests"},
	{"store.key-file", "FILE", NULL, "read the key of the store from a "
	    "file (default: store.key in the store's folder, made at the "
	    "first start)"},
	{"store.key-env", "NAME", NULL, "or from an environment variable, as "
	    "64 hexadecimal digits"},
	{"replica.store", "WHERE", NULL, "what servers share: "
	    "postgresql://USER@HOST/NAME, of any number of servers; or a "
	    "SQLite file, of one (default: replication.sqlite in the store's "
	    "folder)"},
	{"replica.groups", "NUMBER", "1000", "groups that a token may have "
	    "kept; 0: any number"},
	{"replica.bytes", "NUMBER", "1073741824", "bytes of them; 0: any "
	    "number"},
	{"p2p.swarm-listeners", "LIST", "/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0",
	    "where nodes connect"},
	{"p2p.swarm-announce", "LIST", NULL, "where they are told to: "
	    "/ip4/192.0.2.1/tcp/4001 (default: where it listens)"},
	{"p2p.static-peers", "LIST", NULL, "nodes to stay connected with: "
	    "/ip4/…/tcp/…/p2p/ID"},
	{"p2p.security", "LIST", "noise,tls", "how connections between nodes "
	    "are secured: noise, tls or both; noise is offered first"},
	{"p2p.mdns", NULL, "true", "find nodes in the local network, and be "
	    "found by them"},
	{"log.level", "LEVEL", "info", "debug, info, warn or error, on stderr"},
	{"grpc.legacy-status", NULL, NULL, "end every failed call with status "
	    "UNAVAILABLE, as Berty does"},
	{0},
};

static const char help[] =
"A replication server takes part in a group as a member who cannot read: it\n"
"keeps both logs, and gives them to members who were away.  It sees that a\n"
"group exists, who connects and when, and never what is said.\n"
"\n"
"Members have it keep a group with `berty group replicate`, and need a token of\n"
"an issuer that this server knows by -node.auth-secret and -node.auth-pk; both\n"
"can come from the environment (BERTY_NODE_AUTH_SECRET) or from -config.\n"
"\n"
"Several servers may share one PostgreSQL database: each has a folder of its own\n"
"(-store.dir), and all name the same -replica.store.  They divide the groups\n"
"among them, and take over those of one that fails.\n";

static int
read_key(struct run * run, const char * name, uint8_t key[KEY_SIZE])
{
	const char * text = flags_text(&run->flags, name);

	if (text == NULL)
		return (error_set(&run->err, ERR_MISSING_INPUT,
		    "-%s is missing: it is the issuer's, as `berty "
		    "token-server` has it", name));
	return (key_text_read(text, key) ? 0 : error_set(&run->err,
	    ERR_INVALID_INPUT, "-%s is 32 bytes in base64", name));
}

static int
read_number(struct run * run, const char * name, uint64_t * number)
{
	const char * text = flags_text(&run->flags, name);
	char * end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0)
		return (0);
	return (error_set(&run->err, ERR_INVALID_INPUT,
	    "-%s is a number, not '%.40s'", name, text));
}

/* --- telling -------------------------------------------------------------- */

static void
print_json(const struct berty_replication_info * info)
{
	cJSON * object = cJSON_CreateObject();
	cJSON * listeners = cJSON_AddArrayToObject(object, "listeners");
	cJSON * swarm = cJSON_AddArrayToObject(object, "swarm");
	char * text;
	size_t i;

	(void)cJSON_AddStringToObject(object, "peerId", info->peer_id);
	for (i = 0; info->listeners[i] != NULL; i++)
		(void)cJSON_AddItemToArray(listeners,
		    cJSON_CreateString(info->listeners[i]));
	for (i = 0; info->swarm[i] != NULL; i++)
		(void)cJSON_AddItemToArray(swarm,
		    cJSON_CreateString(info->swarm[i]));
	if (info->tls_fingerprint != NULL)
		(void)cJSON_AddStringToObject(object, "tlsFingerprint",
		    info->tls_fingerprint);
	if ((text = cJSON_PrintUnformatted(object)) != NULL)
		printf("%s\n", text);
	cJSON_free(text);
	cJSON_Delete(object);
}

static void
ready(void * user, const struct berty_replication_info * info)
{
	struct run * run = user;
	size_t i;

	if (run->json)
		print_json(info);
	else {
		printf("peer:  %s\n", info->peer_id);
		for (i = 0; info->swarm[i] != NULL; i++)
			printf("       %s\n", info->swarm[i]);
		if (info->tls_fingerprint != NULL)
			printf("certificate: %s\n", info->tls_fingerprint);
		printf("ready: %s\n", info->listeners[0] != NULL ?
		    info->listeners[0] : "no listener");
	}
	(void)fflush(stdout);
}

/* --- running -------------------------------------------------------------- */

/* Everything that the options borrow. */
struct borrowed {
	struct buffer store;
	const char ** lists[4];
	uint8_t secret[KEY_SIZE], key[KEY_SIZE];
};

static int
fill_lists(struct run * run, struct berty_replication_options * o,
    struct borrowed * b)
{
	static const char * const names[4] = {"node.listeners",
	    "p2p.swarm-listeners", "p2p.swarm-announce", "p2p.static-peers"};
	const char * const ** to[4] = {&o->listeners, &o->swarm, &o->announce,
	    &o->static_peers};
	size_t i;

	for (i = 0; i < 4; i++) {
		b->lists[i] = flags_list(flags_text(&run->flags, names[i]));
		if (b->lists[i] == NULL)
			return (error_set(&run->err, ERR_INTERNAL,
			    "out of memory"));
		*to[i] = b->lists[i];
	}
	return (0);
}

static int
fill_options(struct run * run, struct berty_replication_options * o,
    struct borrowed * b)
{
	const struct flags * f = &run->flags;
	const char * store = flags_text(f, "store.dir");
	int rc;

	if ((rc = read_key(run, "node.auth-secret", b->secret)) != 0 ||
	    (rc = read_key(run, "node.auth-pk", b->key)) != 0 ||
	    (rc = log_flags_read(run, &o->log)) != 0 ||
	    (rc = read_number(run, "replica.groups", &o->quota_groups)) != 0 ||
	    (rc = read_number(run, "replica.bytes", &o->quota_bytes)) != 0 ||
	    (rc = fill_lists(run, o, b)) != 0)
		return (rc);
	if (!flags_on(f, "store.inmem") &&
	    (store == NULL || strcmp(store, ":memory:") != 0)) {
		if ((rc = store_path(run, &b->store, &run->err)) != 0)
			return (rc);
		o->store = (char *)b->store.p;
	}
	o->auth_secret = b->secret;
	o->auth_key = b->key;
	o->replica = flags_text(f, "replica.store");
	o->key_file = flags_text(f, "store.key-file");
	o->key_variable = flags_text(f, "store.key-env");
	o->key_fd = -1;
	o->security = flags_text(f, "p2p.security");
	o->mdns = flags_on(f, "p2p.mdns");
	o->tls_certificate = flags_text(f, "node.tls-certificate");
	o->tls_key = flags_text(f, "node.tls-key");
	o->legacy_status = flags_on(f, "grpc.legacy-status");
	return (0);
}

static int
run_repl_server(struct run * run)
{
	struct berty_replication_options options = {.size = sizeof(options)};
	struct berty_error err = {0};
	struct borrowed b = {0};
	size_t i;
	int rc;

	if ((rc = fill_options(run, &options, &b)) == 0 &&
	    (rc = berty_replication_run(&options, ready, run, &err)) != 0)
		(void)error_import(&run->err, &err, rc);
	for (i = 0; i < 4; i++)
		free(b.lists[i]);
	buffer_free(&b.store);
	crypto_wipe(&b, sizeof(b));
	return (rc);
}

const struct command command_repl_server = {
	.name = "repl-server", .arguments = "", .summary = "Keep groups for "
	    "members who are away",
	.help = help, .flags = repl_flags, .run = run_repl_server,
};
