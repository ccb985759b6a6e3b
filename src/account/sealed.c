#include "account/sealed.h"

#include "base/error.h"
#include "base/reader.h"

enum { MAGIC_SIZE = 16, SALT = 24, STREAM = 40,
	WHOLE = SEALED_PIECE + SECRET_STREAM_EXTRA };

static const char magic[MAGIC_SIZE + 1] = "berty archive 1\n";

void
sealed_head(struct world * w, uint8_t head[SEALED_HEAD])
{
	struct buffer made = {0};

	buffer_append(&made, magic, MAGIC_SIZE);
	buffer_be32(&made, SEALED_PASSES);
	buffer_be32(&made, SEALED_KIB);
	world_random(w, head, SEALED_HEAD);
	if (!made.failed)
		memcpy(head, made.p, made.n);
	buffer_free(&made);
}

bool
sealed_begins(struct slice bytes)
{
	size_t n = bytes.n < MAGIC_SIZE ? bytes.n : MAGIC_SIZE;

	return (n > 0 && memcmp(bytes.p, magic, n) == 0);
}

int
sealed_key(uint8_t key[32], const uint8_t head[SEALED_HEAD],
    struct slice passphrase)
{
	struct reader r = reader_of(slice_of(head + MAGIC_SIZE, 8));
	uint32_t passes = reader_be32(&r), kib = reader_be32(&r);

	if (!sealed_begins(slice_of(head, SEALED_HEAD)) || passes == 0 ||
	    passes > SEALED_PASSES_MAX || kib < 8 || kib > SEALED_KIB_MAX)
		return (-ERR_INVALID_INPUT);
	return (argon2id(key, 32, passphrase, head + SALT, passes, kib));
}

void
sealer_begin(struct sealer * s, const uint8_t head[SEALED_HEAD],
    const uint8_t key[32], struct buffer * out)
{

	memcpy(s->head, head, SEALED_HEAD);
	secret_stream_begin(&s->stream, key, head + STREAM);
	buffer_append(out, head, SEALED_HEAD);
}

static void
seal(struct sealer * s, size_t n, bool last, struct buffer * out)
{

	secret_stream_seal(&s->stream, out, slice_of(s->held.p, n),
	    slice_of(s->head, SEALED_HEAD), last);
}

void
sealer_add(struct sealer * s, struct slice clear, struct buffer * out)
{

	buffer_slice(&s->held, clear);
	out->failed |= s->held.failed;
	/* The last piece must be known for it: so one is always held back. */
	while (s->held.n > SEALED_PIECE) {
		seal(s, SEALED_PIECE, false, out);
		buffer_consume(&s->held, SEALED_PIECE);
	}
}

void
sealer_end(struct sealer * s, struct buffer * out)
{

	seal(s, s->held.n, true, out);
}

void
sealer_free(struct sealer * s)
{

	buffer_wipe(&s->held);
	crypto_wipe(s, sizeof(*s));
}

/* --- opening -------------------------------------------------------------- */

/* 1: begun, 0: more bytes are needed, or a code. */
static int
begin(struct opener * o)
{
	uint8_t key[32];
	int status;

	if (o->held.n < SEALED_HEAD)
		return (sealed_begins(buffer_all(&o->held)) ? 0 :
		    -ERR_INVALID_INPUT);
	memcpy(o->head, o->held.p, SEALED_HEAD);
	if ((status = sealed_key(key, o->head, o->passphrase)) == 0)
		secret_stream_begin(&o->stream, key, o->head + STREAM);
	crypto_wipe(key, sizeof(key));
	if (status != 0)
		return (status);
	buffer_consume(&o->held, SEALED_HEAD);
	o->begun = true;
	return (1);
}

static int
open_piece(struct opener * o, size_t n)
{
	int status;

	buffer_clear(&o->opened);
	status = secret_stream_open(&o->stream, &o->opened,
	    slice_of(o->held.p, n), slice_of(o->head, SEALED_HEAD), &o->ended);
	if (status != 0)
		return (status);
	buffer_consume(&o->held, n);
	return (o->opened.n == 0 ? 0 :
	    o->clear(o->user, buffer_all(&o->opened)));
}

int
opener_read(struct opener * o, struct slice bytes)
{
	int status;

	if (bytes.n > 0 && o->ended)
		return (-ERR_INVALID_INPUT);
	buffer_slice(&o->held, bytes);
	if (o->held.failed)
		return (-ERR_INTERNAL);
	if (!o->begun && (status = begin(o)) <= 0)
		return (status);
	/* A whole piece may be the last one: then nothing is behind it. */
	while (o->held.n > WHOLE) {
		if (o->ended)
			return (-ERR_INVALID_INPUT);
		if ((status = open_piece(o, WHOLE)) != 0)
			return (status);
	}
	return (o->ended ? -ERR_INVALID_INPUT : 0);
}

int
opener_finish(struct opener * o)
{
	int status;

	if (!o->begun || o->held.n == 0)
		return (-ERR_INVALID_INPUT);
	if ((status = open_piece(o, o->held.n)) != 0)
		return (status);
	return (o->ended ? 0 : -ERR_INVALID_INPUT);
}

void
opener_free(struct opener * o)
{

	buffer_wipe(&o->held);
	buffer_wipe(&o->opened);
	crypto_wipe(&o->stream, sizeof(o->stream));
}
