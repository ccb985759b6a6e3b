/* Envelopes as they come, and what a member who knows the secret puts into
 * one: no bytes make an event that another network's rules would not take. */
#include <string.h>

#include "base/error.h"
#include "fuzz/fuzz.h"
#include "group/metadata.h"
#include "group/wire.h"

static const struct group_info group = {.pk = {1}, .secret = {2},
    .has_secret = true, .type = GROUP_MULTI_MEMBER};

static void
open_all(struct slice envelope)
{
	struct metadata_event e;
	struct error err;
	int id;

	for (id = 0; id < NETWORK_COUNT; id++) {
		error_clear(&err);
		if (metadata_open(&e, envelope, &group,
		        network_get((enum network_id)id), &err) != 0) {
			FUZZ_CHECK(err.n > 0);
			continue;
		}
		FUZZ_CHECK(event_rule(e.type, NULL) != NULL);
		metadata_event_free(&e);
		FUZZ_CHECK(metadata_reopen(&e, envelope, &group,
		    network_get((enum network_id)id), NULL) == 0);
		metadata_event_free(&e);
	}
}

/* The bytes as the clear event. */
static void
open_boxed(struct slice clear)
{
	static const uint8_t nonce[NONCE_SIZE];
	struct buffer box = {0}, envelope = {0};

	secretbox_seal(&box, group.secret, nonce, clear);
	wire_put_bytes(&envelope, 1, slice_of(nonce, sizeof(nonce)));
	wire_put_bytes(&envelope, 2, buffer_all(&box));
	open_all(buffer_all(&envelope));
	buffer_free(&box);
	buffer_free(&envelope);
}

/* The bytes as a payload that a device signed: the first two are its type. */
static void
open_signed(const uint8_t * data, size_t n)
{
	static const uint8_t random[NONCE_SIZE], seed[32];
	struct buffer envelope = {0};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	metadata_seal(&envelope, &group, (unsigned)(data[0] | data[1] << 8),
	    slice_of(data + 2, n - 2), &key, random, NULL, 0);
	open_all(buffer_all(&envelope));
	buffer_free(&envelope);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	if (n == 0)
		return (0);
	open_all(slice_of(data, n));
	open_boxed(slice_of(data, n));
	if (n >= 2)
		open_signed(data, n);
	return (0);
}
