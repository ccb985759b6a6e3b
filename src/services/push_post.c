#include "services/push_post.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/multibase.h"

/* Providers say little; bytes. */
#define ANSWER_MAX 16384
#define HEADER_MAX 4096

struct push_post *
push_post_new(void * provider, struct push_errand * e)
{
	struct push_post * p = calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)error_set(&e->err, ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	p->provider = provider;
	p->errand = e;
	list_init(&p->place);
	return (p);
}

void
push_post_free(struct push_post * p)
{
	size_t i;

	list_remove(&p->place);
	buffer_free(&p->url);
	buffer_free(&p->body);
	for (i = 0; i < p->n; i++)
		buffer_wipe(&p->lines[i]);
	buffer_free(&p->request.answer);
	free(p);
}

void
push_post_header(struct push_post * p, const char * format, ...)
{
	char line[HEADER_MAX];
	va_list args;
	int n;

	if (p->n == PUSH_POST_HEADERS)
		return;
	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line))
		p->body.failed = true;
	else
		buffer_append(&p->lines[p->n++], line, (size_t)n + 1);
}

int
push_post_send(struct push_post * p, struct web * web, struct list * running,
    void (*done)(struct web_request * r, int rc))
{
	struct web_request * r = &p->request;
	struct push_errand * e = p->errand;
	bool failed;
	size_t i;
	int rc;

	buffer_byte(&p->url, 0);
	failed = p->url.failed || p->body.failed;
	for (i = 0; i < p->n; i++) {
		failed = failed || p->lines[i].failed;
		p->headers[i] = (char *)p->lines[i].p;
	}
	if (failed) {
		push_post_free(p);
		return (error_set(&e->err, ERR_INTERNAL, "out of memory"));
	}
	r->url = (char *)p->url.p;
	r->method = "POST";
	r->headers = p->headers;
	r->body = buffer_all(&p->body);
	r->answer_max = ANSWER_MAX;
	r->timeout_ms = PUSH_PROVIDER_MS;
	r->done = done;
	r->user = p;
	if ((rc = web_send(web, r)) != 0) {
		rc = error_set(&e->err, ERR_PUSH_PROVIDER, "%.150s",
		    r->err.text);
		push_post_free(p);
		return (rc);
	}
	list_append(running, &p->place);
	return (0);
}

void
push_post_cancel_all(struct web * web, struct list * running)
{
	struct list * place, * next;

	list_each(place, next, running) {
		struct push_post * p = list_entry(place, struct push_post,
		    place);

		web_cancel(web, &p->request);
		push_post_free(p);
	}
}

void
push_post_end(struct push_post * p, int rc)
{
	struct push_errand * e = p->errand;

	push_post_free(p);
	e->done(e, rc);
}

void
push_post_payload(struct buffer * out, const struct push_errand * e)
{
	base64url_encode(out, e->payload);
}

bool
push_post_is_plain(struct slice token)
{
	size_t i;

	for (i = 0; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] >= 0x7f)
			return (false);
	return (token.n > 0);
}
