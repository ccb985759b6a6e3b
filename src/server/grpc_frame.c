#include "server/grpc_frame.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/reader.h"

enum grpc_frame_result
grpc_frame_read(struct slice in, size_t max, struct slice * message)
{
	struct reader r = reader_of(in);
	uint8_t flag;
	uint32_t n;

	if (in.n == 0)
		return (GRPC_FRAME_MORE);
	if ((flag = reader_byte(&r)) > 1)
		return (GRPC_FRAME_MALFORMED);
	if (in.n < GRPC_FRAME_HEADER)
		return (GRPC_FRAME_MORE);
	n = reader_be32(&r);
	if (flag == 1)
		return (GRPC_FRAME_COMPRESSED);
	if (n > max)
		return (GRPC_FRAME_TOO_LARGE);
	if (r.n < n)
		return (GRPC_FRAME_MORE);
	*message = reader_take(&r, n);
	return (GRPC_FRAME_MESSAGE);
}

void
grpc_frame_header(struct buffer * out, size_t n)
{
	if (n > UINT32_MAX) {
		out->failed = true;
		return;
	}
	buffer_byte(out, 0);
	buffer_be32(out, (uint32_t)n);
}

/* Units as divisors and factors of a millisecond. */
static int
timeout_scale(uint64_t value, uint8_t unit, uint64_t * ms)
{
	switch (unit) {
	case 'H':
		*ms = clock_mul(value, 3600000);
		return (0);
	case 'M':
		*ms = clock_mul(value, 60000);
		return (0);
	case 'S':
		*ms = clock_mul(value, 1000);
		return (0);
	case 'm':
		*ms = value;
		return (0);
	case 'u':
		*ms = (value + 999) / 1000;
		return (0);
	case 'n':
		*ms = (value + 999999) / 1000000;
		return (0);
	default:
		return (-ERR_INVALID_INPUT);
	}
}

int
grpc_frame_timeout(struct slice text, uint64_t * ms)
{
	uint64_t value = 0;
	size_t i;

	if (text.n < 2 || text.n > 9)
		return (-ERR_INVALID_INPUT);
	for (i = 0; i < text.n - 1; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return (-ERR_INVALID_INPUT);
		value = value * 10 + (uint64_t)(text.p[i] - '0');
	}
	return (timeout_scale(value, text.p[text.n - 1], ms));
}

void
grpc_frame_write_timeout(struct buffer * out, uint64_t ms)
{
	if (ms <= 99999999)
		buffer_printf(out, "%um", (unsigned)ms);
	else if (ms / 1000 <= 99999998)
		buffer_printf(out, "%uS", (unsigned)(ms / 1000 + 1));
	else
		buffer_text(out, "99999999S");
}
