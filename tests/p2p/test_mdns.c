/* Finding peers by multicast DNS, in the simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "p2p/mdns_impl.h"
#include "support/bytes.h"
#include "support/swarm.h"

/* A node without a host that hears the link and speaks on it. */
struct ear {
	struct world * w;
	struct world_udp * udp;
	size_t queries, answers, goodbyes, replies;
	struct buffer texts;      /* strings of the last TXT record */
	struct mdns_name instance;
	uint64_t last_answer;     /* when it came, ms */
	uint64_t least;           /* between two answers, ms */
	struct sim * sim;
};

struct fixture {
	struct swarm s;
	struct mdns * m[SWARM_MAX];
	struct ear ear;
};

static const struct world_address group = {.ip = {224, 0, 0, 251},
    .port = 5353};

static void
ear_record(void * user, const struct mdns_record * r)
{
	struct ear * e = user;

	if (r->type != MDNS_TXT)
		return;
	if (r->ttl == 0) {
		e->goodbyes++;
		return;
	}
	e->answers++;
	e->instance = r->name;
	buffer_clear(&e->texts);
	buffer_slice(&e->texts, r->data);
	if (e->last_answer != 0 &&
	    sim_now(e->sim) - e->last_answer < e->least)
		e->least = sim_now(e->sim) - e->last_answer;
	e->last_answer = sim_now(e->sim);
}

static void
ear_hears(void * user, const struct world_address * from,
    struct slice message)
{
	struct ear * e = user;
	struct mdns_reader reader = {.record = ear_record, .user = e};
	struct mdns_header header;
	struct world_address own = sim_address(e->w);

	if (memcmp(own.ip, from->ip, 4) == 0)
		return;
	assert_int_equal(mdns_message_check(message, &header), 0);
	if (header.response)
		assert_int_equal(mdns_message_read(message, &reader), 0);
	else
		e->queries++;
}

static void
ear_open(struct fixture * f)
{
	struct world_udp_config config = {.at = group, .link = 1};
	struct ear * e = &f->ear;

	e->sim = f->s.sim;
	e->w = sim_node(f->s.sim);
	e->least = UINT64_MAX;
	assert_non_null(e->w);
	assert_int_equal(world_udp_open(e->w, &config, ear_hears, e, &e->udp,
	    NULL), 0);
}

static void
start(struct fixture * f, size_t n)
{
	*f = (struct fixture){0};
	swarm_start(&f->s, 1, n);
	ear_open(f);
}

static void
begin(struct fixture * f, size_t i)
{
	f->m[i] = mdns_new(f->s.nodes[i].h);
	assert_non_null(f->m[i]);
	assert_true(mdns_active(f->m[i]));
}

static void
stop(struct fixture * f)
{
	size_t i;

	for (i = 0; i < f->s.n; i++)
		mdns_free(f->m[i]);
	world_udp_close(f->ear.w, f->ear.udp);
	buffer_free(&f->ear.texts);
	swarm_stop(&f->s);
}

static bool
connected(struct fixture * f, size_t a, size_t b)
{
	return (host_connected(f->s.nodes[a].h, &f->s.nodes[b].id));
}

static void
send_bytes(struct fixture * f, struct slice message)
{
	assert_int_equal(world_udp_send(f->ear.w, f->ear.udp, &group, message),
	    0);
}

static void
ask(struct fixture * f, const char * name, enum mdns_type type,
    const struct mdns_name * known, uint32_t ttl)
{
	struct buffer message = {0};
	struct mdns_writer w;
	struct mdns_name n;

	assert_int_equal(mdns_name_of(&n, name), 0);
	mdns_write_begin(&w, &message, 0, false);
	mdns_write_question(&w, &n, type);
	if (known != NULL)
		mdns_write_record(&w, MDNS_ANSWER, &n, MDNS_PTR, false, ttl,
		    slice_of(known->bytes, known->n));
	mdns_write_end(&w);
	send_bytes(f, buffer_all(&message));
	buffer_free(&message);
}

