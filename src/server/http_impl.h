/* http_impl.h: what the files of the HTTP server share. */
#ifndef BERTY_SERVER_HTTP_IMPL_H
#define BERTY_SERVER_HTTP_IMPL_H

#include <microhttpd.h>
#include <uv.h>

#include "base/list.h"
#include "server/http_server.h"

#define HTTP_HEADERS_MAX 16

struct http_server {
	struct http_options options;
	const struct logger * log;
	struct MHD_Daemon * daemon;
	char address[120];
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned open;            /* handles */
	bool closing;
	struct list requests;
	struct list sockets;      /* that speak another protocol */
	struct list strangers;    /* connections, the oldest first */
	unsigned connections;
	char path[108];           /* of the socket file; empty: TCP */
};

/* A connection, as long as MHD has it. */
struct http_link {
	struct list place;        /* among strangers, or nowhere */
	MHD_socket fd;
};

/* Sees that a client goes away while MHD does not look. */
struct http_watch {
	uv_poll_t poll;
	struct http_request * r;  /* NULL: it is gone */
};

struct http_request {
	struct http_server * server;  /* NULL: it is gone */
	struct MHD_Connection * connection; /* NULL: it is gone */
	struct list place;
	const struct http_events * events;
	void * user;
	char * path, * query;
	const char * method;
	size_t body, body_max;    /* bytes so far, at most */
	bool whole;               /* all of the body came */
	bool told_end;
	bool paused;
	bool suspended;
	bool finished;            /* by the handler */
	bool broken;
	bool waits;               /* for `writable`, */
	size_t wake_at;           /* when so many bytes wait */
	bool queued;              /* MHD has the response */
	int status;               /* 0: no answer yet */
	bool streams;
	struct http_watch * watch;
	bool gone;                /* the client */
	void (*upgraded)(void * user, struct http_socket * s,
	    struct slice came);
	void * upgraded_user;
	struct buffer out;        /* what waits */
	size_t sent;              /* of it */
	struct { char * name, * value; } headers[HTTP_HEADERS_MAX];
	size_t n_headers;
};

/* http_request.c: MHD's callbacks. */
enum MHD_Result http_on_access(void * user, struct MHD_Connection * c,
    const char * url, const char * method, const char * version,
    const char * data, size_t * n, void ** request);
void http_on_completed(void * user, struct MHD_Connection * c,
    void ** request, enum MHD_RequestTerminationCode why);
void * http_on_uri(void * user, const char * uri,
    struct MHD_Connection * c);

/* The connection is not heard any more. */
void http_detach(struct http_request * r);
void http_wake(struct http_request * r);

/* http_link.c: who comes and goes. */
unsigned http_connections_max(const struct http_server * s);
void http_on_connection(void * user, struct MHD_Connection * c,
    void ** link, enum MHD_ConnectionNotificationCode what);

/* http_watch.c: while a request is suspended, look for its client. */
void http_watch_start(struct http_request * r);
void http_watch_stop(struct http_request * r);
void http_watch_free(struct http_request * r);

/* http_request.c: its client went away. */
void http_gone(struct http_request * r);

/* http_socket.c */
void http_socket_begin(void * user, struct MHD_Connection * c, void * request,
    const char * came, size_t n, MHD_socket fd,
    struct MHD_UpgradeResponseHandle * handle);
void http_socket_end_all(struct http_server * s);

/* http_server.c: let MHD work at the loop's next turn. */
void http_server_kick(struct http_server * s);

#endif /* !BERTY_SERVER_HTTP_IMPL_H */
