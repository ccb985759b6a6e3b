/* What an address shows of a peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/v1/v1.h"

enum { LOCAL = 1 << 3, QUIC = 1 << 5 };

static unsigned
features(const char * text, bool active)
{
	struct buffer address = {0};
	unsigned found;

	assert_int_equal(0, multiaddr_decode(&address, slice_text(text)));
	found = v1_address_features(buffer_all(&address), active);
	buffer_free(&address);
	return (found);
}

static void
quic_is_a_component_and_not_a_word(void ** state)
{
	(void)state;
	assert_int_equal(QUIC, features("/ip4/8.8.8.8/udp/4001/quic-v1", false));
	assert_int_equal(QUIC, features("/ip4/8.8.8.8/udp/4001/quic", true));
	/* Go looks for the text. */
	assert_int_equal(0, features("/dns4/quic.example/tcp/4001",
	    true));
	assert_int_equal(0, features("/unix/var/quic", true));
}

static void
only_a_connection_makes_a_peer_local(void ** state)
{
	(void)state;
	assert_int_equal(LOCAL, features("/ip4/192.168.1.7/tcp/4001", true));
	assert_int_equal(0, features("/ip4/192.168.1.7/tcp/4001", false));
	assert_int_equal(LOCAL, features("/ip4/127.0.0.1/tcp/4001", true));
	assert_int_equal(LOCAL, features("/ip6/fe80::1/tcp/4001", true));
	assert_int_equal(LOCAL, features("/ip6/fd00::1/tcp/4001", true));
	assert_int_equal(0, features("/ip4/8.8.8.8/tcp/4001", true));
	assert_int_equal(LOCAL | QUIC,
	    features("/ip4/10.1.2.3/udp/4001/quic-v1", true));
}

static void
bytes_that_are_no_address_show_nothing(void ** state)
{
	static const uint8_t cut[] = {4, 10, 0};

	(void)state;
	assert_int_equal(0, v1_address_features(slice_of(cut, 3), true));
	assert_int_equal(0, v1_address_features(slice_of(NULL, 0), true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quic_is_a_component_and_not_a_word),
		cmocka_unit_test(only_a_connection_makes_a_peer_local),
		cmocka_unit_test(bytes_that_are_no_address_show_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
