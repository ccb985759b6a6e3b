/* What a node tells of itself, on a clock and a disk that can be had. */
#include "support/fleet.h"

enum { SOON_MS = 120000, MINUTE_MS = 60000 };

static const struct fleet_config two = {.n = 2};

#define EVENT(name) \
	BERTY__PROTOCOL__V1__MONITOR_GROUP__TYPE_EVENT_MONITOR__TypeEventMonitor##name

/* --- SystemInfo ----------------------------------------------------------- */

static struct fleet_call *
ask_system(struct fleet * f, size_t i)
{
	API(SystemInfo__Request) request = API_INIT(SYSTEM_INFO__REQUEST);

	return (fleet_ask(f, i, "SystemInfo", &request));
}

/* Is there a warning with these words? */
static bool
warns(struct fleet * f, size_t i, const char * words)
{
	struct fleet_call * call = ask_system(f, i);
	const API(SystemInfo__Reply) * reply = call->replies[0];
	bool found = false;
	size_t w;

	for (w = 0; w < reply->n_warns; w++)
		found |= strstr(reply->warns[w], words) != NULL;
	fleet_end(call);
	return (found);
}

static void
a_node_that_is_alone_for_long_says_so(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_gather(&f, group_pk);
	sim_run_for(f.sim, 20 * MINUTE_MS);
	sim_assert(f.sim, !warns(&f, 0, "no peer"));
	fleet_close(&f, 1);
	sim_run_for(f.sim, 9 * MINUTE_MS);
	sim_assert(f.sim, !warns(&f, 0, "no peer"));
	sim_run_for(f.sim, 2 * MINUTE_MS);
	sim_assert(f.sim, warns(&f, 0, "no peer has been connected for 1"));
	fleet_open(&f, 1);
	sim_run_for(f.sim, 2 * MINUTE_MS);
	sim_assert(f.sim, !warns(&f, 0, "no peer"));
	fleet_stop(&f);
}

static void
a_clock_that_is_set_is_told(void ** state)
{
	struct fleet f;

	(void)state;
	fleet_start(&f, 2, &two);
	sim_run_for(f.sim, 600 * MINUTE_MS);
	sim_assert(f.sim, !warns(&f, 0, "the clock moved"));
	sim_wall_jump(f.nodes[0].w, 20000);
	sim_assert(f.sim, !warns(&f, 0, "the clock moved"));
	sim_wall_jump(f.nodes[0].w, 3600000);
	sim_assert(f.sim, warns(&f, 0, "the clock moved ahead by 36"));
	sim_wall_jump(f.nodes[0].w, -2 * 3600000);
	sim_assert(f.sim, warns(&f, 0, "the clock moved back by 35"));
	sim_assert(f.sim, !warns(&f, 1, "the clock moved"));
	/* Long before this was written. */
	sim_wall_jump(f.nodes[1].w, -40LL * 365 * 86400000);
	sim_assert(f.sim, warns(&f, 1, "the clock is wrong"));
	fleet_stop(&f);
}

static void
a_full_disk_is_told(void ** state)
{
	const API(SystemInfo__Reply) * reply;
	struct sim_disk_stats stats;
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];
	bool done = true;
	unsigned i;

	(void)state;
	fleet_start(&f, 3, &two);
	fleet_gather(&f, group_pk);
	sim_disk_stats(f.nodes[0].w, &stats);
	sim_disk_limit(f.nodes[0].w, stats.bytes + 20000);
	for (i = 0; done; i++) {
		assert_true(i < 3000);
		call = fleet_begin_send(&f, 0, group_pk, "more");
		done = fleet_wait(&f, 0, call);
		fleet_end(call);
	}
	call = ask_system(&f, 0);
	reply = call->replies[0];
	sim_assert(f.sim, reply->store->read_only);
	sim_assert(f.sim, strstr(reply->store->reason, "disk is full") != NULL);
	fleet_end(call);
	sim_assert(f.sim, warns(&f, 0, "disk is full"));
	sim_assert(f.sim, !warns(&f, 1, "disk is full"));
	fleet_stop(&f);
}

