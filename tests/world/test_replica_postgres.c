#include <stdio.h>
#include <string.h>

#include "support/postgres.h"
#include "support/replica_contract.h"
#include "world/replica/replica_postgres.h"

struct fixture {
	struct replica_contract contract; /* first */
	struct postgres server;
};

static int
open_database(struct replica_contract * c, struct replica ** replica,
    struct error * err)
{
	struct fixture * f = (struct fixture *)(void *)c;
	struct replica_postgres_config config = {.url = f->server.url};

	return (replica_postgres_open(c->w, &config, replica, err));
}

static int
begin(void ** state)
{
	static struct fixture f = {.contract.open = open_database};
	struct error err = {0};

	postgres_start(&f.server);
	f.contract.w = world_os_new(NULL);
	assert_non_null(f.contract.w);
	if (open_database(&f.contract, &f.contract.replica, &err) != 0)
		fail_msg("%s", err.text);
	*state = &f;
	return (0);
}

static int
end(void ** state)
{
	struct fixture * f = *state;

	replica_close(f->contract.replica);
	world_os_free(f->contract.w);
	postgres_stop(&f->server);
	return (0);
}

/* --- beside the contract --------------------------------------------------- */

struct asked {
	struct replica_request r;
	struct world * w;
	unsigned * left;
	int status;
};

static void
asked_done(struct replica_request * r, int status)
{
	struct asked * a = list_entry(r, struct asked, r);

	a->status = status;
	if (--*a->left == 0)
		world_os_stop(a->w);
}

static struct asked
beat_of(struct fixture * f, unsigned * left)
{
	struct asked a = {.r.call = REPLICA_BEAT, .r.done = asked_done,
	    .r.first = true, .r.lease_ms = 60000, .left = left,
	    .w = f->contract.w};

	world_random(f->contract.w, a.r.server, sizeof(a.r.server));
	return (a);
}

/* Beat once; the status. */
static int
beat(struct fixture * f, struct replica * replica)
{
	unsigned left = 1;
	struct asked a = beat_of(f, &left);

	assert_int_equal(replica_submit(replica, &a.r), 0);
	world_os_run(f->contract.w);
	replica_request_free(&a.r);
	return (a.status);
}

static void
several_servers_make_the_tables_at_a_time(void ** state)
{
	struct fixture * f = *state;
	struct replica * second;
	struct error err = {0};

	assert_int_equal(open_database(&f->contract, &second, &err), 0);
	assert_int_equal(beat(f, second), 0);
	replica_close(second);
}

static void
a_url_that_is_none_is_refused(void ** state)
{
	struct fixture * f = *state;
	struct replica_postgres_config config = {
	    .url = "postgresql://user:secret@[/name"};
	struct replica * none;
	struct error err = {0};

	assert_int_equal(replica_postgres_open(f->contract.w, &config, &none,
	    &err), -ERR_DB_OPEN);
	assert_null(strstr(err.text, "secret"));
}

static void
nobody_there_is_told(void ** state)
{
	struct fixture * f = *state;
	struct replica_postgres_config config = {
	    .url = "postgresql:///x?host=/nowhere&password=secret"};
	struct replica * none;
	struct error err = {0};

	assert_int_equal(replica_postgres_open(f->contract.w, &config, &none,
	    &err), -ERR_DB_OPEN);
	assert_null(strstr(err.text, "secret"));
}

/* Two servers fight for the same groups with all they have. */
static void
no_group_has_two_leaders_under_one_fence(void ** state)
{
	enum { GROUPS = 40, SERVERS = 4 };
	struct fixture * f = *state;
	struct asked a[GROUPS], b[SERVERS], c[SERVERS];
	struct replica_token token = {"fence", "fence"};
	unsigned left = GROUPS;
	size_t i, j, k, l, claimed = 0;

	for (i = 0; i < GROUPS; i++) {
		a[i] = beat_of(f, &left);
		a[i].r.call = REPLICA_REGISTER;
		a[i].r.token = token;
		(void)snprintf(a[i].r.group.network,
		    sizeof(a[i].r.group.network), "berty");
		world_random(f->contract.w, a[i].r.group.id, REPLICA_ID);
		assert_int_equal(replica_submit(f->contract.replica, &a[i].r),
		    0);
	}
	world_os_run(f->contract.w);
	for (i = 0; i < GROUPS; i++)
		assert_int_equal(a[i].status, 0);
	left = SERVERS;
	for (i = 0; i < SERVERS; i++) {
		b[i] = beat_of(f, &left);
		assert_int_equal(replica_submit(f->contract.replica, &b[i].r),
		    0);
	}
	world_os_run(f->contract.w);
	left = SERVERS;
	for (i = 0; i < SERVERS; i++) {
		replica_request_free(&b[i].r);
		c[i] = b[i];
		c[i].r.call = REPLICA_CLAIM;
		c[i].r.max = GROUPS;
		assert_int_equal(replica_submit(f->contract.replica, &c[i].r),
		    0);
	}
	world_os_run(f->contract.w);
	for (i = 0; i < SERVERS; i++) {
		assert_int_equal(c[i].status, 0);
		claimed += c[i].r.n_groups;
		for (j = 0; j < i; j++)
			for (k = 0; k < c[i].r.n_groups; k++)
				for (l = 0; l < c[j].r.n_groups; l++)
					assert_memory_not_equal(
					    c[i].r.groups[k].id,
					    c[j].r.groups[l].id, REPLICA_ID);
	}
	assert_true(claimed >= GROUPS);
	for (i = 0; i < SERVERS; i++)
		replica_request_free(&c[i].r);
}

static void
a_database_that_comes_back_is_used_again(void ** state)
{
	struct fixture * f = *state;
	int i, status = -1;

	assert_int_equal(beat(f, f->contract.replica), 0);
	postgres_kill(&f->server);
	assert_int_equal(beat(f, f->contract.replica), -ERR_DB_WRITE);
	postgres_restart(&f->server);
	for (i = 0; i < 20 && status != 0; i++)
		status = beat(f, f->contract.replica);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REPLICA_CONTRACT_TESTS,
		cmocka_unit_test(several_servers_make_the_tables_at_a_time),
		cmocka_unit_test(a_url_that_is_none_is_refused),
		cmocka_unit_test(nobody_there_is_told),
		cmocka_unit_test(no_group_has_two_leaders_under_one_fence),
		cmocka_unit_test(a_database_that_comes_back_is_used_again),
	};

	return (cmocka_run_group_tests(tests, begin, end));
}
