#include <inttypes.h>
#include <stdlib.h>

#include "world/sim/sim_impl.h"

/* 1 January 2026, in nanoseconds: when every simulation starts. */
#define START (INT64_C(1767225600) * 1000000000)

static uint64_t
now(struct world * w)
{
	/* A clock since some moment: not since the start of the run. */
	return (3600000 + sim_now(node_of(w)->sim));
}

static int64_t
wall(struct world * w)
{
	struct node * node = node_of(w);

	return (START + (int64_t)node->sim->now * 1000 + node->wall_offset);
}

static void
draw(struct world * w, uint8_t * p, size_t n)
{
	dice_bytes(&node_of(w)->dice, p, n);
}

static size_t
interfaces(struct world * w, struct world_address * list, size_t max)
{
	if (max == 0)
		return (0);
	list[0] = sim_address(w);
	return (1);
}

const struct world_ops sim_ops = {
	.now = now,
	.wall = wall,
	.random = draw,
	.timer_start = sim_timer_start,
	.timer_stop = sim_timer_stop,
	.work = sim_work,
	.dial = sim_dial,
	.listen = sim_listen,
	.listener_close = sim_listener_close,
	.tcp_handle = sim_tcp_handle,
	.tcp_write = sim_tcp_write,
	.tcp_queued = sim_tcp_queued,
	.tcp_pause = sim_tcp_pause,
	.tcp_close = sim_tcp_close,
	.interfaces = interfaces,
	.udp_open = sim_udp_open,
	.udp_send = sim_udp_send,
	.udp_close = sim_udp_close,
	.links = sim_udp_links,
};

static void
write_line(void * user, enum log_level level, const char * module,
    const char * line)
{
	struct node * node = user;

	if (level >= node->sim->least)
		(void)fprintf(stderr, "%8" PRIu64 " ms  node %zu  %s: %s\n",
		    sim_now(node->sim), node->index + 1, module, line);
}

void
sim_log(struct sim * sim, enum log_level least)
{
	size_t i;

	sim->least = least;
	for (i = 0; i < sim->n; i++)
		sim->nodes[i]->log.least = least;
}

static struct node *
node_new(struct sim * sim)
{
	struct node * node;

	if ((node = calloc(1, sizeof(*node))) == NULL)
		return (NULL);
	node->sim = sim;
	node->index = sim->n;
	node->alive = true;
	node->work_ms = 1;
	node->port = 49151;
	node->world.ops = &sim_ops;
	node->world.impl = node;
	node->world.log = &node->log;
	node->log.least = sim->least;
	node->log.write = write_line;
	node->log.user = node;
	dice_init(&node->dice, sim->seed, sim->n);
	list_init(&node->timers);
	list_init(&node->works);
	list_init(&node->listeners);
	list_init(&node->ends);
	list_init(&node->udps);
	if ((node->disk = disk_new(node)) == NULL) {
		free(node);
		return (NULL);
	}
	return (node);
}

struct world *
sim_node(struct sim * sim)
{
	struct node ** nodes;
	struct node * node;

	nodes = realloc(sim->nodes, (sim->n + 1) * sizeof(*nodes));
	if (nodes == NULL)
		return (NULL);
	sim->nodes = nodes;
	if ((node = node_new(sim)) == NULL)
		return (NULL);
	sim->nodes[sim->n++] = node;
	return (&node->world);
}

void
node_free(struct node * node)
{
	tcp_die(node);
	udp_die(node);
	time_settle(node);
	disk_free(node->disk);
	free(node);
}

struct world_address
sim_address(struct world * w)
{
	uint32_t ip = (10u << 24) + (uint32_t)node_of(w)->index + 1;
	struct world_address address = {0};
	int i;

	for (i = 0; i < 4; i++)
		address.ip[i] = (uint8_t)(ip >> (24 - 8 * i));
	return (address);
}

void
node_die(struct node * node)
{
	if (!node->alive)
		return;
	node->alive = false;
	time_die(node);
	tcp_break(node, false);
}

void
sim_kill(struct world * w)
{
	node_die(node_of(w));
	disk_die(node_of(w)->disk, -1);
}

void
sim_crash(struct world * w, enum sim_crash left)
{
	node_die(node_of(w));
	disk_die(node_of(w)->disk, (int)left);
}

bool
sim_alive(struct world * w)
{
	return (node_of(w)->alive);
}

void
sim_start(struct world * w)
{
	struct node * node = node_of(w);

	if (node->alive)
		return;
	tcp_die(node);
	udp_die(node);
	time_settle(node);
	disk_start(node->disk);
	node->alive = true;
}

void
sim_disconnect(struct world * w)
{
	tcp_break(node_of(w), true);
}

void
sim_wall_jump(struct world * w, int64_t ms)
{
	node_of(w)->wall_offset += ms * 1000000;
}

void
sim_work_ms(struct world * w, uint64_t ms)
{
	node_of(w)->work_ms = ms;
}
