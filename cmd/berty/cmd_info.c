/* cmd_info.c: `berty info`, the node and its state. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "output.h"
#include "json/proto_json.h"
#include "refresh.h"

static const struct flag info_flags[] = {
	{"info.refresh", "TIME", "0", "print again each so often (2s, 1m; 0: "
	    "once)"},
	{"info.anonymize", NULL, NULL, "leave out keys, addresses, and names of "
	    "the machine, its user and folders, to show it to others"},
	{0},
};

static const char help[] =
"What the node is, how it is, and what somebody should do something about.\n"
"With -json as Berty prints it, and the node's keys and addresses beside it.\n"
"`berty doctor` looks for what is wrong.\n"
"\n"
"  berty info\n"
"  berty info -info.refresh 2s\n"
"  berty info -json -info.anonymize >report.json\n"
"  berty info -json | jq -r .protocol.process.uptimeMs\n";

typedef PB(SystemInfo__Reply) system_t;
typedef PB(InstanceGetConfiguration__Reply) instance_t;

static void
redact(char ** text)
{
	char * word;

	if (**text == '\0' || (word = strdup("REDACTED")) == NULL)
		return;
	free(*text);
	*text = word;
}

/* Who and where it is: keys and addresses too. */
static void
anonymize(system_t * system, instance_t * instance)
{
	size_t i;

	instance->account_pk.len = instance->account_group_pk.len =
	    instance->device_pk.len = 0;
	redact(&instance->peer_id);
	for (i = 0; i < instance->n_listeners; i++)
		redact(&instance->listeners[i]);
	if (system->process != NULL) {
		redact(&system->process->host_name);
		redact(&system->process->working_dir);
		redact(&system->process->system_username);
	}
	if (system->store != NULL)
		redact(&system->store->path);
}

/* --- for people ----------------------------------------------------------- */

static void
line(const char * name, const char * text)
{
	printf("  %-10s ", name);
	output_safe(slice_text(text));
	putchar('\n');
}

static void
key_line(const char * name, ProtobufCBinaryData key)
{
	printf("  %-10s ", name);
	if (key.len == 0)
		printf("REDACTED");
	output_hex(protobuf_slice(key));
	putchar('\n');
}

