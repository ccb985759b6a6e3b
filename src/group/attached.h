/*
 * attached.h: the CIDs of attachments beside an envelope, sealed, and their
 * secrets inside it.  Pure.  Source: crypto spec §9 (berty
 * go/internal/cryptoutil/attachment_crypto.go).
 */
#ifndef BERTY_GROUP_ATTACHED_H
#define BERTY_GROUP_ATTACHED_H

#include "base/buffer.h"
#include "base/error.h"
#include "group/group_keys.h"

struct event_attachment {
	struct slice cid;
	struct slice secret;
};

/* Of an opened envelope; the two arrays are owned, their bytes are not. */
struct attached {
	struct slice * cids;      /* decrypted */
	struct slice * secrets;
	size_t n;
};
void attached_free(struct attached * a);

/* Append the ProtocolMetadata: the secrets. */
void attached_put_secrets(struct buffer * out,
    const struct event_attachment * attachments, size_t n);

/* Append each CID, sealed, as element of the field; 24 random bytes a CID. */
void attached_put_cids(struct buffer * out, unsigned field,
    const struct group_info * g, const uint8_t * random,
    const struct event_attachment * attachments, size_t n);

/*
 * How many bytes the sealed CIDs of an envelope have in clear, so that the
 * caller can reserve them.  -ERR_CRYPTO_DECRYPT when one is too short.
 */
int attached_measure(struct slice envelope, unsigned field, size_t * bytes);

/*
 * Open them: CIDs are appended to `held`, which has room for them; secrets
 * borrow from the ProtocolMetadata.  -ERR_CRYPTO_DECRYPT,
 * -ERR_DESERIALIZATION, also when there are not as many of the one as of the
 * other.
 */
int attached_open(struct attached * a, struct buffer * held,
    struct slice envelope, unsigned field, struct slice protocol_metadata,
    const struct group_info * g);

#endif /* !BERTY_GROUP_ATTACHED_H */
