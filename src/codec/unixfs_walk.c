#include <stdlib.h>

#include "base/error.h"
#include "codec/unixfs.h"

void
unixfs_walk_init(struct unixfs_walk * w, const struct cid * root,
    uint64_t limit)
{
	*w = (struct unixfs_walk){.limit = limit};
	w->root.cid = *root;
}

void
unixfs_walk_free(struct unixfs_walk * w)
{
	while (w->depth > 0)
		free(w->frames[--w->depth].links);
}

size_t
unixfs_walk_ahead(const struct unixfs_walk * w, struct cid * cids, size_t max)
{
	size_t d, i, n = 0;

	if (!w->started && max > 0) {
		cids[0] = w->root.cid;
		return (1);
	}
	for (d = w->depth; d > 0 && n < max; d--)
		for (i = w->frames[d - 1].at; i < w->frames[d - 1].n &&
		    n < max; i++)
			cids[n++] = w->frames[d - 1].links[i].cid;
	return (n);
}

/* Nodes that were walked to their end have no part in what follows. */
static void
leave(struct unixfs_walk * w)
{
	while (w->depth > 0 &&
	    w->frames[w->depth - 1].at == w->frames[w->depth - 1].n)
		free(w->frames[--w->depth].links);
}

/* The link whose block is next, NULL at the end. */
static struct unixfs_link *
next(struct unixfs_walk * w)
{
	struct unixfs_frame * f;

	if (!w->started)
		return (&w->root);
	if (w->depth == 0)
		return (NULL);
	f = &w->frames[w->depth - 1];
	return (&f->links[f->at]);
}

/* Is the node what the one above said? */
static int
check(struct unixfs_walk * w, const struct unixfs_node * node,
    uint64_t expected)
{
	if (w->started)
		return (node->bytes == expected ? 0 : -ERR_DESERIALIZATION);
	if (node->bytes > w->limit)
		return (-ERR_INVALID_INPUT);
	w->root.bytes = node->bytes;
	return (0);
}

int
unixfs_walk_give(struct unixfs_walk * w, struct slice block,
    struct slice * data)
{
	struct unixfs_link * link = next(w);
	struct unixfs_node node;
	int status;

	if (link == NULL)
		return (-ERR_INVALID_INPUT);
	if ((status = unixfs_node_parse(&node, &link->cid, block)) != 0)
		return (status);
	status = check(w, &node, link->bytes);
	if (status == 0 && node.n > 0 && w->depth == UNIXFS_DEPTH_MAX)
		status = -ERR_DESERIALIZATION;
	if (status != 0) {
		unixfs_node_free(&node);
		return (status);
	}
	if (w->started)
		w->frames[w->depth - 1].at++;
	w->started = true;
	*data = node.data;
	if (node.n > 0)
		w->frames[w->depth++] = (struct unixfs_frame){node.links,
		    node.n, 0};
	else
		unixfs_node_free(&node);
	leave(w);
	return (0);
}

uint64_t
unixfs_walk_size(const struct unixfs_walk * w)
{
	return (w->root.bytes);
}
