/* Files that nodes give each other. */
#include <stdlib.h>

#include "support/fleet_attachment.h"
#include "sync/sync_impl.h"

enum { SOON_MS = 300000, FILE_SIZE = 3000000 };

static const struct fleet_config two = {.n = 2}, three = {.n = 3};

/* Node 0 writes a file and tells the group of it. */
static void
give(struct fleet * f, const uint8_t group_pk[32], uint64_t size,
    struct cid * cid)
{
	fleet_attach(f, 0, size, cid);
	fleet_send_attached(f, 0, group_pk, "a file", cid);
}

static void
read_whole(struct fleet * f, size_t i, const struct cid * cid, uint64_t size)
{
	struct fleet_call * call = fleet_begin_retrieve(f, i, cid);
	struct attachment_register r;

	fleet_must(f, i, call);
	sim_assert(f->sim, fleet_retrieved(f, call) == size);
	fleet_end(call);
	sim_assert(f->sim, fleet_attachment(f, i, cid, &r));
	sim_assert(f->sim, r.complete && r.bytes == size);
}

static void
a_file_goes_from_one_to_the_other(void ** state)
{
	static const uint64_t sizes[] = {0, 1, 65520, 65521, 262144, FILE_SIZE};
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;
	size_t i;

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_gather(&f, group_pk);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		give(&f, group_pk, sizes[i], &cid);
		sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, i + 1,
		    SOON_MS));
		read_whole(&f, 1, &cid, sizes[i]);
		read_whole(&f, 0, &cid, sizes[i]);
	}
	fleet_stop(&f);
}

/* Node 1 stands between the two others. */
static bool
in_a_row(size_t from, size_t to)
{
	return (from == to + 1);
}

static void
who_has_fetched_a_file_gives_it_to_others(void ** state)
{
	struct fleet_config row = {.n = 3, .wired = in_a_row};
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 2, &row);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, FILE_SIZE, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, 1, SOON_MS));
	read_whole(&f, 1, &cid, FILE_SIZE);
	fleet_close(&f, 0);
	read_whole(&f, 2, &cid, FILE_SIZE);
	fleet_open(&f, 0);
	fleet_stop(&f);
}

/* Node i is told of a key by somebody else. */
static void
mislead(struct fleet * f, size_t i, const struct cid * cid,
    enum attachment_cipher cipher, uint8_t first)
{
	struct store * store = node_store(f->nodes[i].node);
	uint8_t key[32] = {first};
	struct buffer secret = {0};
	struct slice name = cid_slice(cid), value;
	struct attached a = {0};

	attachment_secret_write(&secret, cipher, key);
	value = buffer_all(&secret);
	a.n = 1;
	a.cids = &name;
	a.secrets = &value;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(attachment_register_learn(store, &a, 0), 0);
	assert_int_equal(store_commit(store, NULL), 0);
	buffer_free(&secret);
}

/* Whoever saw a CID can tell others a wrong key of it, before they have the
 * right one. */
static void
a_wrong_key_that_came_first_does_not_hide_the_right_one(void ** state)
{
	uint8_t group_pk[32], first;
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 19, &two);
	fleet_gather(&f, group_pk);
	for (first = 0; first < 2; first++) {
		fleet_attach(&f, 0, FILE_SIZE, &cid);
		mislead(&f, 1, &cid, first == 0 ? ATTACHMENT_BERTY
		    : ATTACHMENT_PLAIN, 1);
		mislead(&f, 1, &cid, ATTACHMENT_PLAIN, 2);
		mislead(&f, 1, &cid, ATTACHMENT_LONG, 3);
		fleet_send_attached(&f, 0, group_pk, "a file", &cid);
		sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk,
		    (size_t)first + 1, SOON_MS));
		mislead(&f, 1, &cid, ATTACHMENT_BERTY, 4);
		read_whole(&f, 1, &cid, FILE_SIZE);
		read_whole(&f, 1, &cid, FILE_SIZE);
	}
	fleet_stop(&f);
}

