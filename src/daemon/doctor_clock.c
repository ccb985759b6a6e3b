/* doctor_clock.c: is the date believable, and do the clocks go together? */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/doctor.h"
#include "node/node.h"

/* How long to look, and how far the clocks may part meanwhile, ms. */
enum { LOOK_MS = 300, APART_MS = 100 };

static int64_t
read_ms(clockid_t which)
{
	struct timespec t = {0};

	(void)clock_gettime(which, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

void
doctor_clock(const struct doctor * d)
{
	struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	int64_t wall = read_ms(CLOCK_REALTIME);
	int64_t steady = read_ms(CLOCK_MONOTONIC);
	time_t now = (time_t)(wall / 1000);
	struct tm when = {0};
	char text[40] = "?";
	int64_t apart;

	if (gmtime_r(&now, &when) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC",
		    &when);
	if (!node_clock_plausible(wall)) {
		doctor_say(d, "clock", DOCTOR_FAIL, "set the date, and let it "
		    "be kept (systemd-timesyncd, chrony): contacts look for "
		    "each other by the hour", "it is not %s", text);
		return;
	}
	(void)nanosleep(&pause, NULL);
	apart = (read_ms(CLOCK_REALTIME) - wall) -
	    (read_ms(CLOCK_MONOTONIC) - steady);
	if (llabs(apart) > APART_MS)
		doctor_say(d, "clock", DOCTOR_WARN, "see what sets the clock "
		    "of this machine", "the clock jumped by %" PRId64
		    " ms while it was looked at", apart);
	else
		doctor_say(d, "clock", DOCTOR_OK, "", "%s", text);
}
