#include "support/bytes.h"

#include "base/error.h"
#include "codec/multiaddr.h"

#define HASHED "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"

static void
an_address_keeps_its_text(void ** state)
{
	static const char * const table[] = {"/ip4/1.2.3.4/tcp/4001",
	    "/ip6/::1/tcp/0", "/ip6/::/udp/65535/quic-v1",
	    "/ip6/2001:db8::1/udp/1/quic-v1/webtransport",
	    "/ip6/2001:db8:0:1:1:1:1:1/tcp/1", "/ip6/1:0:0:2::3/tcp/1",
	    "/ip6/::ffff:1.2.3.4/tcp/1", "/ip6/1::/tcp/1",
	    "/ip6zone/eth0/ip6/fe80::1/tcp/1", "/dns/example.org/tcp/443/tls/ws",
	    "/dns4/example.org/tcp/443/wss", "/dns6/example.org/udp/1/quic",
	    "/dnsaddr/bootstrap.libp2p.io/p2p/" HASHED,
	    "/ip4/1.2.3.4/tcp/1/p2p/" HASHED "/p2p-circuit/p2p/" HASHED,
	    "/ip4/1.2.3.4/udp/1/quic-v1/webtransport/certhash/uEiDDq4_xNyDorZBH"
	    "3TlGazyJdOWSwvo4PUo5YHFMrvDE8g", "/unix/run/berty/node.sock",
	    "/memory/18446744073709551615", "/ip4/127.0.0.1/tcp/9091/grpc",
	    "/ip4/127.0.0.1/tcp/9091/grpcweb", "/ip4/127.0.0.1/tcp/9091/grpcws",
	    "/ip4/127.0.0.1/tcp/9091/grpcgw", "/ip4/1.2.3.4/tcp/1/noise",
	    "/ip4/1.2.3.4/tcp/1/tls/sni/example.org/http"};
	struct buffer bytes = {0}, text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&bytes);
		buffer_clear(&text);
		assert_int_equal(multiaddr_decode(&bytes,
		    slice_text(table[i])), 0);
		assert_true(multiaddr_valid(buffer_all(&bytes)));
		assert_int_equal(multiaddr_encode(&text, buffer_all(&bytes)),
		    0);
		assert_text(buffer_all(&text), table[i]);
	}
	buffer_free(&bytes);
	buffer_free(&text);
}

static void
known_addresses_have_known_bytes(void ** state)
{
	static const struct {
		const char * text;
		const char * hex;
	} table[] = {{"/ip4/1.2.3.4/tcp/4001", "0401020304060fa1"},
	    {"/ip4/1.2.3.4/udp/4001/quic-v1", "040102030491020fa1cd03"},
	    {"/dns4/a.b/tcp/1", "3603612e62060001"},
	    {"/unix/a/b", "9003042f612f62"},
	    {"/p2p-circuit", "a202"}, {"/ip4/1.2.3.4/tcp/1/grpc/",
	    "040102030406000182fc02"}};
	struct buffer bytes = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&bytes);
		assert_int_equal(multiaddr_decode(&bytes,
		    slice_text(table[i].text)), 0);
		assert_hex(buffer_all(&bytes), table[i].hex);
	}
	buffer_free(&bytes);
}

static void
the_old_name_of_a_peer_is_read_and_the_new_one_written(void ** state)
{
	struct buffer bytes = {0}, text = {0};

	(void)state;
	assert_int_equal(multiaddr_decode(&bytes, slice_text("/ipfs/" HASHED)),
	    0);
	assert_int_equal(multiaddr_encode(&text, buffer_all(&bytes)), 0);
	assert_text(buffer_all(&text), "/p2p/" HASHED);
	buffer_free(&bytes);
	buffer_free(&text);
}

static void
malformed_texts_are_refused(void ** state)
{
	static const char * const table[] = {"", "/", "ip4/1.2.3.4", "//",
	    "/ip4", "/ip4/", "/ip4/1.2.3", "/ip4/1.2.3.4.5", "/ip4/1.2.3.256",
	    "/ip4/01.2.3.4", "/ip4/1.2.3.4/tcp", "/ip4/1.2.3.4/tcp/65536",
	    "/ip4/1.2.3.4/tcp/-1", "/ip4/1.2.3.4/tcp/ 1",
	    "/ip4/1.2.3.4//tcp/1", "/ip6/1", "/ip6/:::", "/ip6/1::2::3",
	    "/ip6/1:2:3:4:5:6:7:8:9", "/ip6/12345::", "/ip6/::1.2.3",
	    "/ip6/1:2:3:4:5:6:7:", "/ip6/1:2:3:4:5:6:7::8:9", "/nonesuch/1",
	    "/p2p/", "/p2p/hello", "/unix", "/unix/", "/memory/x",
	    "/memory/18446744073709551616", "/dns4//tcp/1",
	    "/certhash/uAA", "/IP4/1.2.3.4"};
	struct buffer out = {0};
	size_t i;

	(void)state;
	buffer_text(&out, "before");
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (multiaddr_decode(&out, slice_text(table[i])) !=
		    -ERR_INVALID_INPUT)
			fail_msg("%s is accepted", table[i]);
		assert_text(buffer_all(&out), "before");
	}
	buffer_free(&out);
}

