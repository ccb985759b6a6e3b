#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "world/os/world_os.h"
#include "world/store.h"

enum { BIG = 3000000 };

struct fixture {
	struct world * w;
	char folder[64];
	char path[96];
};

static int
setup(void ** state)
{
	struct fixture * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/berty-os-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/file", f->folder);
	f->w = world_os_new(NULL);
	assert_non_null(f->w);
	*state = f;
	return (0);
}

static int
teardown(void ** state)
{
	struct fixture * f = *state;

	world_os_free(f->w);
	(void)unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return (0);
}

/* A run that hangs is ended by this. */
struct guard {
	struct world_timer timer;
	struct world * w;
	bool fired;
};

static void
give_up(struct world_timer * timer)
{
	struct guard * g = list_entry(timer, struct guard, timer);

	g->fired = true;
	world_os_stop(g->w);
}

static void
run(struct fixture * f)
{
	struct guard g = {.timer.fire = give_up, .w = f->w};

	assert_int_equal(world_timer_start(f->w, &g.timer, 10000), 0);
	world_os_run(f->w);
	world_timer_stop(f->w, &g.timer);
	assert_false(g.fired);
}

struct tick {
	struct world_timer timer;
	struct fixture * f;
	struct tick * next;
	uint64_t at;
	int turns;
};

static void
stop_now(struct world_timer * timer)
{
	struct tick * t = list_entry(timer, struct tick, timer);

	t->at = world_now(t->f->w);
	world_os_stop(t->f->w);
}

static void
note_time(struct world_timer * timer)
{
	struct tick * t = list_entry(timer, struct tick, timer);

	t->at = world_now(t->f->w);
	if (t->turns-- > 0)
		assert_int_equal(world_timer_start(t->f->w, timer, 0), 0);
}

static void
timers_fire_in_order_and_not_early(void ** state)
{
	struct fixture * f = *state;
	struct tick last = {.timer.fire = stop_now, .f = f};
	struct tick first = {.timer.fire = note_time, .f = f, .turns = 5};
	struct tick never = {.timer.fire = give_up, .f = f};
	uint64_t start = world_now(f->w);

	assert_int_equal(world_timer_start(f->w, &last.timer, 60), 0);
	assert_int_equal(world_timer_start(f->w, &never.timer, 30), 0);
	assert_int_equal(world_timer_start(f->w, &first.timer, 500), 0);
	assert_int_equal(world_timer_start(f->w, &first.timer, 20), 0);
	world_timer_stop(f->w, &never.timer);
	world_timer_stop(f->w, &never.timer);
	run(f);
	assert_int_equal(first.turns, -1);
	assert_true(first.at >= start + 20 && first.at < last.at);
	assert_true(last.at >= start + 60);
}

