/* cmd_doctor.c: `berty doctor`, what works from here and what does not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "daemon/doctor.h"
#include "node/node.h"
#include "output.h"
#include "version/version.h"

static const struct flag doctor_flags[] = {
	{"store.key-file", "FILE", NULL, "the key of the store (default: "
	    "store.key in the store's folder)"},
	{"store.key-env", "NAME", NULL, "or the variable that holds it"},
	{"node.listeners", "LIST", NULL, "where the API is to be served, to "
	    "see whether it could be"},
	{"p2p.swarm-listeners", "LIST", "/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0",
	    "where other nodes are to connect, likewise"},
	{0},
};

static const char help[] =
"Looks for what keeps a node from working, and says what to do about it.\n"
"Asks the node that runs; without one it looks at this machine by itself:\n"
"give it the flags of your daemon.\n"
"\n"
"  berty doctor\n"
"  berty doctor -store.dir /srv/berty -p2p.swarm-listeners "
"/ip4/0.0.0.0/tcp/4001\n"
"  berty doctor -json | jq -r 'select(.grade != \"ok\") | .remedy'\n"
"\n"
"Each line begins with ok, warn or fail; the exit status is 1 when one fails.\n";

typedef PB(SystemInfo__Reply) system_t;
typedef PB(InstanceGetConfiguration__Reply) instance_t;

struct visit {
	struct run * run;
	struct doctor doctor;
	unsigned warned, failed;
};

static void
show(void * user, const struct doctor_finding * f)
{
	static const char * const grades[] = {"ok", "warn", "fail"};
	struct visit * v = user;
	cJSON * object;

	v->warned += f->grade == DOCTOR_WARN ? 1 : 0;
	v->failed += f->grade == DOCTOR_FAIL ? 1 : 0;
	if (v->run->json) {
		object = cJSON_CreateObject();
		cJSON_AddStringToObject(object, "what", f->what);
		cJSON_AddStringToObject(object, "grade", grades[f->grade]);
		output_add_text(object, "text", slice_text(f->text));
		output_add_text(object, "remedy", slice_text(f->remedy));
		output_json(object);
		return;
	}
	printf("%-4s  %-11s ", grades[f->grade], f->what);
	output_safe(slice_text(f->text));
	if (*f->remedy != '\0') {
		printf("\n                  -> ");
		output_safe(slice_text(f->remedy));
	}
	putchar('\n');
	(void)fflush(stdout);
}

/* --- with a node ------------------------------------------------------------ */

static void
see_process(const struct doctor * d, const system_t * system)
{
	const PB(SystemInfo__Process) * p = system->process;
	int64_t apart;

	if (p == NULL)
		return;
	doctor_say(d, "node", DOCTOR_OK, "", "version %s runs for %" PRId64
	    " min, process %" PRId64, p->version, p->uptime_ms / 60000,
	    p->pid);
	if (p->too_many_open_files || (p->rlimit_cur > 0 &&
	    (uint64_t)p->nofile * 10 > p->rlimit_cur * 9))
		doctor_say(d, "files", DOCTOR_FAIL, "raise the limit "
		    "(ulimit -n, LimitNOFILE) and start the node again",
		    "%" PRId64 " of %" PRIu64 " files are open", p->nofile,
		    p->rlimit_cur);
	/* The start in wall time, and the time since by a steady clock. */
	apart = (int64_t)time(NULL) - p->started_at - p->uptime_ms / 1000;
	if (llabs(apart) > 30 + p->uptime_ms / 1000 / 500)
		doctor_say(d, "clock", DOCTOR_WARN, "see what sets the clock "
		    "of this machine, if it did not sleep", "the clock moved "
		    "by %" PRId64 " s since the node started", apart);
}