static void
malformed_bytes_are_refused(void ** state)
{
	static const char * const table[] = {"", "04", "04010203", "0401020304"
	    "06", "ff01", "36", "3600", "3605612e62", "3601" "2f",
	    "9003012f", "9003" "0161", "9003022f61" "060001", "a50300",
	    "a50302" "1220", "8400" "01020304"};
	struct buffer bytes = {0}, text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&bytes);
		(void)bytes_hex(&bytes, table[i]);
		if (multiaddr_valid(buffer_all(&bytes)))
			fail_msg("%s is accepted", table[i]);
		assert_int_equal(multiaddr_encode(&text, buffer_all(&bytes)),
		    -ERR_INVALID_INPUT);
		assert_int_equal(text.n, 0);
	}
	buffer_free(&bytes);
	buffer_free(&text);
}

static void
an_address_above_512_bytes_is_refused(void ** state)
{
	struct buffer text = {0}, out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 64; i++)
		buffer_text(&text, "/ip4/1.2.3.4/tcp/1");
	assert_int_equal(multiaddr_decode(&out, buffer_all(&text)), 0);
	assert_int_equal(out.n, MULTIADDR_MAX);
	assert_true(multiaddr_valid(buffer_all(&out)));
	buffer_text(&text, "/ws");
	buffer_clear(&out);
	assert_int_equal(multiaddr_decode(&out, buffer_all(&text)),
	    -ERR_INVALID_INPUT);
	buffer_free(&text);
	buffer_free(&out);
}

static void
only_a_plain_tcp_address_is_dialled_directly(void ** state)
{
	static const char * const others[] = {"/ip4/1.2.3.4/tcp/1/ws",
	    "/ip4/1.2.3.4/udp/1", "/dns4/a/tcp/1", "/ip4/1.2.3.4",
	    "/ip4/1.2.3.4/tcp/1/p2p/" HASHED "/p2p-circuit"};
	struct buffer bytes = {0}, again = {0};
	struct multiaddr_tcp tcp;
	size_t i;

	(void)state;
	(void)multiaddr_decode(&bytes,
	    slice_text("/ip6/::1/tcp/258/p2p/" HASHED));
	assert_int_equal(multiaddr_to_tcp(buffer_all(&bytes), &tcp), 0);
	assert_true(tcp.v6);
	assert_int_equal(tcp.port, 258);
	assert_int_equal(tcp.peer.n, 34);
	multiaddr_from_tcp(&again, &tcp);
	assert_true(slice_equal(buffer_all(&again), buffer_all(&bytes)));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		buffer_clear(&bytes);
		assert_int_equal(multiaddr_decode(&bytes,
		    slice_text(others[i])), 0);
		assert_int_equal(multiaddr_to_tcp(buffer_all(&bytes), &tcp),
		    -ERR_INVALID_INPUT);
	}
	buffer_free(&bytes);
	buffer_free(&again);
}

static void
private_addresses_are_told_from_public_ones(void ** state)
{
	static const struct {
		const char * text;
		bool private;
	} table[] = {{"/ip4/10.1.2.3/tcp/1", true},
	    {"/ip4/127.0.0.1/tcp/1", true}, {"/ip4/172.16.0.1/tcp/1", true},
	    {"/ip4/172.32.0.1/tcp/1", false}, {"/ip4/192.168.0.1/tcp/1", true},
	    {"/ip4/169.254.1.1/tcp/1", true}, {"/ip4/100.64.0.1/tcp/1", true},
	    {"/ip4/8.8.8.8/tcp/1", false}, {"/ip6/::1/tcp/1", true},
	    {"/ip6/fe80::1/tcp/1", true}, {"/ip6/fd00::1/tcp/1", true},
	    {"/ip6/2001:db8::1/tcp/1", false},
	    {"/ip6/::ffff:10.0.0.1/tcp/1", true},
	    {"/ip6zone/eth0/ip6/fe80::1/tcp/1", true},
	    {"/dns4/example.org/tcp/1", false}};
	struct buffer bytes = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&bytes);
		assert_int_equal(multiaddr_decode(&bytes,
		    slice_text(table[i].text)), 0);
		assert_int_equal(multiaddr_is_private(buffer_all(&bytes)),
		    table[i].private);
	}
	buffer_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_keeps_its_text),
	    cmocka_unit_test(known_addresses_have_known_bytes),
	    cmocka_unit_test(
	        the_old_name_of_a_peer_is_read_and_the_new_one_written),
	    cmocka_unit_test(malformed_texts_are_refused),
	    cmocka_unit_test(malformed_bytes_are_refused),
	    cmocka_unit_test(an_address_above_512_bytes_is_refused),
	    cmocka_unit_test(only_a_plain_tcp_address_is_dialled_directly),
	    cmocka_unit_test(private_addresses_are_told_from_public_ones),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
