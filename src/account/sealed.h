/*
 * sealed.h: an archive under a passphrase.  Pure but for the salt.
 *
 * Our own form; no other implementation has one.  A head of 64 bytes in clear,
 * then pieces of a secret stream (crypto.h):
 *
 *   16  "berty archive 1\n"
 *    4  passes, big endian      4  KiB, big endian    of Argon2id
 *   16  its salt               24  the stream's header
 *
 * The key is 32 bytes of Argon2id of the passphrase.  Each piece seals 65,536
 * bytes of the archive, the last one what is left, and is marked as the last;
 * the head is authenticated with each.  Nothing follows.
 */
#ifndef BERTY_ACCOUNT_SEALED_H
#define BERTY_ACCOUNT_SEALED_H

#include "base/buffer.h"
#include "crypto/crypto.h"
#include "world/world.h"

enum {
	SEALED_HEAD = 64,
	SEALED_PIECE = 65536,

	/* What is written, and the most that is read. */
	SEALED_PASSES = 3,
	SEALED_KIB = 65536,
	SEALED_PASSES_MAX = 16,
	SEALED_KIB_MAX = 1048576,
};

/* A new head. */
void sealed_head(struct world * w, uint8_t head[SEALED_HEAD]);

/* Do the bytes, or as many as there are, begin a sealed archive? */
bool sealed_begins(struct slice bytes);

/*
 * The key.  Slow, may run on a worker.  -ERR_INVALID_INPUT: no head of ours, or
 * it asks for too much; -ERR_CRYPTO_KEY_DERIVATION: no memory for it.
 */
int sealed_key(uint8_t key[32], const uint8_t head[SEALED_HEAD],
    struct slice passphrase);

/* Seals an archive as it is made.  begin appends the head. */
struct sealer {
	uint8_t head[SEALED_HEAD];
	struct secret_stream stream;
	struct buffer held;     /* not sealed yet */
};
void sealer_begin(struct sealer * s, const uint8_t head[SEALED_HEAD],
    const uint8_t key[32], struct buffer * out);
void sealer_add(struct sealer * s, struct slice clear, struct buffer * out);
void sealer_end(struct sealer * s, struct buffer * out);
void sealer_free(struct sealer * s);

/*
 * Opens one as it comes.  Zero bytes, then passphrase (borrowed), `clear` and
 * user.  clear gets the archive in pieces; a code other than 0 ends the reading.
 */
struct opener {
	struct slice passphrase;
	int (*clear)(void * user, struct slice bytes);
	void * user;
	uint8_t head[SEALED_HEAD]; /* private, as what follows */
	struct secret_stream stream;
	struct buffer held, opened;
	bool begun, ended;
};

/*
 * -ERR_INVALID_INPUT: no head of ours, or bytes behind the end;
 * -ERR_CRYPTO_DECRYPT: another passphrase, or the bytes were changed.
 */
int opener_read(struct opener * o, struct slice bytes);

/* All was given: the last piece is opened.  -ERR_INVALID_INPUT when the end is
 * missing, else as above. */
int opener_finish(struct opener * o);
void opener_free(struct opener * o);

#endif /* !BERTY_ACCOUNT_SEALED_H */
