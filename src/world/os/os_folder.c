/* Folders of a store, and the key in them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static bool
is_there(const char * folder, const char * name, struct buffer * path)
{
	buffer_clear(path);
	buffer_printf(path, "%s/%s", folder, name);
	buffer_byte(path, 0);
	return (!path->failed && access((char *)path->p, F_OK) == 0);
}

int
world_os_folder_key(const char * folder, uint8_t key[32], struct error * err)
{
	struct world_os_key from = {.fd = -1};
	struct buffer path = {0};
	bool has_store = is_there(folder, "berty.sqlite", &path);
	bool has_key = is_there(folder, "store.key", &path);
	int rc;

	from.file = (char *)path.p;
	if (path.failed)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	else if (has_store && !has_key)
		rc = error_set(err, ERR_KEYSTORE_GET, "the store's key %s is "
		    "missing: put it back, without it the store cannot be "
		    "opened", from.file);
	else
		rc = world_os_store_key(&from, key, err);
	buffer_free(&path);
	return (rc);
}