static void
clocks_and_randomness_are_the_machines(void ** state)
{
	struct fixture * f = *state;
	struct world_address list[16];
	uint8_t a[32] = {0}, b[32] = {0};

	assert_true(world_wall(f->w) > INT64_C(1700000000) * 1000000000);
	world_random(f->w, a, sizeof(a));
	world_random(f->w, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(world_interfaces(f->w, list, 16) > 0);
	assert_int_equal(list[0].port, 0);
	assert_true(world_interfaces(f->w, list, 1) <= 1);
}

struct end {
	struct fixture * f;
	struct world_tcp * tcp;
	struct buffer got;
	bool echo, connected, closed;
	int status, drained;
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

	if (e->echo) {
		assert_int_equal(world_tcp_write(e->f->w, e->tcp, bytes), 0);
		return;
	}
	buffer_slice(&e->got, bytes);
	if (e->got.n >= BIG)
		world_tcp_close(e->f->w, e->tcp);
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

	e->closed = true;
	e->status = status;
	world_os_stop(e->f->w);
}

static const struct world_tcp_handler handler = {
    on_connected, on_data, on_drained, on_closed};

static void
on_accepted(void * user, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct end * e = user;

	assert_int_not_equal(from->port, 0);
	e->tcp = tcp;
	world_tcp_handle(e->f->w, tcp, &handler, e);
}

static void
echo_over(struct fixture * f, const struct world_address * loopback)
{
	struct end server = {.f = f, .echo = true};
	struct end client = {.f = f};
	struct world_listener * listener;
	struct world_address bound;
	uint8_t * big = malloc(BIG);
	size_t i;

	assert_non_null(big);
	for (i = 0; i < BIG; i++)
		big[i] = (uint8_t)(i * 7 >> 4);
	assert_int_equal(world_listen(f->w, loopback, on_accepted, &server,
	    &listener, &bound), 0);
	assert_int_not_equal(bound.port, 0);
	assert_int_equal(world_dial(f->w, &bound, &handler, &client,
	    &client.tcp), 0);
	assert_false(client.connected);
	for (i = 0; i < BIG; i += 1000)
		assert_int_equal(world_tcp_write(f->w, client.tcp,
		    slice_of(big + i, 1000)), 0);
	assert_int_equal(world_tcp_queued(f->w, client.tcp), BIG);
	run(f);
	assert_true(client.connected && !client.closed);
	assert_true(slice_equal(buffer_all(&client.got), slice_of(big, BIG)));
	assert_true(server.closed && server.status == 0);
	assert_true(server.drained > 0 && client.drained > 0);
	world_listener_close(f->w, listener);
	buffer_free(&client.got);
	free(big);
}

static void
bytes_go_there_and_back_over_loopback(void ** state)
{
	struct world_address v4 = {.ip = {127, 0, 0, 1}};

	echo_over(*state, &v4);
}

static void
bytes_go_over_ipv6_too(void ** state)
{
	struct world_address v6 = {.v6 = true, .ip = {[15] = 1}};

	if (access("/proc/net/if_inet6", R_OK) != 0)
		skip();
	echo_over(*state, &v6);
}

static void
both_families_can_listen_on_one_port(void ** state)
{
	struct fixture * f = *state;
	struct world_address at = {0};
	struct world_listener * four, * six;
	struct end e = {.f = f};

	if (access("/proc/net/if_inet6", R_OK) != 0)
		skip();
	assert_int_equal(world_listen(f->w, &at, on_accepted, &e, &four, &at),
	    0);
	memset(at.ip, 0, sizeof(at.ip));
	at.v6 = true;
	assert_int_equal(world_listen(f->w, &at, on_accepted, &e, &six, NULL),
	    0);
	assert_int_not_equal(world_listen(f->w, &at, on_accepted, &e, &six,
	    NULL), 0);
}

static void
a_refused_dial_is_told_later(void ** state)
{
	struct fixture * f = *state;
	struct end e = {.f = f};
	struct world_address to = {.ip = {127, 0, 0, 1}};
	struct world_listener * listener;

	assert_int_equal(world_listen(f->w, &to, on_accepted, &e, &listener,
	    &to), 0);
	world_listener_close(f->w, listener);
	assert_int_equal(world_dial(f->w, &to, &handler, &e, &e.tcp), 0);
	assert_false(e.closed);
	run(f);
	assert_true(e.closed);
	assert_int_equal(e.status, -ERR_STREAM_WRITE);
}

struct job {
	struct world_work work;
	struct fixture * f;
	uint64_t sum;
	int * left;
};

static void
add_up(struct world_work * work)
{
	struct job * job = list_entry(work, struct job, work);
	uint64_t i;

	for (i = 0; i < 100000; i++)
		job->sum += i;
}

static void
added_up(struct world_work * work)
{
	struct job * job = list_entry(work, struct job, work);

	if (--*job->left == 0)
		world_os_stop(job->f->w);
}

static void
work_runs_on_threads_and_is_done_on_the_loop(void ** state)
{
	struct fixture * f = *state;
	struct job jobs[20] = {0};
	int i, left = 20;

	for (i = 0; i < 20; i++) {
		jobs[i].work.run = add_up;
		jobs[i].work.done = added_up;
		jobs[i].f = f;
		jobs[i].left = &left;
		assert_int_equal(world_work(f->w, &jobs[i].work), 0);
	}
	run(f);
	for (i = 0; i < 20; i++)
		assert_true(jobs[i].sum == UINT64_C(4999950000));
}

struct writer {
	struct store_commit commit;
	struct fixture * f;
	struct store * s;
	int * left;
	int more;
};

static void
written(struct store_commit * commit, int status)
{
	struct writer * writer = list_entry(commit, struct writer, commit);
	char name[32];

	assert_int_equal(status, 0);
	if (writer->more-- == 0) {
		if (--*writer->left == 0)
			world_os_stop(writer->f->w);
		return;
	}
	(void)snprintf(name, sizeof(name), "%p %d", (void *)writer,
	    writer->more);
	assert_int_equal(store_begin(writer->s), 0);
	assert_int_equal(store_put(writer->s, STORE_GROUP, 0, slice_text(name),
	    slice_text("value")), 0);
	assert_int_equal(store_commit(writer->s, commit), 0);
}

static void
a_store_on_files_shares_its_syncs(void ** state)
{
	struct fixture * f = *state;
	uint8_t key[32] = {9};
	struct store_config config = {.path = f->path, .key = key};
	struct store_stats stats;
	struct writer writers[16] = {0};
	struct store * s, * second;
	struct error err = {0};
	struct stat st;
	uint64_t n;
	int i, left = 16;

	assert_int_equal(store_open(f->w, &config, &s, &err), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(store_open(f->w, &config, &second, &err),
	    -ERR_DB_OPEN);
	assert_string_equal(err.text, "the store is held by another process: stop that one, or use another store");
	for (i = 0; i < 16; i++) {
		writers[i] = (struct writer){
		    {.done = written}, f, s, &left, 50};
		written(&writers[i].commit, 0);
	}
	run(f);
	store_stats(s, &stats);
	assert_int_equal(stats.commits, 16 * 50);
	assert_true(stats.syncs < 16 * 50 / 4);
	store_close(s);
	assert_int_equal(store_open(f->w, &config, &s, &err), 0);
	assert_int_equal(store_count(s, STORE_GROUP, 0, &n), 0);
	assert_int_equal(n, 16 * 50);
	store_close(s);
}

static void
a_store_closed_during_a_sync_waits_for_it(void ** state)
{
	struct fixture * f = *state;
	struct store_config config = {.path = f->path, .key = (uint8_t[32]){9}};
	struct writer writer = {.f = f};
	struct tick soon = {.timer.fire = stop_now, .f = f};
	struct store * s;
	int left = 1;

	assert_int_equal(store_open(f->w, &config, &s, NULL), 0);
	writer = (struct writer){{.done = written}, f, s, &left, 0};
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, STORE_GROUP, 0, slice_text("a"),
	    slice_text("b")), 0);
	assert_int_equal(store_commit(s, &writer.commit), 0);
	assert_int_equal(world_timer_start(f->w, &soon.timer, 0), 0);
	run(f);
	store_close(s);
	assert_int_equal(left, 0);
}

