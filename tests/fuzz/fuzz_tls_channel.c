/*
 * The bytes of a client against a server's end of TLS; the first byte cuts them
 * into reads.  What it makes of them is GnuTLS's; that it ends, holds no more
 * than allowed, and hears nothing before hands were shaken, is ours.
 */
#include "fuzz/fuzz.h"
#include "server/tls_channel.h"

/* Made once: a key is slow to make. */
static struct tls_credentials *
credentials(void)
{
	static struct tls_credentials * made;
	struct buffer certificate = {0}, key = {0};

	if (made == NULL) {
		FUZZ_CHECK(tls_credentials_make(&certificate, &key) == 0);
		FUZZ_CHECK(tls_credentials_new(&made, buffer_all(&certificate),
		    buffer_all(&key), NULL) == 0);
		buffer_free(&certificate);
		buffer_wipe(&key);
	}
	return (made);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct tls_channel * c = tls_channel_accept(credentials());
	struct buffer plain = {0}, out = {0};
	size_t step, take;
	int status = 0;

	FUZZ_CHECK(c != NULL);
	step = n > 0 ? (size_t)p[0] + 1 : 1;
	for (p++; n > 1 && status == 0; p += take, n -= take) {
		take = n - 1 < step ? n - 1 : step;
		status = tls_channel_receive(c, slice_of(p, take), &plain);
		tls_channel_take(c, &out);
		/* Nobody here can have finished a handshake. */
		FUZZ_CHECK(!tls_channel_ready(c) && plain.n == 0);
	}
	tls_channel_end(c, &out);
	FUZZ_CHECK(out.n < 65536);
	FUZZ_CHECK(status <= 0);
	tls_channel_free(c);
	buffer_free(&plain);
	buffer_free(&out);
	return (0);
}
