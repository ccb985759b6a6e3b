/* doctor_network.c: this machine's addresses, multicast, and the API. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "codec/multiaddr.h"
#include "daemon/doctor.h"
#include "server/grpc_address.h"
#include "world/os/world_os.h"

enum { LINKS = 32, ADDRESSES = 64, HEAR_MS = 1500 };

/* --- addresses -------------------------------------------------------------- */

static bool
is_loopback(const struct world_address * a)
{
	static const uint8_t one[16] = {[15] = 1};

	return (a->v6 ? memcmp(a->ip, one, 16) == 0 : a->ip[0] == 127);
}

static void
as_multiaddr(struct buffer * out, const struct world_address * a)
{
	struct multiaddr_tcp tcp = {.v6 = a->v6, .port = 1};

	memcpy(tcp.ip, a->ip, sizeof(tcp.ip));
	multiaddr_from_tcp(out, &tcp);
}

/* "192.168.1.5 (private)" behind what is there. */
static bool
add_address(struct buffer * text, const struct world_address * a)
{
	struct buffer bytes = {0}, whole = {0};
	bool public;
	size_t n;

	as_multiaddr(&bytes, a);
	public = !multiaddr_is_private(buffer_all(&bytes));
	if (multiaddr_encode(&whole, buffer_all(&bytes)) == 0) {
		/* Less /ip4/ and /tcp/1. */
		n = whole.n - strlen("/ip4/") - strlen("/tcp/1");
		buffer_printf(text, "%s%.*s (%s)", text->n > 0 ? ", " : "",
		    (int)n, (char *)whole.p + strlen("/ip4/"),
		    public ? "public" : "private");
	}
	buffer_free(&bytes);
	buffer_free(&whole);
	return (public);
}

void
doctor_interfaces(const struct doctor * d)
{
	struct world_address list[ADDRESSES];
	struct world * w = world_os_new(NULL);
	struct buffer text = {0};
	bool public = false;
	size_t i, n;

	if (w == NULL)
		return;
	n = world_interfaces(w, list, ADDRESSES);
	for (i = 0; i < n; i++)
		if (!is_loopback(&list[i]) && text.n < 400)
			public |= add_address(&text, &list[i]);
	buffer_byte(&text, 0);
	if (text.n == 1)
		doctor_say(d, "addresses", DOCTOR_WARN, "connect the machine "
		    "to a network", "this machine has no address but its own "
		    "loopback");
	else if (public)
		doctor_say(d, "addresses", DOCTOR_OK, "", "%s",
		    (char *)text.p);
	else
		doctor_say(d, "addresses", DOCTOR_OK, "", "%s: nodes outside "
		    "cannot dial this one, unless a router hands the port on; "
		    "it dials them", (char *)text.p);
	buffer_free(&text);
	world_os_free(w);
}

/* --- multicast -------------------------------------------------------------- */

struct hearing {
	struct world * w;
	uint8_t probe[16];
	unsigned spoken, heard;
	bool answered[LINKS];
	struct world_timer timer;
};

struct ear {
	struct hearing * all;
	struct world_udp * udp;
	size_t at;
};

static void
on_datagram(void * user, const struct world_address * from, struct slice bytes)
{
	struct ear * ear = user;
	struct hearing * all = ear->all;

	(void)from;
	if (bytes.n != sizeof(all->probe) + 1 ||
	    memcmp(bytes.p, all->probe, sizeof(all->probe)) != 0 ||
	    bytes.p[sizeof(all->probe)] != ear->at || all->answered[ear->at])
		return;
	all->answered[ear->at] = true;
	if (++all->heard == all->spoken)
		world_os_stop(all->w);
}

static void
on_timer(struct world_timer * timer)
{
	world_os_stop(list_entry(timer, struct hearing, timer)->w);
}

/*
 * Join the group of mDNS on a port of our own, so as to disturb nobody, and say
 * something there.  False: cannot join, or cannot send.
 */
static bool
speak(struct ear * ear, const struct world_link * link, uint16_t port)
{
	static const uint8_t groups[2][16] = {{224, 0, 0, 251},
	    {0xff, 0x02, [15] = 0xfb}};
	struct world_udp_config config = {.link = link->index};
	uint8_t message[sizeof(ear->all->probe) + 1];

	config.at.v6 = link->at.v6;
	config.at.port = port;
	memcpy(config.at.ip, groups[link->at.v6 ? 1 : 0], 16);
	if (link->at.v6)
		config.at.zone = link->index;
	if (world_udp_open(ear->all->w, &config, on_datagram, ear, &ear->udp,
	    NULL) != 0)
		return (false);
	memcpy(message, ear->all->probe, sizeof(ear->all->probe));
	message[sizeof(message) - 1] = (uint8_t)ear->at;
	return (world_udp_send(ear->all->w, ear->udp, &config.at,
	    slice_of(message, sizeof(message))) == 0);
}

