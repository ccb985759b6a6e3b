/* Local records: neighbours tell each other their namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/reader.h"
#include "contact/local_record_impl.h"
#include "support/swarm.h"

#define WESH "wesh/p2p/localrecord"

/* --- frames ------------------------------------------------------------- */

struct walk {
	size_t n;
	struct buffer names;      /* one behind the other */
	int64_t expire;           /* of the last one */
};

static void
on_record(void * user, struct slice ns, int64_t expire)
{
	struct walk * w = user;

	w->n++;
	buffer_slice(&w->names, ns);
	w->expire = expire;
}

static void
records_are_written_and_read(void ** state)
{
	struct buffer out = {0};
	struct local_record_writer w = {.out = &out};
	struct walk walk = {0};
	struct reader r;

	(void)state;
	local_record_write(&w, slice_text("one"), 5);
	/* Not UTF-8, with a zero in it. */
	local_record_write(&w, slice_of("\xff\0x", 3), 1764000000);
	local_record_write_end(&w);
	r = reader_of(buffer_all(&out));
	assert_int_equal(local_record_read(reader_prefixed(&r, r.n),
	    on_record, &walk), 0);
	assert_true(reader_done(&r));
	assert_int_equal(walk.n, 2);
	assert_true(slice_equal(buffer_all(&walk.names),
	    slice_of("one\xff\0x", 6)));
	assert_int_equal(walk.expire, 1764000000);
	buffer_free(&walk.names);
	buffer_free(&out);
}

static void
nothing_to_tell_is_no_frame(void ** state)
{
	struct buffer out = {0};
	struct local_record_writer w = {.out = &out};

	(void)state;
	local_record_write_end(&w);
	assert_int_equal(out.n, 0);
	buffer_free(&out);
}

static void
frames_are_of_2048_bytes_at_most(void ** state)
{
	struct buffer out = {0};
	struct local_record_writer w = {.out = &out};
	struct walk walk = {0};
	struct slice frame;
	struct reader r;
	size_t n = 0, most = 0, i;
	char name[170];

	(void)state;
	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%0162zu", i);
		local_record_write(&w, slice_text(name), 1764000000);
	}
	local_record_write_end(&w);
	r = reader_of(buffer_all(&out));
	while (r.n > 0) {
		frame = reader_prefixed(&r, LOCAL_RECORD_SENT);
		assert_false(r.failed);
		assert_int_equal(local_record_read(frame, on_record, &walk),
		    0);
		most = frame.n > most ? frame.n : most;
		n++;
	}
	assert_int_equal(walk.n, 100);
	/* 174 bytes each: 11 in a frame, as the spec says. */
	assert_int_equal(n, 10);
	assert_int_equal(most, 11 * 174);
	buffer_free(&walk.names);
	buffer_free(&out);
}

/* A frame of n records. */
static int
read_many(size_t n)
{
	struct buffer frame = {0};
	struct walk walk = {0};
	size_t i;
	int status;

	for (i = 0; i < n; i++)
		buffer_append(&frame, "\x0a\x05\x0a\x01x\x10\x05", 7);
	status = local_record_read(buffer_all(&frame), on_record, &walk);
	assert_int_equal(walk.n, status == 0 ? n : 0);
	buffer_free(&walk.names);
	buffer_free(&frame);
	return (status);
}

static void
a_frame_of_1000_records_is_read_and_one_of_1001_is_not(void ** state)
{
	(void)state;
	assert_int_equal(read_many(LOCAL_RECORD_FRAME), 0);
	assert_int_equal(read_many(LOCAL_RECORD_FRAME + 1),
	    -ERR_DESERIALIZATION);
}

static void
a_bad_frame_tells_nothing(void ** state)
{
	struct walk walk = {0};

	(void)state;
	assert_int_equal(local_record_read(slice_of(
	    "\x0a\x05\x0a\x01x\x10\x05\x0a\x09", 9), on_record, &walk),
	    -ERR_DESERIALIZATION);
	assert_int_equal(walk.n, 0);
	buffer_free(&walk.names);
}

