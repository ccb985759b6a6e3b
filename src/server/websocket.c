#include "server/websocket.h"

#include <gnutls/crypto.h>

#include "codec/multibase.h"

#define MASK 4

/* --- reading -------------------------------------------------------------- */

struct frame {
	bool last;
	enum websocket_opcode kind;
	size_t header, n;         /* bytes */
};

static enum websocket_event
bad(enum websocket_code * code, enum websocket_code why)
{
	*code = why;
	return (WEBSOCKET_BAD);
}

/* The length behind the first two bytes; false: it is not all there. */
static bool
read_length(struct slice in, size_t * header, uint64_t * n)
{
	size_t extra, i;

	*n = in.p[1] & 0x7f;
	extra = *n == 126 ? 2 : *n == 127 ? 8 : 0;
	*header = 2 + extra + MASK;
	if (in.n < 2 + extra)
		return (false);
	if (extra > 0)
		for (*n = 0, i = 0; i < extra; i++)
			*n = *n << 8 | in.p[2 + i];
	return (true);
}

/* Source: RFC 6455 §5.2, §5.4, §5.5. */
static enum websocket_event
read_frame(const struct websocket * w, struct slice in, struct frame * f,
    enum websocket_code * code)
{
	uint64_t n;

	if (in.n < 2)
		return (WEBSOCKET_WAIT);
	f->last = (in.p[0] & 0x80) != 0;
	f->kind = in.p[0] & 0x0f;
	if ((in.p[0] & 0x70) != 0 || (in.p[1] & 0x80) == 0 || f->kind > 10 ||
	    (f->kind > 2 && f->kind < 8))
		return (bad(code, WEBSOCKET_PROTOCOL));
	if (f->kind >= 8 && (!f->last || (in.p[1] & 0x7f) >
	    WEBSOCKET_CONTROL_MAX))
		return (bad(code, WEBSOCKET_PROTOCOL));
	if (f->kind < 8 && (f->kind == WEBSOCKET_MORE) != (w->kind != 0))
		return (bad(code, WEBSOCKET_PROTOCOL));
	if (!read_length(in, &f->header, &n))
		return (WEBSOCKET_WAIT);
	if (f->header > 2 + MASK && n < (f->header == 4 + MASK ? 126 : 65536))
		return (bad(code, WEBSOCKET_PROTOCOL));
	if (f->kind < 8 && n > w->max - w->message.n)
		return (bad(code, WEBSOCKET_TOO_BIG));
	f->n = (size_t)n;
	return (in.n < f->header || in.n - f->header < n ? WEBSOCKET_WAIT
	    : WEBSOCKET_MESSAGE);
}

static void
unmask(uint8_t * p, const uint8_t * mask, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] ^= mask[i % MASK];
}

bool
websocket_feed(struct websocket * w, struct slice bytes)
{
	buffer_consume(&w->in, w->given);
	w->given = 0;
	buffer_slice(&w->in, bytes);
	return (!w->in.failed);
}

/* Forget the message that was given. */
static void
clear(struct websocket * w)
{
	if (!w->whole)
		return;
	w->whole = false;
	w->kind = WEBSOCKET_MORE;
	buffer_free(&w->message);
}

enum websocket_event
websocket_next(struct websocket * w, enum websocket_opcode * kind,
    struct slice * payload, enum websocket_code * code)
{
	enum websocket_event event;
	struct frame f;
	uint8_t * at;

	for (clear(w);;) {
		at = w->in.p + w->given;
		event = read_frame(w, slice_of(at, w->in.n - w->given), &f,
		    code);
		if (event != WEBSOCKET_MESSAGE)
			return (event);
		unmask(at + f.header, at + f.header - MASK, f.n);
		*payload = slice_of(at + f.header, f.n);
		*kind = f.kind;
		w->given += f.header + f.n;
		if (f.kind >= 8 || (f.last && w->kind == 0))
			return (WEBSOCKET_MESSAGE);
		if (f.kind != WEBSOCKET_MORE)
			w->kind = f.kind;
		buffer_slice(&w->message, *payload);
		if (w->message.failed)
			return (bad(code, WEBSOCKET_INTERNAL));
		if (!f.last)
			continue;
		w->whole = true;
		*kind = w->kind;
		*payload = buffer_all(&w->message);
		return (WEBSOCKET_MESSAGE);
	}
}

void
websocket_free(struct websocket * w)
{
	buffer_free(&w->in);
	buffer_free(&w->message);
}

/* --- writing -------------------------------------------------------------- */

void
websocket_header(struct buffer * out, enum websocket_opcode kind, size_t n)
{
	buffer_byte(out, (uint8_t)(0x80 | kind));
	if (n < 126)
		buffer_byte(out, (uint8_t)n);
	else if (n < 65536) {
		buffer_byte(out, 126);
		buffer_be16(out, (uint16_t)n);
	} else {
		buffer_byte(out, 127);
		buffer_be64(out, n);
	}
}

void
websocket_goodbye(struct buffer * out, enum websocket_code code)
{
	websocket_header(out, WEBSOCKET_CLOSE, 2);
	buffer_be16(out, (uint16_t)code);
}

bool
websocket_accept(struct buffer * out, struct slice key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	struct buffer raw = {0}, text = {0};
	uint8_t digest[20];
	bool good;

	good = base64_decode(&raw, key) == 0 && raw.n == 16;
	buffer_slice(&text, key);
	buffer_text(&text, guid);
	good = good && !text.failed && gnutls_hash_fast(GNUTLS_DIG_SHA1,
	    text.p, text.n, digest) == 0;
	if (good)
		base64_encode(out, slice_of(digest, sizeof(digest)));
	buffer_free(&raw);
	buffer_free(&text);
	return (good);
}
