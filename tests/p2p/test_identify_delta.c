#include "support/bytes.h"
#include "support/swarm.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/network.h"
#include "p2p/identify.h"

#define DELTA "/p2p/id/delta/1.0.0"

/* --- the message --------------------------------------------------------- */

static void
append_name(struct buffer * list, unsigned field, const char * name)
{
	buffer_byte(list, (uint8_t)(field << 3 | 2));
	buffer_uvarint(list, strlen(name));
	buffer_text(list, name);
}

/* Field 7 of identify's message; texts may be NULL. */
static void
write_delta(struct buffer * out, const char * added, const char * removed)
{
	struct buffer delta = {0};

	if (added != NULL)
		append_name(&delta, 1, added);
	if (removed != NULL)
		append_name(&delta, 2, removed);
	buffer_byte(out, 7 << 3 | 2);
	buffer_uvarint(out, delta.n);
	buffer_slice(out, buffer_all(&delta));
	buffer_free(&delta);
}

static int
apply(struct buffer * names, const char * added, const char * removed)
{
	struct buffer m = {0};
	int status;

	write_delta(&m, added, removed);
	status = identify_delta(names, buffer_all(&m));
	buffer_free(&m);
	return (status);
}

#define assert_names(names, text) \
	assert_true(slice_equal(buffer_all(names), \
	    slice_of((text), sizeof(text) - 1)))

static void
names_come_and_go(void ** state)
{
	struct buffer names = {0};

	(void)state;
	assert_int_equal(1, apply(&names, "/a", NULL));
	assert_int_equal(1, apply(&names, "/b", NULL));
	assert_names(&names, "/a\0/b\0");
	assert_int_equal(1, apply(&names, "/c", "/a"));
	assert_names(&names, "/b\0/c\0");
	assert_int_equal(1, apply(&names, "/b", "/nobody"));
	assert_names(&names, "/b\0/c\0");
	/* As in Go, what is added and removed is removed. */
	assert_int_equal(1, apply(&names, "/d", "/d"));
	assert_names(&names, "/b\0/c\0");
	assert_int_equal(1, apply(&names, NULL, "/b"));
	assert_int_equal(1, apply(&names, NULL, "/c"));
	assert_int_equal(0, names.n);
	buffer_free(&names);
}

static void
a_message_without_a_delta_changes_nothing(void ** state)
{
	struct buffer names = {0}, m = {0};

	(void)state;
	buffer_append(&names, "/a", 3);
	append_name(&m, 3, "/b");
	assert_int_equal(0, identify_delta(&names, buffer_all(&m)));
	buffer_byte(&m, 0xff);
	assert_int_equal(-ERR_DESERIALIZATION, identify_delta(&names,
	    buffer_all(&m)));
	assert_names(&names, "/a\0");
	buffer_free(&names);
	buffer_free(&m);
}

/* n names added in one message. */
static int
apply_many(struct buffer * names, unsigned first, unsigned n)
{
	struct buffer m = {0}, delta = {0};
	char name[16];
	unsigned i;
	int status;

	for (i = first; i < first + n; i++) {
		(void)snprintf(name, sizeof(name), "%x", i);
		append_name(&delta, 1, name);
	}
	buffer_byte(&m, 7 << 3 | 2);
	buffer_uvarint(&m, delta.n);
	buffer_slice(&m, buffer_all(&delta));
	status = identify_delta(names, buffer_all(&m));
	buffer_free(&m);
	buffer_free(&delta);
	return (status);
}

static void
names_are_limited_in_a_message_and_in_all(void ** state)
{
	struct buffer names = {0};
	unsigned i;
	size_t n;

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT, apply_many(&names, 1,
	    IDENTIFY_DELTA_NAMES + 1));
	assert_int_equal(0, names.n);
	for (i = 0; i < IDENTIFY_PROTOCOLS; i += IDENTIFY_DELTA_NAMES)
		assert_int_equal(1, apply_many(&names, 1 + i,
		    IDENTIFY_DELTA_NAMES));
	n = names.n;
	assert_int_equal(-ERR_INVALID_INPUT, apply(&names, "/more", NULL));
	assert_int_equal(n, names.n);
	assert_int_equal(1, apply(&names, "/more", "1"));
	buffer_free(&names);
}

/* --- between hosts -------------------------------------------------------- */

struct fixture {
	struct swarm swarm;               /* node 0 tells */
	struct host * h;                  /* reads */
	struct host_watcher watcher;
	unsigned identified;
	int closed;                       /* of the stream told on; 1: open */
};

static void
on_identified(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct fixture *)user)->identified++;
}

static void
on_closed(void * user, struct stream * s, int status)
{
	(void)s;
	((struct fixture *)user)->closed = status;
}

static const struct stream_handler handler = {.closed = on_closed};

