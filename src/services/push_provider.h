/*
 * push_provider.h: who wakes devices of one platform and app: Apple, Google, a
 * server of the device's owner.  A sibling of web.h for pushes: a relay gives
 * errands, a provider says how each ended.
 */
#ifndef BERTY_SERVICES_PUSH_PROVIDER_H
#define BERTY_SERVICES_PUSH_PROVIDER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/list.h"

struct push_provider;

/* Types of token.  Source: berty api/pushtypes.proto; from 7000 on ours. */
enum push_type {
	PUSH_MQTT = 1,
	PUSH_APNS = 2,
	PUSH_FCM = 3,
	PUSH_UNIFIED = 7000,      /* the token is a URL of UnifiedPush */
};

/* How long a provider has for a request, ms: less than who asks the relay
 * waits, so that it hears the reason. */
#define PUSH_PROVIDER_MS 10000

/* The name of a payload in JSON.  Source: berty pkg/pushtypes/consts.go. */
#define PUSH_KEY "p"

/*
 * One push, the relay's; it stays as it is until `done`, which is called from
 * the loop and never from inside push_provider_send.
 */
struct push_errand {
	struct slice token;       /* as the platform gave it to the device */
	struct slice payload;     /* a PushExposedData */
	bool low;                 /* it may wait until the device is awake */

	/*
	 * 0: the provider took it.  -ERR_PUSH_PROVIDER: it did not;
	 * -ERR_PUSH_UNKNOWN_DESTINATION: it does not know the token (any
	 * more); -ERR_PUSH_INVALID_PAYLOAD: too large for it.  err says why.
	 */
	void (*done)(struct push_errand * e, int rc);
	struct error err;
	struct list place;        /* the provider's, while it has it */
	void * impl;              /* private to the provider */
};

struct push_provider_ops {
	int (*send)(struct push_provider * p, struct push_errand * e);
	void (*free)(struct push_provider * p);
};

struct push_provider {
	const struct push_provider_ops * ops;
	enum push_type type;
	char * bundle;            /* the app's id; freed with it */
};

/* Begin.  0; a code as above with a sentence: done is not called. */
static inline int
push_provider_send(struct push_provider * p, struct push_errand * e)
{
	return (p->ops->send(p, e));
}

/* Give all errands up, without a call to done.  NULL is none. */
static inline void
push_provider_free(struct push_provider * p)
{
	if (p != NULL)
		p->ops->free(p);
}

#endif /* !BERTY_SERVICES_PUSH_PROVIDER_H */
