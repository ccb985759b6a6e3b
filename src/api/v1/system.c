/* system.c: SystemInfo. */
#include <stdio.h>

#include "api/v1/v1.h"
#include "version/version.h"
#include "world/process.h"

typedef V1(SystemInfo__Reply) system_t;
typedef V1(SystemInfo__Process) process_t;

static void
warn(void * user, const char * sentence)
{
	system_t * reply = user;

	v1_add_text(&reply->warns, &reply->n_warns, slice_text(sentence));
}

/* --- process --------------------------------------------------------------- */

static void
fill_build(process_t * to, const struct node_status * status)
{
	v1_set_text(&to->version, slice_text(version_text()));
	v1_set_text(&to->vcs_ref, slice_text(version_vcs_ref()));
	v1_set_text(&to->go_version, slice_text(version_compiler()));
	to->uptime_ms = (int64_t)status->uptime_ms;
	to->started_at = status->started_at;
}

static void
fill_usage(process_t * to, const struct world_process * p)
{
	to->user_cpu_time_ms = p->user_ms;
	to->system_cpu_time_ms = p->system_ms;
	to->rlimit_cur = p->files_limit;
	to->rlimit_max = p->files_limit_max;
	to->nofile = p->files;
	to->too_many_open_files = p->too_many_files;
	to->num_goroutine = p->threads;
	to->num_cpu = p->processors;
	to->pid = p->pid;
	to->ppid = p->parent;
	to->priority = p->priority;
	to->uid = p->user_id;
	v1_set_text(&to->operating_system, slice_text(p->system));
	v1_set_text(&to->arch, slice_text(p->machine));
	v1_set_text(&to->host_name, slice_text(p->host));
	v1_set_text(&to->working_dir, slice_text(p->folder));
	v1_set_text(&to->system_username, slice_text(p->user));
}

static void
fill_process(system_t * reply, struct node * n,
    const struct node_status * status)
{
	struct world_process p;
	char text[80];
	size_t i;

	reply->process = v1_new(
	    &berty__protocol__v1__system_info__process__descriptor);
	if (reply->process == NULL)
		return;
	fill_build(reply->process, status);
	if (!world_process(node_world(n), &p)) {
		warn(reply, "nothing is known of the process");
		return;
	}
	fill_usage(reply->process, &p);
	for (i = 0; i < p.n_unknown; i++) {
		(void)snprintf(text, sizeof(text), "%s: not known",
		    p.unknown[i]);
		warn(reply, text);
	}
}

/* --- the node -------------------------------------------------------------- */

static void
fill_logs(system_t * reply, struct node * n)
{
	V1(SystemInfo__OrbitDB__ReplicationStatus) * to;
	struct sync_progress progress;

	reply->orbitdb = v1_new(
	    &berty__protocol__v1__system_info__orbit_db__descriptor);
	if (reply->orbitdb == NULL || !node_group_progress(
	    node_account_group(n), FEED_METADATA, &progress))
		return;
	to = v1_new(
	    &berty__protocol__v1__system_info__orbit_db__replication_status__descriptor);
	if ((reply->orbitdb->account_metadata = to) == NULL)
		return;
	to->progress = (int64_t)progress.joined;
	to->buffered = (int64_t)progress.held;
	to->queued = (int64_t)progress.wanted;
	to->maximum = to->progress + to->buffered + to->queued;
}

static void
fill_store(system_t * reply, struct store * s)
{
	V1(SystemInfo__Store) * to;
	struct store_stats stats;

	to = v1_new(&berty__protocol__v1__system_info__store__descriptor);
	if ((reply->store = to) == NULL)
		return;
	store_stats(s, &stats);
	v1_set_text(&to->path, slice_text(store_file(s)));
	v1_set_text(&to->reason, slice_text(store_failure(s)));
	to->read_only = store_read_only(s);
	to->schema = store_schema(s);
	to->bytes = stats.bytes;
	to->reads = stats.reads;
	to->writes = stats.writes;
	to->commits = stats.commits;
	to->syncs = stats.syncs;
}

static void
fill_sync(system_t * reply, struct sync * s)
{
	V1(SystemInfo__Sync) * to;
	struct sync_stats stats;

	to = v1_new(&berty__protocol__v1__system_info__sync__descriptor);
	if ((reply->sync = to) == NULL)
		return;
	sync_stats(s, &stats);
	to->heads_received = stats.heads_received;
	to->heads_sent = stats.heads_sent;
	to->heads_refused = stats.heads_refused;
	to->entries_received = stats.entries_received;
	to->entries_refused = stats.entries_refused;
	to->fetching = stats.fetching;
}

static void
add_budget(void * user, const struct budget * b)
{
	system_t * reply = user;
	V1(SystemInfo__Budget) * to;

	to = v1_add(&reply->budgets, &reply->n_budgets,
	    &berty__protocol__v1__system_info__budget__descriptor);
	if (to == NULL)
		return;
	v1_set_text(&to->name, slice_text(b->name));
	to->used = b->used;
	to->peak = b->peak;
	to->limit = b->limit;
	to->refused = b->refused;
}

static void
fill_libraries(system_t * reply, struct node * n)
{
	struct node_library library;
	V1(SystemInfo__Library) * to;
	size_t at = 0;

	while (node_each_library(n, &at, &library)) {
		to = v1_add(&reply->libraries, &reply->n_libraries,
		    &berty__protocol__v1__system_info__library__descriptor);
		if (to == NULL)
			return;
		v1_set_text(&to->name, slice_text(library.name));
		v1_set_text(&to->version, slice_text(library.version));
	}
}

void
v1_system_info(struct api_call * call)
{
	system_t * reply = v1_new(call->method->reply);
	const struct budget_walk budgets = {add_budget, reply};
	struct node * n = call->node;
	struct node_status status;

	if (reply == NULL) {
		v1_answer_built(call, NULL);
		return;
	}
	node_status(n, &status);
	fill_process(reply, n, &status);
	reply->p2p = v1_new(
	    &berty__protocol__v1__system_info__p2_p__descriptor);
	if (reply->p2p != NULL)
		reply->p2p->connected_peers = status.connected;
	fill_logs(reply, n);
	fill_store(reply, node_store(n));
	fill_sync(reply, node_sync(n));
	node_budgets(n, &budgets);
	fill_libraries(reply, n);
	node_warnings(n, warn, reply);
	v1_answer_built(call, reply);
}