static struct fixture *
start(bool served)
{
	struct fixture * f = calloc(1, sizeof(*f));
	struct host_config config = {.agent = "2022", .security = HOST_NOISE,
	    .identify_delta = served};
	struct world_address at;
	struct multiaddr_tcp to = {.port = 4001};
	struct buffer address = {0};
	uint8_t seed[32] = {9};

	assert_non_null(f);
	swarm_start(&f->swarm, 3, 1);
	at = sim_address(f->swarm.nodes[0].w);
	ed25519_from_seed(&config.key, seed);
	f->h = host_new(sim_node(f->swarm.sim), &config);
	assert_non_null(f->h);
	f->watcher = (struct host_watcher){.identified = on_identified,
	    .user = f};
	host_watch(f->h, &f->watcher);
	memcpy(to.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &to);
	assert_int_equal(0, host_connect_address(f->h, buffer_all(&address)));
	buffer_free(&address);
	sim_run_for(f->swarm.sim, 500);
	assert_int_equal(1, f->identified);
	return (f);
}

static void
stop(struct fixture * f)
{
	host_free(f->h);
	swarm_stop(&f->swarm);
	free(f);
}

/* Node 0 says this on a stream for deltas, as Go: then it ends its side. */
static void
tell(struct fixture * f, struct slice bytes, size_t piece)
{
	static const char * const protocols[] = {DELTA, NULL};
	struct stream * s;
	size_t at;

	f->closed = 1;
	assert_int_equal(0, stream_open(f->swarm.nodes[0].h, host_id(f->h),
	    protocols, &handler, f, &s));
	for (at = 0; at < bytes.n && f->closed == 1; at += piece) {
		assert_int_equal(0, stream_write(s, slice_of(bytes.p + at,
		    bytes.n - at < piece ? bytes.n - at : piece)));
		sim_run_for(f->swarm.sim, 50);
	}
	if (f->closed == 1)
		stream_end(s);
	sim_run_for(f->swarm.sim, 500);
}

static void
tell_delta(struct fixture * f, const char * added, const char * removed,
    size_t piece)
{
	struct buffer m = {0}, wire = {0};

	write_delta(&m, added, removed);
	buffer_uvarint(&wire, m.n);
	buffer_slice(&wire, buffer_all(&m));
	tell(f, buffer_all(&wire), piece);
	buffer_free(&m);
	buffer_free(&wire);
}

static bool
speaks(struct fixture * f, const char * protocol)
{
	return (host_peer_speaks(f->h, &f->swarm.nodes[0].id, protocol));
}

static void
a_delta_changes_what_a_peer_speaks_and_watchers_hear_of_it(void ** state)
{
	struct fixture * f = start(true);

	(void)state;
	assert_true(speaks(f, "/ipfs/ping/1.0.0"));
	tell_delta(f, "/new", NULL, SIZE_MAX);
	assert_int_equal(0, f->closed);
	assert_true(speaks(f, "/new"));
	assert_true(speaks(f, "/ipfs/ping/1.0.0"));
	assert_int_equal(2, f->identified);
	tell_delta(f, NULL, "/ipfs/ping/1.0.0", 1);
	assert_false(speaks(f, "/ipfs/ping/1.0.0"));
	assert_true(speaks(f, "/new"));
	assert_int_equal(3, f->identified);
	stop(f);
}

static void
what_is_no_delta_is_refused_and_changes_nothing(void ** state)
{
	struct fixture * f = start(true);
	struct buffer b = {0};

	(void)state;
	tell(f, slice_text("\x02\xff\xff"), SIZE_MAX);
	assert_int_equal(-ERR_STREAM_READ, f->closed);
	/* Nothing at all; and more than Go would read. */
	tell(f, slice_text(""), SIZE_MAX);
	assert_int_equal(-ERR_STREAM_READ, f->closed);
	buffer_uvarint(&b, IDENTIFY_DELTA_MAX + 1);
	tell(f, buffer_all(&b), SIZE_MAX);
	assert_int_equal(-ERR_STREAM_READ, f->closed);
	assert_int_equal(1, f->identified);
	assert_true(speaks(f, "/ipfs/ping/1.0.0"));
	buffer_free(&b);
	stop(f);
}

static void
deltas_are_served_where_the_network_has_them_only(void ** state)
{
	struct fixture * f = start(false);

	(void)state;
	tell_delta(f, "/new", NULL, SIZE_MAX);
	assert_true(f->closed < 0);
	assert_false(speaks(f, "/new"));
	stop(f);
	f = start(true);
	assert_true(host_peer_speaks(f->swarm.nodes[0].h, host_id(f->h),
	    DELTA));
	stop(f);
	assert_true(network_get(NETWORK_BERTY_V1)->identify_delta);
	assert_false(network_get(NETWORK_BERTY)->identify_delta);
	assert_false(network_get(NETWORK_WESH)->identify_delta);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_and_go),
		cmocka_unit_test(a_message_without_a_delta_changes_nothing),
		cmocka_unit_test(names_are_limited_in_a_message_and_in_all),
		cmocka_unit_test(
		    a_delta_changes_what_a_peer_speaks_and_watchers_hear_of_it),
		cmocka_unit_test(
		    what_is_no_delta_is_refused_and_changes_nothing),
		cmocka_unit_test(
		    deltas_are_served_where_the_network_has_them_only),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
