/* Files as IPFS keeps them.  CIDs are those that Go's importer gives. */
#include "support/bytes.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/map.h"
#include "codec/unixfs.h"

/* Blocks by CID, as a store would keep them. */
struct blocks {
	struct map map;
	struct buffer last;
	size_t n, largest;
	unsigned fail_at;
};

static int
keep(void * user, const struct cid * cid, struct slice block)
{
	struct blocks * b = user;
	struct buffer * copy = calloc(1, sizeof(*copy));

	assert_true(cid_matches(cid, block));
	if (b->fail_at != 0 && b->n + 1 == b->fail_at) {
		free(copy);
		return (-ERR_DB_WRITE);
	}
	buffer_slice(copy, block);
	b->n++;
	if (block.n > b->largest)
		b->largest = block.n;
	if (map_get(&b->map, cid_slice(cid)) != NULL) {
		buffer_free(copy);
		free(copy);
		return (0);
	}
	assert_int_equal(map_set(&b->map, cid_slice(cid), copy), 0);
	return (0);
}

static void
drop(struct blocks * b)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&b->map, &at, &key, &value)) {
		buffer_free(value);
		free(value);
	}
	map_free(&b->map);
	*b = (struct blocks){.n = 0};
}

/* Byte i is i mod 251; given in pieces of so many bytes. */
static void
build(struct blocks * b, uint64_t size, size_t piece, struct cid * root)
{
	struct unixfs_builder * builder = unixfs_builder_new(keep, b);
	uint8_t * bytes = malloc(piece);
	uint64_t i = 0;
	size_t n;

	assert_non_null(builder);
	while (i < size) {
		for (n = 0; n < piece && i < size; n++, i++)
			bytes[n] = (uint8_t)(i % 251);
		assert_int_equal(unixfs_builder_add(builder,
		    slice_of(bytes, n)), 0);
	}
	assert_int_equal(unixfs_builder_finish(builder, root), 0);
	free(bytes);
	unixfs_builder_free(builder);
}