static void
what_a_log_lacks_is_counted_until_it_is_there(void ** state)
{
	struct sync_progress p = {0};
	struct node_group * g;
	uint64_t wanted = 0, held = 0;
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i;

	(void)state;
	fleet_start(&f, 4, &two);
	fleet_gather(&f, group_pk);
	fleet_close(&f, 1);
	fleet_send_many(&f, 0, group_pk, "away", 0, 600);
	fleet_open(&f, 1);
	for (i = 0; i < SOON_MS && p.joined < 600; i++) {
		sim_run_for(f.sim, 1);
		g = node_find(f.nodes[1].node, slice_of(group_pk, 32));
		if (g == NULL || !node_group_progress(g, FEED_MESSAGES, &p))
			continue;
		wanted = p.wanted > wanted ? p.wanted : wanted;
		held = p.held > held ? p.held : held;
	}
	sim_assert(f.sim, p.joined == 600 && p.held == 0 && p.wanted == 0);
	sim_assert(f.sim, wanted > 0);
	sim_assert(f.sim, held > 0);
	fleet_stop(&f);
}

/* --- MonitorGroup --------------------------------------------------------- */

static struct fleet_call *
begin_monitor(struct fleet * f, size_t i, const uint8_t * group_pk)
{
	API(MonitorGroup__Request) request = API_INIT(MONITOR_GROUP__REQUEST);

	if (group_pk != NULL)
		request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	return (fleet_begin(f, i, "MonitorGroup", &request));
}

/* Events of a kind, about the node itself or about others. */
static unsigned
count(const struct fleet_call * call, unsigned type, bool self)
{
	const API(MonitorGroup__EventMonitor) * e;
	unsigned n = 0;
	size_t i;

	for (i = 0; i < call->n; i++) {
		e = ((const API(MonitorGroup__Reply) *)
		    call->replies[i])->event;
		if ((unsigned)e->type != type)
			continue;
		if (type == EVENT(PeerJoin))
			n += e->peer_join->is_self == self ? 1 : 0;
		else
			n += e->peer_leave->is_self == self ? 1 : 0;
	}
	return (n);
}

static void
set_active(struct fleet * f, size_t i, const uint8_t group_pk[32], bool on)
{
	API(ActivateGroup__Request) open = API_INIT(ACTIVATE_GROUP__REQUEST);
	API(DeactivateGroup__Request) shut =
	    API_INIT(DEACTIVATE_GROUP__REQUEST);

	open.group_pk = shut.group_pk =
	    protobuf_bytes(slice_of(group_pk, 32));
	if (on)
		fleet_tell(f, i, "ActivateGroup", &open);
	else
		fleet_tell(f, i, "DeactivateGroup", &shut);
}

/* Advertised by a driver, or found by one: how often, of which peer. */
static unsigned
count_found(const struct fleet_call * call, unsigned type, const char * driver,
    const struct peer_id * peer)
{
	struct peer_id_text id = peer_id_show(peer);
	const API(MonitorGroup__EventMonitor) * e;
	unsigned n = 0;
	size_t i;

	for (i = 0; i < call->n; i++) {
		e = ((const API(MonitorGroup__Reply) *)
		    call->replies[i])->event;
		if ((unsigned)e->type != type)
			continue;
		if (type == EVENT(AdvertiseGroup))
			n += strcmp(e->advertise_group->peer_id, id.text) == 0 &&
			    strcmp(e->advertise_group->driver_name,
			        driver) == 0 &&
			    e->advertise_group->n_maddrs > 0 ? 1 : 0;
		else
			n += strcmp(e->peer_found->peer_id, id.text) == 0 &&
			    strcmp(e->peer_found->driver_name, driver) == 0 &&
			    e->peer_found->n_maddrs > 0 ? 1 : 0;
	}
	return (n);
}

