/*
 * What a peer says in TLS of who it is: the extension, the certificate that it
 * is in, and the message that this is in.  The first byte says which.
 */
#include "base/reader.h"
#include "fuzz/fuzz.h"
#include "p2p/tls_certificate.h"

/* 2026-01-01, unix seconds. */
#define NOW 1767225600

static bool
is_within(struct slice inner, struct slice outer)
{
	return (inner.n == 0 || (inner.p >= outer.p &&
	    inner.p + inner.n <= outer.p + outer.n));
}

/* Read strictly: there is one way only to write what was read. */
static void
extension(struct slice in)
{
	struct slice key, sig;

	if (tls_extension_read(in, &key, &sig) != 0)
		return;
	FUZZ_CHECK(is_within(key, in) && is_within(sig, in));
	FUZZ_CHECK(key.n + sig.n + 6 <= in.n);
	FUZZ_CHECK(key.n > 0xff || sig.n > 0xff ||
	    key.n + sig.n + 9 >= in.n);
}

static void
certificate(struct slice in)
{
	struct peer_id peer = {0};
	int status = tls_certificate_verify(in, NOW, &peer);

	FUZZ_CHECK(status <= 0);
	FUZZ_CHECK((status == 0) == (peer.n > 0));
}

static void
message(struct slice in)
{
	struct slice der;

	if (tls_certificate_message(in, &der) != 0)
		return;
	FUZZ_CHECK(is_within(der, in) && der.n <= TLS_CERTIFICATE_MAX);
	certificate(der);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in;

	if (n == 0)
		return (0);
	in = slice_of(data + 1, n - 1);
	switch (data[0] % 3) {
	case 0:
		extension(in);
		break;
	case 1:
		certificate(in);
		break;
	default:
		message(in);
	}
	return (0);
}
