/*
 * Either side of a contact request against any bytes.  The first byte says
 * which side, and how far the handshake went before; the second how the rest
 * is cut into pieces.
 */
#include "contact/handshake.h"
#include "fuzz/fuzz.h"

static void
pass(struct handshake * from, struct handshake * to)
{
	struct buffer out = {0};

	handshake_output(from, &out);
	FUZZ_CHECK(handshake_input(to, buffer_all(&out), NULL) >= 0);
	buffer_free(&out);
}

static void
feed(struct handshake * h, const uint8_t * data, size_t n, size_t piece)
{
	struct buffer out = {0};
	struct error err = {0};
	int status = 0;
	size_t m;

	for (; n > 0 && status >= 0; data += m, n -= m) {
		m = piece == 0 || piece > n ? n : piece;
		status = handshake_input(h, slice_of(data, m), &err);
		FUZZ_CHECK(status >= 0 || err.n > 0);
	}
	handshake_output(h, &out);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	static const uint8_t ephemeral[2][32] = {{1}, {2}};
	static const uint8_t seeds[2][32] = {{3}, {4}};
	struct shareable_contact own = {.has_pk = true};
	struct ed25519_key alice, bob;
	struct handshake * asks, * answers;
	unsigned i;

	if (n < 2 || crypto_setup() != 0)
		return (0);
	ed25519_from_seed(&alice, seeds[0]);
	ed25519_from_seed(&bob, seeds[1]);
	memcpy(own.pk, alice.pub, sizeof(own.pk));
	asks = handshake_request(&alice, bob.pub, ephemeral[0], &own);
	answers = handshake_respond(&bob, ephemeral[1]);
	for (i = 0; i < (data[0] >> 1) % 5U; i++)
		pass(i % 2 == 0 ? asks : answers, i % 2 == 0 ? answers : asks);
	feed((data[0] & 1) != 0 ? asks : answers, data + 2, n - 2, data[1]);
	handshake_free(asks);
	handshake_free(answers);
	return (0);
}
