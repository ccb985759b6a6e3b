/* talk.h: what the files of berty/talk.h share: requests made by hand. */
#ifndef BERTY_PUBLIC_BERTY_TALK_H
#define BERTY_PUBLIC_BERTY_TALK_H

#include "base/buffer.h"
#include "berty/talk.h"
#include "berty/wire.h"

/* Append a field of bytes, also an empty one. */
void talk_field(struct buffer * out, unsigned field, const void * p, size_t n);

/* berty_call with the bytes of a request, which it frees. */
int talk_call(struct berty * b, berty_id node, const char * method,
    struct buffer * request, const struct berty_handler * handler,
    void * user);

#endif /* !BERTY_PUBLIC_BERTY_TALK_H */
