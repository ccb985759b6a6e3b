/* share.h: links to hand to others, with the node's addresses. */
#ifndef BERTY_CMD_SHARE_H
#define BERTY_CMD_SHARE_H

#include "base/buffer.h"
#include "berty/link.h"
#include "client.h"

/* How many addresses the internal form carries, for a readable QR code. */
enum { SHARE_QR_ADDRESSES = 3 };

/* Binary addresses of this node, the ones that reach furthest first. */
struct share_addresses {
	struct buffer bytes[BERTY_LINK_ADDRESSES_MAX];
	size_t n;
};

/*
 * Choose from texts (NULL-terminated count n): public, then private ones;
 * loopback only when there is nothing else.  peer_id is put behind those that
 * name no peer.
 */
void share_choose(struct share_addresses * addresses,
    const char * const * texts, size_t n, const char * peer_id);

/* The same, of the node that the client talks to. */
int share_load(struct share_addresses * addresses, struct client * c);
void share_free(struct share_addresses * addresses);

/* Put at most max of them into a link, which borrows them. */
void share_put(struct berty_link * link,
    const struct share_addresses * addresses, size_t max);

/*
 * Put the networks into a link, which borrows the text.  The network of the
 * app is left out: its own links name none.
 */
void share_network(struct berty_link * link, const char * names);

/* The networks that a call shall name: the flag's, or else the link's; freed by
 * the caller, NULL when neither names any. */
char * share_networks(const struct run * run, const struct berty_link * link);

/*
 * Print a link: text, or JSON {"link", "internal"}, and the QR code of the
 * internal form if wanted; under the passphrase if there is one.
 */
int share_print(struct run * run, struct berty_link * link,
    const struct share_addresses * addresses, bool qr);

/* Read a link from an argument, with the flag -passphrase if need be. */
int share_read(struct run * run, const char * text, int kind,
    struct berty_link * link);

#endif /* !BERTY_CMD_SHARE_H */
