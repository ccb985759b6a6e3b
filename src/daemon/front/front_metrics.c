/*
 * front_metrics.c: numbers for monitors, in the text format of Prometheus
 * (version 0.0.4): what SystemInfo says.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/front/front_impl.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "version/version.h"

typedef Berty__Protocol__V1__SystemInfo__Reply system_t;

/* SystemInfo, called from here. */
struct asked {
	struct api_call call;      /* first */
	struct front * front;
	struct http_request * r;   /* NULL: nobody waits any more */
	struct buffer out;
};

/* --- text ----------------------------------------------------------------- */

static void
head(struct buffer * out, const char * name, const char * kind,
    const char * help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
	    kind);
}

static void
gauge(struct buffer * out, const char * name, const char * help, uint64_t v)
{
	head(out, name, "gauge", help);
	buffer_printf(out, "%s %" PRIu64 "\n", name, v);
}

static void
counter(struct buffer * out, const char * name, const char * help, uint64_t v)
{
	head(out, name, "counter", help);
	buffer_printf(out, "%s %" PRIu64 "\n", name, v);
}

/* --- a node's ------------------------------------------------------------- */

static void
process(struct buffer * out, const system_t * s)
{
	const Berty__Protocol__V1__SystemInfo__Process * p = s->process;
	uint64_t cpu;

	if (p == NULL)
		return;
	cpu = (uint64_t)(p->user_cpu_time_ms + p->system_cpu_time_ms);
	head(out, "process_cpu_seconds_total", "counter",
	    "Processor time, user and system.");
	buffer_printf(out, "process_cpu_seconds_total %" PRIu64 ".%03u\n",
	    cpu / 1000, (unsigned)(cpu % 1000));
	gauge(out, "process_open_fds", "Open file descriptors.",
	    (uint64_t)p->nofile);
	gauge(out, "process_max_fds", "Most open file descriptors.",
	    p->rlimit_cur);
	gauge(out, "process_start_time_seconds",
	    "When the node was started, Unix time.", (uint64_t)p->started_at);
	gauge(out, "berty_threads", "Threads.", (uint64_t)p->num_goroutine);
}

static void
network(struct buffer * out, const system_t * s)
{
	if (s->p2p != NULL)
		gauge(out, "berty_connected_peers", "Peers connected.",
		    (uint64_t)s->p2p->connected_peers);
	if (s->sync == NULL)
		return;
	counter(out, "berty_sync_heads_received_total",
	    "Heads messages received.", s->sync->heads_received);
	counter(out, "berty_sync_heads_sent_total", "Heads messages sent.",
	    s->sync->heads_sent);
	counter(out, "berty_sync_heads_refused_total",
	    "Heads messages refused.", s->sync->heads_refused);
	counter(out, "berty_sync_entries_received_total",
	    "Entries received.", s->sync->entries_received);
	counter(out, "berty_sync_entries_refused_total", "Entries refused.",
	    s->sync->entries_refused);
	gauge(out, "berty_sync_fetching", "Blocks that are being fetched.",
	    s->sync->fetching);
}

static void
store(struct buffer * out, const system_t * s)
{
	if (s->store == NULL)
		return;
	gauge(out, "berty_store_bytes", "Size of the store.",
	    (uint64_t)s->store->bytes);
	gauge(out, "berty_store_read_only",
	    "1 when the store takes no changes any more.",
	    s->store->read_only);
	counter(out, "berty_store_reads_total", "Rows read.",
	    (uint64_t)s->store->reads);
	counter(out, "berty_store_writes_total", "Rows written.",
	    (uint64_t)s->store->writes);
	counter(out, "berty_store_commits_total", "Changes committed.",
	    (uint64_t)s->store->commits);
	counter(out, "berty_store_syncs_total", "Times the disk was waited "
	    "for.", (uint64_t)s->store->syncs);
}

static void
logs(struct buffer * out, const system_t * s)
{
	static const char name[] = "berty_account_log_entries";
	const Berty__Protocol__V1__SystemInfo__OrbitDB__ReplicationStatus * l;

	if (s->orbitdb == NULL || (l = s->orbitdb->account_metadata) == NULL)
		return;
	head(out, name, "gauge", "Entries of the account's log, by state.");
	buffer_printf(out, "%s{state=\"joined\"} %" PRId64 "\n"
	    "%s{state=\"held\"} %" PRId64 "\n%s{state=\"wanted\"} %" PRId64
	    "\n", name, l->progress, name, l->buffered, name, l->queued);
}

