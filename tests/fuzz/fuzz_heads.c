/* Heads messages, as they come and as what is in their box. */
#include "crypto/crypto.h"
#include "fuzz/fuzz.h"
#include "sync/heads.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t size)
{
	static const uint8_t key[32], nonce[24];
	struct buffer message = {0};
	struct heads h = {0};
	uint8_t rotation[32];

	(void)heads_rotation(rotation, slice_of(data, size));
	if (heads_open(&h, slice_of(data, size), key) == 0)
		heads_free(&h);
	/* The same bytes as a box that was sealed with the key: a message has
	 * field 2 and the length before it. */
	buffer_byte(&message, 0x12);
	buffer_uvarint(&message, sizeof(nonce) + TAG_SIZE + size);
	buffer_append(&message, nonce, sizeof(nonce));
	secretbox_seal(&message, key, nonce, slice_of(data, size));
	if (heads_open(&h, buffer_all(&message), key) == 0)
		heads_free(&h);
	buffer_free(&message);
	return (0);
}
