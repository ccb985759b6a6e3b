#include <stdlib.h>

#include "base/clock.h"
#include "contact/manager_impl.h"
#include "contact/rendezvous.h"

/* Peers tried for one contact, and handshakes of ours at a time. */
#define CANDIDATES_MAX 256
#define ATTEMPTS_MAX 16

/* Pause before a candidate is tried again, ms. */
#define RETRY_MS 1000
#define RETRY_MAX_MS 600000

/*
 * How long a responder may take to record the request after the last frame,
 * ms: less than it waits for its disk, so that silence is known as such.
 */
#define DELIVERY_MS 25000

/* What the last frame holds besides metadata: two keys, and lengths. */
#define FRAME_MAX 2048
#define FRAME_REST 72

/* A peer that may be the contact. */
struct candidate {
	struct peer_id peer;
	unsigned failures;
	uint64_t next_at;
	struct list place;
};

enum phase { IDLE, CONNECTING, CONNECTED, TALKING, DELIVERING, DELIVERED };

/* A request to deliver: its searches, and the one peer being tried. */
struct request {
	struct contact_manager * manager;
	uint8_t pk[32], seed[32];
	const struct network * network;
	struct buffer own_metadata;
	bool wanted, started;
	uint64_t period_s;
	struct discovery_search searches[2];  /* this period, the one before */
	size_t n_searches;
	struct list candidates;
	enum phase phase;
	struct candidate * trying;
	struct stream * stream;
	struct handshake * handshake;
	struct world_timer timer;
	struct list place;
};

static void
schedule(struct request * r, uint64_t ms)
{

	(void)world_timer_start(r->manager->world, &r->timer, ms);
}

/* --- an attempt --------------------------------------------------------- */

static void
attempt_end(struct request * r)
{

	if (r->phase == IDLE)
		return;
	/* What the peer may still be reading is not torn from it. */
	if (r->stream != NULL && r->phase >= DELIVERING)
		stream_free(r->stream);
	else if (r->stream != NULL)
		stream_reset(r->stream);
	r->stream = NULL;
	handshake_free(r->handshake);
	r->handshake = NULL;
	r->trying = NULL;
	r->phase = IDLE;
	r->manager->n_attempts--;
}

/* Half of the pause is chance, so that peers do not fall into step. */
static uint64_t
pause_ms(struct request * r, unsigned failures)
{
	uint64_t ms = clock_backoff(RETRY_MS, RETRY_MAX_MS, failures);
	uint8_t dice[4];

	world_random(r->manager->world, dice, sizeof(dice));
	return (ms / 2 + (ms / 2 + 1) * dice[0] / 256 +
	    (ms / 512) * dice[1] / 256);
}

/* The peer was not the contact, or not to be reached: later again. */
static void
attempt_fail(struct request * r)
{
	struct candidate * c = r->trying;

	c->next_at = clock_add(world_now(r->manager->world),
	    pause_ms(r, c->failures));
	if (c->failures < 32)
		c->failures++;
	attempt_end(r);
	schedule(r, 0);
}

static void
delivered(struct request * r)
{

	r->phase = DELIVERED;
	schedule(r, 0);
}

static void
flush(struct request * r)
{
	struct buffer out = {0};
	bool failed;

	handshake_output(r->handshake, &out);
	failed = out.failed || (out.n > 0 &&
	    stream_write(r->stream, buffer_all(&out)) != 0);
	buffer_free(&out);
	if (failed)
		attempt_fail(r);
}

static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	struct request * r = user;
	struct error err = {0};
	int status;

	if (r->phase != TALKING)
		return;
	status = handshake_input(r->handshake, bytes, &err);
	if (status < 0) {
		log_debug(r->manager->world->log, "contact",
		    "%s does not take the request: %s",
		    peer_id_show(&r->trying->peer).text, err.text);
		attempt_fail(r);
		return;
	}
	flush(r);
	if (status == 0 || r->phase != TALKING)
		return;
	r->phase = DELIVERING;
	stream_end(s);
	schedule(r, DELIVERY_MS);
}

static void
on_end(void * user, struct stream * s)
{
	struct request * r = user;

	(void)s;
	if (r->phase == DELIVERING)
		delivered(r);
	else if (r->phase == TALKING)
		attempt_fail(r);
}

/*
 * Go's responder resets when it has recorded the request.  When the connection
 * itself was lost we cannot know, and ask again: that harms nothing.
 */
static void
on_closed(void * user, struct stream * s, int status)
{
	struct request * r = user;

	r->stream = NULL;
	if (r->phase == DELIVERED)
		return;
	if (r->phase == DELIVERING && (status == 0 || stream_connected(s)))
		delivered(r);
	else
		attempt_fail(r);
}

static const struct stream_handler on_stream = {
	.data = on_data,
	.end = on_end,
	.closed = on_closed,
};

