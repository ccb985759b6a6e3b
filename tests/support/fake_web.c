#include "support/fake_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/protobuf.h"

#define SERVERS_MAX 16

struct server {
	const char * prefix;
	void (*serve)(void * user, struct fake_exchange * x);
	void * user;
};

struct fake_web {
	struct web web;
	struct world * world;
	struct server servers[SERVERS_MAX];
	size_t n;
	size_t requests;
	struct list running;
};

struct running {
	struct fake_web * web;
	struct web_request * request;
	struct fake_exchange exchange;
	struct world_timer timer;
	struct list place;
};

static void
forget(struct running * run)
{
	world_timer_stop(run->web->world, &run->timer);
	list_remove(&run->place);
	buffer_free(&run->exchange.answer);
	free(run);
}

static void
answer(struct world_timer * timer)
{
	struct running * run = list_entry(timer, struct running, timer);
	struct web_request * r = run->request;
	struct fake_exchange * x = &run->exchange;
	size_t max = r->answer_max == 0 ? WEB_ANSWER_MAX : r->answer_max;
	int rc = x->rc;

	r->status = x->status;
	r->err = x->err;
	if (x->never)
		rc = error_set(&r->err, ERR_STREAM_READ, "no answer in time");
	else if (x->answer.n > max)
		rc = error_set(&r->err, ERR_STREAM_READ, "too large");
	else if (rc == 0)
		buffer_slice(&r->answer, buffer_all(&x->answer));
	r->impl = NULL;
	forget(run);
	r->done(r, rc);
}

static void
name_of(struct buffer * name, const struct web_request * r)
{
	if (r->service == NULL)
		buffer_text(name, r->url);
	else
		buffer_printf(name, "%s/%s/%s", r->server, r->service,
		    r->call);
	buffer_byte(name, 0);
}

static void
serve(struct fake_web * f, struct running * run)
{
	struct fake_exchange * x = &run->exchange;
	struct buffer name = {0};
	size_t i;

	name_of(&name, run->request);
	x->name = (char *)name.p;
	x->request = run->request;
	for (i = 0; i < f->n; i++)
		if (strncmp(x->name, f->servers[i].prefix,
		    strlen(f->servers[i].prefix)) == 0) {
			f->servers[i].serve(f->servers[i].user, x);
			break;
		}
	if (i == f->n)
		x->rc = error_set(&x->err, ERR_STREAM_WRITE,
		    "nobody is at %.100s", x->name);
	x->name = NULL;
	buffer_free(&name);
}

static int
fake_send(struct web * w, struct web_request * r)
{
	struct fake_web * f = w->impl;
	struct running * run = calloc(1, sizeof(*run));
	uint64_t timeout = r->timeout_ms == 0 ? WEB_TIMEOUT_MS
	    : r->timeout_ms;

	assert_non_null(run);
	f->requests++;
	run->web = f;
	run->request = r;
	run->timer.fire = answer;
	list_append(&f->running, &run->place);
	r->impl = run;
	serve(f, run);
	if (run->exchange.delay_ms >= timeout)
		run->exchange.never = true;
	return (world_timer_start(f->world, &run->timer,
	    run->exchange.never ? timeout : run->exchange.delay_ms));
}

static void
fake_cancel(struct web * w, struct web_request * r)
{
	(void)w;
	if (r->impl != NULL)
		forget(r->impl);
	r->impl = NULL;
}

static const struct web_ops fake_ops = {
	.send = fake_send,
	.cancel = fake_cancel,
};

struct fake_web *
fake_web_new(struct world * world)
{
	struct fake_web * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->web = (struct web){.ops = &fake_ops, .impl = f};
	f->world = world;
	list_init(&f->running);
	return (f);
}

void
fake_web_free(struct fake_web * f)
{
	assert_true(list_empty(&f->running));
	free(f);
}

struct web *
fake_web_of(struct fake_web * f)
{
	return (&f->web);
}

void
fake_web_serve(struct fake_web * f, const char * prefix,
    void (*serve_it)(void * user, struct fake_exchange * x), void * user)
{
	assert_true(f->n < SERVERS_MAX);
	f->servers[f->n++] = (struct server){prefix, serve_it, user};
}

void
fake_web_forget(struct fake_web * f)
{
	f->n = 0;
}

size_t
fake_web_requests(const struct fake_web * f)
{
	return (f->requests);
}

size_t
fake_web_running(const struct fake_web * f)
{
	const struct list * place;
	size_t n = 0;

	for (place = f->running.next; place != &f->running;
	    place = place->next)
		n++;
	return (n);
}

void
fake_web_text(struct fake_exchange * x, int status, const char * text)
{
	x->status = status;
	buffer_text(&x->answer, text);
}

void
fake_web_message(struct fake_exchange * x, const void * message)
{
	protobuf_encode(&x->answer, message);
}
