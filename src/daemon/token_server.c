/* token_server.c: the issuer of tokens, on a loop of its own. */
#include "berty/token_server.h"

#include <stdlib.h>

#include "base/bucket.h"
#include "base/error_public.h"
#include "base/logger_public.h"
#include "daemon/signals.h"
#include "public/world/public_config.h"
#include "server/access_file.h"
#include "server/http_server.h"
#include "services/auth_server.h"
#include "world/os/world_os.h"

/* A form with a code is far smaller; bytes. */
#define BODY_MAX 16384

/* Requests that are answered: at once, and in a second. */
static const struct bucket_size rate = {200, 50};

struct token_server {
	struct logger log;
	struct world * world;
	struct auth_server * auth;
	struct http_server * http;
	struct bucket asked;
	struct signals signals;
	struct buffer certificate, key;
};

struct form {
	struct token_server * server;
	struct buffer body;
};

/* --- requests ------------------------------------------------------------- */

static void
set_headers(struct http_request * r, const struct auth_reply * reply)
{
	(void)http_set(r, "Content-Type", reply->type);
	(void)http_set(r, "Cache-Control", "no-store");
	(void)http_set(r, "Referrer-Policy", "no-referrer");
	(void)http_set(r, "X-Content-Type-Options", "nosniff");
	(void)http_set(r, "Content-Security-Policy", "default-src 'none'; "
	    "style-src 'unsafe-inline'; form-action 'self'; "
	    "frame-ancestors 'none'; base-uri 'none'");
	if (reply->allow != NULL)
		(void)http_set(r, "Allow", reply->allow);
}

static void
form_free(struct form * f)
{
	buffer_wipe(&f->body);
	free(f);
}

static void
form_end(struct http_request * r)
{
	struct form * f = http_user(r);
	struct token_server * s = f->server;
	struct auth_request q = {.method = http_method(r),
	    .path = http_path(r), .query = http_query(r),
	    .body = buffer_all(&f->body),
	    .now = world_wall(s->world) / 1000000000};
	struct auth_reply reply = {0};

	if (!bucket_any(&s->asked, &rate, world_now(s->world))) {
		(void)http_set(r, "Retry-After", "1");
		http_answer(r, 429, slice_text("too many requests\n"));
		form_free(f);
		return;
	}
	bucket_take(&s->asked, &rate, world_now(s->world));
	world_random(s->world, q.random, sizeof(q.random));
	auth_server_answer(s->auth, &q, &reply);
	set_headers(r, &reply);
	http_answer(r, reply.body.failed ? 500 : reply.status,
	    buffer_all(&reply.body));
	log_debug(&s->log, "token-server", "%s %.60s: %d", q.method, q.path,
	    reply.status);
	buffer_wipe(&reply.body);
	form_free(f);
}

static void
form_data(struct http_request * r, struct slice bytes)
{
	struct form * f = http_user(r);

	buffer_slice(&f->body, bytes);
}

static void
form_closed(struct http_request * r)
{
	form_free(http_user(r));
	http_end(r, true);
}

static void
handle(struct http_request * r, void * user)
{
	static const struct http_events events = {.data = form_data,
	    .end = form_end, .closed = form_closed};
	struct form * f = calloc(1, sizeof(*f));

	if (f == NULL) {
		http_answer(r, 500, slice_text("no memory\n"));
		return;
	}
	f->server = user;
	http_watch(r, &events, f);
}

/* --- options -------------------------------------------------------------- */

/* A PEM file, which GnuTLS reads as a text. */
static int
read_file(struct buffer * out, const char * path, struct error * err)
{
	int rc = access_file_read(path, false, out, NULL, err);

	buffer_byte(out, 0);
	return (rc);
}

/* "ID@HOST:PORT,…", taken apart in place. */
static int
read_services(struct auth_server_config * c, char * list, struct error * err)
{
	char * item = list;

	while (item != NULL && *item != '\0') {
		char * next = strchr(item, ',');
		char * at;

		if (next != NULL)
			*next++ = '\0';
		at = strchr(item, '@');
		if (at == NULL || c->n == AUTH_SERVICES_MAX)
			return (error_set(err, ERR_INVALID_INPUT, "'%.60s' is "
			    "no service: give ID@HOST:PORT, at most %d",
			    item, AUTH_SERVICES_MAX));
		*at = '\0';
		c->services[c->n].id = item;
		c->services[c->n].endpoint = at + 1;
		c->n++;
		item = next;
	}
	if (c->n == 0)
		return (error_set(err, ERR_INVALID_INPUT, "there is no "
		    "service that tokens are for: give ID@HOST:PORT"));
	return (0);
}