/* --- what is kept ------------------------------------------------------- */

static struct peer_id
peer_number(unsigned i)
{
	uint8_t pub[32] = {(uint8_t)i, (uint8_t)(i >> 8), 3};
	struct peer_id peer;

	peer_id_from_ed25519(&peer, pub);
	return (peer);
}

static bool
keep(struct neighbourhood * n, unsigned peer, unsigned ns, uint64_t now,
    uint64_t until)
{
	struct peer_id id = peer_number(peer);

	return (neighbourhood_keep(n, &id, slice_of(&ns, sizeof(ns)), now,
	    until));
}

static void
count_peer(void * user, const struct peer_id * peer)
{
	(void)peer;
	++*(size_t *)user;
}

static size_t
who(struct neighbourhood * n, unsigned ns, uint64_t now)
{
	size_t count = 0;

	neighbourhood_each(n, slice_of(&ns, sizeof(ns)), now, count_peer,
	    &count);
	return (count);
}

static void
records_are_good_until_they_end(void ** state)
{
	struct neighbourhood n;

	(void)state;
	neighbourhood_init(&n, 1);
	assert_true(keep(&n, 1, 7, 0, 100));
	assert_true(keep(&n, 2, 7, 0, 200));
	assert_int_equal(who(&n, 7, 99), 2);
	assert_int_equal(who(&n, 7, 100), 1);
	assert_int_equal(who(&n, 8, 99), 0);
	assert_true(keep(&n, 1, 7, 100, 300));
	assert_int_equal(who(&n, 7, 250), 1);
	neighbourhood_free(&n);
}

static void
a_peer_has_room_for_1000_records(void ** state)
{
	struct neighbourhood n;
	unsigned i;

	(void)state;
	neighbourhood_init(&n, 1);
	for (i = 0; i < LOCAL_RECORD_PEER; i++)
		assert_true(keep(&n, 1, i, 0, i == 0 ? 50 : 100));
	assert_false(keep(&n, 1, i, 0, 100));
	assert_true(keep(&n, 1, 5, 0, 100));
	assert_true(keep(&n, 2, i, 0, 100));
	/* The first one has ended: there is room again. */
	assert_true(keep(&n, 1, i, 60, 100));
	assert_false(keep(&n, 1, i + 1, 60, 100));
	neighbourhood_free(&n);
}

static void
who_told_nothing_for_longest_gives_way(void ** state)
{
	struct neighbourhood n;
	unsigned peer, i;

	(void)state;
	neighbourhood_init(&n, 1);
	for (peer = 0; n.n.used < LOCAL_RECORD_ALL; peer++)
		for (i = 0; i < LOCAL_RECORD_PEER && n.n.used < LOCAL_RECORD_ALL;
		     i++)
			assert_true(keep(&n, peer, i, 0, 100));
	assert_int_equal(who(&n, 0, 0), peer);
	/* The first one is heard again; so the second is the oldest. */
	assert_true(keep(&n, 0, 0, 0, 100));
	assert_true(keep(&n, 99, 1000000, 0, 100));
	assert_int_equal(who(&n, 0, 0), peer - 1);
	assert_int_equal(who(&n, 1000000, 0), 1);
	assert_int_equal(n.n.used, LOCAL_RECORD_ALL - LOCAL_RECORD_PEER + 1);
	neighbourhood_free(&n);
}

/* --- neighbours --------------------------------------------------------- */

struct seeker {
	struct discovery_search search;
	size_t n;
	struct peer_id last;
};

struct fixture {
	struct swarm s;
	struct discovery * d[3];
	struct local_record * l[3];
	struct seeker seeker[3];
};

static void
on_found(struct discovery_search * search, const struct peer_id * peer)
{
	struct seeker * k = list_entry(search, struct seeker, search);

	k->n++;
	k->last = *peer;
}

