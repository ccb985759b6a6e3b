#include "p2p/mdns.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/reader.h"
#include "p2p/mdns_impl.h"

enum {
	SOCKETS_MAX = 32,
	LOOK_FIRST_MS = 1000,     /* between looks at links and addresses ... */
	LOOK_MOST_MS = 15000,     /* ... which come more often at the start */
	QUERY_FIRST_MS = 4000,    /* between the first two queries */
	QUERY_MOST_MS = 60000,
	ANNOUNCE_MS = 1000,       /* between two announcements */
	ANNOUNCE_TIMES = 2,
	START_MS = 100,           /* the first message comes within */
};

uint32_t
mdns_dice(struct mdns * m, uint32_t below)
{
	uint32_t n;

	world_random(m->w, (uint8_t *)&n, sizeof(n));
	return (n % below);
}

/* --- sending ------------------------------------------------------------ */

static struct world_address
group_of(bool v6)
{
	struct world_address at = {.v6 = v6, .port = MDNS_PORT};
	static const uint8_t ip4[4] = {224, 0, 0, 251};

	if (!v6) {
		memcpy(at.ip, ip4, 4);
		return (at);
	}
	at.ip[0] = 0xff;
	at.ip[1] = 0x02;
	at.ip[15] = 0xfb;
	return (at);
}

void
mdns_send(struct mdns_link * l, const struct buffer * message)
{
	struct world_address to = group_of(l->v6);

	to.zone = l->v6 ? l->index : 0;
	if (!message->failed)
		(void)world_udp_send(l->m->w, l->udp, &to,
		    buffer_all(message));
}

static void
send_everywhere(struct mdns * m, const struct buffer * message)
{
	struct list * at, * next;

	list_each(at, next, &m->links)
		mdns_send(list_entry(at, struct mdns_link, place), message);
}

/* Tell all of this host, unasked; ttl 0: that it is gone. */
static void
tell(struct mdns * m, uint32_t ttl)
{
	struct buffer message = {0};

	if (!mdns_service_ready(&m->service))
		return;
	mdns_service_answer(&m->service, &message, MDNS_LOOKUP | MDNS_META,
	    ttl, true);
	send_everywhere(m, &message);
	buffer_free(&message);
}

static void
on_announce(struct world_timer * timer)
{
	struct mdns * m = list_entry(timer, struct mdns, announce);

	tell(m, MDNS_TTL);
	if (--m->announcements > 0)
		(void)world_timer_start(m->w, timer, ANNOUNCE_MS);
}

static void
on_query(struct world_timer * timer)
{
	struct mdns * m = list_entry(timer, struct mdns, query);
	struct buffer message = {0};
	uint64_t ms = m->query_ms;

	mdns_service_query(&m->service, &message);
	send_everywhere(m, &message);
	buffer_free(&message);
	(void)world_timer_start(m->w, timer, ms);
	/* Longer by half to one and a half.  Source: zeroconf client.go. */
	m->query_ms = ms + ms / 2 + mdns_dice(m, (uint32_t)ms);
	if (m->query_ms > QUERY_MOST_MS)
		m->query_ms = QUERY_MOST_MS;
}

/* Something is new: ask and tell as at the start. */
static void
start_over(struct mdns * m)
{
	uint64_t ms = mdns_dice(m, START_MS);

	m->announcements = ANNOUNCE_TIMES;
	m->query_ms = QUERY_FIRST_MS;
	(void)world_timer_start(m->w, &m->announce, ms);
	(void)world_timer_start(m->w, &m->query, ms);
}

/* --- links -------------------------------------------------------------- */

static void
link_close(struct mdns_link * l)
{
	world_timer_stop(l->m->w, &l->timer);
	world_udp_close(l->m->w, l->udp);
	list_remove(&l->place);
	l->m->n_links--;
	free(l);
}

/* False when the link could not be joined. */
static bool
link_open(struct mdns * m, const struct world_link * on)
{
	struct world_udp_config config = {.at = group_of(on->at.v6),
	    .link = on->index};
	struct mdns_link * l;

	if (m->n_links >= SOCKETS_MAX || (l = calloc(1, sizeof(*l))) == NULL)
		return (false);
	*l = (struct mdns_link){.m = m, .index = on->index,
	    .v6 = on->at.v6, .there = true, .timer.fire = mdns_answer};
	if (world_udp_open(m->w, &config, mdns_hear, l, &l->udp, NULL) != 0) {
		log_debug(m->w->log, "mdns", "link %u is not joined",
		    (unsigned)on->index);
		free(l);
		return (false);
	}
	list_append(&m->links, &l->place);
	m->n_links++;
	return (true);
}

