/*
 * Public keys and signatures of peers: looked at without harm, and a signature
 * holds for one message only.  Input: a byte n, a signature of n bytes (times
 * two), and a key.
 */
#include "base/error.h"
#include "codec/peer_id.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct public_key key;
	struct peer_id id, again;
	struct slice sig, bytes;
	size_t n_sig;

	if (n == 0 || n - 1 < (n_sig = (size_t)data[0] * 2))
		return (0);
	sig = slice_of(data + 1, n_sig);
	bytes = slice_of(data + 1 + n_sig, n - 1 - n_sig);
	if (public_key_parse(&key, bytes) != 0)
		return (0);
	peer_id_from_public_key(&id, bytes);
	FUZZ_CHECK(peer_id_parse(&again, peer_id_slice(&id)) == 0);
	FUZZ_CHECK(peer_id_equal(&id, &again));
	if (public_key_verify(&key, slice_text("message"), sig) == 0)
		FUZZ_CHECK(public_key_verify(&key, slice_text("another"),
		    sig) != 0);
	return (0);
}
