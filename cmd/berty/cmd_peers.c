/* cmd_peers.c: `berty peers`, whom the node knows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "output.h"
#include "json/proto_json.h"
#include "refresh.h"

static const struct flag peers_flags[] = {
	{"peers.refresh", "TIME", "0", "print again each so often (2s, 1m; 0: "
	    "once)"},
	{0},
};

static const char help[] =
"The nodes that yours is connected to, then those it knows an address of.\n"
"The direction is `in` when the other one dialled, `out` when we did.\n"
"\n"
"  berty peers\n"
"  berty peers -peers.refresh 1s\n"
"  berty peers -json | jq -r '.peers[] | select(.isActive) | .id'\n";

static const char * const directions[] = {"", "in", "out", "both"};
static const char * const features[] = {NULL, "berty", "ble", "local", "tor",
    "quic"};

typedef PB(PeerList__Peer) peer_t;
typedef PB(PeerList__Route) route_t;

static void
print_features(const peer_t * peer)
{
	size_t i, shown = 0;

	for (i = 0; i < peer->n_features; i++) {
		unsigned f = (unsigned)peer->features[i];

		if (f < 1 || f >= sizeof(features) / sizeof(features[0]))
			continue;
		printf("%s%s", shown++ > 0 ? "," : "", features[f]);
	}
}

static void
print_route(const route_t * route)
{
	printf("    %-5s", directions[(unsigned)route->direction & 3]);
	if (route->latency > 0)
		printf(" %5" PRId64 " ms", route->latency);
	else
		printf("         ");
	if (route->is_active)
		printf("  %3zu streams  ", route->n_streams);
	else
		printf("   not in use  ");
	output_safe(slice_text(route->address));
	putchar('\n');
}

static void
print_peer(const peer_t * peer)
{
	size_t i;

	output_safe(slice_text(peer->id));
	printf("  %s", peer->is_active ? "connected" : "known");
	if (peer->n_features > 0) {
		printf("  ");
		print_features(peer);
	}
	putchar('\n');
	for (i = 0; i < peer->n_routes; i++)
		print_route(peer->routes[i]);
	for (i = 0; i < peer->n_errors; i++) {
		printf("    ");
		output_safe(slice_text(peer->errors[i]));
		putchar('\n');
	}
}

static void
print_table(const PB(PeerList__Reply) * list)
{
	size_t i, active = 0;

	for (i = 0; i < list->n_peers; i++)
		active += list->peers[i]->is_active ? 1 : 0;
	printf("%zu connected, %zu more known\n", active,
	    list->n_peers - active);
	for (i = 0; i < list->n_peers; i++)
		if (list->peers[i]->is_active)
			print_peer(list->peers[i]);
	for (i = 0; i < list->n_peers; i++)
		if (!list->peers[i]->is_active)
			print_peer(list->peers[i]);
}

static int
once(struct run * run)
{
	PB(PeerList__Request) request = PB_INIT(PEER_LIST__REQUEST);
	struct client c;
	void * reply;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	rc = client_call(&c, "PeerList", &request,
	    PB_TYPE(peer_list__reply), &reply);
	if (rc == 0) {
		if (run->json)
			output_json(proto_json(reply, PROTO_JSON_MAPPED));
		else
			print_table(reply);
		protobuf_free(reply);
	}
	client_close(&c);
	return (rc);
}

static int
run_peers(struct run * run)
{
	return (refresh_run(run, "peers.refresh", once));
}

const struct command command_peers = {
	.name = "peers", .arguments = "",
	.summary = "List the nodes that yours is connected to or knows",
	.help = help, .flags = peers_flags, .run = run_peers,
};
