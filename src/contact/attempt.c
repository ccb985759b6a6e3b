#include <stdlib.h>

#include "base/clock.h"
#include "contact/attempt.h"

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

void
attempt_schedule(struct request * r, uint64_t ms)
{

	(void)world_timer_start(r->manager->world, &r->timer, ms);
}

void
attempt_end(struct request * r)
{

	if (r->phase == ATTEMPT_IDLE)
		return;
	/* What the peer may still be reading is not torn from it. */
	if (r->stream != NULL && r->phase >= ATTEMPT_DELIVERING)
		stream_free(r->stream);
	else if (r->stream != NULL)
		stream_reset(r->stream);
	r->stream = NULL;
	handshake_free(r->handshake);
	r->handshake = NULL;
	r->trying = NULL;
	r->phase = ATTEMPT_IDLE;
	budget_give(&r->manager->n_attempts, 1);
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

void
attempt_fail(struct request * r)
{
	struct candidate * c = r->trying;

	c->next_at = clock_add(world_now(r->manager->world),
	    pause_ms(r, c->failures));
	if (c->failures < 32)
		c->failures++;
	attempt_end(r);
	attempt_schedule(r, 0);
}

static void
delivered(struct request * r)
{

	r->phase = ATTEMPT_DELIVERED;
	attempt_schedule(r, 0);
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

	if (r->phase != ATTEMPT_TALKING)
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
	if (status == 0 || r->phase != ATTEMPT_TALKING)
		return;
	r->phase = ATTEMPT_DELIVERING;
	stream_end(s);
	attempt_schedule(r, DELIVERY_MS);
}

static void
on_end(void * user, struct stream * s)
{
	struct request * r = user;

	(void)s;
	if (r->phase == ATTEMPT_DELIVERING)
		delivered(r);
	else if (r->phase == ATTEMPT_TALKING)
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
	if (r->phase == ATTEMPT_DELIVERED)
		return;
	if (r->phase == ATTEMPT_DELIVERING &&
	    (status == 0 || stream_connected(s)))
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

	memcpy(own.pk, m->account->pub, sizeof(own.pk));
	own.has_seed = m->handler.seed(m->user, own.seed);
	if (r->own_metadata.n <= FRAME_MAX - FRAME_REST)
		own.metadata = buffer_all(&r->own_metadata);
	world_random(m->world, ephemeral, sizeof(ephemeral));
	h = handshake_request(m->account, r->pk, ephemeral, &own);
	crypto_wipe(ephemeral, sizeof(ephemeral));
	crypto_wipe(&own, sizeof(own));
	return (h);
}

static void
talk(struct request * r)
{
	const char * protocols[2] = {r->trying->network->contact_protocol,
	    NULL};

	if ((r->handshake = handshake_of(r)) == NULL ||
	    stream_open(r->manager->host, &r->trying->peer, protocols,
	        &on_stream, r, &r->stream) != 0) {
		attempt_fail(r);
		return;
	}
	r->phase = ATTEMPT_TALKING;
	attempt_schedule(r, HANDSHAKE_MS);
	flush(r);
}

static void
attempt_begin(struct request * r, struct candidate * c)
{

	r->trying = c;
	r->phase = ATTEMPT_CONNECTING;
	if (host_connected(r->manager->host, &c->peer)) {
		talk(r);
		return;
	}
	attempt_schedule(r, HANDSHAKE_MS);
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
		attempt_schedule(r, c->next_at - now);
	else if (!budget_take(&r->manager->n_attempts, 1))
		attempt_schedule(r, RETRY_MS);
	else
		attempt_begin(r, c);
}

/* 107 will end the request; until then the peer counts as tried. */
static void
tell_sent(struct request * r)
{
	struct contact_manager * m = r->manager;
	const struct network * network = r->trying->network;
	uint8_t pk[32];

	memcpy(pk, r->pk, sizeof(pk));
	attempt_fail(r);
	m->handler.sent(m->user, pk, network);
	contact_manager_update(m);
}

void
attempt_timer(struct world_timer * timer)
{
	struct request * r = list_entry(timer, struct request, timer);

	switch (r->phase) {
	case ATTEMPT_IDLE:
		try_next(r);
		break;
	case ATTEMPT_CONNECTED:
		talk(r);
		break;
	case ATTEMPT_DELIVERING:
		/* Not recorded: politeness has nothing more to save. */
		stream_reset(r->stream);
		r->stream = NULL;
		attempt_fail(r);
		break;
	case ATTEMPT_DELIVERED:
		tell_sent(r);
		break;
	default:
		attempt_fail(r);
	}
}
