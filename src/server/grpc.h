/*
 * grpc.h: a gRPC server over HTTP/2 (nghttp2) on a libuv loop.  It knows
 * frames, status and streams; what a call means is the business of handlers.
 *
 * Everything happens on the loop's thread.  A handler, and every callback in
 * struct grpc_call_events, is called from the loop and never from inside a
 * grpc_call function.  Source: gRPC over HTTP/2 protocol document.
 */
#ifndef BERTY_SERVER_GRPC_H
#define BERTY_SERVER_GRPC_H

#include "base/budget.h"
#include "base/error.h"
#include "base/logger.h"
#include "base/slice.h"
#include "codec/protobuf.h"

/* Source: gRPC status codes document. */
enum grpc_status {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_ALREADY_EXISTS = 6,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16
};

struct uv_loop_s;  /* libuv's uv_loop_t */
struct grpc_server;
struct grpc_call;
struct access;  /* server/access.h */

/*
 * One method of a service.  The table is the caller's and outlives the server.
 *
 * Without client_stream, `handle` is called once, when the request has come
 * whole and was decoded (grpc_call_request).  With it, `handle` is called when
 * the call begins, there is no grpc_call_request, and messages come by the
 * events that `handle` sets.
 */
struct grpc_method {
	const char * service;  /* "berty.protocol.v1.ProtocolService" */
	const char * name;     /* "GroupInfo" */
	const ProtobufCMessageDescriptor * request;
	const ProtobufCMessageDescriptor * reply;
	bool client_stream;
	bool server_stream;
	void (*handle)(struct grpc_call * call, void * user);
};

/*
 * What may happen to a call; members may be NULL.  None is called after
 * grpc_call_finish.
 */
struct grpc_call_events {
	/*
	 * A message of a client stream; it is freed after the call.  Not called
	 * while the call is paused.
	 */
	void (*message)(struct grpc_call * call, const void * request);
	/* The client stream is at its end; all its messages were given. */
	void (*end)(struct grpc_call * call);
	/*
	 * What was queued fell to a quarter of GRPC_CALL_QUEUE (less, when much
	 * waits in all), after grpc_call_reply had said to wait.
	 */
	void (*writable)(struct grpc_call * call);
	/*
	 * Nobody waits for the answer any more: the client reset the call or
	 * went away, its deadline passed, or the server stops.  Called at most
	 * once.  Replies go nowhere from now on; grpc_call_finish is still due,
	 * here or later.
	 */
	void (*cancelled)(struct grpc_call * call);
};

/* Queued bytes from which a producer of a server stream should pause. */
#define GRPC_CALL_QUEUE ((size_t)(256 * 1024))

/*
 * A call is the handler's until it calls grpc_call_finish, exactly once: the
 * pointer stays good until then, whatever happens to the client or the server.
 * So an asynchronous answer needs no care: if the call was cancelled meanwhile,
 * replying and finishing do nothing but free it.
 */

/* The method that is called. */
const struct grpc_method * grpc_call_method(const struct grpc_call * call);

/* The decoded request of a call without client_stream; freed with the call. */
const void * grpc_call_request(const struct grpc_call * call);

/*
 * A header of the request by its name in lower case, the first of that name;
 * the value of a "…-bin" is decoded.  Empty when there is none, or when it is
 * the carrier's own.  Good until the call is finished.
 */
struct slice grpc_call_metadata(const struct grpc_call * call,
    const char * name);

/*
 * A trailer for the end of the call, copied: any bytes for a name that ends in
 * "-bin", else printable ASCII.  -ERR_INVALID_INPUT for a name that is none in
 * lower case or is the carrier's own, or beyond GRPC_TRAILERS_MAX of them or
 * GRPC_TRAILERS_SIZE bytes; -ERR_INTERNAL without memory.
 */
int grpc_call_trailer(struct grpc_call * call, const char * name,
    struct slice value);
#define GRPC_TRAILERS_MAX 16
#define GRPC_TRAILERS_SIZE 8192

/* The handler's own pointer; freed by the handler, before it finishes. */
void grpc_call_set_data(struct grpc_call * call, void * data);
void * grpc_call_data(const struct grpc_call * call);

/*
 * Set the events, from within `handle`; the struct is the caller's and outlives
 * the call.  A call without events can be cancelled all the same.
 */
void grpc_call_watch(struct grpc_call * call,
    const struct grpc_call_events * events);

/*
 * Send the response headers at once, so that a client that waits for them
 * knows that its subscription stands.  Without it they go with the first
 * reply.
 */
void grpc_call_begin(struct grpc_call * call);

/*
 * Queue one message, which is encoded before this returns.  Returns the bytes
 * queued now, GRPC_CALL_QUEUE or more meaning: wait for `writable`, or for
 * `cancelled` (a cancelled call always answers so).  Unary calls reply once.  A
 * call that queues past 16 MiB is cancelled (RESOURCE_EXHAUSTED).  So is one
 * that wants more than may be queued by all calls together; when not much of
 * that is left, calls are told to wait sooner.
 */
size_t grpc_call_reply(struct grpc_call * call, const void * message);

