/* context_loop.c: who runs the loop, and how others hand it work. */
#include "public/berty/context.h"

#include <stdlib.h>

#include "world/os/world_os.h"

/* --- commands ------------------------------------------------------------- */

void
loop_post(struct berty * b, struct command * command)
{
	list_append(&b->commands, &command->place);
}

static struct command *
next_command(struct berty * b)
{
	struct command * command = NULL;

	(void)pthread_mutex_lock(&b->lock);
	if (!list_empty(&b->commands)) {
		command = list_entry(b->commands.next, struct command, place);
		list_remove(&command->place);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return (command);
}

static size_t
count_commands(struct berty * b)
{
	struct list * at, * next;
	size_t n = 0;

	(void)pthread_mutex_lock(&b->lock);
	list_each(at, next, &b->commands)
		n++;
	(void)pthread_mutex_unlock(&b->lock);
	return (n);
}

/* What callbacks ask for waits, so that sockets are served in between. */
bool
loop_commands(struct berty * b)
{
	size_t n = count_commands(b);
	struct command * command;

	for (; n > 0 && (command = next_command(b)) != NULL; n--)
		command->run(b, command);
	return (count_commands(b) > 0);
}

void
loop_wake(struct berty * b)
{
	if (b->loop != NULL)
		(void)uv_async_send(&b->loop->wake);
	else
		(void)world_timer_start(b->world, &b->turn, 0);
}

static void
woken(uv_async_t * wake)
{
	struct berty * b = wake->data;
	bool stop;

	if (loop_commands(b))
		loop_wake(b);
	(void)pthread_mutex_lock(&b->lock);
	stop = b->stop;
	(void)pthread_mutex_unlock(&b->lock);
	if (stop)
		uv_stop(wake->loop);
}

void
loop_turn(struct world_timer * timer)
{
	struct berty * b = list_entry(timer, struct berty, turn);

	loop_enter(b);
	if (loop_commands(b))
		loop_wake(b);
	loop_leave(b);
}

/* --- handles -------------------------------------------------------------- */

static void
expired(uv_timer_t * timer)
{
	uv_stop(timer->loop);
}

static void
handle_closed(uv_handle_t * handle)
{
	struct berty * b = handle->data;

	b->loop->closed++;
}

int
loop_open(struct berty * b)
{
	uv_loop_t * uv = world_os_loop(b->world);

	if ((b->loop = calloc(1, sizeof(*b->loop))) == NULL)
		return (-ERR_INTERNAL);
	if (uv_async_init(uv, &b->loop->wake, woken) != 0) {
		free(b->loop);
		b->loop = NULL;
		return (-ERR_INTERNAL);
	}
	(void)uv_timer_init(uv, &b->loop->deadline);
	b->loop->wake.data = b->loop->deadline.data = b;
	return (0);
}

void
loop_close(struct berty * b)
{
	uv_loop_t * uv = world_os_loop(b->world);

	uv_close((uv_handle_t *)&b->loop->wake, handle_closed);
	uv_close((uv_handle_t *)&b->loop->deadline, handle_closed);
	while (b->loop->closed < 2)
		(void)uv_run(uv, UV_RUN_ONCE);
	free(b->loop);
	b->loop = NULL;
}

/* --- whose turn it is ----------------------------------------------------- */

void
loop_enter(struct berty * b)
{
	(void)pthread_mutex_lock(&b->lock);
	b->depth++;
	b->runner = pthread_self();
	(void)pthread_mutex_unlock(&b->lock);
}

void
loop_leave(struct berty * b)
{
	(void)pthread_mutex_lock(&b->lock);
	b->depth--;
	(void)pthread_mutex_unlock(&b->lock);
}

bool
loop_inside(struct berty * b)
{
	bool inside;

	(void)pthread_mutex_lock(&b->lock);
	inside = b->depth > 0 && pthread_equal(b->runner, pthread_self()) != 0;
	(void)pthread_mutex_unlock(&b->lock);
	return (inside);
}

/* Become the one who runs the loop; false: somebody does. */
static bool
claim(struct berty * b)
{
	bool free_now;

	(void)pthread_mutex_lock(&b->lock);
	free_now = b->loop != NULL && !b->running && b->depth == 0;
	if (free_now) {
		b->running = true;
		b->depth++;
		b->runner = pthread_self();
	}
	(void)pthread_mutex_unlock(&b->lock);
	return (free_now);
}

static void
release(struct berty * b)
{
	(void)pthread_mutex_lock(&b->lock);
	b->running = false;
	b->depth--;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
}

/* Was it asked to stop?  Forgets it. */
static bool
stop_asked(struct berty * b)
{
	bool stop;

	(void)pthread_mutex_lock(&b->lock);
	stop = b->stop;
	b->stop = false;
	(void)pthread_mutex_unlock(&b->lock);
	return (stop);
}

/* --- running -------------------------------------------------------------- */

/* uv_stop may come from a deadline that is over: run until asked. */
static void *
run_thread(void * user)
{
	struct berty * b = user;

	while (!stop_asked(b))
		world_os_run(b->world);
	release(b);
	return (NULL);
}

static void
join(struct berty * b)
{
	bool started;

	(void)pthread_mutex_lock(&b->lock);
	started = b->started;
	b->started = false;
	(void)pthread_mutex_unlock(&b->lock);
	if (started)
		(void)pthread_join(b->thread, NULL);
}

int
berty_start(struct berty * b)
{
	int rc;

	if (!claim(b))
		return (-ERR_INVALID_INPUT);
	join(b);
	(void)pthread_mutex_lock(&b->lock);
	b->stop = false;
	/* The thread waits for the lock before it is asked who it is. */
	rc = pthread_create(&b->thread, NULL, run_thread, b);
	b->started = rc == 0;
	if (rc == 0)
		b->runner = b->thread;
	(void)pthread_mutex_unlock(&b->lock);
	if (rc == 0)
		return (0);
	release(b);
	return (-ERR_INTERNAL);
}

int
berty_run(struct berty * b, int ms)
{
	if (!claim(b))
		return (-ERR_INVALID_INPUT);
	if (ms >= 0) {
		uv_update_time(world_os_loop(b->world));
		(void)uv_timer_start(&b->loop->deadline, expired,
		    (uint64_t)ms, 0);
	}
	if (!stop_asked(b))
		world_os_run(b->world);
	(void)stop_asked(b);
	(void)uv_timer_stop(&b->loop->deadline);
	release(b);
	return (0);
}

int
berty_turn(struct berty * b)
{
	if (!claim(b))
		return (-ERR_INVALID_INPUT);
	(void)stop_asked(b);
	world_os_turn(b->world);
	release(b);
	return (0);
}

void
loop_once(struct berty * b, uint64_t ms)
{
	if (!claim(b))
		return;
	if (ms != UINT64_MAX) {
		uv_update_time(world_os_loop(b->world));
		(void)uv_timer_start(&b->loop->deadline, expired, ms, 0);
	}
	(void)uv_run(world_os_loop(b->world), UV_RUN_ONCE);
	(void)uv_timer_stop(&b->loop->deadline);
	release(b);
}

int
berty_fd(struct berty * b)
{
	return (b->loop == NULL ? -ERR_INVALID_INPUT :
	    world_os_fd(b->world));
}

int
berty_timeout_ms(struct berty * b)
{
	bool waiting;

	if (b->loop == NULL)
		return (-1);
	(void)pthread_mutex_lock(&b->lock);
	waiting = !list_empty(&b->commands);
	(void)pthread_mutex_unlock(&b->lock);
	return (waiting ? 0 : world_os_timeout(b->world));
}

void
berty_stop(struct berty * b)
{
	if (b->loop == NULL)
		return;
	(void)pthread_mutex_lock(&b->lock);
	b->stop = true;
	(void)pthread_mutex_unlock(&b->lock);
	loop_wake(b);
	if (!loop_inside(b))
		join(b);
}

void
loop_halt(struct berty * b)
{
	bool started;

	(void)pthread_mutex_lock(&b->lock);
	started = b->started;
	(void)pthread_mutex_unlock(&b->lock);
	if (started)
		berty_stop(b);
}

/* --- work for whoever runs the loop --------------------------------------- */

struct errand {
	struct command command;
	void (*run)(void * user);
	void * user;
	bool done;
};

static void
errand_run(struct berty * b, struct command * command)
{
	struct errand * e = list_entry(command, struct errand, command);

	e->run(e->user);
	(void)pthread_mutex_lock(&b->lock);
	e->done = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
}

void
loop_do(struct berty * b, void (*run)(void * user), void * user)
{
	struct errand e = {.command.run = errand_run, .run = run,
	    .user = user};

	if (loop_inside(b)) {
		run(user);
		return;
	}
	(void)pthread_mutex_lock(&b->lock);
	if (!b->running) {
		b->depth++;
		b->runner = pthread_self();
		(void)pthread_mutex_unlock(&b->lock);
		run(user);
		loop_leave(b);
		return;
	}
	loop_post(b, &e.command);
	loop_wake(b);
	while (!e.done && b->running)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	list_remove(&e.command.place);
	(void)pthread_mutex_unlock(&b->lock);
	/* It was stopped before it came to this. */
	if (!e.done)
		loop_do(b, run, user);
}
