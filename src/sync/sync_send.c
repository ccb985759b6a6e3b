/*
 * Announcing heads: published after a write, sent by direct channel to a peer
 * that joins, in reply to a peer that lacks some, and on a slow schedule.
 * Source: log spec §4.3; the schedule and replies are ours.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "sync/heads.h"
#include "sync/sync_impl.h"

static int
compare_cids(const void * a, const void * b)
{
	return (slice_compare(cid_slice(a), cid_slice(b)));
}

void
sync_sort_heads(struct cid * heads, size_t n)
{
	if (n > 0)
		qsort(heads, n, sizeof(*heads), compare_cids);
}

void
sync_hash_heads(const struct cid * heads, size_t n, uint8_t hash[32])
{
	struct buffer all = {0};
	struct slice s;
	size_t i;

	for (i = 0; i < n; i++)
		buffer_slice(&all, cid_slice(&heads[i]));
	s = buffer_all(&all);
	sha256(hash, &s, 1);
	buffer_free(&all);
}

struct cid *
sync_own_heads(struct sync_log * l, size_t * n)
{
	size_t max = log_heads_count(l->log);
	struct cid * heads = calloc(max + 1, sizeof(*heads));

	*n = heads == NULL ? 0 : log_heads(l->log, heads, max);
	sync_sort_heads(heads, *n);
	return (heads);
}

static int
seal(struct sync_log * l, const struct sync_peer * p, struct slice json,
    struct buffer * message)
{
	const struct sync_config * config = &l->config;
	bool name = config->network->heads_name_sender && config->has_device;
	uint8_t nonce[NONCE_SIZE], rotation[32];

	world_random(l->s->world, nonce, sizeof(nonce));
	sync_rotation_value(l, p, rotation);
	heads_seal(message, log_address_of(l->log), config->link_key, rotation,
	    nonce, json, name ? config->device_pk : NULL,
	    name ? host_id(l->s->host) : NULL);
	return (message->failed ? -ERR_INTERNAL : 0);
}

/* How many peers it reached, or a code; to everybody when p is NULL. */
static int
send_json(struct sync_log * l, const struct sync_peer * p, struct slice json)
{
	struct buffer message = {0};
	int status;

	if ((status = seal(l, p, json, &message)) != 0)
		goto err0;
	l->s->stats.heads_sent++;
	if (p == NULL)
		status = gossipsub_publish(l->s->gossipsub,
		    (const char *)l->topic.p, buffer_all(&message));
	else if ((status = direct_channel_send(l->s->direct, &p->id,
	    buffer_all(&message), NULL, NULL)) == 0)
		status = 1;
err0:
	buffer_free(&message);
	return (status);
}

/* Heads gathered for one message. */
struct packer {
	struct sync_log * l;
	const struct sync_peer * p;
	size_t max;                   /* bytes of JSON */
	struct buffer json;
	size_t n;
	int reached;                  /* the least, or a code */
};

static void
pack_flush(struct packer * k)
{
	int status;

	buffer_byte(&k->json, ']');
	status = k->json.failed ? -ERR_INTERNAL :
	    send_json(k->l, k->p, buffer_all(&k->json));
	if (status < k->reached)
		k->reached = status;
	buffer_clear(&k->json);
	buffer_byte(&k->json, '[');
	k->n = 0;
}

/* A head too big for the direct channel is published to all. */
static void
pack_alone(struct packer * k, struct slice element)
{
	struct packer all = {.l = k->l, .max = SYNC_PUBLISH_MAX, .reached = 1};

	if (k->p == NULL || element.n + 2 > SYNC_PUBLISH_MAX)
		return;
	buffer_byte(&all.json, '[');
	buffer_slice(&all.json, element);
	pack_flush(&all);
	buffer_free(&all.json);
	/* The mesh is empty yet: again when it is not. */
	if (all.reached <= 0)
		k->l->announce = true;
}

static void
pack_head(struct packer * k, const struct cid * cid)
{
	struct log_item item = {0};
	struct buffer element = {0};

	if (log_find(k->l->log, cid, &item) != 0)
		return;
	entry_to_json(&element, &item.entry, &item.cid);
	if (element.failed || element.n + 2 > k->max) {
		pack_alone(k, buffer_all(&element));
		goto out;
	}
	if (k->json.n + element.n + 2 > k->max)
		pack_flush(k);
	if (k->n++ > 0)
		buffer_byte(&k->json, ',');
	buffer_slice(&k->json, buffer_all(&element));
out:
	buffer_free(&element);
	log_item_free(&item);
}

/*
 * What the peer reads of the direct channel: as the network that its protocols
 * tell, if they do.  A group that is met in one network may be one of another
 * that has the same topics.
 */
static size_t
direct_max(const struct sync_log * l, const struct peer_id * peer)
{
	const struct network * network;
	size_t max = 0;
	int id;

	for (id = 0; id < NETWORK_COUNT; id++) {
		network = network_get((enum network_id)id);
		if (network->direct_channel_max > max &&
		    (host_peer_speaks(l->s->host, peer,
		        network->contact_protocol) ||
		    host_peer_speaks(l->s->host, peer,
		        network->localrecord_protocol)))
			max = network->direct_channel_max;
	}
	return (max > 0 ? max : l->config.network->direct_channel_max);
}

