/* Streams between hosts: what they carry, and what ends them. */
#include "p2p/host_fixture.h"

static void
bytes_pass_both_ways_and_the_stream_closes_with_0(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	assert_int_equal(0, stream_write(e.s, slice_text("hello")));
	run(f, 100);
	assert_int_equal(1, e.opened);
	assert_int_equal(1, f->sides[1].n_in);
	assert_true(slice_equal(buffer_all(&f->sides[1].in[0].got),
	    slice_text("hello")));
	assert_int_equal(0, stream_write(f->sides[1].in[0].s,
	    slice_text("world")));
	stream_end(e.s);
	run(f, 100);
	assert_true(slice_equal(buffer_all(&e.got), slice_text("world")));
	assert_int_equal(1, e.ended);
	assert_int_equal(1, e.closed);
	assert_int_equal(0, e.status);
	assert_int_equal(1, f->sides[1].in[0].closed);
	assert_int_equal(0, f->sides[1].in[0].status);
	buffer_free(&e.got);
	stop(f);
}

static void
a_protocol_nobody_serves_closes_with_not_found(void ** state)
{
	static const char * const protocols[] = {"/nobody", NULL};
	static const char * const second[] = {"/nobody", ECHO, NULL};
	struct fixture * f = start(2);
	struct end e = {0}, g = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), protocols,
	    &handler, &e, &e.s));
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), second,
	    &handler, &g, &g.s));
	assert_int_equal(-ERR_STREAM_WRITE, stream_write(g.s,
	    slice_text("early")));
	run(f, 100);
	assert_int_equal(1, e.closed);
	assert_int_equal(-ERR_NOT_FOUND, e.status);
	assert_int_equal(1, g.opened);
	assert_int_equal(0, stream_write(g.s, slice_text("now")));
	run(f, 100);
	assert_int_equal(3, f->sides[1].in[0].got.n);
	stop(f);
}

static void
an_unknown_protocol_is_told_even_to_who_ended_already(void ** state)
{
	static const char * const protocols[] = {"/nobody", NULL};
	struct fixture * f = start(2);
	struct host_peer_info info = {0};
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), protocols,
	    &handler, &e, &e.s));
	stream_end(e.s);
	run(f, 100);
	assert_int_equal(1, e.closed);
	assert_int_equal(-ERR_NOT_FOUND, e.status);
	assert_int_equal(0, host_peer_info(host_at(f, 1), id_at(f, 0), &info));
	assert_int_equal(0, info.streams);
	buffer_free(&info.address);
	buffer_free(&info.agent);
	stop(f);
}

static void
a_reset_reaches_the_other_side_and_the_connection_lives(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	run(f, 100);
	stream_reset(e.s);
	run(f, 100);
	assert_int_equal(0, e.closed);
	assert_int_equal(1, f->sides[1].in[0].closed);
	assert_int_equal(-ERR_STREAM_READ, f->sides[1].in[0].status);
	assert_true(host_connected(host_at(f, 0), id_at(f, 1)));
	stop(f);
}

static void
a_paused_reader_holds_the_writer_back_and_loses_nothing(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0}, * in = &f->sides[1].in[0];
	size_t written;

	(void)state;
	f->sides[1].pause = true;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	written = fill(&e, SIZE_MAX);
	assert_int_equal(1024 * 1024 / 16384 * 16384, written);
	run(f, 5000);
	assert_int_equal(0, in->got.n);
	/* The first window went, no more. */
	assert_in_range(stream_queued(e.s), written - 256 * 1024, written);
	in->pause = false;
	stream_pause(in->s, false);
	run(f, 5000);
	assert_int_equal(written, in->got.n);
	assert_int_equal(0, stream_queued(e.s));
	assert_true(e.drained >= 1);
	stop(f);
}

static void
a_write_refused_for_a_full_connection_is_told_when_there_is_room(void ** state)
{
	struct fixture * f = start(2);
	struct end e[5] = {0};
	size_t i;

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	for (i = 0; i < 5; i++)
		open_echo(f, 0, 1, &e[i]);
	run(f, 100);
	for (i = 0; i < 4; i++)
		assert_int_equal(1024 * 1024, fill(&e[i], SIZE_MAX));
	assert_int_equal(-ERR_STREAM_WRITE, stream_write(e[4].s,
	    slice_text("x")));
	assert_int_equal(0, e[4].drained);
	run(f, 5000);
	assert_int_equal(1, e[4].drained);
	assert_int_equal(0, stream_write(e[4].s, slice_text("x")));
	run(f, 100);
	assert_int_equal(1, f->sides[1].in[4].got.n);
	stop(f);
}

