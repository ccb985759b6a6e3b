/* An account moves from one node to another through the C API. */
#include "library/library_fixture.h"

struct archive {
	uint8_t * p;
	size_t n, at;
	bool ended;
};

static int
take_piece(void * user, berty_id call, const void * bytes, size_t n)
{
	struct archive * a = user;
	struct berty_field f = berty_get(bytes, n, 1);

	(void)call;
	a->p = realloc(a->p, a->n + f.n + 1);
	assert_non_null(a->p);
	memcpy(a->p + a->n, f.p, f.n);
	a->n += f.n;
	return (BERTY_MORE);
}

static void
take_end(void * user, berty_id call, const struct berty_error * err)
{
	struct archive * a = user;

	(void)call;
	assert_null(err);
	a->ended = true;
}

static void
export_from(struct party * p, struct archive * a)
{
	const struct berty_handler handler = {.size = sizeof(handler),
	    .reply = take_piece, .end = take_end};
	uint64_t until = now_ms() + LONGEST_MS;

	*a = (struct archive){0};
	CALL_OK(berty_call(p->b, p->node, "InstanceExportData", NULL, 0,
	    &handler, a, NULL));
	while (!a->ended) {
		assert_true(now_ms() < until);
		let_pass(p->b, 5);
	}
}

static long
read_piece(void * user, void * bytes, size_t n)
{
	struct archive * a = user;

	if (n > 777)
		n = 777;
	if (n > a->n - a->at)
		n = a->n - a->at;
	memcpy(bytes, a->p + a->at, n);
	a->at += n;
	return ((long)n);
}

static long
read_nothing(void * user, void * bytes, size_t n)
{
	(void)user;
	(void)bytes;
	(void)n;
	return (-1);
}

static void
an_account_moves_to_another_node(void ** state)
{
	struct berty_node_config config = {.size = sizeof(config),
	    .read_archive = read_piece};
	struct party old = {0}, moved = {0};
	struct archive archive;
	struct berty * b;
	void * reply;
	uint8_t account[32];
	size_t n;

	(void)state;
	CALL_OK(berty_new(NULL, &b, NULL));
	party_open(&old, b, NULL);
	tell(&old, "MultiMemberGroupCreate", NULL);
	export_from(&old, &archive);
	CALL_OK(berty_close(b, old.node));
	config.restore_user = &archive;
	moved.b = b;
	CALL_OK(berty_open(b, &config, &moved.node, NULL));
	reply = must(&moved, "InstanceGetConfiguration", NULL, &n);
	copy_field(account, reply, n, 1);
	assert_memory_equal(account, old.account, 32);
	berty_bytes_free(reply, n);
	berty_free(b);
	free(archive.p);
}

static void
an_archive_that_is_none_opens_no_node(void ** state)
{
	struct berty_node_config config = {.size = sizeof(config),
	    .read_archive = read_nothing};
	struct berty * b;
	berty_id node;

	(void)state;
	CALL_OK(berty_new(NULL, &b, NULL));
	assert_int_equal(berty_open(b, &config, &node, NULL),
	    -BERTY_ERR_STREAM_READ);
	config.restore = "/nowhere/account.tar";
	assert_int_equal(berty_open(b, &config, &node, NULL),
	    -BERTY_ERR_INVALID_INPUT);
	config.read_archive = NULL;
	assert_int_equal(berty_open(b, &config, &node, NULL),
	    -BERTY_ERR_STREAM_READ);
	berty_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_moves_to_another_node),
		cmocka_unit_test(an_archive_that_is_none_opens_no_node),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
