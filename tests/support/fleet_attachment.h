/* fleet_attachment.h: files that the nodes of a fleet give each other.  Byte i
 * of a file is (i + i / 251) mod 256. */
#ifndef BERTY_TEST_FLEET_ATTACHMENT_H
#define BERTY_TEST_FLEET_ATTACHMENT_H

#include "support/fleet.h"

/* Begin to write a file of so many bytes: all is given, nothing waited for. */
struct fleet_call * fleet_begin_attachment(struct fleet * f, size_t i,
    uint64_t size);

/* Write one; its CID. */
void fleet_attach(struct fleet * f, size_t i, uint64_t size, struct cid * cid);

/* A message with an attachment. */
void fleet_send_attached(struct fleet * f, size_t i,
    const uint8_t group_pk[32], const char * text, const struct cid * cid);

/* Begin to read one, and what a call that read has got of it: how many bytes,
 * all of them right. */
struct fleet_call * fleet_begin_retrieve(struct fleet * f, size_t i,
    const struct cid * cid);
uint64_t fleet_retrieved(struct fleet * f, const struct fleet_call * call);

/* What a node knows of it; false: nothing. */
bool fleet_attachment(struct fleet * f, size_t i, const struct cid * cid,
    struct attachment_register * r);

/* Are there blocks of attachments at a node, or what is left of some? */
bool fleet_has_blocks(struct fleet * f, size_t i);

#endif /* !BERTY_TEST_FLEET_ATTACHMENT_H */
