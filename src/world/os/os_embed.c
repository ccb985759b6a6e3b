/* The loop as part of somebody else's. */
#include "world/os/os_impl.h"

int
world_os_fd(struct world * w)
{
	int fd = uv_backend_fd(&os_of(w)->loop);

	return (fd < 0 ? -ERR_INTERNAL : fd);
}

int
world_os_timeout(struct world * w)
{
	struct os * os = os_of(w);

	/* What was queued outside a turn is sent by the next one. */
	if (!list_empty(&os->dirty))
		return (0);
	/* libuv would say 0, to let its caller see that nothing is left. */
	if (uv_loop_alive(&os->loop) == 0)
		return (-1);
	uv_update_time(&os->loop);
	return (uv_backend_timeout(&os->loop));
}

void
world_os_turn(struct world * w)
{
	(void)uv_run(&os_of(w)->loop, UV_RUN_NOWAIT);
}
