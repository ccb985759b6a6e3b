/* bitswap_incoming.c: the streams that peers write on, and their messages. */
#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/bitswap_private.h"

/* A stream that a peer writes on. */
struct incoming {
	struct list place;
	struct swap_peer * peer;
	struct stream * s;
	struct frame_reader frames;
	struct world_timer timer; /* a message must be whole by then */
};

static void
incoming_free(struct incoming * in)
{
	in->peer->n_incoming--;
	world_timer_stop(in->peer->b->world, &in->timer);
	frame_free(&in->frames);
	list_remove(&in->place);
	free(in);
}

void
bitswap_incoming_free(struct swap_peer * p)
{
	struct list * place, * following;

	list_each (place, following, &p->incoming) {
		struct incoming * in =
		    list_entry(place, struct incoming, place);

		stream_reset(in->s);
		incoming_free(in);
	}
}

/*
 * A block of version 1.0 comes without its CID.  Go takes it for one of version
 * 0; but its hash is as good a proof of what else we want of this peer.
 */
static void
take_bare(struct swap_peer * p, struct slice data)
{
	static const uint8_t prefixes[][4] = {{0, CID_DAG_PB, 0x12, 32},
	    {1, CID_DAG_CBOR, 0x12, 32}};
	struct cid cid;
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (bitswap_message_cid(&cid, slice_of(prefixes[i], 4),
		    data) == 0 && map_get(&p->b->want_map,
		    cid_slice(&cid)) != NULL) {
			bitswap_client_block(p, &cid, data);
			break;
		}
}

static int
take_message(void * user, struct slice bytes)
{
	struct incoming * in = user;
	struct swap_peer * p = in->peer;
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct cid cid;
	size_t i;

	if (m == NULL)
		return (-ERR_DESERIALIZATION);
	for (i = 0; i < m->n_block_presences; i++)
		if (cid_parse(&cid,
		    protobuf_slice(m->block_presences[i]->cid)) == 0)
			bitswap_client_presence(p, &cid,
			    m->block_presences[i]->type ==
			        IPFS__BITSWAP__MESSAGE__BLOCK_PRESENCE_TYPE__Have);
	for (i = 0; i < m->n_payload; i++)
		if (bitswap_message_cid(&cid,
		    protobuf_slice(m->payload[i]->prefix),
		    protobuf_slice(m->payload[i]->data)) == 0)
			bitswap_client_block(p, &cid,
			    protobuf_slice(m->payload[i]->data));
	for (i = 0; i < m->n_blocks; i++)
		take_bare(p, protobuf_slice(m->blocks[i]));
	if (m->wantlist != NULL && m->wantlist->n_entries > 0)
		bitswap_speaks(p);
	if (m->wantlist != NULL)
		bitswap_server_wants(p, m->wantlist);
	protobuf_free(m);
	return (0);
}

size_t
bitswap_incoming_held(const struct swap_peer * p)
{
	const struct list * place;
	size_t n = 0;

	for (place = p->incoming.next; place != &p->incoming;
	     place = place->next)
		n += list_entry(place, const struct incoming, place)
		         ->frames.held.n;
	return (n);
}

static void
on_late(struct world_timer * timer)
{
	struct incoming * in = list_entry(timer, struct incoming, timer);

	stream_reset(in->s);
	incoming_free(in);
}

static void
watch_unfinished(struct incoming * in)
{
	struct world * w = in->peer->b->world;

	if (!frame_partial(&in->frames))
		world_timer_stop(w, &in->timer);
	else if (!in->timer.armed)
		(void)world_timer_start(w, &in->timer, HELD_MS);
}

static void
in_data(void * user, struct stream * s, struct slice bytes)
{
	struct incoming * in = user;
	struct bitswap * b = in->peer->b;

	if (budget_allows(&b->peer_held, bitswap_incoming_held(in->peer),
	    bytes.n) &&
	    frame_feed(&in->frames, bytes, take_message, in) == 0) {
		watch_unfinished(in);
		return;
	}
	log_info(in->peer->b->world->log, "bitswap", "%s sent a bad message",
	    peer_id_show(&in->peer->id).text);
	stream_reset(s);
	incoming_free(in);
}

static void
in_end(void * user, struct stream * s)
{
	incoming_free(user);
	stream_free(s);
}

static void
in_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	incoming_free(user);
}

static const struct stream_handler IN = {
	.data = in_data,
	.end = in_end,
	.closed = in_closed,
};

void
bitswap_incoming_accept(void * user, struct stream * s, const char * protocol)
{
	struct swap_peer * p = bitswap_get_peer(user, stream_peer(s));
	struct incoming * in;

	(void)protocol;
	if (p == NULL || !budget_allows(&p->b->peer_streams, p->n_incoming, 1) ||
	    (in = calloc(1, sizeof(*in))) == NULL) {
		stream_reset(s);
		return;
	}
	in->peer = p;
	in->timer.fire = on_late;
	in->s = s;
	in->frames.max = BITSWAP_MESSAGE_MAX;
	in->frames.shared = host_unfinished(p->b->host);
	list_append(&p->incoming, &in->place);
	p->n_incoming++;
	stream_handle(s, &IN, in);
}
