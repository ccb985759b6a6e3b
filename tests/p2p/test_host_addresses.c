/* What hosts learn of where others are, and for how long. */
#include "p2p/host_fixture.h"

#include "p2p/peer_record.h"
#include "p2p/peerstore.h"

static void
an_address_of_a_record_is_learnt_and_dialled(void ** state)
{
	struct fixture * f = start(2);
	struct peer_id peer = {0};
	struct slice record = host_peer_record(host_at(f, 1));

	(void)state;
	assert_int_equal(-ERR_NOT_FOUND,
	    host_connect(host_at(f, 0), id_at(f, 1)));
	assert_int_equal(0, host_learn_record(host_at(f, 0), record, &peer,
	    1000));
	assert_true(peer_id_equal(&peer, id_at(f, 1)));
	assert_int_equal(0, host_connect(host_at(f, 0), &peer));
	run(f, 500);
	assert_int_equal(1, f->sides[0].up);
	stop(f);
}

static void
addresses_are_forgotten_after_their_time(void ** state)
{
	struct fixture * f = start(2);
	struct peer_id peer = {0};

	(void)state;
	assert_int_equal(0, host_learn_record(host_at(f, 0),
	    host_peer_record(host_at(f, 1)), &peer, 1000));
	run(f, 1001);
	assert_int_equal(-ERR_NOT_FOUND, host_connect(host_at(f, 0), &peer));
	stop(f);
}

/* A record by node 1's key, of n addresses. */
static void
make_record(struct fixture * f, struct buffer * out, uint64_t seq, unsigned n)
{
	struct peer_record record = {.seq = seq, .n = n};
	struct multiaddr_tcp to = {.v6 = true, .ip = {0x20, 1}};
	struct buffer address = {0};
	unsigned i;

	for (i = 0; i < n; i++) {
		to.port = (uint16_t)(1000 + i);
		buffer_clear(&address);
		multiaddr_from_tcp(&address, &to);
		buffer_uvarint(&record.addresses, address.n);
		buffer_slice(&record.addresses, buffer_all(&address));
	}
	buffer_clear(out);
	peer_record_seal(out, &record, &f->swarm.nodes[1].key);
	buffer_free(&address);
	peer_record_free(&record);
}

static bool
record_is(struct fixture * f, const struct buffer * want)
{
	return (slice_equal(host_record_of(host_at(f, 0), id_at(f, 1)),
	    buffer_all(want)));
}

static void
the_last_valid_record_of_a_peer_is_kept_while_it_is_good(void ** state)
{
	struct fixture * f = start(2);
	struct buffer old = {0}, now = {0}, bad = {0};
	struct peer_id peer;

	(void)state;
	make_record(f, &old, 5, 1);
	make_record(f, &now, 6, 2);
	make_record(f, &bad, 7, 1);
	bad.p[bad.n - 1] ^= 1;
	assert_int_equal(0, host_record_of(host_at(f, 0), id_at(f, 1)).n);
	assert_int_equal(0, host_learn_record(host_at(f, 0), buffer_all(&now),
	    &peer, 1000));
	assert_true(record_is(f, &now));
	assert_int_equal(0, host_learn_record(host_at(f, 0), buffer_all(&old),
	    &peer, 1000));
	assert_true(record_is(f, &now));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    host_learn_record(host_at(f, 0), buffer_all(&bad), &peer, 1000));
	assert_true(record_is(f, &now));
	run(f, 1001);
	assert_int_equal(0, host_record_of(host_at(f, 0), id_at(f, 1)).n);
	buffer_free(&old);
	buffer_free(&now);
	buffer_free(&bad);
	stop(f);
}

static void
a_record_that_is_too_long_is_learnt_from_but_not_kept(void ** state)
{
	struct fixture * f = start(2);
	struct buffer record = {0};
	struct peer_id peer;
	unsigned n = PEER_RECORD_ADDRESSES;

	(void)state;
	/* As many addresses as fit, and one more. */
	do {
		make_record(f, &record, n, n);
	} while (record.n > PEERSTORE_RECORD && --n > 0);
	assert_int_equal(0, host_learn_record(host_at(f, 0),
	    buffer_all(&record), &peer, 1000));
	assert_true(record_is(f, &record));
	make_record(f, &record, 1000, n + 1);
	assert_true(record.n > PEERSTORE_RECORD);
	assert_int_equal(0, host_learn_record(host_at(f, 0),
	    buffer_all(&record), &peer, 1000));
	assert_int_equal(0, host_record_of(host_at(f, 0), id_at(f, 1)).n);
	assert_int_equal(0, host_connect(host_at(f, 0), &peer));
	buffer_free(&record);
	stop(f);
}

static void
the_record_of_a_connected_peer_stays_good(void ** state)
{
	struct fixture * f = start(2);

	(void)state;
	swarm_connect(&f->swarm, 0, 1);
	run(f, 2 * 60 * 60 * 1000);
	assert_true(slice_equal(host_record_of(host_at(f, 0), id_at(f, 1)),
	    host_peer_record(host_at(f, 1))));
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_of_a_record_is_learnt_and_dialled),
	    cmocka_unit_test(addresses_are_forgotten_after_their_time),
	    cmocka_unit_test(
	        the_last_valid_record_of_a_peer_is_kept_while_it_is_good),
	    cmocka_unit_test(
	        a_record_that_is_too_long_is_learnt_from_but_not_kept),
	    cmocka_unit_test(the_record_of_a_connected_peer_stays_good),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