/* n hosts with discovery; the first `speaking` have local records. */
static void
start(struct fixture * f, size_t n, size_t speaking, enum network_id id)
{
	const struct network * network = network_get(id);
	size_t i;

	*f = (struct fixture){0};
	swarm_start(&f->s, 1, n);
	for (i = 0; i < n; i++) {
		f->d[i] = discovery_new(f->s.nodes[i].h);
		assert_non_null(f->d[i]);
		if (i < speaking)
			f->l[i] = local_record_new(f->d[i], f->s.nodes[i].h,
			    &network, 1);
	}
}

static void
stop(struct fixture * f)
{
	size_t i;

	for (i = 0; i < f->s.n; i++) {
		local_record_free(f->l[i]);
		discovery_free(f->d[i]);
	}
	swarm_stop(&f->s);
}

static void
look(struct fixture * f, size_t i, const char * ns)
{
	f->seeker[i].search.found = on_found;
	assert_int_equal(discovery_search_start(f->d[i],
	    &f->seeker[i].search, slice_text(ns)), 0);
}

static void
what_is_announced_is_found_by_who_connects(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2, 2, NETWORK_WESH);
	discovery_announce(f.d[0], slice_text("here"), 1000);
	look(&f, 1, "here");
	sim_run_for(f.s.sim, 1000);
	assert_int_equal(f.seeker[1].n, 0);
	swarm_connect(&f.s, 0, 1);
	sim_run_for(f.s.sim, 1000);
	assert_int_equal(f.seeker[1].n, 1);
	assert_true(peer_id_equal(&f.seeker[1].last, &f.s.nodes[0].id));
	stop(&f);
}

static void
what_is_announced_later_is_found_at_once(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 3, 3, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	swarm_connect(&f.s, 0, 2);
	look(&f, 1, "here");
	look(&f, 2, "there");
	discovery_announce(f.d[0], slice_text("here"), 1000);
	sim_run_for(f.s.sim, 1000);
	assert_int_equal(f.seeker[1].n, 1);
	assert_int_equal(f.seeker[2].n, 0);
	stop(&f);
}

static void
who_looks_later_is_told_what_was_heard(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2, 2, NETWORK_WESH);
	discovery_announce(f.d[0], slice_text("here"), 1000);
	swarm_connect(&f.s, 0, 1);
	sim_run_for(f.s.sim, 60000);
	look(&f, 1, "here");
	sim_run_for(f.s.sim, 100);
	assert_int_equal(f.seeker[1].n, 1);
	stop(&f);
}

static void
what_is_withdrawn_is_not_told(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2, 2, NETWORK_WESH);
	look(&f, 1, "here");
	discovery_announce(f.d[0], slice_text("here"), 1000);
	discovery_withdraw(f.d[0], slice_text("here"));
	swarm_connect(&f.s, 0, 1);
	sim_run_for(f.s.sim, 1000);
	assert_int_equal(f.seeker[1].n, 0);
	stop(&f);
}

static void
records_are_renewed_before_they_end(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2, 2, NETWORK_WESH);
	discovery_announce(f.d[0], slice_text("here"), 1000);
	swarm_connect(&f.s, 0, 1);
	/* A day on, and 7,200 s after the peer was gone. */
	sim_run_for(f.s.sim, 86400000);
	look(&f, 1, "here");
	sim_run_for(f.s.sim, 100);
	assert_int_equal(f.seeker[1].n, 1);
	discovery_search_stop(f.d[1], &f.seeker[1].search);
	host_disconnect(f.s.nodes[1].h, &f.s.nodes[0].id);
	sim_run_for(f.s.sim, 7201000);
	look(&f, 1, "here");
	sim_run_for(f.s.sim, 100);
	assert_int_equal(f.seeker[1].n, 1);
	stop(&f);
}

static void
many_namespaces_go_in_several_frames(void ** state)
{
	struct fixture f;
	char name[180];
	size_t i;

	(void)state;
	start(&f, 2, 2, NETWORK_WESH);
	for (i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "%0162zu", i);
		discovery_announce(f.d[0], slice_text(name), 1000);
	}
	look(&f, 1, name);
	swarm_connect(&f.s, 0, 1);
	sim_run_for(f.s.sim, 10000);
	assert_int_equal(f.seeker[1].n, 1);
	assert_int_equal(f.l[1]->told.n.used, 200);
	stop(&f);
}

