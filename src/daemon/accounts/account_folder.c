#include "daemon/accounts/account_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/protobuf.h"
#include "world/os/world_os.h"

#define METADATA "account.pb"
#define NETWORK "network.pb"
#define IMPORTING "importing"
/* Folders that are no accounts: ids do not begin with a point. */
#define COMING ".coming-"
#define GOING ".going-"

enum { FILE_MAX = 1 << 16, DEPTH_MAX = 8 };

/* --- paths ----------------------------------------------------------------- */

static void
put_path(struct buffer * out, const char * root, const char * prefix,
    const char * id, const char * name)
{
	buffer_printf(out, "%s/accounts", root);
	if (id != NULL)
		buffer_printf(out, "/%s%s", prefix, id);
	if (name != NULL)
		buffer_printf(out, "/%s", name);
	buffer_byte(out, 0);
}

void
account_folder_path(struct buffer * out, const char * root, const char * id,
    const char * name)
{
	put_path(out, root, "", id, name);
}

static int
failed(struct error * err, const char * what, const char * path)
{
	return (error_set(err, ERR_BERTY_ACCOUNT_FS_ERROR, "%s %.120s: %s",
	    what, path, strerror(errno)));
}

/* Call something with the path of a file. */
static int
with_path(const char * root, const char * prefix, const char * id,
    const char * name, int (*call)(const char * path))
{
	struct buffer path = {0};
	int rc;

	put_path(&path, root, prefix, id, name);
	rc = path.failed ? -1 : call((char *)path.p);
	buffer_free(&path);
	return (rc);
}

static int
exists(const char * path)
{
	struct stat st;

	return (stat(path, &st));
}

bool
account_folder_exists(const char * root, const char * id)
{
	return (with_path(root, "", id, NULL, exists) == 0);
}

int
account_id_check(const char * id, struct error * err)
{
	size_t i, n = strlen(id);

	if (n == 0)
		return (error_set(err, ERR_BERTY_ACCOUNT_NO_ID_SPECIFIED,
		    "the account's id is missing"));
	for (i = 0; i < n; i++) {
		bool plain = (id[i] >= 'a' && id[i] <= 'z') ||
		    (id[i] >= 'A' && id[i] <= 'Z') ||
		    (id[i] >= '0' && id[i] <= '9') || id[i] == '_';

		if (!plain && (i == 0 || (id[i] != '-' && id[i] != '.')))
			break;
	}
	if (i < n || n > ACCOUNT_ID_MAX)
		return (error_set(err, ERR_BERTY_ACCOUNT_INVALID_ID_FORMAT,
		    "an account's id has letters, digits, '_', '-' and '.', "
		    "%d at most", ACCOUNT_ID_MAX));
	return (0);
}

int
account_id_free(const char * root, char id[ACCOUNT_ID_MAX + 1],
    struct error * err)
{
	int i;

	for (i = 0; i < 1000000; i++) {
		(void)snprintf(id, ACCOUNT_ID_MAX + 1, "%d", i);
		if (!account_folder_exists(root, id))
			return (0);
	}
	return (error_set(err, ERR_BERTY_ACCOUNT_ID_GEN_FAILED,
	    "no number is free"));
}

/* --- files ----------------------------------------------------------------- */

static int
sync_folder(const char * path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return (-1);
	rc = fsync(fd);
	(void)close(fd);
	return (rc);
}

static int
write_all(int fd, struct slice bytes)
{
	ssize_t n;

	while (bytes.n > 0) {
		if ((n = write(fd, bytes.p, bytes.n)) < 0)
			return (-1);
		bytes = slice_of(bytes.p + n, bytes.n - (size_t)n);
	}
	return (fsync(fd));
}

/* The whole of it or what was there before, whatever happens. */
static int
write_file(const char * root, const char * prefix, const char * id,
    const char * name, struct slice bytes, struct error * err)
{
	struct buffer path = {0}, beside = {0}, folder = {0};
	int fd = -1, rc = 0;

	put_path(&path, root, prefix, id, name);
	put_path(&folder, root, prefix, id, NULL);
	buffer_printf(&beside, "%s.new", path.failed ? "" : (char *)path.p);
	buffer_byte(&beside, 0);
	if (path.failed || beside.failed || folder.failed) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto out;
	}
	fd = open((char *)beside.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd < 0 || write_all(fd, bytes) != 0 ||
	    rename((char *)beside.p, (char *)path.p) != 0 ||
	    sync_folder((char *)folder.p) != 0)
		rc = failed(err, "cannot write", (char *)path.p);
	if (fd >= 0)
		(void)close(fd);
