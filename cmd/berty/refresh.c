#include "refresh.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The longest pause, ms: a day. */
#define MOST 86400000.0

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static int
read_pause(struct run * run, const char * flag, long * ms)
{
	static const struct {
		const char * unit;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000},
	    {"h", 3600000}};
	const char * text = flags_text(&run->flags, flag);
	double v;
	size_t i;
	char * end;

	v = strtod(text, &end);
	for (i = 0; end != text && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0) {
			v *= units[i].ms;
			if (!(v >= 0 && v <= MOST))
				break;
			*ms = (long)v;
			return (0);
		}
	return (error_set(&run->err, ERR_INVALID_INPUT, "-%s is a time such "
	    "as 500ms, 2s or 1m, not '%.40s'", flag, text));
}

int
refresh_run(struct run * run, const char * flag,
    int (*once)(struct run * run))
{
	struct sigaction action = {.sa_handler = on_interrupt};
	struct timespec pause;
	long ms = 0;
	int rc;

	if ((rc = read_pause(run, flag, &ms)) != 0)
		return (rc);
	if (ms == 0)
		return (once(run));
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	while (rc == 0 && !interrupted) {
		if (!run->json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		rc = once(run);
		(void)fflush(stdout);
		pause.tv_sec = ms / 1000;
		pause.tv_nsec = ms % 1000 * 1000000;
		if (rc == 0 && !interrupted)
			(void)nanosleep(&pause, NULL);
	}
	return (interrupted ? 0 : rc);
}
