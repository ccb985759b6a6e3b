#include <sodium.h>

#include "world/sim/sim_impl.h"

void
dice_init(struct dice * dice, uint64_t seed, uint64_t stream)
{
	uint64_t from[2] = {seed, stream};

	(void)crypto_generichash(dice->key, sizeof(dice->key),
	    (const uint8_t *)from, sizeof(from), NULL, 0);
	dice->at = 0;
}

void
dice_bytes(struct dice * dice, uint8_t * p, size_t n)
{
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	memcpy(nonce, &dice->at, sizeof(nonce));
	dice->at++;
	(void)crypto_stream_chacha20(p, n, nonce, dice->key);
}

uint64_t
dice_below(struct dice * dice, uint64_t n)
{
	uint64_t v;

	if (n <= 1)
		return (0);
	dice_bytes(dice, (uint8_t *)&v, sizeof(v));
	return (v % n);
}

bool
dice_chance(struct dice * dice, uint32_t ppm)
{
	return (ppm > 0 && dice_below(dice, MILLION) < ppm);
}
