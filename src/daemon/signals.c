#include "daemon/signals.h"

#include <signal.h>

#include "world/os/world_os.h"

static void
on_signal(uv_signal_t * handle, int number)
{
	struct signals * s = handle->data;

	s->caught(s->user, number);
}

int
signals_watch(struct signals * s, struct world * w, bool hangup,
    void (*caught)(void * user, int number), void * user, struct error * err)
{
	static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};
	unsigned i, n = hangup ? 3 : 2;

	s->caught = caught;
	s->user = user;
	for (i = 0; i < n; i++) {
		if (uv_signal_init(world_os_loop(w), &s->handles[i]) != 0)
			break;
		s->handles[i].data = s;
		s->open++;
		if (uv_signal_start(&s->handles[i], on_signal,
		    numbers[i]) != 0)
			break;
	}
	return (i == n ? 0 : error_set(err, ERR_INTERNAL,
	    "signals cannot be watched"));
}

void
signals_end(struct signals * s)
{
	unsigned i;

	for (i = 0; i < s->open; i++)
		uv_close((uv_handle_t *)&s->handles[i], NULL);
	s->open = 0;
}
