#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/replicating.h"
#include "world/sim/sim.h"

static struct sim * sim;
static struct store * store;

static int
begin(void ** state)
{
	struct store_config config = {0};
	struct error err = {0};

	(void)state;
	sim = sim_new(1);
	assert_int_equal(store_open(sim_node(sim), &config, &store, &err), 0);
	assert_int_equal(store_begin(store), 0);
	return (0);
}

static int
end(void ** state)
{
	(void)state;
	store_rollback(store);
	store_close(store);
	sim_free(sim);
	return (0);
}

static void
fold(uint8_t device, uint64_t time, const char * url, const char * server,
    unsigned addresses)
{
	static const uint8_t address[] = {8, 4, 10, 0, 0, 9, 6, 0x0f, 0xa1};
	struct metadata_event e = {.type = EVENT_GROUP_REPLICATING};
	struct event_place place = {.time = time};
	struct buffer payload = {0}, list = {0};

	memset(e.device_pk, device, sizeof(e.device_pk));
	cid_of(&place.cid, CID_DAG_CBOR, slice_text("an entry"));
	while (addresses-- > 0)
		buffer_append(&list, address, sizeof(address));
	replicating_encode(&payload, e.device_pk, slice_text(url),
	    slice_text(server), buffer_all(&list));
	e.payload = buffer_all(&payload);
	assert_int_equal(replicating_fold(store, 7, &e, &place), 0);
	buffer_free(&payload);
	buffer_free(&list);
}

struct seen {
	unsigned n, addresses;
	char url[REPLICATING_TEXT_MAX + 1]; /* of the last */
};

static int
see(void * user, const struct replicating * r)
{
	struct seen * s = user;
	struct slice address;
	size_t at = 0;

	s->n++;
	if (r->authentication_url.n > 0)
		memcpy(s->url, r->authentication_url.p,
		    r->authentication_url.n);
	s->url[r->authentication_url.n] = '\0';
	while (replicating_address(r, &at, &address)) {
		assert_int_equal(address.n, 8);
		s->addresses++;
	}
	return (0);
}

static struct seen
look(void)
{
	struct seen s = {0};

	assert_int_equal(replicating_each(store, 7, see, &s), 0);
	return (s);
}

static void
the_newest_word_of_a_device_on_a_server_counts(void ** state)
{
	uint8_t device[32];

	(void)state;
	memset(device, 1, sizeof(device));
	fold(1, 5, "https://newer", "server:1", 1);
	fold(1, 3, "https://older", "server:1", 0);
	assert_int_equal(look().n, 1);
	assert_string_equal(look().url, "https://newer");
	assert_int_equal(look().addresses, 1);
	fold(1, 6, "https://newest", "server:1", 2);
	assert_int_equal(look().n, 1);
	assert_string_equal(look().url, "https://newest");
	assert_int_equal(look().addresses, 2);
	fold(2, 1, "https://other", "server:1", 0);
	fold(1, 1, "https://other", "server:2", 0);
	assert_int_equal(look().n, 3);
	assert_int_equal(replicating_has(store, 7, device,
	    slice_text("server:2")), 1);
	assert_int_equal(replicating_has(store, 7, device,
	    slice_text("server:3")), 0);
	assert_int_equal(replicating_has(store, 8, device,
	    slice_text("server:2")), 0);
}

static void
what_is_too_long_or_names_no_server_is_not_kept(void ** state)
{
	char text[REPLICATING_TEXT_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	fold(1, 1, "", text, 0);
	fold(1, 1, text, "server:1", 0);
	fold(1, 1, "", "", 0);
	fold(1, 1, "", "server 1", 0);
	fold(1, 1, "", "server:1\n", 0);
	fold(1, 1, "", "server:1", REPLICATING_EVENT_MAX / 8);
	assert_int_equal(look().n, 0);
	text[REPLICATING_TEXT_MAX] = '\0';
	fold(1, 1, text, text, 0);
	assert_int_equal(look().n, 1);
}

static void
a_device_that_tells_of_many_servers_keeps_nobody_out(void ** state)
{
	char server[16];
	uint8_t device;
	unsigned i;

	(void)state;
	for (i = 0; i < 4 * REPLICATING_GROUP_MAX; i++) {
		(void)snprintf(server, sizeof(server), "server:%u", i);
		fold(1, 1 + i, "", server, 0);
	}
	assert_int_equal(look().n, REPLICATING_DEVICE_MAX);
	fold(2, 1, "https://other", "server:1", 0);
	assert_int_equal(look().n, REPLICATING_DEVICE_MAX + 1);
	assert_string_equal(look().url, "https://other");
	for (device = 3; device < 3 + REPLICATING_GROUP_MAX; device++)
		fold(device, 1, "", "server:1", 0);
	assert_int_equal(look().n, REPLICATING_GROUP_MAX);
}

static void
so_many_addresses_of_an_event_are_looked_at(void ** state)
{
	(void)state;
	fold(1, 1, "", "server:1", REPLICATING_ADDRESSES_MAX);
	assert_int_equal(look().addresses, REPLICATING_ADDRESSES_MAX);
	fold(1, 2, "", "server:1", REPLICATING_ADDRESSES_MAX + 1);
	assert_int_equal(look().addresses, REPLICATING_ADDRESSES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_newest_word_of_a_device_on_a_server_counts, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    what_is_too_long_or_names_no_server_is_not_kept, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    a_device_that_tells_of_many_servers_keeps_nobody_out,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    so_many_addresses_of_an_event_are_looked_at, begin, end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
