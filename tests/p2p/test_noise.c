#include "support/bytes.h"

#include <stdlib.h>

#include "base/error.h"
#include "codec/multibase.h"
#include "p2p/noise.h"
#include "p2p/secure.h"
#include "p2p/upgrade.h"

static const char * const yamux[] = {"/yamux/1.0.0", NULL};
static const char * const others[] = {"/mplex/6.7.0", "/yamux/1.0.0", NULL};

/* Ends borrow their keys: these stay. */
static const struct ed25519_key *
identity_of(bool dialer)
{
	static struct ed25519_key keys[2];
	uint8_t seed[32] = {dialer ? 1 : 2};

	ed25519_from_seed(&keys[dialer], seed);
	return (&keys[dialer]);
}

static struct noise *
make(bool initiator, const char * const * muxers)
{
	struct noise_config config = {.initiator = initiator,
	    .identity = identity_of(initiator), .muxers = muxers};

	memset(config.static_private, initiator ? 3 : 4, 32);
	memset(config.ephemeral_private, initiator ? 5 : 6, 32);
	return (noise_new(&config));
}

static struct slice
body(const struct buffer * b)
{
	return (slice_of(b->p + 2, b->n - 2));
}

struct pair {
	struct noise * i, * r;
	struct buffer m[3];
};

static void
shake(struct pair * p, const char * const * im, const char * const * rm)
{
	struct buffer none = {0};

	*p = (struct pair){.i = make(true, im), .r = make(false, rm)};
	noise_start(p->i, &p->m[0]);
	assert_int_equal(0, noise_handshake(p->r, body(&p->m[0]), &p->m[1]));
	assert_int_equal(1, noise_handshake(p->i, body(&p->m[1]), &p->m[2]));
	assert_int_equal(1, noise_handshake(p->r, body(&p->m[2]), &none));
	buffer_free(&none);
}

static void
drop(struct pair * p)
{
	size_t i;

	noise_free(p->i);
	noise_free(p->r);
	for (i = 0; i < 3; i++)
		buffer_free(&p->m[i]);
}

static void
both_ends_know_each_other_and_hold_the_same_keys(void ** state)
{
	struct noise_keys ki, kr;
	struct pair p;

	(void)state;
	shake(&p, yamux, yamux);
	noise_keys(p.i, &ki);
	noise_keys(p.r, &kr);
	assert_memory_equal(ki.send, kr.receive, 32);
	assert_memory_equal(ki.receive, kr.send, 32);
	assert_memory_not_equal(ki.send, ki.receive, 32);
	assert_memory_equal(ki.hash, kr.hash, 32);
	assert_false(peer_id_equal(noise_peer(p.i), noise_peer(p.r)));
	assert_int_equal(36, noise_peer_key(p.i).n);
	drop(&p);
}

static void
the_muxer_is_the_first_of_the_initiators_that_both_list(void ** state)
{
	struct pair p;

	(void)state;
	shake(&p, others, yamux);
	assert_string_equal("/yamux/1.0.0", noise_muxer(p.i));
	assert_string_equal("/yamux/1.0.0", noise_muxer(p.r));
	drop(&p);
	shake(&p, yamux, NULL);
	assert_null(noise_muxer(p.i));
	assert_null(noise_muxer(p.r));
	drop(&p);
}

static void
a_dialer_who_meets_another_peer_says_nothing_of_itself(void ** state)
{
	struct noise_config config = {.initiator = true,
	    .identity = identity_of(true), .muxers = yamux};
	struct buffer m1 = {0}, m2 = {0}, m3 = {0};
	struct noise * i, * r = make(false, yamux);

	(void)state;
	memset(config.static_private, 3, 32);
	memset(config.ephemeral_private, 5, 32);
	peer_id_from_ed25519(&config.expected, config.identity->pub);
	i = noise_new(&config);
	noise_start(i, &m1);
	assert_int_equal(0, noise_handshake(r, body(&m1), &m2));
	assert_int_equal(-ERR_INVALID_INPUT, noise_handshake(i, body(&m2),
	    &m3));
	assert_int_equal(0, m3.n);
	noise_free(i);
	noise_free(r);
	buffer_free(&m1);
	buffer_free(&m2);
	buffer_free(&m3);
}

