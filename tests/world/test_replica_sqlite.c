#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/replica_contract.h"
#include "world/replica/replica_sqlite.h"
#include "world/sim/sim.h"

/* --- the contract --------------------------------------------------------- */

static char folder[] = "/tmp/berty-replica-XXXXXX";
static char path[64];

static int
open_file(struct replica_contract * c, struct replica ** replica,
    struct error * err)
{
	struct replica_sqlite_config config = {.path = path};

	return (replica_sqlite_open(c->w, &config, replica, err));
}

static int
begin(void ** state)
{
	static struct replica_contract c = {.open = open_file};
	struct error err = {0};

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/r.sqlite", folder);
	c.w = world_os_new(NULL);
	assert_non_null(c.w);
	assert_int_equal(open_file(&c, &c.replica, &err), 0);
	*state = &c;
	return (0);
}

static int
end(void ** state)
{
	static const char * const names[] = {"r.sqlite", "r.sqlite-wal"};
	struct replica_contract * c = *state;
	char name[80];
	size_t i;

	replica_close(c->replica);
	world_os_free(c->w);
	for (i = 0; i < 2; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
		(void)unlink(name);
	}
	return (rmdir(folder));
}

static void
a_second_process_does_not_get_the_file(void ** state)
{
	struct replica_contract * c = *state;
	struct replica * second;
	struct error err = {0};

	assert_int_equal(open_file(c, &second, &err), -ERR_DB_OPEN);
}

/* --- a disk that fails ---------------------------------------------------- */

struct asked {
	struct replica_request r;
	bool done;
	int status;
};

static void
asked_done(struct replica_request * r, int status)
{
	struct asked * a = list_entry(r, struct asked, r);

	a->done = true;
	a->status = status;
}

static bool
is_done(void * user)
{
	return (((struct asked *)user)->done);
}

static void
enrol(struct replica * replica, struct asked * a, unsigned n)
{
	*a = (struct asked){.r = {.call = REPLICA_REGISTER,
	    .group = {.network = "berty"}, .token = {"issuer", "token"},
	    .done = asked_done}};
	memset(a->r.group.id, (int)n, REPLICA_ID);
	assert_int_equal(replica_submit(replica, &a->r), 0);
}

static void
after_a_crash_at_any_write_what_was_answered_is_there(void ** state)
{
	unsigned at, n, answered;
	bool crashed = true;

	(void)state;
	for (at = 1; crashed; at++) {
		struct sim * sim = sim_new(at);
		struct world * w = sim_node(sim);
		struct replica_sqlite_config config = {.path = "r",
		    .vfs = sim_disk(w)};
		struct replica * replica;
		struct error err = {0};
		struct asked a;

		sim_disk_crash_at(w, at, (enum sim_crash)(at % 3));
		answered = 0;
		if (replica_sqlite_open(w, &config, &replica, &err) == 0) {
			for (n = 1; n <= 5; n++) {
				enrol(replica, &a, n);
				(void)sim_run_until(sim, is_done, &a, 5000);
				if (a.done && a.status == 0)
					answered = n;
				if (!a.done)
					break;
			}
			replica_close(replica);
			assert_true(a.done);
		}
		crashed = !sim_alive(w);
		if (crashed)
			sim_start(w);
		else
			assert_int_equal(answered, 5);
		sim_disk_crash_at(w, 0, SIM_CRASH_NOTHING);
		if (replica_sqlite_open(w, &config, &replica, &err) != 0)
			fail_msg("write %u: %s", at, err.text);
		for (n = 1; n <= answered; n++) {
			enrol(replica, &a, n);
			assert_true(sim_run_until(sim, is_done, &a, 5000));
			assert_int_equal(a.status,
			    -ERR_DB_ENTRY_ALREADY_EXISTS);
		}
		replica_close(replica);
		sim_free(sim);
	}
	assert_true(at > 10);
}

static void
a_disk_that_fails_ends_all_writing(void ** state)
{
	struct sim * sim = sim_new(1);
	struct world * w = sim_node(sim);
	struct replica_sqlite_config config = {.path = "r",
	    .vfs = sim_disk(w)};
	struct replica * replica;
	struct error err = {0};
	struct asked a;

	(void)state;
	assert_int_equal(replica_sqlite_open(w, &config, &replica, &err), 0);
	sim_disk_fail_sync(w, 1);
	enrol(replica, &a, 1);
	assert_true(sim_run_until(sim, is_done, &a, 5000));
	assert_int_equal(a.status, -ERR_DB_WRITE);
	assert_true(a.r.err.text[0] != '\0');
	enrol(replica, &a, 2);
	assert_true(sim_run_until(sim, is_done, &a, 5000));
	assert_int_equal(a.status, -ERR_DB_WRITE);
	replica_close(replica);
	sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REPLICA_CONTRACT_TESTS,
		cmocka_unit_test(a_second_process_does_not_get_the_file),
		cmocka_unit_test(
		    after_a_crash_at_any_write_what_was_answered_is_there),
		cmocka_unit_test(a_disk_that_fails_ends_all_writing),
	};

	return (cmocka_run_group_tests(tests, begin, end));
}
