/* Archives that are whole, changed, cut off or not what they should be. */
#include "account/account_fixture.h"

#include "account/archive.h"
#include "account/export.h"
#include "account/restore.h"
#include "attachment/attachment_move.h"
#include "codec/multibase.h"
#include "log/log.h"

#include <stdio.h>

struct fixture {
	struct home from;
	struct buffer archive;
};

/* An empty store. */
struct place {
	struct sim * sim;
	struct world * world;
	struct store * store;
	struct secret_arena * secrets;
	struct network_list networks;
	struct error err;
};

static void
place_new(struct place * p)
{
	const struct store_config config = {0};

	*p = (struct place){.sim = sim_new(2)};
	p->world = sim_node(p->sim);
	p->secrets = secret_arena_new();
	network_list_add(&p->networks, network_get(NETWORK_BERTY));
	assert_int_equal(store_open(p->world, &config, &p->store, NULL), 0);
}

static void
place_free(struct place * p)
{
	store_close(p->store);
	secret_arena_free(p->secrets);
	sim_free(p->sim);
}

/* Restore in pieces; the code.  What fails is undone. */
static int
restore_pieces(struct place * p, struct slice archive, size_t piece,
    const char * passphrase)
{
	struct restore_config config = {
	    .context = {p->world, p->store, p->secrets},
	    .networks = &p->networks, .sealed = passphrase != NULL,
	    .passphrase = slice_text(passphrase)};
	const struct network * network;
	struct restore * r;
	size_t at, n;
	int status;

	error_clear(&p->err);
	if ((status = restore_new(&config, &r, &p->err)) != 0)
		return (status);
	assert_int_equal(store_begin(p->store), 0);
	for (at = 0; status == 0 && at < archive.n; at += n) {
		n = archive.n - at < piece ? archive.n - at : piece;
		status = restore_read(r, slice_of(archive.p + at, n),
		    &p->err);
	}
	if (status == 0)
		status = restore_finish(r, &network, &p->err);
	restore_free(r);
	if (status == 0)
		assert_int_equal(store_commit(p->store, NULL), 0);
	else {
		store_rollback(p->store);
		assert_true(p->err.n > 0 && p->err.text[0] != '\0');
	}
	return (status);
}

static int
restore(struct slice archive, const char * passphrase)
{
	struct place p;
	int status;

	place_new(&p);
	status = restore_pieces(&p, archive, 1000, passphrase);
	place_free(&p);
	return (status);
}

static void
export_all(struct home * h, struct export * e, struct buffer * out)
{
	int more = 1;

	(void)h;
	while (more == 1)
		more = export_next(e, out);
	assert_int_equal(more, 0);
	export_free(e);
}

static void
write_events(struct home * h, unsigned n)
{
	struct error err = {0};

	assert_int_equal(store_begin(h->store), 0);
	while (n-- > 0)
		assert_int_equal(account_reset_reference(h->account, &err), 0);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static struct export *
export_begin(struct home * h)
{
	const struct group_context context = {h->world, h->store, h->secrets};
	struct export * e;

	assert_int_equal(export_new(&context, h->account, &e, NULL), 0);
	return (e);
}

static int
set_up(void ** state)
{
	static struct fixture f;

	f = (struct fixture){0};
	home_new(&f.from, 1);
	write_events(&f.from, 3);
	export_all(&f.from, export_begin(&f.from), &f.archive);
	*state = &f;
	return (0);
}

static int
tear_down(void ** state)
{
	struct fixture * f = *state;

	buffer_free(&f->archive);
	home_free(&f->from);
	return (0);
}

/* --- as it should be ------------------------------------------------------ */

static void
an_archive_is_read_in_pieces_of_any_size(void ** state)
{
	struct fixture * f = *state;
	const size_t pieces[] = {1, 511, 512, 513, 100000};
	struct group_context context;
	struct account * a;
	struct place p;
	uint8_t was[32], is[32];
	size_t i;

	assert_true(account_seed(f->from.account, was));
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		place_new(&p);
		assert_int_equal(restore_pieces(&p, buffer_all(&f->archive),
		    pieces[i], NULL), 0);
		context = (struct group_context){p.world, p.store, p.secrets};
		assert_int_equal(account_open(&context,
		    network_get(NETWORK_BERTY), NULL, &a, NULL), 0);
		assert_memory_equal(account_keys(a)->account.pub,
		    account_keys(f->from.account)->account.pub, 32);
		assert_memory_not_equal(account_keys(a)->device.pub,
		    account_keys(f->from.account)->device.pub, 32);
		/* What was said is known before anything new is. */
		assert_true(account_seed(a, is));
		assert_memory_equal(is, was, 32);
		account_close(a);
		place_free(&p);
	}
}

