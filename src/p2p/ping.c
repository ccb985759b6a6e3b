/* ping.c: 32 bytes come, 32 bytes go back.  Source: libp2p ping spec. */
#include <stdlib.h>

#include "base/error.h"
#include "p2p/host_impl.h"

#define PROTOCOL "/ipfs/ping/1.0.0"

/* A peer that sends and never reads is not worth more, bytes. */
#define QUEUE_MAX (32 * 1024)

/* In pieces or not, the answer is what came. */
static void
on_data(void * user, struct stream * s, struct slice bytes)
{
	(void)user;
	if (stream_queued(s) > QUEUE_MAX || stream_write(s, bytes) != 0)
		stream_reset(s);
}

static void
on_end(void * user, struct stream * s)
{
	(void)user;
	stream_end(s);
}

static const struct stream_handler handler = {.data = on_data, .end = on_end};

static void
on_accept(void * user, struct stream * s, const char * protocol)
{
	(void)protocol;
	stream_handle(s, &handler, user);
}

int
ping_serve(struct host * h)
{
	return (host_serve(h, PROTOCOL, on_accept, h));
}
