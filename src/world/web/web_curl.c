/* web_curl.c: curl's transfers on libuv's loop. */
#include "world/web/web_curl.h"

#include <stdlib.h>
#include <uv.h>

#include "world/os/world_os.h"
#include "world/web/web_impl.h"

/* How long curl is kept after the last request, with its connections, ms. */
#define IDLE_MS 30000
/* Connections that wait for another request. */
#define CONNECTIONS_KEPT 8L

struct web_curl {
	struct web web;
	uv_loop_t * loop;
	char * ca_file;
	CURLM * multi;            /* NULL: nobody was asked lately */
	bool torn;                /* one was broken off; see end_transfer */
	struct list transfers;
	uv_timer_t timer;         /* curl's */
	uv_timer_t idle;
	unsigned open;            /* handles until all can be freed */
};

/* A socket of curl's. */
struct web_socket {
	uv_poll_t poll;
	struct web_curl * web;
	curl_socket_t fd;
};

/* --- ends ----------------------------------------------------------------- */

static void
stop_curl(struct web_curl * w)
{
	if (w->multi == NULL)
		return;
	(void)curl_multi_cleanup(w->multi);
	w->multi = NULL;
	w->torn = false;
	(void)uv_timer_stop(&w->timer);
	(void)uv_timer_stop(&w->idle);
	curl_global_cleanup();
}

/*
 * An HTTP/2 connection on which a request was broken off is not always fit for
 * another one with curl 7.88: those that follow take connections of their own,
 * until all can be closed.
 */
static void
end_transfer(struct web_curl * w, struct web_transfer * t, bool whole)
{
	(void)curl_multi_remove_handle(w->multi, t->easy);
	list_remove(&t->place);
	t->request->impl = NULL;
	web_transfer_free(t);
	w->torn = w->torn || !whole;
	if (list_empty(&w->transfers) && w->torn)
		stop_curl(w);
	else if (list_empty(&w->transfers))
		(void)uv_timer_again(&w->idle);
}

/* A transfer that says more than it may. */
static struct web_transfer *
too_large(struct web_curl * w)
{
	struct list * place, * next;

	list_each(place, next, &w->transfers) {
		struct web_transfer * t = list_entry(place,
		    struct web_transfer, place);

		if (t->too_large)
			return (t);
	}
	return (NULL);
}

/*
 * Tell of one end after the other: whoever is told may begin requests and give
 * others up.
 */
static void
reap(struct web_curl * w)
{
	struct web_transfer * t;
	struct web_request * r;
	CURLMsg * message;
	int left, rc;

	while ((t = too_large(w)) != NULL) {
		r = t->request;
		rc = web_answer(t, CURLE_FILESIZE_EXCEEDED);
		end_transfer(w, t, false);
		r->done(r, rc);
	}
	while (w->multi != NULL &&
	    (message = curl_multi_info_read(w->multi, &left)) != NULL) {
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		        (char **)&t) != CURLE_OK)
			continue;
		r = t->request;
		rc = web_answer(t, result);
		end_transfer(w, t, result == CURLE_OK);
		r->done(r, rc);
	}
}

/* --- sockets and time ----------------------------------------------------- */

static void
socket_closed(uv_handle_t * handle)
{
	free(handle->data);
}

static void
on_socket(uv_poll_t * poll, int status, int events)
{
	struct web_socket * s = poll->data;
	struct web_curl * w = s->web;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(w->multi, s->fd, flags, &running);
	reap(w);
}

static struct web_socket *
new_socket(struct web_curl * w, curl_socket_t fd)
{
	struct web_socket * s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->web = w;
	s->fd = fd;
	if (uv_poll_init_socket(w->loop, &s->poll, fd) != 0) {
		free(s);
		return (NULL);
	}
	s->poll.data = s;
	(void)curl_multi_assign(w->multi, fd, s);
	return (s);
}

static int
watch_socket(CURL * easy, curl_socket_t fd, int what, void * user,
    void * known)
{
	struct web_curl * w = user;
	struct web_socket * s = known;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			(void)uv_poll_stop(&s->poll);
			uv_close((uv_handle_t *)&s->poll, socket_closed);
		}
		return (0);
	}
	if (s == NULL && (s = new_socket(w, fd)) == NULL)
		return (-1);
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return (uv_poll_start(&s->poll, events, on_socket) == 0 ? 0 : -1);
}

