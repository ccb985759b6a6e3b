/* mdns_hear.c: what comes by multicast DNS: questions and peers. */
#include "base/clock.h"
#include "p2p/mdns_impl.h"

enum {
	SPREAD_MS = 20,           /* an answer waits from 20 ms on ... */
	SPREAD_MORE_MS = 100,     /* ... so that not all come at once */
	LEARN_LEAST_S = 120,      /* what is learnt is kept so long at least */
};

/* A message that is being read. */
struct incoming {
	struct mdns * m;
	const struct world_address * from;
	bool own_machine;
	unsigned asked, known;
	struct mdns_question question;    /* the one that asked, if any */
};

/* --- answers ------------------------------------------------------------ */

void
mdns_answer(struct world_timer * timer)
{
	struct mdns_link * l = list_entry(timer, struct mdns_link, timer);
	struct buffer message = {0};

	l->quiet_until = clock_add(world_now(l->m->w), MDNS_ANSWER_MS);
	mdns_service_answer(&l->m->service, &message, l->due, MDNS_TTL,
	    false);
	l->due = 0;
	mdns_send(l, &message);
	buffer_free(&message);
}

/* Whoever asks meanwhile hears the same answer. */
static void
answer(struct mdns_link * l, unsigned what)
{
	struct mdns * m = l->m;
	uint64_t ms = clock_sub(l->quiet_until, world_now(m->w));

	l->due |= what;
	if (l->timer.armed)
		return;
	if (ms < SPREAD_MS)
		ms = SPREAD_MS;
	(void)world_timer_start(m->w, &l->timer,
	    ms + mdns_dice(m, SPREAD_MORE_MS));
}

/* One that asked from another port does not hear multicast. */
static void
reply(struct mdns_link * l, const struct incoming * in, uint16_t id)
{
	uint64_t now = world_now(l->m->w);
	struct buffer message = {0};

	if (now < l->reply_after)
		return;
	l->reply_after = clock_add(now, MDNS_ANSWER_MS);
	mdns_service_reply(&l->m->service, &message, in->asked, id,
	    &in->question);
	if (!message.failed)
		(void)world_udp_send(l->m->w, l->udp, in->from,
		    buffer_all(&message));
	buffer_free(&message);
}

/* --- what is heard ------------------------------------------------------ */

static void
on_question(void * user, const struct mdns_question * q)
{
	struct incoming * in = user;
	unsigned asked = mdns_service_asked(&in->m->service, q);

	if (in->asked == 0 && asked != 0)
		in->question = *q;
	in->asked |= asked;
}

static void
on_known(void * user, const struct mdns_record * r)
{
	struct incoming * in = user;

	in->known |= mdns_service_known(&in->m->service, r);
}

static bool
same_net(const struct world_link * link, const struct world_address * a)
{
	uint8_t bits = link->prefix, mask;

	if (link->at.v6 != a->v6 ||
	    memcmp(link->at.ip, a->ip, bits / 8) != 0)
		return (false);
	mask = (uint8_t)(0xff00 >> bits % 8);
	return (bits % 8 == 0 ||
	    ((link->at.ip[bits / 8] ^ a->ip[bits / 8]) & mask) == 0);
}

/* Is the address on the link (0: on any of ours)? */
static bool
on_link(const struct mdns * m, uint32_t index, const struct world_address * a)
{
	size_t i;

	if (a->v6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80)
		return (index == 0 || a->zone == index);
	for (i = 0; i < m->n_list; i++)
		if ((index == 0 || m->list[i].index == index) &&
		    same_net(&m->list[i], a))
			return (true);
	return (false);
}

static bool
is_ours(const struct mdns * m, const struct world_address * a)
{
	size_t i;

	for (i = 0; i < m->n_list; i++)
		if (m->list[i].at.v6 == a->v6 &&
		    memcmp(m->list[i].at.ip, a->ip, a->v6 ? 16 : 4) == 0)
			return (true);
	return (false);
}

/*
 * An address that may be there: private, or on a link of ours.  What others
 * call loopback is not ours.
 */
