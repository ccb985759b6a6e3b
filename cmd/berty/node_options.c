#include "node_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "log_flags.h"

/* --- sizes -------------------------------------------------------------- */

static int
read_size(struct run * run, const char * name, uint64_t * size)
{
	static const char units[] = "KMG";
	const char * text = flags_text(&run->flags, name), * unit;
	uint64_t n = 0;
	const char * p;
	int shift = 0;

	/* Ten digits and a G are less than 2^64. */
	for (p = text; *p >= '0' && *p <= '9' && n < 1000000000; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (*p != '\0' && (unit = strchr(units, *p)) != NULL) {
		shift = 10 * (int)(unit - units + 1);
		p++;
	}
	if (n == 0 || *p != '\0')
		return (error_set(&run->err, ERR_INVALID_INPUT, "-%s is a "
		    "number of bytes, as 500M, from 1 to 9999999999G, not "
		    "'%.40s'", name, text));
	*size = n << shift;
	return (0);
}

/* --- options ------------------------------------------------------------ */

/* `:default:` in a list stands for what is listened on by default. */
static const char **
swarm_list(const char * text)
{
	static const char keyword[] = ":default:";
	const char * at = strstr(text, keyword);
	struct buffer whole = {0};
	const char ** list;

	buffer_append(&whole, text, at == NULL ? strlen(text)
	    : (size_t)(at - text));
	if (at != NULL) {
		buffer_text(&whole, SWARM_DEFAULT);
		buffer_text(&whole, at + strlen(keyword));
	}
	buffer_byte(&whole, 0);
	list = whole.failed ? NULL : flags_list((char *)whole.p);
	buffer_free(&whole);
	return (list);
}

int
node_options_fill(struct run * run, const char * listeners,
    struct berty_daemon_options * o, struct node_options * b)
{
	const struct flags * f = &run->flags;
	int rc;

	if ((rc = log_flags_read(run, &o->log)) != 0 ||
	    (rc = read_size(run, "attachment.max",
	        &o->attachment_max)) != 0 ||
	    (rc = read_size(run, "attachment.cache",
	        &o->attachment_cache)) != 0)
		return (rc);
	if (listeners != NULL)
		b->listeners = flags_list(listeners);
	b->swarm = swarm_list(flags_text(f, "p2p.swarm-listeners"));
	b->static_peers = flags_list(flags_text(f, "p2p.static-peers"));
	if (flags_given(f, "node.web-origins"))
		b->origins = flags_list(flags_text(f, "node.web-origins"));
	if ((listeners != NULL && b->listeners == NULL) || b->swarm == NULL ||
	    b->static_peers == NULL ||
	    (flags_given(f, "node.web-origins") && b->origins == NULL))
		return (error_set(&run->err, ERR_INTERNAL, "out of memory"));
	o->listeners = b->listeners;
	o->swarm = b->swarm;
	o->static_peers = b->static_peers;
	o->web_origins = b->origins;
	o->token_file = flags_text(f, "node.token-file");
	o->tls_certificate = flags_text(f, "node.tls-certificate");
	o->tls_key = flags_text(f, "node.tls-key");
	o->web_ca_file = flags_text(f, "web.ca-file");
	o->services_insecure = flags_on(f, "node.service-insecure");
	o->security = flags_text(f, "p2p.security");
	o->mdns = flags_on(f, "p2p.mdns");
	o->local_records = flags_on(f, "p2p.tinder-localdiscovery-driver");
	o->networks = flags_text(f, "network");
	o->auto_activate = flags_on(f, "node.auto-activate");
	o->enable_requests = flags_on(f, "node.contact-requests");
	o->legacy_status = flags_on(f, "grpc.legacy-status");
	return (0);
}

void
node_options_free(struct node_options * b)
{
	free(b->listeners);
	free(b->swarm);
	free(b->static_peers);
	free(b->origins);
}

/*
 * A flood is over some time, and its memory is to go: glibc keeps what was freed
 * once large pieces were used, unless it is told how large they may be.
 */
void
node_options_long_run(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 256 * 1024);
#endif
}