static int
read_key(struct fixture * f, uint8_t key[32], struct error * err)
{
	struct world_os_key from = {.file = f->path, .fd = -1};

	return (world_os_store_key(&from, key, err));
}

static void
a_key_file_is_made_once_for_its_owner_alone(void ** state)
{
	struct fixture * f = *state;
	uint8_t key[32] = {0}, again[32] = {0}, zero[32] = {0};
	struct stat st;

	assert_int_equal(read_key(f, key, NULL), 0);
	assert_memory_not_equal(key, zero, 32);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(read_key(f, again, NULL), 0);
	assert_memory_equal(key, again, 32);
	assert_int_equal(chmod(f->path, 0400), 0);
	assert_int_equal(read_key(f, again, NULL), 0);
}

static void
a_key_file_open_to_others_is_refused(void ** state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0700, 0666};
	struct fixture * f = *state;
	struct error err = {0};
	uint8_t key[32];
	size_t i;

	assert_int_equal(read_key(f, key, NULL), 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(f->path, modes[i]), 0);
		assert_int_equal(read_key(f, key, &err), -ERR_KEYSTORE_GET);
		assert_non_null(strstr(err.text, "chmod 600"));
	}
}

static void
write_file(const char * path, struct slice bytes)
{
	FILE * file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static const char hex[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

static void
a_key_is_raw_or_hexadecimal_and_nothing_else(void ** state)
{
	struct fixture * f = *state;
	uint8_t want[40], key[32];
	char line[80];
	size_t i;

	for (i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)i;
	write_file(f->path, slice_of(want, 32));
	assert_int_equal(read_key(f, key, NULL), 0);
	assert_memory_equal(key, want, 32);
	(void)snprintf(line, sizeof(line), "%s\n", hex);
	write_file(f->path, slice_text(line));
	memset(key, 0, sizeof(key));
	assert_int_equal(read_key(f, key, NULL), 0);
	assert_memory_equal(key, want, 32);
	write_file(f->path, slice_of(want, 31));
	assert_int_equal(read_key(f, key, NULL), -ERR_KEYSTORE_GET);
	write_file(f->path, slice_of(want, 33));
	assert_int_equal(read_key(f, key, NULL), -ERR_KEYSTORE_GET);
	write_file(f->path, slice_of(want, 0));
	assert_int_equal(read_key(f, key, NULL), -ERR_KEYSTORE_GET);
	line[10] = 'g';
	write_file(f->path, slice_text(line));
	assert_int_equal(read_key(f, key, NULL), -ERR_KEYSTORE_GET);
}

static void
a_key_comes_from_a_descriptor_or_the_environment(void ** state)
{
	struct world_os_key from = {.fd = -1};
	struct error err = {0};
	uint8_t key[32] = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], hex, 64), 64);
	assert_int_equal(close(ends[1]), 0);
	from.fd = ends[0];
	assert_int_equal(world_os_store_key(&from, key, &err), 0);
	assert_int_equal(key[31], 31);
	assert_int_equal(fcntl(ends[0], F_GETFD), -1);
	from = (struct world_os_key){.variable = "BERTY_TEST_KEY", .fd = -1};
	assert_int_equal(world_os_store_key(&from, key, &err),
	    -ERR_KEYSTORE_GET);
	assert_int_equal(setenv("BERTY_TEST_KEY", hex, 1), 0);
	memset(key, 0, sizeof(key));
	assert_int_equal(world_os_store_key(&from, key, &err), 0);
	assert_int_equal(key[31], 31);
	from.fd = 0;
	assert_int_equal(world_os_store_key(&from, key, &err),
	    -ERR_KEYSTORE_GET);
}

