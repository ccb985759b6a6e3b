/* What attachments may take up, and what goes when it is too much. */
#include <stdlib.h>

#include "attachment/attachments_impl.h"
#include "support/fleet_attachment.h"

enum { SOON_MS = 300000, FILE_SIZE = 600000, CACHED = 1500000 };

/* Of all budgets of a node, this one. */
struct look {
	const char * name;
	struct budget found;
};

static void
look_at(void * user, const struct budget * b)
{
	struct look * look = user;

	if (strcmp(b->name, look->name) == 0)
		look->found = *b;
}

static struct budget
budget_of(struct fleet * f, size_t i, const char * name)
{
	struct look look = {.name = name};
	const struct budget_walk walk = {look_at, &look};

	node_budgets(f->nodes[i].node, &walk);
	assert_non_null(look.found.name);
	return (look.found);
}

/* Node 0 gives node 1 a file, which reads it. */
static void
give(struct fleet * f, const uint8_t group_pk[32], size_t n, struct cid * cid)
{
	struct fleet_call * call;

	fleet_attach(f, 0, FILE_SIZE, cid);
	fleet_send_attached(f, 0, group_pk, "a file", cid);
	sim_assert(f->sim, fleet_wait_count(f, 1, group_pk, n, SOON_MS));
	call = fleet_begin_retrieve(f, 1, cid);
	fleet_must(f, 1, call);
	sim_assert(f->sim, fleet_retrieved(f, call) == FILE_SIZE);
	fleet_end(call);
	sim_run_for(f->sim, 2000);
}

static bool
is_here(struct fleet * f, size_t i, const struct cid * cid)
{
	struct attachment_register r;

	sim_assert(f->sim, fleet_attachment(f, i, cid, &r));
	sim_assert(f->sim, r.complete == (r.held > 0));
	return (r.complete);
}

static void
what_was_read_longest_ago_goes_first(void ** state)
{
	struct fleet_config two = {.n = 2};
	struct attachments * a;
	uint8_t group_pk[32];
	struct budget cached;
	struct cid cids[4];
	struct fleet f;

	(void)state;
	two.attachments[1].cached_max = CACHED;
	fleet_start(&f, 1, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, 1, &cids[0]);
	give(&f, group_pk, 2, &cids[1]);
	cached = budget_of(&f, 1, "attachment.cached_bytes");
	sim_assert(f.sim, cached.used > 2 * FILE_SIZE &&
	    cached.used < CACHED && cached.refused == 0);
	/* What is pinned stays, and is not counted. */
	a = node_attachments(f.nodes[1].node);
	assert_int_equal(store_begin(a->store), 0);
	assert_int_equal(attachments_pin(a, &cids[0]), 0);
	assert_int_equal(store_commit(a->store, NULL), 0);
	attachments_changed(a);
	give(&f, group_pk, 3, &cids[2]);
	sim_assert(f.sim, is_here(&f, 1, &cids[1]));
	give(&f, group_pk, 4, &cids[3]);
	sim_assert(f.sim, is_here(&f, 1, &cids[0]));
	sim_assert(f.sim, !is_here(&f, 1, &cids[1]));
	sim_assert(f.sim, is_here(&f, 1, &cids[2]));
	sim_assert(f.sim, is_here(&f, 1, &cids[3]));
	cached = budget_of(&f, 1, "attachment.cached_bytes");
	sim_assert(f.sim, cached.used > 2 * FILE_SIZE &&
	    cached.used < CACHED && cached.refused == 1);
	/* It is counted the same after a restart. */
	fleet_close(&f, 1);
	fleet_open(&f, 1);
	a = node_attachments(f.nodes[1].node);
	attachment_cache_count(a);
	sim_assert(f.sim, budget_of(&f, 1, "attachment.cached_bytes").used ==
	    cached.used);
	/* Own files are pinned. */
	sim_assert(f.sim, is_here(&f, 0, &cids[0]));
	fleet_stop(&f);
}

static bool
has_none(void * user)
{
	return (!fleet_has_blocks(user, 0));
}

static void
a_file_of_the_limit_is_taken_and_one_byte_more_is_not(void ** state)
{
	struct fleet_config one = {.n = 1};
	struct fleet_call * call;
	struct fleet f;

	(void)state;
	one.attachments[0].size_max = FILE_SIZE;
	fleet_start(&f, 2, &one);
	call = fleet_begin_attachment(&f, 0, FILE_SIZE + 1);
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	assert_int_equal(call->err.code[0], ERR_IPFS_ADD);
	assert_int_equal(call->err.code[call->err.n - 1], ERR_INVALID_INPUT);
	fleet_end(call);
	sim_assert(f.sim, sim_run_until(f.sim, has_none, &f, SOON_MS));
	call = fleet_begin_attachment(&f, 0, FILE_SIZE);
	fleet_must(&f, 0, call);
	fleet_end(call);
	fleet_stop(&f);
}

/* --- cut into bytes --------------------------------------------------------- */

enum { CRUMBS = 1000 };

