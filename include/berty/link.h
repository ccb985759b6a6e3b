/*
 * link.h: the links that people hand each other: a contact, an invitation to a
 * group, either under a passphrase, or a message.
 *
 * Source: berty go/internal/bertylinks/links.go.
 */
#ifndef BERTY_LINK_H
#define BERTY_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "berty/error.h"

BERTY_BEGIN

/* The longest text that is read or written, bytes. */
#define BERTY_LINK_MAX 8192

/* Bytes of a link; p is NULL when the link has no such field. */
struct berty_link_bytes {
	const unsigned char * p;
	size_t n;
};

enum berty_link_kind {
	BERTY_LINK_UNKNOWN = 0,
	BERTY_LINK_CONTACT = 1,
	BERTY_LINK_GROUP = 2,
	BERTY_LINK_ENCRYPTED = 3,
	BERTY_LINK_MESSAGE = 4,
};

/* Enough to send a contact request.  Lengths are checked when it is used. */
struct berty_link_contact {
	bool present;
	struct berty_link_bytes seed;         /* public rendezvous seed, 32 */
	struct berty_link_bytes account_pk;   /* 32 */
	struct berty_link_bytes name;         /* UTF-8 */
};

struct berty_link_keys {
	bool present;
	struct berty_link_bytes public_key, secret, secret_sig;
	int group_type;                       /* 3: multi-member */
	struct berty_link_bytes sign_pub, link_key, link_key_sig;
};

/* Enough to join a group: the link is the group's secret. */
struct berty_link_group {
	bool present;
	struct berty_link_keys keys;
	struct berty_link_bytes name;
};

/* A contact or group under a passphrase; the type and the name are in clear. */
struct berty_link_encrypted {
	bool present;
	int kind;                             /* of the link inside: 1 or 2 */
	struct berty_link_bytes nonce;        /* 16 */
	struct berty_link_bytes name;
	struct berty_link_bytes checksum;     /* of the clear fields; may be "" */
	struct berty_link_bytes seed, account_pk;
	struct berty_link_bytes public_key, secret, secret_sig;
	int group_type;
	struct berty_link_bytes sign_pub, link_key_sig;
};

/* A message of one of the accounts on this machine; texts. */
struct berty_link_message {
	bool present;
	struct berty_link_bytes account_id;   /* folder of the account */
	struct berty_link_bytes group_pk;     /* base64url, no padding */
	struct berty_link_bytes message_id;   /* CID */
};

/* How many addresses a link may carry. */
#define BERTY_LINK_ADDRESSES_MAX 8

/*
 * Where the sender of the link can be reached: binary multiaddrs that end in
 * /p2p/ID, the best first.  Not checked here.  Source: docs/extensions.md.
 */
struct berty_link_addresses {
	size_t n;
	struct berty_link_bytes at[BERTY_LINK_ADDRESSES_MAX];
};

/*
 * A link taken apart.  Zero bytes are an empty link.  One that was read owns
 * what its fields point to; one that is made to be written borrows it.
 */
struct berty_link {
	int kind;                             /* enum berty_link_kind, or other */
	struct berty_link_contact contact;
	struct berty_link_group group;
	struct berty_link_encrypted encrypted;
	struct berty_link_message message;
	struct berty_link_addresses addresses;
	struct berty_link_bytes network;      /* names, with commas; UTF-8 */
	void * memory;                        /* private */
};

/* Wipe and free what a link owns, and make it empty. */
BERTY_API void berty_link_free(struct berty_link * link);

/*
 * Read either form.  An encrypted link is opened when a passphrase (of more
 * than 0 bytes) is given, else returned as it is; opening takes one scrypt of
 * 32 MiB, so it does not belong on a loop.  A contact or group link may come
 * back without its keys: ask berty_link_valid.  err (may be NULL) gets the
 * chain.
 *
 * 0 or a negative code, link unchanged: MISSING_INPUT (102, empty text, or an
 * encrypted link without its fields), INVALID_INPUT (100, malformed),
 * MESSENGER_DEEP_LINK_INVALID_PASSPHRASE (2002; a wrong passphrase passes once
 * in 256 with the usual checksum), INTERNAL (888, over 100: no nonce).
 */
BERTY_API int berty_link_read(struct berty_link * link, const char * text,
    size_t n, const void * passphrase, size_t passphrase_n,
    struct berty_error * err);

/*
 * Add an address, as a text ("/ip4/…/tcp/…/p2p/ID"), to a link that is made to
 * be written: it owns the copy, so berty_link_free it.  INVALID_INPUT: no
 * multiaddr; INVALID_RANGE (101): it has as many as it may; INTERNAL.
 */
BERTY_API int berty_link_add_address(struct berty_link * link,
    const char * address);

/* 0 when the link has all it needs to be used, else -102 or -100. */
BERTY_API int berty_link_valid(const struct berty_link * link);

/* The web form, for messages, and the internal form, for QR codes. */
enum berty_link_form { BERTY_LINK_WEB, BERTY_LINK_INTERNAL };

/*
 * Write a valid link as a NUL-terminated text, which the caller frees.
 * MISSING_INPUT for kind 0 or a missing field, INVALID_INPUT for another kind,
 * a group that is not multi-member, or a name that is not UTF-8.
 */
BERTY_API int berty_link_write(const struct berty_link * link,
    enum berty_link_form form, char ** text, struct berty_error * err);

/*
 * Put a contact or group link under a passphrase.  nonce: 16 fresh random
 * bytes; checksum_n: length of the checksum, usually 1 (0: none).  The result
 * owns its fields.  INVALID_INPUT for other kinds.  As slow as opening.
 */
BERTY_API int berty_link_seal(struct berty_link * sealed,
    const struct berty_link * clear, const void * passphrase,
    size_t passphrase_n,
    const unsigned char nonce[16], size_t checksum_n, struct berty_error * err);

BERTY_END

#endif /* !BERTY_LINK_H */
