/*
 * web.h: requests to servers that are no peers: HTTP, and unary gRPC calls.  A
 * sibling of world.h that a host may leave out; then what needs a server fails
 * with a sentence that says so.
 *
 * A request is the caller's from web_send until `done` was called, from the
 * loop and never from inside web_send, or until web_cancel, after which it is
 * not called.  Redirects are not followed, no cookies are kept; TLS is 1.2 or
 * newer and proves the server's name.
 */
#ifndef BERTY_WORLD_WEB_H
#define BERTY_WORLD_WEB_H

#include "base/buffer.h"
#include "base/error.h"

struct web;

/* More of an answer than this is a failure, bytes, unless the request says. */
#define WEB_ANSWER_MAX ((size_t)(1 << 20))
/* A request is over after so long, ms, unless it says. */
#define WEB_TIMEOUT_MS 30000

/* Everything a request borrows stays as it is until `done`. */
struct web_request {
	/* An HTTP request, when service is NULL … */
	const char * url;         /* http or https */
	const char * method;      /* "GET", "POST" */
	const char * const * headers; /* "Name: value"; NULL-ended; or NULL */

	/* … or a unary gRPC call: the bytes are one message, without prefix. */
	const char * service;     /* "berty.push.v1.PushService" */
	const char * call;        /* "Send" */
	const char * server;      /* host:port */
	const char * bearer;      /* of `authorization`; or NULL */
	bool insecure;            /* without TLS */
	/* PEM files of a client's certificate and its key; both, or NULL. */
	const char * certificate;
	const char * key;
	/*
	 * Others wrote the address: it must not lead to this machine or into a
	 * network of its own (loopback, private, link-local), whatever name it
	 * has.  A proxy that is set decides for itself.
	 */
	bool stranger;

	struct slice body;
	size_t answer_max;        /* bytes; 0: WEB_ANSWER_MAX */
	uint64_t timeout_ms;      /* 0: WEB_TIMEOUT_MS */

	/*
	 * The end.  0 when an answer came whole: `status` is HTTP's, or gRPC's
	 * with the codes that the server sent in `err`.  -ERR_STREAM_WRITE:
	 * the server was not reached; -ERR_STREAM_READ: no whole answer, or not
	 * in time; -ERR_INVALID_INPUT: the address.  err says it for a person.
	 */
	void (*done)(struct web_request * r, int rc);
	void * user;
	int status;
	struct buffer answer;     /* freed by the caller */
	struct error err;

	void * impl;              /* private to the web */
};

/* What a host fills. */
struct web_ops {
	int (*send)(struct web * w, struct web_request * r);
	void (*cancel)(struct web * w, struct web_request * r);
};

struct web {
	const struct web_ops * ops;
	void * impl;
};

/* Begin.  0; -ERR_INVALID_INPUT, -ERR_INTERNAL: done is never called. */
static inline int
web_send(struct web * w, struct web_request * r)
{
	return (w->ops->send(w, r));
}

/* Give up; what was not sent yet is not sent. */
static inline void
web_cancel(struct web * w, struct web_request * r)
{
	w->ops->cancel(w, r);
}

#endif /* !BERTY_WORLD_WEB_H */
