/*
 * fake_web.h: servers that a test plays (world/web.h), in any world.  A request
 * is answered by the first server whose prefix its name begins with: the URL,
 * or "host:port/package.Service/Call".  Whom nobody plays is not reached.
 */
#ifndef BERTY_TEST_FAKE_WEB_H
#define BERTY_TEST_FAKE_WEB_H

#include "world/web.h"
#include "world/world.h"

struct fake_web;

/* What is asked, borrowed during `serve`, and what a test answers. */
struct fake_exchange {
	const char * name;        /* URL, or "host:port/Service/Call" */
	const struct web_request * request;

	int rc;                   /* as web_request.done gets it; 0 */
	int status;               /* 0 */
	struct buffer answer;     /* the web's afterwards */
	struct error err;
	uint64_t delay_ms;        /* of the world */
	bool never;               /* there is no answer, until the timeout */
};

struct fake_web * fake_web_new(struct world * world);
/* After its users.  Fails the test when a request is still under way. */
void fake_web_free(struct fake_web * f);
struct web * fake_web_of(struct fake_web * f);

/* Play a server; the prefix is borrowed. */
void fake_web_serve(struct fake_web * f, const char * prefix,
    void (*serve)(void * user, struct fake_exchange * x), void * user);
/* Nobody is there any more. */
void fake_web_forget(struct fake_web * f);

/* How many requests were made, and how many wait for their end. */
size_t fake_web_requests(const struct fake_web * f);
size_t fake_web_running(const struct fake_web * f);

/* Answer with a text; with a gRPC message, encoded. */
void fake_web_text(struct fake_exchange * x, int status, const char * text);
void fake_web_message(struct fake_exchange * x, const void * message);

#endif /* !BERTY_TEST_FAKE_WEB_H */