static struct handshake *
handshake_of(struct request * r)
{
	struct contact_manager * m = r->manager;
	struct shareable_contact own = {.has_pk = true};
	struct handshake * h;
	uint8_t ephemeral[32];

	memcpy(own.pk, m->account.pub, sizeof(own.pk));
	own.has_seed = m->handler.seed(m->user, own.seed);
	if (r->own_metadata.n <= FRAME_MAX - FRAME_REST)
		own.metadata = buffer_all(&r->own_metadata);
	world_random(m->world, ephemeral, sizeof(ephemeral));
	h = handshake_request(&m->account, r->pk, ephemeral, &own);
	crypto_wipe(ephemeral, sizeof(ephemeral));
	crypto_wipe(&own, sizeof(own));
	return (h);
}

static void
talk(struct request * r)
{
	const char * protocols[2] = {r->network->contact_protocol, NULL};

	if ((r->handshake = handshake_of(r)) == NULL ||
	    stream_open(r->manager->host, &r->trying->peer, protocols,
	        &on_stream, r, &r->stream) != 0) {
		attempt_fail(r);
		return;
	}
	r->phase = TALKING;
	schedule(r, HANDSHAKE_MS);
	flush(r);
}

static void
attempt_begin(struct request * r, struct candidate * c)
{

	r->manager->n_attempts++;
	r->trying = c;
	r->phase = CONNECTING;
	if (host_connected(r->manager->host, &c->peer)) {
		talk(r);
		return;
	}
	schedule(r, HANDSHAKE_MS);
	if (host_connect(r->manager->host, &c->peer) != 0)
		attempt_fail(r);
}

static struct candidate *
candidate_next(struct request * r)
{
	struct candidate * c, * first = NULL;
	struct list * at;

	for (at = r->candidates.next; at != &r->candidates; at = at->next) {
		c = list_entry(at, struct candidate, place);
		if (first == NULL || c->next_at < first->next_at)
			first = c;
	}
	return (first);
}

static void
try_next(struct request * r)
{
	struct candidate * c;
	uint64_t now = world_now(r->manager->world);

	if ((c = candidate_next(r)) == NULL)
		return;
	if (c->next_at > now)
		schedule(r, c->next_at - now);
	else if (r->manager->n_attempts >= ATTEMPTS_MAX)
		schedule(r, RETRY_MS);
	else
		attempt_begin(r, c);
}

/* 107 will end the request; until then the peer counts as tried. */
static void
tell_sent(struct request * r)
{
	struct contact_manager * m = r->manager;
	uint8_t pk[32];

	memcpy(pk, r->pk, sizeof(pk));
	attempt_fail(r);
	m->handler.sent(m->user, pk);
	contact_manager_update(m);
}

static void
on_timer(struct world_timer * timer)
{
	struct request * r = list_entry(timer, struct request, timer);

	switch (r->phase) {
	case IDLE:
		try_next(r);
		break;
	case CONNECTED:
		talk(r);
		break;
	case DELIVERING:
		/* Not recorded: politeness has nothing more to save. */
		stream_reset(r->stream);
		r->stream = NULL;
		attempt_fail(r);
		break;
	case DELIVERED:
		tell_sent(r);
		break;
	default:
		attempt_fail(r);
	}
}

/* --- candidates --------------------------------------------------------- */

static struct candidate *
candidate_find(struct request * r, const struct peer_id * peer)
{
	struct candidate * c;
	struct list * at;

	for (at = r->candidates.next; at != &r->candidates; at = at->next) {
		c = list_entry(at, struct candidate, place);
		if (peer_id_equal(&c->peer, peer))
			return (c);
	}
	return (NULL);
}

static size_t
candidates_count(const struct request * r)
{
	const struct list * at;
	size_t n = 0;

	for (at = r->candidates.next; at != &r->candidates; at = at->next)
		n++;
	return (n);
}

static void
candidate_free(struct candidate * c)
{

	list_remove(&c->place);
	free(c);
}

/* Make room: whoever failed most goes; false when none has failed. */
static bool
candidate_evict(struct request * r)
{
	struct candidate * c, * worst = NULL;
	struct list * at;

	for (at = r->candidates.next; at != &r->candidates; at = at->next) {
		c = list_entry(at, struct candidate, place);
		if (c != r->trying && c->failures > 0 &&
		    (worst == NULL || c->failures > worst->failures))
			worst = c;
	}
	if (worst == NULL)
		return (false);
	candidate_free(worst);
	return (true);
}

static void
on_found(struct discovery_search * search, const struct peer_id * peer)
{
	struct request * r = search->user;
	struct candidate * c;

	if (peer_id_equal(peer, host_id(r->manager->host)) ||
	    candidate_find(r, peer) != NULL)
		return;
	if (candidates_count(r) >= CANDIDATES_MAX && !candidate_evict(r))
		return;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return;
	c->peer = *peer;
	list_append(&r->candidates, &c->place);
	if (r->phase == IDLE)
		schedule(r, 0);
}