static void
see_store(const struct doctor * d, const system_t * system)
{
	const PB(SystemInfo__Store) * s = system->store;
	char folder[4200];
	char * end;

	if (s == NULL || *s->path == '\0') {
		doctor_say(d, "store", DOCTOR_WARN, "start the node without "
		    "-store.inmem to keep the account", "the account is in "
		    "memory alone and ends with the node");
		return;
	}
	(void)snprintf(folder, sizeof(folder), "%s", s->path);
	if ((end = strrchr(folder, '/')) != NULL)
		*end = '\0';
	(void)doctor_folder(d, folder);
	if (s->read_only)
		doctor_say(d, "store", DOCTOR_FAIL, "mend the disk, then start "
		    "the node again: what it had answered is there", "%s",
		    s->reason);
	else
		doctor_say(d, "store", DOCTOR_OK, "", "%s: %" PRIu64 " kB, "
		    "tables of version %" PRIu32, s->path, s->bytes / 1000,
		    s->schema);
}

/* Its listeners with its peer id, as they are dialled. */
static void
see_listeners(const struct doctor * d, const instance_t * instance)
{
	char (*texts)[700] = calloc(instance->n_listeners + 1, sizeof(*texts));
	const char ** list = calloc(instance->n_listeners + 1, sizeof(*list));
	size_t i;

	if (texts != NULL && list != NULL) {
		for (i = 0; i < instance->n_listeners; i++) {
			(void)snprintf(texts[i], sizeof(texts[i]),
			    "%.500s/p2p/%.150s", instance->listeners[i],
			    instance->peer_id);
			list[i] = texts[i];
		}
		doctor_dial(d, list);
	}
	free(texts);
	free(list);
}

static void
see_discovery(const struct doctor * d, const instance_t * instance)
{
	switch (instance->mdns_enabled) {
	case BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Enabled:
		doctor_say(d, "mDNS", DOCTOR_OK, "", "nodes in the local "
		    "network are looked for");
		break;
	case BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Disabled:
		doctor_say(d, "mDNS", DOCTOR_WARN, "start the node with "
		    "-p2p.mdns", "nodes in the local network are not looked "
		    "for");
		break;
	default:
		doctor_say(d, "mDNS", DOCTOR_WARN, "hand out links with "
		    "addresses", "this node cannot look for nodes in the "
		    "local network");
		break;
	}
}

static void
see_peers(const struct doctor * d, struct client * c)
{
	PB(PeerList__Request) request = PB_INIT(PEER_LIST__REQUEST);
	const PB(PeerList__Reply) * list;
	size_t i, active = 0;
	void * reply;

	if (client_call(c, "PeerList", &request, PB_TYPE(peer_list__reply),
	    &reply) != 0)
		return;
	list = reply;
	for (i = 0; i < list->n_peers; i++)
		active += list->peers[i]->is_active ? 1 : 0;
	if (active > 0)
		doctor_say(d, "peers", DOCTOR_OK, "", "%zu connected, %zu more "
		    "known (`berty peers` lists them)", active,
		    list->n_peers - active);
	else
		doctor_say(d, "peers", DOCTOR_WARN, "use the link of a contact "
		    "who is online, or name a node with -p2p.static-peers",
		    "no peer is connected, %zu are known", list->n_peers);
	protobuf_free(reply);
}

static void
see_requests(const struct doctor * d, struct client * c)
{
	PB(ContactRequestReference__Request) request =
	    PB_INIT(CONTACT_REQUEST_REFERENCE__REQUEST);
	const PB(ContactRequestReference__Reply) * reference;
	void * reply;

	if (client_call(c, "ContactRequestReference", &request,
	    PB_TYPE(contact_request_reference__reply), &reply) != 0)
		return;
	reference = reply;
	if (reference->enabled && reference->public_rendezvous_seed.len > 0)
		doctor_say(d, "requests", DOCTOR_OK, "", "who has your contact "
		    "link can ask you");
	else
		doctor_say(d, "requests", DOCTOR_WARN, "`berty contact link` "
		    "turns them on", "contact requests are off: nobody can "
		    "become your contact");
	protobuf_free(reply);
}

/* What the node itself is worried about. */
static void
see_warnings(const struct doctor * d, const system_t * system)
{
	size_t i;

	for (i = 0; i < system->n_warns; i++)
		doctor_say(d, "node", DOCTOR_WARN, "", "%s", system->warns[i]);
}

