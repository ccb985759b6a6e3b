#include "key_text.h"

#include <string.h>

#include "codec/multibase.h"

bool
key_text_read(const char * text, uint8_t key[32])
{
	struct buffer padded = {0}, bytes = {0};
	bool good;

	buffer_text(&padded, text);
	while (padded.n % 4 != 0 && !padded.failed)
		buffer_byte(&padded, '=');
	good = base64_decode(&bytes, buffer_all(&padded)) == 0 &&
	    bytes.n == 32;
	if (good)
		memcpy(key, bytes.p, 32);
	buffer_wipe(&padded);
	buffer_wipe(&bytes);
	return (good);
}
