/* A stranger's bytes never get past the upgrade, on either side. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "p2p/upgrade.h"

static void
feed(bool dialer, struct slice in)
{
	static const uint8_t seed[32] = {1};
	struct ed25519_key identity;
	struct upgrade_config config = {.dialer = dialer,
	    .identity = &identity};
	struct buffer out = {0};
	struct upgrade * u;

	ed25519_from_seed(&identity, seed);
	memset(config.static_private, 2, 32);
	memset(config.ephemeral_private, 3, 32);
	u = upgrade_new(&config, &out);
	FUZZ_CHECK(u != NULL);
	FUZZ_CHECK(upgrade_feed(u, &in, &out) != 1);
	upgrade_free(u);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	if (n == 0)
		return (0);
	feed((data[0] & 1) != 0, slice_of(data + 1, n - 1));
	return (0);
}
