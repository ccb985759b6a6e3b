#include "peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/reader.h"
#include "codec/multibase.h"
#include "world/os/world_os.h"

/* A dial that has not come to its end. */
struct dialling {
	struct list place;
	struct peer_id to;
	char id[];
};

/* --- answers -------------------------------------------------------------- */

static void
answer(const char * id, const char * kind, const char * format, va_list ap)
{
	printf("%s %s ", id, kind);
	vprintf(format, ap);
	putchar('\n');
	fflush(stdout);
}

void
peer_ok(const char * id, const char * format, ...)
{
	va_list ap;

	va_start(ap, format);
	answer(id, "ok", format, ap);
	va_end(ap);
}

void
peer_err(const char * id, const char * format, ...)
{
	va_list ap;

	va_start(ap, format);
	answer(id, "err", format, ap);
	va_end(ap);
}

/* --- words ---------------------------------------------------------------- */

bool
peer_number(const struct line * l, unsigned at, uint64_t * n)
{
	char * end = NULL;

	if (at < l->n)
		*n = strtoull(l->word[at], &end, 10);
	if (end != NULL && end != l->word[at] && *end == '\0')
		return (true);
	peer_err(l->word[0], "word %u is to be a number", at);
	return (false);
}

bool
peer_id_word(const struct line * l, unsigned at, struct peer_id * id)
{
	if (at < l->n && peer_id_decode(id, slice_text(l->word[at])) == 0)
		return (true);
	peer_err(l->word[0], "word %u is to be a peer id", at);
	return (false);
}

