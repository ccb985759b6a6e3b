#include "server/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un
unix_address(const char * path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memcpy(at.sun_path, path, strlen(path) + 1);
	return (at);
}

/* Make the folder of a socket file, readable by its owner alone. */
static int
make_folder(const char * path, struct error * err)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char * slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return (0);
	*slash = '\0';
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return (0);
	return (error_set(err, ERR_INTERNAL, "%s: %s", folder,
	    strerror(errno)));
}

/* True if somebody accepts connections at the path. */
static bool
is_served(const char * path)
{
	struct sockaddr_un at = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool served;

	if (fd < 0)
		return (true);
	served = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ||
	    errno != ECONNREFUSED;
	(void)close(fd);
	return (served);
}

/* Clear the way: remove the socket of a server that is gone. */
static int
remove_stale(const char * path, struct error * err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return (0);
	if (!S_ISSOCK(st.st_mode))
		return (error_set(err, ERR_INVALID_INPUT,
		    "%s exists and is no socket", path));
	if (is_served(path))
		return (error_set(err, ERR_INVALID_INPUT,
		    "%s: another server answers there", path));
	if (unlink(path) != 0)
		return (error_set(err, ERR_INTERNAL, "%s: %s", path,
		    strerror(errno)));
	return (0);
}

/*
 * A bound socket with mode 0600.  On Linux the mode of the unbound socket is
 * that of the file, so that nobody else can connect even for a moment.
 */
static int
bind_unix(const char * path, int * result, struct error * err)
{
	struct sockaddr_un at = unix_address(path);
	int fd;

	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) < 0)
		goto err0;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fchmod(fd, 0600);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		goto err1;
	if (chmod(path, 0600) != 0)
		goto err2;
	*result = fd;
	return (0);

err2:
	(void)unlink(path);
err1:
	(void)close(fd);
err0:
	return (error_set(err, ERR_INTERNAL, "%s: %s", path,
	    strerror(errno)));
}

int
socket_file_bind(const char * path, int * fd, struct error * err)
{
	int status;

	if ((status = make_folder(path, err)) != 0 ||
	    (status = remove_stale(path, err)) != 0)
		return (status);
	return (bind_unix(path, fd, err));
}
