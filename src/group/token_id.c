#include "group/token_id.h"

#include "crypto/crypto.h"

/* Source: RFC 4122 appendix C, name space of URLs. */
static const uint8_t url_space[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11,
    0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

void
token_id(char id[TOKEN_ID_SIZE + 1], struct slice authentication_url,
    struct slice token)
{
	static const char hex[] = "0123456789abcdef";
	const struct slice pieces[] = {slice_of(url_space, sizeof(url_space)),
	    authentication_url, slice_of("/", 1), token};
	uint8_t h[20];
	size_t i, at = 0;

	sha1(h, pieces, 4);
	h[6] = (uint8_t)((h[6] & 0x0f) | 0x50);
	h[8] = (uint8_t)((h[8] & 0x3f) | 0x80);
	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id[at++] = '-';
		id[at++] = hex[h[i] >> 4];
		id[at++] = hex[h[i] & 15];
	}
	id[at] = '\0';
}