static void
a_second_account_is_refused(void ** state)
{
	struct fixture * f = *state;
	struct place p;

	place_new(&p);
	assert_int_equal(restore_pieces(&p, buffer_all(&f->archive), 4096,
	    NULL), 0);
	assert_int_equal(restore_pieces(&p, buffer_all(&f->archive), 4096,
	    NULL), -ERR_INVALID_INPUT);
	place_free(&p);
}

static void
what_follows_the_end_is_not_read(void ** state)
{
	struct fixture * f = *state;
	struct buffer longer = {0};

	buffer_slice(&longer, buffer_all(&f->archive));
	buffer_text(&longer, "garbage of a reader that sends whole buffers");
	assert_int_equal(restore(buffer_all(&longer), NULL), 0);
	buffer_free(&longer);
}

/* A file in front of the archive. */
static int
restore_behind(struct fixture * f, const char * name, struct slice bytes)
{
	struct buffer more = {0};
	int status;

	assert_int_equal(archive_add(&more, slice_text(name), bytes), 0);
	buffer_slice(&more, buffer_all(&f->archive));
	status = restore(buffer_all(&more), NULL);
	buffer_free(&more);
	return (status);
}

static void
files_of_others_are_passed_over_whatever_their_size(void ** state)
{
	struct fixture * f = *state;
	struct buffer large = {0};

	assert_non_null(buffer_grow(&large, 5U << 20));
	memset(large.p, 7, large.n);
	assert_int_equal(restore_behind(f, "messenger/local_db_state",
	    buffer_all(&large)), 0);
	/* But not one of ours. */
	assert_int_equal(restore_behind(f, "entries/bafy",
	    buffer_all(&large)), -ERR_INVALID_INPUT);
	buffer_free(&large);
}

/* --- as it should not be -------------------------------------------------- */

static void
an_archive_that_is_cut_off_anywhere_is_refused(void ** state)
{
	struct fixture * f = *state;
	size_t n;

	for (n = 0; n <= f->archive.n - 1024; n += 256)
		assert_int_not_equal(restore(slice_of(f->archive.p, n), NULL),
		    0);
}

static void
a_changed_byte_of_an_entry_or_a_key_is_seen(void ** state)
{
	struct fixture * f = *state;
	uint8_t * p = f->archive.p;
	size_t at, heads = 0, seen = 0;

	for (at = 0; at + 6 < f->archive.n && heads == 0; at += 512)
		if (memcmp(p + at, "heads/", 6) == 0)
			heads = at;
	assert_true(heads > 0);
	for (at = 0; at < heads; at += 13) {
		int status;

		p[at] ^= 0x20;
		status = restore(buffer_all(&f->archive), NULL);
		p[at] ^= 0x20;
		seen += status != 0;
		/* Only what pads a file, or ends a header's sum, says
		 * nothing. */
		if (status == 0)
			assert_true(p[at] == 0 ||
			    (p[at] == ' ' && at % 512 == 155));
	}
	assert_true(seen > 100);
}

static void
keys_come_once(void ** state)
{
	struct fixture * f = *state;
	struct slice key = slice_of(f->archive.p + 512, 68);

	assert_int_equal(restore_behind(f, EXPORT_ACCOUNT_KEY, key),
	    -ERR_INTERNAL);
	assert_int_equal(restore_behind(f, EXPORT_PROOF_KEY, key),
	    -ERR_INTERNAL);
}

static void
a_key_of_another_size_or_kind_is_refused(void ** state)
{
	struct fixture * f = *state;
	uint8_t key[68];

	memcpy(key, f->archive.p + 512, sizeof(key));
	assert_int_equal(restore_behind(f, EXPORT_ACCOUNT_KEY,
	    slice_of(key, 67)), -ERR_INTERNAL);
	key[1] = 0;
	assert_int_equal(restore_behind(f, EXPORT_ACCOUNT_KEY,
	    slice_of(key, 68)), -ERR_INTERNAL);
}

