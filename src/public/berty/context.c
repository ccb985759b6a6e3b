/* context.c: a context's beginning and end, and its tables. */
#include "public/berty/context.h"

#include <stdlib.h>

#include "base/logger_public.h"
#include "berty/world.h"
#include "public/world/public_config.h"
#include "public/world/supplied.h"
#include "version/version.h"
#include "world/os/world_os.h"

const char *
berty_version(void)
{
	return (version_text());
}

/* --- ids ------------------------------------------------------------------ */

static struct slice
key_of(const berty_id * id)
{
	return (slice_of(id, sizeof(*id)));
}

berty_id
context_name(struct berty * b, struct map * map, void * value)
{
	berty_id id = b->last_id + 1;

	if (map_set(map, key_of(&id), value) != 0)
		return (0);
	b->last_id = id;
	return (id);
}

void *
context_find(const struct map * map, berty_id id)
{
	return (map_get(map, key_of(&id)));
}

void
context_forget(struct map * map, berty_id id)
{
	(void)map_remove(map, key_of(&id));
}

/* --- the context ---------------------------------------------------------- */

static int
locks_open(struct berty * b)
{
	pthread_condattr_t attr;
	int rc;

	if (pthread_mutex_init(&b->lock, NULL) != 0)
		return (-ERR_INTERNAL);
	rc = pthread_condattr_init(&attr);
	if (rc == 0) {
		(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		rc = pthread_cond_init(&b->changed, &attr);
		(void)pthread_condattr_destroy(&attr);
	}
	if (rc != 0)
		(void)pthread_mutex_destroy(&b->lock);
	return (rc == 0 ? 0 : -ERR_INTERNAL);
}

static void
locks_close(struct berty * b)
{
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
}

int
berty_new(const struct berty_config * config, struct berty ** b,
    struct berty_error * err)
{
	struct error none = {.n = 1, .code = {ERR_INTERNAL},
	    .text = "out of memory or of descriptors"};
	struct berty_config c;
	struct berty * made;

	if (!public_config(&c, sizeof(c), config, sizeof(c.size))) {
		(void)error_set(&none, ERR_INVALID_INPUT,
		    "berty_config.size is of no version of the library");
		return (error_export(err, &none, -ERR_INVALID_INPUT));
	}
	if ((made = calloc(1, sizeof(*made))) == NULL)
		goto err0;
	made->host_log = c.log;
	made->log = logger_import(&made->host_log);
	made->turn.fire = loop_turn;
	list_init(&made->commands);
	list_init(&made->zombies);
	if (locks_open(made) != 0)
		goto err1;
	made->world = c.world != NULL ? supplied_new(c.world, &made->log) :
	    world_os_new(&made->log);
	if (made->world == NULL)
		goto err2;
	if (c.world == NULL && loop_open(made) != 0)
		goto err3;
	*b = made;
	return (0);

err3:
	world_os_free(made->world);
err2:
	locks_close(made);
err1:
	free(made);
err0:
	return (error_export(err, &none, -ERR_INTERNAL));
}

static void
zombies_free(struct berty * b)
{
	struct list * at, * next;

	list_each(at, next, &b->zombies)
		carried_free(list_entry(at, struct carried, place));
}

void
berty_free(struct berty * b)
{
	if (b == NULL)
		return;
	loop_halt(b);
	loop_enter(b);
	/* Closing them ends their calls; what is queued finds none. */
	place_close_all(b);
	while (loop_commands(b))
		;
	if (b->loop != NULL) {
		loop_close(b);
		world_os_free(b->world);
	} else {
		world_timer_stop(b->world, &b->turn);
		supplied_free(b->world);
	}
	loop_leave(b);
	zombies_free(b);
	map_free(&b->nodes);
	map_free(&b->calls);
	locks_close(b);
	free(b);
}