static void
raw_names_are_told_where_names_are_raw(void ** state)
{
	static const enum network_id ids[2] = {NETWORK_BERTY_V1,
	    NETWORK_WESH};
	struct slice raw = slice_of("\xff\0\xfe", 3);
	struct fixture f;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		start(&f, 2, 2, ids[i]);
		f.seeker[1].search.found = on_found;
		assert_int_equal(discovery_search_start(f.d[1],
		    &f.seeker[1].search, raw), 0);
		look(&f, 0, "text");
		discovery_announce(f.d[0], raw, 1000);
		discovery_announce(f.d[1], slice_text("text"), 1000);
		swarm_connect(&f.s, 0, 1);
		sim_run_for(f.s.sim, 1000);
		assert_int_equal(f.seeker[1].n, i == 0 ? 1 : 0);
		assert_int_equal(f.seeker[0].n, 1);
		stop(&f);
	}
}

/* --- a peer that is written here ---------------------------------------- */

struct visit {
	bool closed;
	int status;
	struct buffer got;
};

static void
visit_data(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	buffer_slice(&((struct visit *)user)->got, bytes);
}

static void
visit_closed(void * user, struct stream * s, int status)
{
	struct visit * v = user;

	(void)s;
	v->closed = true;
	v->status = status;
}

static const struct stream_handler visit_handler = {.data = visit_data,
    .closed = visit_closed};

/* Node 1 sends bytes to node 0. */
static void
visit(struct fixture * f, struct visit * v, struct slice bytes,
    struct stream ** s)
{
	static const char * const protocols[] = {WESH, NULL};

	*v = (struct visit){0};
	assert_int_equal(stream_open(f->s.nodes[1].h, &f->s.nodes[0].id,
	    protocols, &visit_handler, v, s), 0);
	assert_int_equal(stream_write(*s, bytes), 0);
	sim_run_for(f->s.sim, 1000);
}

/* A frame with one record of the year 2030. */
static void
put_record(struct buffer * out, struct slice ns, int64_t expire)
{
	struct local_record_writer w = {.out = out};

	local_record_write(&w, ns, expire);
	local_record_write_end(&w);
}

static void
a_stream_is_reset_when_its_frame_was_read(void ** state)
{
	struct buffer frame = {0};
	struct stream * s;
	struct fixture f;
	struct visit v;

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	look(&f, 0, "here");
	put_record(&frame, slice_text("here"), 1893456000);
	/* A second frame in the same stream is not read, as Go's are not. */
	put_record(&frame, slice_text("here"), 1893456000);
	visit(&f, &v, buffer_all(&frame), &s);
	assert_true(v.closed);
	assert_int_not_equal(v.status, 0);
	assert_int_equal(f.seeker[0].n, 1);
	buffer_free(&frame);
	stop(&f);
}