static void
put_varint(struct buffer * out, uint8_t tag, uint64_t v)
{
	buffer_byte(out, tag);
	buffer_uvarint(out, v);
}

static void
put_prefixed(struct buffer * out, uint8_t tag, struct slice bytes)
{
	put_varint(out, tag, bytes.n);
	buffer_slice(out, bytes);
}

/* A file as a hostile member may cut it: a block for each byte. */
static void
put_crumbs(struct attachments * a, struct slice sealed,
    struct attachment_register * r)
{
	struct buffer root = {0}, file = {0}, link = {0};
	struct cid cid;
	size_t i;

	put_varint(&file, 0x08, 2);
	put_varint(&file, 0x18, sealed.n);
	for (i = 0; i < sealed.n; i++) {
		cid_of(&cid, CID_RAW, slice_of(sealed.p + i, 1));
		assert_int_equal(attachment_blocks_put(a->store, r->id, &cid,
		    slice_of(sealed.p + i, 1), &r->held), 0);
		buffer_clear(&link);
		put_prefixed(&link, 0x0a, cid_slice(&cid));
		put_prefixed(&root, 0x12, buffer_all(&link));
		put_varint(&file, 0x20, 1);
	}
	put_prefixed(&root, 0x0a, buffer_all(&file));
	cid_of(&r->cid, CID_DAG_PB, buffer_all(&root));
	assert_int_equal(attachment_blocks_put(a->store, r->id, &r->cid,
	    buffer_all(&root), &r->held), 0);
	buffer_free(&root);
	buffer_free(&file);
	buffer_free(&link);
}

static void
note_wake(void * user)
{
	++*(unsigned *)user;
}

static void
a_file_that_is_cut_into_bytes_lets_others_have_their_turns(void ** state)
{
	struct fleet_config one = {.n = 1};
	struct attachment_register g = {.cipher = ATTACHMENT_BERTY,
	    .key = {7}};
	struct attachment_reader * reader;
	struct buffer sealed = {0}, clear = {0};
	uint8_t bytes[CRUMBS] = {0};
	unsigned wakes = 0, turns = 0;
	struct attachments * a;
	struct error err = {0};
	struct fleet f;
	int rc;

	(void)state;
	fleet_start(&f, 5, &one);
	a = node_attachments(f.nodes[0].node);
	attachment_seal_block(&sealed, g.key, 0, slice_of(bytes, CRUMBS));
	assert_int_equal(store_begin(a->store), 0);
	assert_int_equal(attachment_blocks_begin(a->store, &g.id), 0);
	put_crumbs(a, buffer_all(&sealed), &g);
	assert_int_equal(attachment_blocks_keep(a->store, g.id), 0);
	assert_int_equal(attachment_register_save(a->store, &g), 0);
	assert_int_equal(store_commit(a->store, NULL), 0);
	assert_int_equal(attachment_reader_new(a, &g.cid, note_wake, &wakes,
	    &reader, &err), 0);
	while ((rc = attachment_reader_next(reader, &clear, &err)) == 0) {
		turns++;
		sim_run_for(f.sim, 1);
		assert_int_equal(wakes, turns);
	}
	assert_int_equal(rc, 1);
	assert_int_equal(clear.n, CRUMBS);
	assert_true(turns >= CRUMBS / ATTACHMENTS_STEPS);
	attachment_reader_free(reader);
	buffer_free(&sealed);
	buffer_free(&clear);
	fleet_stop(&f);
}