static void
an_archive_without_keys_is_no_account(void ** state)
{
	struct buffer empty = {0};

	(void)state;
	archive_end(&empty);
	assert_int_equal(restore(buffer_all(&empty), NULL),
	    -ERR_INVALID_INPUT);
	buffer_free(&empty);
}

/* --- attachments ---------------------------------------------------------- */

/* A sealed file of one block, and what an archive says of it. */
struct file {
	uint8_t bytes[116];
	struct cid cid;
	char line[256];
};

static void
file_in(struct file * file, enum attachment_cipher cipher, const char * how,
    unsigned bytes)
{
	const uint8_t key[32] = {1};
	struct buffer secret = {0}, text = {0};

	memset(file->bytes, 7, sizeof(file->bytes));
	cid_of(&file->cid, CID_RAW, slice_of(file->bytes,
	    sizeof(file->bytes)));
	attachment_secret_write(&secret, cipher, key);
	hex_encode(&text, buffer_all(&secret));
	snprintf(file->line, sizeof(file->line), "%.*s %s %u 5\n",
	    (int)text.n, (const char *)text.p, how, bytes);
	buffer_free(&secret);
	buffer_free(&text);
}

static void
file_new(struct file * file, const char * how, unsigned bytes)
{

	file_in(file, ATTACHMENT_BERTY, how, bytes);
}

static void
add(struct buffer * out, const char * folder, const struct cid * cid,
    struct slice bytes)
{
	struct buffer name = {0};

	buffer_text(&name, folder);
	cid_encode(&name, cid);
	assert_int_equal(archive_add(out, buffer_all(&name), bytes), 0);
	buffer_free(&name);
}

/* With so many descriptions and blocks in front; the code. */
static int
restore_file(struct fixture * f, const struct file * file, unsigned lines,
    unsigned blocks)
{
	struct slice block = slice_of(file->bytes, sizeof(file->bytes));
	struct buffer all = {0};
	int status;

	while (lines-- > 0)
		add(&all, EXPORT_ATTACHMENTS, &file->cid,
		    slice_text(file->line));
	while (blocks-- > 0)
		add(&all, EXPORT_BLOCKS, &file->cid, block);
	buffer_slice(&all, buffer_all(&f->archive));
	status = restore(buffer_all(&all), NULL);
	buffer_free(&all);
	return (status);
}

static void
a_block_follows_the_attachment_that_it_is_of(void ** state)
{
	struct fixture * f = *state;
	struct file file;

	file_new(&file, "pinned", 100);
	assert_int_equal(restore_file(f, &file, 1, 1), 0);
	/* What is not whole is fetched later. */
	assert_int_equal(restore_file(f, &file, 1, 0), 0);
	assert_int_equal(restore_file(f, &file, 0, 1), -ERR_INVALID_INPUT);
	assert_int_equal(restore_file(f, &file, 1, 2), -ERR_INVALID_INPUT);
	assert_int_equal(restore_file(f, &file, 2, 0), -ERR_INVALID_INPUT);
}

static void
an_attachment_is_as_large_as_it_should_be(void ** state)
{
	struct fixture * f = *state;
	struct file file;

	file_new(&file, "fetched", 99);
	assert_int_equal(restore_file(f, &file, 1, 1), -ERR_INVALID_INPUT);
	file_new(&file, "fetched", 100);
	assert_int_equal(restore_file(f, &file, 1, 1), 0);
	file_in(&file, ATTACHMENT_PLAIN, "fetched", 116);
	assert_int_equal(restore_file(f, &file, 1, 1), 0);
	file_in(&file, ATTACHMENT_PLAIN, "fetched", 100);
	assert_int_equal(restore_file(f, &file, 1, 1), -ERR_INVALID_INPUT);
}

static void
a_changed_block_is_refused(void ** state)
{
	struct fixture * f = *state;
	struct file file;

	file_new(&file, "pinned", 100);
	file.bytes[50] ^= 1;
	assert_int_equal(restore_file(f, &file, 1, 1), -ERR_INVALID_INPUT);
}

