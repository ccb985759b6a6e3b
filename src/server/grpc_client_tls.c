/* The client's TLS: the handshake, and is the server who it should be? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "server/grpc_client_impl.h"
#include "server/grpc_dial.h"

/* `sha256:` or not, colons or not: the 64 digits in lower case. */
static bool
read_pin(const char * text, char pin[TLS_FINGERPRINT])
{
	size_t n = 0;

	if (strncmp(text, "sha256:", 7) == 0)
		text += 7;
	for (; *text != '\0'; text++) {
		char c = *text >= 'A' && *text <= 'F' ? (char)(*text | 0x20) :
		    *text;

		if (c == ':')
			continue;
		if (n == TLS_FINGERPRINT - 1 ||
		    ((c < '0' || c > '9') && (c < 'a' || c > 'f')))
			return (false);
		pin[n++] = c;
	}
	pin[n] = '\0';
	return (n == TLS_FINGERPRINT - 1);
}

/* Whose certificates count. */
static int
make_trust(struct grpc_client * client,
    const struct grpc_client_options * options, struct error * err)
{
	char pin[TLS_FINGERPRINT];
	int n = 0;

	if (gnutls_certificate_allocate_credentials(&client->trust) != 0) {
		client->trust = NULL;
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	if (options->tls_pin != NULL && !read_pin(options->tls_pin, pin))
		return (error_set(err, ERR_INVALID_INPUT, "a fingerprint is "
		    "64 hexadecimal digits, as `berty daemon` prints it"));
	if (options->tls_ca != NULL)
		n = gnutls_certificate_set_x509_trust_file(client->trust,
		    options->tls_ca, GNUTLS_X509_FMT_PEM);
	else if (options->tls_pin == NULL)
		n = gnutls_certificate_set_x509_system_trust(client->trust);
	if (options->tls_ca != NULL && n <= 0)
		return (error_set(err, ERR_INVALID_INPUT, "%.100s has no "
		    "certificate that can be read", options->tls_ca));
	return (0);
}

static int
check_pin(struct grpc_client * client, const char * text, const char * address,
    struct error * err)
{
	char pin[TLS_FINGERPRINT], shown[TLS_FINGERPRINT];

	tls_channel_fingerprint(client->tls, shown);
	if (read_pin(text, pin) && strcmp(pin, shown) == 0)
		return (0);
	return (error_set(err, ERR_INVALID_INPUT, "%.60s is not the node of "
	    "that -node.tls-pin: its certificate is sha256:%s", address,
	    shown));
}

/* Is it who it should be? */
static int
check(struct grpc_client * client, const struct grpc_address * to,
    const struct grpc_client_options * options, const char * address,
    struct error * err)
{
	struct error why = {0};

	if (options->tls_pin != NULL)
		return (check_pin(client, options->tls_pin, address, err));
	if (tls_channel_check(client->tls, to->host, &why) == 0)
		return (0);
	return (error_set(err, ERR_INVALID_INPUT, "%.40s is not trusted (%.70s)"
	    ": name it with -node.tls-pin or -node.tls-ca", address,
	    why.text));
}

/* One turn; 1: go on, 0: over. */
static int
turn(struct grpc_client * client, uint64_t until, const char * address,
    struct error * err)
{
	uint8_t bytes[16384];
	ssize_t n;

	grpc_client_flush(client);
	if (tls_channel_ready(client->tls))
		return (0);
	if (client->lost || grpc_dial_wait(client->fd, client->unsent.n > 0,
	    until, NULL) != GRPC_DIAL_READY)
		return (error_set(err, ERR_STREAM_READ, "%.100s did not answer "
		    "to TLS: leave /tls out if it serves none", address));
	n = recv(client->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return (1);
	if (n <= 0 || tls_channel_receive(client->tls, slice_of(bytes,
	    (size_t)n), &client->plain) != 0) {
		grpc_client_flush(client);
		return (error_set(err, ERR_STREAM_READ, "%.60s speaks no TLS "
		    "as it should (%.60s): leave /tls out if it serves none",
		    address, n <= 0 ? "it hung up" :
		    tls_channel_why(client->tls)));
	}
	return (1);
}

int
grpc_client_secure(struct grpc_client * client, const struct grpc_address * to,
    const struct grpc_client_options * options, uint64_t until,
    const char * address, struct error * err)
{
	int status;

	if ((status = make_trust(client, options, err)) != 0)
		return (status);
	client->tls = tls_channel_connect(to->host, client->trust);
	if (client->tls == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	while ((status = turn(client, until, address, err)) > 0)
		continue;
	return (status != 0 ? status : check(client, to, options, address,
	    err));
}
