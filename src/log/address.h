/* address.h: the address of a group's log.  Source: log spec §1. */
#ifndef BERTY_LOG_ADDRESS_H
#define BERTY_LOG_ADDRESS_H

#include "base/buffer.h"
#include "codec/cid.h"

/* The longest address, bytes. */
#define ADDRESS_MAX 256

/*
 * Append `/orbitdb/<manifest>/<hex group>_<store type>`.  The parts before it
 * (access controller JSON and CID, manifest block and CID) are given out too
 * where the pointer is not NULL.
 */
void log_address(struct buffer * out, const uint8_t group_pk[32],
    const uint8_t sign_pub[32], const char * store_type,
    struct buffer * access_json, struct cid * access,
    struct buffer * manifest_block, struct cid * manifest);

#endif /* !BERTY_LOG_ADDRESS_H */
