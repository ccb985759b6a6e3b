/*
 * push_unified.h: wakes devices that have a push server of their own choice:
 * the token is a URL that is posted to.  Pure.  Source: UnifiedPush, server to
 * push server.
 */
#ifndef BERTY_SERVICES_PUSH_UNIFIED_H
#define BERTY_SERVICES_PUSH_UNIFIED_H

#include "services/push_provider.h"
#include "world/web.h"

/* What such a server takes, bytes. */
#define PUSH_UNIFIED_MAX 4096
#define PUSH_UNIFIED_URL_MAX 2048

struct push_unified_config {
	struct web * web;
	const char * bundle;
	/*
	 * Whoever registers says where the relay posts to: unless this is set,
	 * only over TLS, and to no address of a private network.
	 */
	bool anywhere;
};
int push_unified_new(struct push_provider ** provider,
    const struct push_unified_config * config, struct error * err);

#endif /* !BERTY_SERVICES_PUSH_UNIFIED_H */
