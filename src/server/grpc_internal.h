/*
 * grpc_internal.h: what the files of the gRPC server share.  grpc_server.c
 * owns the whole, grpc_listener.c the sockets that listen, grpc_connection.c
 * bytes to and from one client, grpc_stream.c what nghttp2 says about streams,
 * grpc_call.c the call that handlers see.
 */
#ifndef BERTY_SERVER_GRPC_INTERNAL_H
#define BERTY_SERVER_GRPC_INTERNAL_H

#include <nghttp2/nghttp2.h>
#include <uv.h>

#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "server/access.h"
#include "server/grpc.h"
#include "server/grpc_address.h"
#include "server/tls_channel.h"

#define GRPC_WINDOW (256 * 1024)         /* of a stream, for what clients send */
#define GRPC_CONNECTION_WINDOW (1024 * 1024)
#define GRPC_HEADERS_MAX 16384           /* names and values of one request */
#define GRPC_QUEUE_MAX ((size_t)(16 * 1024 * 1024))
#define GRPC_CALL_LITTLE ((size_t)4096)  /* queued when much waits in all */
#define GRPC_WRITE_SIZE 65536            /* bytes handed to the socket at once */
#define GRPC_CLOSE_MS 1000               /* to say goodbye after a drain */

union grpc_socket {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_pipe_t pipe;
	uv_tcp_t tcp;
};

/* What lets a call in, over TCP. */
enum grpc_guard {
	GRPC_GUARD_TOKEN,
	GRPC_GUARD_OWN,            /* the handler looks */
	GRPC_GUARD_NONE            /* nothing; such calls make nobody known */
};

/* A method with the user pointer it was added with. */
struct grpc_entry {
	enum grpc_guard guard;
	const struct grpc_method * method;
	void * user;
};

struct grpc_listener {
	struct list place;
	struct grpc_server * server;
	union grpc_socket socket;
	bool local, tls;
	char path[GRPC_ADDRESS_PATH];
	char address[GRPC_ADDRESS_PATH + 16];
};

struct grpc_server {
	uv_loop_t * loop;
	struct grpc_options options;
	const struct logger * log;
	struct map methods;        /* "/service/name" to struct grpc_entry */
	struct list listeners;
	struct list connections;
	struct list dirty;         /* connections that may have to write */
	struct list due;           /* calls with an event that waits */
	struct list timed;         /* calls with a deadline, nearest first */
	struct list watches;       /* health's */
	uv_timer_t timer;
	uv_prepare_t prepare;
	uint8_t input[65536];      /* of whichever connection is reading */
	struct buffer plain;       /* what TLS opens, or is to seal */
	size_t handles;            /* that libuv still knows */
	struct budget n_connections, n_calls;
	struct budget handshakes;  /* of TLS, that are not over */
	struct budget streams;     /* calls of a connection */
	struct budget buffered;    /* bytes of unfinished requests */
	struct budget queued;      /* bytes of replies that wait */
	bool serving;
	bool stopping;
	bool drained;              /* the calls left were cancelled */
	uint64_t stop_at;          /* when draining, or saying goodbye, ends */
	void (*done)(void * user);
	void * user;
};

struct grpc_connection {
	struct list place;
	struct list dirty;
	struct list calls;
	size_t n_calls;
	struct grpc_server * server;
	union grpc_socket socket;
	nghttp2_session * session;
	uv_write_t write;
	struct buffer out;
	size_t out_at;
	struct tls_channel * tls;  /* NULL: in clear */
	bool shaking;              /* hands; counted as such */
	bool guarded;              /* its calls need a token, if there are any */
	uint64_t from;             /* network that it comes from; 0: local */
	uint64_t preface_at;       /* when it must have spoken; 0: it has */
	bool counted;              /* among the server's connections */
	bool writing;
	bool closing;
};

