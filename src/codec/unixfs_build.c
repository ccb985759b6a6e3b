#include "codec/unixfs.h"

#include <stdlib.h>

#include "base/error.h"
#include "crypto/crypto.h"

enum { TYPE_FILE = 2, CID_V0_SIZE = 34 };

/* A child as its parent names it. */
struct child {
	uint8_t cid[CID_V0_SIZE];
	uint64_t total;           /* bytes of all blocks from it on */
	uint64_t bytes;           /* of the file */
};

/* Children without a parent yet: leaves, nodes over leaves, and so on. */
struct level {
	struct child children[UNIXFS_LINKS];
	size_t n;
};

struct unixfs_builder {
	int (*emit)(void * user, const struct cid * cid, struct slice block);
	void * user;
	struct buffer chunk, block;
	struct level levels[UNIXFS_DEPTH_MAX];
	size_t used;              /* levels that ever had a child */
};

struct unixfs_builder *
unixfs_builder_new(int (*emit)(void * user, const struct cid * cid,
    struct slice block), void * user)
{
	struct unixfs_builder * b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return (NULL);
	b->emit = emit;
	b->user = user;
	return (b);
}

void
unixfs_builder_free(struct unixfs_builder * b)
{
	if (b == NULL)
		return;
	buffer_free(&b->chunk);
	buffer_free(&b->block);
	free(b);
}

static size_t
uvarint_size(uint64_t v)
{
	size_t n = 1;

	while ((v >>= 7) != 0)
		n++;
	return (n);
}

/* Emit what is in b->block; the child that it is. */
static int
emit(struct unixfs_builder * b, struct child * c)
{
	struct slice block = buffer_all(&b->block);
	struct cid cid = {.n = CID_V0_SIZE, .bytes = {0x12, SHA256_SIZE}};

	if (b->block.failed)
		return (-ERR_INTERNAL);
	sha256(cid.bytes + 2, &block, 1);
	memcpy(c->cid, cid.bytes, CID_V0_SIZE);
	c->total += block.n;
	return (b->emit(b->user, &cid, block));
}

/* The leaf of a chunk; that of an empty file has no data at all. */
static int
emit_leaf(struct unixfs_builder * b, struct child * c)
{
	size_t n = b->chunk.n;
	size_t size = 2 + 1 + uvarint_size(n);

	if (n > 0)
		size += 1 + uvarint_size(n) + n;
	*c = (struct child){.bytes = n};
	buffer_clear(&b->block);
	(void)buffer_reserve(&b->block, size + 16);
	buffer_byte(&b->block, 0x0a);
	buffer_uvarint(&b->block, size);
	buffer_byte(&b->block, 0x08);
	buffer_byte(&b->block, TYPE_FILE);
	if (n > 0) {
		buffer_byte(&b->block, 0x12);
		buffer_uvarint(&b->block, n);
		buffer_slice(&b->block, buffer_all(&b->chunk));
	}
	buffer_byte(&b->block, 0x18);
	buffer_uvarint(&b->block, n);
	buffer_clear(&b->chunk);
	return (emit(b, c));
}

static void
put_link(struct buffer * out, const struct child * c)
{
	buffer_byte(out, 0x12);
	buffer_uvarint(out, 2 + CID_V0_SIZE + 2 + 1 + uvarint_size(c->total));
	buffer_byte(out, 0x0a);
	buffer_byte(out, CID_V0_SIZE);
	buffer_append(out, c->cid, CID_V0_SIZE);
	buffer_byte(out, 0x12);
	buffer_byte(out, 0);
	buffer_byte(out, 0x18);
	buffer_uvarint(out, c->total);
}

/* The parent of a level's children, which leave it. */
static int
emit_parent(struct unixfs_builder * b, struct level * l, struct child * c)
{
	size_t i, size = 2 + 1;

	*c = (struct child){.total = 0};
	buffer_clear(&b->block);
	for (i = 0; i < l->n; i++) {
		put_link(&b->block, &l->children[i]);
		c->total += l->children[i].total;
		c->bytes += l->children[i].bytes;
		size += 1 + uvarint_size(l->children[i].bytes);
	}
	size += uvarint_size(c->bytes);
	buffer_byte(&b->block, 0x0a);
	buffer_uvarint(&b->block, size);
	buffer_byte(&b->block, 0x08);
	buffer_byte(&b->block, TYPE_FILE);
	buffer_byte(&b->block, 0x18);
	buffer_uvarint(&b->block, c->bytes);
	for (i = 0; i < l->n; i++) {
		buffer_byte(&b->block, 0x20);
		buffer_uvarint(&b->block, l->children[i].bytes);
	}
	l->n = 0;
	return (emit(b, c));
}

/* Add a child to a level; levels that are full get their parent. */
static int
add_child(struct unixfs_builder * b, size_t i, struct child c)
{
	int status;

	for (; i < UNIXFS_DEPTH_MAX; i++) {
		struct level * l = &b->levels[i];

		l->children[l->n++] = c;
		if (b->used <= i)
			b->used = i + 1;
		if (l->n < UNIXFS_LINKS)
			return (0);
		if ((status = emit_parent(b, l, &c)) != 0)
			return (status);
	}
	return (-ERR_INVALID_INPUT);
}

static int
add_leaf(struct unixfs_builder * b)
{
	struct child c;
	int status;

	if ((status = emit_leaf(b, &c)) != 0)
		return (status);
	return (add_child(b, 0, c));
}

int
unixfs_builder_add(struct unixfs_builder * b, struct slice bytes)
{
	size_t n;
	int status;

	while (bytes.n > 0) {
		n = UNIXFS_CHUNK - b->chunk.n;
		if (n > bytes.n)
			n = bytes.n;
		buffer_append(&b->chunk, bytes.p, n);
		if (b->chunk.failed)
			return (-ERR_INTERNAL);
		bytes = slice_of(bytes.p + n, bytes.n - n);
		if (b->chunk.n == UNIXFS_CHUNK && (status = add_leaf(b)) != 0)
			return (status);
	}
	return (0);
}

int
unixfs_builder_finish(struct unixfs_builder * b, struct cid * root)
{
	struct child c;
	size_t i;
	int status;

	if ((b->chunk.n > 0 || b->used == 0) && (status = add_leaf(b)) != 0)
		return (status);
	/* A child alone, with nothing beside or above it, is the root. */
	for (i = 0; i + 1 < b->used || b->levels[i].n > 1; i++) {
		if (b->levels[i].n == 0)
			continue;
		if ((status = emit_parent(b, &b->levels[i], &c)) != 0 ||
		    (status = add_child(b, i + 1, c)) != 0)
			return (status);
	}
	*root = (struct cid){.n = CID_V0_SIZE};
	memcpy(root->bytes, b->levels[i].children[0].cid, CID_V0_SIZE);
	return (0);
}
