/* node_options.h: the flags of every command that runs nodes. */
#ifndef BERTY_CMD_NODE_OPTIONS_H
#define BERTY_CMD_NODE_OPTIONS_H

#include "base/buffer.h"
#include "berty/daemon.h"
#include "command.h"

#define SWARM_DEFAULT "/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0"

/* Rows of a table of flags. */
#define NODE_FLAGS \
	{"node.tls-certificate", "FILE", NULL, "the PEM file of the " \
	    "certificate for /tls (default: one that signs itself, kept in " \
	    "the store's folder)"}, \
	{"node.tls-key", "FILE", NULL, "and that of its key"}, \
	{"node.web-origins", "LIST", NULL, "web pages that may call: " \
	    "https://NAME[:PORT], or * for all (default: none)"}, \
	{"node.auto-activate", NULL, "true", "open all known groups at start"}, \
	{"node.contact-requests", NULL, "true", "be found by those who have " \
	    "the contact link"}, \
	{"p2p.swarm-listeners", "LIST", ":default:", "where other nodes " \
	    "connect; :default: is " SWARM_DEFAULT}, \
	{"p2p.static-peers", "LIST", NULL, "nodes to stay connected with: " \
	    "/ip4/…/tcp/…/p2p/ID"}, \
	{"p2p.security", "LIST", "noise,tls", "how connections between nodes " \
	    "are secured: noise, tls or both; noise is offered first"}, \
	{"p2p.mdns", NULL, "true", "find nodes in the local network, and be " \
	    "found by them"}, \
	{"p2p.tinder-localdiscovery-driver", NULL, "true", "tell nodes near by " \
	    "under which names contacts and groups find this one (all of " \
	    "them can then see which groups' logs it has)"}, \
	{"network", "LIST", "berty", "berty, berty-v1 (the network of 2022) or " \
	    "wesh; several with commas, the first for a new account"}, \
	{"web.ca-file", "FILE", NULL, "the PEM file of the authorities that " \
	    "prove servers which the node asks (default: the system's)"}, \
	{"node.service-insecure", NULL, "false", "ask replication and push " \
	    "servers without TLS: for tests"}, \
	{"attachment.max", "SIZE", "4G", "bytes of one attachment, with K, M " \
	    "or G for 1024 of them and so on"}, \
	{"attachment.cache", "SIZE", "1G", "bytes of all attachments that are " \
	    "fetched and not pinned: what was read longest ago goes"}, \
	{"log.level", "LEVEL", "warn", "debug, info, warn or error, on stderr"}, \
	{"grpc.legacy-status", NULL, NULL, "end every failed call with status " \
	    "UNAVAILABLE, as Berty does"}

/* What the options borrow. */
struct node_options {
	const char ** listeners;
	const char ** swarm;
	const char ** static_peers;
	const char ** origins;
};

/*
 * Fill what the flags of NODE_FLAGS say, and the log on stderr.  listeners: of
 * the API; NULL: none.  0, or negative with run->err set; node_options_free
 * either way.
 */
int node_options_fill(struct run * run, const char * listeners,
    struct berty_daemon_options * o, struct node_options * b);
void node_options_free(struct node_options * b);

/* Be a process that runs for long: memory goes back after a flood. */
void node_options_long_run(void);

#endif /* !BERTY_CMD_NODE_OPTIONS_H */