/* Say that a peer is there, by one string. */
static void
claim(struct fixture * f, const char * string)
{
	struct buffer message = {0}, text = {0};
	struct mdns_writer w;
	struct mdns_name n;

	assert_int_equal(mdns_name_of(&n, "someone._p2p._udp.local"), 0);
	assert_true(mdns_write_text(&text, slice_text(string)));
	mdns_write_begin(&w, &message, 0, true);
	mdns_write_record(&w, MDNS_ANSWER, &n, MDNS_TXT, true, 3200,
	    buffer_all(&text));
	mdns_write_end(&w);
	send_bytes(f, buffer_all(&message));
	buffer_free(&message);
	buffer_free(&text);
}

static void
claim_peer(struct fixture * f, const char * address,
    const struct peer_id * peer)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "dnsaddr=%s/p2p/%s", address,
	    peer_id_show(peer).text);
	claim(f, text);
}

/* --- tests -------------------------------------------------------------- */

static void
hosts_find_each_other_and_connect(void ** state)
{
	struct fixture f;
	size_t i, j;

	(void)state;
	start(&f, 4);
	for (i = 0; i < 4; i++)
		begin(&f, i);
	sim_run_for(f.s.sim, 3000);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			sim_assert(f.s.sim, i == j || connected(&f, i, j));
	stop(&f);
}

static void
one_that_comes_late_is_found_by_its_announcement(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2);
	begin(&f, 0);
	sim_run_for(f.s.sim, 300000);
	begin(&f, 1);
	sim_run_for(f.s.sim, 3000);
	sim_assert(f.s.sim, connected(&f, 0, 1));
	stop(&f);
}

static void
hosts_find_each_other_on_a_link_that_loses_half(void ** state)
{
	static const struct sim_link bad = {.latency_ms = 10,
	    .jitter_ms = 30, .loss = 500000, .duplicate = 200000,
	    .reorder = 200000};
	static const struct sim_link good = {.latency_ms = 10};
	struct fixture f;

	(void)state;
	start(&f, 2);
	sim_links(f.s.sim, &bad);
	begin(&f, 0);
	begin(&f, 1);
	sim_run_for(f.s.sim, 60000);
	/* The dial has a fair chance now. */
	sim_links(f.s.sim, &good);
	sim_run_for(f.s.sim, 120000);
	sim_assert(f.s.sim, connected(&f, 0, 1));
	stop(&f);
}

static void
a_connection_that_is_lost_is_made_again(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2);
	begin(&f, 0);
	begin(&f, 1);
	sim_run_for(f.s.sim, 3000);
	assert_true(connected(&f, 0, 1));
	sim_disconnect(f.s.nodes[0].w);
	sim_run_for(f.s.sim, 1000);
	assert_false(connected(&f, 0, 1));
	sim_run_for(f.s.sim, 60000);
	sim_assert(f.s.sim, connected(&f, 0, 1));
	stop(&f);
}

static void
queries_come_at_growing_intervals_up_to_a_minute(void ** state)
{
	struct fixture f;
	size_t before;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	sim_run_for(f.s.sim, 200);
	assert_int_equal(f.ear.queries, 1);
	sim_run_for(f.s.sim, 4200);
	assert_int_equal(f.ear.queries, 2);
	sim_run_for(f.s.sim, 600000);
	before = f.ear.queries;
	sim_run_for(f.s.sim, 600000);
	assert_int_equal(f.ear.queries - before, 10);
	stop(&f);
}

static void
a_host_is_announced_twice_and_says_goodbye(void ** state)
{
	struct fixture f;
	char wanted[200];

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	/* Its own query is answered, too. */
	sim_run_for(f.s.sim, 3000);
	assert_true(f.ear.answers >= 2);
	(void)snprintf(wanted, sizeof(wanted),
	    "dnsaddr=/ip4/10.0.0.1/tcp/4001/p2p/%s",
	    peer_id_show(&f.s.nodes[0].id).text);
	assert_int_equal(f.ear.texts.p[0], strlen(wanted));
	assert_memory_equal(f.ear.texts.p + 1, wanted, strlen(wanted));
	assert_int_equal(f.ear.goodbyes, 0);
	mdns_free(f.m[0]);
	f.m[0] = NULL;
	sim_run_for(f.s.sim, 100);
	assert_int_equal(f.ear.goodbyes, 1);
	stop(&f);
}

