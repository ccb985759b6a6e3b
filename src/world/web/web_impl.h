/* web_impl.h: what the files of world/web share; nobody else includes it. */
#ifndef BERTY_WORLD_WEB_WEB_IMPL_H
#define BERTY_WORLD_WEB_WEB_IMPL_H

#include <curl/curl.h>

#include "base/list.h"
#include "world/web/web_curl.h"

/* Headers of an answer, and of its trailers, bytes in all. */
#define WEB_HEADERS_MAX 32768

/* web_library.c: load curl, before any other function of it is called.  0, or
 * -ERR_INTERNAL with err. */
int web_library(struct error * err);

/* A request while it runs. */
struct web_transfer {
	struct web_request * request;
	CURL * easy;
	struct curl_slist * headers;
	struct buffer body;       /* a gRPC message behind its prefix */
	struct list place;
	size_t header_bytes;
	bool too_large;
	bool inside;              /* a stranger's address leads to us */

	/* What gRPC says in headers and trailers. */
	int status;               /* -1: it does not say */
	bool grpc;                /* the content type is gRPC's */
	struct buffer text;       /* grpc-message, decoded, NUL-ended */
	struct buffer details;    /* grpc-status-details-bin, decoded */

	char why[CURL_ERROR_SIZE];
};

/* web_request.c: an easy handle for a request.  0, -ERR_INVALID_INPUT with
 * err, or -ERR_INTERNAL. */
int web_transfer_new(struct web_transfer ** t, struct web_request * r,
    const char * ca_file);
void web_transfer_free(struct web_transfer * t);

/* web_address.c: is it neither of this machine, nor of a network's own? */
bool web_address_is_public(const struct sockaddr * at);

/* web_answer.c: what came of it, into the request; the code for `done`. */
int web_answer(struct web_transfer * t, CURLcode result);

/* web_answer.c: curl gives headers and body. */
size_t web_answer_header(char * p, size_t size, size_t n, void * user);
size_t web_answer_body(char * p, size_t size, size_t n, void * user);

#endif /* !BERTY_WORLD_WEB_WEB_IMPL_H */
