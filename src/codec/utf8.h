/* utf8.h: is it UTF-8?  Source: RFC 3629. */
#ifndef BERTY_CODEC_UTF8_H
#define BERTY_CODEC_UTF8_H

#include "base/slice.h"

/* Well-formed: shortest forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(struct slice text);

#endif /* !BERTY_CODEC_UTF8_H */