static void
records_that_have_ended_or_are_too_long_are_left_out(void ** state)
{
	struct buffer frame = {0};
	uint8_t name[LOCAL_RECORD_NAMESPACE + 1];
	struct stream * s;
	struct fixture f;
	struct visit v;

	(void)state;
	memset(name, 'x', sizeof(name));
	start(&f, 2, 1, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	/* The simulation starts at 1767225600. */
	put_record(&frame, slice_text("here"), 1767225600);
	visit(&f, &v, buffer_all(&frame), &s);
	buffer_clear(&frame);
	put_record(&frame, slice_text("here"), -5);
	visit(&f, &v, buffer_all(&frame), &s);
	buffer_clear(&frame);
	put_record(&frame, slice_of(name, sizeof(name)), 1893456000);
	visit(&f, &v, buffer_all(&frame), &s);
	assert_int_equal(f.l[0]->told.n.used, 0);
	buffer_clear(&frame);
	put_record(&frame, slice_of(name, sizeof(name) - 1), 1893456000);
	visit(&f, &v, buffer_all(&frame), &s);
	assert_int_equal(f.l[0]->told.n.used, 1);
	buffer_free(&frame);
	stop(&f);
}

static void
no_record_is_good_for_more_than_a_day(void ** state)
{
	struct buffer frame = {0};
	struct stream * s;
	struct fixture f;
	struct visit v;

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	put_record(&frame, slice_text("here"), INT64_MAX);
	visit(&f, &v, buffer_all(&frame), &s);
	sim_run_for(f.s.sim, 86300000);
	look(&f, 0, "here");
	sim_run_for(f.s.sim, 10);
	assert_int_equal(f.seeker[0].n, 1);
	discovery_search_stop(f.d[0], &f.seeker[0].search);
	sim_run_for(f.s.sim, 100000);
	look(&f, 0, "here");
	sim_run_for(f.s.sim, 10);
	assert_int_equal(f.seeker[0].n, 1);
	buffer_free(&frame);
	stop(&f);
}

/* A frame of n bytes (a record, and an unknown field that fills it). */
static bool
reads_sized(struct fixture * f, size_t n)
{
	struct buffer frame = {0};
	struct stream * s;
	struct visit v;
	size_t filler;

	f->seeker[0].n = 0;
	buffer_uvarint(&frame, n);
	buffer_append(&frame, "\x0a\x0c\x0a\4here\x10\x80\xec\xee\x86\x07", 14);
	filler = n - 14 - 4;
	buffer_byte(&frame, 0x7a);
	buffer_uvarint(&frame, filler);
	memset(buffer_grow(&frame, filler), 0, filler);
	assert_int_equal(frame.n, n + 3);
	visit(f, &v, buffer_all(&frame), &s);
	assert_true(v.closed);
	buffer_free(&frame);
	return (f->seeker[0].n == 1);
}

static void
a_frame_of_64_kib_is_read_and_one_byte_more_is_not(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	look(&f, 0, "here");
	assert_true(reads_sized(&f, LOCAL_RECORD_READ));
	assert_false(reads_sized(&f, LOCAL_RECORD_READ + 1));
	stop(&f);
}

static void
a_stream_that_says_nothing_is_not_held(void ** state)
{
	struct stream * s;
	struct fixture f;
	struct visit v;

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	visit(&f, &v, slice_of("\x50", 1), &s);
	assert_false(v.closed);
	assert_int_equal(f.l[0]->n_incoming.used, 1);
	sim_run_for(f.s.sim, 11000);
	assert_true(v.closed);
	assert_int_equal(f.l[0]->n_incoming.used, 0);
	stop(&f);
}

static void
sixty_four_streams_are_read_at_once_and_no_more(void ** state)
{
	struct visit v[LOCAL_RECORD_STREAMS + 1];
	struct stream * s;
	struct fixture f;
	size_t i;

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	swarm_connect(&f.s, 0, 1);
	for (i = 0; i < LOCAL_RECORD_STREAMS; i++) {
		static const char * const protocols[] = {WESH, NULL};

		v[i] = (struct visit){0};
		assert_int_equal(stream_open(f.s.nodes[1].h,
		    &f.s.nodes[0].id, protocols, &visit_handler, &v[i], &s),
		    0);
		assert_int_equal(stream_write(s, slice_of("\x50", 1)), 0);
	}
	sim_run_for(f.s.sim, 1000);
	for (i = 0; i < LOCAL_RECORD_STREAMS; i++)
		assert_false(v[i].closed);
	visit(&f, &v[i], slice_of("\x50", 1), &s);
	assert_true(v[i].closed);
	assert_int_equal(f.l[0]->n_incoming.used, LOCAL_RECORD_STREAMS);
	stop(&f);
}

/* --- a reader that holds its stream ------------------------------------- */

static void
ignore(void * user, struct stream * s, struct slice bytes)
{
	(void)user;
	(void)s;
	(void)bytes;
}

static void
hold(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler deaf = {.data = ignore};

	(void)protocol;
	++*(size_t *)user;
	stream_handle(s, &deaf, user);
}

static void
one_that_does_not_read_is_told_one_frame_at_a_time(void ** state)
{
	struct fixture f;
	size_t streams = 0, i;
	char name[180];

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	assert_int_equal(host_serve(f.s.nodes[1].h, WESH, hold, &streams), 0);
	for (i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "%0162zu", i);
		discovery_announce(f.d[0], slice_text(name), 1000);
	}
	swarm_connect(&f.s, 0, 1);
	sim_run_for(f.s.sim, 5000);
	assert_int_equal(streams, 1);
	sim_run_for(f.s.sim, 30000);
	assert_int_equal(streams, 3);
	stop(&f);
}

