/* replication.c: a replication server: groups that it is given to keep, and
 * entries that it takes from a member. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "berty/replication/v1/bertyreplication.pb-c.h"
#include "codec/multibase.h"
#include "daemon.h"
#include "library.h"
#include "many.h"
#include "services/auth_issue.h"

#define REPLICATION "berty.replication.v1.ReplicationService"
#define RPL(name) Berty__Replication__V1__##name
#define RPL_INIT(name) BERTY__REPLICATION__V1__##name##__INIT
#define RPL_TYPE(name) berty__replication__v1__##name##__descriptor

#define REPEATS 3
#define GROUPS 1000
#define ENTRIES 10000
#define FLYING 16
#define TOKENS 50                 /* each registers as many of the groups */
#define LIMIT 300.0

/* The names of the rows, which differ by where the groups are kept. */
struct names {
	const char * groups;
	const char * group_cpu;
	const char * group_memory;
	const char * entries;
	const char * entry_cpu;
	const char * memory;
};

static const struct names on_sqlite = {
	"repl-server, SQLite: groups registered",
	"repl-server, SQLite: processor time of a group",
	"repl-server, SQLite: memory of a group",
	"repl-server, SQLite: entries taken",
	"repl-server, SQLite: processor time of an entry",
	"repl-server, SQLite: peak memory",
}, on_postgres = {
	"repl-server, PostgreSQL: groups registered",
	"repl-server, PostgreSQL: processor time of a group",
	"repl-server, PostgreSQL: memory of a group",
	"repl-server, PostgreSQL: entries taken",
	"repl-server, PostgreSQL: processor time of an entry",
	"repl-server, PostgreSQL: peak memory",
};

struct keeper {
	const struct bench * bench;
	const struct names * names;
	struct daemon server;     /* its address is on TCP */
	struct daemon member;
	struct group_info group;  /* the member's */
	uint8_t sign_pub[32], link_key[32];
	struct auth_issuer issuer;
	struct buffer token[TOKENS]; /* NUL-ended, as the next two */
	struct buffer secret, key;
};

/* --- the server ----------------------------------------------------------- */

static int
make_token(struct keeper * k, unsigned number)
{
	struct auth_claims claims = {.n = 1, .services = {AUTH_REPLICATION}};
	struct buffer * token = &k->token[number];

	snprintf(claims.id, sizeof(claims.id), "bench-%u", number);
	if (auth_issue(token, &k->issuer, &claims) != 0)
		return (-1);
	buffer_byte(token, 0);
	return (token->failed ? -1 : 0);
}

static int
make_tokens(struct keeper * k)
{
	const uint8_t seed[32] = {9};
	unsigned i;

	memset(k->issuer.secret, 8, sizeof(k->issuer.secret));
	ed25519_from_seed(&k->issuer.key, seed);
	for (i = 0; i < TOKENS; i++)
		if (make_token(k, i) != 0)
			return (-1);
	base64_encode(&k->secret, slice_of(k->issuer.secret, 32));
	base64_encode(&k->key, slice_of(k->issuer.key.pub, 32));
	buffer_byte(&k->secret, 0);
	buffer_byte(&k->key, 0);
	return (k->secret.failed || k->key.failed ? -1 : 0);
}

static void
run_server(const struct keeper * k, const char * folder, const char * replica)
{
	char out[500], log[500], peer[200];
	int fd;

	snprintf(out, sizeof(out), "%s/ready.json", folder);
	snprintf(log, sizeof(log), "%s/server.log", folder);
	snprintf(peer, sizeof(peer), "/ip4/127.0.0.1/tcp/%u/p2p/%s",
	    k->member.port, k->member.peer_id);
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
	    freopen(log, "a", stderr) == NULL)
		_exit(1);
	execl(k->bench->program, k->bench->program, "repl-server", "-json",
	    "-store.dir", folder, "-node.listeners", "/ip4/127.0.0.1/tcp/0",
	    "-p2p.swarm-listeners", "/ip4/127.0.0.1/tcp/0", "-p2p.mdns=false",
	    "-p2p.static-peers", peer, "-node.auth-secret",
	    (const char *)k->secret.p, "-node.auth-pk", (const char *)k->key.p,
	    "-replica.store", replica, "-log.level", "warn", (char *)NULL);
	_exit(1);
}

/* Where it listens, as it says when it is ready. */
static bool
read_port(const char * folder, unsigned * port)
{
	char path[500], line[4096];
	const char * at;
	bool found;
	FILE * f;

	snprintf(path, sizeof(path), "%s/ready.json", folder);
	if ((f = fopen(path, "r")) == NULL)
		return (false);
	found = fgets(line, sizeof(line), f) != NULL &&
	    (at = strstr(line, "\"listeners\":[\"/ip4/127.0.0.1/tcp/")) !=
	    NULL && sscanf(strstr(at, "tcp/"), "tcp/%u", port) == 1;
	fclose(f);
	return (found);
}