static bool
plausible(const struct incoming * in, struct slice multiaddr)
{
	struct world_address a = {0};
	struct multiaddr_part ip;
	struct slice rest = multiaddr;

	if (multiaddr_next(&rest, &ip) != 1 ||
	    (ip.code != MA_IP4 && ip.code != MA_IP6))
		return (false);
	if (mdns_is_loopback(&ip))
		return (in->own_machine);
	a.v6 = ip.code == MA_IP6;
	memcpy(a.ip, ip.value.p, ip.value.n);
	return (multiaddr_is_private(multiaddr) || on_link(in->m, 0, &a));
}

/* The peer that an address ends with; false when it goes by a relay. */
static bool
peer_of(struct slice multiaddr, struct peer_id * peer)
{
	struct multiaddr_part part = {0};

	while (multiaddr_next(&multiaddr, &part) == 1)
		if (part.code == MA_P2P_CIRCUIT)
			return (false);
	return (part.code == MA_P2P && peer_id_parse(peer, part.value) == 0);
}

/*
 * Learn one string of a TXT record: true if it was an address.  All addresses
 * of a record are of one peer, *peer (n = 0: not known yet).
 */
static bool
learn(struct incoming * in, struct slice string, uint32_t ttl,
    struct peer_id * peer)
{
	static const char prefix[] = "dnsaddr=";
	size_t skip = sizeof(prefix) - 1;
	struct buffer bytes = {0};
	struct peer_id named;
	bool learnt = false;

	if (string.n <= skip || memcmp(string.p, prefix, skip) != 0)
		return (false);
	string = slice_of(string.p + skip, string.n - skip);
	if (multiaddr_decode(&bytes, string) != 0 ||
	    !peer_of(buffer_all(&bytes), &named) ||
	    peer_id_equal(&named, host_id(in->m->host)) ||
	    !plausible(in, buffer_all(&bytes)))
		goto out;
	if (peer->n == 0 && mdns_found_heard(&in->m->found, &named))
		*peer = named;
	if (!peer_id_equal(peer, &named))
		goto out;
	host_learn(in->m->host, peer, buffer_all(&bytes),
	    clock_mul(ttl < LEARN_LEAST_S ? LEARN_LEAST_S
	    : ttl > MDNS_TTL ? MDNS_TTL : ttl, 1000));
	learnt = true;
out:
	buffer_free(&bytes);
	return (learnt);
}

static void
on_record(void * user, const struct mdns_record * r)
{
	struct incoming * in = user;
	struct mdns_service * s = &in->m->service;
	struct slice data = r->data, string;
	struct peer_id peer = {0};
	unsigned n = 0;

	if (r->type != MDNS_TXT || r->ttl == 0 ||
	    !mdns_name_within(&r->name, &s->service) ||
	    mdns_name_equal(&r->name, &s->instance))
		return;
	while (n < MDNS_ADDRESSES_MAX && mdns_text_next(&data, &string))
		n += learn(in, string, r->ttl, &peer);
	if (n > 0)
		mdns_found_connect(&in->m->found);
}

static void
hear_query(struct mdns_link * l, struct incoming * in, struct slice message,
    const struct mdns_header * header)
{
	struct mdns_reader reader = {.question = on_question,
	    .record = on_known, .user = in};

	/* A probe for a name: ours is random, and nobody else's. */
	if (header->authorities || !mdns_service_ready(&l->m->service))
		return;
	(void)mdns_message_read(message, &reader);
	in->asked &= ~in->known;
	if (in->asked == 0)
		return;
	if (in->from->port == MDNS_PORT)
		answer(l, in->asked);
	else
		reply(l, in, header->id);
}

void
mdns_hear(void * user, const struct world_address * from, struct slice message)
{
	struct mdns_link * l = user;
	struct mdns * m = l->m;
	struct incoming in = {.m = m, .from = from};
	struct mdns_reader reader = {.record = on_record, .user = &in};
	struct mdns_header header;

	if (!on_link(m, l->index, from) ||
	    mdns_message_check(message, &header) != 0)
		return;
	in.own_machine = is_ours(m, from);
	if (!header.response)
		hear_query(l, &in, message, &header);
	else if (from->port == MDNS_PORT)
		(void)mdns_message_read(message, &reader);
}
