#include "base/buffer.h"
#include "codec/rotation.h"
#include "crypto/crypto.h"

void
rotation_point(uint8_t out[32], struct slice topic, struct slice seed,
    uint64_t period_s)
{
	uint8_t be[8] = {0};
	struct slice message = slice_of(be, sizeof(be));
	struct buffer key = {0};
	int i;

	for (i = 0; i < 8; i++)
		be[i] = (uint8_t)(period_s >> (56 - 8 * i));
	buffer_slice(&key, topic);
	buffer_slice(&key, seed);
	hmac_sha256(out, buffer_all(&key), &message, 1);
	buffer_wipe(&key);
}
