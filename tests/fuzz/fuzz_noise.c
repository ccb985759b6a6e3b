/* A stranger's bytes never get past the upgrade, on either side. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "p2p/upgrade.h"

static void
feed(bool dialer, struct slice in)
{
	struct upgrade_config config = {.dialer = dialer};
	struct buffer out = {0};
	struct upgrade * u;

	memset(config.identity.seed, 1, 32);
	ed25519_from_seed(&config.identity, config.identity.seed);
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
