#include "codec/multibase.h"
#include "codec/rotation.h"
#include "contact/rendezvous.h"

void
rendezvous_namespace(struct buffer * out, const struct network * network,
    const uint8_t account_pk[32], const uint8_t seed[32], uint64_t period_s)
{
	struct buffer topic = {0};
	struct slice pk = slice_of(account_pk, 32);
	uint8_t point[32];

	if (network->rotation_text)
		base64_encode(&topic, pk);
	else
		buffer_slice(&topic, pk);
	rotation_point(point, buffer_all(&topic), slice_of(seed, 32),
	    period_s);
	if (topic.failed)
		out->failed = true;
	else if (network->rotation_text)
		base64_encode(out, slice_of(point, sizeof(point)));
	else
		buffer_append(out, point, sizeof(point));
	buffer_free(&topic);
}
