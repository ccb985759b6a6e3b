/* sim_public.c: the simulator as worlds that a host supplies. */
#include "public/sim/sim_public.h"

#include <stdlib.h>

struct berty_sim {
	struct sim * sim;
	struct list nodes;
};

/* --- the simulation ------------------------------------------------------- */

struct berty_sim *
berty_sim_new(uint64_t seed)
{
	struct berty_sim * s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	list_init(&s->nodes);
	if ((s->sim = sim_new(seed)) == NULL) {
		free(s);
		return (NULL);
	}
	return (s);
}

void
berty_sim_free(struct berty_sim * sim)
{
	struct berty_sim_node * node;

	if (sim == NULL)
		return;
	sim_free(sim->sim);
	while (!list_empty(&sim->nodes)) {
		node = list_entry(sim->nodes.next, struct berty_sim_node,
		    place);
		list_remove(&node->place);
		free(node);
	}
	free(sim);
}

uint64_t
berty_sim_seed_wanted(uint64_t otherwise)
{
	return (sim_seed_wanted(otherwise));
}

bool
berty_sim_holds(const struct berty_sim * sim, bool holds, const char * text)
{
	return (sim_holds(sim->sim, holds, text));
}

uint64_t
berty_sim_now(const struct berty_sim * sim)
{
	return (sim_now(sim->sim));
}

void
berty_sim_run_for(struct berty_sim * sim, uint64_t ms)
{
	sim_run_for(sim->sim, ms);
}

bool
berty_sim_run_until(struct berty_sim * sim, bool (*done)(void * user),
    void * user, uint64_t max_ms)
{
	return (sim_run_until(sim->sim, done, user, max_ms));
}

uint64_t
berty_sim_fingerprint(const struct berty_sim * sim)
{
	return (sim_fingerprint(sim->sim));
}

/* --- a node's world ------------------------------------------------------- */

static struct world *
world_of(void * user)
{
	return (((struct berty_sim_node *)user)->w);
}

static uint64_t
now(void * user)
{
	return (world_now(world_of(user)));
}

static int64_t
wall(void * user)
{
	return (world_wall(world_of(user)));
}

static void
draw(void * user, void * p, size_t n)
{
	world_random(world_of(user), p, n);
}

static void
rings(struct world_timer * timer)
{
	struct berty_sim_node * node =
	    list_entry(timer, struct berty_sim_node, alarm);

	node->ring(node->ring_arg);
}

static void
set_alarm(void * user, uint64_t ms, void (*ring)(void * arg), void * arg)
{
	struct berty_sim_node * node = user;

	node->ring = ring;
	node->ring_arg = arg;
	if (ms == UINT64_MAX)
		world_timer_stop(node->w, &node->alarm);
	else
		(void)world_timer_start(node->w, &node->alarm, ms);
}

struct job {
	struct world_work work;
	void (*run)(void * arg);
	void (*done)(void * arg);
	void * arg;
};

static void
job_run(struct world_work * work)
{
	struct job * job = list_entry(work, struct job, work);

	job->run(job->arg);
}

static void
job_done(struct world_work * work)
{
	struct job * job = list_entry(work, struct job, work);
	void (*done)(void * arg) = job->done;
	void * arg = job->arg;

	free(job);
	done(arg);
}

static int
work(void * user, void (*run)(void * arg), void (*done)(void * arg),
    void * arg)
{
	struct job * job;
	int rc;

	if ((job = calloc(1, sizeof(*job))) == NULL)
		return (-ERR_INTERNAL);
	*job = (struct job){.work = {.run = job_run, .done = job_done},
	    .run = run, .done = done, .arg = arg};
	if ((rc = world_work(world_of(user), &job->work)) != 0)
		free(job);
	return (rc);
}

struct berty_sim_node *
berty_sim_node_new(struct berty_sim * sim)
{
	struct berty_sim_node * node;

	if ((node = calloc(1, sizeof(*node))) == NULL)
		return (NULL);
	if ((node->w = sim_node(sim->sim)) == NULL) {
		free(node);
		return (NULL);
	}
	node->alarm.fire = rings;
	node->world = (struct berty_world){
		.size = sizeof(node->world),
		.user = node,
		.now = now,
		.wall = wall,
		.random = draw,
		.alarm = set_alarm,
		.work = work,
	};
	sim_public_sockets(node);
	sim_public_storage(node);
	list_append(&sim->nodes, &node->place);
	return (node);
}

const struct berty_world *
berty_sim_world(struct berty_sim_node * node)
{
	return (&node->world);
}

const struct berty_storage *
berty_sim_storage(struct berty_sim_node * node)
{
	return (&node->storage);
}

/* --- what befalls it ------------------------------------------------------ */

void
berty_sim_wall_jump(struct berty_sim_node * node, int64_t ms)
{
	sim_wall_jump(node->w, ms);
}

void
berty_sim_kill(struct berty_sim_node * node)
{
	sim_kill(node->w);
}

void
berty_sim_crash(struct berty_sim_node * node, enum berty_sim_crash left)
{
	sim_crash(node->w, (enum sim_crash)left);
}

bool
berty_sim_alive(struct berty_sim_node * node)
{
	return (sim_alive(node->w));
}

void
berty_sim_start(struct berty_sim_node * node)
{
	sim_start(node->w);
}

static struct sim_link
house_link(const struct berty_sim_link * link)
{
	return ((struct sim_link){
		.latency_ms = link->latency_ms,
		.jitter_ms = link->jitter_ms,
		.loss = link->loss,
		.reset = link->reset,
		.bytes_per_ms = link->bytes_per_ms,
		.cut = link->cut,
	});
}

void
berty_sim_links(struct berty_sim * sim, const struct berty_sim_link * link)
{
	struct sim_link house = house_link(link);

	sim_links(sim->sim, &house);
}

void
berty_sim_link(struct berty_sim_node * a, struct berty_sim_node * b,
    const struct berty_sim_link * link)
{
	struct sim_link house;

	if (link != NULL)
		house = house_link(link);
	sim_link(a->w, b->w, link == NULL ? NULL : &house);
}

void
berty_sim_disconnect(struct berty_sim_node * node)
{
	sim_disconnect(node->w);
}

void
berty_sim_fail_write(struct berty_sim_node * node, uint64_t n)
{
	sim_disk_fail_write(node->w, n);
}

void
berty_sim_fail_sync(struct berty_sim_node * node, uint64_t n)
{
	sim_disk_fail_sync(node->w, n);
}

void
berty_sim_disk_limit(struct berty_sim_node * node, uint64_t bytes)
{
	sim_disk_limit(node->w, bytes);
}
