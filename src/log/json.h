/*
 * json.h: a strict reader of the little JSON that logs carry (heads and
 * operations).  Pulls from a reader; nothing is allocated, depth is bounded,
 * and texts keep their exact bytes (a NUL among them).  Anything malformed
 * fails the reader.
 */
#ifndef BERTY_LOG_JSON_H
#define BERTY_LOG_JSON_H

#include "base/buffer.h"
#include "base/reader.h"

/* Levels that json_skip goes down. */
enum { JSON_DEPTH = 16 };

/*
 * Walk an object or an array: begin with *first = true.  True with the reader
 * at the next value (and its key, as written between the quotes); false at the
 * end or on failure.
 */
bool json_member(struct reader * r, bool * first, struct slice * key);
bool json_element(struct reader * r, bool * first);

/* Consume `null` if it is next. */
bool json_null(struct reader * r);

/*
 * Read a text, unescaped, to the end of out; never longer than it was written.
 * A lone surrogate becomes U+FFFD.
 */
void json_text(struct reader * r, struct buffer * out);

/* Read a whole number without sign, fraction or exponent. */
uint64_t json_uint(struct reader * r);

/* Skip one value; its bytes. */
struct slice json_skip(struct reader * r);

/* Only white space is left. */
bool json_done(struct reader * r);

/*
 * Append a text with its quotes, escaped as Go's encoding/json does: `<`, `>`,
 * `&`, U+2028 and U+2029 too; each byte that is no UTF-8 becomes `\ufffd`.
 */
void json_quote(struct buffer * out, struct slice text);

#endif /* !BERTY_LOG_JSON_H */
