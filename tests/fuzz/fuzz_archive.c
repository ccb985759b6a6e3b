/* An archive gives the same files whatever pieces it comes in. */
#include "account/archive.h"
#include "fuzz/fuzz.h"

static int
count_file(void * user, const struct archive_file * file)
{
	size_t * total = user;

	*total += 1 + file->name.n + file->bytes.n;
	return (0);
}

static int
read_in_pieces(size_t * total, struct slice in, size_t piece)
{
	struct archive_reader r = {.file = count_file, .user = total,
	    .max = 4096};
	size_t i, n;
	int status = 0;

	for (i = 0; status == 0 && i < in.n; i += n) {
		n = in.n - i < piece ? in.n - i : piece;
		status = archive_read(&r, slice_of(in.p + i, n));
	}
	if (status == 0)
		status = archive_finish(&r);
	archive_free(&r);
	return (status);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	size_t whole = 0, pieces = 0;
	int a, b;

	a = read_in_pieces(&whole, slice_of(data, n), n + 1);
	b = read_in_pieces(&pieces, slice_of(data, n), 97);
	FUZZ_CHECK(a == b && whole == pieces);
	return (0);
}