static void
a_file_larger_than_the_limit_is_not_fetched(void ** state)
{
	struct fleet_config two = {.n = 2};
	struct attachment_register r;
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;

	(void)state;
	two.attachments[1].size_max = 100000;
	fleet_start(&f, 3, &two);
	fleet_gather(&f, group_pk);
	fleet_attach(&f, 0, FILE_SIZE, &cid);
	fleet_send_attached(&f, 0, group_pk, "a file", &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	call = fleet_begin_retrieve(&f, 1, &cid);
	sim_assert(f.sim, !fleet_wait(&f, 1, call));
	assert_int_equal(call->err.code[0], ERR_IPFS_GET);
	assert_int_equal(call->err.code[call->err.n - 1], ERR_INVALID_INPUT);
	fleet_end(call);
	/* Its root alone came. */
	sim_assert(f.sim, fleet_attachment(&f, 1, &cid, &r));
	sim_assert(f.sim, r.held < 1000);
	fleet_stop(&f);
}

/* While it is read it stays, however much it is. */
static void
more_than_there_is_room_for_goes_when_it_was_read(void ** state)
{
	struct fleet_config two = {.n = 2};
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;

	(void)state;
	two.attachments[1].cached_max = FILE_SIZE / 2;
	fleet_start(&f, 6, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, 1, &cid);
	sim_assert(f.sim, !is_here(&f, 1, &cid));
	sim_assert(f.sim, budget_of(&f, 1,
	    "attachment.cached_bytes").used == 0);
	sim_assert(f.sim, !fleet_has_blocks(&f, 1));
	fleet_stop(&f);
}

/* A message with n attachments that are made up, as a peer may send it. */
static void
send_many(struct fleet * f, const uint8_t group_pk[32], size_t n)
{
	struct event_attachment * list = calloc(n, sizeof(*list));
	struct cid * cids = calloc(n, sizeof(*cids));
	struct buffer secrets = {0};
	struct node_group * g;
	struct node_tx * tx;
	uint8_t key[32] = {1};
	size_t i, size;

	attachment_secret_write(&secrets, ATTACHMENT_BERTY, key);
	size = secrets.n;
	for (i = 0; i < n; i++) {
		cid_of(&cids[i], CID_DAG_PB, slice_of(&i, sizeof(i)));
		list[i] = (struct event_attachment){cid_slice(&cids[i]),
		    slice_of(secrets.p, size)};
	}
	g = node_find(f->nodes[0].node, slice_of(group_pk, 32));
	assert_int_equal(node_begin(f->nodes[0].node, &tx, NULL), 0);
	node_touch(tx, g);
	assert_int_equal(group_write_attached_message(node_group_of(g),
	    slice_text("many"), list, n, NULL, NULL), 0);
	assert_int_equal(node_commit(tx, NULL, NULL, NULL), 0);
	buffer_free(&secrets);
	free(list);
	free(cids);
}

static int
count(void * user, const struct attachment_register * r)
{
	(void)r;
	++*(size_t *)user;
	return (0);
}

static void
keys_of_256_attachments_of_an_event_are_kept(void ** state)
{
	static const struct fleet_config two = {.n = 2};
	API(AppMessageSend__Request) request =
	    API_INIT(APP_MESSAGE_SEND__REQUEST);
	ProtobufCBinaryData * list = calloc(257, sizeof(*list));
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;
	size_t i, n = 0;

	(void)state;
	fleet_start(&f, 4, &two);
	fleet_gather(&f, group_pk);
	send_many(&f, group_pk, 257);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	assert_int_equal(attachment_register_each(
	    node_store(f.nodes[1].node), count, &n), 0);
	assert_int_equal(n, 256);
	/* And so many are sent. */
	fleet_attach(&f, 0, 10, &cid);
	for (i = 0; i < 257; i++)
		list[i] = protobuf_bytes(cid_slice(&cid));
	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	request.attachment_cids = list;
	request.n_attachment_cids = 257;
	call = fleet_begin(&f, 0, "AppMessageSend", &request);
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	assert_int_equal(call->err.code[0], ERR_ORBIT_DB_APPEND);
	assert_int_equal(call->err.code[call->err.n - 1], ERR_INVALID_INPUT);
	fleet_end(call);
	request.n_attachment_cids = 256;
	fleet_tell(&f, 0, "AppMessageSend", &request);
	fleet_stop(&f);
	free(list);
}

static void
begin(struct attachments * a)
{
	assert_int_equal(store_begin(a->store), 0);
}

static void
commit(struct attachments * a)
{
	assert_int_equal(store_commit(a->store, NULL), 0);
}

static void
a_block_that_two_share_goes_with_the_second(void ** state)
{
	static const struct fleet_config one = {.n = 1};
	struct slice block = slice_text("shared");
	uint64_t ids[2], held[2] = {0};
	struct attachments * a;
	struct fleet f;
	struct cid cid;
	size_t i;

	(void)state;
	fleet_start(&f, 5, &one);
	a = node_attachments(f.nodes[0].node);
	cid_of(&cid, CID_RAW, block);
	begin(a);
	for (i = 0; i < 2; i++) {
		assert_int_equal(attachment_blocks_begin(a->store, &ids[i]), 0);
		assert_int_equal(attachment_blocks_keep(a->store, ids[i]), 0);
		assert_int_equal(attachment_blocks_put(a->store, ids[i],
		    &cid, block,
		    &held[i]), 0);
		assert_int_equal(attachment_blocks_put(a->store, ids[i],
		    &cid, block,
		    &held[i]), 0);
		assert_int_equal(held[i], block.n);
	}
	commit(a);
	for (i = 0; i < 2; i++) {
		sim_assert(f.sim, attachment_blocks_has(a->store, &cid));
		begin(a);
		assert_int_equal(attachment_blocks_doom(a->store, ids[i]), 0);
		commit(a);
		attachments_changed(a);
		sim_run_for(f.sim, 1000);
	}
	sim_assert(f.sim, !attachment_blocks_has(a->store, &cid));
	sim_assert(f.sim, has_none(&f));
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_read_longest_ago_goes_first),
	    cmocka_unit_test(
	        a_file_of_the_limit_is_taken_and_one_byte_more_is_not),
	    cmocka_unit_test(
	        a_file_that_is_cut_into_bytes_lets_others_have_their_turns),
	    cmocka_unit_test(a_file_larger_than_the_limit_is_not_fetched),
	    cmocka_unit_test(
	        more_than_there_is_room_for_goes_when_it_was_read),
	    cmocka_unit_test(keys_of_256_attachments_of_an_event_are_kept),
	    cmocka_unit_test(a_block_that_two_share_goes_with_the_second),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
