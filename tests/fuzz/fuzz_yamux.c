/* A peer's frames keep the session within its limits, whatever they say. */
#include "fuzz/fuzz.h"
#include "p2p/yamux.h"

enum { STREAMS = 8, BACKLOG = 4 };

static void
react(struct yamux * y, const struct yamux_event * e)
{
	switch (e->type) {
	case YAMUX_INCOMING:
		if (yamux_id(e->stream) % 3 != 0)
			yamux_accept(e->stream);
		(void)yamux_write(e->stream, slice_text("hello"));
		break;
	case YAMUX_DATA:
		FUZZ_CHECK(e->stream != NULL && e->data.n > 0);
		yamux_consumed(e->stream, e->data.n, 1, 1);
		break;
	case YAMUX_END:
		yamux_end(e->stream);
		break;
	case YAMUX_RESET:
		FUZZ_CHECK(yamux_finished(e->stream));
		yamux_close(e->stream);
		break;
	case YAMUX_PONG:
	case YAMUX_GOAWAY:
		break;
	}
	FUZZ_CHECK(yamux_streams(y) <= STREAMS);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct budget all = {.limit = 1024};
	struct budget streams = {.limit = STREAMS};
	struct budget backlog = {.limit = BACKLOG};
	struct yamux_config config = {true, &all, &streams, &backlog, 1 << 20};
	struct yamux * y = yamux_new(&config);
	struct slice in = slice_of(data, n);
	struct yamux_event event;
	struct buffer out = {0};

	FUZZ_CHECK(y != NULL);
	(void)yamux_open(y);
	while (yamux_next(y, &in, &event) > 0) {
		react(y, &event);
		buffer_clear(&out);
		(void)yamux_flush(y, &out, 65536);
	}
	buffer_free(&out);
	yamux_free(y);
	FUZZ_CHECK(all.used == 0);
	return (0);
}
