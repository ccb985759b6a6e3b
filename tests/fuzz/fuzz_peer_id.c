/* Peer ids keep their bytes through their text; keys are taken apart safely. */
#include "codec/peer_id.h"
#include "crypto/crypto.h"
#include "fuzz/fuzz.h"

static void
check_id(const struct peer_id * id)
{
	struct peer_id_text shown = peer_id_show(id);
	struct buffer text = {0};
	struct peer_id again;

	FUZZ_CHECK(id->n <= PEER_ID_MAX);
	peer_id_encode(&text, id);
	FUZZ_CHECK(slice_equal(buffer_all(&text), slice_text(shown.text)));
	FUZZ_CHECK(peer_id_decode(&again, buffer_all(&text)) == 0);
	FUZZ_CHECK(peer_id_equal(id, &again));
	FUZZ_CHECK(peer_id_key(id).n <= PEER_ID_MAX);
	buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in = slice_of(data, n);
	struct public_key key;
	struct peer_id id;
	uint8_t seed[32];

	if (crypto_setup() != 0)
		abort();
	if (peer_id_parse(&id, in) == 0)
		check_id(&id);
	if (peer_id_decode(&id, in) == 0)
		check_id(&id);
	if (public_key_parse(&key, in) == 0) {
		peer_id_from_public_key(&id, in);
		check_id(&id);
	}
	(void)private_key_parse(seed, in);
	return (0);
}
