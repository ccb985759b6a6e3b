#include "world/os/world_os.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "world/os/os_impl.h"

static int64_t
wall(struct world * w)
{
	struct timespec now = {0};

	(void)w;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
}

static void
draw(struct world * w, uint8_t * p, size_t n)
{
	(void)w;
	randombytes_buf(p, n);
}

static void
run_work(uv_work_t * request)
{
	struct world_work * work = request->data;

	work->run(work);
}

static void
work_done(uv_work_t * request, int status)
{
	struct world_work * work = request->data;

	(void)status;
	free(request);
	work->impl = NULL;
	work->done(work);
}

static int
start_work(struct world * w, struct world_work * work)
{
	uv_work_t * request;

	if ((request = calloc(1, sizeof(*request))) == NULL)
		return (-ERR_INTERNAL);
	request->data = work;
	work->impl = request;
	if (uv_queue_work(&os_of(w)->loop, request, run_work, work_done) != 0) {
		free(request);
		return (-ERR_INTERNAL);
	}
	return (0);
}

static const struct world_ops ops = {
	.now = os_timer_now,
	.wall = wall,
	.random = draw,
	.timer_start = os_timer_start,
	.timer_stop = os_timer_stop,
	.work = start_work,
	.dial = os_tcp_dial,
	.listen = os_listen,
	.listener_close = os_listener_close,
	.tcp_handle = os_tcp_handle,
	.tcp_write = os_tcp_write,
	.tcp_queued = os_tcp_queued,
	.tcp_pause = os_tcp_pause,
	.tcp_close = os_tcp_close,
	.interfaces = os_interfaces,
	.udp_open = os_udp_open,
	.udp_send = os_udp_send,
	.udp_close = os_udp_close,
	.links = os_links,
	.process = os_process,
};

static void
stop_asked(uv_async_t * async)
{
	uv_stop(async->loop);
}

static void
before_poll(uv_prepare_t * prepare)
{
	os_tcp_flush(prepare->data);
}

/* The handles that are always there do not keep the loop running. */
static int
handles_start(struct os * os)
{
	if (uv_async_init(&os->loop, &os->stop, stop_asked) != 0)
		return (-ERR_INTERNAL);
	(void)uv_timer_init(&os->loop, &os->timer);
	(void)uv_prepare_init(&os->loop, &os->prepare);
	os->timer.data = os;
	os->prepare.data = os;
	(void)uv_prepare_start(&os->prepare, before_poll);
	uv_unref((uv_handle_t *)&os->stop);
	uv_unref((uv_handle_t *)&os->prepare);
	return (0);
}

/* Unless somebody has a handler of his own. */
static void
ignore_sigpipe(void)
{
	struct sigaction old;

	if (sigaction(SIGPIPE, NULL, &old) == 0 &&
	    (old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

struct world *
world_os_new(const struct logger * log)
{
	struct os * os;

	if (sodium_init() < 0 || (os = calloc(1, sizeof(*os))) == NULL)
		return (NULL);
	if (uv_loop_init(&os->loop) != 0)
		goto err1;
	if (handles_start(os) != 0)
		goto err2;
	ignore_sigpipe();
	list_init(&os->spare);
	list_init(&os->dirty);
	list_init(&os->tcps);
	list_init(&os->listeners);
	list_init(&os->udps);
	os->world.ops = &ops;
	os->world.log = log;
	os->world.impl = os;
	return (&os->world);

err2:
	(void)uv_loop_close(&os->loop);
err1:
	free(os);
	return (NULL);
}

void
world_os_run(struct world * w)
{
	(void)uv_run(&os_of(w)->loop, UV_RUN_DEFAULT);
}

void
world_os_stop(struct world * w)
{
	(void)uv_async_send(&os_of(w)->stop);
}

void
world_os_free(struct world * w)
{
	struct os * os;

	if (w == NULL)
		return;
	os = os_of(w);
	do {
		os_tcp_end_all(os);
		os_listener_close_all(os);
		os_udp_close_all(os);
		(void)uv_timer_stop(&os->timer);
	} while (uv_run(&os->loop, UV_RUN_ONCE) != 0);
	uv_close((uv_handle_t *)&os->stop, NULL);
	uv_close((uv_handle_t *)&os->timer, NULL);
	uv_close((uv_handle_t *)&os->prepare, NULL);
	while (uv_run(&os->loop, UV_RUN_DEFAULT) != 0)
		;
	os_timer_free(os);
	(void)uv_loop_close(&os->loop);
	free(os);
}

struct uv_loop_s *
world_os_loop(struct world * w)
{
	return (&os_of(w)->loop);
}
