/* Local records of neighbours: read, and written again. */
#include "base/reader.h"
#include "contact/local_record.h"
#include "fuzz/fuzz.h"

struct again {
	struct local_record_writer w;
	size_t n;
};

static void
write_again(void * user, struct slice ns, int64_t expire)
{
	struct again * a = user;

	/* Nothing longer is told to others. */
	if (ns.n > LOCAL_RECORD_NAMESPACE)
		return;
	a->n++;
	local_record_write(&a->w, ns, expire);
}

static void
count(void * user, struct slice ns, int64_t expire)
{
	(void)ns;
	(void)expire;
	++*(size_t *)user;
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t size)
{
	struct buffer out = {0};
	struct again a = {.w.out = &out};
	struct reader r;
	size_t n = 0;

	(void)local_record_read(slice_of(data, size), write_again, &a);
	local_record_write_end(&a.w);
	r = reader_of(buffer_all(&out));
	while (r.n > 0)
		FUZZ_CHECK(local_record_read(reader_prefixed(&r,
		    LOCAL_RECORD_SENT), count, &n) == 0 && !r.failed);
	FUZZ_CHECK(n == a.n);
	buffer_free(&out);
	return (0);
}
