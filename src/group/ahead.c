#include "group/ahead.h"

#include <stdlib.h>

#include "base/error.h"
#include "group/chain_store.h"
#include "group/message.h"

/* Room for the keys of a chain: at first, and of one that rests. */
enum { KEYS_FIRST = 64, KEYS_KEPT = 256 };

/* The keys of a device's next messages, as far as they were asked for. */
struct chain {
	bool used;                /* there is a device here */
	bool loaded;              /* its chain is known */
	uint8_t device_pk[32];
	struct chain_key after;   /* the last of the keys */
	uint64_t first;           /* counter of the first key */
	size_t n, size;
	uint8_t (*keys)[32];
};

struct finding {
	struct list place;
	struct cid cid;
	uint8_t key[32];
};

struct ahead {
	struct group_info info;
	const struct network * network;
	struct chain chains[AHEAD_CHAINS];
	size_t next_chain;        /* to go for another one */
	size_t n_keys;            /* room for them, in all chains */
	struct list found;
};

/* --- chains --------------------------------------------------------------- */

static void
chain_clear(struct ahead * a, struct chain * c)
{
	if (c->keys != NULL)
		crypto_wipe(c->keys, c->size * sizeof(*c->keys));
	free(c->keys);
	a->n_keys -= c->size;
	crypto_wipe(c, sizeof(*c));
}

/* The chain stands at `now`: what is behind it is of no use. */
static void
chain_move(struct ahead * a, struct chain * c, const struct chain_key * now)
{
	uint64_t past = now->counter + 1 - c->first;
	uint8_t device_pk[32];
	size_t left;

	if (c->loaded && past == 0)
		return;
	if (c->loaded && past < c->n) {
		left = c->n - (size_t)past;
		memmove(c->keys, c->keys + past, left * sizeof(*c->keys));
		crypto_wipe(c->keys + left, (size_t)past * sizeof(*c->keys));
		c->n = left;
		c->first += past;
		return;
	}
	memcpy(device_pk, c->device_pk, sizeof(device_pk));
	chain_clear(a, c);
	memcpy(c->device_pk, device_pk, sizeof(device_pk));
	c->used = c->loaded = true;
	c->after = *now;
	c->first = now->counter + 1;
}

static bool
chain_grow(struct ahead * a, struct chain * c)
{
	size_t size = c->size > 0 ? c->size * 2 : KEYS_FIRST;
	uint8_t (*keys)[32];

	if (a->n_keys - c->size + size > AHEAD_KEYS ||
	    (keys = calloc(size, sizeof(*keys))) == NULL)
		return (false);
	if (c->n > 0) {
		memcpy(keys, c->keys, c->n * sizeof(*keys));
		crypto_wipe(c->keys, c->n * sizeof(*keys));
	}
	free(c->keys);
	a->n_keys += size - c->size;
	c->keys = keys;
	c->size = size;
	return (true);
}

/* The key of a counter, or NULL when it is out of reach. */
static const uint8_t *
chain_reach(struct ahead * a, struct chain * c, uint64_t counter)
{
	uint64_t at = counter - c->first;

	if (!c->loaded || at >= AHEAD_KEYS)
		return (NULL);
	while (c->n <= at) {
		if (c->n == c->size && !chain_grow(a, c))
			return (NULL);
		chain_key_step(&c->after, c->keys[c->n++], a->info.pk);
	}
	return (c->keys[at]);
}

/* Its chain; of a new device only the place, until the chains are loaded. */
static struct chain *
chain_of(struct ahead * a, const uint8_t device_pk[32])
{
	struct chain * c;
	size_t i;

	for (i = 0; i < AHEAD_CHAINS; i++) {
		c = &a->chains[i];
		if (c->used && memcmp(c->device_pk, device_pk, 32) == 0)
			return (c);
	}
	c = &a->chains[a->next_chain++ % AHEAD_CHAINS];
	chain_clear(a, c);
	c->used = true;
	memcpy(c->device_pk, device_pk, 32);
	return (c);
}

