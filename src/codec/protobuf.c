#include "codec/protobuf.h"

#include <stdlib.h>

/*
 * What is allocated is plain malloc'd memory, so that freeing needs nothing
 * but the message.  The budget counts what was asked for in all, not what is
 * held: a peer gains nothing by making the decoder allocate and free.
 *
 * protobuf-c goes deeper only where a type declares a sub-message, and groups
 * are malformed to it: no type here contains itself, so depth is bounded.
 */
struct budget {
	size_t left;
};

static void *
budget_alloc(void * user, size_t n)
{
	struct budget * budget = user;

	if (n > budget->left)
		return (NULL);
	budget->left -= n;
	return (malloc(n));
}

static void
budget_free(void * user, void * p)
{
	(void)user;
	free(p);
}

void *
protobuf_decode(const ProtobufCMessageDescriptor * type, struct slice bytes,
    size_t cap)
{
	static const uint8_t none[1];
	struct budget budget = {cap};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};

	return (protobuf_c_message_unpack(type, &allocator, bytes.n,
	    bytes.n > 0 ? bytes.p : none));
}

void
protobuf_free(void * message)
{
	if (message != NULL)
		protobuf_c_message_free_unpacked(message, NULL);
}

void
protobuf_encode(struct buffer * out, const void * message)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t * to = buffer_grow(out, n);

	if (to != NULL)
		(void)protobuf_c_message_pack(message, to);
}

void
protobuf_encode_prefixed(struct buffer * out, const void * message)
{
	buffer_uvarint(out, protobuf_c_message_get_packed_size(message));
	protobuf_encode(out, message);
}