static void
what_discovery_does_for_a_group_is_told(void ** state)
{
	const struct fleet_config config = {.n = 2, .near = true,
	    .network = network_get(NETWORK_WESH)};
	const struct peer_id * me, * other;
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i, n;

	(void)state;
	fleet_start(&f, 9, &config);
	call = begin_monitor(&f, 0, NULL);
	me = host_id(node_host(f.nodes[0].node));
	fleet_gather(&f, group_pk);
	sim_run_for(f.sim, MINUTE_MS);
	other = host_id(node_host(f.nodes[1].node));
	sim_assert(f.sim, count_found(call, EVENT(AdvertiseGroup), "localdisc",
	    me) >= 2);
	sim_assert(f.sim, count_found(call, EVENT(PeerFound), "localdisc",
	    other) >= 2);
	sim_assert(f.sim, count_found(call, EVENT(PeerFound), "localdisc",
	    me) == 0);
	/* What is found again is not told again. */
	n = count_found(call, EVENT(PeerFound), "localdisc", other);
	for (i = 0; i < 5; i++) {
		sim_disconnect(f.nodes[0].w);
		sim_run_for(f.sim, MINUTE_MS);
	}
	sim_assert(f.sim, count_found(call, EVENT(PeerFound), "localdisc",
	    other) == n);
	sim_assert(f.sim, count(call, EVENT(PeerLeave), false) >= 10);
	fleet_end(call);
	fleet_stop(&f);
}

static void
a_slow_watcher_gets_each_event_when_it_reads(void ** state)
{
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];
	size_t n;

	(void)state;
	fleet_start(&f, 5, &two);
	fleet_gather(&f, group_pk);
	call = begin_monitor(&f, 0, group_pk);
	call->slow = true;
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, call->n == 1);
	fleet_close(&f, 1);
	sim_run_for(f.sim, MINUTE_MS);
	sim_assert(f.sim, call->n == 1 && !call->finished);
	/* Each time it has read one, it is given one. */
	for (n = 2; n <= 6; n++) {
		call->call.on_writable(&call->call);
		sim_assert(f.sim, call->n == n);
	}
	call->call.on_writable(&call->call);
	sim_assert(f.sim, call->n == 6 && !call->finished);
	sim_assert(f.sim, count(call, EVENT(PeerJoin), true) == 2);
	sim_assert(f.sim, count(call, EVENT(PeerJoin), false) == 2);
	sim_assert(f.sim, count(call, EVENT(PeerLeave), false) == 2);
	fleet_end(call);
	fleet_stop(&f);
}

static void
a_watcher_that_never_reads_is_ended_with_a_reason(void ** state)
{
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i;

	(void)state;
	fleet_start(&f, 6, &(struct fleet_config){.n = 1});
	fleet_create_group(&f, 0, group_pk);
	call = begin_monitor(&f, 0, NULL);
	call->slow = true;
	/* Four events each time: what waits stays within 4,096. */
	for (i = 0; i < 1030 && !call->finished; i++) {
		set_active(&f, 0, group_pk, false);
		set_active(&f, 0, group_pk, true);
	}
	sim_assert(f.sim, call->finished && call->failed);
	sim_assert(f.sim, i > 1020);
	sim_assert(f.sim, call->err.code[0] == ERR_STREAM_WRITE);
	sim_assert(f.sim, call->err.text[0] != '\0');
	fleet_end(call);
	fleet_stop(&f);
}

static void
watching_ends_when_the_node_closes(void ** state)
{
	struct fleet_call * all, * one;
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 7, &two);
	fleet_gather(&f, group_pk);
	all = begin_monitor(&f, 0, NULL);
	one = begin_monitor(&f, 0, group_pk);
	sim_run_for(f.sim, 1000);
	fleet_close(&f, 0);
	sim_assert(f.sim, all->finished && !all->failed);
	sim_assert(f.sim, one->finished && !one->failed);
	fleet_end(all);
	fleet_end(one);
	fleet_stop(&f);
}

static void
a_watcher_may_leave_with_events_waiting(void ** state)
{
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 8, &two);
	fleet_gather(&f, group_pk);
	call = begin_monitor(&f, 0, group_pk);
	fleet_end(call);
	call = begin_monitor(&f, 0, NULL);
	call->slow = true;
	sim_run_for(f.sim, 1000);
	fleet_end(call);
	sim_run_for(f.sim, 1000);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_is_alone_for_long_says_so),
		cmocka_unit_test(a_clock_that_is_set_is_told),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(what_a_log_lacks_is_counted_until_it_is_there),
		cmocka_unit_test(what_discovery_does_for_a_group_is_told),
		cmocka_unit_test(a_slow_watcher_gets_each_event_when_it_reads),
		cmocka_unit_test(
		    a_watcher_that_never_reads_is_ended_with_a_reason),
		cmocka_unit_test(watching_ends_when_the_node_closes),
		cmocka_unit_test(a_watcher_may_leave_with_events_waiting),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
