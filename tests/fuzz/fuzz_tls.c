/*
 * A stranger's bytes never get past the TLS handshake, on either side, and do
 * not make us say much.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "p2p/tls.h"

/* 2026-01-01, unix seconds. */
#define NOW 1767225600

/* Our hello, or our certificate and what belongs to it, is far below. */
#define ANSWER_MAX 8192

static const char * const muxers[] = {"/yamux/1.0.0", NULL};

static void
feed(struct tls_identity * identity, bool dialer, size_t piece,
    struct slice bytes)
{
	struct security_config config = {.dialer = dialer, .tls = identity,
	    .wall = NOW, .muxers = muxers};
	struct buffer out = {0};
	struct security * s = security_new(SECURITY_TLS, &config);
	struct slice in;
	int status = 0;
	size_t at;

	FUZZ_CHECK(s != NULL);
	if (dialer)
		security_start(s, &out);
	for (at = 0; at < bytes.n && status == 0; at += piece) {
		in = slice_of(bytes.p + at,
		    bytes.n - at < piece ? bytes.n - at : piece);
		status = security_handshake(s, &in, &out);
		FUZZ_CHECK(status != 1);
		FUZZ_CHECK(status != 0 || in.n == 0);
	}
	FUZZ_CHECK(!out.failed && out.n <= ANSWER_MAX);
	security_free(s);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	static struct tls_identity * identity;
	static struct ed25519_key key;
	uint8_t seed[32] = {1};

	if (n < 2)
		return (0);
	/* Its certificate is made once: that is slow. */
	if (identity == NULL) {
		ed25519_from_seed(&key, seed);
		identity = tls_identity_new(&key);
	}
	feed(identity, (data[0] & 1) != 0, data[1] + 1,
	    slice_of(data + 2, n - 2));
	return (0);
}
