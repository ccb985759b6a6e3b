/* library.c: a node in this process. */
#include "library.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "bench.h"
#include "world/os/world_os.h"

#define MESSAGE 256
#define BATCH 2000

int
library_open(struct library * l, const char * folder)
{
	struct world_os_key from = {.fd = -1};
	struct node_config config = {
		.network = network_find("berty"),
		.auto_activate = true,
		.agent = "bench",
	};
	char key_file[500], path[500];
	struct error err = {0};
	uint8_t key[32];

	*l = (struct library){0};
	(void)mkdir(folder, 0700);
	snprintf(key_file, sizeof(key_file), "%s/store.key", folder);
	snprintf(path, sizeof(path), "%s/berty.sqlite", folder);
	from.file = key_file;
	config.store.path = path;
	config.store.key = key;
	l->world = world_os_new(NULL);
	if (l->world == NULL || world_os_store_key(&from, key, &err) != 0 ||
	    node_open(l->world, &config, &l->node, &err) != 0) {
		progress("the store in %s does not open: %s", folder, err.text);
		library_close(l);
		return (-1);
	}
	return (0);
}

void
library_close(struct library * l)
{
	if (l->node != NULL)
		node_close(l->node);
	if (l->world != NULL)
		world_os_free(l->world);
	*l = (struct library){0};
}

/* --- the loop ------------------------------------------------------------- */

struct pause {
	struct world_timer timer;
	struct world * world;
};

static void
stop(struct world_timer * timer)
{
	world_os_stop(list_entry(timer, struct pause, timer)->world);
}

void
library_turn(struct library * l, unsigned ms)
{
	struct pause p = {.timer.fire = stop, .world = l->world};

	(void)world_timer_start(l->world, &p.timer, ms);
	world_os_run(l->world);
	world_timer_stop(l->world, &p.timer);
}

/* --- groups --------------------------------------------------------------- */

struct node_group *
library_group(struct library * l)
{
	struct node_group * g;
	struct node_tx * tx;
	size_t at = 0;

	library_turn(l, 10);
	while ((g = node_each_group(l->node, &at)) != NULL)
		if (g != node_account_group(l->node))
			return (g);
	if (node_begin(l->node, &tx, NULL) != 0)
		return (NULL);
	if (node_create_group(tx, NULL, &g, NULL) != 0) {
		node_abort(tx);
		return (NULL);
	}
	if (node_commit(tx, NULL, NULL, NULL) != 0)
		return (NULL);
	library_turn(l, 100);
	return (g);
}

/* --- sending -------------------------------------------------------------- */

struct load {
	struct library * l;
	struct node_group * g;
	struct world_timer timer; /* the next ones are due */
	unsigned left, due, flying;
	bool failed;
};

static void
sent(void * user, int status)
{
	struct load * load = user;

	load->flying--;
	load->failed |= status != 0;
	if (load->failed || (load->left == 0 && load->flying == 0))
		world_os_stop(load->l->world);
	else if (load->left > 0) {
		load->due++;
		(void)world_timer_start(load->l->world, &load->timer, 0);
	}
}

static bool
send_one(struct load * load)
{
	static const uint8_t text[MESSAGE] = {'x'};
	struct node_tx * tx;

	if (node_begin(load->l->node, &tx, NULL) != 0)
		return (false);
	node_touch(tx, load->g);
	if (group_write_message(node_group_of(load->g),
	    slice_of(text, sizeof(text)), NULL, NULL) != 0) {
		node_abort(tx);
		return (false);
	}
	return (node_commit(tx, sent, load, NULL) == 0);
}

static void
send_due(struct world_timer * timer)
{
	struct load * load = list_entry(timer, struct load, timer);

	for (; load->due > 0 && load->left > 0; load->due--) {
		if (!send_one(load)) {
			load->failed = true;
			world_os_stop(load->l->world);
			return;
		}
		load->left--;
		load->flying++;
	}
	load->due = 0;
}

int
library_send(struct library * l, struct node_group * g, unsigned n,
    unsigned flying)
{
	struct load load = {.l = l, .g = g, .timer.fire = send_due, .left = n,
	    .due = flying};

	(void)world_timer_start(l->world, &load.timer, 0);
	world_os_run(l->world);
	world_timer_stop(l->world, &load.timer);
	return (load.failed ? -1 : 0);
}

int
library_write(struct library * l, struct node_group * g, unsigned n)
{
	static const uint8_t text[MESSAGE] = {'y'};
	struct node_tx * tx;
	unsigned i, batch;

	for (; n > 0; n -= batch) {
		batch = n < BATCH ? n : BATCH;
		if (node_begin(l->node, &tx, NULL) != 0)
			return (-1);
		node_touch(tx, g);
		for (i = 0; i < batch; i++)
			if (group_write_message(node_group_of(g),
			    slice_of(text, sizeof(text)), NULL, NULL) != 0) {
				node_abort(tx);
				return (-1);
			}
		if (node_commit(tx, NULL, NULL, NULL) != 0)
			return (-1);
		library_turn(l, 1);
	}
	return (0);
}
