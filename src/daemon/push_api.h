/*
 * push_api.h: the calls of berty.push.v1.PushService.  Source: services spec
 * §4.
 */
#ifndef BERTY_DAEMON_PUSH_API_H
#define BERTY_DAEMON_PUSH_API_H

#include "api/call.h"
#include "services/auth_token.h"
#include "services/push_relay.h"

/* What the handlers find in a call as its user. */
struct push_api {
	struct world * world;
	struct push_relay * relay;
	/*
	 * Who asks for the relay's key shows a token of this issuer.  Nobody
	 * shows one to push: who does is a friend of who registered.
	 */
	bool asks_token;
	struct auth_verifier verifier;
};

extern const struct api_service push_api_service;

#endif /* !BERTY_DAEMON_PUSH_API_H */