struct progress {
	struct fleet * f;
	struct fleet_call * call;
	size_t pieces;
};

static bool
has_pieces(void * user)
{
	const struct progress * p = user;

	return (p->call->finished || p->call->n >= p->pieces);
}

/* Cut off in the middle, it waits; healed, it goes on from there. */
static void
a_cut_in_the_middle_is_waited_out(void ** state)
{
	const struct sim_link slow = {.latency_ms = 10, .bytes_per_ms = 100};
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct progress p;
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 3, &three);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, FILE_SIZE, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_links(f.sim, &slow);
	call = fleet_begin_retrieve(&f, 1, &cid);
	p = (struct progress){&f, call, 8};
	sim_assert(f.sim, sim_run_until(f.sim, has_pieces, &p, SOON_MS));
	sim_assert(f.sim, !call->finished);
	sim_partition(f.sim, &f.nodes[0].w, 1);
	sim_run_for(f.sim, 120000);
	sim_assert(f.sim, !call->finished);
	sim_heal(f.sim);
	fleet_must(&f, 1, call);
	sim_assert(f.sim, fleet_retrieved(&f, call) == FILE_SIZE);
	fleet_end(call);
	fleet_stop(&f);
}

/* What came before a crash is not asked for again. */
static void
a_broken_download_is_continued_after_a_restart(void ** state)
{
	const struct sim_link slow = {.latency_ms = 10, .bytes_per_ms = 100};
	struct attachment_register before, after;
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct progress p;
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 4, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, FILE_SIZE, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_links(f.sim, &slow);
	call = fleet_begin_retrieve(&f, 1, &cid);
	p = (struct progress){&f, call, 16};
	sim_assert(f.sim, sim_run_until(f.sim, has_pieces, &p, SOON_MS));
	/* Until it is on disk. */
	sim_run_for(f.sim, 3000);
	sim_assert(f.sim, !call->finished);
	fleet_crash(&f, 1, SIM_CRASH_NOTHING);
	fleet_end(call);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_attachment(&f, 1, &cid, &before));
	sim_assert(f.sim, before.held > 500000 && !before.complete);
	call = fleet_begin_retrieve(&f, 1, &cid);
	/* It is here at once, without a peer. */
	sim_assert(f.sim, fleet_retrieved(&f, call) > 400000);
	fleet_must(&f, 1, call);
	sim_assert(f.sim, fleet_retrieved(&f, call) == FILE_SIZE);
	fleet_end(call);
	sim_assert(f.sim, fleet_attachment(&f, 1, &cid, &after));
	sim_assert(f.sim, after.complete && after.id == before.id);
	fleet_stop(&f);
}

static void
who_joins_the_message_later_has_the_key_too(void ** state)
{
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 5, &two);
	fleet_gather(&f, group_pk);
	fleet_close(&f, 1);
	give(&f, group_pk, FILE_SIZE, &cid);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	read_whole(&f, 1, &cid, FILE_SIZE);
	fleet_stop(&f);
}

