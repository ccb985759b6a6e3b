/*
 * A sealed archive gives the same whatever pieces it comes in.  Its key costs a
 * blink: the fuzzer chooses all but the passes and the memory.
 */
#include "account/sealed.h"
#include "fuzz/fuzz.h"

static int
count(void * user, struct slice bytes)
{
	size_t * total = user;

	*total += 1 + bytes.n;
	return (0);
}

static int
read_in_pieces(size_t * total, struct slice in, size_t piece)
{
	struct opener o = {.passphrase = slice_text("x"), .clear = count,
	    .user = total};
	size_t i, n;
	int status = 0;

	for (i = 0; status == 0 && i < in.n; i += n) {
		n = in.n - i < piece ? in.n - i : piece;
		status = opener_read(&o, slice_of(in.p + i, n));
	}
	if (status == 0)
		status = opener_finish(&o);
	opener_free(&o);
	return (status);
}

/* What the fuzzer gives, sealed as it should be. */
static void
there_and_back(struct slice in, const uint8_t head[SEALED_HEAD],
    const uint8_t key[32])
{
	struct sealer s = {0};
	struct buffer out = {0};
	size_t total = 0;

	sealer_begin(&s, head, key, &out);
	sealer_add(&s, in, &out);
	sealer_end(&s, &out);
	sealer_free(&s);
	FUZZ_CHECK(read_in_pieces(&total, buffer_all(&out), 1000) == 0);
	FUZZ_CHECK(total == (in.n == 0 ? 0 : in.n + 1));
	if (in.n > 0) {
		out.p[SEALED_HEAD + in.p[0] % (out.n - SEALED_HEAD)] ^= 1;
		FUZZ_CHECK(read_in_pieces(&total, buffer_all(&out), 1000) !=
		    0);
	}
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	static const uint8_t begins[24] = "berty archive 1\n\0\0\0\1\0\0\0\10";
	struct buffer in = {0};
	size_t whole = 0, pieces = 0;
	uint8_t head[SEALED_HEAD] = {0}, key[32];
	int a, b;

	if (n > SEALED_PIECE)
		return (0);
	buffer_append(&in, begins, sizeof(begins));
	buffer_append(&in, data, n);
	a = read_in_pieces(&whole, buffer_all(&in), in.n + 1);
	b = read_in_pieces(&pieces, buffer_all(&in), 97);
	FUZZ_CHECK(a == b && whole == pieces);
	memcpy(head, in.p, in.n < SEALED_HEAD ? in.n : SEALED_HEAD);
	FUZZ_CHECK(sealed_key(key, head, slice_text("x")) == 0);
	there_and_back(slice_of(data, n), head, key);
	buffer_free(&in);
	return (0);
}