static void
a_file_has_the_cid_that_go_gives_it(void ** state)
{
	static const struct {
		uint64_t size;
		size_t piece;
		const char * cid;
	} files[] = {
	    {0, 1, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"},
	    {1, 1, "QmS9JArPwa55ePgDnyg6TzX24mYTS1b1vLqWNebyVotKxQ"},
	    {12, 5, "QmebaVP2bwpoZK9XEV6QWrjmHXodxS3fdL1SypEYDb8vGx"},
	    {65536, 1000, "QmcYj9epk7GW9jghETTQdMfCv22PdHWzkovSZzTZrBkieZ"},
	    {262143, 65521, "QmRfm83kqBpGJbGxJg1en9hpwq8eNnP4E2Dj8K73F4m983"},
	    {262144, 262144,
	        "QmeqfRyS3vkku7n6krqC3DgGMex3x2sCpSeKMDmrG13QQq"},
	    {262145, 4096, "QmUSjGawaz4ptvREcMKSMJneWCa5j8dAz2wSAAvHtW2rnB"},
	    {524288, 1 << 20,
	        "QmX9AxjaxS7HCFKUdcQRgNKmfEj9hhjTsE57CB5iPe8zus"},
	    {524289, 1 << 20,
	        "QmePkCgTbAcZgGDqVBd5SVyL7mRdv5ctvdmkCZSoercCej"},
	    {20971520, 65536,
	        "QmP2Ug3eJ5LnwkFdhrX6p1bph6Zz8w8wv1pv5vjmk8Yu5X"},
	    /* 174 chunks, one byte more, 175 chunks, two nodes and some. */
	    {45613056, 1 << 20,
	        "QmXCym15aFeWjAWyPFaAgwVmkuKB7EBsV77Skt54KmxChF"},
	    {45613057, 1 << 20,
	        "QmTedsTekQQkgACJXb1sPZSW8bLdS9LPMrT7L4YdjNRd4n"},
	    {45875200, 1 << 20,
	        "Qmbp67kThKoJFnWu7pUgwCu81WttemMnD13oG4uj9DiY5E"},
	    {91226117, 1 << 20,
	        "QmPT28xhwVX54QyzskRNaRVh5AY6GKRtPJ3hdpc7VHbGQ4"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct blocks b = {.n = 0};
		struct buffer text = {0};
		struct cid root;

		build(&b, files[i].size, files[i].piece, &root);
		cid_encode(&text, &root);
		assert_text(buffer_all(&text), files[i].cid);
		assert_true(b.largest <= UNIXFS_CHUNK + 32);
		buffer_free(&text);
		drop(&b);
	}
}

/* "hello world" as a first `ipfs add` shows it. */
static void
a_leaf_is_written_byte_for_byte_as_go_does(void ** state)
{
	struct unixfs_builder * builder;
	struct blocks b = {.n = 0};
	struct buffer text = {0};
	struct cid root;

	(void)state;
	builder = unixfs_builder_new(keep, &b);
	assert_int_equal(unixfs_builder_add(builder,
	    slice_text("hello world\n")), 0);
	assert_int_equal(unixfs_builder_finish(builder, &root), 0);
	unixfs_builder_free(builder);
	cid_encode(&text, &root);
	assert_text(buffer_all(&text),
	    "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
	assert_hex(buffer_all(map_get(&b.map, cid_slice(&root))),
	    "0a120802120c68656c6c6f20776f726c640a180c");
	buffer_free(&text);
	drop(&b);
}

static void
what_cannot_be_kept_ends_the_building(void ** state)
{
	struct blocks b = {.fail_at = 2};
	uint8_t * bytes = calloc(1, UNIXFS_CHUNK * 3);
	struct unixfs_builder * builder = unixfs_builder_new(keep, &b);

	(void)state;
	assert_int_equal(unixfs_builder_add(builder,
	    slice_of(bytes, UNIXFS_CHUNK * 3)), -ERR_DB_WRITE);
	unixfs_builder_free(builder);
	free(bytes);
	drop(&b);
}

/* --- reading ---------------------------------------------------------------- */

/* Walk to the end; -1 where a byte is not what it should be. */
static int
read_all(struct blocks * b, const struct cid * root, uint64_t limit,
    uint64_t * size)
{
	struct unixfs_walk w;
	struct slice data;
	struct cid cid;
	size_t i;
	int status = 0;

	*size = 0;
	unixfs_walk_init(&w, root, limit);
	while (status == 0 && unixfs_walk_ahead(&w, &cid, 1) == 1) {
		struct buffer * block = map_get(&b->map, cid_slice(&cid));

		assert_non_null(block);
		status = unixfs_walk_give(&w, buffer_all(block), &data);
		for (i = 0; status == 0 && i < data.n; i++, ++*size)
			assert_int_equal(data.p[i], *size % 251);
	}
	if (status == 0)
		assert_int_equal(unixfs_walk_size(&w), *size);
	unixfs_walk_free(&w);
	return (status);
}

static void
what_was_built_is_read_again(void ** state)
{
	static const uint64_t sizes[] = {0, 1, 262144, 262145, 1000000,
	    45613057};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct blocks b = {.n = 0};
		struct cid root;
		uint64_t size;

		build(&b, sizes[i], 1 << 20, &root);
		assert_int_equal(read_all(&b, &root, sizes[i], &size), 0);
		assert_int_equal(size, sizes[i]);
		if (sizes[i] > 0)
			assert_int_equal(read_all(&b, &root, sizes[i] - 1,
			    &size), -ERR_INVALID_INPUT);
		drop(&b);
	}
}

static void
the_blocks_that_come_next_are_told_in_order(void ** state)
{
	struct blocks b = {.n = 0};
	struct cid root, ahead[8], again[8];
	struct unixfs_walk w;
	struct slice data;
	size_t i;

	(void)state;
	build(&b, 5 * UNIXFS_CHUNK, 1 << 20, &root);
	unixfs_walk_init(&w, &root, UINT64_MAX);
	assert_int_equal(unixfs_walk_ahead(&w, ahead, 8), 1);
	assert_true(cid_equal(&ahead[0], &root));
	assert_int_equal(unixfs_walk_give(&w,
	    buffer_all(map_get(&b.map, cid_slice(&root))), &data), 0);
	assert_int_equal(data.n, 0);
	assert_int_equal(unixfs_walk_ahead(&w, ahead, 8), 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(unixfs_walk_ahead(&w, again, 8), 5 - i);
		assert_true(cid_equal(&again[0], &ahead[i]));
		assert_int_equal(unixfs_walk_give(&w, buffer_all(map_get(
		    &b.map, cid_slice(&ahead[i]))), &data), 0);
		assert_int_equal(data.n, UNIXFS_CHUNK);
	}
	assert_int_equal(unixfs_walk_ahead(&w, ahead, 8), 0);
	unixfs_walk_free(&w);
	drop(&b);
}

static struct slice
from_hex(struct buffer * b, const char * hex)
{
	buffer_free(b);
	return (bytes_hex(b, hex));
}

#define LINK "12280a221220000102030405060708090a0b0c0d0e0f" \
    "101112131415161718191a1b1c1d1e1f12001805"

static void
what_is_no_part_of_a_file_is_refused(void ** state)
{
	static const char * const bad[] = {
	    "",                           /* no UnixFS part */
	    "0a0408021801",               /* says a byte, has none */
	    "0a0408011800",               /* a directory */
	    "0a0218000a040802",           /* two of them */
	    "0a0408021800ff",             /* something behind it */
	    "0a06080212016118",           /* cut off */
	    "0a0408022001",               /* a size and no link */
	    LINK "0a0408021805",          /* a link and no size */
	    LINK "0a06080218002000",      /* an empty child */
	    LINK "0a06080218062005",      /* 5 are not 6 */
	    "120412026162" "0a06080218052005", /* a name and no CID */
	};
	struct cid cid;
	struct unixfs_node node;
	struct buffer b = {0};
	size_t i;

	(void)state;
	assert_int_equal(cid_decode(&cid, slice_text(
	    "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")), 0);
	assert_int_equal(unixfs_node_parse(&node, &cid,
	    from_hex(&b, LINK "0a06080218052005")), 0);
	assert_int_equal(node.n, 1);
	assert_int_equal(node.bytes, 5);
	unixfs_node_free(&node);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(unixfs_node_parse(&node, &cid,
		    from_hex(&b, bad[i])), -ERR_DESERIALIZATION);
	buffer_free(&b);
}

static void
links_are_accepted_up_to_their_limit(void ** state)
{
	struct buffer b = {0}, sizes = {0}, link = {0};
	struct unixfs_node node;
	struct cid cid;
	size_t n, i;

	(void)state;
	assert_int_equal(cid_decode(&cid, slice_text(
	    "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")), 0);
	(void)from_hex(&link, LINK);
	for (n = UNIXFS_LINKS_MAX; n <= UNIXFS_LINKS_MAX + 1; n++) {
		buffer_clear(&b);
		buffer_clear(&sizes);
		buffer_append(&sizes, "\x08\x02", 2);
		for (i = 0; i < n; i++) {
			buffer_slice(&b, buffer_all(&link));
			buffer_append(&sizes, "\x20\x05", 2);
		}
		buffer_byte(&b, 0x0a);
		buffer_uvarint(&b, sizes.n);
		buffer_slice(&b, buffer_all(&sizes));
		assert_int_equal(unixfs_node_parse(&node, &cid,
		    buffer_all(&b)),
		    n > UNIXFS_LINKS_MAX ? -ERR_DESERIALIZATION : 0);
		if (n <= UNIXFS_LINKS_MAX)
			unixfs_node_free(&node);
	}
	buffer_free(&b);
	buffer_free(&sizes);
	buffer_free(&link);
}

/* A node over one child of 5 bytes, over and over. */
static void
a_tree_is_accepted_up_to_its_depth(void ** state)
{
	struct cid cids[UNIXFS_DEPTH_MAX + 2];
	struct buffer blocks[UNIXFS_DEPTH_MAX + 2] = {{0}};
	struct unixfs_walk w;
	struct slice data;
	size_t i, depth;
	int status = 0;

	(void)state;
	buffer_append(&blocks[0], "\x0a\x0b\x08\x02\x12\x05hello\x18\x05", 13);
	for (i = 0; i < UNIXFS_DEPTH_MAX + 2; i++) {
		if (i > 0) {
			buffer_append(&blocks[i], "\x12\x28\x0a\x22", 4);
			buffer_slice(&blocks[i], cid_slice(&cids[i - 1]));
			buffer_append(&blocks[i], "\x12\x00\x18\x05\x0a\x06"
			    "\x08\x02\x18\x05\x20\x05", 12);
		}
		cid_of(&cids[i], CID_DAG_PB, buffer_all(&blocks[i]));
		memmove(cids[i].bytes, cids[i].bytes + 2, 34);
		cids[i].n = 34;
	}
	for (depth = UNIXFS_DEPTH_MAX; depth < UNIXFS_DEPTH_MAX + 2; depth++) {
		unixfs_walk_init(&w, &cids[depth], 5);
		for (i = depth + 1; i-- > 0 && status == 0;)
			status = unixfs_walk_give(&w, buffer_all(&blocks[i]),
			    &data);
		if (depth == UNIXFS_DEPTH_MAX) {
			assert_int_equal(status, 0);
			assert_text(data, "hello");
		} else
			assert_int_equal(status, -ERR_DESERIALIZATION);
		unixfs_walk_free(&w);
	}
	for (i = 0; i < UNIXFS_DEPTH_MAX + 2; i++)
		buffer_free(&blocks[i]);
}

static void
a_child_of_another_size_than_its_parent_says_is_refused(void ** state)
{
	struct blocks b = {.n = 0};
	struct unixfs_walk w;
	struct slice data;
	struct cid root;

	(void)state;
	build(&b, UNIXFS_CHUNK + 1, 1 << 20, &root);
	unixfs_walk_init(&w, &root, UINT64_MAX);
	assert_int_equal(unixfs_walk_give(&w,
	    buffer_all(map_get(&b.map, cid_slice(&root))), &data), 0);
	assert_int_equal(unixfs_walk_give(&w,
	    slice_of("\x0a\x0b\x08\x02\x12\x05hello\x18\x05", 13), &data),
	    -ERR_DESERIALIZATION);
	unixfs_walk_free(&w);
	drop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_has_the_cid_that_go_gives_it),
	    cmocka_unit_test(a_leaf_is_written_byte_for_byte_as_go_does),
	    cmocka_unit_test(what_cannot_be_kept_ends_the_building),
	    cmocka_unit_test(what_was_built_is_read_again),
	    cmocka_unit_test(the_blocks_that_come_next_are_told_in_order),
	    cmocka_unit_test(what_is_no_part_of_a_file_is_refused),
	    cmocka_unit_test(links_are_accepted_up_to_their_limit),
	    cmocka_unit_test(a_tree_is_accepted_up_to_its_depth),
	    cmocka_unit_test(
	        a_child_of_another_size_than_its_parent_says_is_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