void
peer_pattern(uint8_t * p, size_t n, uint32_t seed)
{
	uint32_t x = seed;
	size_t i;

	for (i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
}

struct digest
peer_digest(struct slice data)
{
	struct buffer hex = {0};
	struct digest d = {""};
	struct cid cid;
	struct cid_parts parts;

	cid_of(&cid, CID_RAW, data);
	cid_split(&cid, &parts);
	hex_encode(&hex, slice_of(parts.digest.p, 8));
	if (!hex.failed)
		memcpy(d.text, hex.p, 16);
	buffer_free(&hex);
	return (d);
}

/* --- connections ---------------------------------------------------------- */

static void
dials_over(struct peer * p, const struct peer_id * id, int status)
{
	struct list * place, * following;

	list_each (place, following, &p->dials) {
		struct dialling * d =
		    list_entry(place, struct dialling, place);

		if (id->n != 0 && !peer_id_equal(&d->to, id))
			continue;
		if (status == 0)
			peer_ok(d->id, "%s", peer_id_show(id).text);
		else
			peer_err(d->id, "%s", error_name(-status));
		list_remove(&d->place);
		free(d);
	}
}

static void
on_up(void * user, const struct peer_id * id)
{
	dials_over(user, id, 0);
}

static void
on_failed(void * user, const struct peer_id * id, int status)
{
	dials_over(user, id, status);
}

static void
do_dial(struct peer * p, const struct line * l)
{
	struct buffer address = {0};
	struct multiaddr_tcp tcp;
	struct dialling * d;

	if (l->n < 3 ||
	    multiaddr_decode(&address, slice_text(l->word[2])) != 0 ||
	    multiaddr_to_tcp(buffer_all(&address), &tcp) != 0) {
		peer_err(l->word[0], "not an address over TCP");
	} else if ((d = calloc(1, sizeof(*d) + strlen(l->word[0]) + 1)) ==
	    NULL) {
		peer_err(l->word[0], "no memory");
	} else {
		strcpy(d->id, l->word[0]);
		d->to = tcp.peer;
		list_append(&p->dials, &d->place);
		if (host_connect_address(p->host, buffer_all(&address)) != 0)
			dials_over(p, &d->to, -ERR_INVALID_INPUT);
	}
	buffer_free(&address);
}

static void
do_hangup(struct peer * p, const struct line * l)
{
	struct peer_id id;

	if (!peer_id_word(l, 2, &id))
		return;
	host_disconnect(p->host, &id);
	peer_ok(l->word[0], "%s", l->word[2]);
}

static void
do_peers(struct peer * p, const struct line * l)
{
	struct buffer text = {0};
	struct peer_id id;
	size_t at = 0;

	while (host_each_peer(p->host, &at, &id))
		buffer_printf(&text, "%s ", peer_id_show(&id).text);
	buffer_byte(&text, 0);
	peer_ok(l->word[0], "%s", (char *)text.p);
	buffer_free(&text);
}

static void
do_agent(struct peer * p, const struct line * l)
{
	struct host_peer_info info = {0};
	struct peer_id id;

	if (!peer_id_word(l, 2, &id))
		return;
	if (host_peer_info(p->host, &id, &info) != 0) {
		peer_err(l->word[0], "not connected");
		return;
	}
	peer_ok(l->word[0], "%.*s", (int)info.agent.n,
	    info.agent.n == 0 ? "" : (const char *)info.agent.p);
	buffer_free(&info.agent);
	buffer_free(&info.address);
}

static void
do_speaks(struct peer * p, const struct line * l)
{
	struct peer_id id;

	if (peer_id_word(l, 2, &id))
		peer_ok(l->word[0], "%s", l->n > 3 &&
		    host_peer_speaks(p->host, &id, l->word[3]) ? "yes" : "no");
}

static void
refuse_stream(void * user, struct stream * s, const char * protocol)
{
	(void)user;
	(void)protocol;
	stream_reset(s);
}

static void
do_serve(struct peer * p, const struct line * l)
{
	if (l->n < 3 ||
	    host_serve(p->host, l->word[2], refuse_stream, p) != 0)
		peer_err(l->word[0], "not served");
	else
		peer_ok(l->word[0], "%s", l->word[2]);
}

static void
do_unserve(struct peer * p, const struct line * l)
{
	if (l->n > 2)
		host_unserve(p->host, l->word[2]);
	peer_ok(l->word[0], "%s", l->n > 2 ? l->word[2] : "");
}

/* --- lines ---------------------------------------------------------------- */

static const struct verb {
	const char * name;
	void (*run)(struct peer * p, const struct line * l);
} VERBS[] = {
	{"dial", do_dial}, {"hangup", do_hangup}, {"peers", do_peers},
	{"agent", do_agent}, {"speaks", do_speaks},
	{"serve", do_serve}, {"unserve", do_unserve},
	{"ping", peer_ping}, {"echo", peer_echo}, {"sent", peer_sent},
	{"hold", peer_hold},
	{"subscribe", peer_subscribe}, {"unsubscribe", peer_unsubscribe},
	{"publish", peer_publish}, {"messages", peer_messages},
	{"members", peer_members}, {"mesh", peer_mesh},
	{"put", peer_put}, {"want", peer_want}, {"lacks", peer_lacks},
};

static void
run_line(struct peer * p, char * text)
{
	struct line l = {.n = 0};
	char * rest = text, * word;
	size_t i;

	while (l.n < WORDS && (word = strtok_r(rest, " ", &rest)) != NULL)
		l.word[l.n++] = word;
	if (l.n < 2)
		return;
	for (i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++)
		if (strcmp(VERBS[i].name, l.word[1]) == 0) {
			VERBS[i].run(p, &l);
			return;
		}
	peer_err(l.word[0], "no such verb");
}

struct input {
	uv_pipe_t pipe;
	struct peer * peer;
	struct buffer held;
	char bytes[4096];
};

static void
on_room(uv_handle_t * handle, size_t suggested, uv_buf_t * buf)
{
	struct input * in = handle->data;

	(void)suggested;
	*buf = uv_buf_init(in->bytes, sizeof(in->bytes));
}

static void
on_input(uv_stream_t * stream, ssize_t n, const uv_buf_t * buf)
{
	struct input * in = stream->data;
	uint8_t * end;

	if (n < 0) {
		world_os_stop(in->peer->world);
		return;
	}
	buffer_append(&in->held, buf->base, (size_t)n);
	while (in->held.n > 0 &&
	    (end = memchr(in->held.p, '\n', in->held.n)) != NULL) {
		*end = '\0';
		run_line(in->peer, (char *)in->held.p);
		buffer_consume(&in->held, (size_t)(end - in->held.p) + 1);
	}
}

/* --- start and stop ------------------------------------------------------- */

static void
write_log(void * user, enum log_level level, const char * module,
    const char * text)
{
	(void)user;
	fprintf(stderr, "%d %s: %s\n", (int)level, module, text);
}

static int
start(struct peer * p, const struct host_config * config)
{
	static const char LISTEN[] = "/ip4/127.0.0.1/tcp/0";
	struct buffer address = {0};
	struct error err = {0};
	int rc;

	list_init(&p->dials);
	if ((p->host = host_new(p->world, config)) == NULL)
		return (-ERR_INTERNAL);
	p->watcher = (struct host_watcher){
		.up = on_up, .failed = on_failed, .user = p};
	host_watch(p->host, &p->watcher);
	if ((rc = peer_echo_start(p)) != 0 ||
	    (rc = peer_gossip_start(p, &config->key)) != 0 ||
	    (rc = peer_swap_start(p)) != 0)
		return (rc);
	if ((rc = multiaddr_decode(&address, slice_text(LISTEN))) == 0)
		rc = host_listen(p->host, buffer_all(&address), &err);
	buffer_free(&address);
	return (rc);
}

static void
stop(struct peer * p)
{
	struct list * place, * following;

	peer_swap_stop(p);
	peer_gossip_stop(p);
	if (p->host != NULL) {
		host_unwatch(p->host, &p->watcher);
		host_free(p->host);
	}
	peer_echo_stop(p);
	list_each (place, following, &p->dials)
		free(list_entry(place, struct dialling, place));
}

static void
tell_ready(const struct peer * p)
{
	struct buffer list = {0}, text = {0};
	struct reader r;

	host_addresses(p->host, &list, true);
	r = reader_of(buffer_all(&list));
	(void)multiaddr_encode(&text, reader_prefixed(&r, MULTIADDR_MAX));
	buffer_byte(&text, 0);
	peer_ok("ready", "%s %s", peer_id_show(host_id(p->host)).text,
	    (char *)text.p);
	buffer_free(&list);
	buffer_free(&text);
}

int
main(void)
{
	struct logger log = {LOG_DEBUG, write_log, NULL};
	struct host_config config = {.agent = "interop-libberty"};
	struct peer p = {0};
	struct input in = {.peer = &p};
	uint8_t seed[32];
	int rc;

	if (crypto_setup() != 0 || (p.world = world_os_new(&log)) == NULL)
		return (1);
	world_random(p.world, seed, sizeof(seed));
	ed25519_from_seed(&config.key, seed);
	if ((rc = start(&p, &config)) != 0) {
		fprintf(stderr, "start: %s\n", error_name(-rc));
		return (1);
	}
	in.pipe.data = &in;
	if (uv_pipe_init(world_os_loop(p.world), &in.pipe, 0) != 0 ||
	    uv_pipe_open(&in.pipe, 0) != 0 ||
	    uv_read_start((uv_stream_t *)&in.pipe, on_room, on_input) != 0)
		return (1);
	tell_ready(&p);
	world_os_run(p.world);
	stop(&p);
	uv_close((uv_handle_t *)&in.pipe, NULL);
	world_os_free(p.world);
	buffer_free(&in.held);
	return (0);
}