static void
budgets(struct buffer * out, const system_t * s)
{
	static const struct {
		const char * name, * kind, * help;
	} columns[] = {
		{"berty_budget_used", "gauge", "What of a budget is used."},
		{"berty_budget_peak", "gauge", "The most that ever was."},
		{"berty_budget_limit", "gauge", "The most that may be."},
		{"berty_budget_refused_total", "counter",
		    "Times that there was no room for more."},
	};
	size_t i, j;

	for (j = 0; j < 4; j++) {
		head(out, columns[j].name, columns[j].kind, columns[j].help);
		for (i = 0; i < s->n_budgets; i++) {
			const Berty__Protocol__V1__SystemInfo__Budget * b =
			    s->budgets[i];
			uint64_t v[] = {b->used, b->peak, b->limit,
			    b->refused};

			buffer_printf(out, "%s{budget=\"%s\"} %" PRIu64 "\n",
			    columns[j].name, b->name, v[j]);
		}
	}
}

static void
describe(struct buffer * out, const system_t * s)
{
	process(out, s);
	network(out, s);
	store(out, s);
	logs(out, s);
	budgets(out, s);
	gauge(out, "berty_warnings", "Things somebody should do something "
	    "about: SystemInfo says which.", s->n_warns);
}

/* --- the call ------------------------------------------------------------- */

static bool
on_reply(struct api_call * call, const void * message)
{
	struct asked * a = (struct asked *)(void *)call;

	describe(&a->out, message);
	return (false);
}

static void
on_finish(struct api_call * call, const struct error * err)
{
	struct asked * a = (struct asked *)(void *)call;

	if (a->r == NULL)
		;
	else if (err != NULL || a->out.failed)
		front_answer(a->r, 500, "there are no numbers");
	else {
		(void)http_set(a->r, "Content-Type",
		    "text/plain; version=0.0.4; charset=utf-8");
		http_answer(a->r, 200, buffer_all(&a->out));
	}
	buffer_free(&a->out);
	free(a);
}

static void
on_begin(struct api_call * call)
{
	(void)call;
}

static const struct api_transport transport = {
	.begin = on_begin,
	.reply = on_reply,
	.finish = on_finish,
};

static void
on_closed(struct http_request * r)
{
	struct asked * a = http_user(r);

	a->r = NULL;
	http_end(r, true);
}

static const struct http_events events = {.closed = on_closed};

static void
own_budget(void * user, const struct budget * b)
{
	buffer_printf(user, "berty_budget_used{budget=\"%s\"} %" PRIu64 "\n",
	    b->name, b->used);
}

/* A front without a node knows but itself. */
static void
own_numbers(struct front * f, struct buffer * out)
{
	const struct budget_walk walk = {own_budget, out};

	head(out, "berty_budget_used", "gauge", "What of a budget is used.");
	front_budgets(f, &walk);
}

void
front_metrics(struct front * f, struct http_request * r)
{
	static const Berty__Protocol__V1__SystemInfo__Request request =
	    BERTY__PROTOCOL__V1__SYSTEM_INFO__REQUEST__INIT;
	const struct front_entry * entry = front_find(f,
	    "/berty.protocol.v1.ProtocolService/SystemInfo");
	struct asked * a = calloc(1, sizeof(*a));

	if (a == NULL) {
		front_answer(r, 503, "out of memory");
		return;
	}
	a->front = f;
	a->r = r;
	head(&a->out, "berty_build_info", "gauge", "Which version it is.");
	buffer_printf(&a->out, "berty_build_info{version=\"%s\",revision="
	    "\"%s\"} 1\n", version_text(), version_vcs_ref());
	if (entry == NULL) {
		own_numbers(f, &a->out);
		on_finish(&a->call, NULL);
		return;
	}
	http_watch(r, &events, a);
	a->call.transport = &transport;
	a->call.method = entry->method;
	a->call.node = entry->service->node;
	a->call.user = entry->service->user;
	a->call.request = &request;
	entry->method->handle(&a->call);
}
