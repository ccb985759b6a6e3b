#include "p2p/mdns_service.h"

#include <stdio.h>

#include "base/reader.h"

/* Bytes of addresses: with them the packet fits a link of 1,280 or more. */
#define TEXT_MAX 1000

/* Nobody is reached there: it is a matter of form.  Source: go-libp2p. */
#define PORT 4001

/* Those who do not speak multicast shall not keep an answer for long. */
#define REPLY_TTL 10

/* 32 to 63 letters and digits. */
static void
random_name(struct world * w, char text[64])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t dice[64];
	size_t i, n;

	world_random(w, dice, sizeof(dice));
	n = 32 + dice[63] % 32;
	for (i = 0; i < n; i++)
		text[i] = alphabet[dice[i] % 36];
	text[n] = '\0';
}

void
mdns_service_init(struct mdns_service * s, struct world * w)
{
	char name[64], full[64 + sizeof("._p2p._udp.local")];

	*s = (struct mdns_service){0};
	random_name(w, name);
	(void)mdns_name_of(&s->service, "_p2p._udp.local");
	(void)mdns_name_of(&s->meta, "_services._dns-sd._udp.local");
	(void)snprintf(full, sizeof(full), "%s._p2p._udp.local", name);
	(void)mdns_name_of(&s->instance, full);
	(void)snprintf(full, sizeof(full), "%s.local", name);
	(void)mdns_name_of(&s->host, full);
}

void
mdns_service_free(struct mdns_service * s)
{
	buffer_free(&s->text);
	buffer_free(&s->ip4);
	buffer_free(&s->ip6);
}

/* --- addresses ---------------------------------------------------------- */

bool
mdns_is_loopback(const struct multiaddr_part * ip)
{
	static const uint8_t one[16] = {[15] = 1};

	if (ip->code == MA_IP4)
		return (ip->value.p[0] == 127);
	return (ip->code == MA_IP6 && memcmp(ip->value.p, one, 16) == 0);
}

/* An address of IP without a zone, and not of one link alone. */
static bool
is_wanted(struct slice multiaddr, struct multiaddr_part * ip)
{
	if (multiaddr_next(&multiaddr, ip) != 1)
		return (false);
	if (ip->code == MA_IP4)
		return (true);
	return (ip->code == MA_IP6 && (ip->value.p[0] != 0xfe ||
	    (ip->value.p[1] & 0xc0) != 0x80));
}

static void
add_address(struct mdns_service * s, struct slice multiaddr,
    const struct multiaddr_part * ip)
{
	struct buffer * first = ip->code == MA_IP4 ? &s->ip4 : &s->ip6;
	struct buffer string = {0};

	buffer_text(&string, "dnsaddr=");
	if (multiaddr_encode(&string, multiaddr) == 0 && !string.failed &&
	    s->text.n + 1 + string.n <= TEXT_MAX &&
	    mdns_write_text(&s->text, buffer_all(&string)) && first->n == 0)
		buffer_slice(first, ip->value);
	buffer_free(&string);
}

static void
add_addresses(struct mdns_service * s, struct slice addresses, bool loopback)
{
	struct reader r = reader_of(addresses);
	struct multiaddr_part ip;
	struct slice multiaddr;

	while (r.n > 0) {
		multiaddr = reader_prefixed(&r, MULTIADDR_MAX);
		if (!r.failed && is_wanted(multiaddr, &ip) &&
		    mdns_is_loopback(&ip) == loopback)
			add_address(s, multiaddr, &ip);
	}
}

void
mdns_service_set(struct mdns_service * s, struct slice addresses)
{
	buffer_clear(&s->text);
	buffer_clear(&s->ip4);
	buffer_clear(&s->ip6);
	add_addresses(s, addresses, false);
	add_addresses(s, addresses, true);
}

bool
mdns_service_ready(const struct mdns_service * s)
{
	return (s->text.n > 0 && !s->text.failed);
}

/* --- questions ---------------------------------------------------------- */

static bool
wants(const struct mdns_question * q, enum mdns_type type)
{
	return (q->type == type || q->type == MDNS_ANY);
}