static void
a_store_that_lost_its_key_is_not_given_another(void ** state)
{
	char folder[] = "/tmp/berty-key-XXXXXX", store[64], file[64];
	uint8_t key[32] = {0}, again[32] = {0};
	struct error err = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(store, sizeof(store), "%s/berty.sqlite", folder);
	(void)snprintf(file, sizeof(file), "%s/store.key", folder);
	assert_int_equal(world_os_folder_key(folder, key, &err), 0);
	write_file(store, slice_text("a store"));
	assert_int_equal(world_os_folder_key(folder, again, &err), 0);
	assert_memory_equal(key, again, 32);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(world_os_folder_key(folder, key, &err),
	    -ERR_KEYSTORE_GET);
	assert_non_null(strstr(err.text, file));
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(unlink(store), 0);
	assert_int_equal(rmdir(folder), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(timers_fire_in_order_and_not_early),
	    TEST(clocks_and_randomness_are_the_machines),
	    TEST(bytes_go_there_and_back_over_loopback),
	    TEST(bytes_go_over_ipv6_too),
	    TEST(both_families_can_listen_on_one_port),
	    TEST(a_refused_dial_is_told_later),
	    TEST(work_runs_on_threads_and_is_done_on_the_loop),
	    TEST(a_store_on_files_shares_its_syncs),
	    TEST(a_store_closed_during_a_sync_waits_for_it),
	    TEST(a_key_file_is_made_once_for_its_owner_alone),
	    TEST(a_key_file_open_to_others_is_refused),
	    TEST(a_key_is_raw_or_hexadecimal_and_nothing_else),
	    TEST(a_key_comes_from_a_descriptor_or_the_environment),
	    TEST(a_store_that_lost_its_key_is_not_given_another),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
