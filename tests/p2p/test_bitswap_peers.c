/* Bitswap with peers that speak older versions, and with ones that do not
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/error.h"
#include "p2p/bitswap_private.h"
#include "support/swarm.h"

#define PROTOCOL(version) "/ipfs/bitswap/" version

/* Node 1 holds one block, by its CID of version 0 or 1. */
struct node {
	struct bitswap * b;
	bool holds;
	struct cid held;
	unsigned got, missing, wrong;
};

struct net {
	struct swarm swarm;
	struct node nodes[2];
};

static const char DATA[] = "the bytes of a block";

static struct cid
cid_v1(void)
{
	struct cid cid;

	cid_of(&cid, CID_DAG_CBOR, slice_text(DATA));
	return (cid);
}

static struct cid
cid_v0(void)
{
	static const uint8_t prefix[] = {0, CID_DAG_PB, 0x12, 32};
	struct cid cid;

	assert_int_equal(bitswap_message_cid(&cid,
	    slice_of(prefix, sizeof(prefix)), slice_text(DATA)), 0);
	return (cid);
}

static int
load(void * user, const struct cid * cid, struct buffer * out)
{
	struct node * n = user;

	if (!n->holds || !cid_equal(cid, &n->held))
		return (-ERR_NOT_FOUND);
	buffer_text(out, DATA);
	return (0);
}

static void
block(void * user, const struct cid * cid, struct slice data,
    const struct peer_id * from)
{
	struct node * n = user;

	(void)from;
	n->got++;
	n->wrong += !cid_matches(cid, data);
}

static void
missing(void * user, const struct cid * cid)
{
	(void)cid;
	((struct node *)user)->missing++;
}

static const struct bitswap_handler HANDLER = {load, block, missing};

static struct net *
net_start(size_t n_bitswap)
{
	struct net * net = calloc(1, sizeof(*net));
	size_t i;

	assert_non_null(net);
	swarm_start(&net->swarm, 1, 2);
	for (i = 0; i < n_bitswap; i++) {
		net->nodes[i].b = bitswap_new(net->swarm.nodes[i].h, &HANDLER,
		    &net->nodes[i]);
		assert_non_null(net->nodes[i].b);
	}
	return (net);
}

static void
net_stop(struct net * net)
{
	bitswap_free(net->nodes[0].b);
	bitswap_free(net->nodes[1].b);
	swarm_stop(&net->swarm);
	free(net);
}

static void
run(struct net * net, uint64_t ms)
{
	sim_run_for(net->swarm.sim, ms);
}

/* --- older versions ------------------------------------------------------- */

/* Neither host speaks more than the version. */
static struct net *
old_start(enum bitswap_version version)
{
	struct net * net = net_start(2);
	size_t i;

	for (i = 0; i < 2; i++) {
		host_unserve(net->swarm.nodes[i].h, PROTOCOL("1.2.0"));
		if (version == BITSWAP_10)
			host_unserve(net->swarm.nodes[i].h,
			    PROTOCOL("1.1.0"));
	}
	swarm_connect(&net->swarm, 0, 1);
	return (net);
}

static enum bitswap_version
version_spoken(struct net * net)
{
	struct swap_peer * p = bitswap_find_peer(net->nodes[0].b,
	    &net->swarm.nodes[1].id);

	assert_true(p->out.ready);
	return (p->version);
}

static void
fetch(enum bitswap_version version, struct cid cid, bool with_hint)
{
	struct net * net = old_start(version);

	net->nodes[1].holds = true;
	net->nodes[1].held = cid;
	assert_int_equal(bitswap_want(net->nodes[0].b, &cid, 1,
	    &net->swarm.nodes[1].id, with_hint), 0);
	run(net, 1000);
	assert_int_equal(version_spoken(net), version);
	assert_int_equal(net->nodes[0].got, 1);
	assert_int_equal(net->nodes[0].wrong, 0);
	net_stop(net);
}

static void
a_peer_of_version_1_1_gives_a_block(void ** state)
{
	(void)state;
	fetch(BITSWAP_11, cid_v1(), true);
	fetch(BITSWAP_11, cid_v1(), false);
	fetch(BITSWAP_11, cid_v0(), true);
}

/* It sends no CID: the hash is looked for among what is wanted. */
static void
a_peer_of_version_1_0_gives_a_block_of_either_cid(void ** state)
{
	(void)state;
	fetch(BITSWAP_10, cid_v0(), true);
	fetch(BITSWAP_10, cid_v0(), false);
	fetch(BITSWAP_10, cid_v1(), true);
	fetch(BITSWAP_10, cid_v1(), false);
}

