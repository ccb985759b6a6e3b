/*
 * push.h: open what a push notification carried, in a process of its own: the
 * notification extension of a phone, which has little memory (24 MiB on iOS)
 * and little time, and must not touch the store that the application holds.
 *
 * The node of the application keeps a small file beside its store
 * (berty.sqlite.push, in the same folder: an application's shared container),
 * from the first PushSetServer or PushShareToken on.  It holds what pushes
 * need, sealed under a key that follows from the store's, and the node has it
 * open only while it writes: some milliseconds, every ten seconds at most.  So
 * it does not matter whether the application runs, sleeps or is gone.  This
 * call reads that file and nothing else: no store, no network, no thread.
 *
 * Opening changes nothing: the message comes into its list when the node gets
 * it from the log, once.
 */
#ifndef BERTY_PUSH_H
#define BERTY_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"

BERTY_BEGIN

/* Where the file is.  Zeros take the defaults, but for `size`. */
struct berty_push_config {
	size_t size;              /* sizeof(struct berty_push_config) */
	const char * folder;      /* of the store, as berty_open had it */

	/* The store's key: 32 bytes; or a function that fills them in and
	 * returns 0.  Neither: the file `store.key` in the folder. */
	const uint8_t * key;
	int (*get_key)(void * user, uint8_t key[32]);
	void * key_user;

	/* How long to wait for a node that writes just now, ms; 0: 2,000. */
	unsigned wait_ms;
};

/* A message, opened.  New members come at the end. */
struct berty_push_message {
	uint8_t group_pk[32];
	uint8_t device_pk[32];    /* who sent it: a device of the group */
	uint64_t counter;         /* of the device's messages */
	const uint8_t * cid;      /* its name in the log; or empty */
	size_t cid_size;
	const uint8_t * payload;  /* what AppMessageSend was given */
	size_t payload_size;
	const uint8_t * cleartext; /* berty.protocol.v1.EncryptedMessage, as */
	size_t cleartext_size;    /* PushReceive.Reply.cleartext */

	/* The node had passed it in the log when it wrote the file: most
	 * likely the user has seen it. */
	bool already_received;
};

/*
 * Open the bytes of a push (berty.push.v1.PushExposedData), or, _text, the text
 * in the notification's field `p` (base64url).  *message is to be given to
 * berty_push_free.
 *
 * INVALID_INPUT (100: the configuration, or no such text), NOT_FOUND (404: the
 * node wrote no file yet, or the push is of no group it knows: show that
 * something came, and let the application look), PUSH_UNABLE_TO_DECRYPT (6002:
 * no push for this device), CRYPTO_DECRYPT (205: a message that is too old, or
 * more than 1,024 ahead), DB_OPEN (124: a wrong key, or the file is in use for
 * longer than wait_ms).  err may be NULL.
 */
BERTY_API int berty_push_open(const struct berty_push_config * config,
    const void * push, size_t size, struct berty_push_message ** message,
    struct berty_error * err);
BERTY_API int berty_push_open_text(const struct berty_push_config * config,
    const char * text, struct berty_push_message ** message,
    struct berty_error * err);

/* Wipe it, and free it; NULL is fine. */
BERTY_API void berty_push_free(struct berty_push_message * message);

BERTY_END

#endif /* !BERTY_PUSH_H */
