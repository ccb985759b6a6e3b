#include "log_flags.h"

#include <stdio.h>
#include <string.h>

static const char * const levels[] = {"debug", "info", "warn", "error"};

static void
write_line(void * user, enum berty_log_level level, const char * module,
    const char * line)
{
	(void)user;
	fprintf(stderr, "%-5s %s: %s\n", levels[level], module, line);
}

int
log_flags_read(struct run * run, struct berty_logger * log)
{
	const char * text = flags_text(&run->flags, "log.level");
	int i;

	for (i = 0; i < 4; i++)
		if (strcmp(text, levels[i]) == 0) {
			log->least = (enum berty_log_level)i;
			log->write = write_line;
			return (0);
		}
	return (error_set(&run->err, ERR_INVALID_INPUT, "-log.level is debug, "
	    "info, warn or error, not '%.40s'", text));
}