/* Change a byte of the second message: nothing of it may be believed. */
static void
a_changed_byte_anywhere_ends_the_handshake(void ** state)
{
	struct buffer m1 = {0}, m2 = {0}, m3 = {0};
	struct noise * i, * r = make(false, yamux);
	size_t at;
	int status;

	(void)state;
	i = make(true, yamux);
	noise_start(i, &m1);
	assert_int_equal(0, noise_handshake(r, body(&m1), &m2));
	noise_free(i);
	for (at = 2; at < m2.n; at += 7) {
		struct buffer none = {0};

		i = make(true, yamux);
		noise_start(i, &none);
		buffer_clear(&m3);
		m2.p[at] ^= 1;
		status = noise_handshake(i, body(&m2), &m3);
		m2.p[at] ^= 1;
		assert_int_equal(-ERR_CRYPTO_DECRYPT, status);
		noise_free(i);
		buffer_free(&none);
	}
	noise_free(r);
	buffer_free(&m1);
	buffer_free(&m2);
	buffer_free(&m3);
}

static void
a_frame_opens_once_and_in_order_only(void ** state)
{
	struct secure a, b;
	struct noise_keys ki, kr;
	struct buffer wire = {0}, plain = {0};
	struct slice in;
	size_t first;
	struct pair p;

	(void)state;
	shake(&p, yamux, yamux);
	noise_keys(p.i, &ki);
	noise_keys(p.r, &kr);
	secure_start(&a, &ki);
	secure_start(&b, &kr);
	secure_seal(&a, &wire, slice_text("one"));
	first = wire.n;
	in = buffer_all(&wire);
	assert_int_equal(1, secure_open(&b, &in, &plain));
	in = slice_of(wire.p, first);
	assert_int_equal(-ERR_CRYPTO_DECRYPT, secure_open(&b, &in, &plain));
	assert_int_equal(3, plain.n);
	secure_end(&a);
	secure_end(&b);
	buffer_free(&wire);
	buffer_free(&plain);
	drop(&p);
}

static void
long_plaintext_is_split_and_comes_together_byte_by_byte(void ** state)
{
	struct secure a, b;
	struct noise_keys ki, kr;
	struct buffer wire = {0}, plain = {0}, got = {0};
	struct slice in;
	struct pair p;
	size_t i;

	(void)state;
	shake(&p, yamux, yamux);
	noise_keys(p.i, &ki);
	noise_keys(p.r, &kr);
	secure_start(&a, &ki);
	secure_start(&b, &kr);
	for (i = 0; i < NOISE_PLAIN_MAX + 1; i++)
		buffer_byte(&plain, (uint8_t)(i * 31));
	secure_seal(&a, &wire, buffer_all(&plain));
	assert_int_equal(plain.n + 2 * (2 + TAG_SIZE), wire.n);
	for (i = 0; i < wire.n; i++) {
		in = slice_of(wire.p + i, 1);
		assert_true(secure_open(&b, &in, &got) >= 0);
		assert_int_equal(0, in.n);
	}
	assert_true(slice_equal(buffer_all(&plain), buffer_all(&got)));
	secure_end(&a);
	secure_end(&b);
	buffer_free(&wire);
	buffer_free(&plain);
	buffer_free(&got);
	drop(&p);
}

/* --- the whole upgrade -------------------------------------------------- */

static struct upgrade *
make_upgrade(bool dialer, bool no_early_muxer, struct buffer * out)
{
	struct upgrade_config config = {.dialer = dialer,
	    .identity = identity_of(dialer),
	    .no_early_muxer = no_early_muxer};

	memset(config.static_private, dialer ? 3 : 4, 32);
	memset(config.ephemeral_private, dialer ? 5 : 6, 32);
	return (upgrade_new(&config, out));
}

