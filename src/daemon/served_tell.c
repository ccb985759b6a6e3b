/* served_tell.c: what there is to say of a node that is served. */
#include "daemon/served_impl.h"

#include <stdlib.h>

#include "base/reader.h"

/* Lists that berty_daemon_info borrows. */
struct lists {
	struct buffer bytes, texts;
	const char ** listeners;
	const char ** swarm;
	const uint8_t ** addresses;
	size_t * sizes;
	size_t n;
};

static bool
list_addresses(struct lists * l, struct served * s)
{
	struct reader r;
	size_t i, at = 0, n = 0;

	host_addresses(node_host(s->node), &l->bytes, true);
	r = reader_of(buffer_all(&l->bytes));
	while (r.n > 0 && !r.failed) {
		(void)reader_prefixed(&r, MULTIADDR_MAX);
		n++;
	}
	l->swarm = calloc(n + 1, sizeof(*l->swarm));
	l->addresses = calloc(n + 1, sizeof(*l->addresses));
	l->sizes = calloc(n + 1, sizeof(*l->sizes));
	if (l->swarm == NULL || l->addresses == NULL || l->sizes == NULL)
		return (false);
	r = reader_of(buffer_all(&l->bytes));
	for (i = 0; i < n; i++) {
		struct slice address = reader_prefixed(&r, MULTIADDR_MAX);

		l->addresses[i] = address.p;
		l->sizes[i] = address.n;
		(void)multiaddr_encode(&l->texts, address);
		buffer_byte(&l->texts, 0);
	}
	l->n = n;
	for (i = 0; i < n && !l->texts.failed; i++) {
		l->swarm[i] = (char *)l->texts.p + at;
		at += strlen(l->swarm[i]) + 1;
	}
	return (!l->texts.failed);
}

static bool
list_listeners(struct lists * l, struct served * s)
{
	size_t n = 0, i;

	while (served_address(s, n) != NULL)
		n++;
	if ((l->listeners = calloc(n + 1, sizeof(*l->listeners))) == NULL)
		return (false);
	for (i = 0; i < n; i++)
		l->listeners[i] = served_address(s, i);
	return (true);
}

void
served_tell(struct served * s,
    void (*tell)(void * user, const struct berty_daemon_info * info),
    void * user)
{
	const struct account_keys * keys = account_keys(node_account(s->node));
	struct berty_daemon_info info = {0};
	struct buffer peer = {0};
	struct lists l = {0};

	peer_id_encode(&peer, host_id(node_host(s->node)));
	buffer_byte(&peer, 0);
	if (list_addresses(&l, s) && list_listeners(&l, s) && !peer.failed) {
		memcpy(info.account_pk, keys->account.pub, KEY_SIZE);
		memcpy(info.device_pk, keys->device.pub, KEY_SIZE);
		info.has_seed =
		    account_requests_enabled(node_account(s->node)) &&
		    account_seed(node_account(s->node), info.seed);
		info.peer_id = (char *)peer.p;
		info.listeners = l.listeners;
		info.swarm = l.swarm;
		info.addresses = l.addresses;
		info.address_sizes = l.sizes;
		info.n_addresses = l.n;
		info.tls_fingerprint = access_fingerprint(s->access);
		tell(user, &info);
	}
	free(l.listeners);
	free(l.swarm);
	free(l.addresses);
	free(l.sizes);
	buffer_free(&l.bytes);
	buffer_free(&l.texts);
	buffer_free(&peer);
}
