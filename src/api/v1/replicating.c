/* replicating.c: who keeps a group, as GroupInfo tells. */
#include <stdlib.h>

#include "api/v1/v1.h"
#include "group/replicating.h"

/* What has no room is left out. */
static int
add(void * user, const struct replicating * r)
{
	V1(GroupInfo__Reply) * reply = user;
	V1(GroupReplicating) ** more;
	V1(GroupReplicating) * one;

	one = protobuf_decode(
	    &berty__protocol__v1__group_replicating__descriptor, r->payload,
	    protobuf_cap(r->payload.n));
	if (one == NULL)
		return (0);
	more = realloc(reply->replicating, (reply->n_replicating + 1) *
	    sizeof(*more));
	if (more == NULL) {
		protobuf_free(one);
		return (0);
	}
	reply->replicating = more;
	more[reply->n_replicating++] = one;
	return (0);
}

void
v1_replicating_fill(V1(GroupInfo__Reply) * reply, struct node * n,
    struct group * g)
{
	(void)replicating_each(node_store(n), group_scope(g), add, reply);
}

void
v1_replicating_free(V1(GroupInfo__Reply) * reply)
{
	size_t i;

	for (i = 0; i < reply->n_replicating; i++)
		protobuf_free(reply->replicating[i]);
	free(reply->replicating);
	reply->replicating = NULL;
	reply->n_replicating = 0;
}
