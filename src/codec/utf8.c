#include "codec/utf8.h"

/* The bytes that follow a first byte, -1 for what begins no character. */
static int
following(uint8_t first)
{
	if (first < 0x80)
		return (0);
	if (first >= 0xc2 && first < 0xe0)
		return (1);
	if (first >= 0xe0 && first < 0xf0)
		return (2);
	if (first >= 0xf0 && first < 0xf5)
		return (3);
	return (-1);
}

/* The second byte rules out longer forms, surrogates and what is too large. */
static bool
second_fits(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return (second >= 0xa0);
	case 0xed:
		return (second < 0xa0);
	case 0xf0:
		return (second >= 0x90);
	case 0xf4:
		return (second < 0x90);
	default:
		return (true);
	}
}

bool
utf8_valid(struct slice text)
{
	size_t i = 0;
	int j, n;

	while (i < text.n) {
		n = following(text.p[i]);
		if (n < 0 || (size_t)n >= text.n - i)
			return (false);
		for (j = 1; j <= n; j++)
			if ((text.p[i + (size_t)j] & 0xc0) != 0x80)
				return (false);
		if (n > 0 && !second_fits(text.p[i], text.p[i + 1]))
			return (false);
		i += (size_t)n + 1;
	}
	return (true);
}