static void
names_are_random_and_of_32_to_63_letters(void ** state)
{
	struct mdns_name first;
	struct fixture f;
	size_t i;

	(void)state;
	start(&f, 2);
	begin(&f, 0);
	sim_run_for(f.s.sim, 3000);
	first = f.ear.instance;
	assert_true(first.bytes[0] >= 32 && first.bytes[0] <= 63);
	for (i = 1; i <= first.bytes[0]; i++)
		assert_true((first.bytes[i] >= 'a' && first.bytes[i] <= 'z') ||
		    (first.bytes[i] >= '0' && first.bytes[i] <= '9'));
	mdns_free(f.m[0]);
	f.m[0] = NULL;
	begin(&f, 1);
	sim_run_for(f.s.sim, 3000);
	assert_false(mdns_name_equal(&first, &f.ear.instance));
	stop(&f);
}

/* A second of quiet before the next answer. */
static size_t
answers_to(struct fixture * f, const char * name, enum mdns_type type)
{
	size_t before;

	sim_run_for(f->s.sim, 2000);
	before = f->ear.answers;
	ask(f, name, type, NULL, 0);
	sim_run_for(f->s.sim, 900);
	return (f->ear.answers - before);
}

static void
questions_for_it_are_answered_and_others_are_not(void ** state)
{
	struct fixture f;
	char name[128];
	size_t n;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	/* Beyond its own queries of the first seconds. */
	sim_run_for(f.s.sim, 30000);
	assert_int_equal(answers_to(&f, "_p2p._udp.local", MDNS_PTR), 1);
	assert_int_equal(answers_to(&f, "_p2p._udp.local", MDNS_ANY), 1);
	assert_int_equal(answers_to(&f, "_p2p._udp.local", MDNS_A), 0);
	assert_int_equal(answers_to(&f, "_ipp._tcp.local", MDNS_PTR), 0);
	assert_int_equal(answers_to(&f, "local", MDNS_ANY), 0);
	n = f.ear.instance.bytes[0];
	(void)snprintf(name, sizeof(name), "%.*s._p2p._udp.local", (int)n,
	    (const char *)f.ear.instance.bytes + 1);
	assert_int_equal(answers_to(&f, name, MDNS_TXT), 1);
	assert_int_equal(answers_to(&f, name, MDNS_SRV), 1);
	(void)snprintf(name, sizeof(name), "%.*s.local", (int)n,
	    (const char *)f.ear.instance.bytes + 1);
	assert_int_equal(answers_to(&f, name, MDNS_A), 1);
	stop(&f);
}

static void
one_who_knows_is_not_answered(void ** state)
{
	struct fixture f;
	size_t before;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	sim_run_for(f.s.sim, 30000);
	before = f.ear.answers;
	ask(&f, "_p2p._udp.local", MDNS_PTR, &f.ear.instance, 1600);
	sim_run_for(f.s.sim, 1500);
	assert_int_equal(f.ear.answers, before);
	/* But what it knows is about to be forgotten. */
	ask(&f, "_p2p._udp.local", MDNS_PTR, &f.ear.instance, 1599);
	sim_run_for(f.s.sim, 1500);
	assert_int_equal(f.ear.answers, before + 1);
	stop(&f);
}

static void
many_questions_get_one_answer_a_second(void ** state)
{
	struct fixture f;
	size_t before;
	int i;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	sim_run_for(f.s.sim, 30000);
	before = f.ear.answers;
	f.ear.last_answer = 0;
	f.ear.least = UINT64_MAX;
	for (i = 0; i < 1000; i++) {
		ask(&f, "_p2p._udp.local", MDNS_PTR, NULL, 0);
		sim_run_for(f.s.sim, 10);
	}
	sim_assert(f.s.sim, f.ear.answers - before >= 8);
	sim_assert(f.s.sim, f.ear.answers - before <= 10);
	sim_assert(f.s.sim, f.ear.least >= MDNS_ANSWER_MS);
	stop(&f);
}

/* A resolver that does not speak multicast: it asks from a port of its own. */
struct resolver {
	size_t n;
	uint16_t id;
	uint32_t ttl;
};

static void
resolver_record(void * user, const struct mdns_record * r)
{
	struct resolver * resolver = user;

	if (r->ttl > resolver->ttl)
		resolver->ttl = r->ttl;
}

static void
resolver_hears(void * user, const struct world_address * from,
    struct slice message)
{
	struct resolver * resolver = user;
	struct mdns_reader reader = {.record = resolver_record,
	    .user = resolver};
	struct mdns_header header;