/* 3 days 2 h, 5 h 10 min, 12 min 3 s. */
static void
print_span(int64_t ms)
{
	int64_t s = ms / 1000;

	if (s >= 86400)
		printf("%" PRId64 " days %" PRId64 " h", s / 86400,
		    s % 86400 / 3600);
	else if (s >= 3600)
		printf("%" PRId64 " h %" PRId64 " min", s / 3600,
		    s % 3600 / 60);
	else
		printf("%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
}

static void
print_bytes(uint64_t n)
{
	static const char * const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	double v = (double)n;
	unsigned u = 0;

	for (; v >= 1000 && u < 4; u++)
		v /= 1000;
	printf(u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

static void
print_process(const PB(SystemInfo__Process) * p)
{
	time_t start = (time_t)p->started_at;
	struct tm when = {0};
	char text[32] = "";

	puts("node");
	printf("  %-10s %s%s%s%s, %s\n", "version", p->version,
	    *p->vcs_ref != '\0' ? " (" : "", p->vcs_ref,
	    *p->vcs_ref != '\0' ? ")" : "", p->go_version);
	if (localtime_r(&start, &when) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &when);
	printf("  %-10s ", "up");
	print_span(p->uptime_ms);
	printf(", since %s\n", text);
	printf("  %-10s %" PRId64 ", %" PRId64 " threads, %" PRId64 " of %"
	    PRIu64 " files, priority %" PRId64 "\n", "process", p->pid,
	    p->num_goroutine, p->nofile, p->rlimit_cur, p->priority);
	printf("  %-10s %.2f s user, %.2f s system\n", "processor",
	    (double)p->user_cpu_time_ms / 1000,
	    (double)p->system_cpu_time_ms / 1000);
	printf("  %-10s ", "machine");
	output_safe(slice_text(p->host_name));
	printf(", %s %s, %" PRId64 " processors, user ", p->operating_system,
	    p->arch, p->num_cpu);
	output_safe(slice_text(p->system_username));
	putchar('\n');
	line("folder", p->working_dir);
}

static void
print_instance(const instance_t * in, const system_t * system)
{
	static const char * const states[] = {"unknown", "on", "off",
	    "not in this build"};
	size_t i;

	puts("account");
	key_line("key", in->account_pk);
	key_line("device", in->device_pk);
	puts("network");
	line("peer id", in->peer_id);
	for (i = 0; i < in->n_listeners; i++)
		line(i == 0 ? "listens" : "", in->listeners[i]);
	if (system->p2p != NULL)
		printf("  %-10s %" PRId64 " connected\n", "peers",
		    system->p2p->connected_peers);
	line("mDNS", states[(unsigned)in->mdns_enabled & 3]);
	line("relay", states[(unsigned)in->relay_enabled & 3]);
}

static void
print_store(const PB(SystemInfo__Store) * s)
{
	puts("store");
	line("file", *s->path != '\0' ? s->path : "in memory");
	printf("  %-10s ", "size");
	print_bytes(s->bytes);
	printf(", tables of version %" PRIu32 "\n", s->schema);
	printf("  %-10s %" PRIu64 " rows read, %" PRIu64 " written, %" PRIu64
	    " commits, %" PRIu64 " syncs\n", "activity", s->reads, s->writes,
	    s->commits, s->syncs);
	if (s->read_only)
		line("READ-ONLY", s->reason);
}

static void
print_logs(const system_t * system)
{
	const PB(SystemInfo__OrbitDB__ReplicationStatus) * a =
	    system->orbitdb == NULL ? NULL : system->orbitdb->account_metadata;
	const PB(SystemInfo__Sync) * s = system->sync;

	puts("logs");
	if (a != NULL)
		printf("  %-10s %" PRId64 " of %" PRId64 " entries; %" PRId64
		    " wait, %" PRId64 " are sought\n", "account", a->progress,
		    a->maximum, a->buffered, a->queued);
	if (s == NULL)
		return;
	printf("  %-10s %" PRIu64 " received, %" PRIu64 " sent, %" PRIu64
	    " refused\n", "heads", s->heads_received, s->heads_sent,
	    s->heads_refused);
	printf("  %-10s %" PRIu64 " received, %" PRIu64 " refused, %" PRIu64
	    " being fetched\n", "entries", s->entries_received,
	    s->entries_refused, s->fetching);
}

/* Budgets that somebody used, and only those. */
static void
print_budgets(const system_t * system)
{
	size_t i, n = 0;

	for (i = 0; i < system->n_budgets; i++) {
		const PB(SystemInfo__Budget) * b = system->budgets[i];

		if (b->peak == 0 && b->refused == 0)
			continue;
		if (n++ == 0)
			printf("%-32s %10s %10s %10s %10s\n", "budgets", "now",
			    "most", "limit", "refused");
		printf("  %-30s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10"
		    PRIu64 "\n", b->name, b->used, b->peak, b->limit,
		    b->refused);
	}
}

static void
print_rest(const system_t * system)
{
	size_t i;

	print_budgets(system);
	if (system->n_libraries > 0)
		puts("libraries");
	for (i = 0; i < system->n_libraries; i++)
		line(system->libraries[i]->name, system->libraries[i]->version);
	if (system->n_warns > 0)
		puts("warnings");
	for (i = 0; i < system->n_warns; i++) {
		printf("  ");
		output_safe(slice_text(system->warns[i]));
		putchar('\n');
	}
}

static void
print_all(const instance_t * instance, const system_t * system)
{
	if (system->process != NULL)
		print_process(system->process);
	print_instance(instance, system);
	if (system->store != NULL)
		print_store(system->store);
	print_logs(system);
	print_rest(system);
}

/* --- the command ---------------------------------------------------------- */

static void
print_json(const instance_t * instance, const system_t * system)
{
	cJSON * object = cJSON_CreateObject();

	cJSON_AddItemToObject(object, "protocol",
	    proto_json(&system->base, PROTO_JSON_MAPPED));
	cJSON_AddItemToObject(object, "instance",
	    proto_json(&instance->base, PROTO_JSON_MAPPED));
	output_json(object);
}

static int
once(struct run * run)
{
	PB(InstanceGetConfiguration__Request) ask =
	    PB_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	PB(SystemInfo__Request) request = PB_INIT(SYSTEM_INFO__REQUEST);
	void * instance = NULL;
	void * system = NULL;
	struct client c;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if ((rc = client_call(&c, "InstanceGetConfiguration", &ask,
	    PB_TYPE(instance_get_configuration__reply), &instance)) != 0 ||
	    (rc = client_call(&c, "SystemInfo", &request,
	    PB_TYPE(system_info__reply), &system)) != 0)
		goto err0;
	if (flags_on(&run->flags, "info.anonymize"))
		anonymize(system, instance);
	if (run->json)
		print_json(instance, system);
	else
		print_all(instance, system);

err0:
	protobuf_free(system);
	protobuf_free(instance);
	client_close(&c);
	return (rc);
}

static int
run_info(struct run * run)
{
	return (refresh_run(run, "info.refresh", once));
}

const struct command command_info = {
	.name = "info", .arguments = "",
	.summary = "Print the node's keys, addresses and state",
	.help = help, .flags = info_flags, .run = run_info,
};