static int
start_server(struct keeper * k, const char * folder, const char * replica)
{
	struct grpc_client_options options = {
		.token = (const char *)k->token[0].p,
	};
	double began = seconds();
	struct daemon * d = &k->server;
	unsigned port;

	if ((d->pid = fork()) == 0)
		run_server(k, folder, replica);
	if (d->pid < 0)
		return (-1);
	while (!read_port(folder, &port)) {
		if (seconds() - began > 20) {
			progress("the server did not start: see %s/server.log",
			    folder);
			return (-1);
		}
		sleep_ms(5);
	}
	snprintf(d->address, sizeof(d->address), "127.0.0.1:%u", port);
	return (grpc_client_open_with(&d->client, d->address, &options, 10000,
	    NULL) == 0 ? 0 : -1);
}

static void
stop_server(struct keeper * k)
{
	k->server.address[0] = '\0'; /* no socket file */
	daemon_stop(&k->server);
}

/* --- groups --------------------------------------------------------------- */

static int
ask_to_keep(struct many * m, const V1(Group) * group)
{
	RPL(ReplicationServiceReplicateGroup__Request) request =
	    RPL_INIT(REPLICATION_SERVICE_REPLICATE_GROUP__REQUEST);
	struct buffer bytes = {0};
	int rc;

	request.group = (V1(Group) *)(uintptr_t)group;
	protobuf_encode(&bytes, &request);
	rc = bytes.failed ? -1 : many_begin(m, REPLICATION, "ReplicateGroup",
	    buffer_all(&bytes));
	buffer_free(&bytes);
	return (rc);
}

/* A group of nobody's, for all that the server can know. */
static int
ask_for(struct keeper * k, struct many * m, unsigned number)
{
	V1(Group) group = V1_INIT(GROUP);
	struct ed25519_key key, sign;
	uint8_t seed[32] = {1}, link_key[32] = {2}, sig[64];

	memcpy(seed + 1, &number, sizeof(number));
	memcpy(link_key + 1, &number, sizeof(number));
	ed25519_from_seed(&key, seed);
	seed[0] = 3;
	ed25519_from_seed(&sign, seed);
	ed25519_sign(sig, &key, slice_of(link_key, 32));
	group.public_key = protobuf_bytes(slice_of(key.pub, 32));
	group.sign_pub = protobuf_bytes(slice_of(sign.pub, 32));
	group.link_key = protobuf_bytes(slice_of(link_key, 32));
	group.link_key_sig = protobuf_bytes(slice_of(sig, 64));
	group.group_type =
	    BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeMultiMember;
	many_show(m, (const char *)k->token[number % TOKENS].p);
	return (ask_to_keep(m, &group));
}

static int
measure_groups(struct keeper * k, struct many * m)
{
	const struct many_counts * c = many_counts(m);
	double began = seconds(), cpu = process_cpu(k->server.pid);
	double memory = process_memory(k->server.pid);

	while (c->ended < GROUPS) {
		while (c->begun < GROUPS && c->begun - c->ended < FLYING)
			if (ask_for(k, m, (unsigned)c->begun) != 0)
				return (-1);
		if (many_run(m, 0, c->ended + 1, LIMIT) != 0)
			return (-1);
	}
	if (c->failed > 0)
		return (-1);
	row_add(k->names->groups, "1/s", GROUPS / (seconds() - began));
	/* Those registered are led soon after. */
	sleep_ms(2000);
	row_add(k->names->group_cpu, "ms",
	    (process_cpu(k->server.pid) - cpu) * 1000 / GROUPS);
	row_add(k->names->group_memory, "KB",
	    (process_memory(k->server.pid) - memory) * 1000 / GROUPS);
	return (0);
}

/* --- entries -------------------------------------------------------------- */

static int
call_server(struct keeper * k, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply)
{
	struct error err = {0};
	char text[400];
	int rc = grpc_client_call(k->server.client, REPLICATION, method,
	    request, type, reply, 30000, &err);

	if (rc != 0) {
		(void)error_format(&err, text, sizeof(text));
		progress("%s: %s", method, text);
	}
	return (rc);
}

