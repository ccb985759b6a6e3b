/* doctor_store.c: the folder, the key, and the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buffer.h"
#include "crypto/crypto.h"
#include "daemon/doctor.h"
#include "world/os/world_os.h"
#include "world/store.h"

/* Free space below which a node soon stops, and below which it is worth a word. */
#define ROOM_LEAST (16ULL << 20)
#define ROOM_ENOUGH (256ULL << 20)

static const char elsewhere[] = "name another folder with -store.dir, or have "
    "its owner give it to you";

void
doctor_say(const struct doctor * d, const char * what,
    enum doctor_grade grade, const char * remedy, const char * format, ...)
{
	struct doctor_finding finding = {what, grade, NULL, remedy};
	char text[600];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	finding.text = text;
	d->found(d->user, &finding);
}

/* --- the folder ------------------------------------------------------------- */

/* The nearest folder above that is there, in path. */
static void
existing_parent(char * path)
{
	struct stat st;
	char * slash;

	while (stat(path, &st) != 0 && errno == ENOENT &&
	    strcmp(path, ".") != 0) {
		if ((slash = strrchr(path, '/')) == NULL)
			(void)strcpy(path, ".");
		else if (slash == path)
			path[1] = '\0';
		else
			*slash = '\0';
	}
}

/* Rights alone do not tell: make a folder there and remove it. */
static bool
can_make(const char * above)
{
	char path[4200];

	(void)snprintf(path, sizeof(path), "%s/.doctor-%ld", above,
	    (long)getpid());
	return (mkdir(path, 0700) == 0 && rmdir(path) == 0);
}

/* It is not there: could it be made? */
static bool
check_absent(const struct doctor * d, const char * folder)
{
	char above[4096];

	(void)snprintf(above, sizeof(above), "%s", folder);
	existing_parent(above);
	if (!can_make(above)) {
		doctor_say(d, "folder", DOCTOR_FAIL, elsewhere,
		    "%s is not there and cannot be made in %s", folder, above);
		return (false);
	}
	doctor_say(d, "folder", DOCTOR_OK, "", "%s is not there yet: the "
	    "first `berty daemon` makes it and your account", folder);
	return (false);
}

/* Write a file and sync it, as the store does; 0 or an errno. */
static int
probe(const char * folder)
{
	char path[4200];
	int fd, failed = 0;

	(void)snprintf(path, sizeof(path), "%s/.doctor-%ld", folder,
	    (long)getpid());
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return (errno);
	if (write(fd, "probe", 5) != 5 || fsync(fd) != 0)
		failed = errno;
	(void)close(fd);
	(void)unlink(path);
	return (failed);
}

static void
check_room(const struct doctor * d, const char * folder)
{
	struct statvfs fs;
	unsigned long long room;

	if (statvfs(folder, &fs) != 0)
		return;
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (room >= ROOM_ENOUGH)
		doctor_say(d, "space", DOCTOR_OK, "", "%llu MB are free",
		    room / 1000000);
	else
		doctor_say(d, "space", room < ROOM_LEAST ? DOCTOR_FAIL
		    : DOCTOR_WARN, "make room on the disk: a full one turns "
		    "the store read-only", "%llu MB are free",
		    room / 1000000);
}

bool
doctor_folder(const struct doctor * d, const char * folder)
{
	struct stat st;
	int failed;

	if (stat(folder, &st) != 0) {
		if (errno == ENOENT)
			return (check_absent(d, folder));
		doctor_say(d, "folder", DOCTOR_FAIL, elsewhere,
		    "%s cannot be used: %s", folder, strerror(errno));
		return (false);
	}
	if (!S_ISDIR(st.st_mode)) {
		doctor_say(d, "folder", DOCTOR_FAIL, elsewhere,
		    "%s is no folder", folder);
		return (false);
	}
	if ((failed = probe(folder)) != 0) {
		doctor_say(d, "folder", DOCTOR_FAIL, elsewhere,
		    "%s cannot be written: %s", folder, strerror(failed));
		return (false);
	}
	if ((st.st_mode & 022) != 0)
		doctor_say(d, "folder", DOCTOR_WARN, "chmod 700 it",
		    "others may write into %s", folder);
	else
		doctor_say(d, "folder", DOCTOR_OK, "",
		    "%s: files are written and synced to disk", folder);
	check_room(d, folder);
	return (true);
}

/* --- the store -------------------------------------------------------------- */

/* Never make a key: an absent one is a finding. */
static int
read_key(const struct doctor_key * from, const char * folder, uint8_t key[32],
    struct error * err)
{
	struct world_os_key source = {from->file, from->variable, from->fd};
	struct buffer path = {0};
	int rc;

	if (source.file == NULL && source.variable == NULL && source.fd < 0) {
		buffer_printf(&path, "%s/store.key", folder);
		buffer_byte(&path, 0);
		source.file = (char *)path.p;
	}
	if (source.file != NULL && access(source.file, F_OK) != 0)
		rc = error_set(err, ERR_KEYSTORE_GET, "%s: %s", source.file,
		    strerror(errno));
	else
		rc = world_os_store_key(&source, key, err);
	buffer_free(&path);
	return (rc);
}

static void
open_store(const struct doctor * d, const char * path, const uint8_t key[32])
{
	struct store_config config = {.path = path, .key = key};
	struct world * w = world_os_new(NULL);
	struct store_stats stats;
	struct error err = {0};
	struct store * s;

	if (w == NULL) {
		doctor_say(d, "store", DOCTOR_FAIL, "", "out of memory");
		return;
	}
	if (store_open(w, &config, &s, &err) == 0) {
		store_stats(s, &stats);
		doctor_say(d, "store", DOCTOR_OK, "", "%s opens: %llu kB, "
		    "tables of version %u", path,
		    (unsigned long long)stats.bytes / 1000, store_schema(s));
		store_close(s);
	} else if (err.code[0] == ERR_DB_MIGRATE)
		doctor_say(d, "store", DOCTOR_FAIL, "install the newer "
		    "version again", "%s: %s", path, err.text);
	else
		doctor_say(d, "store", DOCTOR_FAIL, "see that no other node "
		    "holds it and that store.key is the one it was made with; "
		    "else put back a copy", "%s does not open: %s", path,
		    err.text);
	world_os_free(w);
}

void
doctor_store(const struct doctor * d, const char * folder,
    const struct doctor_key * from)
{
	struct error err = {0};
	char path[4200];
	uint8_t key[32];

	(void)snprintf(path, sizeof(path), "%s/berty.sqlite", folder);
	if (access(path, F_OK) != 0) {
		doctor_say(d, "store", DOCTOR_OK, "", "there is no account in "
		    "%s yet: the first `berty daemon` makes one", folder);
		return;
	}
	if (read_key(from, folder, key, &err) != 0) {
		doctor_say(d, "key", DOCTOR_FAIL, "give the key that the store "
		    "was made with (-store.key-file), in a file of mode 0600: "
		    "without it the account is lost", "the store's key cannot "
		    "be read: %s", err.text);
		return;
	}
	doctor_say(d, "key", DOCTOR_OK, "", "the store's key is there, and "
	    "nobody else may read it");
	open_store(d, path, key);
	crypto_wipe(key, sizeof(key));
}