static void
a_stream_that_goes_makes_room_for_one_that_was_refused(void ** state)
{
	struct fixture * f = start(2);
	struct end e[5] = {0};
	size_t i;

	(void)state;
	f->sides[1].pause = true;
	swarm_connect(&f->swarm, 0, 1);
	for (i = 0; i < 5; i++)
		open_echo(f, 0, 1, &e[i]);
	run(f, 100);
	/* Nobody reads: what is beyond a window stays here. */
	for (i = 0; i < 3; i++) {
		(void)fill(&e[i], SIZE_MAX);
		run(f, 100);
		(void)fill(&e[i], SIZE_MAX);
	}
	(void)fill(&e[3], SIZE_MAX);
	assert_int_equal(-ERR_STREAM_WRITE, stream_write(e[4].s,
	    slice_text("x")));
	for (i = 0; i < 3; i++)
		stream_reset(e[i].s);
	run(f, 100);
	assert_int_equal(1, e[4].drained);
	stop(f);
}

static void
reset_in_data(void * user, struct stream * s, struct slice bytes)
{
	(void)bytes;
	(*(unsigned *)user)++;
	stream_reset(s);
}

static void
accept_reset(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler first = {.data = reset_in_data};

	(void)protocol;
	stream_handle(s, &first, user);
}

static void
disconnect_in_data(void * user, struct stream * s, struct slice bytes)
{
	(void)bytes;
	host_disconnect(user, stream_peer(s));
}

static void
accept_disconnect(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler first = {
	    .data = disconnect_in_data};

	(void)protocol;
	stream_handle(s, &first, user);
}

static void
a_stream_or_its_connection_may_go_from_inside_a_callback(void ** state)
{
	static const char * const resets[] = {"/reset", NULL};
	static const char * const leaves[] = {"/leave", NULL};
	struct fixture * f = start(2);
	struct end e = {0}, g = {0};
	unsigned calls = 0;

	(void)state;
	assert_int_equal(0, host_serve(host_at(f, 1), "/reset", accept_reset,
	    &calls));
	assert_int_equal(0, host_serve(host_at(f, 1), "/leave",
	    accept_disconnect, host_at(f, 1)));
	swarm_connect(&f->swarm, 0, 1);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), resets,
	    &handler, &e, &e.s));
	(void)fill(&e, 200000);
	run(f, 200);
	assert_int_equal(1, calls);
	assert_int_equal(-ERR_STREAM_READ, e.status);
	assert_int_equal(0, stream_open(host_at(f, 0), id_at(f, 1), leaves,
	    &handler, &g, &g.s));
	(void)fill(&g, 200000);
	run(f, 200);
	assert_int_equal(1, g.closed);
	assert_int_equal(1, f->sides[0].down);
	assert_int_equal(1, f->sides[1].down);
	stop(f);
}

static void
a_freed_stream_still_sends_what_was_queued(void ** state)
{
	struct fixture * f = start(2);
	struct end e = {0};
	size_t written;

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	open_echo(f, 0, 1, &e);
	written = fill(&e, 900000);
	stream_free(e.s);
	run(f, 2000);
	assert_int_equal(written, f->sides[1].in[0].got.n);
	assert_int_equal(1, f->sides[1].in[0].closed);
	assert_int_equal(0, f->sides[1].in[0].status);
	assert_int_equal(0, e.closed);
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_pass_both_ways_and_the_stream_closes_with_0),
	    cmocka_unit_test(a_protocol_nobody_serves_closes_with_not_found),
	    cmocka_unit_test(
	        an_unknown_protocol_is_told_even_to_who_ended_already),
	    cmocka_unit_test(
	        a_reset_reaches_the_other_side_and_the_connection_lives),
	    cmocka_unit_test(
	        a_paused_reader_holds_the_writer_back_and_loses_nothing),
	    cmocka_unit_test(
	        a_write_refused_for_a_full_connection_is_told_when_there_is_room),
	    cmocka_unit_test(
	        a_stream_that_goes_makes_room_for_one_that_was_refused),
	    cmocka_unit_test(
	        a_stream_or_its_connection_may_go_from_inside_a_callback),
	    cmocka_unit_test(a_freed_stream_still_sends_what_was_queued),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
