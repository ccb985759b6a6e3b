/* The store key's ways in. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world/os/world_os.h"

enum { KEY = 32, TEXT_MAX = 2 * KEY + 2, PATH_SIZE = 4096 };

static int
parse(const char * text, size_t n, uint8_t key[KEY])
{
	const char * end;
	size_t bytes;

	if (n == KEY) {
		memcpy(key, text, KEY);
		return (0);
	}
	while (n > 2 * KEY && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n != 2 * KEY ||
	    sodium_hex2bin(key, KEY, text, n, NULL, &bytes, &end) != 0 ||
	    bytes != KEY || end != text + n)
		return (-ERR_KEYSTORE_GET);
	return (0);
}

/* Read at most size bytes; how many, or -1. */
static ssize_t
read_all(int fd, char * p, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size) {
		got = read(fd, p + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return (-1);
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return ((ssize_t)n);
}

static int
from_fd(int fd, uint8_t key[KEY], const char * what, struct error * err)
{
	char text[TEXT_MAX + 1];
	int status = 0;
	ssize_t n;

	if ((n = read_all(fd, text, sizeof(text))) < 0)
		status = error_set(err, ERR_KEYSTORE_GET,
		    "cannot read the store key from %s", what);
	else if (parse(text, (size_t)n, key) != 0)
		status = error_set(err, ERR_KEYSTORE_GET, "%s holds no store "
		    "key: 32 bytes, or 64 hexadecimal digits", what);
	sodium_memzero(text, sizeof(text));
	return (status);
}

static int
write_all(int fd, const char * p, size_t n)
{
	ssize_t put;

	while (n > 0) {
		put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return (-1);
		p += put;
		n -= (size_t)put;
	}
	return (0);
}

static int
sync_folder(const char * path)
{
	char folder[PATH_SIZE];
	char * slash;
	int fd, rc;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	if ((slash = strrchr(folder, '/')) == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	if ((fd = open(folder, O_RDONLY | O_CLOEXEC)) < 0)
		return (-1);
	rc = fsync(fd);
	(void)close(fd);
	return (rc);
}

/*
 * A whole key or no file: it is written aside, then linked to its name, which
 * fails when another process was first.
 */
static int
make(const char * path)
{
	char aside[PATH_SIZE];
	char text[TEXT_MAX];
	uint8_t key[KEY];
	int fd, rc = -1;

	if (snprintf(aside, sizeof(aside), "%s.%ld.new", path,
	    (long)getpid()) >= (int)sizeof(aside))
		return (-1);
	(void)unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return (-1);
	randombytes_buf(key, sizeof(key));
	(void)sodium_bin2hex(text, sizeof(text), key, sizeof(key));
	text[2 * KEY] = '\n';
	if (write_all(fd, text, 2 * KEY + 1) == 0 && fsync(fd) == 0 &&
	    (link(aside, path) == 0 || errno == EEXIST))
		rc = 0;
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
	(void)close(fd);
	(void)unlink(aside);
	return (rc == 0 ? sync_folder(path) : rc);
}

static int
from_file(const char * path, uint8_t key[KEY], struct error * err)
{
	struct stat st;
	int fd, status;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		if (make(path) != 0)
			return (error_set(err, ERR_KEYSTORE_PUT,
			    "cannot make the key file %s: %s", path,
			    strerror(errno)));
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return (error_set(err, ERR_KEYSTORE_GET,
		    "cannot open the key file %s: %s", path, strerror(errno)));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = error_set(err, ERR_KEYSTORE_GET,
		    "the key file %s is not a plain file", path);
	else if ((st.st_mode & 0177) != 0)
		status = error_set(err, ERR_KEYSTORE_GET,
		    "the key file %s is open to others (mode %03o): chmod 600",
		    path, (unsigned)(st.st_mode & 0777));
	else
		status = from_fd(fd, key, path, err);
	(void)close(fd);
	return (status);
}

static int
from_variable(const char * name, uint8_t key[KEY], struct error * err)
{
	const char * text = getenv(name);

	if (text == NULL)
		return (error_set(err, ERR_KEYSTORE_GET,
		    "the variable %s is not set", name));
	if (strlen(text) == KEY || parse(text, strlen(text), key) != 0)
		return (error_set(err, ERR_KEYSTORE_GET,
		    "%s holds no store key: 64 hexadecimal digits", name));
	return (0);
}

int
world_os_store_key(const struct world_os_key * from, uint8_t key[KEY],
    struct error * err)
{
	int given = (from->file != NULL) + (from->variable != NULL) +
	    (from->fd >= 0);
	int status;

	if (given != 1)
		return (error_set(err, ERR_KEYSTORE_GET,
		    "a store key comes from one place"));
	if (sodium_init() < 0)
		return (error_set(err, ERR_KEYSTORE_GET, "no randomness"));
	if (from->file != NULL)
		return (from_file(from->file, key, err));
	if (from->variable != NULL)
		return (from_variable(from->variable, key, err));
	status = from_fd(from->fd, key, "the descriptor", err);
	(void)close(from->fd);
	return (status);
}