static int
open_issuer(struct token_server * s,
    const struct berty_token_server_options * o, struct error * err)
{
	struct auth_server_config c = {.no_click = o->no_click,
	    .privacy_url = o->privacy_url, .token_s = o->token_s};
	char * services;
	int rc;

	if (o->secret == NULL || o->seed == NULL || o->token_s < 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "an issuer has a secret and a key of 32 bytes each"));
	if ((services = strdup(o->services == NULL ? "" : o->services)) ==
	    NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	memcpy(c.issuer.secret, o->secret, 32);
	ed25519_from_seed(&c.issuer.key, o->seed);
	if ((rc = read_services(&c, services, err)) == 0)
		rc = auth_server_new(&s->auth, &c,
		    world_wall(s->world) / 1000000000, err);
	crypto_wipe(&c, sizeof(c));
	free(services);
	return (rc);
}

static int
open_http(struct token_server * s,
    const struct berty_token_server_options * o, struct error * err)
{
	struct http_options http = {.body_max = BODY_MAX, .handle = handle,
	    .user = s};
	int rc;

	if ((o->certificate == NULL) != (o->key == NULL))
		return (error_set(err, ERR_INVALID_INPUT,
		    "a certificate and its key go together"));
	if (o->certificate != NULL &&
	    ((rc = read_file(&s->certificate, o->certificate, err)) != 0 ||
	     (rc = read_file(&s->key, o->key, err)) != 0))
		return (rc);
	http.certificate = buffer_all(&s->certificate);
	http.key = buffer_all(&s->key);
	return (http_server_new(&s->http, world_os_loop(s->world),
	    o->listener == NULL ? "127.0.0.1:8080" : o->listener, &http,
	    &s->log, err));
}

/* --- a run ---------------------------------------------------------------- */

static void
on_signal(void * user, int number)
{
	(void)number;
	world_os_stop(user);
}

static void
close_all(struct token_server * s)
{
	http_server_free(s->http);
	signals_end(&s->signals);
	if (s->world != NULL)
		world_os_free(s->world);
	auth_server_free(s->auth);
	buffer_free(&s->certificate);
	buffer_wipe(&s->key);
}

static int
run(const struct berty_token_server_options * o,
    void (*ready)(void * user, const char * address), void * user,
    struct error * err)
{
	struct token_server s = {.log = logger_import(&o->log)};
	int rc;

	if (crypto_setup() != 0 || (s.world = world_os_new(&s.log)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = open_issuer(&s, o, err)) != 0 ||
	    (rc = open_http(&s, o, err)) != 0)
		goto out;
	rc = signals_watch(&s.signals, s.world, false, on_signal, s.world, err);
	if (rc != 0)
		goto out;
	if (ready != NULL)
		ready(user, http_server_address(s.http));
	world_os_run(s.world);
out:
	close_all(&s);
	return (rc);
}

static int
generate(const struct berty_token_server_options * o,
    void (*made)(void * user, const char * json), void * user,
    struct error * err)
{
	struct token_server s = {.log = logger_import(&o->log)};
	struct buffer json = {0};
	uint8_t random[40];
	int rc;

	if (crypto_setup() != 0 || (s.world = world_os_new(&s.log)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = open_issuer(&s, o, err)) == 0) {
		world_random(s.world, random, sizeof(random));
		rc = auth_server_generate(s.auth, random,
		    world_wall(s.world) / 1000000000, &json);
		buffer_byte(&json, 0);
		if (rc == 0 && !json.failed)
			made(user, (char *)json.p);
		else
			rc = error_set(err, ERR_INTERNAL, "out of memory");
	}
	buffer_wipe(&json);
	close_all(&s);
	return (rc);
}

int
berty_token_server_run(const struct berty_token_server_options * options,
    void (*ready)(void * user, const char * address), void * user,
    struct berty_error * err)
{
	struct berty_token_server_options o;
	struct error e = {0};
	int rc;

	if (public_config(&o, sizeof(o), options, sizeof(o.size)))
		rc = run(&o, ready, user, &e);
	else
		rc = error_set(&e, ERR_INVALID_INPUT,
		    "berty_token_server_options.size is of no version of the "
		    "library");
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

int
berty_token_generate(const struct berty_token_server_options * options,
    void (*made)(void * user, const char * json), void * user,
    struct berty_error * err)
{
	struct berty_token_server_options o;
	struct error e = {0};
	int rc;

	if (public_config(&o, sizeof(o), options, sizeof(o.size)))
		rc = generate(&o, made, user, &e);
	else
		rc = error_set(&e, ERR_INVALID_INPUT,
		    "berty_token_server_options.size is of no version of the "
		    "library");
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

void
berty_token_public_key(const uint8_t seed[32], uint8_t public_key[32])
{
	struct ed25519_key key;

	(void)crypto_setup();
	ed25519_from_seed(&key, seed);
	memcpy(public_key, key.pub, 32);
	crypto_wipe(&key, sizeof(key));
}

void
berty_token_random(uint8_t bytes[32])
{
	struct world * world = world_os_new(NULL);

	memset(bytes, 0, 32);
	if (world == NULL)
		abort();
	world_random(world, bytes, 32);
	world_os_free(world);
}
