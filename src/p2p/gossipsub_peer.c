#include <stdlib.h>

#include "base/error.h"
#include "p2p/gossipsub_private.h"

static const char * const PROTOCOLS[] = {
	"/meshsub/1.1.0",
	"/meshsub/1.0.0",
	"/floodsub/1.0.0",
	NULL,
};

/* What each of them is called here. */
static const enum version VERSIONS[] = {MESHSUB_11, MESHSUB_10, FLOODSUB};

static void out_opened(void * user, unsigned which);
static void out_closed(void * user, int status);

static const struct outstream_handler OUT = {
	.opened = out_opened,
	.lost = out_closed,
};

static struct gossip_peer *
peer_find(struct gossipsub * g, const struct peer_id * id)
{
	return (map_get(&g->peer_map, peer_id_slice(id)));
}

static bool
is_outbound(struct gossipsub * g, const struct peer_id * id)
{
	struct host_peer_info info = {0};
	bool outbound = false;

	if (host_peer_info(g->host, id, &info) == 0)
		outbound = info.outbound;
	buffer_free(&info.address);
	buffer_free(&info.agent);
	return (outbound);
}

static struct frame_reader
new_frames(struct gossipsub * g)
{
	return ((struct frame_reader){.max = GOSSIPSUB_RPC_MAX,
	    .shared = host_unfinished(g->host)});
}

static struct gossip_peer *
peer_get(struct gossipsub * g, const struct peer_id * id)
{
	struct gossip_peer * p = peer_find(g, id);

	if (p != NULL)
		return (p);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	if (map_set(&g->peer_map, peer_id_slice(id), p) != 0) {
		free(p);
		return (NULL);
	}
	p->g = g;
	p->id = *id;
	p->outbound = is_outbound(g, id);
	p->frames = new_frames(g);
	outstream_init(&p->out, g->host, id, PROTOCOLS, &OUT, p);
	list_init(&p->members);
	list_append(&g->peers, &p->place);
	return (p);
}

/* The stream out is gone: nobody is in a mesh whom we cannot write to. */
static void
out_lost(struct gossip_peer * p)
{
	struct list * place, * following;

	list_each (place, following, &p->members)
		gossipsub_mesh_drop(
		    list_entry(place, struct gossip_member, in_peer));
}

static void
in_lost(struct gossip_peer * p)
{
	p->in = NULL;
	frame_free(&p->frames);
}

static void
peer_free(struct gossip_peer * p)
{
	struct gossipsub * g = p->g;
	struct list * place, * following;

	outstream_free(&p->out);
	if (p->in != NULL)
		stream_reset(p->in);
	frame_free(&p->frames);
	list_each (place, following, &p->members)
		gossipsub_topic_remove(g,
		    list_entry(place, struct gossip_member, in_peer));
	(void)map_remove(&g->peer_map, peer_id_slice(&p->id));
	list_remove(&p->place);
	free(p);
}

/* --- writing --- */

bool
gossipsub_peer_send(struct gossip_peer * p, struct slice rpc, bool droppable)
{
	struct outbox * queue = &p->out.outbox;

	if (p->out.s == NULL)
		return (false);
	if (droppable && queue->bytes > PEER_QUEUE_GOSSIP)
		return (false);
	if (queue->bytes + rpc.n > PEER_QUEUE)
		outbox_drop(queue, rpc.n < PEER_QUEUE ? PEER_QUEUE - rpc.n : 0);
	if (!budget_allows(&p->g->budgets.queued, queue->bytes, rpc.n) ||
	    outstream_send(&p->out, rpc, droppable) != 0) {
		log_info(p->g->world->log, "gossipsub",
		    "%s reads too slowly: stream reset",
		    peer_id_show(&p->id).text);
		outstream_reset(&p->out);
		out_lost(p);
		return (false);
	}
	return (true);
}

bool
gossipsub_peer_meshes(const struct gossip_peer * p)
{
	return (p->out.ready && p->version != FLOODSUB);
}

/* All our subscriptions, in as many RPCs as they take. */
static void
say_hello(struct gossip_peer * p)
{
	struct list * place, * following;
	struct buffer rpc = {0};
	unsigned n = 0;

	list_each (place, following, &p->g->topics) {
		struct gossip_topic * t =
		    list_entry(place, struct gossip_topic, place);

		if (!t->subscribed)
			continue;
		gossipsub_message_subscription(&rpc, true, topic_name(t));
		if (++n % GOSSIPSUB_SUBSCRIPTIONS == 0) {
			(void)gossipsub_peer_send(p, buffer_all(&rpc), false);
			buffer_clear(&rpc);
		}
	}
	if (rpc.n > 0 && !rpc.failed)
		(void)gossipsub_peer_send(p, buffer_all(&rpc), false);
	buffer_free(&rpc);
}

static void
out_opened(void * user, unsigned which)
{
	struct gossip_peer * p = user;
	struct list * place, * following;

	p->version = VERSIONS[which];
	p->speaks = SPEAKS;
	list_each (place, following, &p->members)
		gossipsub_mesh_met(
		    list_entry(place, struct gossip_member, in_peer));
}

