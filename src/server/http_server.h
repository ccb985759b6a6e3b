/*
 * http_server.h: an HTTP/1.1 server over libmicrohttpd on a libuv loop.  It
 * knows requests and bytes; what they mean is the business of its handler.
 *
 * Everything happens on the loop's thread.  No callback is called from inside
 * an http_ function, but for http_server_free.
 */
#ifndef BERTY_SERVER_HTTP_SERVER_H
#define BERTY_SERVER_HTTP_SERVER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/logger.h"

struct uv_loop_s;
struct http_server;
struct http_request;
struct http_socket;

/* Bytes of an answer that wait from which its producer should pause. */
#define HTTP_QUEUE ((size_t)(256 * 1024))

/*
 * What happens to a request; members may be NULL.  None is called after
 * http_end or http_answer.
 */
struct http_events {
	/* A piece of the body; gone after the call.  Not while paused. */
	void (*data)(struct http_request * r, struct slice bytes);
	/* The body is whole. */
	void (*end)(struct http_request * r);
	/* What waits fell to a quarter of HTTP_QUEUE, after http_write had said
	 * to wait. */
	void (*writable)(struct http_request * r);
	/* The client went away, was too slow, sent a body over its limit, or
	 * the server ends.  It is noticed also while nothing is sent.
	 * Answers go nowhere; http_end is still due. */
	void (*closed)(struct http_request * r);
};

struct http_options {
	/* PEM; empty: no TLS. */
	struct slice certificate, key;
	size_t body_max;          /* bytes; 0: 64 KiB */
	unsigned connections_max; /* 0: 128 */
	unsigned idle_s;          /* a connection that says nothing; 0: 30 */
	/* Above three quarters of connections_max, the oldest connection of
	 * which http_know was not said gives way to who comes. */
	bool strangers_give_way;
	/* A request whose headers have come: set its events, answer now or
	 * later. */
	void (*handle)(struct http_request * r, void * user);
	void * user;
};

/*
 * Listen on HOST:PORT (":8080" is every address, port 0 picks one), or on a
 * socket file, whose path begins with a slash, for its owner alone.  log may be
 * NULL, and outlives it.  -ERR_INVALID_INPUT with a sentence; -ERR_INTERNAL.
 */
int http_server_new(struct http_server ** server, struct uv_loop_s * loop,
    const char * address, const struct http_options * options,
    const struct logger * log, struct error * err);

/* HOST:PORT as it is in truth. */
const char * http_server_address(const struct http_server * server);

/*
 * Show another certificate to who connects from now on.  *server is another
 * one then, at the same address; *old accepts nobody any more and is to be
 * freed when it may cut off those who are connected.  Otherwise an error as
 * above, and nothing has changed.
 */
int http_server_renew(struct http_server ** server, struct slice certificate,
    struct slice key, struct http_server ** old, struct error * err);

/*
 * Close: `closed` is called for the requests that run, from inside; those that
 * are not ended stay their handlers'.  The loop must turn once more.
 */
void http_server_free(struct http_server * server);

/* --- a request ------------------------------------------------------------ */

/*
 * It is the handler's until http_answer or http_end, exactly one of them once:
 * the pointer stays good until then.
 */
void http_watch(struct http_request * r, const struct http_events * events,
    void * user);
void * http_user(const struct http_request * r);
/* What the server was made with. */
void * http_server_user(const struct http_request * r);

const char * http_method(const struct http_request * r);
const char * http_path(const struct http_request * r);   /* decoded */
/* What stands behind the question mark, as it came, or empty. */
struct slice http_query(const struct http_request * r);
/* A header, or an empty slice; its case does not matter. */
struct slice http_header(const struct http_request * r, const char * name);

/* Its client may stay: it has shown who it is, or need not. */
void http_know(struct http_request * r);

/* Walk the headers: fn says whether to go on. */
void http_each_header(const struct http_request * r,
    bool (*fn)(void * user, const char * name, const char * value),
    void * user);

/* This request's body may have that many bytes; SIZE_MAX: any number, as its
 * handler pauses it. */
void http_body_max(struct http_request * r, size_t n);

/* Stop and start again the pieces of the body. */
void http_pause(struct http_request * r, bool paused);

/* --- its answer ----------------------------------------------------------- */

/* A header of the answer, before it begins; copied.  False: refused. */
bool http_set(struct http_request * r, const char * name, const char * value);

/* The whole answer, copied, and its end. */
void http_answer(struct http_request * r, int status, struct slice body);

/* Begin an answer in pieces. */
void http_begin(struct http_request * r, int status);
/* A piece, copied; true: enough for now, wait for `writable` or `closed`. */
bool http_write(struct http_request * r, struct slice bytes);
/* `writable` is wanted when no more than n bytes wait; some do now. */
void http_wait(struct http_request * r, size_t n);
/* Bytes of the answer that wait. */
size_t http_queued(const struct http_request * r);
/* The end of it; broken: cut it off, as it is not whole. */
void http_end(struct http_request * r, bool broken);

/* --- another protocol on its connection ----------------------------------- */

/*
 * Answer 101 with the headers that are set (Upgrade, and what goes with it)
 * instead of any other answer: the request is gone then, and `upgraded` gets
 * the connection, and what came behind the request; NULL: the client went away.
 */
void http_upgrade(struct http_request * r,
    void (*upgraded)(void * user, struct http_socket * s, struct slice came),
    void * user);

/* What happens to it.  None is called after http_socket_close. */
struct http_socket_events {
	void (*data)(struct http_socket * s, struct slice bytes);
	/* What waits fell to a quarter of HTTP_QUEUE, as above. */
	void (*writable)(struct http_socket * s);
	/* The client went away or the server ends; http_socket_close is still
	 * due. */
	void (*closed)(struct http_socket * s);
};

void http_socket_watch(struct http_socket * s,
    const struct http_socket_events * events, void * user);
void * http_socket_user(const struct http_socket * s);
/* As http_know, http_pause, http_write, http_wait and http_queued. */
void http_socket_wait(struct http_socket * s, size_t n);
void http_socket_know(struct http_socket * s);
void http_socket_pause(struct http_socket * s, bool paused);
bool http_socket_write(struct http_socket * s, struct slice bytes);
size_t http_socket_queued(const struct http_socket * s);
/* Close when what waits is sent, or soon if it is not. */
void http_socket_close(struct http_socket * s);

#endif /* !BERTY_SERVER_HTTP_SERVER_H */
