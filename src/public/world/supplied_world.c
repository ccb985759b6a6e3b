/*
 * supplied_world.c: the house's world over the host's table, so that the ABI
 * does not move with the internals.
 */
#include <stdlib.h>

#include "base/error.h"
#include "public/world/public_config.h"
#include "public/world/supplied.h"

struct world_address
supplied_from(const struct berty_address * a)
{
	struct world_address to = {.v6 = a->v6, .port = a->port,
	    .zone = a->zone};

	memcpy(to.ip, a->ip, sizeof(to.ip));
	return (to);
}

struct berty_address
supplied_to(const struct world_address * a)
{
	struct berty_address to = {.v6 = a->v6, .port = a->port,
	    .zone = a->zone};

	memcpy(to.ip, a->ip, sizeof(to.ip));
	return (to);
}

static uint64_t
now(struct world * w)
{
	return (supplied_of(w)->host.now(supplied_of(w)->host.user));
}

static int64_t
wall(struct world * w)
{
	return (supplied_of(w)->host.wall(supplied_of(w)->host.user));
}

static void
draw(struct world * w, uint8_t * p, size_t n)
{
	supplied_of(w)->host.random(supplied_of(w)->host.user, p, n);
}

/* --- work ----------------------------------------------------------------- */

struct job {
	struct supplied * s;
	struct world_work * work;
	struct world_timer turn;  /* without threads of the host */
	struct list place;        /* in s->jobs, then */
};

static void
job_run(void * arg)
{
	struct job * job = arg;

	job->work->run(job->work);
}

static void
job_done(void * arg)
{
	struct job * job = arg;
	struct supplied * s = job->s;
	struct world_work * work = job->work;

	list_remove(&job->place);
	free(job);
	s->working--;
	work->impl = NULL;
	work->done(work);
	if (s->gone && s->working == 0)
		free(s);
}

static void
job_turn(struct world_timer * timer)
{
	struct job * job = list_entry(timer, struct job, turn);

	job_run(job);
	job_done(job);
}

static int
work(struct world * w, struct world_work * work)
{
	struct supplied * s = supplied_of(w);
	struct job * job;
	int rc;

	if ((job = calloc(1, sizeof(*job))) == NULL)
		return (-ERR_INTERNAL);
	job->s = s;
	job->work = work;
	job->turn.fire = job_turn;
	list_init(&job->place);
	work->impl = job;
	if (s->host.work == NULL) {
		list_append(&s->jobs, &job->place);
		rc = supplied_timer_start(w, &job->turn, 0);
	} else
		rc = s->host.work(s->host.user, job_run, job_done, job);
	if (rc != 0) {
		list_remove(&job->place);
		free(job);
		return (-ERR_INTERNAL);
	}
	s->working++;
	return (0);
}

/* --- where we are --------------------------------------------------------- */

static size_t
interfaces(struct world * w, struct world_address * list, size_t max)
{
	struct supplied * s = supplied_of(w);
	struct berty_address * found;
	size_t i, n;

	if (s->host.interfaces == NULL ||
	    (found = calloc(max + 1, sizeof(*found))) == NULL)
		return (0);
	n = s->host.interfaces(s->host.user, found, max);
	n = n > max ? max : n;
	for (i = 0; i < n; i++)
		list[i] = supplied_from(&found[i]);
	free(found);
	return (n);
}

static size_t
links(struct world * w, struct world_link * list, size_t max)
{
	struct supplied * s = supplied_of(w);
	struct berty_link_address * found;
	size_t i, n;

	if (s->host.links == NULL ||
	    (found = calloc(max + 1, sizeof(*found))) == NULL)
		return (0);
	n = s->host.links(s->host.user, found, max);
	n = n > max ? max : n;
	for (i = 0; i < n; i++)
		list[i] = (struct world_link){
			.index = found[i].index,
			.at = supplied_from(&found[i].at),
			.prefix = found[i].prefix,
			.loopback = found[i].loopback,
		};
	free(found);
	return (n);
}

static const struct world_ops ops = {
	.now = now,
	.wall = wall,
	.random = draw,
	.timer_start = supplied_timer_start,
	.timer_stop = supplied_timer_stop,
	.work = work,
	.dial = supplied_dial,
	.listen = supplied_listen,
	.listener_close = supplied_listener_close,
	.tcp_handle = supplied_tcp_handle,
	.tcp_write = supplied_tcp_write,
	.tcp_queued = supplied_tcp_queued,
	.tcp_pause = supplied_tcp_pause,
	.tcp_close = supplied_tcp_close,
	.interfaces = interfaces,
	.udp_open = supplied_udp_open,
	.udp_send = supplied_udp_send,
	.udp_close = supplied_udp_close,
	.links = links,
};

/* --- a world -------------------------------------------------------------- */

static bool
tcp_complete(const struct berty_world * h)
{
	if (h->dial == NULL && h->listen == NULL)
		return (true);
	return ((h->listen == NULL || h->listener_close != NULL) &&
	    h->tcp_handle != NULL && h->tcp_write != NULL &&
	    h->tcp_queued != NULL && h->tcp_pause != NULL &&
	    h->tcp_close != NULL);
}

static bool
complete(const struct berty_world * h)
{
	return (h->now != NULL && h->wall != NULL && h->random != NULL &&
	    h->alarm != NULL && tcp_complete(h) && (h->udp_open == NULL ||
	    (h->udp_send != NULL && h->udp_close != NULL)));
}

struct world *
supplied_new(const struct berty_world * host, const struct logger * log)
{
	struct supplied * s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	if (!public_config(&s->host, sizeof(s->host), host,
	    sizeof(s->host.size)) || !complete(&s->host)) {
		free(s);
		return (NULL);
	}
	list_init(&s->jobs);
	s->world.ops = &ops;
	s->world.log = log;
	s->world.impl = s;
	return (&s->world);
}

void
supplied_free(struct world * w)
{
	struct supplied * s = supplied_of(w);

	while (!list_empty(&s->jobs)) {
		struct job * job = list_entry(s->jobs.next, struct job, place);

		world_timer_stop(w, &job->turn);
		job_turn(&job->turn);
	}
	supplied_timers_free(s);
	s->gone = true;
	if (s->working == 0)
		free(s);
}