static void
out_closed(void * user, int status)
{
	struct gossip_peer * p = user;

	if (status == -ERR_NOT_FOUND)
		p->speaks = SPEAKS_NOT;
	out_lost(p);
}

static void
open_out(struct gossip_peer * p)
{
	if (p->out.s != NULL)
		return;
	if (outstream_open(&p->out) != 0)
		out_lost(p);
	else
		say_hello(p);
}

/* --- reading --- */

/* A message that has been coming for too long is not waited for. */
static void
give_up_unfinished(struct gossip_peer * p)
{
	struct stream * s = p->in;

	if (s == NULL || !frame_partial(&p->frames)) {
		p->unfinished = 0;
		return;
	}
	if (++p->unfinished < UNFINISHED_BEATS)
		return;
	in_lost(p);
	stream_reset(s);
}

void
gossipsub_peer_beat(struct gossipsub * g)
{
	uint64_t now = world_now(g->world);
	struct list * place, * following;

	g->wasted = 0;
	list_each (place, following, &g->peers) {
		struct gossip_peer * p =
		    list_entry(place, struct gossip_peer, place);

		p->ihaves = 0;
		p->asked = 0;
		p->wasted = false;
		give_up_unfinished(p);
		if (p->out.s == NULL && p->speaks != SPEAKS_NOT &&
		    p->out.retry_at <= now)
			open_out(p);
	}
}

static int
take_rpc(void * user, struct slice rpc)
{
	return (gossipsub_receive(user, rpc));
}

static void
in_data(void * user, struct stream * s, struct slice bytes)
{
	struct gossip_peer * p = user;

	if (frame_feed(&p->frames, bytes, take_rpc, p) == 0)
		return;
	log_info(p->g->world->log, "gossipsub", "%s sent a bad RPC",
	    peer_id_show(&p->id).text);
	in_lost(p);
	stream_reset(s);
}

static void
in_end(void * user, struct stream * s)
{
	in_lost(user);
	stream_reset(s);
}

static void
in_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	in_lost(user);
}

static const struct stream_handler IN = {
	.data = in_data,
	.end = in_end,
	.closed = in_closed,
};

/* A newer stream takes the place of the older one, as in other routers. */
static void
accept_in(void * user, struct stream * s, const char * protocol)
{
	struct gossipsub * g = user;
	struct gossip_peer * p = peer_get(g, stream_peer(s));
	struct stream * old;

	(void)protocol;
	if (p == NULL) {
		stream_reset(s);
		return;
	}
	if ((old = p->in) != NULL) {
		in_lost(p);
		stream_reset(old);
	}
	p->in = s;
	stream_handle(s, &IN, p);
	/* Who writes to us speaks it, whatever its identify lists. */
	if (p->speaks == SPEAKS_UNKNOWN) {
		p->speaks = SPEAKS;
		open_out(p);
	}
}

/* --- coming and going --- */

static void
peer_up(void * user, const struct peer_id * id)
{
	(void)peer_get(user, id);
}

static void
peer_identified(void * user, const struct peer_id * id)
{
	struct gossipsub * g = user;
	struct gossip_peer * p = peer_get(g, id);
	unsigned i;

	if (p == NULL)
		return;
	p->outbound = is_outbound(g, id);
	for (i = 0; PROTOCOLS[i] != NULL; i++)
		if (host_peer_speaks(g->host, id, PROTOCOLS[i]))
			break;
	if (PROTOCOLS[i] != NULL) {
		p->speaks = SPEAKS;
		open_out(p);
	} else if (p->out.s == NULL)
		p->speaks = SPEAKS_NOT;
}

static void
peer_down(void * user, const struct peer_id * id)
{
	struct gossip_peer * p = peer_find(user, id);

	if (p != NULL)
		peer_free(p);
}

int
gossipsub_peer_start(struct gossipsub * g)
{
	struct peer_id id;
	size_t at = 0;
	unsigned i;
	int status;

	for (i = 0; PROTOCOLS[i] != NULL; i++)
		if ((status = host_serve(g->host, PROTOCOLS[i], accept_in,
		    g)) != 0)
			return (status);
	g->watcher = (struct host_watcher){
	    .up = peer_up,
	    .identified = peer_identified,
	    .down = peer_down,
	    .user = g,
	};
	host_watch(g->host, &g->watcher);
	while (host_each_peer(g->host, &at, &id)) {
		struct gossip_peer * p = peer_get(g, &id);

		/* Identified already, perhaps; if not, it is tried later. */
		for (i = 0; p != NULL && PROTOCOLS[i] != NULL; i++)
			if (host_peer_speaks(g->host, &id, PROTOCOLS[i]))
				p->out.retry_at = 0;
	}
	return (0);
}

void
gossipsub_peer_stop(struct gossipsub * g)
{
	struct list * place, * following;
	unsigned i;

	if (g->watcher.user != NULL)
		host_unwatch(g->host, &g->watcher);
	for (i = 0; PROTOCOLS[i] != NULL; i++)
		host_unserve(g->host, PROTOCOLS[i]);
	list_each (place, following, &g->peers)
		peer_free(list_entry(place, struct gossip_peer, place));
}
