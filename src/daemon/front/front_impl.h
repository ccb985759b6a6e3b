/*
 * front_impl.h: what the files of the front share.  front.c owns the whole and
 * sends a request its way; front_call.c is a call, whoever carries it;
 * front_web.c, front_socket.c and front_gateway.c carry it.
 */
#ifndef BERTY_DAEMON_FRONT_FRONT_IMPL_H
#define BERTY_DAEMON_FRONT_FRONT_IMPL_H

#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "daemon/front/front.h"
#include "server/grpc_address.h"
#include "server/grpc_status.h"
#include "server/http_server.h"

#define FRONT_MESSAGE_MAX ((size_t)(4 * 1024 * 1024))
/* Of a body: a message in base64, and what JSON puts around it. */
#define FRONT_BODY_MAX ((size_t)(6 * 1024 * 1024))
#define FRONT_QUEUE_MAX ((size_t)(16 * 1024 * 1024)) /* of a call */
#define FRONT_HEADERS_MAX ((size_t)16384)

struct front_service {
	struct list place;
	struct api_service service;
	struct node * node;
	void * user;
};

/* A method and the service that it was added with. */
struct front_entry {
	const struct api_method * method;
	const struct front_service * service;
};

struct front {
	struct world * world;
	struct front_options options;
	const struct logger * log;
	struct list listeners;
	struct list services;
	struct list calls;
	struct map methods;        /* "/service/Method" to struct front_entry */
	struct budget n_calls;
	struct budget buffered;    /* bytes of requests that are not whole */
	struct budget queued;      /* bytes of answers that wait */
	struct list idle;          /* websockets without a call yet */
	struct world_timer stop;
	bool stopping;
	uint64_t stop_at;
	void (*done)(void * user);
	void * user;
};

struct front_listener {
	struct list place;
	struct front * front;
	enum grpc_carrier carrier;
	bool metrics;              /* and nothing else */
	bool guarded;              /* a token is asked for, if there are any */
	bool tls;
	char shown[TLS_FINGERPRINT]; /* the certificate's */
	struct http_server * server;
	struct http_server * old;  /* with the certificate before; or NULL */
	char address[160];
};

struct front_call;

enum front_found {
	FRONT_WAIT,                /* for more */
	FRONT_MESSAGE,
	FRONT_FAILED               /* the call is ended, err says why */
};

/* What carries a call does for it.  None is called after `end`. */
struct front_carrier {
	/* The headers, unless they are out. */
	void (*begin)(struct front_call * c);
	void (*message)(struct front_call * c, const void * message);
	/* The end, err NULL for success; what is carried on is let go. */
	void (*end)(struct front_call * c, enum grpc_status status,
	    const struct error * err);
	void (*pause)(struct front_call * c, bool paused);
	/* Its client may stay. */
	void (*know)(struct front_call * c);
	size_t (*queued)(const struct front_call * c);
	/* Say front_call_writable when no more than n bytes are queued. */
	void (*wait)(struct front_call * c, size_t n);
	/* Is there a message at the front of c->in?  Append its encoding. */
	enum front_found (*next)(struct front_call * c, struct buffer * out,
	    struct error * err);
};

/*
 * A call.  Freed when its carrier has let go of it, its handler has finished,
 * and nobody works on it.
 */
struct front_call {
	struct api_call call;      /* first */
	struct front * front;
	struct list place;
	const struct front_carrier * carrier; /* NULL: it has let go */
	const struct front_entry * entry;
	void * carriage;           /* the request, or the socket */
	unsigned held;
	void * request;
	struct buffer in;          /* of the request, not yet taken */
	size_t in_at;
	size_t charged;            /* of `in`, counted as buffered */
	size_t queued;             /* counted as queued */
	struct buffer headers;     /* of the request: records */
	struct buffer trailers;    /* of the answer: lines */
	unsigned n_trailers;
	struct buffer reply;       /* JSON that waits for the status */
	struct world_timer deadline;
	struct world_timer due;    /* something to do, not from inside a call */
	enum grpc_status refusal;  /* of FRONT_FAILED */
	uint64_t token;
	int form;                  /* the carrier's own */
	bool started, finished;    /* by and for the handler */
	bool begun, sent;
	bool input_ended, end_given;
	bool paused, full;
};

/* --- front.c -------------------------------------------------------------- */

const struct front_entry * front_find(const struct front * f,
    const char * path);
void front_call_gone_from(struct front * f);
/* Answer a request that is no call, with a line of text. */
void front_answer(struct http_request * r, int status, const char * text);

/* --- front_access.c ------------------------------------------------------- */

/*
 * May the page ask that a browser calls for?  If so, its headers are set; if
 * not, the request is answered.
 */
bool front_judge_origin(const struct front * f, struct http_request * r);
/* What a browser asks first. */
void front_preflight(struct http_request * r);
/* NULL: let in, *id the token; else what to say. */
const char * front_judge_token(const struct front_listener * l,
    const struct api_service * service, struct slice authorization,
    uint64_t * id);

/* --- front_headers.c ------------------------------------------------------ */

/* Keep a header of the request; false: too many. */
bool front_header_keep(struct front_call * c, const char * name,
    struct slice value);
bool front_headers_keep(struct front_call * c, struct http_request * r);
/* Keep the lines of a text of headers; false: it is none. */
bool front_headers_parse(struct front_call * c, struct slice text);
struct slice front_header(const struct front_call * c, const char * name);
/* The same for handlers: not those of the carrier. */
struct slice front_metadata(const struct front_call * c, const char * name);
void front_trailer(struct front_call * c, const char * name,
    struct slice value);

/* --- front_call.c --------------------------------------------------------- */

/* NULL: over the budget of calls, or without memory. */
struct front_call * front_call_new(struct front * f,
    const struct front_carrier * carrier, void * carriage);

/*
 * The headers are kept: find the method, judge, start the clock, and the
 * handler of a client stream.  False: the call was ended.
 */
bool front_call_open(struct front_call * c, const struct front_listener * l,
    const struct front_entry * entry);

/* Bytes came, are to be looked at, or are at their end. */
void front_call_take(struct front_call * c, struct slice bytes);
void front_call_charge(struct front_call * c);
void front_call_read(struct front_call * c);
void front_call_input_end(struct front_call * c);

/* What waited was sent. */
void front_call_writable(struct front_call * c);

/* End it, for its client and its handler. */
void front_call_cancel(struct front_call * c, enum grpc_status status,
    const char * text);
/* The client is gone; the carrier has let go. */
void front_call_gone(struct front_call * c);

/* Whoever works on a call after its carrier or handler may have ended. */
void front_call_hold(struct front_call * c);
void front_call_drop(struct front_call * c);

/* --- the carriers --------------------------------------------------------- */

void front_web_open(struct front_listener * l, struct http_request * r);
void front_socket_open(struct front_listener * l, struct http_request * r);
void front_sockets_end(struct front * f);
void front_gateway_open(struct front_listener * l, struct http_request * r);

/* gRPC's frames, at the front of c->in. */
enum front_found front_next_frame(struct front_call * c, struct buffer * out,
    struct error * err);
/* The lines that end a call of gRPC-Web. */
void front_trailers(struct buffer * out, const struct front_call * c,
    enum grpc_status status, const struct error * err);

/* --- front_metrics.c ------------------------------------------------------ */

void front_metrics(struct front * f, struct http_request * r);

#endif /* !BERTY_DAEMON_FRONT_FRONT_IMPL_H */
