#include "daemon/restore.h"

#include <errno.h>
#include <stdio.h>

#include "account/restore.h"

/* Entries between two lines of progress. */
enum { STEP = 10000 };

struct archive {
	FILE * file;
	const struct logger * log;
	uint64_t told;            /* entries read and joined */
};

static long
read_archive(void * user, uint8_t * p, size_t n)
{
	struct archive * a = user;
	size_t got = fread(p, 1, n, a->file);

	return (got == 0 && ferror(a->file) ? -1 : (long)got);
}

static void
tell(void * user, const struct restore_progress * at)
{
	struct archive * a = user;

	if (at->entries + at->joined < a->told + STEP)
		return;
	a->told = at->entries + at->joined;
	log_info(a->log, "restore", "%llu bytes, %llu entries of %llu groups "
	    "are read, %llu of them joined", (unsigned long long)at->bytes,
	    (unsigned long long)at->entries, (unsigned long long)at->groups,
	    (unsigned long long)at->joined);
}

int
restore_or_open(struct world * w, const struct logger * log,
    const struct berty_daemon_options * o, struct node_config * config,
    struct node ** node, struct error * err)
{
	struct archive archive = {.log = log};
	struct node_restore restore = {.read = read_archive, .progress = tell,
	    .user = &archive, .sealed = o->restore_passphrase != NULL,
	    .passphrase = slice_text(o->restore_passphrase)};
	int rc;

	if (o->restore == NULL)
		return (node_open(w, config, node, err));
	if ((archive.file = fopen(o->restore, "rbe")) == NULL)
		return (error_set(err, ERR_STREAM_READ, "the archive %.120s "
		    "cannot be opened: %s", o->restore, strerror(errno)));
	config->restore = &restore;
	rc = node_open(w, config, node, err);
	config->restore = NULL;
	(void)fclose(archive.file);
	if (rc == 0)
		log_info(log, "restore", "the account is restored");
	return (rc);
}