static void
a_description_that_does_not_read_is_refused(void ** state)
{
	struct fixture * f = *state;
	struct file file;
	size_t n;

	file_new(&file, "kept", 100);
	assert_int_equal(restore_file(f, &file, 1, 1), -ERR_INVALID_INPUT);
	file_new(&file, "pinned", 100);
	for (n = strlen(file.line); n-- > 0;) {
		file.line[n] = '\0';
		assert_int_equal(restore_file(f, &file, 1, 1),
		    -ERR_INVALID_INPUT);
	}
}

/* --- sealed --------------------------------------------------------------- */

/* A head that costs nothing. */
static void
seal(struct fixture * f, const char * passphrase, struct buffer * sealed)
{
	struct export * e = export_begin(&f->from);
	uint8_t head[SEALED_HEAD], key[32];

	sealed_head(f->from.world, head);
	memcpy(head + 16, "\0\0\0\1\0\0\0\10", 8);
	assert_int_equal(sealed_key(key, head, slice_text(passphrase)), 0);
	export_seal(e, head, key);
	export_all(&f->from, e, sealed);
}

static void
a_sealed_archive_opens_with_its_passphrase_alone(void ** state)
{
	struct fixture * f = *state;
	struct buffer sealed = {0};

	seal(f, "open sesame", &sealed);
	assert_int_equal(restore(buffer_all(&sealed), "open sesame"), 0);
	assert_int_equal(restore(buffer_all(&sealed), "open barley"),
	    -ERR_CRYPTO_DECRYPT);
	assert_int_equal(restore(buffer_all(&sealed), NULL),
	    -ERR_INVALID_INPUT);
	assert_int_equal(restore(buffer_all(&f->archive), "open sesame"),
	    -ERR_INVALID_INPUT);
	buffer_free(&sealed);
}

static void
any_change_of_a_sealed_archive_is_seen(void ** state)
{
	struct fixture * f = *state;
	struct buffer sealed = {0};
	size_t at;

	write_events(&f->from, 100);
	seal(f, "x", &sealed);
	assert_true(sealed.n > 2 * SEALED_PIECE);
	for (at = 24; at < sealed.n; at += 1021) {
		sealed.p[at] ^= 1;
		assert_int_not_equal(restore(buffer_all(&sealed), "x"), 0);
		sealed.p[at] ^= 1;
	}
	for (at = 0; at < sealed.n; at += 4093)
		assert_int_not_equal(restore(slice_of(sealed.p, at), "x"), 0);
	/* Cut off between two pieces; and something behind the end. */
	assert_int_not_equal(restore(slice_of(sealed.p, SEALED_HEAD +
	    SEALED_PIECE + 17), "x"), 0);
	buffer_byte(&sealed, 0);
	assert_int_not_equal(restore(buffer_all(&sealed), "x"), 0);
	buffer_free(&sealed);
}

static void
a_head_that_asks_for_too_much_is_refused(void ** state)
{
	struct fixture * f = *state;
	struct buffer sealed = {0};

	seal(f, "x", &sealed);
	memcpy(sealed.p + 16, "\0\0\0\21\0\0\0\10", 8);
	assert_int_equal(restore(buffer_all(&sealed), "x"),
	    -ERR_INVALID_INPUT);
	memcpy(sealed.p + 16, "\0\0\0\1\0\20\0\1", 8);
	assert_int_equal(restore(buffer_all(&sealed), "x"),
	    -ERR_INVALID_INPUT);
	buffer_free(&sealed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_archive_is_read_in_pieces_of_any_size),
		TEST(a_second_account_is_refused),
		TEST(what_follows_the_end_is_not_read),
		TEST(files_of_others_are_passed_over_whatever_their_size),
		TEST(an_archive_that_is_cut_off_anywhere_is_refused),
		TEST(a_changed_byte_of_an_entry_or_a_key_is_seen),
		TEST(keys_come_once),
		TEST(a_key_of_another_size_or_kind_is_refused),
		TEST(an_archive_without_keys_is_no_account),
		TEST(a_block_follows_the_attachment_that_it_is_of),
		TEST(an_attachment_is_as_large_as_it_should_be),
		TEST(a_changed_block_is_refused),
		TEST(a_description_that_does_not_read_is_refused),
		TEST(a_sealed_archive_opens_with_its_passphrase_alone),
		TEST(any_change_of_a_sealed_archive_is_seen),
		TEST(a_head_that_asks_for_too_much_is_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
