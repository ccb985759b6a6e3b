/* Blocks of a file by a peer: a walk that is given the same bytes again and
 * again, as root, node and leaf. */
#include <stddef.h>
#include <stdint.h>

#include "codec/unixfs.h"

int LLVMFuzzerTestOneInput(const uint8_t * p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct cid ahead[16], root = {.n = 34, .bytes = {0x12, 32}};
	struct unixfs_node node;
	struct unixfs_walk w;
	struct slice data;
	unsigned i;

	if (unixfs_node_parse(&node, &root, slice_of(p, n)) == 0)
		unixfs_node_free(&node);
	unixfs_walk_init(&w, &root, 1 << 20);
	for (i = 0; i < 64 && unixfs_walk_ahead(&w, ahead, 16) > 0 &&
	    unixfs_walk_give(&w, slice_of(p, n), &data) == 0; i++)
		;
	unixfs_walk_free(&w);
	return (0);
}
