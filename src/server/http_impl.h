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
	char address[80];
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned open;            /* handles */
	bool closing;
	struct list requests;
};

struct http_request {
	struct http_server * server;  /* NULL: it is gone */
	struct MHD_Connection * connection; /* NULL: it is gone */
	struct list place;
	const struct http_events * events;
	void * user;
	char * path, * query;
	const char * method;
	size_t body;              /* bytes so far */
	bool whole;               /* all of the body came */
	bool told_end;
	bool paused;
	bool suspended;
	bool finished;            /* by the handler */
	bool broken;
	bool waits;               /* for `writable` */
	bool queued;              /* MHD has the response */
	int status;               /* 0: no answer yet */
	bool streams;
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

/* http_server.c: let MHD work at the loop's next turn. */
void http_server_kick(struct http_server * s);

#endif /* !BERTY_SERVER_HTTP_IMPL_H */
