/*
 * call.h: a call of the API, whoever carries it: gRPC, a gateway, or a program
 * that links the library.  A transport fills the table and the request; a
 * handler answers.  Everything happens on the loop.
 */
#ifndef BERTY_API_CALL_H
#define BERTY_API_CALL_H

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"
#include "base/slice.h"

struct api_call;
struct node;

/* What a transport does for a call. */
struct api_transport {
	/*
	 * Send the headers of a stream at once: the subscription stands.
	 */
	void (*begin)(struct api_call * call);
	/*
	 * Queue one message, encoded before this returns.  True: enough for
	 * now, wait for `writable`.
	 */
	bool (*reply)(struct api_call * call, const void * message);
	/*
	 * The end: err NULL for success.  The call is gone.  Called exactly
	 * once a call, also after `cancelled`.
	 */
	void (*finish)(struct api_call * call, const struct error * err);

	/* What follows may be NULL where the carrier has no such thing. */

	/* Stop and start again the messages of a client stream. */
	void (*pause)(struct api_call * call, bool paused);
	/* A header of the request (lower case; "…-bin" is decoded), or empty. */
	struct slice (*metadata)(struct api_call * call, const char * name);
	/* A trailer of the answer, whatever its bytes for "…-bin"; copied. */
	void (*trailer)(struct api_call * call, const char * name,
	    struct slice value);
};

/* A call, made by the transport, in which a handler keeps its state. */
struct api_call {
	const struct api_transport * transport;
	const struct api_method * method;
	struct node * node;       /* NULL: a service that is not a node's */
	void * user;              /* the service's own */
	const void * request;     /* decoded; NULL for a client stream */
	void * data;              /* the handler's own */
	bool cancelled;           /* set by the transport before the callback */
	bool too_large;           /* set by the handler that fails because the
	                           * answer is more than a message holds */

	/* Set by the handler, NULL otherwise; none comes after finish. */
	void (*on_writable)(struct api_call * call);
	void (*on_cancelled)(struct api_call * call);
	void (*on_message)(struct api_call * call, const void * request);
	void (*on_end)(struct api_call * call);
};

/* One method. */
struct api_method {
	const char * service;
	const char * name;
	const ProtobufCMessageDescriptor * request;
	const ProtobufCMessageDescriptor * reply;
	bool client_stream;
	bool server_stream;
	void (*handle)(struct api_call * call);
};

/* All methods of berty.protocol.v1.ProtocolService: 43. */
const struct api_method * api_v1_methods(size_t * n);

/* Those of berty.extension.v1.ExtensionService: ours alone. */
const struct api_method * api_extension_methods(size_t * n);

/* Those of berty.protocol.ProtocolService, of 2019: 24. */
const struct api_method * api_legacy_methods(size_t * n);

/* The services of a node, one table each; *n says how many. */
struct api_service {
	const struct api_method * methods;
	size_t n;
	bool own_access;          /* its handlers see by themselves who calls:
	                           * no token of the API's is asked for */
};
#define API_SERVICES_MAX 8
size_t api_services(struct api_service services[API_SERVICES_MAX]);

/*
 * The method of that name, or NULL: "GroupInfo" is the first service's that has
 * one; "berty.protocol.v1.ProtocolService/GroupInfo" says whose.
 */
const struct api_method * api_find(const char * name);

/* Answer with one message and end; end with an error. */
void api_answer(struct api_call * call, const void * message);
void api_fail(struct api_call * call, const struct error * err);

/* What a carrier without such things does nothing for. */
void api_pause(struct api_call * call, bool paused);
struct slice api_metadata(struct api_call * call, const char * name);
void api_trailer(struct api_call * call, const char * name,
    struct slice value);

#endif /* !BERTY_API_CALL_H */
