/*
 * unixfs.h: files as IPFS keeps them: cut into chunks, the leaves of a tree of
 * dag-pb nodes, whose root's CID names the file.  Pure.  Source: ipfs specs
 * UNIXFS.md, ipld specs dag-pb; go-unixfs importer/balanced.
 */
#ifndef BERTY_CODEC_UNIXFS_H
#define BERTY_CODEC_UNIXFS_H

#include "codec/cid.h"

enum {
	/* As `ipfs add` does by default: bytes of a chunk, links of a node. */
	UNIXFS_CHUNK = 262144, UNIXFS_LINKS = 174,
	/* What others may do: links of a node, nodes above each other. */
	UNIXFS_LINKS_MAX = 4096, UNIXFS_DEPTH_MAX = 8,
};

/* --- writing ---------------------------------------------------------------- */

struct unixfs_builder;

/*
 * A file is built from front to back in memory for one chunk and a few hundred
 * links.  `emit` is given each block as soon as it is whole (borrowed), children
 * before parents; what it returns but 0 ends the building and is returned.
 * NULL without memory.
 */
struct unixfs_builder * unixfs_builder_new(int (*emit)(void * user,
    const struct cid * cid, struct slice block), void * user);
void unixfs_builder_free(struct unixfs_builder * b);

/* The next bytes of the file, however many. */
int unixfs_builder_add(struct unixfs_builder * b, struct slice bytes);

/* The end: the last blocks are emitted; root, a CIDv0, names the file. */
int unixfs_builder_finish(struct unixfs_builder * b, struct cid * root);

/* --- reading ---------------------------------------------------------------- */

struct unixfs_link {
	struct cid cid;
	uint64_t bytes;           /* of the file below it */
};

/* A node of a file; data borrows from the block, links are owned. */
struct unixfs_node {
	struct slice data;        /* of the file, before what is below */
	struct unixfs_link * links;
	size_t n;
	uint64_t bytes;           /* of the file, in all */
};

/*
 * Parse the block of that CID (dag-pb, or raw: then it is data alone), whose
 * digest was compared before.  -ERR_DESERIALIZATION: it is no part of a file,
 * contradicts itself, or has more links than it may.
 */
int unixfs_node_parse(struct unixfs_node * node, const struct cid * cid,
    struct slice block);
void unixfs_node_free(struct unixfs_node * node);

/*
 * A walk through a file from front to back, that is given one block after the
 * other.  What parents say of their children's sizes must hold, and no child
 * may be empty, so that the work is bounded by the size of the file.
 */
struct unixfs_walk {
	struct unixfs_frame {
		struct unixfs_link * links;
		size_t n, at;
	} frames[UNIXFS_DEPTH_MAX];
	size_t depth;
	struct unixfs_link root;
	bool started;             /* the root was given */
	uint64_t limit;
};

/* At the front of a file of at most `limit` bytes. */
void unixfs_walk_init(struct unixfs_walk * w, const struct cid * root,
    uint64_t limit);
void unixfs_walk_free(struct unixfs_walk * w);

/* The CIDs of the blocks that come next, in order, at most max: how many are
 * known now; 0: at the end of the file. */
size_t unixfs_walk_ahead(const struct unixfs_walk * w, struct cid * cids,
    size_t max);

/*
 * Give the block that is next; *data (borrowed from it) continues the file.
 * -ERR_DESERIALIZATION as above; -ERR_INVALID_INPUT: the file is larger than
 * the limit.
 */
int unixfs_walk_give(struct unixfs_walk * w, struct slice block,
    struct slice * data);

/* Bytes of the whole file, once its root was given. */
uint64_t unixfs_walk_size(const struct unixfs_walk * w);

#endif /* !BERTY_CODEC_UNIXFS_H */