	assert_int_equal(from->port, 5353);
	assert_int_equal(mdns_message_check(message, &header), 0);
	assert_int_equal(mdns_message_read(message, &reader), 0);
	resolver->id = header.id;
	resolver->n++;
}

static void
a_plain_resolver_is_answered_alone_once_a_second(void ** state)
{
	struct world_udp_config config = {0};
	struct resolver resolver = {0};
	struct buffer message = {0};
	struct mdns_writer w;
	struct mdns_name n;
	struct world_udp * udp;
	struct fixture f;
	size_t before;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	sim_run_for(f.s.sim, 30000);
	before = f.ear.answers;
	assert_int_equal(world_udp_open(f.ear.w, &config, resolver_hears,
	    &resolver, &udp, NULL), 0);
	assert_int_equal(mdns_name_of(&n, "_p2p._udp.local"), 0);
	mdns_write_begin(&w, &message, 4711, false);
	mdns_write_question(&w, &n, MDNS_PTR);
	mdns_write_end(&w);
	assert_int_equal(world_udp_send(f.ear.w, udp, &group,
	    buffer_all(&message)), 0);
	assert_int_equal(world_udp_send(f.ear.w, udp, &group,
	    buffer_all(&message)), 0);
	sim_run_for(f.s.sim, 900);
	assert_int_equal(resolver.n, 1);
	assert_int_equal(resolver.id, 4711);
	assert_int_equal(resolver.ttl, 10);
	assert_int_equal(f.ear.answers, before);
	world_udp_close(f.ear.w, udp);
	buffer_free(&message);
	stop(&f);
}

static void
addresses_that_are_not_local_are_not_learnt(void ** state)
{
	struct fixture f;
	struct peer_id stranger;
	uint8_t pub[32] = {7};

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	peer_id_from_ed25519(&stranger, pub);
	claim_peer(&f, "/ip4/192.0.2.1/tcp/4001", &stranger);
	/* Another machine's loopback. */
	claim_peer(&f, "/ip4/127.0.0.1/tcp/4001", &stranger);
	claim_peer(&f, "/ip6/2001:db8::1/tcp/4001", &stranger);
	claim_peer(&f, "/dns4/example.org/tcp/4001", &stranger);
	sim_run_for(f.s.sim, 100);
	assert_int_equal(host_connect(f.s.nodes[0].h, &stranger),
	    -ERR_NOT_FOUND);
	claim_peer(&f, "/ip4/192.168.7.7/tcp/4001", &stranger);
	sim_run_for(f.s.sim, 100);
	assert_int_equal(host_connect(f.s.nodes[0].h, &stranger), 0);
	stop(&f);
}

static void
what_is_no_address_is_passed_over(void ** state)
{
	struct fixture f;

	(void)state;
	start(&f, 2);
	begin(&f, 0);
	claim(&f, "");
	claim(&f, "dnsaddr=");
	claim(&f, "dnsaddr=/ip4/10.0.0.2/tcp/4001");
	claim(&f, "dnsaddr=/ip4/10.0.0.2/tcp/4001/p2p/nobody");
	claim(&f, "anything=/ip4/10.0.0.2/tcp/4001/p2p/x");
	claim_peer(&f, "/ip4/10.0.0.2/tcp/4001", &f.s.nodes[0].id);
	sim_run_for(f.s.sim, 1000);
	assert_false(connected(&f, 0, 1));
	claim_peer(&f, "/ip4/10.0.0.2/tcp/4001", &f.s.nodes[1].id);
	sim_run_for(f.s.sim, 1000);
	assert_true(connected(&f, 0, 1));
	stop(&f);
}

/*
 * What libp2p/zeroconf 2.2.0 says for a weshnet 2.3.0 node: its answer, and its
 * announcement.
 */
