/* What a device tells a group about its relay (event 404), as it is kept. */
#include "fuzz/fuzz.h"
#include "group/push_store.h"
#include "world/os/world_os.h"

static const struct event_place place = {.time = 1, .cid.n = 36,
    .cid.bytes = {1, 0x71, 0x12, 0x20}};

static struct store *
store_of(void)
{
	static struct store * store;
	struct store_config memory = {0};

	if (store == NULL)
		FUZZ_CHECK(crypto_setup() == 0 && store_open(
		    world_os_new(NULL), &memory, &store, NULL) == 0);
	return (store);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct metadata_event e = {.type = EVENT_PUSH_MEMBER_TOKEN_UPDATE,
	    .has_device = true, .payload = slice_of(data, n)};
	struct store * s = store_of();
	struct push_target t;

	FUZZ_CHECK(store_begin(s) == 0);
	FUZZ_CHECK(push_store_fold(s, 1, &e, &place) == 0);
	if (push_store_load(s, 1, e.device_pk, &t) == 0) {
		FUZZ_CHECK(t.service_addr.n > 0 &&
		    t.service_addr.n <= PUSH_ADDRESS_MAX);
		FUZZ_CHECK(t.token.n > 0 && t.token.n <= PUSH_TOKEN_MAX);
		push_target_free(&t);
	}
	store_rollback(s);
	return (0);
}
