/*
 * access_origin.h: which web pages may call: those whose origin is on a list.
 * Source: RFC 6454 §4 and §6.
 */
#ifndef BERTY_SERVER_ACCESS_ORIGIN_H
#define BERTY_SERVER_ACCESS_ORIGIN_H

#include <stdbool.h>

#include "base/buffer.h"

#define ACCESS_ORIGIN_MOST 300     /* bytes */

/*
 * Append an origin (`https://app.example`, `http://[::1]:8080`) as all that
 * write the same one write it: lower case, without the port that goes without
 * saying.  False, and nothing appended, for what is none.
 */
bool access_origin_write(struct buffer * out, struct slice origin);

/*
 * May pages of that origin call?  The list holds origins as the function above
 * writes them, a NUL after each; `*` is all.  An origin that is none, `null`
 * too, is never on it.
 */
bool access_origin_is_listed(struct slice list, struct slice origin);

#endif /* !BERTY_SERVER_ACCESS_ORIGIN_H */
