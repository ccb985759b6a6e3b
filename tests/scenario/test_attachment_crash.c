/*
 * Power fails at every write of a file that goes in, or is fetched.  What was
 * acknowledged is there; what was not leaves nothing, or is continued.
 */
#include "support/fleet_attachment.h"

enum { SOON_MS = 300000, MOST_WRITES = 600, FILE_SIZE = 280000 };

static const enum sim_crash left[] = {SIM_CRASH_NOTHING, SIM_CRASH_PREFIX,
    SIM_CRASH_SOME};

/* True when node `victim` had died; it lives again. */
static bool
revive(struct fleet * f, size_t victim)
{
	sim_disk_crash_at(f->nodes[victim].w, 0, SIM_CRASH_NOTHING);
	if (!fleet_bury(f, victim))
		return (false);
	fleet_open(f, victim);
	return (true);
}

static void
must_read(struct fleet * f, size_t i, const struct cid * cid)
{
	struct fleet_call * call = fleet_begin_retrieve(f, i, cid);

	fleet_must(f, i, call);
	sim_assert(f->sim, fleet_retrieved(f, call) == FILE_SIZE);
	fleet_end(call);
}

static bool
has_none(void * user)
{
	return (!fleet_has_blocks(user, 0));
}

static int
count(void * user, const struct attachment_register * r)
{
	(void)r;
	++*(size_t *)user;
	return (0);
}

static bool
prepare(uint64_t n, enum sim_crash how)
{
	static const struct fleet_config one = {.n = 1};
	const API(AttachmentPrepare__Reply) * reply;
	struct fleet_call * call;
	struct fleet f;
	struct cid cid;
	size_t known = 0;
	bool died, done;

	fleet_start(&f, n, &one);
	sim_run_for(f.sim, 3000);
	sim_disk_crash_at(f.nodes[0].w, n, how);
	call = fleet_begin_attachment(&f, 0, FILE_SIZE);
	done = fleet_wait(&f, 0, call);
	if (done) {
		reply = call->replies[0];
		(void)cid_parse(&cid, protobuf_slice(reply->attachment_cid));
	}
	sim_run_for(f.sim, 3000);
	died = revive(&f, 0);
	fleet_end(call);
	if (done)
		must_read(&f, 0, &cid);
	assert_int_equal(attachment_register_each(
	    node_store(f.nodes[0].node), count, &known), 0);
	/* It may be there though nobody was told: then it is whole. */
	sim_assert(f.sim, known == 1 || !done);
	if (known == 0)
		sim_assert(f.sim, sim_run_until(f.sim, has_none, &f, SOON_MS));
	fleet_attach(&f, 0, FILE_SIZE, &cid);
	must_read(&f, 0, &cid);
	fleet_stop(&f);
	return (died);
}

static void
a_crash_at_any_write_of_a_file(void ** state)
{
	bool died = true;
	uint64_t n;
	size_t i;

	(void)state;
	for (n = 1; died; n++) {
		assert_true(n < MOST_WRITES);
		for (i = 0; i < 3; i++)
			died = prepare(n, left[i]);
	}
	assert_true(n > 20);
}

static bool
fetch(uint64_t n, enum sim_crash how)
{
	static const struct fleet_config two = {.n = 2};
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct fleet f;
	struct cid cid;
	bool died;

	fleet_start(&f, n, &two);
	fleet_gather(&f, group_pk);
	fleet_attach(&f, 0, FILE_SIZE, &cid);
	fleet_send_attached(&f, 0, group_pk, "a file", &cid);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_disk_crash_at(f.nodes[1].w, n, how);
	call = fleet_begin_retrieve(&f, 1, &cid);
	(void)fleet_wait(&f, 1, call);
	sim_run_for(f.sim, 3000);
	died = revive(&f, 1);
	fleet_end(call);
	must_read(&f, 1, &cid);
	fleet_stop(&f);
	return (died);
}

static void
a_crash_at_any_write_of_fetching(void ** state)
{
	bool died = true;
	uint64_t n;
	size_t i;

	(void)state;
	for (n = 1; died; n++) {
		assert_true(n < MOST_WRITES);
		for (i = 0; i < 3; i++)
			died = fetch(n, left[i]);
	}
	assert_true(n > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_crash_at_any_write_of_a_file),
	    cmocka_unit_test(a_crash_at_any_write_of_fetching),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