/* Such a peer cannot say that it has not got it: it is silent. */
static void
a_block_that_an_old_peer_lacks_is_missing_after_5_s(void ** state)
{
	struct net * net = old_start(BITSWAP_11);
	struct cid cid = cid_v1();

	(void)state;
	assert_int_equal(bitswap_want(net->nodes[0].b, &cid, 1, NULL, 0), 0);
	run(net, 4500);
	assert_int_equal(net->nodes[0].missing, 0);
	run(net, 2500);
	assert_int_equal(net->nodes[0].missing, 1);
	/* It remembers what we want. */
	bitswap_have(net->nodes[1].b, &cid, slice_text(DATA));
	run(net, 500);
	assert_int_equal(net->nodes[0].got, 1);
	net_stop(net);
}

/* --- a peer that does not read -------------------------------------------- */

static void
note_closed(void * user, struct stream * s, int status)
{
	(void)s;
	assert_int_equal(status, -ERR_STREAM_READ);
	(*(unsigned *)user)++;
}

static void
accept_paused(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler handler = {.closed = note_closed};

	(void)protocol;
	stream_handle(s, &handler, user);
	stream_pause(s, true);
}

/* Node 0 wants a thousand blocks and thinks better of it. */
static void
want_and_cancel(struct net * net)
{
	static struct cid cids[1000];
	size_t i;

	for (i = 0; i < 1000; i++)
		cid_of(&cids[i], CID_DAG_CBOR, slice_of(&i, sizeof(i)));
	assert_int_equal(bitswap_want(net->nodes[0].b, cids, 1000, NULL, 0),
	    0);
	run(net, 1);
	bitswap_cancel(net->nodes[0].b, cids, 1000);
	run(net, 1);
}

static void
a_peer_that_does_not_read_is_reset_when_8_mib_wait(void ** state)
{
	struct net * net = net_start(1);
	unsigned closed = 0;
	struct swap_peer * p;
	size_t most = 0;

	(void)state;
	assert_int_equal(host_serve(net->swarm.nodes[1].h, PROTOCOL("1.2.0"),
	    accept_paused, &closed), 0);
	swarm_connect(&net->swarm, 0, 1);
	p = bitswap_find_peer(net->nodes[0].b, &net->swarm.nodes[1].id);
	while (p->out.outbox.bytes < QUEUED - (100 << 10)) {
		want_and_cancel(net);
		sim_assert(net->swarm.sim, p->out.outbox.bytes >= most);
		most = p->out.outbox.bytes;
	}
	run(net, 3000);
	assert_int_equal(closed, 0);
	want_and_cancel(net);
	want_and_cancel(net);
	assert_true(p->out.outbox.bytes > QUEUED);
	run(net, 3000);
	assert_int_equal(closed, 1);
	assert_true(p->out.outbox.bytes < 1024);
	net_stop(net);
}

/* --- a stream for each message -------------------------------------------- */

enum { MESSAGES = 200 };

/* Node 1 writes each block on a stream of its own, as Go nodes do: they end it
 * when the answer to its negotiation has come, after more were opened. */
static struct stream *
send_on_own_stream(struct net * net, const struct cid * cid,
    struct slice data)
{
	static const char * const protocols[] = {PROTOCOL("1.2.0"), NULL};
	static const struct stream_handler none = {0};
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct buffer message = {0}, frame = {0};
	struct stream * s;

	bitswap_message_block(&w, cid, data);
	bitswap_message_finish(&w, &message, false);
	buffer_uvarint(&frame, message.n);
	buffer_slice(&frame, buffer_all(&message));
	assert_int_equal(stream_open(net->swarm.nodes[1].h,
	    &net->swarm.nodes[0].id, protocols, &none, NULL, &s), 0);
	assert_int_equal(stream_write(s, buffer_all(&frame)), 0);
	buffer_free(&message);
	buffer_free(&frame);
	bitswap_message_free(&w);
	return (s);
}

static void
a_peer_that_opens_a_stream_for_each_message_is_heard_in_full(void ** state)
{
	struct net * net = net_start(1);
	struct stream * streams[MESSAGES];
	struct cid cids[MESSAGES];
	uint32_t i;

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	for (i = 0; i < MESSAGES; i++)
		cid_of(&cids[i], CID_DAG_CBOR, slice_of(&i, sizeof(i)));
	assert_int_equal(bitswap_want(net->nodes[0].b, cids, MESSAGES, NULL,
	    0), 0);
	for (i = 0; i < MESSAGES; i++)
		streams[i] = send_on_own_stream(net, &cids[i],
		    slice_of(&i, sizeof(i)));
	run(net, 1000);
	assert_int_equal(net->nodes[0].got, MESSAGES);
	for (i = 0; i < MESSAGES; i++)
		stream_free(streams[i]);
	net_stop(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_peer_of_version_1_1_gives_a_block),
	    cmocka_unit_test(
	        a_peer_of_version_1_0_gives_a_block_of_either_cid),
	    cmocka_unit_test(
	        a_block_that_an_old_peer_lacks_is_missing_after_5_s),
	    cmocka_unit_test(
	        a_peer_that_does_not_read_is_reset_when_8_mib_wait),
	    cmocka_unit_test(
	        a_peer_that_opens_a_stream_for_each_message_is_heard_in_full),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