static void
one_that_learns_the_protocol_later_is_told_then(void ** state)
{
	struct fixture f;
	size_t streams = 0;

	(void)state;
	start(&f, 2, 1, NETWORK_WESH);
	discovery_announce(f.d[0], slice_text("here"), 1000);
	swarm_connect(&f.s, 0, 1);
	sim_run_for(f.s.sim, 1000);
	assert_int_equal(host_serve(f.s.nodes[1].h, WESH, hold, &streams), 0);
	sim_run_for(f.s.sim, 5000);
	assert_int_equal(streams, 1);
	/* Another change of its protocols is no reason to tell again. */
	assert_int_equal(host_serve(f.s.nodes[1].h, "/x", hold, &streams), 0);
	sim_run_for(f.s.sim, 5000);
	assert_int_equal(streams, 1);
	stop(&f);
}

static void
a_node_of_2022_is_told_twice_for_it_may_not_know_us_yet(void ** state)
{
	static const enum network_id ids[2] = {NETWORK_BERTY_V1,
	    NETWORK_WESH};
	struct fixture f;
	size_t i, streams;

	(void)state;
	for (i = 0; i < 2; i++) {
		streams = 0;
		start(&f, 2, 1, ids[i]);
		assert_int_equal(host_serve(f.s.nodes[1].h,
		    network_get(ids[i])->localrecord_protocol, hold,
		    &streams), 0);
		discovery_announce(f.d[0], slice_text("here"), 1000);
		swarm_connect(&f.s, 0, 1);
		sim_run_for(f.s.sim, 1000);
		assert_int_equal(streams, 1);
		sim_run_for(f.s.sim, 60000);
		assert_int_equal(streams, i == 0 ? 2 : 1);
		stop(&f);
	}
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_are_written_and_read),
		T(nothing_to_tell_is_no_frame),
		T(frames_are_of_2048_bytes_at_most),
		T(a_frame_of_1000_records_is_read_and_one_of_1001_is_not),
		T(a_bad_frame_tells_nothing),
		T(records_are_good_until_they_end),
		T(a_peer_has_room_for_1000_records),
		T(who_told_nothing_for_longest_gives_way),
		T(what_is_announced_is_found_by_who_connects),
		T(what_is_announced_later_is_found_at_once),
		T(who_looks_later_is_told_what_was_heard),
		T(what_is_withdrawn_is_not_told),
		T(records_are_renewed_before_they_end),
		T(many_namespaces_go_in_several_frames),
		T(raw_names_are_told_where_names_are_raw),
		T(a_stream_is_reset_when_its_frame_was_read),
		T(records_that_have_ended_or_are_too_long_are_left_out),
		T(no_record_is_good_for_more_than_a_day),
		T(a_frame_of_64_kib_is_read_and_one_byte_more_is_not),
		T(a_stream_that_says_nothing_is_not_held),
		T(sixty_four_streams_are_read_at_once_and_no_more),
		T(one_that_does_not_read_is_told_one_frame_at_a_time),
		T(one_that_learns_the_protocol_later_is_told_then),
		T(a_node_of_2022_is_told_twice_for_it_may_not_know_us_yet),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
