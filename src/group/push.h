/*
 * push.h: what devices, their peers and a push relay seal for each other.
 * Pure.  Source: crypto spec §8b (berty go/pkg/bertypushrelay/
 * services_push.go, go/pkg/bertypush/push_handler.go).
 */
#ifndef BERTY_GROUP_PUSH_H
#define BERTY_GROUP_PUSH_H

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/crypto.h"

/* Largest box of a message that a relay forwards, bytes. */
#define PUSH_BOX_MAX 4096

/* Append a device's PushServiceReceiver, sealed for its relay.  random: 32
 * bytes.  -ERR_CRYPTO_KEY_CONVERSION for a bad relay key. */
int push_token_seal(struct buffer * out, struct slice receiver,
    const uint8_t server_pk[32], const uint8_t random[32]);

/* Append the PushServiceReceiver in an opaque token.  -ERR_CRYPTO_DECRYPT. */
int push_token_open(struct buffer * out, struct slice token,
    const uint8_t server_private[32]);

/* Append the name of who dispatches to a receiver: `<type>-<bundle id>`.
 * -ERR_DESERIALIZATION. */
int push_dispatcher(struct buffer * out, struct slice receiver);

/* May a relay forward this envelope?  -ERR_INVALID_INPUT. */
int push_check(struct slice envelope);

/*
 * Append the PushExposedData of an envelope, sealed by the relay for a device,
 * and the other way.  random: 24 bytes.  -ERR_CRYPTO_KEY_CONVERSION;
 * -ERR_PUSH_INVALID_PAYLOAD, -ERR_PUSH_UNABLE_TO_DECRYPT.
 */
int push_expose(struct buffer * out, struct slice envelope,
    const uint8_t server_private[32], const uint8_t device_pk[32],
    const uint8_t random[24]);
int push_exposed_open(struct buffer * out, struct slice exposed,
    const uint8_t server_pk[32], const uint8_t device_private[32]);

#endif /* !BERTY_GROUP_PUSH_H */
