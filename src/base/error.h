/*
 * error.h: error codes and the chain of them that a call reports.
 *
 * A function returns 0 or a negative code (-ERR_INVALID_INPUT); one that the
 * API can reach also takes a chain, which says what happened, outermost code
 * first.  Source: spec of berty.errcode (berty api/errcode.proto).
 */
#ifndef BERTY_BASE_ERROR_H
#define BERTY_BASE_ERROR_H

#include "base/error_codes.h"

#define ERROR_ENUM(number, constant, name) ERR_##constant = (number),
enum error_code { ERROR_CODES(ERROR_ENUM) };
#undef ERROR_ENUM

/* The codes a chain keeps; deeper causes are dropped. */
#define ERROR_DEPTH 8

/* Zero bytes are "no error". */
struct error {
	int n;                  /* codes in use */
	int code[ERROR_DEPTH];  /* positive numbers, outermost first */
	char text[200];         /* what went wrong, for a person; may be "" */
};

/*
 * Start the chain anew with one code and a text (printf).  Returns -code.
 * err may be NULL: then only the code is returned.
 */
int error_set(struct error * err, int code, const char * format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put a code in front of the chain.  Returns -code.  err may be NULL. */
int error_wrap(struct error * err, int code);

/*
 * Start the chain with code `status` (negative, as functions return it), then
 * wrap it in `outer`: what a caller does with a failure that came without a
 * chain.  Returns -outer.
 */
int error_from(struct error * err, int outer, int status, const char * text);

/* Forget the chain. */
void error_clear(struct error * err);

/* "ErrInvalidInput", or "UNKNOWN_ERRCODE" for a number not in the table. */
const char * error_name(int code);

/*
 * The chain as Go prints it: `Outer(#1): Inner(#2): text`.  At most size bytes
 * with the NUL; returns what snprintf would.
 */
int error_format(const struct error * err, char * text, unsigned long size);

#endif /* !BERTY_BASE_ERROR_H */
