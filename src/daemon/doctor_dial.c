/* doctor_dial.c: connections of libp2p to where a node listens, or would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "daemon/doctor.h"
#include "p2p/host.h"
#include "version/version.h"
#include "world/os/world_os.h"

/* How long one dial may take, ms. */
#define DIAL_MS 8000

static const char blocked[] = "a firewall or a namespace may keep this "
    "machine from itself; others will not get through either";
static const char taken[] = "stop the program that holds the port, or name "
    "other addresses with -p2p.swarm-listeners (port 0: any that is free; no "
    "/ip6 on a machine without IPv6)";

/* A host that dials one address after the other. */
struct dialler {
	const struct doctor * d;
	struct world * w;
	struct host * h;
	struct host_watcher watcher;
	struct world_timer timer;
	struct peer_id peer;      /* who answered; n = 0: nobody */
	bool failed;
	unsigned good, bad;
};

static struct host *
make_host(struct world * w)
{
	struct host_config config = {.agent = version_agent()};
	uint8_t seed[SEED_SIZE];
	struct host * h;

	world_random(w, seed, sizeof(seed));
	ed25519_from_seed(&config.key, seed);
	h = host_new(w, &config);
	crypto_wipe(seed, sizeof(seed));
	crypto_wipe(&config.key, sizeof(config.key));
	return (h);
}

static void
on_identified(void * user, const struct peer_id * peer)
{
	struct dialler * dialler = user;

	dialler->peer = *peer;
	world_os_stop(dialler->w);
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{
	struct dialler * dialler = user;

	(void)peer;
	(void)status;
	dialler->failed = true;
	world_os_stop(dialler->w);
}

static void
on_timer(struct world_timer * timer)
{
	struct dialler * dialler = list_entry(timer, struct dialler, timer);

	dialler->failed = true;
	world_os_stop(dialler->w);
}

static void
dial(struct dialler * dialler, struct slice address)
{
	struct buffer text = {0};
	uint64_t start;

	dialler->peer.n = 0;
	dialler->failed = false;
	start = world_now(dialler->w);
	(void)world_timer_start(dialler->w, &dialler->timer, DIAL_MS);
	if (host_connect_address(dialler->h, address) == 0)
		while (dialler->peer.n == 0 && !dialler->failed)
			world_os_run(dialler->w);
	world_timer_stop(dialler->w, &dialler->timer);
	if (multiaddr_encode(&text, address) != 0)
		buffer_text(&text, "?");
	buffer_byte(&text, 0);
	if (dialler->peer.n > 0) {
		dialler->good++;
		doctor_say(dialler->d, "listener", DOCTOR_OK, "",
		    "%s answers: handshake and identify in %llu ms",
		    (char *)text.p, (unsigned long long)(
		    world_now(dialler->w) - start));
		/* The next address is to be dialled as well. */
		host_disconnect(dialler->h, &dialler->peer);
	} else {
		dialler->bad++;
		doctor_say(dialler->d, "listener", DOCTOR_WARN, blocked,
		    "%s does not answer this machine", (char *)text.p);
	}
	buffer_free(&text);
}

static bool
dialler_open(struct dialler * dialler, const struct doctor * d,
    struct world * w)
{
	*dialler = (struct dialler){.d = d, .w = w};
	if (w == NULL || crypto_setup() != 0 ||
	    (dialler->h = make_host(w)) == NULL) {
		doctor_say(d, "listener", DOCTOR_FAIL, "", "out of memory");
		return (false);
	}
	dialler->timer.fire = on_timer;
	dialler->watcher = (struct host_watcher){.identified = on_identified,
	    .failed = on_failed, .user = dialler};
	host_watch(dialler->h, &dialler->watcher);
	return (true);
}

static void
dialler_close(struct dialler * dialler)
{
	if (dialler->good == 0 && dialler->bad > 0)
		doctor_say(dialler->d, "listener", DOCTOR_FAIL, blocked,
		    "no address of the node can be reached");
	host_free(dialler->h);
}

void
doctor_dial(const struct doctor * d, const char * const * addresses)
{
	struct world * w = world_os_new(NULL);
	struct buffer bytes = {0};
	struct dialler dialler;

	if (!dialler_open(&dialler, d, w))
		goto err0;
	if (*addresses == NULL)
		doctor_say(d, "listener", DOCTOR_WARN, "start the node with "
		    "-p2p.swarm-listeners :default:", "the node listens "
		    "nowhere: others cannot dial it");
	for (; *addresses != NULL; addresses++) {
		buffer_clear(&bytes);
		if (multiaddr_decode(&bytes, slice_text(*addresses)) == 0)
			dial(&dialler, buffer_all(&bytes));
	}
	dialler_close(&dialler);
	buffer_free(&bytes);

err0:
	if (w != NULL)
		world_os_free(w);
}

/* --- without a node --------------------------------------------------------- */

static bool
listen_at(const struct doctor * d, struct host * h, const char * text)
{
	struct buffer bytes = {0};
	struct error err = {0};
	bool ok;

	ok = multiaddr_decode(&bytes, slice_text(text)) == 0;
	if (!ok)
		doctor_say(d, "listener", DOCTOR_FAIL, "write "
		    "/ip4/0.0.0.0/tcp/0, say", "%s is no address to listen "
		    "on", text);
	else if (host_listen(h, buffer_all(&bytes), &err) != 0) {
		ok = false;
		doctor_say(d, "listener", DOCTOR_FAIL, taken,
		    "%s cannot be listened on: %s", text, err.text);
	}
	buffer_free(&bytes);
	return (ok);
}

void
doctor_listen(const struct doctor * d, const char * const * listeners)
{
	struct world * w = world_os_new(NULL);
	struct buffer addresses = {0};
	struct host * listener = NULL;
	struct dialler dialler;
	struct reader r;
	bool any = false;

	if (!dialler_open(&dialler, d, w))
		goto err0;
	if ((listener = make_host(w)) != NULL)
		for (; *listeners != NULL; listeners++)
			any |= listen_at(d, listener, *listeners);
	if (any) {
		host_addresses(listener, &addresses, true);
		r = reader_of(buffer_all(&addresses));
		while (r.n > 0 && !r.failed)
			dial(&dialler, reader_prefixed(&r, MULTIADDR_MAX));
	}
	dialler_close(&dialler);
	host_free(listener);
	buffer_free(&addresses);

err0:
	if (w != NULL)
		world_os_free(w);
}