/* Pipe both ways until both are done; how often bytes crossed. */
static unsigned
pipe_upgrades(struct upgrade * d, struct upgrade * l, struct buffer * to_l,
    size_t piece)
{
	struct buffer to_d = {0};
	unsigned crossed = 0;
	int ds = 0, ls = 0;

	while ((ds == 0 || ls == 0) && crossed < 20) {
		struct buffer * from = crossed % 2 == 0 ? to_l : &to_d;
		struct buffer * back = crossed % 2 == 0 ? &to_d : to_l;
		struct buffer now = *from;
		size_t at, n;

		*from = (struct buffer){0};
		for (at = 0; at < now.n; at += n) {
			struct slice in;

			n = now.n - at < piece ? now.n - at : piece;
			in = slice_of(now.p + at, n);
			if (crossed % 2 == 0)
				ls = upgrade_feed(l, &in, back);
			else
				ds = upgrade_feed(d, &in, back);
			assert_true(ls >= 0 && ds >= 0);
		}
		buffer_free(&now);
		crossed++;
	}
	buffer_free(&to_d);
	return (crossed);
}

static unsigned
upgrade_both(bool d_old, bool l_old, size_t piece)
{
	struct buffer to_l = {0};
	struct upgrade * d = make_upgrade(true, d_old, &to_l);
	struct upgrade * l = make_upgrade(false, l_old, &to_l);
	unsigned crossed = pipe_upgrades(d, l, &to_l, piece);

	assert_int_equal(38, upgrade_peer(d)->n);
	assert_int_equal(38, upgrade_peer(l)->n);
	upgrade_free(d);
	upgrade_free(l);
	buffer_free(&to_l);
	return (crossed);
}

static void
an_upgrade_takes_one_round_trip_and_a_half_with_an_early_muxer(void ** state)
{
	(void)state;
	assert_int_equal(3, upgrade_both(false, false, SIZE_MAX));
	assert_int_equal(3, upgrade_both(false, false, 1));
}

static void
peers_without_early_muxer_negotiate_it_inside(void ** state)
{
	(void)state;
	assert_int_equal(4, upgrade_both(true, false, SIZE_MAX));
	assert_int_equal(4, upgrade_both(false, true, SIZE_MAX));
	assert_int_equal(4, upgrade_both(true, true, 1));
}

static void
a_dialer_that_offers_tls_only_is_told_na(void ** state)
{
	static const char hello[] = "\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n";
	struct buffer out = {0};
	struct upgrade * l = make_upgrade(false, false, &out);
	struct slice in = slice_of(hello, sizeof(hello) - 1);

	(void)state;
	assert_int_equal(0, upgrade_feed(l, &in, &out));
	assert_true(slice_equal(buffer_all(&out),
	    slice_text("\x13/multistream/1.0.0\n\x03na\n")));
	upgrade_free(l);
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    both_ends_know_each_other_and_hold_the_same_keys),
		cmocka_unit_test(
		    the_muxer_is_the_first_of_the_initiators_that_both_list),
		cmocka_unit_test(
		    a_dialer_who_meets_another_peer_says_nothing_of_itself),
		cmocka_unit_test(a_changed_byte_anywhere_ends_the_handshake),
		cmocka_unit_test(a_frame_opens_once_and_in_order_only),
		cmocka_unit_test(
		    long_plaintext_is_split_and_comes_together_byte_by_byte),
		cmocka_unit_test(
		    an_upgrade_takes_one_round_trip_and_a_half_with_an_early_muxer),
		cmocka_unit_test(peers_without_early_muxer_negotiate_it_inside),
		cmocka_unit_test(a_dialer_that_offers_tls_only_is_told_na),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
