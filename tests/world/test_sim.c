#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/error.h"
#include "world/sim/sim.h"

/* One end of a connection that keeps all it is told. */
struct end {
	struct sim * sim;
	struct world * w;
	struct world_tcp * tcp;
	struct buffer got;
	uint64_t first_at;
	bool connected;
	bool closed;
	int status;
	int drained;
	bool echo;
};

static void
on_connected(void * user)
{
	((struct end *)user)->connected = true;
}

static void
on_data(void * user, struct slice bytes)
{
	struct end * e = user;

	if (e->got.n == 0)
		e->first_at = sim_now(e->sim);
	buffer_slice(&e->got, bytes);
	if (e->echo)
		assert_int_equal(world_tcp_write(e->w, e->tcp, bytes), 0);
}

static void
on_drained(void * user)
{
	((struct end *)user)->drained++;
}

static void
on_closed(void * user, int status)
{
	struct end * e = user;

	assert_false(e->closed);
	e->closed = true;
	e->status = status;
	e->tcp = NULL;
}

static const struct world_tcp_handler handler = {
    on_connected, on_data, on_drained, on_closed};

static void
on_accepted(void * user, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct end * e = user;

	assert_int_equal(from->ip[0], 10);
	e->tcp = tcp;
	e->connected = true;
	world_tcp_handle(e->w, tcp, &handler, e);
}

struct fixture {
	struct sim * sim;
	struct end a, b;
	struct world_listener * listener;
	struct world_address at;
};

static void
listen_on_b(struct fixture * f)
{
	struct world_address at = sim_address(f->b.w);

	assert_int_equal(world_listen(f->b.w, &at, on_accepted, &f->b,
	    &f->listener, &f->at), 0);
	assert_true(f->at.port != 0);
}

static void
dial(struct fixture * f)
{
	assert_int_equal(world_dial(f->a.w, &f->at, &handler, &f->a,
	    &f->a.tcp), 0);
	assert_false(f->a.connected);
}

static struct fixture *
make(uint64_t seed)
{
	struct fixture * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->sim = sim_new(seed);
	f->a.sim = f->b.sim = f->sim;
	f->a.w = sim_node(f->sim);
	f->b.w = sim_node(f->sim);
	return (f);
}

static void
unmake(struct fixture * f)
{
	sim_free(f->sim);
	buffer_free(&f->a.got);
	buffer_free(&f->b.got);
	free(f);
}

static int
setup(void ** state)
{
	struct fixture * f = make(sim_seed_wanted(1));

	listen_on_b(f);
	*state = f;
	return (0);
}

static int
teardown(void ** state)
{
	unmake(*state);
	return (0);
}

static void
join(struct fixture * f)
{
	dial(f);
	sim_run_for(f->sim, 100);
	assert_true(f->a.connected && f->b.connected);
}

static void
say(struct end * e, const char * what)
{
	assert_int_equal(world_tcp_write(e->w, e->tcp, slice_text(what)), 0);
}

static void
assert_heard(struct end * e, const char * what)
{
	assert_true(slice_equal(buffer_all(&e->got), slice_text(what)));
}

static void
bytes_take_the_latency_of_the_link(void ** state)
{
	struct fixture * f = *state;
	struct sim_link link = {.latency_ms = 70};
	uint64_t start;

	sim_link(f->a.w, f->b.w, &link);
	dial(f);
	sim_run_for(f->sim, 139);
	assert_false(f->a.connected);
	sim_run_for(f->sim, 2);
	assert_true(f->a.connected);
	start = sim_now(f->sim);
	say(&f->a, "hello");
	sim_run_for(f->sim, 200);
	assert_heard(&f->b, "hello");
	assert_in_range(f->b.first_at - start, 70, 71);
	assert_int_equal(f->a.drained, 1);
}

static void
a_dial_to_nobody_fails(void ** state)
{
	struct fixture * f = *state;

	f->at.port++;
	dial(f);
	sim_run_for(f->sim, 100);
	assert_true(f->a.closed);
	assert_int_equal(f->a.status, -ERR_STREAM_WRITE);
	f->a.closed = false;
	f->at.ip[3] = 99;
	dial(f);
	sim_run_for(f->sim, 9000);
	assert_false(f->a.closed);
	sim_run_for(f->sim, 1100);
	assert_int_equal(f->a.status, -ERR_STREAM_WRITE);
}