static int
visit_node(struct visit * v, struct client * c)
{
	PB(InstanceGetConfiguration__Request) ask =
	    PB_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	PB(SystemInfo__Request) request = PB_INIT(SYSTEM_INFO__REQUEST);
	const struct doctor * d = &v->doctor;
	void * instance = NULL;
	void * system = NULL;
	int rc;

	if ((rc = client_call(c, "InstanceGetConfiguration", &ask,
	    PB_TYPE(instance_get_configuration__reply), &instance)) != 0 ||
	    (rc = client_call(c, "SystemInfo", &request,
	    PB_TYPE(system_info__reply), &system)) != 0)
		goto err0;
	see_process(d, system);
	doctor_api(d, c->address, c->token != NULL);
	see_store(d, system);
	see_peers(d, c);
	see_listeners(d, instance);
	see_discovery(d, instance);
	see_requests(d, c);
	see_warnings(d, system);

err0:
	protobuf_free(system);
	protobuf_free(instance);
	return (rc);
}

/* --- without one ------------------------------------------------------------ */

static int
visit_machine(struct visit * v)
{
	const struct flags * f = &v->run->flags;
	struct doctor_key key = {flags_text(f, "store.key-file"),
	    flags_text(f, "store.key-env"), -1};
	const char * apis = flags_text(f, "node.listeners");
	const char ** swarm = flags_list(flags_text(f, "p2p.swarm-listeners"));
	const char ** api = flags_list(apis == NULL ? "" : apis);
	const struct doctor * d = &v->doctor;
	struct buffer folder = {0};
	size_t i;
	int rc;

	if (swarm == NULL || api == NULL) {
		rc = error_set(&v->run->err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	if ((rc = store_path(v->run, &folder, &v->run->err)) != 0)
		goto err0;
	doctor_say(d, "node", DOCTOR_WARN, "start it with `berty daemon`; "
	    "until then this looks at the machine by itself",
	    "no node answers");
	if (doctor_folder(d, (char *)folder.p))
		doctor_store(d, (char *)folder.p, &key);
	for (i = 0; api[i] != NULL; i++)
		doctor_api_free(d, api[i]);
	doctor_listen(d, swarm);

err0:
	buffer_free(&folder);
	free(api);
	free(swarm);
	return (rc);
}

/* --- the command ------------------------------------------------------------ */

static int
visit(struct visit * v)
{
	struct client c;
	int rc;

	rc = client_open(&c, v->run);
	if (rc == 0) {
		rc = visit_node(v, &c);
		client_close(&c);
		return (rc);
	}
	if (rc != -ERR_STREAM_WRITE)
		return (rc);
	if (flags_given(&v->run->flags, "node.remote-addr"))
		doctor_say(&v->doctor, "node", DOCTOR_FAIL, "start it with "
		    "`berty daemon -node.listeners …`, or leave "
		    "-node.remote-addr out", "%s", v->run->err.text);
	error_clear(&v->run->err);
	return (visit_machine(v));
}

static int
run_doctor(struct run * run)
{
	struct visit v = {.run = run};
	int rc;

	v.doctor = (struct doctor){show, &v};
	doctor_say(&v.doctor, "program", DOCTOR_OK, "", "berty %s%s%s, %s",
	    version_text(), *version_vcs_ref() != '\0' ? " of " : "",
	    version_vcs_ref(), version_compiler());
	if ((rc = visit(&v)) != 0)
		return (rc);
	doctor_interfaces(&v.doctor);
	doctor_multicast(&v.doctor);
	doctor_clock(&v.doctor);
	doctor_say(&v.doctor, "rendezvous", DOCTOR_WARN, "hand out links with "
	    "addresses (`berty contact link` does), or name a node that both "
	    "sides know with -p2p.static-peers", "no rendezvous server is "
	    "asked: this version has none");
	if (!run->json)
		printf("\n%u failed, %u to look at\n", v.failed, v.warned);
	run->failed = v.failed > 0;
	return (0);
}

const struct command command_doctor = {
	.name = "doctor", .arguments = "",
	.summary = "Look for what keeps the node from working",
	.help = help, .flags = doctor_flags, .run = run_doctor,
};
