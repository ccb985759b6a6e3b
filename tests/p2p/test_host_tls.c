/* Hosts on real sockets: GnuTLS takes its randomness from the system. */
#include "support/bytes.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "p2p/host.h"
#include "p2p/security.h"
#include "world/os/world_os.h"

#define ECHO "/test/echo/1"

/* A wait that is not over after this is over for good, ms. */
#define DEADLINE 30000

struct side {
	struct host * h;
	struct host_watcher watcher;
	unsigned up, identified, down, failed;
	struct buffer got;
	struct stream * in;
};

struct fixture {
	struct world * w;
	struct side a, b;
	struct world_timer tick;
	bool (*done)(struct fixture * f);
	uint64_t until;
	unsigned upgrade_ms;              /* 0: the default */
	struct world_tcp * tcp;           /* of a stranger */
	struct buffer heard;              /* by the stranger */
	unsigned closed;
};

/* --- callbacks ----------------------------------------------------------- */

static void
on_up(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->up++;
}

static void
on_identified(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->identified++;
}

static void
on_down(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct side *)user)->down++;
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{
	(void)peer;
	(void)status;
	((struct side *)user)->failed++;
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	buffer_slice(&((struct side *)user)->got, bytes);
}

static void
on_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	((struct side *)user)->in = NULL;
}

static const struct stream_handler handler = {.data = on_data,
    .closed = on_closed};

static void
on_accept(void * user, struct stream * s, const char * protocol)
{
	struct side * side = user;

	(void)protocol;
	side->in = s;
	stream_handle(s, &handler, side);
}

/* --- running ------------------------------------------------------------- */

static void
on_tick(struct world_timer * timer)
{
	struct fixture * f = list_entry(timer, struct fixture, tick);

	if (f->done(f) || world_now(f->w) >= f->until)
		world_os_stop(f->w);
	else
		(void)world_timer_start(f->w, &f->tick, 2);
}

static void
run_until(struct fixture * f, bool (*done)(struct fixture * f))
{
	f->done = done;
	f->until = world_now(f->w) + DEADLINE;
	f->tick.fire = on_tick;
	assert_int_equal(0, world_timer_start(f->w, &f->tick, 0));
	world_os_run(f->w);
	assert_true(done(f));
}

static void
start_side(struct fixture * f, struct side * side, uint8_t n,
    unsigned security)
{
	struct host_config config = {.agent = "test", .security = security,
	    .limits = {.upgrade_ms = f->upgrade_ms}};
	struct buffer address = {0};
	uint8_t seed[32] = {n};

	ed25519_from_seed(&config.key, seed);
	side->h = host_new(f->w, &config);
	assert_non_null(side->h);
	side->watcher = (struct host_watcher){on_up, on_identified, on_down,
	    on_failed, side, {0}};
	host_watch(side->h, &side->watcher);
	assert_int_equal(0, host_serve(side->h, ECHO, on_accept, side));
	assert_int_equal(0, multiaddr_decode(&address,
	    slice_text("/ip4/127.0.0.1/tcp/0")));
	assert_int_equal(0, host_listen(side->h, buffer_all(&address), NULL));
	buffer_free(&address);
}

static struct fixture *
start_within(unsigned a, unsigned b, unsigned upgrade_ms)
{
	struct fixture * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->upgrade_ms = upgrade_ms;
	f->w = world_os_new(NULL);
	assert_non_null(f->w);
	start_side(f, &f->a, 1, a);
	start_side(f, &f->b, 2, b);
	return (f);
}

static struct fixture *
start(unsigned a, unsigned b)
{
	return (start_within(a, b, 0));
}

static void
stop(struct fixture * f)
{
	host_free(f->a.h);
	host_free(f->b.h);
	buffer_free(&f->a.got);
	buffer_free(&f->b.got);
	buffer_free(&f->heard);
	world_os_free(f->w);
	free(f);
}

/* Where side b listens. */
static struct multiaddr_tcp
where(struct fixture * f)
{
	struct buffer list = {0};
	struct multiaddr_tcp at;
	struct reader r;

	host_addresses(f->b.h, &list, false);
	r = reader_of(buffer_all(&list));
	assert_int_equal(0, multiaddr_to_tcp(reader_prefixed(&r, r.n), &at));
	buffer_free(&list);
	return (at);
}

/* Side a dials side b, whoever it should be (NULL: b). */
static void
dial(struct fixture * f, const struct peer_id * who)
{
	struct multiaddr_tcp to = where(f);
	struct buffer address = {0};

	to.peer = who != NULL ? *who : *host_id(f->b.h);
	multiaddr_from_tcp(&address, &to);
	assert_int_equal(0, host_connect_address(f->a.h,
	    buffer_all(&address)));
	buffer_free(&address);
}

static bool
both_identified(struct fixture * f)
{
	return (f->a.identified > 0 && f->b.identified > 0);
}

static bool
a_failed(struct fixture * f)
{
	return (f->a.failed > 0);
}

static bool
b_has_3_mib(struct fixture * f)
{
	return (f->b.got.n >= 3 * 1024 * 1024);
}

static bool
a_has_3_mib(struct fixture * f)
{
	return (f->a.got.n >= 3 * 1024 * 1024);
}

static bool
b_is_alone(struct fixture * f)
{
	return (f->b.down > 0);
}

/* --- tests --------------------------------------------------------------- */

