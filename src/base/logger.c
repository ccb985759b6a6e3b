#include "base/logger.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void
log_line(const struct logger * log, enum log_level level, const char * module,
    const char * format, ...)
{
	char line[500];
	char * p;
	va_list ap;

	if (log == NULL || log->write == NULL || level < log->least)
		return;
	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	/* Others' words are quoted: they shall not look like lines of ours. */
	for (p = line; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	log->write(log->user, level, module, line);
}
