#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "codec/unixfs.h"

enum { TYPE_RAW = 0, TYPE_FILE = 2 };

/* Fields with their wire types: number << 3 | type. */
enum { NODE_DATA = 0x0a, NODE_LINK = 0x12 };
enum { LINK_HASH = 0x0a, LINK_NAME = 0x12, LINK_TSIZE = 0x18 };
enum { FILE_TYPE = 0x08, FILE_DATA = 0x12, FILE_SIZE = 0x18,
	FILE_BLOCK_SIZE = 0x20, FILE_MODE = 0x38, FILE_MTIME = 0x42 };

void
unixfs_node_free(struct unixfs_node * node)
{
	free(node->links);
	*node = (struct unixfs_node){.n = 0};
}

static int
parse_link(struct unixfs_link * link, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct slice hash = {NULL, 0};

	while (r.n > 0)
		switch (reader_byte(&r)) {
		case LINK_HASH:
			hash = reader_prefixed(&r, CID_MAX);
			break;
		case LINK_NAME:
			/* Chunks of a file have no names. */
			if (reader_prefixed(&r, bytes.n).n > 0)
				reader_fail(&r);
			break;
		case LINK_TSIZE:
			(void)reader_uvarint(&r);
			break;
		default:
			reader_fail(&r);
		}
	return (r.failed ? -ERR_DESERIALIZATION : cid_parse(&link->cid, hash));
}

/* The UnixFS part; sizes of blocks go to the links, in their order. */
static int
parse_file(struct unixfs_node * node, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	uint64_t type = UINT64_MAX, size = 0, sum;
	bool sized = false;
	size_t i = 0;

	while (r.n > 0)
		switch (reader_byte(&r)) {
		case FILE_TYPE:
			type = reader_uvarint(&r);
			break;
		case FILE_DATA:
			node->data = reader_prefixed(&r, bytes.n);
			break;
		case FILE_SIZE:
			size = reader_uvarint(&r);
			sized = true;
			break;
		case FILE_BLOCK_SIZE:
			if (i == node->n)
				return (-ERR_DESERIALIZATION);
			node->links[i++].bytes = reader_uvarint(&r);
			break;
		case FILE_MODE:
			(void)reader_uvarint(&r);
			break;
		case FILE_MTIME:
			(void)reader_prefixed(&r, bytes.n);
			break;
		default:
			reader_fail(&r);
		}
	if (r.failed || (type != TYPE_FILE && type != TYPE_RAW) || i != node->n)
		return (-ERR_DESERIALIZATION);
	sum = node->data.n;
	for (i = 0; i < node->n; i++) {
		if (node->links[i].bytes == 0 ||
		    node->links[i].bytes > UINT64_MAX - sum)
			return (-ERR_DESERIALIZATION);
		sum += node->links[i].bytes;
	}
	node->bytes = sum;
	return (sized && size != sum ? -ERR_DESERIALIZATION : 0);
}

static size_t
count_links(struct slice block)
{
	struct reader r = reader_of(block);
	size_t n = 0;

	while (r.n > 0) {
		n += reader_byte(&r) == NODE_LINK;
		(void)reader_prefixed(&r, block.n);
	}
	return (n);
}

static int
parse_node(struct unixfs_node * node, struct slice block)
{
	struct reader r = reader_of(block);
	struct slice file = {NULL, 0};
	size_t n = count_links(block);
	bool seen = false;
	int status = 0;

	if (n > UNIXFS_LINKS_MAX)
		return (-ERR_DESERIALIZATION);
	node->links = calloc(n + 1, sizeof(*node->links));
	if (node->links == NULL)
		return (-ERR_INTERNAL);
	while (status == 0 && r.n > 0)
		switch (reader_byte(&r)) {
		case NODE_LINK:
			status = parse_link(&node->links[node->n++],
			    reader_prefixed(&r, block.n));
			break;
		case NODE_DATA:
			if (seen)
				reader_fail(&r);
			file = reader_prefixed(&r, block.n);
			seen = true;
			break;
		default:
			reader_fail(&r);
		}
	if (status == 0 && (r.failed || !seen))
		status = -ERR_DESERIALIZATION;
	return (status != 0 ? status : parse_file(node, file));
}

int
unixfs_node_parse(struct unixfs_node * node, const struct cid * cid,
    struct slice block)
{
	struct unixfs_node read = {.n = 0};
	struct cid_parts parts;
	int status;

	cid_split(cid, &parts);
	if (parts.codec == CID_RAW) {
		*node = (struct unixfs_node){.data = block, .bytes = block.n};
		return (0);
	}
	if (parts.codec != CID_DAG_PB)
		return (-ERR_DESERIALIZATION);
	if ((status = parse_node(&read, block)) != 0)
		unixfs_node_free(&read);
	else
		*node = read;
	return (status);
}
