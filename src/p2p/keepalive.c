/* keepalive.c: is the other end still there?  Source: yamux spec, pings. */
#include "base/clock.h"
#include "base/error.h"
#include "p2p/host_impl.h"

/* Between pings, for an answer, for a write to get on, for a stall, ms. */
enum { PING_EVERY = 30000, ANSWER_WITHIN = 20000, WRITE_WITHIN = 60000,
	STALL_WITHIN = 20000 };

static void
send_ping(struct connection * c)
{
	c->pinged = true;
	c->ping++;
	c->ping_sent = world_now(c->h->w);
	yamux_ping(c->yamux, c->ping);
	connection_mark(c);
	(void)world_timer_start(c->h->w, &c->timer, ANSWER_WITHIN);
}

/* The first ping goes out at once: it measures the round trip. */
void
keepalive_start(struct connection * c)
{
	c->last_progress = world_now(c->h->w);
	world_random(c->h->w, (uint8_t *)&c->ping, sizeof(c->ping));
	send_ping(c);
}

void
keepalive_answer(struct connection * c, uint32_t value)
{
	uint64_t now = world_now(c->h->w);

	if (!c->pinged || value != c->ping)
		return;
	c->pinged = false;
	c->rtt = clock_sub(now, c->ping_sent);
	if (c->rtt == 0)
		c->rtt = 1;
	(void)world_timer_start(c->h->w, &c->timer,
	    clock_sub(PING_EVERY, c->rtt));
}

void
keepalive_stalled(struct connection * c)
{
	c->stalled_at = world_now(c->h->w);
	(void)world_timer_start(c->h->w, &c->timer, STALL_WITHIN);
}

void
keepalive_fire(struct connection * c)
{
	uint64_t now = world_now(c->h->w);

	if (world_tcp_queued(c->h->w, c->tcp) > 0 &&
	    clock_sub(now, c->last_progress) >= WRITE_WITHIN) {
		connection_fail(c, -ERR_STREAM_WRITE);
		return;
	}
	if (c->stalled && clock_sub(now, c->stalled_at) >= STALL_WITHIN) {
		connection_fail(c, -ERR_STREAM_READ);
		return;
	}
	/* While we do not read, or the peer does send, nothing is proven. */
	if (c->stalled || (c->pinged &&
	    clock_sub(now, c->last_read) < ANSWER_WITHIN)) {
		(void)world_timer_start(c->h->w, &c->timer, ANSWER_WITHIN);
		return;
	}
	if (c->pinged)
		connection_fail(c, -ERR_STREAM_READ);
	else
		send_ping(c);
}
