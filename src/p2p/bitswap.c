#include "p2p/bitswap.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "p2p/bitswap_private.h"

static const char * const PROTOCOLS[] = {
	"/ipfs/bitswap/1.2.0",
	"/ipfs/bitswap/1.1.0",
	"/ipfs/bitswap/1.0.0",
	"/ipfs/bitswap",
	NULL,
};

/* What each of them is called here. */
static const enum bitswap_version VERSIONS[] = {BITSWAP_12, BITSWAP_11,
	BITSWAP_10, BITSWAP_10};

static void out_opened(void * user, unsigned which);
static void out_drained(void * user);
static void out_closed(void * user, int status);

static const struct outstream_handler OUT = {
	.opened = out_opened,
	.drained = out_drained,
	.lost = out_closed,
};

struct swap_peer *
bitswap_find_peer(struct bitswap * b, const struct peer_id * id)
{
	return (map_get(&b->peer_map, peer_id_slice(id)));
}

bool
bitswap_can_ask(const struct swap_peer * p)
{
	return (p->speaks == SPEAKS);
}

static void
start_tick(struct bitswap * b)
{
	if (!b->tick_timer.armed)
		(void)world_timer_start(b->world, &b->tick_timer, TICK_MS);
}

void
bitswap_flush_soon(struct bitswap * b)
{
	if (!b->flush_timer.armed)
		(void)world_timer_start(b->world, &b->flush_timer, 0);
	start_tick(b);
}

/* --- peers --- */

struct swap_peer *
bitswap_get_peer(struct bitswap * b, const struct peer_id * id)
{
	struct swap_peer * p = bitswap_find_peer(b, id);

	if (p != NULL)
		return (p);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	if (map_set(&b->peer_map, peer_id_slice(id), p) != 0) {
		free(p);
		return (NULL);
	}
	p->b = b;
	p->id = *id;
	p->ledger.seed = b->peer_map.seed;
	outstream_init(&p->out, b->host, id, PROTOCOLS, &OUT, p);
	list_init(&p->incoming);
	list_init(&p->asks);
	list_init(&p->waiting);
	list_init(&p->todo);
	list_append(&b->peers, &p->place);
	start_tick(b);
	return (p);
}

static void
peer_free(struct swap_peer * p)
{
	struct bitswap * b = p->b;

	outstream_free(&p->out);
	bitswap_incoming_free(p);
	p->speaks = SPEAKS_NOT;
	bitswap_client_lost(p);
	bitswap_server_free(p);
	buffer_free(&p->entries);
	(void)map_remove(&b->peer_map, peer_id_slice(&p->id));
	list_remove(&p->place);
	free(p);
}

void
bitswap_speaks(struct swap_peer * p)
{
	if (p->speaks == SPEAKS)
		return;
	p->speaks = SPEAKS;
	bitswap_client_up(p);
}

/* --- the stream out --- */

static void
out_lost(struct swap_peer * p)
{
	bitswap_message_free(&p->writer);
	bitswap_client_lost(p);
}

static void
out_opened(void * user, unsigned which)
{
	((struct swap_peer *)user)->version = VERSIONS[which];
}

static void
out_drained(void * user)
{
	struct swap_peer * p = user;

	bitswap_ask_send(p);
	bitswap_server_pump(p);
}

static void
out_closed(void * user, int status)
{
	struct swap_peer * p = user;

	if (status == -ERR_NOT_FOUND)
		p->speaks = SPEAKS_NOT;
	out_lost(p);
}

bool
bitswap_ready(struct swap_peer * p)
{
	p->used_at = world_now(p->b->world);
	if (p->out.s != NULL)
		return (p->out.ready);
	if (outstream_backs_off(&p->out))
		return (false);
	if (outstream_open(&p->out) != 0)
		out_lost(p);
	start_tick(p->b);
	return (false);
}

void
bitswap_send(struct swap_peer * p, struct bitswap_writer * w)
{
	struct buffer message = {0};

	bitswap_message_finish(w, &message, false);
	if (message.failed ||
	    outstream_send(&p->out, buffer_all(&message), false) != 0) {
		/* What is lost so is asked for again. */
		log_warn(p->b->world->log, "bitswap", "no room for a message "
		    "to %s: stream reset", peer_id_show(&p->id).text);
		outstream_reset(&p->out);
		out_lost(p);
	}
	buffer_free(&message);
}

/* --- coming and going --- */

static void
peer_up(void * user, const struct peer_id * id)
{
	(void)bitswap_get_peer(user, id);
}

static bool
lists_protocol(struct bitswap * b, const struct peer_id * id)
{
	unsigned i;

	for (i = 0; PROTOCOLS[i] != NULL; i++)
		if (host_peer_speaks(b->host, id, PROTOCOLS[i]))
			return (true);
	return (false);
}

static void
peer_identified(void * user, const struct peer_id * id)
{
	struct bitswap * b = user;
	struct swap_peer * p = bitswap_get_peer(b, id);

	if (p == NULL)
		return;
	if (lists_protocol(b, id))
		bitswap_speaks(p);
	else if (p->speaks == SPEAKS_UNKNOWN) {
		p->speaks = SPEAKS_NOT;
		bitswap_client_lost(p);
	}
}

