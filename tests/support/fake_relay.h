/*
 * fake_relay.h: a push relay that a test plays (support/fake_web.h): it opens
 * the tokens, seals for the devices as a real one does, and keeps what the
 * provider would have got.
 */
#ifndef BERTY_TEST_FAKE_RELAY_H
#define BERTY_TEST_FAKE_RELAY_H

#include "support/fleet.h"

#define FAKE_RELAY_PUSHES 64

struct fake_push {
	char token[64];           /* of the device, as text */
	struct buffer payload;    /* PushExposedData */
};

struct fake_relay {
	const char * service_addr;
	uint8_t private[32], public[32];
	struct fake_push pushes[FAKE_RELAY_PUSHES];
	size_t n;                 /* of pushes */
	unsigned asked;           /* Send was called */
	bool refuses;             /* every call of Send */
	bool silent;              /* no answer until the timeout */
	bool stranger;            /* was it the last time that it was asked? */
};

/* A relay with a key of its own, at an address (borrowed), for these nodes. */
void fake_relay_open(struct fake_relay * r, struct fleet * f, uint8_t seed,
    const char * service_addr);
void fake_relay_close(struct fake_relay * r);

/* Node i: registers the relay and a token of that text with it. */
void fake_relay_register(struct fake_relay * r, struct fleet * f, size_t i,
    const char * token);

/* … and tells a group. */
void fake_relay_share(struct fake_relay * r, struct fleet * f, size_t i,
    const char * token, const uint8_t group_pk[32]);

#endif /* !BERTY_TEST_FAKE_RELAY_H */