static const char * const zeroconf[] = {
    "84d184000000000100000003045f703270045f756470056c6f63616c00000c00"
    "0100000c8000302d7169633476393137376d336c6c72786165726d637a637669"
    "3277647a7975737636393973686464677862746364c00cc0270021000100000c"
    "80003b000000000fa12d7169633476393137376d336c6c72786165726d637a63"
    "76693277647a7975737636393973686464677862746364056c6f63616c00c027"
    "0010000100000c8000b759646e73616464723d2f6970342f3132372e302e302e"
    "312f7463702f33333435352f7032702f313244334b6f6f574477324267634547"
    "47703848527a69784a4d7167714c435364756a59696a596d6543475438547636"
    "6a73424b5c646e73616464723d2f6970342f3139322e3136382e37372e312f74"
    "63702f33333435352f7032702f313244334b6f6f574477324267634547477038"
    "48527a69784a4d7167714c435364756a59696a596d65434754385476366a7342"
    "4bc069000100010000007800047f000001",
    "0000800000000005000000002d7169633476393137376d336c6c72786165726d"
    "637a6376693277647a7975737636393973686464677862746364045f70327004"
    "5f756470056c6f63616c000021800100000c80003b000000000fa12d71696334"
    "76393137376d336c6c72786165726d637a6376693277647a7975737636393973"
    "686464677862746364056c6f63616c00c00c0010800100000c8000b759646e73"
    "616464723d2f6970342f3132372e302e302e312f7463702f33333435352f7032"
    "702f313244334b6f6f57447732426763454747703848527a69784a4d7167714c"
    "435364756a59696a596d65434754385476366a73424b5c646e73616464723d2f"
    "6970342f3139322e3136382e37372e312f7463702f33333435352f7032702f31"
    "3244334b6f6f57447732426763454747703848527a69784a4d7167714c435364"
    "756a59696a596d65434754385476366a73424bc03a000c000100000c800002c0"
    "0c095f7365727669636573075f646e732d7364c03f000c000100000c800002c0"
    "3ac05b000180010000007800047f000001",
};

static void
what_go_says_is_understood(void ** state)
{
	struct buffer message = {0};
	struct peer_id peer;
	struct fixture f;
	size_t i;

	(void)state;
	assert_int_equal(peer_id_decode(&peer, slice_text(
	    "12D3KooWDw2BgcEGGp8HRzixJMqgqLCSdujYijYmeCGT8Tv6jsBK")), 0);
	for (i = 0; i < 2; i++) {
		start(&f, 1);
		begin(&f, 0);
		buffer_clear(&message);
		send_bytes(&f, bytes_hex(&message, zeroconf[i]));
		sim_run_for(f.s.sim, 100);
		assert_int_equal(host_connect(f.s.nodes[0].h, &peer), 0);
		stop(&f);
	}
	buffer_free(&message);
}

static void
a_new_address_is_announced_after_a_goodbye(void ** state)
{
	struct buffer address = {0};
	struct fixture f;
	size_t before;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	sim_run_for(f.s.sim, 60000);
	before = f.ear.answers;
	assert_int_equal(f.ear.goodbyes, 0);
	assert_int_equal(multiaddr_decode(&address,
	    slice_text("/ip4/0.0.0.0/tcp/4002")), 0);
	assert_int_equal(host_listen(f.s.nodes[0].h, buffer_all(&address),
	    NULL), 0);
	sim_run_for(f.s.sim, 17000);
	assert_int_equal(f.ear.goodbyes, 1);
	assert_true(f.ear.answers - before >= 2);
	/* Two strings now. */
	assert_true(f.ear.texts.n > 2 * 80);
	buffer_free(&address);
	stop(&f);
}

/* Claim peer number i; was it learnt? */
static bool
learns(struct fixture * f, unsigned i)
{
	uint8_t pub[32] = {(uint8_t)i, (uint8_t)(i >> 8), 9};
	struct peer_id peer;
	struct buffer address = {0};

	peer_id_from_ed25519(&peer, pub);
	/* One that cannot be dialled: nobody is tried meanwhile. */
	claim_peer(f, "/ip4/10.9.9.9/tcp/1", &peer);
	sim_run_for(f->s.sim, 20);
	buffer_free(&address);
	return (host_connect(f->s.nodes[0].h, &peer) == 0);
}

static void
sixty_new_peers_are_learnt_in_a_minute_and_no_more(void ** state)
{
	struct fixture f;
	unsigned i;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	for (i = 0; i < MDNS_FOUND_PER_MINUTE; i++)
		sim_assert(f.s.sim, learns(&f, i));
	sim_assert(f.s.sim, !learns(&f, i));
	/* Those that are known may be heard again. */
	sim_assert(f.s.sim, learns(&f, 0));
	sim_run_for(f.s.sim, 60000);
	sim_assert(f.s.sim, learns(&f, i));
	stop(&f);
}

