/* p2p_public.c: a libp2p host for programs that want no more than that. */
#include "public/p2p/p2p_public.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/logger_public.h"
#include "base/reader.h"
#include "public/world/public_config.h"
#include "public/world/supplied.h"
#include "version/version.h"
#include "world/os/world_os.h"

/* --- peers come and go ---------------------------------------------------- */

static void
on_up(void * user, const struct peer_id * peer)
{
	struct berty_p2p * p = user;

	if (p->config.up != NULL)
		p->config.up(p->config.user, peer_id_show(peer).text);
}

static void
on_down(void * user, const struct peer_id * peer)
{
	struct berty_p2p * p = user;

	if (p->config.down != NULL)
		p->config.down(p->config.user, peer_id_show(peer).text);
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{
	struct berty_p2p * p = user;

	if (p->config.failed != NULL)
		p->config.failed(p->config.user, peer->n == 0 ? "" :
		    peer_id_show(peer).text, status);
}

/* --- a host --------------------------------------------------------------- */

/* A timer that is armed keeps the loop from ending for want of work. */
enum { ENDLESS_MS = 1 << 30 };

static void
expired(struct world_timer * timer)
{
	struct berty_p2p * p = list_entry(timer, struct berty_p2p, deadline);

	if (!p->endless ||
	    world_timer_start(p->world, timer, ENDLESS_MS) != 0)
		world_os_stop(p->world);
}

static int
host_setup(struct berty_p2p * p)
{
	struct host_config config = {
		.agent = p->config.agent == NULL ? version_agent() :
		    p->config.agent,
		.security = p->config.security,
	};
	uint8_t seed[32];

	if (p->config.key != NULL)
		memcpy(seed, p->config.key, sizeof(seed));
	else
		world_random(p->world, seed, sizeof(seed));
	ed25519_from_seed(&config.key, seed);
	p->host = host_new(p->world, &config);
	crypto_wipe(seed, sizeof(seed));
	crypto_wipe(&config.key, sizeof(config.key));
	if (p->host == NULL)
		return (-ERR_INTERNAL);
	p->watcher = (struct host_watcher){.up = on_up, .down = on_down,
	    .failed = on_failed, .user = p};
	host_watch(p->host, &p->watcher);
	(void)snprintf(p->id, sizeof(p->id), "%s",
	    peer_id_show(host_id(p->host)).text);
	/* Borrowed from the caller, who may free them now. */
	p->config.key = NULL;
	p->config.agent = NULL;
	return (0);
}

int
berty_p2p_new(const struct berty_p2p_config * config,
    struct berty_p2p ** host, struct berty_error * err)
{
	struct error e = {.n = 1, .code = {ERR_INTERNAL},
	    .text = "out of memory or of descriptors"};
	struct berty_p2p * p;

	if (crypto_setup() != 0 || (p = calloc(1, sizeof(*p))) == NULL)
		goto err0;
	if (!public_config(&p->config, sizeof(p->config), config,
	    sizeof(size_t)) ||
	    (p->config.security & ~(unsigned)(HOST_NOISE | HOST_TLS)) != 0) {
		free(p);
		(void)error_set(&e, ERR_INVALID_INPUT, "berty_p2p_config: its "
		    "size is of no version, or an unknown security");
		return (error_export(err, &e, -ERR_INVALID_INPUT));
	}
	p->host_log = p->config.log;
	p->log = logger_import(&p->host_log);
	p->deadline.fire = expired;
	p->supplied = p->config.world != NULL;
	list_init(&p->served);
	p->world = p->supplied ? supplied_new(p->config.world, &p->log) :
	    world_os_new(&p->log);
	if (p->world == NULL)
		goto err1;
	if (host_setup(p) != 0)
		goto err2;
	*host = p;
	return (0);

err2:
	if (p->supplied)
		supplied_free(p->world);
	else
		world_os_free(p->world);
err1:
	free(p);
err0:
	return (error_export(err, &e, -ERR_INTERNAL));
}

void
berty_p2p_free(struct berty_p2p * p)
{
	if (p == NULL)
		return;
	host_unwatch(p->host, &p->watcher);
	host_free(p->host);
	p2p_streams_free(p);
	world_timer_stop(p->world, &p->deadline);
	if (p->supplied)
		supplied_free(p->world);
	else
		world_os_free(p->world);
	free(p);
}

/* --- running -------------------------------------------------------------- */

int
berty_p2p_run(struct berty_p2p * p, int ms)
{
	if (p->supplied)
		return (-ERR_INVALID_INPUT);
	p->endless = ms < 0;
	if (world_timer_start(p->world, &p->deadline,
	    ms < 0 ? ENDLESS_MS : (uint64_t)ms) != 0)
		return (-ERR_INTERNAL);
	world_os_run(p->world);
	world_timer_stop(p->world, &p->deadline);
	return (0);
}

void
berty_p2p_stop(struct berty_p2p * p)
{
	if (!p->supplied)
		world_os_stop(p->world);
}

int
berty_p2p_fd(struct berty_p2p * p)
{
	return (p->supplied ? -ERR_INVALID_INPUT : world_os_fd(p->world));
}

int
berty_p2p_timeout_ms(struct berty_p2p * p)
{
	return (p->supplied ? -1 : world_os_timeout(p->world));
}

int
berty_p2p_turn(struct berty_p2p * p)
{
	if (p->supplied)
		return (-ERR_INVALID_INPUT);
	world_os_turn(p->world);
	return (0);
}

/* --- addresses and peers -------------------------------------------------- */

const char *
berty_p2p_id(const struct berty_p2p * p)
{
	return (p->id);
}

int
berty_p2p_listen(struct berty_p2p * p, const char * address,
    struct berty_error * err)
{
	struct buffer bytes = {0};
	struct error e = {0};
	int rc;

	if (multiaddr_decode(&bytes, slice_text(address)) != 0)
		rc = error_set(&e, ERR_INVALID_INPUT,
		    "'%.80s' is no multiaddr", address);
	else
		rc = host_listen(p->host, buffer_all(&bytes), &e);
	buffer_free(&bytes);
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

int
berty_p2p_address(struct berty_p2p * p, size_t i, char * text, size_t size)
{
	struct buffer all = {0}, one = {0};
	struct slice s = {0};
	int rc = -ERR_NOT_FOUND;
	struct reader r;

	host_addresses(p->host, &all, true);
	r = reader_of(buffer_all(&all));
	while (r.n > 0 && !r.failed) {
		s = reader_prefixed(&r, MULTIADDR_MAX);
		if (i-- == 0)
			break;
		s.n = 0;
	}
	if (s.n > 0 && multiaddr_encode(&one, s) == 0) {
		buffer_byte(&one, 0);
		if (!one.failed) {
			(void)snprintf(text, size, "%s", (char *)one.p);
			rc = (int)one.n - 1;
		}
	}
	buffer_free(&all);
	buffer_free(&one);
	return (rc);
}

int
berty_p2p_dial(struct berty_p2p * p, const char * address)
{
	struct buffer bytes = {0};
	struct multiaddr_tcp tcp;
	int rc = -ERR_INVALID_INPUT;

	if (multiaddr_decode(&bytes, slice_text(address)) != 0 ||
	    multiaddr_to_tcp(buffer_all(&bytes), &tcp) != 0)
		goto out;
	if (tcp.peer.n == 0)
		rc = host_connect_address(p->host, buffer_all(&bytes));
	else {
		host_learn(p->host, &tcp.peer, buffer_all(&bytes),
		    UINT64_MAX);
		rc = host_connect(p->host, &tcp.peer);
	}

out:
	buffer_free(&bytes);
	return (rc);
}

int
berty_p2p_disconnect(struct berty_p2p * p, const char * peer)
{
	struct peer_id id;

	if (peer_id_decode(&id, slice_text(peer)) != 0)
		return (-ERR_INVALID_INPUT);
	host_disconnect(p->host, &id);
	return (0);
}
