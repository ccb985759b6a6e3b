/* cmd_attachment.c: `berty attachment …`, files beside messages. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "berty/extension/v1/extension.pb-c.h"
#include "book.h"
#include "codec/cid.h"
#include "output.h"
#include "payload.h"
#include "server/grpc_client.h"

#define SERVICE "berty.protocol.v1.ProtocolService"
#define EXTENSION "berty.extension.v1.ExtensionService"

/* Bytes of a request, and between two lines of progress. */
enum { PIECE = 256 << 10, STEP = 1 << 20 };

static const struct flag send_flags[] = {
	{"text", "TEXT", NULL, "what to say beside it (default: the file's "
	    "name)"},
	{"berty-cipher", NULL, NULL, "take Berty's cipher for a file above "
	    "16 MiB too: nodes of 2022 read no other, but whoever sees the "
	    "sealed file and knows a part of it can tell others"},
	{0},
};

static const struct flag save_flags[] = {
	{"wait", "SECONDS", NULL, "give up when it has not come by then "
	    "(default: wait until somebody who has it is there)"},
	{0},
};

static const char send_help[] =
"TO is a group or a contact: a key, its first characters, or a name.  The file\n"
"is sealed, kept by the node, and fetched by those who want it from anybody who\n"
"has it.  Prints the attachment's id (CID).\n"
"\n"
"  berty attachment send alice photo.jpg\n"
"  tar c folder | berty attachment send alice - -text 'the folder'\n";

static const char save_help[] =
"CID is as `berty tail` prints it.  FILE must not exist; `-` is the standard\n"
"output.  What is not here yet is asked of all peers, and waited for.\n"
"\n"
"  berty attachment save QmT78z… photo.jpg\n";

/* --- progress --------------------------------------------------------------- */

struct transfer {
	struct run * run;
	FILE * file;
	uint64_t bytes, told;
	bool progress;          /* somebody looks at the terminal */
	bool failed;            /* the file could not be read or written */
	uint8_t * piece;
	bool begun;
	PB(AttachmentPrepare__Request) request;
	struct cid cid;
};

static void
count(struct transfer * t, size_t n)
{
	t->bytes += n;
	if (!t->progress || t->bytes - t->told < STEP)
		return;
	t->told = t->bytes;
	fprintf(stderr, "\r%" PRIu64 " MiB", t->bytes / STEP);
}

static void
end_progress(const struct transfer * t)
{
	if (t->told > 0)
		fputs("\r", stderr);
}

/* --- attachment send -------------------------------------------------------- */

static const void *
next_piece(void * user)
{
	struct transfer * t = user;
	size_t n;

	t->request = (PB(AttachmentPrepare__Request))
	    PB_INIT(ATTACHMENT_PREPARE__REQUEST);
	if (!t->begun) {
		t->begun = true;
		t->request.berty_cipher = flags_on(&t->run->flags,
		    "berty-cipher");
		return (&t->request);
	}
	n = fread(t->piece, 1, PIECE, t->file);
	t->failed |= ferror(t->file) != 0;
	if (n == 0)
		return (NULL);
	count(t, n);
	t->request.block = protobuf_bytes(slice_of(t->piece, n));
	return (&t->request);
}

static int
take_cid(void * user, const void * message)
{
	const PB(AttachmentPrepare__Reply) * reply = message;
	struct transfer * t = user;

	return (cid_parse(&t->cid, protobuf_slice(reply->attachment_cid)));
}

static int
unreadable(struct run * run, const char * path)
{
	return (error_set(&run->err, ERR_STREAM_READ,
	    "%.120s cannot be read: %s", path, strerror(errno)));
}