static void
peer_down(void * user, const struct peer_id * id)
{
	struct swap_peer * p = bitswap_find_peer(user, id);

	if (p != NULL)
		peer_free(p);
}

/* --- timers --- */

static void
flush(struct world_timer * timer)
{
	bitswap_client_flush(list_entry(timer, struct bitswap, flush_timer));
}

/* True when the peer needs looking at again. */
static bool
tick_peer(struct swap_peer * p, uint64_t now)
{
	if (p->out.outbox.bytes > QUEUED) {
		outstream_reset(&p->out);
		out_lost(p);
	}
	if (p->speaks == SPEAKS_UNKNOWN && p->out.retry_at <= now)
		bitswap_speaks(p);
	bitswap_server_pump(p);
	if (p->out.s == NULL && p->out.attempts > 0 &&
	    p->out.retry_at <= now && p->speaks == SPEAKS) {
		bitswap_client_up(p);
		bitswap_server_pump(p);
	}
	if (now >= clock_add(p->used_at, IDLE_MS))
		(void)outstream_end_idle(&p->out);
	return (p->out.s != NULL || !list_empty(&p->todo) ||
	    p->speaks == SPEAKS_UNKNOWN || outstream_backs_off(&p->out));
}

static void
tick(struct world_timer * timer)
{
	struct bitswap * b = list_entry(timer, struct bitswap, tick_timer);
	uint64_t now = world_now(b->world);
	struct list * place, * following;
	bool again = false;

	list_each (place, following, &b->peers)
		again |= tick_peer(list_entry(place, struct swap_peer, place),
		    now);
	bitswap_client_tick(b, now);
	if (again || b->want_map.n > 0)
		start_tick(b);
}

/* --- views --- */

static void
raise_to(uint64_t * most, uint64_t n)
{
	if (n > *most)
		*most = n;
}

void
bitswap_budgets(const struct bitswap * b, const struct budget_walk * walk)
{
	uint64_t wants = 0, held = 0, streams = 0;
	const struct swap_peer * p;
	const struct list * place;

	for (place = b->peers.next; place != &b->peers; place = place->next) {
		p = list_entry(place, const struct swap_peer, place);
		raise_to(&wants, p->ledger.n);
		raise_to(&held, bitswap_incoming_held(p));
		raise_to(&streams, p->n_incoming);
	}
	budget_tell(walk, &b->ledger);
	budget_tell_used(walk, &b->peer_wants, wants);
	budget_tell_used(walk, &b->peer_held, held);
	budget_tell_used(walk, &b->peer_streams, streams);
}

/* --- life --- */

static int
serve(struct bitswap * b)
{
	struct peer_id id;
	size_t at = 0;
	unsigned i;
	int status;

	for (i = 0; PROTOCOLS[i] != NULL; i++)
		if ((status = host_serve(b->host, PROTOCOLS[i],
		    bitswap_incoming_accept, b)) != 0)
			return (status);
	b->watcher = (struct host_watcher){
	    .up = peer_up,
	    .identified = peer_identified,
	    .down = peer_down,
	    .user = b,
	};
	host_watch(b->host, &b->watcher);
	while (host_each_peer(b->host, &at, &id)) {
		struct swap_peer * p = bitswap_get_peer(b, &id);

		if (p != NULL && lists_protocol(b, &id))
			bitswap_speaks(p);
	}
	return (0);
}

struct bitswap *
bitswap_new(struct host * h, const struct bitswap_handler * handler,
    void * user)
{
	struct bitswap * b = calloc(1, sizeof(*b));
	uint8_t seed[8];

	if (b == NULL)
		return (NULL);
	b->host = h;
	b->world = host_world(h);
	b->handler = *handler;
	b->user = user;
	b->priority = INT32_MAX;
	b->answer_timer.fire = bitswap_server_fire;
	b->flush_timer.fire = flush;
	b->tick_timer.fire = tick;
	budget_init(&b->ledger, "bitswap.wants", LEDGER);
	budget_init(&b->peer_wants, "bitswap.wants_of_peer", BITSWAP_ENTRIES);
	budget_init(&b->peer_held, "bitswap.unfinished_bytes_of_peer", HELD);
	budget_init(&b->peer_streams, "bitswap.streams_of_peer", INCOMING);
	list_init(&b->peers);
	list_init(&b->wants);
	list_init(&b->changed);
	world_random(b->world, seed, sizeof(seed));
	memcpy(&b->peer_map.seed, seed, sizeof(seed));
	b->want_map.seed = b->peer_map.seed;
	if (serve(b) != 0) {
		bitswap_free(b);
		return (NULL);
	}
	return (b);
}

void
bitswap_free(struct bitswap * b)
{
	struct list * place, * following;
	unsigned i;

	if (b == NULL)
		return;
	if (b->watcher.user != NULL)
		host_unwatch(b->host, &b->watcher);
	for (i = 0; PROTOCOLS[i] != NULL; i++)
		host_unserve(b->host, PROTOCOLS[i]);
	bitswap_client_free(b);
	list_each (place, following, &b->peers)
		peer_free(list_entry(place, struct swap_peer, place));
	world_timer_stop(b->world, &b->answer_timer);
	world_timer_stop(b->world, &b->flush_timer);
	world_timer_stop(b->world, &b->tick_timer);
	map_free(&b->peer_map);
	map_free(&b->want_map);
	free(b);
}