static struct mdns_link *
link_find(struct mdns * m, const struct world_link * on)
{
	struct list * at, * next;
	struct mdns_link * l;

	list_each(at, next, &m->links) {
		l = list_entry(at, struct mdns_link, place);
		if (l->index == on->index && l->v6 == on->at.v6)
			return (l);
	}
	return (NULL);
}

/* Does the host listen on more than loopback? */
static bool
is_reachable(const struct mdns * m)
{
	struct reader r = reader_of(buffer_all(&m->addresses));
	struct multiaddr_part ip;
	struct slice multiaddr;

	while (r.n > 0 && !r.failed) {
		multiaddr = reader_prefixed(&r, MULTIADDR_MAX);
		if (multiaddr_next(&multiaddr, &ip) == 1 &&
		    !mdns_is_loopback(&ip))
			return (true);
	}
	return (false);
}

/* Join links that are new, leave those that are gone: true if any is new. */
static bool
look_at_links(struct mdns * m)
{
	bool reachable = is_reachable(m), fresh = false;
	struct list * at, * next;
	struct mdns_link * l;
	size_t i;

	m->n_list = world_links(m->w, m->list, MDNS_LINKS_MAX);
	list_each(at, next, &m->links)
		list_entry(at, struct mdns_link, place)->there = false;
	for (i = 0; i < m->n_list; i++) {
		if (!reachable && !m->list[i].loopback)
			continue;
		if ((l = link_find(m, &m->list[i])) != NULL)
			l->there = true;
		else
			fresh |= link_open(m, &m->list[i]);
	}
	list_each(at, next, &m->links) {
		l = list_entry(at, struct mdns_link, place);
		if (!l->there)
			link_close(l);
	}
	return (fresh);
}

/* Take the host's addresses; true if they are others than before. */
static bool
look_at_addresses(struct mdns * m)
{
	struct buffer now = {0};

	host_addresses(m->host, &now, true);
	if (now.failed || slice_equal(buffer_all(&now),
	    buffer_all(&m->addresses))) {
		buffer_free(&now);
		return (false);
	}
	/* Go hears of new addresses only from a name that was gone. */
	tell(m, 0);
	buffer_free(&m->addresses);
	m->addresses = now;
	mdns_service_set(&m->service, buffer_all(&now));
	return (true);
}

static void
on_look(struct world_timer * timer)
{
	struct mdns * m = list_entry(timer, struct mdns, look);
	bool changed = look_at_addresses(m);

	if (look_at_links(m) || changed)
		start_over(m);
	m->look_ms = m->look_ms * 2 < LOOK_MOST_MS ? m->look_ms * 2
	    : LOOK_MOST_MS;
	(void)world_timer_start(m->w, timer, m->look_ms);
}

/* --- life --------------------------------------------------------------- */

struct mdns *
mdns_new(struct host * h)
{
	struct mdns * m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (NULL);
	m->host = h;
	m->w = host_world(h);
	list_init(&m->links);
	m->query.fire = on_query;
	m->announce.fire = on_announce;
	m->look.fire = on_look;
	mdns_service_init(&m->service, m->w);
	mdns_found_init(&m->found, h);
	(void)look_at_addresses(m);
	(void)look_at_links(m);
	start_over(m);
	m->look_ms = LOOK_FIRST_MS;
	(void)world_timer_start(m->w, &m->look, m->look_ms);
	return (m);
}

void
mdns_free(struct mdns * m)
{
	struct list * at, * next;

	if (m == NULL)
		return;
	tell(m, 0);
	world_timer_stop(m->w, &m->query);
	world_timer_stop(m->w, &m->announce);
	world_timer_stop(m->w, &m->look);
	list_each(at, next, &m->links)
		link_close(list_entry(at, struct mdns_link, place));
	mdns_found_free(&m->found);
	mdns_service_free(&m->service);
	buffer_free(&m->addresses);
	free(m);
}

void
mdns_budgets(const struct mdns * m, const struct budget_walk * walk)
{
	budget_tell(walk, &m->found.n);
	budget_tell(walk, &m->found.fresh);
	budget_tell(walk, &m->found.dials);
}

bool
mdns_active(const struct mdns * m)
{
	return (!list_empty(&m->links));
}
