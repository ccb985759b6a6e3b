/* node_addresses.c: where a node listens and whom it keeps connected. */
#include <stdio.h>

#include "node/node_impl.h"

/* Scopes of STORE_META: learned addresses, and ports once listened on. */
#define LEARNED 1
#define PORTS 2

/* Addresses kept from links, at most. */
#define LEARNED_MAX 1024

static int
keep_learned(void * user, struct slice multiaddr)
{
	struct node * n = user;

	(void)host_keep(n->host, multiaddr);
	return (0);
}

int
node_learn_address(struct node_tx * tx, struct slice multiaddr)
{
	struct node * n = node_tx_node(tx);
	struct multiaddr_tcp tcp;
	uint64_t count;
	int rc;

	if (multiaddr_to_tcp(multiaddr, &tcp) != 0)
		return (-ERR_INVALID_INPUT);
	if (tcp.peer.n > 0 && peer_id_equal(&tcp.peer, host_id(n->host)))
		return (0);
	if ((rc = store_count(n->store, STORE_META, LEARNED, &count)) != 0)
		return (rc);
	if (count >= LEARNED_MAX)
		return (-ERR_INVALID_RANGE);
	rc = store_put(n->store, STORE_META, LEARNED, multiaddr, multiaddr);
	if (rc == 0)
		rc = host_keep(n->host, multiaddr);
	return (rc);
}

/*
 * A listener with port 0 gets the port it had last time, so that addresses
 * given away in links stay good.
 */
static void
use_last_port(struct node * n, const char * text, struct multiaddr_tcp * tcp)
{
	struct buffer port = {0};
	struct reader r;

	if (tcp->port == 0 && store_get(n->store, STORE_META, PORTS,
	    slice_text(text), &port) == 0) {
		r = reader_of(buffer_all(&port));
		tcp->port = reader_be16(&r);
	}
	buffer_free(&port);
}

/* The port of the last address that the host listens on. */
static uint16_t
last_port(struct node * n)
{
	struct buffer all = {0};
	struct multiaddr_tcp tcp = {0};
	struct reader r;

	host_addresses(n->host, &all, false);
	r = reader_of(buffer_all(&all));
	while (r.n > 0 && !r.failed)
		(void)multiaddr_to_tcp(reader_prefixed(&r, MULTIADDR_MAX),
		    &tcp);
	buffer_free(&all);
	return (tcp.port);
}

static int
keep_port(struct node * n, const char * text, struct error * err)
{
	struct buffer port = {0};
	int rc;

	buffer_be16(&port, last_port(n));
	if ((rc = store_begin(n->store)) == 0) {
		rc = store_put(n->store, STORE_META, PORTS, slice_text(text),
		    buffer_all(&port));
		if (rc == 0)
			rc = store_commit(n->store, NULL);
		else
			store_rollback(n->store);
	}
	buffer_free(&port);
	return (rc == 0 ? 0 : error_set(err, -rc,
	    "the port listened on could not be kept"));
}

static int
listen_at(struct node * n, const char * text, struct error * err)
{
	struct buffer bytes = {0};
	struct multiaddr_tcp tcp;
	bool any;
	int rc;

	if (multiaddr_decode(&bytes, slice_text(text)) != 0 ||
	    multiaddr_to_tcp(buffer_all(&bytes), &tcp) != 0) {
		rc = error_set(err, ERR_INVALID_INPUT,
		    "cannot listen on '%s': write /ip4/0.0.0.0/tcp/0, say",
		    text);
		goto out;
	}
	any = tcp.port == 0;
	use_last_port(n, text, &tcp);
	buffer_clear(&bytes);
	multiaddr_from_tcp(&bytes, &tcp);
	rc = host_listen(n->host, buffer_all(&bytes), err);
	if (rc != 0 && any && tcp.port != 0) {
		tcp.port = 0;
		buffer_clear(&bytes);
		multiaddr_from_tcp(&bytes, &tcp);
		rc = host_listen(n->host, buffer_all(&bytes), err);
	}
	if (rc == 0 && any)
		rc = keep_port(n, text, err);
out:
	buffer_free(&bytes);
	return (rc);
}

static int
keep_static(struct node * n, const char * text, struct error * err)
{
	struct buffer bytes = {0};
	int rc;

	rc = multiaddr_decode(&bytes, slice_text(text));
	if (rc == 0)
		rc = host_keep(n->host, buffer_all(&bytes));
	buffer_free(&bytes);
	return (rc == 0 ? 0 : error_set(err, ERR_INVALID_INPUT,
	    "'%s' is no peer to keep: write /ip4/192.0.2.1/tcp/4001/p2p/ID",
	    text));
}

int
node_addresses_open(struct node * n, const struct node_config * config,
    struct error * err)
{
	size_t i;
	int rc;

	for (i = 0; config->listeners != NULL && config->listeners[i] != NULL;
	     i++)
		if ((rc = listen_at(n, config->listeners[i], err)) != 0)
			return (rc);
	for (i = 0; config->static_peers != NULL &&
	     config->static_peers[i] != NULL; i++)
		if ((rc = keep_static(n, config->static_peers[i], err)) != 0)
			return (rc);
	return (store_each(n->store, STORE_META, LEARNED, keep_learned, n));
}
