/* raw_fixture.h: hosts that say what the test makes, to host 0 of a swarm. */
#ifndef BERTY_TEST_RAW_FIXTURE_H
#define BERTY_TEST_RAW_FIXTURE_H

#include "support/budgets.h"
#include "support/swarm.h"

#include <stdlib.h>

/* A stream of ours to host 0; the test sees whether it was reset. */
struct raw {
	struct swarm * swarm;
	struct stream * out;
	bool closed;
};

static inline void
raw_closed(void * user, struct stream * s, int status)
{
	struct raw * r = user;

	(void)s;
	(void)status;
	r->closed = true;
	r->out = NULL;
}

/* Host i is connected and opens a stream. */
static inline void
raw_open(struct raw * r, struct swarm * swarm, size_t i, const char * protocol)
{
	static const struct stream_handler handler = {.closed = raw_closed};
	const char * protocols[] = {protocol, NULL};

	*r = (struct raw){.swarm = swarm};
	if (!host_connected(swarm->nodes[i].h, &swarm->nodes[0].id))
		swarm_connect(swarm, i, 0);
	assert_int_equal(stream_open(swarm->nodes[i].h, &swarm->nodes[0].id,
	    protocols, &handler, r, &r->out), 0);
	sim_run_for(swarm->sim, 100);
}

/* Say bytes, behind their length, and clear them. */
static inline void
raw_say(struct raw * r, struct buffer * bytes)
{
	struct buffer framed = {0};

	assert_non_null(r->out);
	buffer_uvarint(&framed, bytes->n);
	buffer_slice(&framed, buffer_all(bytes));
	assert_int_equal(stream_write(r->out, buffer_all(&framed)), 0);
	buffer_free(&framed);
	buffer_free(bytes);
	sim_run_for(r->swarm->sim, 200);
}

#endif /* !BERTY_TEST_RAW_FIXTURE_H */
