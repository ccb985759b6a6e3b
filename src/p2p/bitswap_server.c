#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/bitswap_private.h"

static void
entry_free(struct swap_peer * p, struct swap_entry * e)
{
	(void)map_remove(&p->ledger, cid_slice(&e->cid));
	budget_give(&p->b->ledger, 1);
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

static struct swap_entry *
entry_new(struct swap_peer * p, const struct cid * cid)
{
	struct bitswap * b = p->b;
	struct swap_entry * e;

	if (!budget_allows(&b->peer_wants, p->ledger.n, 1) ||
	    !budget_take_fair(&b->ledger, p->ledger.n, 1))
		return (NULL);
	if ((e = calloc(1, sizeof(*e))) == NULL)
		goto err0;
	list_init(&e->place);
	e->cid = *cid;
	if (map_set(&p->ledger, cid_slice(cid), e) != 0)
		goto err1;
	return (e);

err1:
	free(e);
err0:
	budget_give(&b->ledger, 1);
	return (NULL);
}

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
	if (e == NULL && (e = entry_new(p, &cid)) == NULL)
		return;
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
	return (outstream_waiting(&p->out) +
	    bitswap_message_size(&p->writer));
}

/* Is there room for so many bytes to a peer?  When slow readers have used up
 * what may be queued, only for what is little. */
static bool
has_room(const struct swap_peer * p, size_t n)
{
	const struct budget * queued = host_queued(p->b->host);

	if (budget_is_tight(queued))
		return (waiting(p) + n <= budget_little(queued));
	return (waiting(p) < LOADED);
}

/* False when it has to wait. */
static bool
answer_first(struct swap_peer * p)
{
	struct swap_entry * e =
	    list_entry(p->todo.next, struct swap_entry, place);
	struct bitswap * b = p->b;
	struct buffer data = {0};
	int status = -ERR_NOT_FOUND;

	if (b->handler.load != NULL)
		status = b->handler.load(b->user, &e->cid, &data);
	if (status == 0 && !has_room(p, data.n)) {
		buffer_free(&data);
		return (false);
	}
	if (status == 0 && !data.failed && data.n <= BITSWAP_BLOCK_MAX)
		answer(p, e, buffer_all(&data));
	else
		deny(p, e);
	buffer_free(&data);
	if (bitswap_message_size(&p->writer) >= BITSWAP_FULL)
		bitswap_send(p, &p->writer);
	return (true);
}

/* Answer up to so many of a peer's wants; how many. */
static unsigned
answer_some(struct swap_peer * p, unsigned most)
{
	unsigned n = 0;

	if (list_empty(&p->todo) || !bitswap_ready(p))
		return (0);
	p->writer.version = p->version;
	while (n < most && !list_empty(&p->todo) && p->out.ready &&
	    has_room(p, 0) && answer_first(p))
		n++;
	if (p->out.ready && bitswap_message_size(&p->writer) > 0)
		bitswap_send(p, &p->writer);
	return (n);
}

void
bitswap_server_pump(struct swap_peer * p)
{
	struct bitswap * b = p->b;

	if (!list_empty(&p->todo) && !b->answer_timer.armed)
		(void)world_timer_start(b->world, &b->answer_timer, 0);
}

/*
 * Wants cost us the disk, and a peer can ask for the same ones without end:
 * each has a few answered at a time, in turn, and then the loop goes on.
 */
void
bitswap_server_fire(struct world_timer * timer)
{
	struct bitswap * b = list_entry(timer, struct bitswap, answer_timer);
	struct list * place, * following, served;
	unsigned n, all = 0;

	list_init(&served);
	list_each (place, following, &b->peers) {
		struct swap_peer * p =
		    list_entry(place, struct swap_peer, place);

		if (all >= ANSWERS_TURN)
			break;
		n = answer_some(p, ANSWERS);
		all += n;
		if (n == 0)
			continue;
		list_remove(&p->place);
		list_append(&served, &p->place);
		if (n == ANSWERS)
			bitswap_server_pump(p);
	}
	/* Who had a turn is last at the next. */
	if (all >= ANSWERS_TURN && !b->answer_timer.armed)
		(void)world_timer_start(b->world, &b->answer_timer, 0);
	list_splice(&b->peers, &served);
}

/* Answer one peer that waits for the block; a peer that is behind with reading
 * has it loaded again when its turn comes. */
static void
have_for(struct swap_peer * p, const struct cid * cid, struct slice data)
{
	struct swap_entry * e = map_get(&p->ledger, cid_slice(cid));

	if (e == NULL)
		return;
	if (!bitswap_ready(p) || !has_room(p, data.n) ||
	    !list_empty(&p->todo)) {
		list_remove(&e->place);
		list_append(&p->todo, &e->place);
		bitswap_server_pump(p);
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
