/* trips.c: round trips from dial to first byte, counted in virtual time. */
#include "base/buffer.h"
#include "bench.h"
#include "codec/multiaddr.h"
#include "p2p/host.h"
#include "world/sim/sim.h"

#define LATENCY_MS 100
#define PROTOCOL "/bench/first-byte/1"

struct dial {
	struct sim * sim;
	struct host * from;
	struct host * to;
	struct stream * out;
	uint64_t first;           /* virtual ms when the first byte came */
	bool came;
};

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct dial * d = user;

	(void)s;
	if (!d->came && bytes.n > 0) {
		d->came = true;
		d->first = sim_now(d->sim);
	}
}

static const struct stream_handler reads = {.data = on_data};
static const struct stream_handler writes = {.data = NULL};

static void
on_accept(void * user, struct stream * s, const char * protocol)
{
	(void)protocol;
	stream_handle(s, &reads, user);
}

/* The connection is usable: write at once. */
static void
on_up(void * user, const struct peer_id * peer)
{
	static const char * const protocols[] = {PROTOCOL, NULL};
	struct dial * d = user;

	if (stream_open(d->from, peer, protocols, &writes, d, &d->out) == 0)
		(void)stream_write(d->out, slice_text("x"));
}

static bool
has_come(void * user)
{
	return (((struct dial *)user)->came);
}

static struct host *
host_at(struct world * w, uint8_t number)
{
	struct host_config config = {.agent = "bench", .security = HOST_NOISE};
	const uint8_t seed[32] = {3, number};

	ed25519_from_seed(&config.key, seed);
	return (host_new(w, &config));
}

static bool
measure(struct dial * d, struct world * to)
{
	struct host_watcher watcher = {.up = on_up, .user = d};
	struct world_address at = sim_address(to);
	struct multiaddr_tcp tcp = {.port = 4001, .peer = *host_id(d->to)};
	struct buffer address = {0}, any = {0};
	uint64_t began = sim_now(d->sim);
	bool ok;

	memcpy(tcp.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &tcp);
	(void)multiaddr_decode(&any, slice_text("/ip4/0.0.0.0/tcp/4001"));
	host_watch(d->from, &watcher);
	ok = host_listen(d->to, buffer_all(&any), NULL) == 0 &&
	    host_serve(d->to, PROTOCOL, on_accept, d) == 0;
	if (ok) {
		host_learn(d->from, host_id(d->to), buffer_all(&address),
		    UINT64_MAX);
		ok = host_connect(d->from, host_id(d->to)) == 0 &&
		    sim_run_until(d->sim, has_come, d, 60000);
	}
	if (ok)
		row_add("dial to first application byte (TCP)", "round trips",
		    (double)(d->first - began) / (2.0 * LATENCY_MS));
	buffer_free(&address);
	buffer_free(&any);
	return (ok);
}

int
bench_trips(const struct bench * b)
{
	static const struct sim_link link = {.latency_ms = LATENCY_MS};
	struct dial d = {.sim = sim_new(1)};
	struct world * from;
	struct world * to;
	bool ok;

	(void)b;
	progress("round trips of a dial, in virtual time");
	if (d.sim == NULL)
		return (-1);
	sim_links(d.sim, &link);
	sim_work_ms(from = sim_node(d.sim), 0);
	sim_work_ms(to = sim_node(d.sim), 0);
	d.from = host_at(from, 1);
	d.to = host_at(to, 2);
	ok = d.from != NULL && d.to != NULL && measure(&d, to);
	host_free(d.from);
	host_free(d.to);
	sim_free(d.sim);
	return (ok ? 0 : -1);
}
