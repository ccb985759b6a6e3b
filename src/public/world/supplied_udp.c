/* supplied_udp.c: UDP sockets of the host. */
#include <stdlib.h>

#include "base/error.h"
#include "public/world/supplied.h"

struct world_udp {
	struct supplied * s;
	void * host;
	void (*received)(void * user, const struct world_address * from,
	    struct slice bytes);
	void * user;
};

static void
on_received(void * arg, const struct berty_address * from, const void * bytes,
    size_t n)
{
	struct world_address address = supplied_from(from);
	struct world_udp * udp = arg;

	udp->received(udp->user, &address, slice_of(bytes, n));
}

int
supplied_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound)
{
	struct berty_address at = supplied_to(&config->at), got = {0};
	struct supplied * s = supplied_of(w);
	struct world_udp * u;
	int rc;

	if (s->host.udp_open == NULL)
		return (-ERR_NOT_IMPLEMENTED);
	if ((u = calloc(1, sizeof(*u))) == NULL)
		return (-ERR_INTERNAL);
	u->s = s;
	u->received = received;
	u->user = user;
	rc = s->host.udp_open(s->host.user, &at, config->link, on_received, u,
	    &u->host, &got);
	if (rc != 0) {
		free(u);
		return (rc < 0 ? rc : -ERR_INTERNAL);
	}
	if (bound != NULL)
		*bound = supplied_from(&got);
	*udp = u;
	return (0);
}

int
supplied_udp_send(struct world_udp * udp, const struct world_address * to,
    struct slice bytes)
{
	struct berty_address address = supplied_to(to);

	return (udp->s->host.udp_send(udp->s->host.user, udp->host, &address,
	    bytes.p, bytes.n) == 0 ? 0 : -ERR_STREAM_WRITE);
}

void
supplied_udp_close(struct world_udp * udp)
{
	udp->s->host.udp_close(udp->s->host.user, udp->host);
	free(udp);
}
