#include "passphrase.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSPHRASE_MAX = 1024 };

static int
read_file(struct run * run, const char * path, struct buffer * out)
{
	FILE * file = fopen(path, "re");
	size_t n;

	if (file == NULL)
		return (error_set(&run->err, ERR_INVALID_INPUT, "the "
		    "passphrase's file %.100s: %s", path, strerror(errno)));
	/* Read where it is wiped. */
	setvbuf(file, NULL, _IONBF, 0);
	if (buffer_reserve(out, PASSPHRASE_MAX) == 0) {
		n = fread(out->p, 1, PASSPHRASE_MAX, file);
		while (out->n < n && strchr("\r\n", out->p[out->n]) == NULL)
			out->n++;
	}
	(void)fclose(file);
	if (out->n == PASSPHRASE_MAX)
		return (error_set(&run->err, ERR_INVALID_INPUT, "the "
		    "passphrase is longer than %d bytes", PASSPHRASE_MAX - 1));
	return (0);
}

int
passphrase_read(struct run * run, const char * file_flag,
    const char * variable_flag, struct buffer * out)
{
	const char * path = flags_text(&run->flags, file_flag);
	const char * variable = flags_text(&run->flags, variable_flag);
	int rc;

	if (path == NULL && variable == NULL)
		return (0);
	if (path != NULL && variable != NULL)
		return (error_set(&run->err, ERR_INVALID_INPUT, "there is one "
		    "passphrase: give -%s or -%s", file_flag, variable_flag));
	if (path != NULL) {
		if ((rc = read_file(run, path, out)) != 0)
			return (rc);
	} else
		buffer_text(out, getenv(variable));
	if (out->n == 0)
		return (error_set(&run->err, ERR_INVALID_INPUT,
		    "the passphrase is empty"));
	buffer_byte(out, 0);
	return (out->failed ? error_set(&run->err, ERR_INTERNAL,
	    "out of memory") : 0);
}
