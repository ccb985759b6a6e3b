#include "public/world/public_config.h"

#include <stdint.h>
#include <string.h>

bool
public_config(void * to, size_t size, const void * from, size_t least)
{
	size_t given;

	memset(to, 0, size);
	if (from == NULL)
		return (true);
	memcpy(&given, from, sizeof(given));
	if (given < least)
		return (false);
	/* A newer caller's fields must be unset: we would not heed them. */
	for (; given > size; given--)
		if (((const uint8_t *)from)[given - 1] != 0)
			return (false);
	memcpy(to, from, given);
	return (true);
}
