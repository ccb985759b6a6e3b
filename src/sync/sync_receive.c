/* Heads that peers send. */
#include "base/error.h"
#include "sync/heads.h"
#include "sync/sync_impl.h"

/* What a message named. */
struct named {
	struct sync_log * l;
	struct buffer cids;           /* struct cid each */
	bool lacking;
};

static int
each_head(void * user, struct slice element)
{
	struct named * named = user;
	struct buffer block = {0};
	struct entry e = {0};
	struct cid cid;

	if (entry_from_json(&e, &cid, element) != 0) {
		named->l->s->stats.heads_refused++;
		return (0);
	}
	buffer_append(&named->cids, &cid, sizeof(cid));
	if (!log_has(named->l->log, &cid)) {
		named->lacking = true;
		entry_encode(&block, &e);
		if (!block.failed)
			sync_fetch_given(named->l, &cid, buffer_all(&block));
		buffer_free(&block);
	} else if (!log_joined(named->l->log, &cid)) {
		named->lacking = true;
	}
	entry_free(&e);
	return (0);
}

/* Is the message for this log, by the one who sent it? */
static bool
is_honest(const struct sync_log * l, const struct heads * h,
    const struct peer_id * from)
{
	return (slice_equal(h->address, log_address_of(l->log)) &&
	    (h->peer.n == 0 || slice_equal(h->peer, peer_id_slice(from))));
}

static void
take_heads(struct sync_log * l, const struct heads * h, struct sync_peer * p,
    bool direct)
{
	struct named named = {.l = l};
	struct cid * heads;
	size_t n;

	if (entries_each(h->json, each_head, &named) != 0)
		l->s->stats.heads_refused++;
	if (p != NULL && direct && !named.cids.failed) {
		p->heard = true;
		heads = (struct cid *)(void *)named.cids.p;
		n = named.cids.n / sizeof(struct cid);
		sync_sort_heads(heads, n);
		sync_hash_heads(heads, n, p->theirs);
		p->reply = named.lacking;
		if (!named.lacking)
			sync_consider_reply(l, p);
	}
	if (named.lacking)
		l->quiet = 0;
	buffer_free(&named.cids);
	sync_soon(l->s);
}

/*
 * A clock that is years off, theirs or ours: no value tells which log it is,
 * but of the logs that the sender follows one has the key.
 */
static struct sync_log *
open_by_key(struct sync * s, const struct peer_id * from, struct slice message,
    struct heads * h)
{
	struct list *place, *following;
	struct sync_log * l;

	list_each(place, following, &s->logs) {
		l = list_entry(place, struct sync_log, place);
		if (sync_peer_find(l, from) != NULL &&
		    heads_open(h, message, l->config.link_key) == 0) {
			if (slice_equal(h->address, log_address_of(l->log)))
				return (l);
			/* The two logs of a group share their key. */
			heads_free(h);
		}
	}
	return (NULL);
}

bool
sync_receive(struct sync * s, struct sync_log * l, const struct peer_id * from,
    const struct peer_id * via, bool direct, struct slice message)
{
	struct heads h = {0};
	struct sync_peer * p;
	uint8_t rotation[32];
	bool fine = false;

	s->stats.heads_received++;
	if (heads_rotation(rotation, message) != 0)
		goto err0;
	if (l == NULL)
		l = sync_rotation_find(s, from, rotation);
	if (l == NULL)
		l = open_by_key(s, from, message, &h);
	else if (heads_open(&h, message, l->config.link_key) != 0)
		l = NULL;
	if (l == NULL) {
		if (direct && sync_early_hold(s, from, message))
			return (false);
		goto err0;
	}
	if ((fine = is_honest(l, &h, from))) {
		p = sync_peer_find(l, via);
		(void)sync_rotation_learn(l, direct ? p : NULL, rotation);
		sync_hint(l, via);
		take_heads(l, &h, p, direct);
	}
	heads_free(&h);
err0:
	if (!fine)
		s->stats.heads_refused++;
	return (fine);
}
