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
};

/* A call, made by the transport, in which a handler keeps its state. */
struct api_call {
	const struct api_transport * transport;
	const struct api_method * method;
	struct node * node;
	const void * request;     /* decoded; NULL for a client stream */
	void * data;              /* the handler's own */
	bool cancelled;           /* set by the transport before the callback */

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

/* Answer with one message and end; end with an error. */
void api_answer(struct api_call * call, const void * message);
void api_fail(struct api_call * call, const struct error * err);

#endif /* !BERTY_API_CALL_H */