static void
closing_sends_what_is_queued_first(void ** state)
{
	struct fixture * f = *state;
	static uint8_t big[1000000];

	join(f);
	assert_int_equal(world_tcp_write(f->a.w, f->a.tcp,
	    slice_of(big, sizeof(big))), 0);
	world_tcp_close(f->a.w, f->a.tcp);
	sim_run_for(f->sim, 5000);
	assert_int_equal(f->b.got.n, sizeof(big));
	assert_true(f->b.closed);
	assert_int_equal(f->b.status, 0);
	assert_false(f->a.closed);
}

static void
a_paused_reader_holds_the_writer_back(void ** state)
{
	struct fixture * f = *state;
	static uint8_t big[1000000];

	join(f);
	world_tcp_pause(f->b.w, f->b.tcp, true);
	assert_int_equal(world_tcp_write(f->a.w, f->a.tcp,
	    slice_of(big, sizeof(big))), 0);
	sim_run_for(f->sim, 5000);
	assert_int_equal(f->b.got.n, 0);
	assert_true(world_tcp_queued(f->a.w, f->a.tcp) > 500000);
	assert_int_equal(f->a.drained, 0);
	world_tcp_pause(f->b.w, f->b.tcp, false);
	sim_run_for(f->sim, 5000);
	assert_int_equal(f->b.got.n, sizeof(big));
	assert_int_equal(f->a.drained, 1);
}

static void
a_short_cut_delays_and_a_long_one_kills(void ** state)
{
	struct fixture * f = *state;

	join(f);
	sim_partition(f->sim, &f->a.w, 1);
	say(&f->a, "late");
	sim_run_for(f->sim, 20000);
	assert_int_equal(f->b.got.n, 0);
	sim_heal(f->sim);
	sim_run_for(f->sim, 100);
	assert_heard(&f->b, "late");
	sim_partition(f->sim, &f->a.w, 1);
	say(&f->a, "never");
	sim_run_for(f->sim, 31000);
	assert_true(f->a.closed && f->b.closed);
	assert_int_equal(f->a.status, -ERR_STREAM_READ);
	assert_heard(&f->b, "late");
}

static void
a_dial_across_a_cut_fails(void ** state)
{
	struct fixture * f = *state;

	sim_partition(f->sim, &f->b.w, 1);
	dial(f);
	sim_run_for(f->sim, 11000);
	assert_int_equal(f->a.status, -ERR_STREAM_WRITE);
}

static void
a_killed_node_is_silent_until_it_starts_again(void ** state)
{
	struct fixture * f = *state;

	join(f);
	sim_kill(f->b.w);
	assert_false(sim_alive(f->b.w));
	say(&f->a, "anybody?");
	sim_run_for(f->sim, 1000);
	assert_true(f->a.closed);
	assert_int_equal(f->a.status, -ERR_STREAM_READ);
	assert_false(f->b.closed);
	assert_int_equal(f->b.got.n, 0);
	assert_int_not_equal(world_tcp_write(f->b.w, f->b.tcp,
	    slice_text("x")), 0);
	world_tcp_close(f->b.w, f->b.tcp);
	world_listener_close(f->b.w, f->listener);
	f->a.closed = f->a.connected = false;
	dial(f);
	sim_run_for(f->sim, 1000);
	assert_int_equal(f->a.status, -ERR_STREAM_WRITE);
	sim_start(f->b.w);
	listen_on_b(f);
	f->a.closed = false;
	join(f);
	say(&f->a, "back");
	sim_run_for(f->sim, 100);
	assert_heard(&f->b, "back");
}

static void
a_changed_address_breaks_connections_on_both_sides(void ** state)
{
	struct fixture * f = *state;

	join(f);
	sim_disconnect(f->a.w);
	sim_run_for(f->sim, 100);
	assert_true(f->a.closed && f->b.closed);
	assert_true(f->a.status < 0 && f->b.status < 0);
}

