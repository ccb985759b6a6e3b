/*
 * der.h: reads DER, the strict form of ASN.1: one element after the other.
 * Source: ITU-T X.690 §10.
 */
#ifndef BERTY_CODEC_DER_H
#define BERTY_CODEC_DER_H

#include "base/reader.h"

/* Tags that certificates are made of, with their class and form bits. */
enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT = 0xa0,               /* plus its number, constructed */
};

/*
 * The value of the next element, borrowed, if it has that tag and a length in
 * its shortest form; else the reader fails.
 */
struct slice der_take(struct reader * r, uint8_t tag);

/* The same with its tag and length in front. */
struct slice der_take_whole(struct reader * r, uint8_t tag);

/* Does an element with that tag come next? */
bool der_next_is(const struct reader * r, uint8_t tag);

#endif /* !BERTY_CODEC_DER_H */