/* Held by the stream, by its handler once started, and while it is worked on. */
struct grpc_call {
	struct list place;         /* on its connection */
	struct list due;
	struct list timed;
	struct grpc_connection * connection;  /* NULL: the stream is gone */
	int32_t id;
	unsigned refs;
	const struct grpc_entry * entry;
	const struct grpc_call_events * events;
	void * data;
	void * request;
	struct buffer path;        /* until the call is dispatched */
	struct buffer in;
	size_t in_at;
	size_t charged;            /* bytes of the request that are counted */
	size_t held;               /* bytes the stream's window lacks */
	struct buffer out;
	size_t out_at;
	size_t queued;             /* bytes of `out` that the server counts */
	size_t replies;
	size_t headers;            /* bytes of headers so far */
	struct buffer metadata;    /* those that a handler may ask for */
	struct buffer trailers;    /* those that a handler added */
	size_t n_trailers;
	uint64_t token;            /* that let it in; 0: it needed none */
	uint64_t deadline;         /* uv time, UINT64_MAX: none */
	struct buffer message;     /* trailers: the text, */
	struct buffer details;     /* and the details in base64 */
	enum grpc_status status;
	bool http_post, http_grpc; /* what the request headers said */
	bool bad_encoding, bad_timeout;
	bool ready;                /* the handler is to know of it */
	bool started;              /* it does */
	bool finished;             /* the handler is done with it */
	bool ended;                /* its status is decided */
	bool cancelled;
	bool begun;                /* response headers are out */
	bool deferred;             /* nghttp2 waits for bytes */
	bool remote_closed;
	bool end_given;
	bool paused;
	bool was_full;             /* `writable` is owed */
};

/* grpc_server.c */
uint64_t grpc_server_now(struct grpc_server * server);
void grpc_server_arm(struct grpc_server * server);
void grpc_server_time(struct grpc_server * server, struct grpc_call * call,
    uint64_t ms);
void grpc_server_closed(struct grpc_server * server);
int grpc_server_add_guarded(struct grpc_server * server,
    const struct grpc_method * methods, size_t n, void * user,
    enum grpc_guard guard);

/* grpc_listener.c */
void grpc_listener_close(struct grpc_listener * listener);

/* grpc_peer.c: is the other end of a local socket our user's, or root's? */
bool grpc_peer_may(int fd);

/* grpc_access.c: may the call be made?  If not, it is ended. */
bool grpc_access_judge(struct grpc_call * call);
int grpc_access_listen(struct grpc_server * server, const char * text,
    const struct grpc_address * to, struct error * err);

/* grpc_connection.c */
void grpc_connection_accept(struct grpc_listener * listener);
void grpc_connection_touch(struct grpc_connection * connection);
void grpc_connection_flush(struct grpc_connection * connection);
void grpc_connection_close(struct grpc_connection * connection);

/* grpc_stream.c: a session whose user data is the connection, or NULL. */
nghttp2_session * grpc_stream_session(struct grpc_connection * connection);
void grpc_stream_read(struct grpc_call * call);

/* grpc_call.c */
struct grpc_call * grpc_call_new(struct grpc_connection * connection,
    int32_t id);
void grpc_call_hold(struct grpc_call * call);
void grpc_call_drop(struct grpc_call * call);
void grpc_call_start(struct grpc_call * call);
void grpc_call_end(struct grpc_call * call, enum grpc_status status,
    const struct error * err);
void grpc_call_cancel(struct grpc_call * call, enum grpc_status status,
    const char * text);
void grpc_call_detach(struct grpc_call * call);
void grpc_call_charge(struct grpc_call * call);
void grpc_call_due(struct grpc_call * call);
void grpc_call_attend(struct grpc_call * call);

/*
 * grpc_response.c, for calls whose connection is there.  begin: the headers,
 * unless they are out; end_only: one block of headers that says it all, for a
 * failure before any reply; wake: nghttp2 may ask for what was queued.
 */
void grpc_response_begin(struct grpc_call * call);
void grpc_response_end_only(struct grpc_call * call);
void grpc_response_wake(struct grpc_call * call);

/* Count what waits to be sent against the server's budget. */
void grpc_response_count(struct grpc_call * call);

/* From how many queued bytes on the handler is told to wait. */
size_t grpc_response_enough(const struct grpc_call * call);

/*
 * grpc_metadata.c: keep a header of the request, metadata.failed meaning that
 * there was no room; and list the trailers of a handler, n_trailers of them.
 */
void grpc_metadata_take(struct grpc_call * call, struct slice name,
    struct slice value);
size_t grpc_metadata_trailers(const struct grpc_call * call,
    nghttp2_nv * list);

/* grpc_reflection.c, grpc_health.c */
int grpc_reflection_add(struct grpc_server * server);
int grpc_health_add(struct grpc_server * server);
void grpc_health_changed(struct grpc_server * server);

#endif /* !BERTY_SERVER_GRPC_INTERNAL_H */
