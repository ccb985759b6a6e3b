/* entry_impl.h: what the files of entry share. */
#ifndef BERTY_LOG_ENTRY_IMPL_H
#define BERTY_LOG_ENTRY_IMPL_H

#include "log/entry.h"

/* The version of the format, and the type of identity, typing error included.
 * Source: weshnet orbitdb_signed_entry_identity_provider.go. */
#define ENTRY_VERSION 2
#define ENTRY_IDENTITY_TYPE "betry_group_entry"

/* Go keeps times in a signed integer. */
#define ENTRY_TIME_MAX INT64_MAX

/* A link as the only kind a log has: version 1, dag-cbor, sha2-256. */
bool entry_is_link(const struct cid * cid);

#endif /* !BERTY_LOG_ENTRY_IMPL_H */