/* A listener that counts who knocks and says nothing. */
struct silent {
	struct world * w;
	size_t n, open, most;
	struct world_tcp * tcp[64];
};

static void silent_data(void * user, struct slice bytes);
static void silent_drained(void * user);
static void silent_closed(void * user, int status);

static const struct world_tcp_handler silent_handler = {
    silent_drained, silent_data, silent_drained, silent_closed};

static void
silent_data(void * user, struct slice bytes)
{
	(void)user;
	(void)bytes;
}

static void
silent_drained(void * user)
{
	(void)user;
}

static void
silent_closed(void * user, int status)
{
	struct silent * s = user;

	(void)status;
	s->open--;
}

static void
silent_accepted(void * user, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct silent * s = user;

	(void)from;
	assert_true(s->n < 64);
	s->tcp[s->n++] = tcp;
	if (++s->open > s->most)
		s->most = s->open;
	world_tcp_handle(s->w, tcp, &silent_handler, s);
}

static void
four_are_dialled_at_once_and_no_more(void ** state)
{
	struct silent silent = {0};
	struct world_listener * listener;
	struct world_address at, bound;
	struct fixture f;
	char address[64];
	unsigned i;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	silent.w = sim_node(f.s.sim);
	at = sim_address(silent.w);
	assert_int_equal(world_listen(silent.w, &at, silent_accepted, &silent,
	    &listener, &bound), 0);
	(void)snprintf(address, sizeof(address), "/ip4/10.0.0.%u/tcp/%u",
	    (unsigned)at.ip[3], (unsigned)bound.port);
	for (i = 0; i < 12; i++) {
		uint8_t pub[32] = {(uint8_t)i, 5};
		struct peer_id peer;

		peer_id_from_ed25519(&peer, pub);
		claim_peer(&f, address, &peer);
	}
	sim_run_for(f.s.sim, 5000);
	sim_assert(f.s.sim, silent.n == MDNS_DIALS);
	sim_run_for(f.s.sim, 60000);
	sim_assert(f.s.sim, silent.n >= 12);
	sim_assert(f.s.sim, silent.most == MDNS_DIALS);
	stop(&f);
}

/* Ask as if from that place. */
static void
ask_from(struct fixture * f, const struct world_address * from)
{
	struct mdns_link * l = list_entry(f->m[0]->links.next,
	    struct mdns_link, place);
	struct buffer message = {0};

	mdns_service_query(&f->m[0]->service, &message);
	mdns_hear(l, from, buffer_all(&message));
	buffer_free(&message);
	sim_run_for(f->s.sim, 1500);
}

static void
what_comes_from_beyond_the_link_is_not_heard(void ** state)
{
	struct world_address far = {.ip = {11, 0, 0, 9}, .port = 5353};
	struct world_address near = {.ip = {10, 9, 9, 9}, .port = 5353};
	struct fixture f;
	size_t before;

	(void)state;
	start(&f, 1);
	begin(&f, 0);
	sim_run_for(f.s.sim, 30000);
	before = f.ear.answers;
	ask_from(&f, &far);
	assert_int_equal(f.ear.answers, before);
	ask_from(&f, &near);
	assert_int_equal(f.ear.answers, before + 1);
	stop(&f);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(hosts_find_each_other_and_connect),
		T(one_that_comes_late_is_found_by_its_announcement),
		T(hosts_find_each_other_on_a_link_that_loses_half),
		T(a_connection_that_is_lost_is_made_again),
		T(queries_come_at_growing_intervals_up_to_a_minute),
		T(a_host_is_announced_twice_and_says_goodbye),
		T(names_are_random_and_of_32_to_63_letters),
		T(questions_for_it_are_answered_and_others_are_not),
		T(one_who_knows_is_not_answered),
		T(many_questions_get_one_answer_a_second),
		T(a_plain_resolver_is_answered_alone_once_a_second),
		T(addresses_that_are_not_local_are_not_learnt),
		T(what_is_no_address_is_passed_over),
		T(what_go_says_is_understood),
		T(a_new_address_is_announced_after_a_goodbye),
		T(sixty_new_peers_are_learnt_in_a_minute_and_no_more),
		T(four_are_dialled_at_once_and_no_more),
		T(what_comes_from_beyond_the_link_is_not_heard),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