static void
on_timer(uv_timer_t * timer)
{
	struct web_curl * w = timer->data;
	int running;

	(void)curl_multi_socket_action(w->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	reap(w);
}

static int
set_timer(CURLM * multi, long ms, void * user)
{
	struct web_curl * w = user;

	(void)multi;
	if (ms < 0)
		return (uv_timer_stop(&w->timer) == 0 ? 0 : -1);
	return (uv_timer_start(&w->timer, on_timer, (uint64_t)ms, 0) == 0
	    ? 0 : -1);
}

/* --- curl comes and goes -------------------------------------------------- */

static void
on_idle(uv_timer_t * timer)
{
	struct web_curl * w = timer->data;

	if (list_empty(&w->transfers))
		stop_curl(w);
}

static int
start_curl(struct web_curl * w, struct error * err)
{
	CURLM * m;
	int rc;

	if (w->multi != NULL)
		return (0);
	if ((rc = web_library(err)) != 0)
		return (rc);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		goto err0;
	if ((m = curl_multi_init()) == NULL)
		goto err1;
	if (curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, watch_socket) != 0 ||
	    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, w) != 0 ||
	    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, set_timer) != 0 ||
	    curl_multi_setopt(m, CURLMOPT_TIMERDATA, w) != 0 ||
	    curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != 0)
		goto err2;
	w->multi = m;
	/* It repeats, so that a request that ends can begin it anew. */
	(void)uv_timer_start(&w->idle, on_idle, IDLE_MS, IDLE_MS);
	return (0);

err2:
	(void)curl_multi_cleanup(m);
err1:
	curl_global_cleanup();
err0:
	return (error_set(err, ERR_INTERNAL,
	    "requests to servers cannot be made"));
}

/* --- what a host fills ---------------------------------------------------- */

static int
curl_send(struct web * web, struct web_request * r)
{
	struct web_curl * w = web->impl;
	struct web_transfer * t;
	int rc;

	r->impl = NULL;
	r->status = 0;
	error_clear(&r->err);
	if ((rc = start_curl(w, &r->err)) != 0)
		return (rc);
	if ((rc = web_transfer_new(&t, r, w->ca_file)) != 0)
		return (rc);
	if ((w->torn && curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT,
	    1L) != CURLE_OK) ||
	    curl_multi_add_handle(w->multi, t->easy) != CURLM_OK) {
		web_transfer_free(t);
		return (error_set(&r->err, ERR_INTERNAL, "out of memory"));
	}
	list_append(&w->transfers, &t->place);
	r->impl = t;
	return (0);
}

static void
curl_cancel(struct web * web, struct web_request * r)
{
	if (r->impl != NULL)
		end_transfer(web->impl, r->impl, false);
}

static const struct web_ops curl_ops = {
	.send = curl_send,
	.cancel = curl_cancel,
};

struct web *
web_curl_new(struct world * world, const struct web_curl_options * options)
{
	struct web_curl * w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		goto err0;
	if (options != NULL && options->ca_file != NULL &&
	    (w->ca_file = strdup(options->ca_file)) == NULL)
		goto err1;
	w->web = (struct web){.ops = &curl_ops, .impl = w};
	w->loop = world_os_loop(world);
	list_init(&w->transfers);
	(void)uv_timer_init(w->loop, &w->timer);
	(void)uv_timer_init(w->loop, &w->idle);
	uv_unref((uv_handle_t *)&w->idle);
	w->timer.data = w->idle.data = w;
	w->open = 2;
	return (&w->web);

err1:
	free(w);
err0:
	return (NULL);
}

static void
timer_closed(uv_handle_t * handle)
{
	struct web_curl * w = handle->data;

	if (--w->open > 0)
		return;
	free(w->ca_file);
	free(w);
}

void
web_curl_free(struct web * web)
{
	struct web_curl * w;
	struct list * place, * next;

	if (web == NULL)
		return;
	w = web->impl;
	list_each(place, next, &w->transfers)
		end_transfer(w, list_entry(place, struct web_transfer, place),
		    false);
	stop_curl(w);
	uv_close((uv_handle_t *)&w->timer, timer_closed);
	uv_close((uv_handle_t *)&w->idle, timer_closed);
}
