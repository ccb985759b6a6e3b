/* context_wait.c: a call that is waited for. */
#include "public/berty/context.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

struct waiter {
	struct berty * b;
	struct buffer reply;
	struct berty_error err;
	int status;
	bool done;                /* under the lock */
};

static int
on_reply(void * user, berty_id call, const void * bytes, size_t n)
{
	struct waiter * w = user;

	(void)call;
	buffer_append(&w->reply, bytes, n);
	return (BERTY_MORE);
}

static void
on_end(void * user, berty_id call, const struct berty_error * err)
{
	struct waiter * w = user;

	(void)call;
	if (err != NULL) {
		w->err = *err;
		w->status = err->n > 0 ? -err->code[0] : -ERR_INTERNAL;
	}
	(void)pthread_mutex_lock(&w->b->lock);
	w->done = true;
	(void)pthread_cond_broadcast(&w->b->changed);
	(void)pthread_mutex_unlock(&w->b->lock);
}

static uint64_t
now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Wait for the loop's thread; under the lock. */
static void
wait_for_thread(struct waiter * w, uint64_t until)
{
	struct timespec at = {(time_t)(until / 1000),
	    (long)(until % 1000) * 1000000};

	if (until == UINT64_MAX)
		(void)pthread_cond_wait(&w->b->changed, &w->b->lock);
	else
		(void)pthread_cond_timedwait(&w->b->changed, &w->b->lock, &at);
}

/* One step of waiting; false when the time is over. */
static bool
step(struct waiter * w, uint64_t until)
{
	uint64_t now = now_ms();
	bool running;

	if (now >= until)
		return (false);
	(void)pthread_mutex_lock(&w->b->lock);
	running = w->b->running;
	if (running && !w->done)
		wait_for_thread(w, until);
	(void)pthread_mutex_unlock(&w->b->lock);
	if (!running)
		loop_once(w->b, until == UINT64_MAX ? UINT64_MAX : until - now);
	return (true);
}

static bool
is_done(struct waiter * w)
{
	bool done;

	(void)pthread_mutex_lock(&w->b->lock);
	done = w->done;
	(void)pthread_mutex_unlock(&w->b->lock);
	return (done);
}

static void
wait_for(struct waiter * w, berty_id call, int timeout_ms)
{
	uint64_t until = timeout_ms < 0 ? UINT64_MAX :
	    clock_add(now_ms(), (uint64_t)timeout_ms);

	while (!is_done(w)) {
		if (step(w, until))
			continue;
		/* It still ends, soon. */
		(void)berty_call_cancel(w->b, call);
		until = UINT64_MAX;
	}
}

static int
refuse(struct berty_error * err, int status, const char * text)
{
	struct error e = {0};

	(void)error_set(&e, -status, "%s", text);
	return (error_export(err, &e, status));
}

int
berty_call_wait(struct berty * b, berty_id node, const char * method,
    const void * request, size_t n, int timeout_ms, void ** reply,
    size_t * reply_n, struct berty_error * err)
{
	static const struct berty_handler handler = {
		.size = sizeof(handler), .reply = on_reply, .end = on_end,
	};
	struct waiter w = {.b = b};
	berty_id call;
	int rc;

	if (b->loop == NULL || loop_inside(b))
		return (refuse(err, -ERR_INVALID_INPUT,
		    "nobody can wait here: the loop stands still meanwhile"));
	if (!call_is_unary(method))
		return (refuse(err, -ERR_INVALID_INPUT,
		    "only a call with one reply can be waited for"));
	if ((rc = berty_call(b, node, method, request, n, &handler, &w,
	    &call)) != 0)
		return (refuse(err, rc, "the call could not begin"));
	wait_for(&w, call, timeout_ms);
	if (w.status == 0 && w.reply.failed)
		w.status = refuse(&w.err, -ERR_INTERNAL, "out of memory");
	if (w.status != 0 || reply == NULL)
		buffer_wipe(&w.reply);
	if (w.status != 0) {
		if (err != NULL)
			*err = w.err;
		return (w.status);
	}
	if (reply != NULL)
		*reply = w.reply.p;
	if (reply_n != NULL)
		*reply_n = w.reply.n;
	return (0);
}

void
berty_bytes_free(void * bytes, size_t n)
{
	if (bytes != NULL)
		crypto_wipe(bytes, n);
	free(bytes);
}