static int
prepare(struct client * c, struct transfer * t, const char * path)
{
	const struct grpc_client_request request = {
		.service = SERVICE, .method = "AttachmentPrepare",
		.reply = PB_TYPE(attachment_prepare__reply),
		.next = next_piece, .each = take_cid, .user = t,
	};
	int rc;

	if ((t->piece = malloc(PIECE)) == NULL)
		return (error_set(&t->run->err, ERR_INTERNAL,
		    "out of memory"));
	error_clear(&t->run->err);
	rc = grpc_client_run(c->grpc, &request, &t->run->err);
	free(t->piece);
	end_progress(t);
	if (rc == 0 && t->failed)
		rc = unreadable(t->run, path);
	return (rc);
}

static const char *
text_of(const struct run * run)
{
	const char * text = flags_text(&run->flags, "text");
	const char * path = run->argv[1], * slash = strrchr(path, '/');

	if (text != NULL)
		return (text);
	return (strcmp(path, "-") == 0 ? "" : slash == NULL ? path
	    : slash + 1);
}

static int
tell(struct client * c, struct slice pk, const struct cid * cid)
{
	PB(AppMessageSend__Request) request =
	    PB_INIT(APP_MESSAGE_SEND__REQUEST);
	ProtobufCBinaryData list = protobuf_bytes(cid_slice(cid));
	struct buffer payload = {0};
	void * reply;
	int rc;

	payload_encode_text(&payload, slice_text(text_of(c->run)),
	    (uint64_t)time(NULL) * 1000);
	request.group_pk = protobuf_bytes(pk);
	request.payload = protobuf_bytes(buffer_all(&payload));
	request.attachment_cids = &list;
	request.n_attachment_cids = 1;
	rc = payload.failed ? error_set(&c->run->err, ERR_INTERNAL,
	    "out of memory") : client_call_group(c, pk, "AppMessageSend",
	    &request, PB_TYPE(app_message_send__reply), &reply);
	buffer_free(&payload);
	if (rc == 0)
		protobuf_free(reply);
	return (rc);
}

static void
print_sent(const struct transfer * t)
{
	cJSON * object;

	if (!t->run->json) {
		output_cid(cid_slice(&t->cid));
		putchar('\n');
		return;
	}
	object = cJSON_CreateObject();
	output_add_cid(object, "attachment", cid_slice(&t->cid));
	cJSON_AddNumberToObject(object, "bytes", (double)t->bytes);
	output_json(object);
}

static int
send_file(struct client * c, struct slice pk)
{
	struct run * run = c->run;
	const char * path = run->argv[1];
	struct transfer t = {.run = run,
	    .progress = isatty(STDERR_FILENO) != 0};
	int rc;

	t.file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (t.file == NULL)
		return (unreadable(run, path));
	if ((rc = prepare(c, &t, path)) == 0 && (rc = tell(c, pk,
	    &t.cid)) == 0)
		print_sent(&t);
	if (t.file != stdin)
		(void)fclose(t.file);
	return (rc);
}

static int
run_send(struct run * run)
{
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY] = {0};
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if ((rc = book_load_contacts(&book, &c)) == 0 &&
	    (rc = book_load_groups(&book, &c)) == 0 &&
	    (rc = book_find_group(&book, run->argv[0], pk, &run->err)) == 0)
		rc = send_file(&c, slice_of(pk, BOOK_KEY));
	book_free(&book);
	client_close(&c);
	return (rc);
}

/* --- attachment save -------------------------------------------------------- */

static int
parse_cid(struct run * run, struct cid * cid)
{
	if (cid_decode(cid, slice_text(run->argv[0])) == 0)
		return (0);
	return (error_set(&run->err, ERR_INVALID_INPUT, "'%.80s' is no id of "
	    "an attachment: `berty tail` prints them", run->argv[0]));
}

static int
write_piece(void * user, const void * message)
{
	const PB(AttachmentRetrieve__Reply) * reply = message;
	struct transfer * t = user;
	size_t n = reply->block.len;

	if (fwrite(reply->block.data, 1, n, t->file) != n) {
		t->failed = true;
		return (1);
	}
	count(t, n);
	return (0);
}

