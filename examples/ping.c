/*
 * ping.c: round trips to any libp2p peer.  ping ADDRESS [COUNT], with an address
 * like /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…; without one it listens, and
 * prints where.
 */
#include <berty/p2p.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 32 };

static struct berty_p2p * host;
static int left = 5, status = 1;
static struct timespec sent;
static unsigned char out[SIZE], in[SIZE];
static size_t n_in;

static void
send_ping(berty_stream stream)
{
	int i;

	for (i = 0; i < SIZE; i++)
		out[i] = (unsigned char)rand();
	n_in = 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &sent);
	(void)berty_p2p_write(host, stream, out, SIZE);
}

static void
on_opened(void * user, berty_stream stream, const char * protocol)
{
	(void)user, (void)protocol;
	send_ping(stream);
}

static void
on_data(void * user, berty_stream stream, const void * bytes, size_t n)
{
	struct timespec now;

	(void)user;
	if (n > SIZE - n_in)
		n = SIZE - n_in;
	memcpy(in + n_in, bytes, n);
	if ((n_in += n) < SIZE)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (memcmp(in, out, SIZE) != 0) {
		fprintf(stderr, "ping: other bytes came back\n");
		berty_p2p_stop(host);
		return;
	}
	printf("%.3f ms\n", (double)(now.tv_sec - sent.tv_sec) * 1e3 +
	    (double)(now.tv_nsec - sent.tv_nsec) / 1e6);
	if (--left > 0) {
		send_ping(stream);
		return;
	}
	status = 0;
	berty_p2p_stop(host);
}

static void
on_closed(void * user, berty_stream stream, int code)
{
	(void)user, (void)stream;
	fprintf(stderr, "ping: the stream ended: %s\n",
	    code == 0 ? "by the peer" : berty_error_name(code));
	berty_p2p_stop(host);
}

static void
on_up(void * user, const char * peer)
{
	static const char * const protocols[] = {"/ipfs/ping/1.0.0", NULL};
	static const struct berty_p2p_handler handler = {
		.size = sizeof(handler), .opened = on_opened,
		.data = on_data, .closed = on_closed,
	};
	berty_stream stream;

	if (user == NULL)
		return;
	printf("connected to %s\n", peer);
	if (berty_p2p_open(host, peer, protocols, &handler, NULL, &stream) != 0)
		berty_p2p_stop(host);
}

static void
on_failed(void * user, const char * peer, int code)
{
	(void)user;
	fprintf(stderr, "ping: no connection to %s: %s\n", peer,
	    berty_error_name(code));
	berty_p2p_stop(host);
}

int
main(int argc, char ** argv)
{
	struct berty_p2p_config config = {.size = sizeof(config),
	    .user = argc > 1 ? argv : NULL, .up = on_up,
	    .failed = on_failed};
	struct berty_error err = {0};
	char address[BERTY_P2P_ADDRESS_SIZE];

	if (argc > 2)
		left = atoi(argv[2]);
	if (berty_p2p_new(&config, &host, &err) != 0) {
		fprintf(stderr, "ping: %s\n", err.text);
		return (1);
	}
	if (argc > 1 && berty_p2p_dial(host, argv[1]) != 0)
		fprintf(stderr, "ping: %s cannot be dialled\n", argv[1]);
	else if (argc > 1)
		(void)berty_p2p_run(host, 30000);
	else if (berty_p2p_listen(host, "/ip4/127.0.0.1/tcp/0", &err) == 0 &&
	    berty_p2p_address(host, 0, address, sizeof(address)) > 0) {
		printf("%s\n", address);
		(void)fflush(stdout);
		(void)berty_p2p_run(host, -1);
	}
	berty_p2p_free(host);
	return (status);
}