out:
	buffer_free(&path);
	buffer_free(&beside);
	buffer_free(&folder);
	return (rc);
}

/* A file of at most FILE_MAX bytes; false: there is none that is good. */
static bool
read_file(const char * root, const char * id, const char * name,
    struct buffer * out)
{
	struct buffer path = {0};
	uint8_t bytes[4096];
	FILE * file = NULL;
	bool good;
	size_t n;

	account_folder_path(&path, root, id, name);
	if (!path.failed)
		file = fopen((char *)path.p, "rbe");
	buffer_free(&path);
	if (file == NULL)
		return (false);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0 &&
	    out->n <= FILE_MAX)
		buffer_append(out, bytes, n);
	good = !ferror(file) && !out->failed && out->n <= FILE_MAX;
	(void)fclose(file);
	return (good);
}

static int
write_message(const char * root, const char * prefix, const char * id,
    const char * name, const void * message, struct error * err)
{
	struct buffer bytes = {0};
	int rc;

	protobuf_encode(&bytes, message);
	rc = bytes.failed ? error_set(err, ERR_SERIALIZATION, "out of memory")
	    : write_file(root, prefix, id, name, buffer_all(&bytes), err);
	buffer_free(&bytes);
	return (rc);
}

static void *
read_message(const char * root, const char * id, const char * name,
    const ProtobufCMessageDescriptor * type)
{
	struct buffer bytes = {0};
	void * message = NULL;

	if (read_file(root, id, name, &bytes))
		message = protobuf_decode(type, buffer_all(&bytes),
		    protobuf_cap(bytes.n));
	buffer_free(&bytes);
	return (message);
}

/* --- folders --------------------------------------------------------------- */

/* Remove a folder and what is in it; links are removed, not followed. */
static int
remove_tree(int parent, const char * name, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC), rc = 0;
	struct dirent * entry;
	DIR * folder;

	if (fd < 0)
		return (errno == ENOENT ? 0 : -1);
	if ((folder = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return (-1);
	}
	while (rc == 0 && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		rc = depth < DEPTH_MAX ? remove_tree(fd, entry->d_name,
		    depth + 1) : -1;
	}
	(void)closedir(folder);
	return (rc == 0 ? unlinkat(parent, name, AT_REMOVEDIR) : rc);
}

static int
remove_path(const char * path)
{
	return (remove_tree(AT_FDCWD, path, 0));
}

static int
make_folder(const char * path)
{
	return (mkdir(path, 0700));
}

/* A folder gets another name, for good. */
static int
move(const char * root, const char * from, const char * to, const char * id,
    struct error * err)
{
	struct buffer a = {0}, b = {0}, above = {0};
	int rc = 0;

	put_path(&a, root, from, id, NULL);
	put_path(&b, root, to, id, NULL);
	put_path(&above, root, "", NULL, NULL);
	if (a.failed || b.failed || above.failed)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	else if (rename((char *)a.p, (char *)b.p) != 0 ||
	    sync_folder((char *)above.p) != 0)
		rc = failed(err, "cannot rename", (char *)a.p);
	buffer_free(&a);
	buffer_free(&b);
	buffer_free(&above);
	return (rc);
}

int
account_folder_create(const char * root, const char * id,
    const ACCOUNT(AccountMetadata) * metadata,
    const ACCOUNT(NetworkConfig) * network, bool importing,
    struct error * err)
{
	int rc;

	if (account_folder_exists(root, id))
		return (error_set(err, ERR_BERTY_ACCOUNT_ALREADY_EXISTS,
		    "there is an account %s already", id));
	(void)with_path(root, COMING, id, NULL, remove_path);
	if (with_path(root, COMING, id, NULL, make_folder) != 0)
		return (failed(err, "cannot make", id));
	rc = write_message(root, COMING, id, METADATA, metadata, err);
	if (rc == 0 && network != NULL)
		rc = write_message(root, COMING, id, NETWORK, network, err);
	if (rc == 0 && importing)
		rc = write_file(root, COMING, id, IMPORTING,
		    slice_of(NULL, 0), err);
	if (rc == 0)
		rc = move(root, COMING, "", id, err);
	if (rc != 0)
		(void)with_path(root, COMING, id, NULL, remove_path);
	return (rc);
}

