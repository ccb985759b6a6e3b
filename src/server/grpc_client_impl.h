/* grpc_client_impl.h: a client's state, shared by grpc_client*.c. */
#ifndef BERTY_SERVER_GRPC_CLIENT_IMPL_H
#define BERTY_SERVER_GRPC_CLIENT_IMPL_H

#include <nghttp2/nghttp2.h>

#include "server/grpc_address.h"
#include "server/grpc_client.h"
#include "server/tls_channel.h"

struct grpc_client {
	int fd;
	nghttp2_session * session;
	struct tls_channel * tls;   /* NULL: in clear */
	gnutls_certificate_credentials_t trust;  /* of tls */
	struct buffer plain;        /* what TLS opened */
	struct buffer bearer;       /* of `authorization`, with NUL; or empty */
	char authority[300];
	bool greeted;               /* the server has spoken HTTP/2 */
	bool lost;                  /* the connection is of no more use */
	struct buffer unsent;
	const struct grpc_client_request * request;
	int32_t id;
	uint64_t until;
	struct buffer out;          /* the frame being sent */
	size_t out_at;
	bool sent_all;
	struct buffer in;
	size_t replies;
	void * single;              /* the first, when nobody wants each */
	bool closed;                /* the stream is */
	uint32_t reset;             /* with that code of HTTP/2 */
	int http;                   /* HTTP status */
	int status;                 /* gRPC status, -1: none came */
	struct buffer message;
	struct buffer details;
};

/* TLS, until the server is known.  Errors as grpc_client_open_with. */
int grpc_client_secure(struct grpc_client * client,
    const struct grpc_address * to, const struct grpc_client_options * options,
    uint64_t until, const char * address, struct error * err);

/* Begin HTTP/2 on the socket.  0 or -ERR_INTERNAL (no memory). */
int grpc_client_connect(struct grpc_client * client);

/* Ask for the call of client->request.  0 or -ERR_INTERNAL. */
int grpc_client_submit(struct grpc_client * client);

/* Write what the socket takes, read what it has; client->lost on an error. */
void grpc_client_flush(struct grpc_client * client);
void grpc_client_receive(struct grpc_client * client);

#endif /* !BERTY_SERVER_GRPC_CLIENT_IMPL_H */
