/*
 * rendezvous.h: the namespace under which an account is to be found.  Pure.
 * Source: rendezvous spec §2.
 */
#ifndef BERTY_CONTACT_RENDEZVOUS_H
#define BERTY_CONTACT_RENDEZVOUS_H

#include "base/buffer.h"
#include "base/network.h"

/*
 * Append the namespace of the account with that seed, in the period that
 * starts at period_s (unix seconds): 32 raw bytes, or 44 characters where the
 * network writes text.
 */
void rendezvous_namespace(struct buffer * out, const struct network * network,
    const uint8_t account_pk[32], const uint8_t seed[32], uint64_t period_s);

#endif /* !BERTY_CONTACT_RENDEZVOUS_H */