/* --- requests ----------------------------------------------------------- */

static void
searches_stop(struct request * r)
{

	while (r->n_searches > 0)
		discovery_search_stop(r->manager->discovery,
		    &r->searches[--r->n_searches]);
}

static void
search(struct request * r, uint64_t period_s)
{
	struct discovery_search * s = &r->searches[r->n_searches];
	struct buffer ns = {0};

	rendezvous_namespace(&ns, r->network, r->pk, r->seed, period_s);
	s->found = on_found;
	s->user = r;
	if (!ns.failed && discovery_search_start(r->manager->discovery, s,
	    buffer_all(&ns)) == 0)
		r->n_searches++;
	buffer_free(&ns);
}

/* This period and the one before: clocks differ, and Go's watch goes stale. */
static void
searches_start(struct request * r)
{
	uint64_t rotation = r->network->contact_rotation_s;

	r->period_s = network_period(manager_unix(r->manager), rotation);
	search(r, r->period_s);
	if (r->period_s >= rotation)
		search(r, r->period_s - rotation);
	r->started = true;
}

static void
request_free(struct request * r)
{
	struct list * at, * next;

	attempt_end(r);
	searches_stop(r);
	world_timer_stop(r->manager->world, &r->timer);
	list_each(at, next, &r->candidates)
		candidate_free(list_entry(at, struct candidate, place));
	list_remove(&r->place);
	buffer_free(&r->own_metadata);
	free(r);
}

static struct request *
request_find(struct contact_manager * m, const uint8_t pk[32])
{
	struct request * r;
	struct list * at;

	for (at = m->requests.next; at != &m->requests; at = at->next) {
		r = list_entry(at, struct request, place);
		if (memcmp(r->pk, pk, sizeof(r->pk)) == 0)
			return (r);
	}
	return (NULL);
}

static void
request_new(struct contact_manager * m, const struct contact_wanted * wanted)
{
	struct request * r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return;
	r->manager = m;
	memcpy(r->pk, wanted->pk, sizeof(r->pk));
	memcpy(r->seed, wanted->seed, sizeof(r->seed));
	r->network = wanted->network;
	r->wanted = true;
	r->timer.fire = on_timer;
	list_init(&r->candidates);
	list_append(&m->requests, &r->place);
	buffer_slice(&r->own_metadata, wanted->own_metadata);
	if (r->own_metadata.failed)
		request_free(r);
}

/* From inside the owner's walk, so nothing is started here. */
static void
on_wanted(void * to, const struct contact_wanted * wanted)
{
	struct contact_manager * m = to;
	struct request * r;

	r = request_find(m, wanted->pk);
	if (r != NULL && !r->wanted && r->network == wanted->network &&
	    memcmp(r->seed, wanted->seed, sizeof(r->seed)) == 0 &&
	    slice_equal(buffer_all(&r->own_metadata), wanted->own_metadata))
		r->wanted = true;
	else if (r == NULL || !r->wanted)
		request_new(m, wanted);
}

void
manager_requests_update(struct contact_manager * m)
{
	struct list * at, * next;
	struct request * r;

	list_each(at, next, &m->requests)
		list_entry(at, struct request, place)->wanted = false;
	m->handler.each_wanted(m->user, on_wanted, m);
	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (!r->wanted)
			request_free(r);
	}
	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (!r->started)
			searches_start(r);
	}
}

void
manager_requests_rotate(struct contact_manager * m)
{
	struct list * at, * next;
	struct request * r;
	uint64_t now = manager_unix(m);

	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (!r->started || network_period(now,
		    r->network->contact_rotation_s) == r->period_s)
			continue;
		searches_stop(r);
		searches_start(r);
	}
}

void
manager_requests_up(struct contact_manager * m, const struct peer_id * peer)
{
	struct list * at, * next;
	struct candidate * c;
	struct request * r;

	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if ((c = candidate_find(r, peer)) == NULL)
			continue;
		c->failures = 0;
		c->next_at = 0;
		if (r->phase == CONNECTING && r->trying == c)
			r->phase = CONNECTED;
		else if (r->phase != IDLE)
			continue;
		schedule(r, 0);
	}
}

void
manager_requests_failed(struct contact_manager * m,
    const struct peer_id * peer)
{
	struct list * at, * next;
	struct request * r;

	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (r->phase == CONNECTING &&
		    peer_id_equal(&r->trying->peer, peer))
			attempt_fail(r);
	}
}

void
manager_requests_free(struct contact_manager * m)
{
	struct list * at, * next;

	list_each(at, next, &m->requests)
		request_free(list_entry(at, struct request, place));
}
