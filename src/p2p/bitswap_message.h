/*
 * bitswap_message.h: bitswap messages as bytes.  Source: bitswap spec; network
 * spec §4.
 */
#ifndef BERTY_P2P_BITSWAP_MESSAGE_H
#define BERTY_P2P_BITSWAP_MESSAGE_H

#include "base/buffer.h"
#include "codec/cid.h"
#include "ipfs/bitswap.pb-c.h"

enum {
	BITSWAP_MESSAGE_MAX = 4 << 20,    /* bytes read */
	BITSWAP_BLOCK_MAX = 2 << 20,
	BITSWAP_ENTRIES = 1024,           /* of a want-list */
	BITSWAP_FULL = 512 << 10,         /* a message this long is sent off */
};

/* 1.2 knows HAVE and DONT_HAVE; 1.0 sends blocks without a CID. */
enum bitswap_version { BITSWAP_10, BITSWAP_11, BITSWAP_12 };

/* A message from a peer; NULL when malformed or over 4 MiB. */
Ipfs__Bitswap__Message * bitswap_message_decode(struct slice bytes);

/* The CID of a block received under a prefix; -ERR_DESERIALIZATION when the
 * prefix is bad, its hash is not sha2-256, or the block is over 2 MiB. */
int bitswap_message_cid(struct cid * cid, struct slice prefix,
    struct slice data);

/* A message being made.  Zero bytes, then version set. */
struct bitswap_writer {
	enum bitswap_version version;
	size_t n_entries;
	struct buffer entries;
	struct buffer blocks;
	struct buffer presences;
};

struct bitswap_entry {
	struct cid cid;
	int32_t priority;
	bool cancel;
	bool have;                /* want-have, else want-block */
	bool dont_have;           /* asks for DONT_HAVE */
};

/* Add to the message; what its version does not know is left out. */
void bitswap_message_entry(struct bitswap_writer * w,
    const struct bitswap_entry * entry);
void bitswap_message_block(struct bitswap_writer * w, const struct cid * cid,
    struct slice data);
void bitswap_message_presence(struct bitswap_writer * w, const struct cid * cid,
    bool have);

/* Bytes so far, about; 0: nothing to send. */
size_t bitswap_message_size(const struct bitswap_writer * w);

/* Append the message and start anew.  full: it is our whole want-list. */
void bitswap_message_finish(struct bitswap_writer * w, struct buffer * out,
    bool full);
void bitswap_message_free(struct bitswap_writer * w);

#endif /* !BERTY_P2P_BITSWAP_MESSAGE_H */
