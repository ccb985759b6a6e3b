/* Message envelopes as they come, and headers and bodies that a member who
 * knows the secrets makes of any bytes. */
#include "fuzz/fuzz.h"
#include "group/message.h"
#include "group/wire.h"

static const struct group_info group = {.pk = {1}, .secret = {2},
    .has_secret = true, .type = GROUP_MULTI_MEMBER};
static const uint8_t message_key[32] = {3};

static void
open_envelope(struct slice envelope)
{
	struct message_headers h;
	struct message m;

	if (message_open_headers(&h, envelope, &group) != 0)
		return;
	if (message_open(&m, envelope, &h, message_key, &group, NULL) == 0)
		message_free(&m);
}

static void
open_headers(struct slice clear)
{
	static const uint8_t nonce[NONCE_SIZE];
	struct buffer box = {0}, envelope = {0};

	secretbox_seal(&box, group.secret, nonce, clear);
	wire_put_bytes(&envelope, 1, buffer_all(&box));
	wire_put_bytes(&envelope, 3, slice_of(nonce, sizeof(nonce)));
	open_envelope(buffer_all(&envelope));
	buffer_free(&box);
	buffer_free(&envelope);
}

/* The bytes as the clear message, and as what stands beside it. */
static void
open_body(struct slice clear)
{
	struct message_headers h = {.counter = 1};
	uint8_t nonce[NONCE_SIZE];
	struct buffer box = {0}, envelope = {0};
	struct message m;

	message_nonce(nonce, h.counter);
	secretbox_seal(&box, message_key, nonce, clear);
	wire_put_bytes(&envelope, 2, buffer_all(&box));
	wire_put_bytes(&envelope, 3, slice_of(nonce, sizeof(nonce)));
	buffer_slice(&envelope, clear);
	if (message_reopen(&m, buffer_all(&envelope), &h, message_key, &group,
	        NULL) == 0)
		message_free(&m);
	buffer_free(&box);
	buffer_free(&envelope);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct chain_key c;

	(void)chain_key_decode(&c, slice_of(data, n));
	open_envelope(slice_of(data, n));
	open_headers(slice_of(data, n));
	open_body(slice_of(data, n));
	return (0);
}
