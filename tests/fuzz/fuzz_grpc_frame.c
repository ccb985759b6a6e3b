/* Frames of a gRPC stream, the timeout header, and the details of a status. */
#include "server/grpc_frame.h"
#include "server/grpc_status.h"

#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct slice in = slice_of(p, n), message;
	struct buffer out = {0};
	struct error err;
	uint64_t ms;

	while (grpc_frame_read(in, 65536, &message) == GRPC_FRAME_MESSAGE) {
		FUZZ_CHECK(message.p + message.n <= p + n);
		in.p += GRPC_FRAME_HEADER + message.n;
		in.n -= GRPC_FRAME_HEADER + message.n;
	}
	(void)grpc_frame_timeout(slice_of(p, n), &ms);
	(void)grpc_status_parse(slice_of(p, n), &err);
	grpc_status_decode_text(&out, slice_of(p, n));
	FUZZ_CHECK(out.n <= n);
	(void)grpc_status_unbase64(&out, slice_of(p, n));
	buffer_free(&out);
	return (0);
}