static void
hosts_connect_by_whatever_both_speak(void ** state)
{
	static const unsigned sets[][2] = {
		{HOST_TLS, HOST_TLS}, {HOST_NOISE, HOST_NOISE},
		{HOST_TLS, 0}, {0, HOST_TLS}, {HOST_NOISE, 0}, {0, HOST_NOISE},
		{0, 0},
	};
	struct fixture * f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		f = start(sets[i][0], sets[i][1]);
		dial(f, NULL);
		run_until(f, both_identified);
		assert_true(host_connected(f->a.h, host_id(f->b.h)));
		assert_true(host_connected(f->b.h, host_id(f->a.h)));
		assert_int_equal(0, f->a.failed);
		assert_int_equal(1, f->a.up);
		assert_int_equal(1, f->b.up);
		stop(f);
	}
}

static void
hosts_without_a_common_security_do_not_connect(void ** state)
{
	struct fixture * f = start(HOST_NOISE, HOST_TLS);

	(void)state;
	dial(f, NULL);
	run_until(f, a_failed);
	assert_int_equal(0, f->a.up);
	assert_int_equal(0, f->b.up);
	stop(f);
}

static void
the_wrong_peer_is_refused_by_tls(void ** state)
{
	struct fixture * f = start(HOST_TLS, HOST_TLS);
	uint8_t seed[32] = {3};
	struct ed25519_key key;
	struct peer_id other;

	(void)state;
	ed25519_from_seed(&key, seed);
	peer_id_from_ed25519(&other, key.pub);
	dial(f, &other);
	run_until(f, a_failed);
	assert_int_equal(0, f->a.up);
	assert_int_equal(0, f->b.up);
	stop(f);
}

static void
write_3_mib(struct stream * s, const uint8_t * bytes)
{
	/* A write below the limit is taken whole, however long. */
	assert_int_equal(0, stream_write(s, slice_of(bytes, 3 * 1024 * 1024)));
}

static void
large_messages_pass_both_ways_over_tls_and_the_end_is_seen(void ** state)
{
	static const char * const protocols[] = {ECHO, NULL};
	struct fixture * f = start(HOST_TLS, HOST_TLS);
	struct buffer bytes = {0};
	struct stream * s;
	size_t i;

	(void)state;
	for (i = 0; i < 3 * 1024 * 1024; i++)
		buffer_byte(&bytes, (uint8_t)(i * 2654435761U >> 11));
	dial(f, NULL);
	run_until(f, both_identified);
	assert_int_equal(0, stream_open(f->a.h, host_id(f->b.h), protocols,
	    &handler, &f->a, &s));
	write_3_mib(s, bytes.p);
	run_until(f, b_has_3_mib);
	write_3_mib(f->b.in, bytes.p);
	run_until(f, a_has_3_mib);
	assert_true(slice_equal(buffer_all(&bytes), buffer_all(&f->b.got)));
	assert_true(slice_equal(buffer_all(&bytes), buffer_all(&f->a.got)));
	host_disconnect(f->a.h, host_id(f->b.h));
	run_until(f, b_is_alone);
	buffer_free(&bytes);
	stop(f);
}

/* --- a stranger ----------------------------------------------------------- */

/* It agrees on TLS, and begins a hello that it never ends. */
static void
stranger_connected(void * user)
{
	static const char said[] = "\x13/multistream/1.0.0\n"
	    "\x0b/tls/1.0.0\n" "\x16\x03\x01\x02\x00\x01";
	struct fixture * f = user;

	assert_int_equal(0, world_tcp_write(f->w, f->tcp, slice_of(said,
	    sizeof(said) - 1)));
}

static void
stranger_data(void * user, struct slice bytes)
{
	buffer_slice(&((struct fixture *)user)->heard, bytes);
}

static void
stranger_drained(void * user)
{
	(void)user;
}

static void
stranger_closed(void * user, int status)
{
	(void)status;
	((struct fixture *)user)->closed++;
}

static bool
stranger_is_out(struct fixture * f)
{
	return (f->closed > 0);
}

static void
a_handshake_that_does_not_end_is_closed_in_time(void ** state)
{
	static const struct world_tcp_handler stranger = {stranger_connected,
	    stranger_data, stranger_drained, stranger_closed};
	struct fixture * f = start_within(HOST_TLS, HOST_TLS, 300);
	struct multiaddr_tcp to = where(f);
	struct world_address at = {.port = to.port};

	(void)state;
	memcpy(at.ip, to.ip, 4);
	assert_int_equal(0, world_dial(f->w, &at, &stranger, f, &f->tcp));
	run_until(f, stranger_is_out);
	assert_true(slice_equal(buffer_all(&f->heard), slice_text(
	    "\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n")));
	assert_int_equal(0, f->b.up);
	stop(f);
}

static void
securities_are_read_from_a_list(void ** state)
{
	unsigned set = 0;

	(void)state;
	assert_int_equal(0, security_parse(slice_text("noise,tls"), &set));
	assert_int_equal(HOST_NOISE | HOST_TLS, set);
	assert_int_equal(0, security_parse(slice_text("tls"), &set));
	assert_int_equal(HOST_TLS, set);
	assert_int_equal(-ERR_INVALID_INPUT, security_parse(slice_text(""),
	    &set));
	assert_int_equal(-ERR_INVALID_INPUT, security_parse(
	    slice_text("tls,"), &set));
	assert_int_equal(-ERR_INVALID_INPUT, security_parse(
	    slice_text("noise,secio"), &set));
	assert_int_equal(HOST_TLS, set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_connect_by_whatever_both_speak),
		cmocka_unit_test(
		    hosts_without_a_common_security_do_not_connect),
		cmocka_unit_test(the_wrong_peer_is_refused_by_tls),
		cmocka_unit_test(
		    large_messages_pass_both_ways_over_tls_and_the_end_is_seen),
		cmocka_unit_test(
		    a_handshake_that_does_not_end_is_closed_in_time),
		cmocka_unit_test(securities_are_read_from_a_list),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
