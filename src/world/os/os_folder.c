/* Folders of a store. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "world/os/world_os.h"

int
world_os_make_folder(const char * path, struct error * err)
{
	struct buffer part = {0};
	const char * p;
	int rc = 0;

	for (p = path; rc == 0; p++) {
		if (*p == '/' || *p == '\0') {
			buffer_clear(&part);
			buffer_append(&part, path, (size_t)(p - path));
			buffer_byte(&part, 0);
			if (part.failed)
				rc = error_set(err, ERR_INTERNAL,
				    "out of memory");
			else if (part.n > 1 &&
			    mkdir((char *)part.p, 0700) != 0 && errno != EEXIST)
				rc = error_set(err, ERR_DB_OPEN,
				    "the store's folder %s cannot be made: %s",
				    (char *)part.p, strerror(errno));
		}
		if (*p == '\0')
			break;
	}
	buffer_free(&part);
	return (rc);
}