static int
send_heads(struct sync_log * l, const struct sync_peer * p,
    const struct cid * heads, size_t n)
{
	struct packer k = {.l = l, .p = p, .reached = INT32_MAX};
	size_t limit = p == NULL ? SYNC_PUBLISH_MAX : direct_max(l, &p->id), i;

	k.max = limit < SYNC_PUBLISH_MAX ? limit - SYNC_OVERHEAD :
	    SYNC_PUBLISH_MAX - SYNC_OVERHEAD;
	buffer_byte(&k.json, '[');
	for (i = 0; i < n; i++)
		pack_head(&k, &heads[i]);
	/* An empty list is sent too: it says that we are here. */
	if (k.n > 0 || (n == 0 && p != NULL))
		pack_flush(&k);
	buffer_free(&k.json);
	return (k.reached == INT32_MAX ? 0 : k.reached);
}

/* Whoever still wants our newest blocks gets them. */
static void
offer_blocks(struct sync_log * l, const struct cid * heads, size_t n)
{
	struct buffer block = {0};
	size_t i;

	for (i = 0; i < n; i++) {
		buffer_clear(&block);
		if (log_block(l->s->store, &heads[i], &block) == 0)
			bitswap_have(l->s->bitswap, &heads[i],
			    buffer_all(&block));
	}
	buffer_free(&block);
}

void
sync_publish(struct sync_log * l, const struct cid * heads, size_t n)
{
	offer_blocks(l, heads, n);
	if (n == 0)
		return;
	/* Met nobody: announced when somebody comes. */
	if (send_heads(l, NULL, heads, n) <= 0)
		l->announce = true;
	sync_rotation_tell_others(l);
}

void
sync_tell(struct sync_log * l, struct sync_peer * p, const struct cid * heads,
    size_t n)
{
	p->told = true;
	p->told_at = world_now(l->s->world);
	p->answered = p->heard;
	memcpy(p->answer_to, p->theirs, sizeof(p->answer_to));
	(void)send_heads(l, p, heads, n);
	sync_hash_heads(heads, n, p->ours);
}

/* Did it not hear our heads since it has those of its own? */
static bool
is_unanswered(const struct sync_peer * p)
{
	return (!p->answered || memcmp(p->answer_to, p->theirs, 32) != 0);
}

/*
 * The same thing is not said twice in a row at once: it may be on its way.  Who
 * has got on to heads that it did not have, and not to ours, had to let the
 * newest entries go, and waits to hear of them.
 */
static uint64_t
repeat_at(const struct sync_peer * p)
{
	uint8_t none[32];

	sync_hash_heads(NULL, 0, none);
	return (clock_add(p->told_at, is_unanswered(p) &&
	    memcmp(p->theirs, none, 32) != 0 ? SYNC_REPLY_OTHER_MS :
	    SYNC_REPLY_MS));
}

void
sync_consider_reply(struct sync_log * l, struct sync_peer * p)
{
	uint64_t now = world_now(l->s->world);
	struct cid * heads;
	uint8_t hash[32];
	size_t n;

	p->reply = p->later = false;
	if (!p->heard || (heads = sync_own_heads(l, &n)) == NULL)
		return;
	sync_hash_heads(heads, n, hash);
	free(heads);
	if (n == 0 || memcmp(hash, p->theirs, 32) == 0)
		return;
	/*
	 * What was lost is said again later; but to the same heads only once,
	 * or two peers would go on.
	 */
	if (p->told && memcmp(hash, p->ours, 32) == 0 && now < repeat_at(p)) {
		p->later = is_unanswered(p);
		sync_arm_tick(l->s);
		return;
	}
	p->due = true;
	sync_soon(l->s);
}

uint64_t
sync_reply_at(const struct sync_log * l)
{
	struct list *place, *following;
	const struct sync_peer * p;
	uint64_t at = UINT64_MAX, its;

	list_each(place, following, &l->peers) {
		p = list_entry(place, const struct sync_peer, place);
		if (p->later && (its = repeat_at(p)) < at)
			at = its;
	}
	return (at);
}

void
sync_reply_later(struct sync_log * l)
{
	uint64_t now = world_now(l->s->world);
	struct list *place, *following;
	struct sync_peer * p;

	list_each(place, following, &l->peers) {
		p = list_entry(place, struct sync_peer, place);
		if (p->later && now >= repeat_at(p))
			sync_consider_reply(l, p);
	}
}

/* The next time of the slow schedule, later when nothing changes. */
static void
schedule(struct sync_log * l)
{
	uint64_t ms = clock_backoff(SYNC_EXCHANGE_MS, SYNC_EXCHANGE_LONGEST_MS,
	    l->quiet);
	uint32_t dice;

	world_random(l->s->world, (uint8_t *)&dice, sizeof(dice));
	l->exchange_at = clock_add(world_now(l->s->world),
	    ms + dice % (ms + 1));
	if (l->quiet < 16)
		l->quiet++;
}

void
sync_exchange(struct sync_log * l)
{
	struct log_status status;
	struct sync_peer * p;

	schedule(l);
	/* What was evicted may be a parent of what was not. */
	log_status(l->log, &status);
	l->overflow |= l->later || status.evicted > 0;
	l->later = false;
	if (list_empty(&l->peers))
		return;
	/* In turn, so that nobody is passed over for long. */
	p = list_entry(l->peers.next, struct sync_peer, place);
	list_remove(&p->place);
	list_append(&l->peers, &p->place);
	p->due = true;
}
