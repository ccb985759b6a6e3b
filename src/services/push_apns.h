/*
 * push_apns.h: wakes Apple's devices.  Pure.  Source: Apple, "Sending
 * notification requests to APNs", "Establishing a token-based connection";
 * berty go/pkg/bertypushrelay/services_push_apns.go.
 */
#ifndef BERTY_SERVICES_PUSH_APNS_H
#define BERTY_SERVICES_PUSH_APNS_H

#include "services/push_provider.h"
#include "world/web.h"
#include "world/world.h"

#define PUSH_APNS_PRODUCTION "https://api.push.apple.com"
#define PUSH_APNS_SANDBOX "https://api.sandbox.push.apple.com"
/* What Apple takes as a notification, bytes. */
#define PUSH_APNS_MAX 4096

/*
 * How Apple knows us: by a key (team, key_id, key: PEM), or by a certificate
 * (the names of PEM files).  Texts are copied.
 */
struct push_apns_config {
	struct world * world;
	struct web * web;
	const char * bundle;
	const char * endpoint;    /* a URL without a path */
	const char * team, * key_id;
	struct slice key;
	const char * certificate, * certificate_key;
};

/* -ERR_PUSH_INVALID_SERVER_CONFIG, -ERR_PUSH_MISSING_BUNDLE_ID, with err. */
int push_apns_new(struct push_provider ** provider,
    const struct push_apns_config * config, struct error * err);

/* What is in a PKCS #12 file of Apple's, without a password. */
struct push_apns_certificate {
	struct buffer bundle;     /* ends with NUL */
	bool sandbox;
	struct buffer certificate, key; /* PEM */
};
int push_apns_certificate(struct push_apns_certificate * c,
    struct slice pkcs12, struct error * err);
void push_apns_certificate_free(struct push_apns_certificate * c);

#endif /* !BERTY_SERVICES_PUSH_APNS_H */