void
ahead_refresh(struct ahead * a, struct store * s, uint64_t scope)
{
	struct chain_key now;
	struct chain * c;
	size_t i;

	for (i = 0; i < AHEAD_CHAINS; i++) {
		c = &a->chains[i];
		if (!c->used)
			continue;
		if (chain_store_load(s, scope, c->device_pk, &now) == 0)
			chain_move(a, c, &now);
		else
			chain_clear(a, c);
		crypto_wipe(&now, sizeof(now));
	}
}

void
ahead_rest(struct ahead * a)
{
	uint8_t device_pk[32];
	struct chain * c;
	size_t i;

	for (i = 0; i < AHEAD_CHAINS; i++) {
		c = &a->chains[i];
		if (c->size <= KEYS_KEPT)
			continue;
		memcpy(device_pk, c->device_pk, sizeof(device_pk));
		chain_clear(a, c);
		memcpy(c->device_pk, device_pk, sizeof(device_pk));
		c->used = true;
	}
}

/* --- looking -------------------------------------------------------------- */

static void
look_into(struct ahead * a, const struct cid * cid, struct slice envelope)
{
	struct message_headers h;
	struct message m;
	struct finding * f;
	const uint8_t * key;

	if (message_open_headers(&h, envelope, &a->info) != 0 ||
	    (key = chain_reach(a, chain_of(a, h.device_pk),
	        h.counter)) == NULL ||
	    message_open(&m, envelope, &h, key, &a->info, a->network) != 0)
		return;
	message_free(&m);
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return;
	f->cid = *cid;
	memcpy(f->key, key, sizeof(f->key));
	list_append(&a->found, &f->place);
}

void
ahead_look(struct ahead * a, const struct cid * cid, const struct entry * e)
{
	struct buffer envelope = {0};

	if (operation_value(&envelope, e->payload) == 0 && !envelope.failed)
		look_into(a, cid, buffer_all(&envelope));
	buffer_free(&envelope);
}

static void
finding_free(struct finding * f)
{
	list_remove(&f->place);
	crypto_wipe(f, sizeof(*f));
	free(f);
}

struct ahead *
ahead_new(const struct group_info * info, const struct network * network)
{
	struct ahead * a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (NULL);
	a->info = *info;
	a->network = network;
	list_init(&a->found);
	return (a);
}

void
ahead_free(struct ahead * a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < AHEAD_CHAINS; i++)
		chain_clear(a, &a->chains[i]);
	while (!list_empty(&a->found))
		finding_free(list_entry(a->found.next, struct finding, place));
	crypto_wipe(a, sizeof(*a));
	free(a);
}

/* --- what was found ------------------------------------------------------- */

void
findings_init(struct findings * f)
{
	*f = (struct findings){0};
	list_init(&f->oldest);
}

static void
forget(struct findings * f, struct finding * one)
{
	(void)map_remove(&f->by_cid, cid_slice(&one->cid));
	finding_free(one);
}

void
findings_free(struct findings * f)
{
	while (!list_empty(&f->oldest))
		forget(f, list_entry(f->oldest.next, struct finding, place));
	map_free(&f->by_cid);
}

void
findings_take(struct findings * f, struct ahead * a)
{
	struct list *place, *following;
	struct finding *one, *before;

	list_each(place, following, &a->found) {
		one = list_entry(place, struct finding, place);
		before = map_get(&f->by_cid, cid_slice(&one->cid));
		if (before == NULL && f->by_cid.n >= AHEAD_FINDINGS)
			before = list_entry(f->oldest.next, struct finding,
			    place);
		if (before != NULL)
			forget(f, before);
		list_remove(&one->place);
		if (map_set(&f->by_cid, cid_slice(&one->cid), one) == 0)
			list_append(&f->oldest, &one->place);
		else
			finding_free(one);
	}
}

bool
findings_confirm(struct findings * f, const struct cid * cid,
    const uint8_t key[32])
{
	struct finding * one = map_get(&f->by_cid, cid_slice(cid));
	bool same;

	if (one == NULL)
		return (false);
	same = crypto_equal(one->key, key, sizeof(one->key));
	forget(f, one);
	if (f->by_cid.n == 0)
		map_free(&f->by_cid);
	return (same);
}
