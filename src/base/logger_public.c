#include "base/logger_public.h"

#include <stddef.h>
#include <stdint.h>

static void
write_line(void * user, enum log_level level, const char * module,
    const char * line)
{
	const struct berty_logger * host = user;

	host->write(host->user, (enum berty_log_level)level, module, line);
}

struct logger
logger_import(const struct berty_logger * host)
{
	return ((struct logger){
		.least = (enum log_level)host->least,
		.write = host->write == NULL ? NULL : write_line,
		.user = (void *)(uintptr_t)host,
	});
}