/* The same with a message that is encoded already. */
size_t grpc_call_reply_bytes(struct grpc_call * call, struct slice message);

/* Bytes queued and not yet handed to the connection. */
size_t grpc_call_queued(const struct grpc_call * call);

/*
 * End the call after what is queued.  err NULL, or without codes and text: OK.
 * Otherwise the status follows from the codes, and the codes go along as
 * berty.errcode.ErrDetails.  Frees the call and its request.
 */
void grpc_call_finish(struct grpc_call * call, const struct error * err);

/* The same for a failure whose status the codes do not tell. */
void grpc_call_finish_as(struct grpc_call * call, enum grpc_status status,
    const struct error * err);

/* One reply, then the end: what unary handlers do on success. */
void grpc_call_answer(struct grpc_call * call, const void * message);

/* End the call with a status that is no error of the protocol. */
void grpc_call_fail(struct grpc_call * call, enum grpc_status status,
    const char * text);

/* True once the call was cancelled. */
bool grpc_call_cancelled(const struct grpc_call * call);

/*
 * Stop and start again the messages of a client stream.  While paused, the
 * client can send as much as fits its window (256 KiB) and must then wait.
 */
void grpc_call_pause(struct grpc_call * call, bool paused);

/* The server; zero members mean the default. */
struct grpc_options {
	size_t message_max;       /* bytes a client may send in one (4 MiB) */
	size_t buffered_max;      /* bytes of unfinished requests (64 MiB) */
	size_t queued_max;        /* bytes of replies that wait (64 MiB) */
	unsigned connections_max; /* 256 */
	unsigned streams_max;     /* concurrent calls of a connection (1,000) */
	unsigned calls_max;       /* of all connections (16,384) */
	unsigned handshakes_max;  /* of TLS, that go on at a time (64) */
	uint64_t handshake_ms;    /* for that of TLS (10,000) */
	uint64_t preface_ms;      /* until a new connection has spoken, or has
	                           * shown its token if it has to (20,000) */
	bool legacy_status;       /* errors with codes are all UNAVAILABLE */
	struct access * access;   /* borrowed; NULL: no TLS, tokens, origins */
	bool own_access;          /* all that is added checks by itself: other
	                           * machines are served without tokens, too */
};

/*
 * A server on that loop, which listens nowhere yet.  options may be NULL, and
 * log too; log must outlive the server.  SIGPIPE is ignored from now on in the
 * whole process.  0 or -ERR_INTERNAL.
 */
int grpc_server_new(struct grpc_server ** server, struct uv_loop_s * loop,
    const struct grpc_options * options, const struct logger * log);

/*
 * Serve n methods; user is handed to their handlers.  -ERR_INVALID_INPUT when
 * one is served already.  Reflection (v1, v1alpha) and health are always there;
 * whether it serves (health's Check) the server tells without a token.
 */
int grpc_server_add(struct grpc_server * server,
    const struct grpc_method * methods, size_t n, void * user);

/*
 * The same for methods whose handlers see by themselves who calls
 * (grpc_call_metadata, "authorization"): a call of theirs needs no token of the
 * server's.  Of others over TCP none is handled that has not shown one, if
 * there are tokens (struct access).
 */
int grpc_server_add_open(struct grpc_server * server,
    const struct grpc_method * methods, size_t n, void * user);

/*
 * Listen on `/unix/<path>`, `/ip4/127.0.0.1/tcp/<port>[/grpc]`, the same with
 * /ip6/::1, `<host>:<port>` or `:<port>`; port 0 takes a free one.
 *
 * The socket file is made with mode 0600, its folder, if missing, with 0700.  A
 * file left behind by a server that is gone is replaced; one that answers is
 * not.  Behind a port, `/tls` asks for TLS.  Beyond loopback, TCP is served
 * over TLS and with tokens only.  A refusal is a sentence in err with
 * -ERR_INVALID_INPUT; what the system refuses is -ERR_INTERNAL.
 */
int grpc_server_listen(struct grpc_server * server, const char * address,
    struct error * err);

/* The i-th address as it is in truth (port 0 replaced), or NULL. */
const char * grpc_server_address(const struct grpc_server * server, size_t i);

/* What health answers for the server as a whole: SERVING or NOT_SERVING. */
void grpc_server_set_serving(struct grpc_server * server, bool serving);

/*
 * The tokens or the certificate have changed (access_reload): calls whose token
 * is no more end with UNAUTHENTICATED; who comes now is shown the new one.
 */
void grpc_server_recheck(struct grpc_server * server);

/* Walk over what clients use up. */
void grpc_server_budgets(const struct grpc_server * server,
    const struct budget_walk * walk);

/* Calls at this moment. */
size_t grpc_server_calls(const struct grpc_server * server);

/*
 * Stop: listen no more, tell clients (GOAWAY), let calls end for at most
 * drain_ms, cancel the rest, close, free the server, then call done (which may
 * be NULL).  Calls whose handlers have not finished stay theirs.
 */
void grpc_server_stop(struct grpc_server * server, uint64_t drain_ms,
    void (*done)(void * user), void * user);

#endif /* !BERTY_SERVER_GRPC_H */
