/* peer_swap.c: blocks that are put, and blocks that are wanted. */
#include <stdlib.h>

#include "base/map.h"
#include "peer.h"

enum { BLOCK_SIZE_MAX = 2 << 20 };

struct block {
	size_t n;
	uint8_t bytes[];
};

/* A `want` or `lacks` that waits for its answer. */
struct wish {
	struct list place;
	bool lacks;
	size_t n, left;
	struct cid * cids;
	char id[];
};

struct blocks {
	struct map map;           /* CID: struct block */
	struct list wishes;
};

/* FORM SEED SIZE COUNT: blocks of seeds SEED, SEED + 1, … */
struct series {
	bool v0;                  /* CIDv0, as bitswap 1.0 sends */
	uint64_t seed, size, count;
};

static bool
read_series(const struct line * l, struct series * s)
{
	if (!peer_number(l, 3, &s->seed) || !peer_number(l, 4, &s->size) ||
	    !peer_number(l, 5, &s->count))
		return (false);
	s->v0 = strcmp(l->word[2], "v0") == 0;
	if (s->size <= BLOCK_SIZE_MAX && s->count > 0 && s->count <= 4096)
		return (true);
	peer_err(l->word[0], "too much");
	return (false);
}

static struct block *
block_make(const struct series * s, uint64_t i, struct cid * cid)
{
	struct block * b = malloc(sizeof(*b) + s->size + 1);
	struct cid_parts parts;

	if (b == NULL)
		return (NULL);
	b->n = s->size;
	peer_pattern(b->bytes, b->n, (uint32_t)(s->seed + i));
	cid_of(cid, CID_DAG_CBOR, slice_of(b->bytes, b->n));
	if (s->v0) {
		uint8_t v0[34] = {0x12, 32};

		cid_split(cid, &parts);
		memcpy(v0 + 2, parts.digest.p, 32);
		(void)cid_parse(cid, slice_of(v0, sizeof(v0)));
	}
	return (b);
}

/* --- the store ------------------------------------------------------------ */

static int
on_load(void * user, const struct cid * cid, struct buffer * out)
{
	struct peer * p = user;
	struct block * b = map_get(&p->blocks->map, cid_slice(cid));

	if (b == NULL)
		return (-ERR_NOT_FOUND);
	buffer_append(out, b->bytes, b->n);
	return (0);
}

void
peer_put(struct peer * p, const struct line * l)
{
	struct series s;
	struct block * b;
	struct cid cid;
	uint64_t i;

	if (!read_series(l, &s))
		return;
	for (i = 0; i < s.count; i++) {
		if ((b = block_make(&s, i, &cid)) == NULL)
			break;
		free(map_remove(&p->blocks->map, cid_slice(&cid)));
		if (map_set(&p->blocks->map, cid_slice(&cid), b) != 0) {
			free(b);
			break;
		}
		bitswap_have(p->swap, &cid, slice_of(b->bytes, b->n));
	}
	if (i == s.count)
		peer_ok(l->word[0], "%llu", (unsigned long long)i);
	else
		peer_err(l->word[0], "no memory");
}

/* --- wishes --------------------------------------------------------------- */

static void
wish_free(struct wish * w)
{
	list_remove(&w->place);
	free(w->cids);
	free(w);
}

static void
wish_step(struct wish * w, const struct cid * cid)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (cid_equal(&w->cids[i], cid)) {
			w->cids[i].n = 0;
			w->left--;
		}
}

/* The handler gives what hashes to its CID, which the wish names. */
static void
on_block(void * user, const struct cid * cid, struct slice data,
    const struct peer_id * from)
{
	struct peer * p = user;
	struct list * place, * following;

	(void)data;
	(void)from;
	list_each (place, following, &p->blocks->wishes) {
		struct wish * w = list_entry(place, struct wish, place);

		wish_step(w, cid);
		if (w->left > 0)
			continue;
		if (w->lacks)
			peer_err(w->id, "it came");
		else
			peer_ok(w->id, "%zu", w->n);
		wish_free(w);
	}
}

static void
on_missing(void * user, const struct cid * cid)
{
	struct peer * p = user;
	struct list * place, * following;

	list_each (place, following, &p->blocks->wishes) {
		struct wish * w = list_entry(place, struct wish, place);

		if (!w->lacks)
			continue;
		wish_step(w, cid);
		if (w->left > 0)
			continue;
		peer_ok(w->id, "missing");
		bitswap_cancel(p->swap, cid, 1);
		wish_free(w);
	}
}

static struct wish *
wish_make(const struct line * l, const struct series * s)
{
	struct wish * w = calloc(1, sizeof(*w) + strlen(l->word[0]) + 1);
	uint64_t i;

	if (w == NULL)
		return (NULL);
	list_init(&w->place);
	strcpy(w->id, l->word[0]);
	w->n = w->left = s->count;
	if ((w->cids = calloc(w->n, sizeof(*w->cids))) == NULL) {
		free(w);
		return (NULL);
	}
	for (i = 0; i < s->count; i++)
		free(block_make(s, i, &w->cids[i]));
	return (w);
}

static void
wish(struct peer * p, const struct line * l, bool lacks)
{
	struct series s;
	struct wish * w;
	int rc;

	if (!read_series(l, &s))
		return;
	if ((w = wish_make(l, &s)) == NULL) {
		peer_err(l->word[0], "no memory");
		return;
	}
	w->lacks = lacks;
	list_append(&p->blocks->wishes, &w->place);
	rc = bitswap_want(p->swap, w->cids, w->n, NULL, 0);
	if (rc != 0) {
		peer_err(l->word[0], "%s", error_name(-rc));
		wish_free(w);
	}
}

void
peer_want(struct peer * p, const struct line * l)
{
	wish(p, l, false);
}

void
peer_lacks(struct peer * p, const struct line * l)
{
	wish(p, l, true);
}

/* --- start and stop ------------------------------------------------------- */

int
peer_swap_start(struct peer * p)
{
	struct bitswap_handler handler = {
		.load = on_load, .block = on_block, .missing = on_missing,
	};

	if ((p->blocks = calloc(1, sizeof(*p->blocks))) == NULL)
		return (-ERR_INTERNAL);
	list_init(&p->blocks->wishes);
	p->swap = bitswap_new(p->host, &handler, p);
	return (p->swap == NULL ? -ERR_INTERNAL : 0);
}

void
peer_swap_stop(struct peer * p)
{
	struct list * place, * following;
	struct slice key;
	size_t at = 0;
	void * block;

	bitswap_free(p->swap);
	if (p->blocks == NULL)
		return;
	while (map_next(&p->blocks->map, &at, &key, &block))
		free(block);
	map_free(&p->blocks->map);
	list_each (place, following, &p->blocks->wishes)
		wish_free(list_entry(place, struct wish, place));
	free(p->blocks);
}
