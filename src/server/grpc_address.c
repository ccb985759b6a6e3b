#include "server/grpc_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
starts(const char * text, const char * prefix)
{
	return (strncmp(text, prefix, strlen(prefix)) == 0);
}

/* A decimal port of n characters; -1 if it is none. */
static long
read_port(const char * text, size_t n)
{
	long port = 0;
	size_t i;

	if (n == 0 || n > 5)
		return (-1);
	for (i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return (-1);
		port = port * 10 + (text[i] - '0');
	}
	return (port <= 65535 ? port : -1);
}

/* Does the text begin with that word of an address?  Step over it. */
static bool
take_word(const char ** text, const char * word)
{
	size_t n = strlen(word);

	if (strncmp(*text, word, n) != 0 ||
	    ((*text)[n] != '\0' && (*text)[n] != '/'))
		return (false);
	*text += n;
	return (true);
}

static const char * const carriers[] = {
	[GRPC_CARRIER_GRPC] = "/grpc",
	[GRPC_CARRIER_WEB] = "/grpcweb",
	[GRPC_CARRIER_WEBSOCKET] = "/grpcws",
	[GRPC_CARRIER_GATEWAY] = "/grpcgw",
};
#define CARRIERS (sizeof(carriers) / sizeof(carriers[0]))

const char *
grpc_carrier_name(enum grpc_carrier carrier)
{
	return (carriers[carrier] + 1);
}

static bool
take_carrier(const char ** text, struct grpc_address * address)
{
	size_t i;

	for (i = 0; i < CARRIERS; i++)
		if (take_word(text, carriers[i])) {
			address->carrier = (enum grpc_carrier)i;
			return (true);
		}
	return (false);
}

/* What may follow a port: one carrier, and TLS. */
static int
read_suffix(const char * text, const char * suffix,
    struct grpc_address * address, struct error * err)
{
	bool carrier = false;

	while (*suffix != '\0' && strcmp(suffix, "/") != 0) {
		if (!carrier && take_carrier(&suffix, address))
			carrier = true;
		else if (!address->tls && take_word(&suffix, "/tls"))
			address->tls = true;
		else
			return (error_set(err, ERR_INVALID_INPUT, "%s: one of "
			    "/grpc, /grpcweb, /grpcws and /grpcgw is served at "
			    "an address, with /tls or without", text));
	}
	return (0);
}

static int
parse_unix(const char * text, struct grpc_address * address,
    struct error * err)
{
	const char * path = text + strlen("/unix");
	size_t n = strlen(path), tail, i;

	for (i = 0; i < CARRIERS; i++) {
		tail = strlen(carriers[i]);
		if (n > tail && strcmp(path + n - tail, carriers[i]) == 0) {
			n -= tail;
			address->carrier = (enum grpc_carrier)i;
			break;
		}
	}
	if (n < 2)
		return (error_set(err, ERR_INVALID_INPUT,
		    "%s: a path is missing after /unix", text));
	if (n >= sizeof(address->path))
		return (error_set(err, ERR_INVALID_INPUT,
		    "%s: the path of a socket has at most %d characters", text,
		    GRPC_ADDRESS_PATH - 1));
	address->local = true;
	memcpy(address->path, path, n);
	address->path[n] = '\0';
	return (0);
}

/* The part of a multiaddr behind `/ip4/`: host, /tcp/, port. */
static int
parse_tcp(const char * text, const char * host, struct grpc_address * address,
    struct error * err)
{
	const char * end = strchr(host, '/');
	const char * digits;
	size_t n = end == NULL ? 0 : (size_t)(end - host);
	long port;

	if (n == 0 || n >= sizeof(address->host) || !starts(end, "/tcp/"))
		goto err0;
	digits = end + strlen("/tcp/");
	if ((port = read_port(digits, strcspn(digits, "/"))) < 0)
		goto err0;
	memcpy(address->host, host, n);
	address->host[n] = '\0';
	address->port = (uint16_t)port;
	return (read_suffix(text, digits + strcspn(digits, "/"), address,
	    err));

err0:
	return (error_set(err, ERR_INVALID_INPUT,
	    "%s: expected /ip4/<address>/tcp/<port>", text));
}

static int
parse_host_port(const char * text, struct grpc_address * address,
    struct error * err)
{
	const char * colon = strrchr(text, ':');
	const char * host = text;
	const char * suffix = text + strlen(text);
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	long port;

	if (colon != NULL)
		suffix = colon + strcspn(colon, "/");
	if (colon == NULL || (port = read_port(colon + 1,
	    (size_t)(suffix - colon - 1))) < 0)
		goto err0;
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n == 0) {
		host = "127.0.0.1";
		n = strlen(host);
	}
	if (n >= sizeof(address->host))
		goto err0;
	memcpy(address->host, host, n);
	address->host[n] = '\0';
	address->port = (uint16_t)port;
	return (read_suffix(text, suffix, address, err));

err0:
	return (error_set(err, ERR_INVALID_INPUT, "%s: expected "
	    "/unix/<path>, /ip4/<address>/tcp/<port> or <host>:<port>", text));
}

int
grpc_address_parse(const char * text, struct grpc_address * address,
    struct error * err)
{
	static const char * const tcp[] = {"/ip4/", "/ip6/", "/dns/", "/dns4/",
	    "/dns6/"};
	size_t i;

	memset(address, 0, sizeof(*address));
	if (starts(text, "/unix/"))
		return (parse_unix(text, address, err));
	for (i = 0; i < sizeof(tcp) / sizeof(tcp[0]); i++)
		if (starts(text, tcp[i]))
			return (parse_tcp(text, text + strlen(tcp[i]), address,
			    err));
	return (parse_host_port(text, address, err));
}

bool
grpc_address_is_loopback(const struct grpc_address * address)
{
	return (strcmp(address->host, "localhost") == 0 ||
	    strcmp(address->host, "::1") == 0 ||
	    (starts(address->host, "127.") &&
	    strspn(address->host, "0123456789.") == strlen(address->host)));
}