static void
two_who_read_at_once_both_get_it(void ** state)
{
	struct fleet_call * calls[3];
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;
	size_t i;

	(void)state;
	fleet_start(&f, 6, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, FILE_SIZE, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	for (i = 0; i < 3; i++)
		calls[i] = fleet_begin_retrieve(&f, 1, &cid);
	/* One goes away: the others still get theirs. */
	fleet_end(calls[0]);
	for (i = 1; i < 3; i++) {
		fleet_must(&f, 1, calls[i]);
		sim_assert(f.sim,
		    fleet_retrieved(&f, calls[i]) == FILE_SIZE);
		fleet_end(calls[i]);
	}
	fleet_stop(&f);
}

static size_t
wants(struct fleet * f, size_t i)
{
	return (bitswap_wants(node_sync(f->nodes[i].node)->bitswap));
}

static void
who_stops_waiting_asks_for_nothing_any_more(void ** state)
{
	struct fleet_call * calls[2];
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;
	size_t i;

	(void)state;
	fleet_start(&f, 12, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, FILE_SIZE, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_close(&f, 0);
	for (i = 0; i < 2; i++)
		calls[i] = fleet_begin_retrieve(&f, 1, &cid);
	sim_run_for(f.sim, 60000);
	for (i = 0; i < 2; i++) {
		sim_assert(f.sim, wants(&f, 1) == 1);
		sim_assert(f.sim, !calls[i]->finished);
		calls[i]->call.cancelled = true;
		calls[i]->call.on_cancelled(&calls[i]->call);
		assert_int_equal(calls[i]->err.code[0], ERR_IPFS_GET);
		fleet_end(calls[i]);
	}
	sim_assert(f.sim, wants(&f, 1) == 0);
	fleet_open(&f, 0);
	fleet_stop(&f);
}

static void
a_node_that_closes_ends_what_is_under_way(void ** state)
{
	struct fleet_call * in, * out;
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 13, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, FILE_SIZE, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_close(&f, 0);
	out = fleet_begin_retrieve(&f, 1, &cid);
	in = fleet_begin_attachment(&f, 1, FILE_SIZE);
	fleet_close(&f, 1);
	sim_assert(f.sim, out->finished && out->failed);
	sim_assert(f.sim, in->finished);
	fleet_end(in);
	fleet_end(out);
	fleet_open(&f, 0);
	fleet_open(&f, 1);
	fleet_stop(&f);
}

static void
a_slow_reader_gets_it_as_it_reads(void ** state)
{
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct progress p;
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 7, &two);
	fleet_gather(&f, group_pk);
	give(&f, group_pk, 500000, &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	call = fleet_begin_retrieve(&f, 1, &cid);
	call->slow = true;
	for (p = (struct progress){&f, call, 1}; !call->finished; p.pieces++) {
		sim_assert(f.sim, sim_run_until(f.sim, has_pieces, &p,
		    SOON_MS));
		sim_run_for(f.sim, 1000);
		sim_assert(f.sim, call->finished || call->n == p.pieces);
		if (!call->finished)
			call->call.on_writable(&call->call);
	}
	sim_assert(f.sim, fleet_retrieved(&f, call) == 500000);
	fleet_end(call);
	fleet_stop(&f);
}

/* --- what is given up ------------------------------------------------------- */

static bool
has_none(void * user)
{
	return (!fleet_has_blocks(user, 0));
}

static void
a_file_that_is_broken_off_leaves_nothing(void ** state)
{
	API(AttachmentPrepare__Request) request =
	    API_INIT(ATTACHMENT_PREPARE__REQUEST);
	static const struct fleet_config one = {.n = 1};
	struct fleet_call * call;
	struct fleet f;
	uint8_t * bytes = calloc(1, 1 << 20);

	(void)state;
	fleet_start(&f, 8, &one);
	call = fleet_begin(&f, 0, "AttachmentPrepare", NULL);
	fleet_push(call, &request);
	request.block = protobuf_bytes(slice_of(bytes, 1 << 20));
	fleet_push(call, &request);
	sim_assert(f.sim, call->paused);
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, !call->paused);
	sim_assert(f.sim, fleet_has_blocks(&f, 0));
	fleet_end(call);
	sim_assert(f.sim, sim_run_until(f.sim, has_none, &f, SOON_MS));
	/* The same by a crash: freed at the next start. */
	call = fleet_begin(&f, 0, "AttachmentPrepare", NULL);
	fleet_push(call, &request);
	fleet_end(call);
	call = fleet_begin(&f, 0, "AttachmentPrepare", NULL);
	request.block = protobuf_bytes(slice_of(bytes, 0));
	fleet_push(call, &request);
	request.block = protobuf_bytes(slice_of(bytes, 1 << 20));
	fleet_push(call, &request);
	sim_run_for(f.sim, 1000);
	fleet_crash(&f, 0, SIM_CRASH_NOTHING);
	fleet_end(call);
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_has_blocks(&f, 0));
	sim_assert(f.sim, sim_run_until(f.sim, has_none, &f, SOON_MS));
	fleet_stop(&f);
	free(bytes);
}

