/*
 * push_fcm.h: wakes devices by Google's Firebase Cloud Messaging, HTTP v1.
 * Pure.  Source: Google, "FCM HTTP v1 API", "Using OAuth 2.0 for server to
 * server applications"; RFC 7523.
 */
#ifndef BERTY_SERVICES_PUSH_FCM_H
#define BERTY_SERVICES_PUSH_FCM_H

#include "services/push_provider.h"
#include "world/web.h"
#include "world/world.h"

#define PUSH_FCM_ENDPOINT "https://fcm.googleapis.com"
/* What Google takes as data of a message, bytes. */
#define PUSH_FCM_MAX 4096
#define PUSH_FCM_TOKEN_MAX 4096

struct push_fcm_config {
	struct world * world;
	struct web * web;
	const char * bundle;
	const char * endpoint;    /* a URL without a path; copied */
	struct slice account;     /* JSON of a service account */
};

/* -ERR_PUSH_INVALID_SERVER_CONFIG, -ERR_PUSH_MISSING_BUNDLE_ID, with err. */
int push_fcm_new(struct push_provider ** provider,
    const struct push_fcm_config * config, struct error * err);

#endif /* !BERTY_SERVICES_PUSH_FCM_H */
