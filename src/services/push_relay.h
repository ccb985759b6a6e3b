/*
 * push_relay.h: a relay, which wakes devices by their platforms.  It learns
 * which token a message is for and when, and neither group nor content.  Pure.
 * Source: services spec §4 (berty go/pkg/bertypushrelay/services_push.go).
 */
#ifndef BERTY_SERVICES_PUSH_RELAY_H
#define BERTY_SERVICES_PUSH_RELAY_H

#include "services/push_provider.h"
#include "world/world.h"

/* Devices of one request; and those that wait, of all of them, with the bytes
 * of what they gave. */
#define PUSH_RECEIVERS_MAX 4096
#define PUSH_WAITING_MAX 16384
#define PUSH_WAITING_BYTES ((size_t)(32 << 20))
/* Errands that providers have at a time. */
#define PUSH_RUNNING_MAX 256
/* The longest opaque token, bytes. */
#define PUSH_TOKEN_MAX 8192

struct push_relay;
struct push_job;

/* The key is copied; log may be NULL.  NULL without memory. */
struct push_relay * push_relay_new(struct world * world,
    const struct logger * log, const uint8_t private_key[32]);
/* Frees its providers too; what waits is given up without a call to done. */
void push_relay_free(struct push_relay * r);

/* Add a provider, the relay's from now on, also when it fails: with
 * -ERR_INVALID_INPUT there is one of that type and app already. */
int push_relay_add(struct push_relay * r, struct push_provider * p,
    struct error * err);

/* Of what clients are told: the key that tokens are sealed with, and the
 * providers, n of them in the order they came. */
const uint8_t * push_relay_public_key(const struct push_relay * r);
const struct push_provider * push_relay_provider(const struct push_relay * r,
    size_t n);

/* A request; copied. */
struct push_request {
	struct slice envelope;    /* an OutOfStoreMessageEnvelope */
	bool low;
	size_t n;
	const struct slice * tokens; /* opaque, n of them */
};

/*
 * Push to all.  0: `done` is called from the loop when each was tried, with 0
 * or the code of the first that failed, whose chain err is, and a text that
 * counts them.  At once: -ERR_INVALID_INPUT: the request; -ERR_PUSH_PROVIDER:
 * too much waits.
 */
int push_relay_send(struct push_relay * r, const struct push_request * q,
    void (*done)(void * user, int status, const struct error * err),
    void * user, struct push_job ** job, struct error * err);

/* Nobody waits for the end of a request; its pushes go on. */
void push_relay_forget(struct push_job * job);

/* How many wait, and how many providers have. */
size_t push_relay_waiting(const struct push_relay * r);
size_t push_relay_running(const struct push_relay * r);

#endif /* !BERTY_SERVICES_PUSH_RELAY_H */