/* How long to wait, ms; 0: for ever. */
static int
read_wait(struct run * run, uint64_t * ms)
{
	const char * text = flags_text(&run->flags, "wait");
	char * end;
	long seconds;

	*ms = 0;
	if (text == NULL)
		return (0);
	seconds = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || seconds < 1 ||
	    seconds > INT32_MAX)
		return (error_set(&run->err, ERR_INVALID_INPUT,
		    "-wait takes seconds, not '%.40s'", text));
	*ms = (uint64_t)seconds * 1000;
	return (0);
}

static int
receive(struct transfer * t)
{
	PB(AttachmentRetrieve__Request) message =
	    PB_INIT(ATTACHMENT_RETRIEVE__REQUEST);
	struct grpc_client_request request = {
		.service = SERVICE, .method = "AttachmentRetrieve",
		.reply = PB_TYPE(attachment_retrieve__reply),
		.message = &message, .each = write_piece, .user = t,
	};
	struct client c;
	int rc;

	message.attachment_cid = protobuf_bytes(cid_slice(&t->cid));
	if ((rc = read_wait(t->run, &request.timeout_ms)) != 0 ||
	    (rc = client_open(&c, t->run)) != 0)
		return (rc);
	error_clear(&t->run->err);
	rc = grpc_client_run(c.grpc, &request, &t->run->err);
	client_close(&c);
	end_progress(t);
	return (rc > 0 ? 0 : rc);
}

/* The file has its name only when it is whole, and on the disk. */
static int
save_as(struct transfer * t, const char * path, const char * part)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	bool bad;
	int rc;

	t->file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (t->file == NULL)
		return (error_set(&t->run->err, ERR_STREAM_WRITE,
		    "%.120s cannot be made: %s", part, strerror(errno)));
	rc = receive(t);
	bad = t->failed || fflush(t->file) != 0 || fsync(fd) != 0;
	bad |= fclose(t->file) != 0;
	if (rc == 0 && (bad || link(part, path) != 0))
		rc = error_set(&t->run->err, ERR_STREAM_WRITE,
		    "%.120s cannot be written: %s", path, strerror(errno));
	(void)unlink(part);
	return (rc);
}

static void
print_saved(const struct transfer * t, const char * path)
{
	cJSON * object;

	if (!t->run->json) {
		printf("%s: %" PRIu64 " bytes\n", path, t->bytes);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "file", path);
	cJSON_AddNumberToObject(object, "bytes", (double)t->bytes);
	output_json(object);
}

static int
run_save(struct run * run)
{
	struct transfer t = {.run = run, .file = stdout,
	    .progress = isatty(STDERR_FILENO) != 0};
	const char * path = run->argv[1];
	struct buffer part = {0};
	int rc;

	if ((rc = parse_cid(run, &t.cid)) != 0)
		return (rc);
	if (strcmp(path, "-") == 0) {
		rc = receive(&t);
		t.failed |= fflush(stdout) != 0;
		return (rc != 0 || !t.failed ? rc : error_set(&run->err,
		    ERR_STREAM_WRITE, "the file cannot be written"));
	}
	if (access(path, F_OK) == 0)
		return (error_set(&run->err, ERR_INVALID_INPUT,
		    "%.120s exists already", path));
	buffer_printf(&part, "%s.part", path);
	buffer_byte(&part, 0);
	rc = part.failed ? error_set(&run->err, ERR_INTERNAL, "out of memory")
	    : save_as(&t, path, (char *)part.p);
	if (rc == 0)
		print_saved(&t, path);
	buffer_free(&part);
	return (rc);
}

/* --- attachment list, pin, unpin -------------------------------------------- */

