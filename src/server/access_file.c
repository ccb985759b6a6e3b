#include "server/access_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

static int
say(const char * path, struct error * err)
{
	return (error_set(err, ERR_INVALID_INPUT, "%.120s: %s", path,
	    strerror(errno)));
}

static int
check(int fd, const char * path, bool secret, struct error * err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return (say(path, err));
	if (!S_ISREG(st.st_mode))
		return (error_set(err, ERR_INVALID_INPUT,
		    "%.120s is no file", path));
	if (secret && (st.st_mode & 077) != 0)
		return (error_set(err, ERR_INVALID_INPUT, "%.120s is open to "
		    "others: chmod 600 it", path));
	return (0);
}

static int
read_all(int fd, const char * path, struct buffer * out, struct error * err)
{
	uint8_t bytes[4096];
	size_t start = out->n;
	ssize_t n;
	int status = 0;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			status = say(path, err);
			break;
		}
		buffer_append(out, bytes, (size_t)n);
		if (out->n - start > ACCESS_FILE_MAX) {
			status = error_set(err, ERR_INVALID_INPUT, "%.120s "
			    "has more than %d bytes", path, ACCESS_FILE_MAX);
			break;
		}
	}
	crypto_wipe(bytes, sizeof(bytes));
	if (status == 0 && out->failed)
		status = error_set(err, ERR_INTERNAL, "out of memory");
	return (status);
}

int
access_file_read(const char * path, bool secret, struct buffer * out,
    bool * missing, struct error * err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int status;

	if (missing != NULL)
		*missing = fd < 0 && errno == ENOENT;
	if (fd < 0 && missing != NULL && *missing)
		return (0);
	if (fd < 0)
		return (say(path, err));
	if ((status = check(fd, path, secret, err)) == 0)
		status = read_all(fd, path, out, err);
	(void)close(fd);
	return (status);
}

static bool
write_all(int fd, struct slice bytes)
{
	ssize_t n;

	while (bytes.n > 0) {
		n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return (false);
		bytes = slice_of(bytes.p + n, bytes.n - (size_t)n);
	}
	return (fsync(fd) == 0);
}

/* So that the new name outlives a power cut. */
static void
sync_folder(char * path)
{
	char * slash = strrchr(path, '/');
	int fd;

	if (slash == NULL)
		(void)snprintf(path, 2, ".");
	else
		slash[slash == path] = '\0';
	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
}

int
access_file_write(const char * path, struct slice bytes, struct error * err)
{
	char other[4096];
	int fd, n = snprintf(other, sizeof(other), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(other))
		return (error_set(err, ERR_INTERNAL, "%.120s…: the path is "
		    "too long", path));
	(void)unlink(other);
	fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		goto err0;
	if (!write_all(fd, bytes))
		goto err1;
	if (close(fd) != 0 || rename(other, path) != 0)
		goto err2;
	sync_folder(other);
	return (0);

err1:
	(void)close(fd);
err2:
	(void)unlink(other);
err0:
	return (error_set(err, ERR_INTERNAL, "%.120s: %s", path,
	    strerror(errno)));
}