static void
loss_delays_but_keeps_the_stream_whole(void ** state)
{
	struct fixture * f = *state;
	struct sim_link link = {
	    .latency_ms = 5, .jitter_ms = 30, .loss = 200000};
	uint8_t bytes[4000];
	size_t i, k;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i >> 3);
	sim_links(f->sim, &link);
	join(f);
	for (k = 0; k < sizeof(bytes); k += 100) {
		assert_int_equal(world_tcp_write(f->a.w, f->a.tcp,
		    slice_of(bytes + k, 100)), 0);
		sim_run_for(f->sim, 3);
	}
	sim_run_for(f->sim, 60000);
	sim_assert(f->sim, slice_equal(buffer_all(&f->b.got),
	    slice_of(bytes, sizeof(bytes))));
}

static void
stream_faults(struct sim_link link, size_t * got, bool * same)
{
	struct fixture * f = make(3);
	uint8_t bytes[4000];
	size_t i, k;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i / 100);
	listen_on_b(f);
	join(f);
	link.latency_ms = 10;
	sim_links(f->sim, &link);
	for (k = 0; k < sizeof(bytes) && !f->a.closed; k += 100) {
		assert_int_equal(world_tcp_write(f->a.w, f->a.tcp,
		    slice_of(bytes + k, 100)), 0);
		sim_run_for(f->sim, 1);
	}
	sim_run_for(f->sim, 1000);
	*got = f->b.got.n;
	*same = slice_equal(buffer_all(&f->b.got),
	    slice_of(bytes, sizeof(bytes)));
	unmake(f);
}

static void
a_stream_can_be_damaged_on_purpose(void ** state)
{
	size_t got;
	bool same;

	(void)state;
	stream_faults((struct sim_link){0}, &got, &same);
	assert_true(got == 4000 && same);
	stream_faults((struct sim_link){.corrupt = 300000}, &got, &same);
	assert_true(got == 4000 && !same);
	stream_faults((struct sim_link){.duplicate = 300000}, &got, &same);
	assert_true(got > 4000);
	stream_faults((struct sim_link){.reorder = 300000}, &got, &same);
	assert_true(got == 4000 && !same);
	stream_faults((struct sim_link){.reset = 100000}, &got, &same);
	assert_true(got < 4000);
}

static void
bandwidth_limits_the_stream(void ** state)
{
	struct fixture * f = *state;
	struct sim_link link = {.latency_ms = 1, .bytes_per_ms = 100};
	static uint8_t big[100000];

	sim_links(f->sim, &link);
	join(f);
	assert_int_equal(world_tcp_write(f->a.w, f->a.tcp,
	    slice_of(big, sizeof(big))), 0);
	sim_run_for(f->sim, 500);
	assert_in_range(f->b.got.n, 20000, 60000);
	sim_run_for(f->sim, 700);
	assert_int_equal(f->b.got.n, sizeof(big));
}

struct tick {
	struct world_timer timer;
	struct world * w;
	int left;
	uint64_t at;
};

static void
tick(struct world_timer * timer)
{
	struct tick * t = list_entry(timer, struct tick, timer);

	t->at = world_now(t->w);
	if (--t->left > 0)
		assert_int_equal(world_timer_start(t->w, timer, 10), 0);
}

static void
timers_fire_in_virtual_time(void ** state)
{
	struct fixture * f = *state;
	struct tick t = {.timer.fire = tick, .w = f->a.w, .left = 3};
	uint64_t start = world_now(f->a.w);

	assert_int_equal(world_timer_start(f->a.w, &t.timer, 1000), 0);
	assert_int_equal(world_timer_start(f->a.w, &t.timer, 10), 0);
	sim_run_for(f->sim, 29);
	assert_int_equal(t.left, 1);
	sim_run_for(f->sim, 1000);
	assert_int_equal(t.left, 0);
	assert_int_equal(t.at - start, 30);
	t.left = 5;
	assert_int_equal(world_timer_start(f->a.w, &t.timer, 10), 0);
	world_timer_stop(f->a.w, &t.timer);
	world_timer_stop(f->a.w, &t.timer);
	sim_run_for(f->sim, 100);
	assert_int_equal(t.left, 5);
}