static int
print_row(void * user, const void * message)
{
	const Berty__Extension__V1__AttachmentList__Reply * row = message;
	const struct run * run = user;
	cJSON * object;

	if (!run->json) {
		output_cid(protobuf_slice(row->cid));
		printf("  %12" PRIu64 "  %s%s\n", row->complete ? row->bytes
		    : row->held, row->complete ? "complete"
		    : row->held > 0 ? "in part" : "elsewhere",
		    row->pinned ? ", pinned" : "");
		return (0);
	}
	object = cJSON_CreateObject();
	output_add_cid(object, "cid", protobuf_slice(row->cid));
	cJSON_AddNumberToObject(object, "bytes", (double)row->bytes);
	cJSON_AddNumberToObject(object, "held", (double)row->held);
	cJSON_AddBoolToObject(object, "pinned", row->pinned);
	cJSON_AddBoolToObject(object, "complete", row->complete);
	cJSON_AddNumberToObject(object, "since", (double)row->since_unix_s);
	output_json(object);
	return (0);
}

static int
run_list(struct run * run)
{
	Berty__Extension__V1__AttachmentList__Request message =
	    BERTY__EXTENSION__V1__ATTACHMENT_LIST__REQUEST__INIT;
	const struct grpc_client_request request = {
		.service = EXTENSION, .method = "AttachmentList", .reply =
		&berty__extension__v1__attachment_list__reply__descriptor,
		.message = &message, .each = print_row, .user = run,
	};
	struct client c;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	rc = grpc_client_run(c.grpc, &request, &run->err);
	client_close(&c);
	return (rc);
}

static int
change_pin(struct run * run, const char * method, const void * message,
    const ProtobufCMessageDescriptor * type)
{
	struct client c;
	void * reply;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	rc = grpc_client_call(c.grpc, EXTENSION, method, message, type, &reply,
	    60000, &run->err);
	if (rc == 0)
		protobuf_free(reply);
	client_close(&c);
	return (rc);
}

static int
run_pin(struct run * run)
{
	Berty__Extension__V1__AttachmentPin__Request message =
	    BERTY__EXTENSION__V1__ATTACHMENT_PIN__REQUEST__INIT;
	struct cid cid;
	int rc;

	if ((rc = parse_cid(run, &cid)) != 0)
		return (rc);
	message.attachment_cid = protobuf_bytes(cid_slice(&cid));
	return (change_pin(run, "AttachmentPin", &message,
	    &berty__extension__v1__attachment_pin__reply__descriptor));
}

static int
run_unpin(struct run * run)
{
	Berty__Extension__V1__AttachmentUnpin__Request message =
	    BERTY__EXTENSION__V1__ATTACHMENT_UNPIN__REQUEST__INIT;
	struct cid cid;
	int rc;

	if ((rc = parse_cid(run, &cid)) != 0)
		return (rc);
	message.attachment_cid = protobuf_bytes(cid_slice(&cid));
	return (change_pin(run, "AttachmentUnpin", &message,
	    &berty__extension__v1__attachment_unpin__reply__descriptor));
}

const struct command command_attachment_send = {
	.name = "attachment send", .arguments = "TO FILE|-",
	.summary = "Send a file to a contact or a group",
	.help = send_help, .flags = send_flags, .least = 2, .most = 2,
	.run = run_send,
};

const struct command command_attachment_save = {
	.name = "attachment save", .arguments = "CID FILE|-",
	.summary = "Fetch a file that was sent, and save it",
	.help = save_help, .flags = save_flags, .least = 2, .most = 2,
	.run = run_save,
};

const struct command command_attachment_list = {
	.name = "attachment list", .arguments = "",
	.summary = "List the files that were sent, and which are here",
	.run = run_list,
};

const struct command command_attachment_pin = {
	.name = "attachment pin", .arguments = "CID",
	.summary = "Keep a file, however much comes",
	.least = 1, .most = 1, .run = run_pin,
};

const struct command command_attachment_unpin = {
	.name = "attachment unpin", .arguments = "CID",
	.summary = "Free the space of a file; others may still have it",
	.least = 1, .most = 1, .run = run_unpin,
};