static void
tell_multicast(const struct doctor * d, unsigned links, unsigned heard)
{
	static const char remedy[] = "let multicast (224.0.0.251 and ff02::fb, "
	    "UDP 5353) through the firewall; without it, nodes in one network "
	    "need addresses in their links";

	if (links == 0)
		doctor_say(d, "multicast", DOCTOR_WARN, remedy,
		    "no network of this machine carries multicast");
	else if (heard == 0)
		doctor_say(d, "multicast", DOCTOR_WARN, remedy,
		    "multicast does not come back: mDNS finds nobody");
	else
		doctor_say(d, "multicast", DOCTOR_OK, "", "mDNS can hear "
		    "itself on %u of %u links", heard, links);
}

void
doctor_multicast(const struct doctor * d)
{
	struct hearing all = {.w = world_os_new(NULL)};
	struct world_link links[LINKS];
	struct ear ears[LINKS] = {{0}};
	unsigned tried = 0;
	uint16_t port;
	size_t i, n;

	if (all.w == NULL)
		return;
	world_random(all.w, all.probe, sizeof(all.probe));
	world_random(all.w, (uint8_t *)&port, sizeof(port));
	n = world_links(all.w, links, LINKS);
	for (i = 0; i < n; i++) {
		ears[i] = (struct ear){&all, NULL, i};
		if (links[i].loopback)
			continue;
		tried++;
		if (speak(&ears[i], &links[i],
		    (uint16_t)(49152 + port % 16384)))
			all.spoken++;
	}
	all.timer.fire = on_timer;
	(void)world_timer_start(all.w, &all.timer, HEAR_MS);
	if (all.spoken > 0)
		world_os_run(all.w);
	world_timer_stop(all.w, &all.timer);
	tell_multicast(d, tried, all.heard);
	for (i = 0; i < n; i++)
		if (ears[i].udp != NULL)
			world_udp_close(all.w, ears[i].udp);
	world_os_free(all.w);
}

/* --- the API ---------------------------------------------------------------- */

void
doctor_api(const struct doctor * d, const char * address, bool token)
{
	struct grpc_address at;
	struct error err = {0};
	struct stat st;

	if (grpc_address_parse(address, &at, &err) != 0)
		return;
	if (!at.local) {
		if (token && (at.tls || grpc_address_is_loopback(&at)))
			doctor_say(d, "API", DOCTOR_OK, "", "the node answers "
			    "at %s, and was shown a token", address);
		else if (grpc_address_is_loopback(&at))
			doctor_say(d, "API", DOCTOR_WARN, "serve a socket file "
			    "instead (-node.listeners /unix/PATH), or name a "
			    "file of tokens (-node.token-file FILE): whoever "
			    "reaches the API is you", "every user of this "
			    "machine reaches the API at %s", address);
		else
			doctor_say(d, "API", DOCTOR_WARN, "serve it over "
			    "TLS (/tls) and with -node.token-file, or to this "
			    "machine alone", "the API at %s is open to other machines",
			    address);
		return;
	}
	if (stat(at.path, &st) != 0 || (st.st_mode & 077) == 0)
		doctor_say(d, "API", DOCTOR_OK, "",
		    "the node answers at %s, and only its owner gets in",
		    address);
	else
		doctor_say(d, "API", DOCTOR_FAIL, "chmod 600 it: whoever "
		    "reaches the API is you", "others may use the API: %s has "
		    "mode %04o", at.path, (unsigned)st.st_mode & 07777U);
}

static void
drop(void * user, struct world_tcp * tcp, const struct world_address * from)
{
	(void)from;
	world_tcp_close(user, tcp);
}

void
doctor_api_free(const struct doctor * d, const char * address)
{
	struct world * w = world_os_new(NULL);
	struct world_listener * listener;
	struct buffer bytes = {0}, text = {0};
	struct multiaddr_tcp tcp;
	struct world_address where = {0}, bound;
	struct grpc_address at;
	struct error err = {0};

	if (w == NULL)
		return;
	if (grpc_address_parse(address, &at, &err) != 0) {
		doctor_say(d, "API", DOCTOR_FAIL, "write /unix/PATH or "
		    "/ip4/127.0.0.1/tcp/PORT", "%s", err.text);
		goto out;
	}
	if (at.local)
		goto out;
	buffer_printf(&text, "/ip%c/%s/tcp/%u", strchr(at.host, ':') != NULL
	    ? '6' : '4', at.host, (unsigned)at.port);
	/* A name is resolved when it is served. */
	if (multiaddr_decode(&bytes, buffer_all(&text)) != 0 ||
	    multiaddr_to_tcp(buffer_all(&bytes), &tcp) != 0)
		goto out;
	where.v6 = tcp.v6;
	where.port = tcp.port;
	memcpy(where.ip, tcp.ip, sizeof(where.ip));
	if (world_listen(w, &where, drop, w, &listener, &bound) == 0) {
		world_listener_close(w, listener);
		doctor_say(d, "API", DOCTOR_OK, "", "%s is free", address);
	} else
		doctor_say(d, "API", DOCTOR_FAIL, "stop the program that holds "
		    "the port, or name another with -node.listeners",
		    "%s cannot be listened on", address);

out:
	buffer_free(&text);
	buffer_free(&bytes);
	world_os_free(w);
}
