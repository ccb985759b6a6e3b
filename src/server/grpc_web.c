#include "server/grpc_web.h"

#include "codec/multibase.h"

/* --- content types -------------------------------------------------------- */

static bool
lower_equal(struct slice s, const char * text)
{
	size_t i, n = strlen(text);

	if (s.n != n)
		return (false);
	for (i = 0; i < n; i++)
		if ((s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]) !=
		    (uint8_t)text[i])
			return (false);
	return (true);
}

enum grpc_web_form
grpc_web_form(struct slice type)
{
	const uint8_t * end = type.n == 0 ? NULL : memchr(type.p, ';', type.n);

	if (end != NULL)
		type.n = (size_t)(end - type.p);
	while (type.n > 0 && type.p[type.n - 1] == ' ')
		type.n--;
	if (lower_equal(type, "application/grpc-web") ||
	    lower_equal(type, "application/grpc-web+proto"))
		return (GRPC_WEB_BINARY);
	if (lower_equal(type, "application/grpc-web-text") ||
	    lower_equal(type, "application/grpc-web-text+proto"))
		return (GRPC_WEB_TEXT);
	return (GRPC_WEB_NONE);
}

const char *
grpc_web_type(enum grpc_web_form form)
{
	return (form == GRPC_WEB_TEXT ? "application/grpc-web-text+proto"
	    : "application/grpc-web+proto");
}

/* --- base64 --------------------------------------------------------------- */

static int
digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (c - '0' + 52);
	return (c == '+' ? 62 : c == '/' ? 63 : -1);
}

/* Four characters, of which the last one or two may be padding. */
static bool
quad(struct buffer * out, const uint8_t p[4])
{
	int a = digit(p[0]), b = digit(p[1]), c = digit(p[2]), d = digit(p[3]);

	if (a < 0 || b < 0 || (c < 0 && p[2] != '=') || (d < 0 && p[3] != '=') ||
	    (c < 0 && d >= 0))
		return (false);
	if ((c < 0 && (b & 15) != 0) || (c >= 0 && d < 0 && (c & 3) != 0))
		return (false);
	buffer_byte(out, (uint8_t)(a << 2 | b >> 4));
	if (c >= 0)
		buffer_byte(out, (uint8_t)(b << 4 | c >> 2));
	if (d >= 0)
		buffer_byte(out, (uint8_t)(c << 6 | d));
	return (true);
}

bool
grpc_web_read_text(struct grpc_web_text * state, struct buffer * out,
    struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		state->p[state->n++] = text.p[i];
		if (state->n < 4)
			continue;
		state->n = 0;
		if (!quad(out, state->p))
			return (false);
	}
	return (true);
}

bool
grpc_web_text_is_whole(const struct grpc_web_text * state)
{
	return (state->n == 0);
}

/* --- trailers ------------------------------------------------------------- */

static void
details(struct buffer * out, enum grpc_status status,
    const struct error * err)
{
	struct buffer raw = {0};

	grpc_status_details(&raw, status, err);
	buffer_text(out, "grpc-status-details-bin: ");
	grpc_status_base64(out, buffer_all(&raw));
	buffer_text(out, "\r\n");
	out->failed |= raw.failed;
	buffer_free(&raw);
}

void
grpc_web_trailers(struct buffer * out, enum grpc_status status,
    const struct error * err)
{
	char text[1024];

	buffer_printf(out, "grpc-status: %d\r\n", (int)status);
	if (status == GRPC_OK || err == NULL)
		return;
	(void)error_format(err, text, sizeof(text));
	buffer_text(out, "grpc-message: ");
	grpc_status_encode_text(out, text);
	buffer_text(out, "\r\n");
	if (err->n > 0)
		details(out, status, err);
}

void
grpc_web_trailers_header(struct buffer * out, size_t n)
{
	buffer_byte(out, 0x80);
	buffer_be32(out, (uint32_t)n);
}
