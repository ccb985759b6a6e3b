/* Timers and work of a node. */
#include <stdlib.h>

#include "base/clock.h"
#include "world/sim/sim_impl.h"

struct alarm {
	struct event event;
	struct node * node;
	struct world_timer * timer;
};

static void
alarm_fired(struct event * event)
{
	struct alarm * alarm = list_entry(event, struct alarm, event);
	struct world_timer * t = alarm->timer;

	list_remove(&t->place);
	t->impl = NULL;
	t->armed = false;
	free(alarm);
	t->fire(t);
}

int
sim_timer_start(struct world * w, struct world_timer * t, uint64_t ms)
{
	struct node * node = node_of(w);
	struct alarm * alarm;

	sim_timer_stop(w, t);
	/* The dead are not called: to them it is a timer that never fires. */
	if (!node->alive)
		return (0);
	if ((alarm = calloc(1, sizeof(*alarm))) == NULL)
		return (-ERR_INTERNAL);
	alarm->event.fire = alarm_fired;
	alarm->node = node;
	alarm->timer = t;
	if (event_in(node->sim, &alarm->event, clock_mul(ms, 1000)) != 0) {
		free(alarm);
		return (-ERR_INTERNAL);
	}
	t->at = clock_add(world_now(w), ms);
	t->impl = alarm;
	t->armed = true;
	list_append(&node->timers, &t->place);
	return (0);
}

void
sim_timer_stop(struct world * w, struct world_timer * t)
{
	struct alarm * alarm = t->impl;

	if (!t->armed)
		return;
	event_stop(node_of(w)->sim, &alarm->event);
	list_remove(&t->place);
	t->impl = NULL;
	t->armed = false;
	free(alarm);
}

struct job {
	struct event event;
	struct node * node;
	struct world_work * work;
	bool ran;
};

static void
job_done(struct event * event)
{
	struct job * job = list_entry(event, struct job, event);
	struct world_work * work = job->work;

	list_remove(&work->place);
	work->impl = NULL;
	free(job);
	work->done(work);
}

/*
 * It runs early and is done late: what happens in between must not count as
 * covered by the work.
 */
static void
job_run(struct event * event)
{
	struct job * job = list_entry(event, struct job, event);
	struct node * node = job->node;
	uint64_t ms;

	(void)disk_owed(node->disk);
	job->work->run(job->work);
	job->ran = true;
	ms = clock_add(node->work_ms, disk_owed(node->disk));
	job->event.fire = job_done;
	if (event_in(node->sim, &job->event, clock_mul(ms, 1000)) != 0)
		abort();
	/* The disk may have crashed the node meanwhile. */
	if (!node->alive)
		event_stop(node->sim, &job->event);
}

int
sim_work(struct world * w, struct world_work * work)
{
	struct node * node = node_of(w);
	struct job * job;

	if (!node->alive)
		return (-ERR_INTERNAL);
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return (-ERR_INTERNAL);
	job->event.fire = job_run;
	job->node = node;
	job->work = work;
	if (event_in(node->sim, &job->event, 0) != 0) {
		free(job);
		return (-ERR_INTERNAL);
	}
	work->impl = job;
	list_append(&node->works, &work->place);
	return (0);
}

void
time_die(struct node * node)
{
	struct world_work * work;
	struct world_timer * t;
	struct list * at, * next;

	while (!list_empty(&node->timers)) {
		t = list_entry(node->timers.next, struct world_timer, place);
		sim_timer_stop(&node->world, t);
	}
	list_each(at, next, &node->works) {
		work = list_entry(at, struct world_work, place);
		event_stop(node->sim, &((struct job *)work->impl)->event);
	}
}

/*
 * Work belongs to the world until it is done; its owner, who is closed by now,
 * expects that call to free it.
 */
void
time_settle(struct node * node)
{
	struct world_work * work;
	struct job * job;

	while (!list_empty(&node->works)) {
		work = list_entry(node->works.next, struct world_work, place);
		job = work->impl;
		if (!job->ran)
			work->run(work);
		job_done(&job->event);
	}
}
