/* fleet_impl.h: what the files of the fleet share. */
#ifndef BERTY_TEST_FLEET_IMPL_H
#define BERTY_TEST_FLEET_IMPL_H

#include "node/node_impl.h"
#include "support/fleet.h"

static inline ProtobufCBinaryData
key_bytes(const uint8_t key[32])
{
	return (protobuf_bytes(slice_of(key, 32)));
}

/* The open group, or NULL. */
static inline struct group *
fleet_group(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct node_group * g = f->nodes[i].node == NULL ? NULL :
	    node_find(f->nodes[i].node, slice_of(group_pk, 32));

	return (g == NULL ? NULL : node_group_of(g));
}

#endif /* !BERTY_TEST_FLEET_IMPL_H */