static double
entries_kept(struct keeper * k)
{
	RPL(ReplicateGlobalStats__Request) request =
	    RPL_INIT(REPLICATE_GLOBAL_STATS__REQUEST);
	RPL(ReplicateGlobalStats__Reply) * reply;
	double n;
	void * p;

	if (call_server(k, "ReplicateGlobalStats", &request,
	    &RPL_TYPE(replicate_global_stats__reply), &p) != 0)
		return (-1);
	reply = p;
	n = (double)reply->total_message_entries;
	protobuf_free(reply);
	return (n);
}

static int
keep_members_group(struct keeper * k)
{
	RPL(ReplicationServiceReplicateGroup__Request) request =
	    RPL_INIT(REPLICATION_SERVICE_REPLICATE_GROUP__REQUEST);
	V1(Group) group = V1_INIT(GROUP);
	void * reply;

	group.public_key = protobuf_bytes(slice_of(k->group.pk, 32));
	group.sign_pub = protobuf_bytes(slice_of(k->sign_pub, 32));
	group.link_key = protobuf_bytes(slice_of(k->link_key, 32));
	group.link_key_sig = protobuf_bytes(slice_of(k->group.link_key_sig,
	    64));
	group.group_type =
	    BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeMultiMember;
	request.group = &group;
	if (call_server(k, "ReplicateGroup", &request,
	    &RPL_TYPE(replication_service_replicate_group__reply), &reply) !=
	    0)
		return (-1);
	protobuf_free(reply);
	return (0);
}

static int
measure_entries(struct keeper * k)
{
	double began = seconds(), cpu = process_cpu(k->server.pid), n;

	if (keep_members_group(k) != 0)
		return (-1);
	while ((n = entries_kept(k)) < ENTRIES) {
		if (n < 0 || seconds() - began > LIMIT) {
			progress("the server has %.0f entries", n);
			return (-1);
		}
		sleep_ms(20);
	}
	row_add(k->names->entries, "1/s", n / (seconds() - began));
	row_add(k->names->entry_cpu, "ms",
	    (process_cpu(k->server.pid) - cpu) * 1000 / n);
	row_add(k->names->memory, "MB", process_peak(k->server.pid));
	return (0);
}

static int
measure(struct keeper * k, const char * folder, const char * replica)
{
	struct many * m = NULL;
	int rc = -1;

	if (start_server(k, folder, replica) == 0 &&
	    many_open(&m, k->server.address) == 0 &&
	    measure_groups(k, m) == 0)
		rc = measure_entries(k);
	many_close(m);
	stop_server(k);
	return (rc);
}

/* --- all ------------------------------------------------------------------ */

static int
measure_stores(struct keeper * k)
{
	char folder[450], url[600];
	unsigned i;

	for (i = 0; i < 2 * REPEATS; i++) {
		bool postgres = i % 2 == 1;

		if (postgres && k->bench->postgres == NULL)
			continue;
		progress("a replication server on %s (%u)",
		    postgres ? "PostgreSQL" : "SQLite", i / 2 + 1);
		k->names = postgres ? &on_postgres : &on_sqlite;
		snprintf(folder, sizeof(folder), "%s/replica-%u",
		    k->bench->folder, i);
		if (postgres)
			snprintf(url, sizeof(url), "postgresql:///bench%u?"
			    "host=%s&user=postgres", i / 2,
			    k->bench->postgres);
		else
			snprintf(url, sizeof(url), "%s/replication.sqlite",
			    folder);
		if (make_folder(folder) != 0 || measure(k, folder, url) != 0)
			return (-1);
	}
	if (k->bench->postgres == NULL)
		row_skip(on_postgres.entries, "1/s", "no PostgreSQL");
	return (0);
}

/* The member's group has its history before anybody asks for it. */
static int
start_member(struct keeper * k)
{
	struct node_group * g;
	struct library l;
	char folder[450];
	int rc = -1;

	snprintf(folder, sizeof(folder), "%s/replicated", k->bench->folder);
	if (library_open(&l, folder) != 0)
		return (-1);
	if ((g = library_group(&l)) != NULL) {
		k->group = *group_info_of(node_group_of(g));
		group_signing_pub(k->sign_pub, &k->group);
		group_link_key(k->link_key, &k->group);
		rc = library_write(&l, g, ENTRIES);
	}
	library_close(&l);
	if (rc != 0)
		return (-1);
	return (daemon_start(&k->member, k->bench, folder));
}

int
bench_replication(const struct bench * b)
{
	struct keeper k = {.bench = b};
	int i, rc = -1;

	if (make_tokens(&k) == 0 && start_member(&k) == 0)
		rc = measure_stores(&k);
	daemon_stop(&k.member);
	for (i = 0; i < TOKENS; i++)
		buffer_free(&k.token[i]);
	buffer_free(&k.secret);
	buffer_free(&k.key);
	return (rc);
}
