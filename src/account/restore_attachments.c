/* The attachments of an archive: each is described, then come its blocks. */
#include "account/restore_impl.h"
#include "codec/multibase.h"

#include <inttypes.h>
#include <stdio.h>

enum { ABOUT_MAX = 512, SECRET_MAX = 256 };

/* The CID that a file is named after. */
static int
parse_name(struct restore * r, const struct archive_file * file,
    const char * folder, struct cid * cid)
{
	size_t n = strlen(folder);

	return (cid_decode(cid, slice_of(file->name.p + n,
	    file->name.n - n)) == 0 ? 0 :
	    restore_refuse(r, "an attachment has a name that does not read"));
}

static int
parse_secret(struct attachment_register * about, struct slice hex)
{
	struct buffer secret = {0};
	int status;

	(void)buffer_reserve(&secret, SECRET_MAX);
	status = hex.n / 2 > SECRET_MAX ? -ERR_INVALID_INPUT :
	    hex_decode(&secret, hex);
	if (status == 0)
		status = attachment_secret_parse(&about->cipher, about->key,
		    buffer_all(&secret));
	buffer_wipe(&secret);
	return (status);
}

/* `<secret in hex> <pinned or fetched> <bytes> <unix s>` and a line feed. */
static bool
parse_line(struct slice line, struct attachment_register * about)
{
	const uint8_t * space = line.n == 0 ? NULL :
	    memchr(line.p, ' ', line.n);
	char rest[64], how[8], end;
	size_t n;

	if (space == NULL || parse_secret(about, slice_of(line.p,
	    (size_t)(space - line.p))) != 0)
		return (false);
	n = line.n - (size_t)(space - line.p);
	if (n >= sizeof(rest))
		return (false);
	memcpy(rest, space, n);
	rest[n] = '\0';
	if (sscanf(rest, " %7s %18" SCNu64 " %18" SCNd64 "%c", how,
	    &about->bytes, &about->since, &end) != 4 || end != '\n')
		return (false);
	about->pinned = strcmp(how, "pinned") == 0;
	return (about->pinned || strcmp(how, "fetched") == 0);
}

int
restore_attachment(struct restore * r, const struct archive_file * file)
{
	struct attachment_register about = {0};
	int status;

	if ((status = restore_attachment_flush(r)) != 0 ||
	    (status = parse_name(r, file, EXPORT_ATTACHMENTS,
	        &about.cid)) != 0)
		return (status);
	if (file->bytes.n > ABOUT_MAX || !parse_line(file->bytes, &about)) {
		crypto_wipe(&about, sizeof(about));
		return (restore_refuse(r, "an attachment's key does not "
		    "read"));
	}
	about.used = world_wall(r->config.context.world) / 1000000000;
	status = attachment_move_in(&r->move, r->config.context.store, &about);
	crypto_wipe(&about, sizeof(about));
	r->moving = true;
	if (status == -ERR_INVALID_INPUT)
		return (restore_refuse(r, "the archive has an attachment "
		    "twice"));
	return (status == 0 ? 0 : error_from(&r->err, ERR_DB_WRITE, status,
	    "an attachment cannot be kept"));
}

int
restore_block(struct restore * r, const struct archive_file * file)
{
	struct cid cid;
	int status;

	if ((status = parse_name(r, file, EXPORT_BLOCKS, &cid)) != 0)
		return (status);
	if (!r->moving)
		return (restore_refuse(r, "a block is of no attachment"));
	status = attachment_move_block(&r->move, &cid, file->bytes);
	if (status == -ERR_INVALID_INPUT || status == -ERR_DESERIALIZATION)
		return (restore_refuse(r, "a block is not what its name or "
		    "attachment says"));
	return (status == 0 ? 0 : error_from(&r->err, ERR_DB_WRITE, status,
	    "an attachment cannot be kept"));
}

int
restore_attachment_flush(struct restore * r)
{
	int status;

	if (!r->moving)
		return (0);
	status = attachment_move_keep(&r->move);
	restore_attachments_free(r);
	r->at.attachments++;
	if (r->config.progress != NULL)
		r->config.progress(r->config.user, &r->at);
	if (status == -ERR_INVALID_INPUT)
		return (restore_refuse(r, "an attachment is not as large as "
		    "it should be"));
	return (status == 0 ? 0 : error_from(&r->err, ERR_DB_WRITE, status,
	    "an attachment cannot be kept"));
}

void
restore_attachments_free(struct restore * r)
{

	if (r->moving)
		attachment_move_end(&r->move);
	r->moving = false;
}
