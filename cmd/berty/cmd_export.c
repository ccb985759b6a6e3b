/* cmd_export.c: `berty export`, the account in a file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "output.h"
#include "passphrase.h"

static const struct flag export_flags[] = {
	{"passphrase-file", "FILE", NULL, "seal the archive with the "
	    "passphrase in this file (its first line)"},
	{"passphrase-env", "NAME", NULL, "or in this environment variable"},
	{"attachments", NULL, NULL, "with the attachments that are here, "
	    "complete (only libberty reads them back)"},
	{0},
};

static const char help[] =
"Writes the account's keys and all that was said in its groups to FILE, which\n"
"must not exist; `-` is the standard output.  Who has the file has the account:\n"
"seal it, or keep it safe.  A node begins with it by\n"
"\n"
"  berty daemon -store.dir NEW-FOLDER -node.restore-export-path FILE\n"
"\n"
"Berty's own program reads it too, unless it is sealed.\n"
"\n"
"  berty export account.tar\n"
"  berty export -passphrase-file secret.txt account.sealed\n";

/* Bytes between two lines of progress. */
#define STEP (1U << 20)

struct writing {
	struct run * run;
	FILE * file;
	uint64_t written, told;
	bool progress;          /* somebody looks at the terminal */
	bool failed;
};

static int
write_piece(void * user, const void * message)
{
	const PB(InstanceExportData__Reply) * reply = message;
	struct writing * w = user;
	size_t n = reply->exported_data.len;

	if (fwrite(reply->exported_data.data, 1, n, w->file) != n) {
		w->failed = true;
		return (1);
	}
	w->written += n;
	if (w->progress && w->written - w->told >= STEP) {
		w->told = w->written;
		fprintf(stderr, "\r%" PRIu64 " MiB", w->written / STEP);
	}
	return (0);
}

/* The file beside which the archive grows, or the standard output. */
static int
open_file(struct run * run, const char * path, struct buffer * beside,
    FILE ** file)
{
	int fd;

	if (strcmp(path, "-") == 0) {
		*file = stdout;
		return (0);
	}
	if (access(path, F_OK) == 0)
		return (error_set(&run->err, ERR_INVALID_INPUT,
		    "%.120s exists already", path));
	buffer_printf(beside, "%s.part", path);
	buffer_byte(beside, 0);
	if (beside->failed)
		return (error_set(&run->err, ERR_INTERNAL, "out of memory"));
	fd = open((char *)beside->p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	*file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (*file != NULL)
		return (0);
	if (fd >= 0)
		(void)close(fd);
	return (error_set(&run->err, ERR_STREAM_WRITE, "%.120s cannot be "
	    "made: %s", path, strerror(errno)));
}

/* It has its name only when it is whole, and on the disk. */
static int
close_file(struct writing * w, const char * path, const char * beside, int rc)
{
	bool bad = w->failed || fflush(w->file) != 0;

	if (w->file == stdout)
		return (rc != 0 ? rc : bad ? error_set(&w->run->err,
		    ERR_STREAM_WRITE, "the archive cannot be written") : 0);
	if (rc == 0 && !bad)
		bad = fsync(fileno(w->file)) != 0;
	bad |= fclose(w->file) != 0;
	if (rc == 0 && !bad && link(beside, path) != 0)
		bad = true;
	if (bad && rc <= 0)
		rc = error_set(&w->run->err, ERR_STREAM_WRITE, "%.120s cannot "
		    "be written: %s", path, strerror(errno));
	(void)unlink(beside);
	return (rc);
}

static int
receive(struct writing * w, const struct buffer * passphrase)
{
	PB(InstanceExportData__Request) request =
	    PB_INIT(INSTANCE_EXPORT_DATA__REQUEST);
	struct client c;
	int rc;

	request.attachments = flags_on(&w->run->flags,
	    "attachments");
	if (passphrase->n > 0)
		request.passphrase = protobuf_bytes(slice_of(passphrase->p,
		    passphrase->n - 1));
	if ((rc = client_open(&c, w->run)) != 0)
		return (rc);
	rc = client_stream(&c, slice_of(NULL, 0), "InstanceExportData",
	    &request, PB_TYPE(instance_export_data__reply), write_piece, w);
	client_close(&c);
	return (rc > 0 ? 0 : rc);
}

static void
print_done(const struct writing * w, const char * path)
{
	cJSON * object;

	if (w->file == stdout)
		return;
	if (w->progress)
		fputs("\r", stderr);
	if (!w->run->json) {
		printf("%s: %" PRIu64 " bytes\n", path, w->written);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "file", path);
	cJSON_AddNumberToObject(object, "bytes", (double)w->written);
	output_json(object);
}

static int
run_export(struct run * run)
{
	struct writing w = {.run = run, .progress = isatty(STDERR_FILENO)};
	struct buffer passphrase = {0}, beside = {0};
	const char * path = run->argv[0];
	int rc;

	if ((rc = passphrase_read(run, "passphrase-file", "passphrase-env",
	        &passphrase)) != 0 ||
	    (rc = open_file(run, path, &beside, &w.file)) != 0)
		goto err0;
	rc = receive(&w, &passphrase);
	rc = close_file(&w, path, (char *)beside.p, rc);
	if (rc == 0)
		print_done(&w, path);

err0:
	buffer_wipe(&passphrase);
	buffer_free(&beside);
	return (rc);
}

const struct command command_export = {
	.name = "export", .arguments = "FILE",
	.summary = "Write your account to a file",
	.help = help, .flags = export_flags, .least = 1, .most = 1,
	.run = run_export,
};