unsigned
mdns_service_asked(const struct mdns_service * s,
    const struct mdns_question * q)
{
	if (mdns_name_equal(&q->name, &s->service))
		return (wants(q, MDNS_PTR) ? MDNS_BROWSE : 0);
	if (mdns_name_equal(&q->name, &s->meta))
		return (wants(q, MDNS_PTR) ? MDNS_META : 0);
	if (mdns_name_equal(&q->name, &s->instance))
		return (wants(q, MDNS_SRV) || wants(q, MDNS_TXT)
		    ? MDNS_LOOKUP : 0);
	if (mdns_name_equal(&q->name, &s->host))
		return (wants(q, MDNS_A) || wants(q, MDNS_AAAA)
		    ? MDNS_LOOKUP : 0);
	return (0);
}

unsigned
mdns_service_known(const struct mdns_service * s,
    const struct mdns_record * r)
{
	if (r->section != MDNS_ANSWER || r->type != MDNS_PTR ||
	    r->ttl < MDNS_TTL / 2)
		return (0);
	if (mdns_name_equal(&r->name, &s->service) &&
	    mdns_name_equal(&r->target, &s->instance))
		return (MDNS_BROWSE);
	if (mdns_name_equal(&r->name, &s->meta) &&
	    mdns_name_equal(&r->target, &s->service))
		return (MDNS_META);
	return (0);
}

/* --- messages ----------------------------------------------------------- */

void
mdns_service_query(const struct mdns_service * s, struct buffer * out)
{
	struct mdns_writer w;

	mdns_write_begin(&w, out, 0, false);
	mdns_write_question(&w, &s->service, MDNS_PTR);
	mdns_write_end(&w);
}

static void
write_pointer(struct mdns_writer * w, const struct mdns_name * name,
    const struct mdns_name * target, uint32_t ttl)
{
	mdns_write_record(w, MDNS_ANSWER, name, MDNS_PTR, false, ttl,
	    slice_of(target->bytes, target->n));
}

static void
write_server(const struct mdns_service * s, struct mdns_writer * w,
    enum mdns_section section, uint32_t ttl, bool flush)
{
	struct buffer data = {0};

	buffer_be32(&data, 0);
	buffer_be16(&data, PORT);
	buffer_append(&data, s->host.bytes, s->host.n);
	w->out->failed |= data.failed;
	mdns_write_record(w, section, &s->instance, MDNS_SRV, flush, ttl,
	    buffer_all(&data));
	buffer_free(&data);
}

/*
 * What there is to know of this host: everything, whatever was asked, as Go
 * passes over an answer that lacks any of it.
 */
static void
write_host(const struct mdns_service * s, struct mdns_writer * w,
    enum mdns_section section, uint32_t ttl, bool flush)
{
	uint32_t ttl_ip = ttl < MDNS_TTL_IP ? ttl : MDNS_TTL_IP;

	write_server(s, w, section, ttl, flush);
	mdns_write_record(w, section, &s->instance, MDNS_TXT, flush, ttl,
	    buffer_all(&s->text));
	if (s->ip4.n > 0)
		mdns_write_record(w, section, &s->host, MDNS_A, flush, ttl_ip,
		    buffer_all(&s->ip4));
	if (s->ip6.n > 0)
		mdns_write_record(w, section, &s->host, MDNS_AAAA, flush,
		    ttl_ip, buffer_all(&s->ip6));
}

static void
write_answers(const struct mdns_service * s, struct mdns_writer * w,
    unsigned what, uint32_t ttl, bool flush)
{
	if ((what & MDNS_META) != 0)
		write_pointer(w, &s->meta, &s->service, ttl);
	if ((what & (MDNS_BROWSE | MDNS_LOOKUP)) == 0)
		return;
	write_pointer(w, &s->service, &s->instance, ttl);
	write_host(s, w, (what & MDNS_LOOKUP) != 0 ? MDNS_ANSWER
	    : MDNS_ADDITIONAL, ttl, flush);
}

void
mdns_service_answer(const struct mdns_service * s, struct buffer * out,
    unsigned what, uint32_t ttl, bool flush)
{
	struct mdns_writer w;

	mdns_write_begin(&w, out, 0, true);
	write_answers(s, &w, what, ttl, flush);
	mdns_write_end(&w);
}

void
mdns_service_reply(const struct mdns_service * s, struct buffer * out,
    unsigned what, uint16_t id, const struct mdns_question * q)
{
	struct mdns_writer w;

	mdns_write_begin(&w, out, id, true);
	mdns_write_question(&w, &q->name, (enum mdns_type)q->type);
	write_answers(s, &w, what, REPLY_TTL, false);
	mdns_write_end(&w);
}
