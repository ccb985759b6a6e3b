/* Frames of a websocket: the first byte says how they are cut. */
#include "server/websocket.h"

#include "fuzz/fuzz.h"

#define MOST 4096

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct websocket w = {.max = MOST};
	enum websocket_event event = WEBSOCKET_WAIT;
	enum websocket_opcode kind;
	enum websocket_code code = 0;
	struct buffer accept = {0};
	struct slice payload;
	size_t step, at = 1;

	step = n == 0 ? 1 : (size_t)p[0] + 1;
	while (at < n && event != WEBSOCKET_BAD) {
		if (step > n - at)
			step = n - at;
		FUZZ_CHECK(websocket_feed(&w, slice_of(p + at, step)));
		at += step;
		while ((event = websocket_next(&w, &kind, &payload, &code)) ==
		    WEBSOCKET_MESSAGE) {
			FUZZ_CHECK(payload.n <= MOST);
			FUZZ_CHECK(kind == WEBSOCKET_TEXT ||
			    kind == WEBSOCKET_BINARY ||
			    payload.n <= WEBSOCKET_CONTROL_MAX);
		}
		FUZZ_CHECK(event == WEBSOCKET_WAIT || code >= 1000);
		FUZZ_CHECK(w.message.n <= MOST);
	}
	websocket_free(&w);
	(void)websocket_accept(&accept, slice_of(p, n));
	buffer_free(&accept);
	return (0);
}