static void
a_disk_that_is_full_is_told_of_and_nothing_is_answered(void ** state)
{
	static const struct fleet_config one = {.n = 1};
	struct sim_disk_stats stats;
	struct fleet_call * call;
	struct fleet f;

	(void)state;
	fleet_start(&f, 9, &one);
	sim_disk_stats(f.nodes[0].w, &stats);
	sim_disk_limit(f.nodes[0].w, stats.bytes + 1000000);
	call = fleet_begin_attachment(&f, 0, FILE_SIZE);
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	assert_int_equal(call->n, 0);
	assert_int_equal(call->err.code[0], ERR_IPFS_ADD);
	fleet_end(call);
	fleet_stop(&f);
}

/* The author sealed the last block with another key. */
static void
a_file_that_was_tampered_with_is_not_given(void ** state)
{
	struct attachment_register r;
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct store * s;
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 10, &two);
	fleet_gather(&f, group_pk);
	fleet_attach(&f, 0, 100000, &cid);
	s = node_store(f.nodes[0].node);
	sim_assert(f.sim, fleet_attachment(&f, 0, &cid, &r));
	r.key[0] ^= 1;
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(attachment_register_save(s, &r), 0);
	assert_int_equal(store_commit(s, NULL), 0);
	fleet_send_attached(&f, 0, group_pk, "a file", &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	call = fleet_begin_retrieve(&f, 1, &cid);
	sim_assert(f.sim, !fleet_wait(&f, 1, call));
	assert_int_equal(call->n, 0);
	assert_int_equal(call->err.code[0], ERR_STREAM_SINK);
	assert_int_equal(call->err.code[call->err.n - 1], ERR_CRYPTO_DECRYPT);
	fleet_end(call);
	fleet_stop(&f);
}

/* A long file that is cut at a block's border is one that Berty would take. */
static void
a_long_file_that_is_cut_off_is_noticed(void ** state)
{
	struct attachment_register r;
	static const struct fleet_config one = {.n = 1};
	struct fleet_call * call;
	struct store * s;
	struct fleet f;
	struct cid cid;

	(void)state;
	fleet_start(&f, 11, &one);
	fleet_attach(&f, 0, 100000, &cid);
	s = node_store(f.nodes[0].node);
	sim_assert(f.sim, fleet_attachment(&f, 0, &cid, &r));
	r.cipher = ATTACHMENT_LONG;
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(attachment_register_save(s, &r), 0);
	assert_int_equal(store_commit(s, NULL), 0);
	call = fleet_begin_retrieve(&f, 0, &cid);
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	assert_int_equal(call->err.code[call->err.n - 1], ERR_CRYPTO_DECRYPT);
	fleet_end(call);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_goes_from_one_to_the_other),
	    cmocka_unit_test(who_has_fetched_a_file_gives_it_to_others),
	    cmocka_unit_test(
	        a_wrong_key_that_came_first_does_not_hide_the_right_one),
	    cmocka_unit_test(a_cut_in_the_middle_is_waited_out),
	    cmocka_unit_test(a_broken_download_is_continued_after_a_restart),
	    cmocka_unit_test(who_joins_the_message_later_has_the_key_too),
	    cmocka_unit_test(two_who_read_at_once_both_get_it),
	    cmocka_unit_test(who_stops_waiting_asks_for_nothing_any_more),
	    cmocka_unit_test(a_node_that_closes_ends_what_is_under_way),
	    cmocka_unit_test(a_slow_reader_gets_it_as_it_reads),
	    cmocka_unit_test(a_file_that_is_broken_off_leaves_nothing),
	    cmocka_unit_test(
	        a_disk_that_is_full_is_told_of_and_nothing_is_answered),
	    cmocka_unit_test(a_file_that_was_tampered_with_is_not_given),
	    cmocka_unit_test(a_long_file_that_is_cut_off_is_noticed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