static int
remove_file(const char * path)
{
	return (unlink(path));
}

int
account_folder_whole(const char * root, const char * id, struct error * err)
{
	if (with_path(root, "", id, IMPORTING, remove_file) != 0 ||
	    with_path(root, "", id, NULL, sync_folder) != 0)
		return (failed(err, "cannot finish the import of", id));
	return (0);
}

int
account_folder_delete(const char * root, const char * id, struct error * err)
{
	int rc;

	(void)with_path(root, GOING, id, NULL, remove_path);
	if ((rc = move(root, "", GOING, id, err)) != 0)
		return (rc);
	if (with_path(root, GOING, id, NULL, remove_path) != 0)
		return (failed(err, "cannot remove all of", id));
	return (0);
}

/* --- all of them ----------------------------------------------------------- */

static int
by_number(const struct dirent ** a, const struct dirent ** b)
{
	size_t n = strlen((*a)->d_name), m = strlen((*b)->d_name);

	/* 2 before 10. */
	if (n != m && (*a)->d_name[0] <= '9' && (*b)->d_name[0] <= '9')
		return (n < m ? -1 : 1);
	return (strcmp((*a)->d_name, (*b)->d_name));
}

static int
not_dots(const struct dirent * entry)
{
	return (strcmp(entry->d_name, ".") != 0 &&
	    strcmp(entry->d_name, "..") != 0);
}

static int
each_folder(const char * root, int (*each)(void * user, const char * name),
    void * user, struct error * err)
{
	struct dirent ** entries = NULL;
	struct buffer path = {0};
	int i, n, rc = 0;

	put_path(&path, root, "", NULL, NULL);
	n = path.failed ? -1 : scandir((char *)path.p, &entries, not_dots,
	    by_number);
	buffer_free(&path);
	if (n < 0)
		return (failed(err, "cannot list the accounts of", root));
	for (i = 0; i < n; i++) {
		if (rc == 0)
			rc = each(user, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return (rc);
}

struct walk {
	int (*each)(void * user, const char * id);
	void * user;
};

static int
only_accounts(void * user, const char * name)
{
	struct walk * w = user;

	return (account_id_check(name, NULL) == 0 ? w->each(w->user, name) :
	    0);
}

int
account_folder_each(const char * root,
    int (*each)(void * user, const char * id), void * user,
    struct error * err)
{
	struct walk w = {each, user};

	return (each_folder(root, only_accounts, &w, err));
}

/* Errors do not stop the service: what cannot be removed is not listed. */
static int
sweep(void * user, const char * name)
{
	const char * root = user;

	if (name[0] == '.')
		(void)with_path(root, "", name, NULL, remove_path);
	else if (with_path(root, "", name, IMPORTING, exists) == 0)
		(void)account_folder_delete(root, name, NULL);
	return (0);
}

int
account_folder_start(const char * root, struct error * err)
{
	struct buffer path = {0};
	int rc;

	buffer_printf(&path, "%s/accounts", root);
	buffer_byte(&path, 0);
	rc = path.failed ? error_set(err, ERR_INTERNAL, "out of memory") :
	    world_os_make_folder((char *)path.p, err);
	buffer_free(&path);
	if (rc != 0)
		return (rc);
	return (each_folder(root, sweep, (void *)(uintptr_t)root, err));
}

/* --- what is in them ------------------------------------------------------- */

int
account_metadata_read(const char * root, const char * id,
    ACCOUNT(AccountMetadata) ** metadata, struct error * err)
{
	*metadata = read_message(root, id, METADATA,
	    &berty__account__v1__account_metadata__descriptor);
	return (*metadata != NULL ? 0 : error_set(err,
	    ERR_BERTY_ACCOUNT_DATA_NOT_FOUND, "there is no account %s", id));
}

int
account_metadata_write(const char * root, const char * id,
    const ACCOUNT(AccountMetadata) * metadata, struct error * err)
{
	return (write_message(root, "", id, METADATA, metadata, err));
}

ACCOUNT(NetworkConfig) *
account_network_read(const char * root, const char * id)
{
	return (read_message(root, id, NETWORK,
	    &berty__account__v1__network_config__descriptor));
}

int
account_network_write(const char * root, const char * id,
    const ACCOUNT(NetworkConfig) * network, struct error * err)
{
	return (write_message(root, "", id, NETWORK, network, err));
}
