/* A client stream with an end to it: a file goes in by the C API, and comes
 * out again. */
#include "library/library_fixture.h"

enum { PIECE = 300000, PIECES = 12 };

/* A call under way. */
struct stream {
	struct berty * ctx;
	berty_id call;
	uint8_t cid[64];
	size_t n_cid;
	uint64_t got;             /* bytes of the file, all of them right */
	bool wrong, room;
	int ended, code;
};

static uint8_t
byte_at(uint64_t i)
{
	return ((uint8_t)(i % 253));
}

static int
on_cid(void * user, berty_id call, const void * p, size_t n)
{
	struct stream * s = user;
	struct berty_field f = berty_get(p, n, 1);

	(void)call;
	if (f.n <= sizeof(s->cid)) {
		memcpy(s->cid, f.p, f.n);
		s->n_cid = f.n;
	}
	return (BERTY_MORE);
}

static int
on_block(void * user, berty_id call, const void * p, size_t n)
{
	struct stream * s = user;
	struct berty_field f = berty_get(p, n, 2);
	size_t i;

	(void)call;
	for (i = 0; i < f.n; i++)
		s->wrong |= f.p[i] != byte_at(s->got++);
	return (BERTY_MORE);
}

static void
on_writable(void * user, berty_id call)
{
	(void)call;
	((struct stream *)user)->room = true;
}

static void
on_end(void * user, berty_id call, const struct berty_error * err)
{
	struct stream * s = user;

	(void)call;
	s->ended++;
	s->code = err == NULL ? 0 : err->code[0];
}

static void
send_file(struct party * a, struct stream * s)
{
	static uint8_t message[PIECE + 100], block[PIECE];
	struct berty_writer w;
	size_t i, k;
	int rc;

	CALL_OK(berty_call_send(a->b, s->call, "", 0));
	for (k = 0; k < PIECES; k++) {
		for (i = 0; i < PIECE; i++)
			block[i] = byte_at(k * PIECE + i);
		w = (struct berty_writer){message, sizeof(message), 0};
		berty_put_bytes(&w, 1, block, PIECE);
		for (;;) {
			s->room = false;
			rc = berty_call_send(a->b, s->call, w.p, w.n);
			if (rc != -BERTY_ERR_STREAM_WRITE)
				break;
			while (!s->room)
				let_pass(a->b, 5);
		}
		CALL_OK(rc);
	}
	CALL_OK(berty_call_close_send(a->b, s->call));
}

static void
a_file_goes_in_and_comes_out(void ** state)
{
	struct berty_handler in = {.size = sizeof(in), .reply = on_cid,
	    .end = on_end, .writable = on_writable};
	struct berty_handler out = {.size = sizeof(out), .reply = on_block,
	    .end = on_end};
	struct stream s = {0}, r = {0};
	struct party a = {0};
	struct berty * ctx;
	struct berty_writer w;
	uint8_t request[100];

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	CALL_OK(berty_call(ctx, a.node, "AttachmentPrepare", NULL, 0, &in, &s,
	    &s.call));
	send_file(&a, &s);
	while (s.ended == 0)
		let_pass(ctx, 5);
	assert_int_equal(s.code, 0);
	assert_int_equal(s.n_cid, 34);
	w = (struct berty_writer){request, sizeof(request), 0};
	berty_put_bytes(&w, 1, s.cid, s.n_cid);
	CALL_OK(berty_call(ctx, a.node, "AttachmentRetrieve", w.p, w.n, &out,
	    &r, &r.call));
	while (r.ended == 0)
		let_pass(ctx, 5);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.got, PIECE * PIECES);
	assert_false(r.wrong);
	berty_free(ctx);
}

/* Of more bytes than the node was opened for. */
static void
a_file_larger_than_the_configured_limit_is_refused(void ** state)
{
	struct berty_handler in = {.size = sizeof(in), .reply = on_cid,
	    .end = on_end};
	struct berty_node_config config = {.size = sizeof(config),
	    .attachment_max = 10};
	const uint8_t block[11] = {0};
	uint8_t message[20];
	struct berty_writer w;
	struct berty * ctx;
	berty_id node;
	size_t n;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(berty_open(ctx, &config, &node, NULL));
	for (n = 10; n <= 11; n++) {
		struct stream s = {0};

		CALL_OK(berty_call(ctx, node, "AttachmentPrepare", NULL, 0,
		    &in, &s, &s.call));
		CALL_OK(berty_call_send(ctx, s.call, "", 0));
		w = (struct berty_writer){message, sizeof(message), 0};
		berty_put_bytes(&w, 1, block, n);
		CALL_OK(berty_call_send(ctx, s.call, w.p, w.n));
		CALL_OK(berty_call_close_send(ctx, s.call));
		while (s.ended == 0)
			let_pass(ctx, 5);
		assert_int_equal(s.code != 0, n == 11);
	}
	berty_free(ctx);
}

/* A node that is closed ends what is under way. */
static void
a_node_that_closes_ends_the_stream(void ** state)
{
	struct berty_handler in = {.size = sizeof(in), .reply = on_cid,
	    .end = on_end, .writable = on_writable};
	struct stream s = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	CALL_OK(berty_call(ctx, a.node, "AttachmentPrepare", NULL, 0, &in, &s,
	    &s.call));
	CALL_OK(berty_call_send(ctx, s.call, "", 0));
	let_pass(ctx, 50);
	CALL_OK(berty_close(ctx, a.node));
	while (s.ended == 0)
		let_pass(ctx, 5);
	assert_int_not_equal(s.code, 0);
	berty_free(ctx);
	assert_int_equal(s.ended, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_goes_in_and_comes_out),
	    cmocka_unit_test(
	        a_file_larger_than_the_configured_limit_is_refused),
	    cmocka_unit_test(a_node_that_closes_ends_the_stream),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
