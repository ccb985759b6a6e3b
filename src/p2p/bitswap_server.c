#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/bitswap_private.h"

static void
entry_free(struct swap_peer * p, struct swap_entry * e)
{
	(void)map_remove(&p->ledger, cid_slice(&e->cid));
	list_remove(&e->place);
	free(e);
}

void
bitswap_server_free(struct swap_peer * p)
{
	struct slice key;
	size_t at = 0;
	void * e;

	while (map_next(&p->ledger, &at, &key, &e))
		entry_free(p, e);
	map_free(&p->ledger);
	bitswap_message_free(&p->writer);
}

/* --- its want-list --- */

static void
take_entry(struct swap_peer * p,
    const Ipfs__Bitswap__Message__Wantlist__Entry * asked)
{
	struct swap_entry * e;
	struct cid cid;

	if (cid_parse(&cid, protobuf_slice(asked->block)) != 0)
		return;
	e = map_get(&p->ledger, cid_slice(&cid));
	if (asked->cancel) {
		if (e != NULL)
			entry_free(p, e);
		return;
	}
	if (e == NULL) {
		if (p->ledger.n >= BITSWAP_ENTRIES ||
		    (e = calloc(1, sizeof(*e))) == NULL)
			return;
		list_init(&e->place);
		e->cid = cid;
		if (map_set(&p->ledger, cid_slice(&cid), e) != 0) {
			free(e);
			return;
		}
	}
	e->have = asked->want_type ==
	    IPFS__BITSWAP__MESSAGE__WANTLIST__WANT_TYPE__Have;
	e->dont_have = asked->send_dont_have;
	list_remove(&e->place);
	list_append(&p->todo, &e->place);
}

void
bitswap_server_wants(struct swap_peer * p,
    const Ipfs__Bitswap__Message__Wantlist * list)
{
	struct slice key;
	size_t i, at = 0;
	void * e;

	if (list->full)
		while (map_next(&p->ledger, &at, &key, &e))
			entry_free(p, e);
	for (i = 0; i < list->n_entries; i++)
		take_entry(p, list->entries[i]);
	bitswap_server_pump(p);
}

/* --- answers --- */

/* The block is here: the answer takes the entry off the list. */
static void
answer(struct swap_peer * p, struct swap_entry * e, struct slice data)
{
	if (e->have && data.n > SMALL_BLOCK)
		bitswap_message_presence(&p->writer, &e->cid, true);
	else
		bitswap_message_block(&p->writer, &e->cid, data);
	entry_free(p, e);
}

/* The block is not here: the entry waits for bitswap_have. */
static void
deny(struct swap_peer * p, struct swap_entry * e)
{
	if (e->dont_have)
		bitswap_message_presence(&p->writer, &e->cid, false);
	list_remove(&e->place);
}

static size_t
waiting(const struct swap_peer * p)
{
	return (p->outbox.bytes + stream_queued(p->out) +
	    bitswap_message_size(&p->writer));
}

static void
answer_first(struct swap_peer * p)
{
	struct swap_entry * e =
	    list_entry(p->todo.next, struct swap_entry, place);
	struct bitswap * b = p->b;
	struct buffer data = {0};
	int status = -ERR_NOT_FOUND;

	if (b->handler.load != NULL)
		status = b->handler.load(b->user, &e->cid, &data);
	if (status == 0 && !data.failed && data.n <= BITSWAP_BLOCK_MAX)
		answer(p, e, buffer_all(&data));
	else
		deny(p, e);
	buffer_free(&data);
	if (bitswap_message_size(&p->writer) >= BITSWAP_FULL)
		bitswap_send(p, &p->writer);
}

void
bitswap_server_pump(struct swap_peer * p)
{
	if (list_empty(&p->todo) || !bitswap_ready(p))
		return;
	p->writer.version = p->version;
	while (!list_empty(&p->todo) && p->out != NULL && waiting(p) < LOADED)
		answer_first(p);
	if (p->out != NULL && bitswap_message_size(&p->writer) > 0)
		bitswap_send(p, &p->writer);
}

/* Answer one peer that waits for the block; a peer that is behind with reading
 * has it loaded again when its turn comes. */
static void
have_for(struct swap_peer * p, const struct cid * cid, struct slice data)
{
	struct swap_entry * e = map_get(&p->ledger, cid_slice(cid));

	if (e == NULL)
		return;
	if (!bitswap_ready(p) || waiting(p) >= LOADED ||
	    !list_empty(&p->todo)) {
		list_remove(&e->place);
		list_append(&p->todo, &e->place);
		return;
	}
	p->writer.version = p->version;
	answer(p, e, data);
	bitswap_send(p, &p->writer);
}

void
bitswap_have(struct bitswap * b, const struct cid * cid, struct slice data)
{
	struct list * place, * following;

	if (data.n > BITSWAP_BLOCK_MAX)
		return;
	list_each (place, following, &b->peers)
		have_for(list_entry(place, struct swap_peer, place), cid, data);
}