static void
the_wall_clock_jumps_and_the_other_does_not(void ** state)
{
	struct fixture * f = *state;
	int64_t wall = world_wall(f->a.w);
	uint64_t now = world_now(f->a.w);

	assert_int_equal(world_wall(f->b.w), wall);
	sim_wall_jump(f->a.w, -86400000);
	assert_int_equal(world_wall(f->a.w), wall - 86400 * INT64_C(1000000000));
	assert_int_equal(world_wall(f->b.w), wall);
	assert_int_equal(world_now(f->a.w), now);
}

struct job {
	struct world_work work;
	bool ran, done;
};

static void
run_job(struct world_work * work)
{
	list_entry(work, struct job, work)->ran = true;
}

static void
job_done(struct world_work * work)
{
	list_entry(work, struct job, work)->done = true;
}

static void
work_is_done_later(void ** state)
{
	struct fixture * f = *state;
	struct job job = {.work = {.run = run_job, .done = job_done}};

	sim_work_ms(f->a.w, 20);
	assert_int_equal(world_work(f->a.w, &job.work), 0);
	assert_false(job.ran);
	sim_run_for(f->sim, 10);
	assert_true(job.ran && !job.done);
	sim_run_for(f->sim, 20);
	assert_true(job.done);
}

static uint64_t
busy_run(uint64_t seed)
{
	enum { N = 30 };
	struct sim_link link = {
	    .latency_ms = 5, .jitter_ms = 50, .loss = 50000, .reset = 5000};
	struct sim * sim = sim_new(seed);
	struct end server[N] = {0}, client[N] = {0};
	struct world_listener * listener;
	struct world_address at;
	uint64_t print;
	int i, k;

	sim_links(sim, &link);
	for (i = 0; i < N; i++) {
		server[i].sim = client[i].sim = sim;
		server[i].w = client[i].w = sim_node(sim);
		server[i].echo = true;
		at = sim_address(server[i].w);
		at.port = 4001;
		assert_int_equal(world_listen(server[i].w, &at, on_accepted,
		    &server[i], &listener, NULL), 0);
	}
	for (i = 0; i < N; i++) {
		at = sim_address(server[(i + 1) % N].w);
		at.port = 4001;
		assert_int_equal(world_dial(client[i].w, &at, &handler,
		    &client[i], &client[i].tcp), 0);
	}
	for (k = 0; k < 20; k++) {
		sim_run_for(sim, 50);
		for (i = 0; i < N; i++)
			if (client[i].connected && !client[i].closed)
				say(&client[i], "ping");
	}
	sim_run_for(sim, 5000);
	print = sim_fingerprint(sim) ^ sim_events(sim);
	sim_free(sim);
	for (i = 0; i < N; i++) {
		buffer_free(&server[i].got);
		buffer_free(&client[i].got);
	}
	return (print);
}

static void
the_same_seed_gives_the_same_run(void ** state)
{
	(void)state;
	assert_true(busy_run(5) == busy_run(5));
	assert_true(busy_run(5) != busy_run(6));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(bytes_take_the_latency_of_the_link),
	    TEST(a_dial_to_nobody_fails),
	    TEST(closing_sends_what_is_queued_first),
	    TEST(a_paused_reader_holds_the_writer_back),
	    TEST(a_short_cut_delays_and_a_long_one_kills),
	    TEST(a_dial_across_a_cut_fails),
	    TEST(a_killed_node_is_silent_until_it_starts_again),
	    TEST(a_changed_address_breaks_connections_on_both_sides),
	    TEST(loss_delays_but_keeps_the_stream_whole),
	    TEST(a_stream_can_be_damaged_on_purpose),
	    TEST(bandwidth_limits_the_stream),
	    TEST(timers_fire_in_virtual_time),
	    TEST(the_wall_clock_jumps_and_the_other_does_not),
	    TEST(work_is_done_later),
	    TEST(the_same_seed_gives_the_same_run),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
