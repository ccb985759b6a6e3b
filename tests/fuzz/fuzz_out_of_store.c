/* Messages out of the store, and what a push relay and a device are given. */
#include "fuzz/fuzz.h"
#include "group/out_of_store.h"
#include "group/push.h"
#include "group/wire.h"

static const struct group_info group = {.pk = {1}, .secret = {2},
    .has_secret = true, .type = GROUP_MULTI_MEMBER};

static void
open_envelope(struct slice bytes)
{
	struct out_of_store_envelope e;
	struct out_of_store o;
	struct message m;

	if (out_of_store_split(&e, bytes) != 0)
		return;
	FUZZ_CHECK(e.nonce.n == NONCE_SIZE);
	if (out_of_store_open(&o, &e, &group) != 0)
		return;
	if (message_open_box(&m, o.box, &o.headers, group.secret) == 0)
		message_free(&m);
	out_of_store_free(&o);
}

static void
open_boxed(struct slice clear)
{
	static const uint8_t nonce[NONCE_SIZE];
	struct buffer box = {0}, envelope = {0};

	secretbox_seal(&box, group.secret, nonce, clear);
	wire_put_bytes(&envelope, 1, slice_of(nonce, sizeof(nonce)));
	wire_put_bytes(&envelope, 2, buffer_all(&box));
	open_envelope(buffer_all(&envelope));
	buffer_free(&box);
	buffer_free(&envelope);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	static const uint8_t key[32] = {4};
	struct slice bytes = slice_of(data, n);
	struct buffer out = {0};

	open_envelope(bytes);
	open_boxed(bytes);
	(void)push_check(bytes);
	(void)push_dispatcher(&out, bytes);
	(void)push_token_open(&out, bytes, key);
	(void)push_exposed_open(&out, bytes, group.pk, key);
	(void)out_of_store_seal(&out, &group, 3, bytes, bytes, key);
	buffer_free(&out);
	return (0);
}
