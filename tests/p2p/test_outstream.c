#include "support/bytes.h"
#include "support/swarm.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/outstream.h"

static const char * const NEW_AND_OLD[] = {"/test/2", "/test/1", NULL};

/* Node 0 writes, node 1 reads what it serves. */
struct fixture {
	struct swarm swarm;
	struct outstream out;
	unsigned opened, drained, lost, which;
	int status;
	bool resets;                      /* as soon as it is opened */
	struct stream * in;
	struct buffer got;
};

static void
on_opened(void * user, unsigned which)
{
	struct fixture * f = user;

	f->opened++;
	f->which = which;
	if (f->resets)
		outstream_reset(&f->out);
}

static void
on_drained(void * user)
{
	((struct fixture *)user)->drained++;
}

static void
on_lost(void * user, int status)
{
	struct fixture * f = user;

	f->lost++;
	f->status = status;
}

static const struct outstream_handler handler = {on_opened, on_drained,
	on_lost};

static void
in_data(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	buffer_slice(&((struct fixture *)user)->got, bytes);
}

static void
in_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	((struct fixture *)user)->in = NULL;
}

static const struct stream_handler in_handler = {.data = in_data,
	.closed = in_closed};

static void
on_accept(void * user, struct stream * s, const char * protocol)
{
	struct fixture * f = user;

	(void)protocol;
	f->in = s;
	stream_handle(s, &in_handler, f);
}

/* Node 1 serves this protocol (NULL: none). */
static struct fixture *
start(const char * served)
{
	struct fixture * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	swarm_start(&f->swarm, 11, 2);
	if (served != NULL)
		assert_int_equal(0, host_serve(f->swarm.nodes[1].h, served,
		    on_accept, f));
	swarm_connect(&f->swarm, 0, 1);
	outstream_init(&f->out, f->swarm.nodes[0].h, &f->swarm.nodes[1].id,
	    NEW_AND_OLD, &handler, f);
	return (f);
}

static void
stop(struct fixture * f)
{
	outstream_free(&f->out);
	swarm_stop(&f->swarm);
	buffer_free(&f->got);
	free(f);
}

static void
run(struct fixture * f, uint64_t ms)
{
	sim_run_for(f->swarm.sim, ms);
}

static void
what_is_said_before_it_is_open_goes_in_order(void ** state)
{
	struct fixture * f = start("/test/1");

	(void)state;
	assert_int_equal(0, outstream_open(&f->out));
	assert_int_equal(0, outstream_send(&f->out, slice_text("one"), false));
	assert_int_equal(0, outstream_send(&f->out, slice_text("two"), false));
	assert_int_equal(0, f->opened);
	run(f, 500);
	assert_int_equal(1, f->opened);
	assert_int_equal(1, f->which);
	assert_true(f->drained > 0);
	assert_int_equal(0, outstream_send(&f->out, slice_text("three"),
	    false));
	run(f, 500);
	assert_text(buffer_all(&f->got), "\x03one\x03two\x05three");
	assert_int_equal(0, outstream_waiting(&f->out));
	assert_int_equal(0, f->lost);
	stop(f);
}

static void
one_that_is_lost_loses_what_waits_and_backs_off(void ** state)
{
	struct fixture * f = start("/test/2");

	(void)state;
	assert_false(outstream_backs_off(&f->out));
	assert_int_equal(0, outstream_open(&f->out));
	run(f, 500);
	assert_int_equal(0, f->which);
	stream_reset(f->in);
	f->in = NULL;
	run(f, 500);
	assert_int_equal(1, f->lost);
	assert_int_equal(-ERR_STREAM_READ, f->status);
	assert_null(f->out.s);
	assert_true(outstream_backs_off(&f->out));
	run(f, 1000);
	assert_false(outstream_backs_off(&f->out));
	assert_int_equal(0, outstream_open(&f->out));
	run(f, 500);
	assert_int_equal(2, f->opened);
	stop(f);
}

static void
a_peer_that_does_not_speak_it_is_told_of(void ** state)
{
	struct fixture * f = start(NULL);

	(void)state;
	assert_int_equal(0, outstream_open(&f->out));
	assert_int_equal(0, outstream_send(&f->out, slice_text("one"), false));
	run(f, 500);
	assert_int_equal(0, f->opened);
	assert_int_equal(1, f->lost);
	assert_int_equal(-ERR_NOT_FOUND, f->status);
	assert_int_equal(0, outstream_waiting(&f->out));
	stop(f);
}

static void
it_may_be_reset_by_who_hears_that_it_is_open(void ** state)
{
	struct fixture * f = start("/test/1");

	(void)state;
	f->resets = true;
	assert_int_equal(0, outstream_open(&f->out));
	assert_int_equal(0, outstream_send(&f->out, slice_text("one"), false));
	run(f, 500);
	assert_int_equal(1, f->opened);
	assert_int_equal(0, f->lost);
	assert_null(f->out.s);
	assert_true(f->out.attempts == 1);
	stop(f);
}

static void
only_an_idle_one_is_ended(void ** state)
{
	struct fixture * f = start("/test/1");

	(void)state;
	assert_false(outstream_end_idle(&f->out));
	assert_int_equal(0, outstream_open(&f->out));
	assert_false(outstream_end_idle(&f->out));
	run(f, 500);
	assert_int_equal(0, outstream_send(&f->out, slice_text("one"), false));
	assert_false(outstream_end_idle(&f->out));
	run(f, 500);
	assert_true(outstream_end_idle(&f->out));
	assert_null(f->out.s);
	assert_false(outstream_backs_off(&f->out));
	run(f, 500);
	assert_text(buffer_all(&f->got), "\x03one");
	assert_int_equal(0, f->lost);
	assert_int_equal(0, outstream_open(&f->out));
	run(f, 500);
	assert_int_equal(2, f->opened);
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_before_it_is_open_goes_in_order),
		cmocka_unit_test(
		    one_that_is_lost_loses_what_waits_and_backs_off),
		cmocka_unit_test(a_peer_that_does_not_speak_it_is_told_of),
		cmocka_unit_test(it_may_be_reset_by_who_hears_that_it_is_open),
		cmocka_unit_test(only_an_idle_one_is_ended),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
