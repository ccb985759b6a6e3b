/*
 * Peers of 2022 propose /mplex/6.7.0 first.  It is answered `na`: those that
 * know yamux too take that, the others find no common muxer.
 */
#include "support/bytes.h"
#include "support/swarm.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/multistream.h"
#include "p2p/security.h"
#include "p2p/yamux.h"

#define MPLEX "/mplex/6.7.0"

/* A dialer by hand: what it negotiates with, and how far it came. */
struct dialer {
	struct sim * sim;
	struct world * w;
	struct world_tcp * tcp;
	struct multistream * negotiation;
	struct security * security;
	const char * const * muxers;
	struct peer_id expected;
	bool secured, agreed;
	bool stays;                       /* says nothing when it is refused */
	int status;                       /* of the negotiation of the muxer */
	struct buffer plain;
	unsigned closed;
};

static void
write_out(struct dialer * d, struct buffer * out)
{
	assert_false(out->failed);
	if (out->n > 0 && d->tcp != NULL)
		assert_int_equal(0, world_tcp_write(d->w, d->tcp,
		    buffer_all(out)));
	buffer_free(out);
}

static void
on_connected(void * user)
{
	static const char * const offer[] = {"/noise", NULL};
	struct dialer * d = user;
	struct buffer out = {0};

	d->negotiation = multistream_dial(offer, &out);
	assert_non_null(d->negotiation);
	security_start(d->security, &out);
	write_out(d, &out);
}

/* The channel is there: propose muxers, as those of 2022 do. */
static void
propose(struct dialer * d, struct buffer * out)
{
	struct buffer hello = {0};

	d->secured = true;
	assert_null(security_muxer(d->security));
	d->negotiation = multistream_dial(d->muxers, &hello);
	assert_non_null(d->negotiation);
	security_seal(d->security, out, buffer_all(&hello));
	buffer_free(&hello);
}

static void
negotiate(struct dialer * d, struct buffer * out)
{
	struct slice in = buffer_all(&d->plain);
	struct buffer answer = {0};

	d->status = multistream_feed(d->negotiation, &in, &answer);
	if (d->status > 0) {
		assert_string_equal(YAMUX_PROTOCOL,
		    multistream_protocol(d->negotiation));
		d->agreed = true;
	}
	security_seal(d->security, out, buffer_all(&answer));
	buffer_free(&answer);
	buffer_consume(&d->plain, d->plain.n - in.n);
	if (d->status < 0 && !d->stays) {
		world_tcp_close(d->w, d->tcp);
		d->tcp = NULL;
	}
}

static void
on_data(void * user, struct slice in)
{
	struct dialer * d = user;
	struct buffer out = {0};

	if (!d->secured && multistream_protocol(d->negotiation) == NULL)
		(void)multistream_feed(d->negotiation, &in, &out);
	if (!d->secured && in.n > 0 &&
	    security_handshake(d->security, &in, &out) == 1) {
		multistream_free(d->negotiation);
		propose(d, &out);
	}
	while (d->secured && !d->agreed && d->status >= 0 &&
	    security_open(d->security, &in, &d->plain) == 1)
		negotiate(d, &out);
	write_out(d, &out);
}

static void
on_drained(void * user)
{
	(void)user;
}

static void
on_closed(void * user, int status)
{
	struct dialer * d = user;

	(void)status;
	d->tcp = NULL;
	d->closed++;
}

static const struct world_tcp_handler handler = {on_connected, on_data,
	on_drained, on_closed};

struct fixture {
	struct swarm swarm;
	struct dialer d;
	struct host_watcher watcher;
	unsigned up, down;
};

static void
on_up(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct fixture *)user)->up++;
}

static void
on_down(void * user, const struct peer_id * peer)
{
	(void)peer;
	((struct fixture *)user)->down++;
}

/* Dial node 0 and propose these muxers, one after the other. */
static struct fixture *
start(const char * const * muxers, bool stays)
{
	struct fixture * f = calloc(1, sizeof(*f));
	static struct ed25519_key identity;
	struct security_config config = {.dialer = true,
	    .identity = &identity};
	struct world_address at;
	struct dialer * d;

	assert_non_null(f);
	d = &f->d;
	swarm_start(&f->swarm, 5, 1);
	f->watcher = (struct host_watcher){.up = on_up, .down = on_down,
	    .user = f};
	host_watch(f->swarm.nodes[0].h, &f->watcher);
	d->w = sim_node(f->swarm.sim);
	d->muxers = muxers;
	d->stays = stays;
	ed25519_from_seed(&identity, (const uint8_t[32]){7});
	memset(config.static_private, 8, 32);
	memset(config.ephemeral_private, 9, 32);
	d->security = security_new(SECURITY_NOISE, &config);
	assert_non_null(d->security);
	at = sim_address(f->swarm.nodes[0].w);
	at.port = 4001;
	assert_int_equal(0, world_dial(d->w, &at, &handler, d, &d->tcp));
	return (f);
}

static void
stop(struct fixture * f)
{
	if (f->d.tcp != NULL)
		world_tcp_close(f->d.w, f->d.tcp);
	multistream_free(f->d.negotiation);
	security_free(f->d.security);
	buffer_free(&f->d.plain);
	swarm_stop(&f->swarm);
	free(f);
}

/* What the host counts. */
static void
note_row(void * user, const struct budget * b)
{
	if (strcmp(b->name, "host.connections") == 0)
		*(uint64_t *)user = b->used;
}

static uint64_t
connections(struct fixture * f)
{
	uint64_t n = UINT64_MAX;
	struct budget_walk walk = {note_row, &n};

	host_budgets(f->swarm.nodes[0].h, &walk);
	return (n);
}

static void
who_proposes_mplex_first_takes_yamux_and_is_connected(void ** state)
{
	static const char * const muxers[] = {MPLEX, YAMUX_PROTOCOL, NULL};
	struct fixture * f = start(muxers, false);

	(void)state;
	sim_run_for(f->swarm.sim, 1000);
	assert_true(f->d.agreed);
	assert_int_equal(1, f->up);
	assert_int_equal(0, f->down);
	assert_int_equal(1, connections(f));
	stop(f);
}

static void
who_has_mplex_alone_is_told_na_and_leaves_nothing_behind(void ** state)
{
	static const char * const muxers[] = {MPLEX, NULL};
	struct fixture * f = start(muxers, false);

	(void)state;
	sim_run_for(f->swarm.sim, 1000);
	assert_true(f->d.secured);
	assert_int_equal(-ERR_NOT_FOUND, f->d.status);
	assert_int_equal(0, f->up);
	assert_int_equal(0, connections(f));
	stop(f);
}

static void
who_has_mplex_alone_and_stays_is_closed_after_10_s(void ** state)
{
	static const char * const muxers[] = {MPLEX, NULL};
	struct fixture * f = start(muxers, true);

	(void)state;
	sim_run_for(f->swarm.sim, 9000);
	assert_int_equal(-ERR_NOT_FOUND, f->d.status);
	assert_int_equal(0, f->d.closed);
	assert_int_equal(1, connections(f));
	sim_run_for(f->swarm.sim, 2000);
	assert_int_equal(1, f->d.closed);
	assert_int_equal(0, f->up);
	assert_int_equal(0, connections(f));
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    who_proposes_mplex_first_takes_yamux_and_is_connected),
		cmocka_unit_test(
		    who_has_mplex_alone_is_told_na_and_leaves_nothing_behind),
		cmocka_unit_test(
		    who_has_mplex_alone_and_stays_is_closed_after_10_s),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
