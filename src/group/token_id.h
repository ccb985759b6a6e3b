/* token_id.h: the name of a service token.  Source: groups spec §6 (berty
 * go/pkg/protocoltypes/auth.go:TokenID). */
#ifndef BERTY_GROUP_TOKEN_ID_H
#define BERTY_GROUP_TOKEN_ID_H

#include "base/slice.h"

/* Characters of an id, without NUL. */
#define TOKEN_ID_SIZE 36

/* UUID version 5, in the URL namespace, of `<url>/<token>`; NUL-terminated. */
void token_id(char id[TOKEN_ID_SIZE + 1], struct slice authentication_url,
    struct slice token);

#endif /* !BERTY_GROUP_TOKEN_ID_H */
