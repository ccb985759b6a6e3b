/* attachment.c: a file of 1 GiB into a node, out of it, and to another one. */
#include <stdlib.h>

#include "daemon.h"

#define REPEATS 3
#define BLOCK 65536
#define FILE_BYTES (1ull << 30)
#define LIMIT_MS 600000

struct file {
	struct daemon * daemon;
	uint64_t at;              /* bytes given or got */
	bool begun;
	uint8_t block[BLOCK];
	V1(AttachmentPrepare__Request) request;
	uint8_t cid[64];
	size_t cid_n;
};

/* No two blocks are alike. */
static const void *
next_block(void * user)
{
	struct file * f = user;

	if (!f->begun) {
		f->begun = true;
		return (&f->request);
	}
	if (f->at == FILE_BYTES)
		return (NULL);
	memcpy(f->block, &f->at, sizeof(f->at));
	f->at += BLOCK;
	f->request.block = protobuf_bytes(slice_of(f->block, BLOCK));
	return (&f->request);
}

static int
prepared(void * user, const void * message)
{
	const V1(AttachmentPrepare__Reply) * reply = message;
	struct file * f = user;

	if (reply->attachment_cid.len > sizeof(f->cid))
		return (-1);
	f->cid_n = reply->attachment_cid.len;
	memcpy(f->cid, reply->attachment_cid.data, f->cid_n);
	return (0);
}

static int
got_block(void * user, const void * message)
{
	const V1(AttachmentRetrieve__Reply) * reply = message;
	struct file * f = user;

	f->at += reply->block.len;
	return (0);
}

static int
run(struct daemon * d, struct grpc_client_request * request)
{
	struct error err = {0};
	char text[400];
	int rc;

	request->service = SERVICE;
	request->timeout_ms = LIMIT_MS;
	if ((rc = grpc_client_run(d->client, request, &err)) != 0) {
		(void)error_format(&err, text, sizeof(text));
		progress("%s: %s", request->method, text);
	}
	return (rc);
}

/* --- rows ----------------------------------------------------------------- */

/* What one way of the file costs a daemon. */
struct cost {
	const char * rate;
	const char * cpu;
	const char * memory;
};

static void
add(const struct cost * cost, struct daemon * d, double began, double cpu)
{
	double took = seconds() - began;

	row_add(cost->rate, "MB/s", (double)FILE_BYTES / 1e6 / took);
	row_add(cost->cpu, "s", process_cpu(d->pid) - cpu);
	row_add(cost->memory, "MB", process_peak(d->pid));
}

static int
prepare(struct file * f, struct daemon * d)
{
	static const struct cost cost = {
		"attachment of 1 GiB: prepared",
		"attachment of 1 GiB: processor time, prepared",
		"attachment of 1 GiB: peak memory, prepared",
	};
	struct grpc_client_request request = {
		.method = "AttachmentPrepare",
		.reply = &V1_TYPE(attachment_prepare__reply),
		.next = next_block,
		.each = prepared,
		.user = f,
	};
	V1(AttachmentPrepare__Request) empty =
	    V1_INIT(ATTACHMENT_PREPARE__REQUEST);
	double began = seconds(), cpu = process_cpu(d->pid);

	f->request = empty;
	process_peak_reset(d->pid);
	if (run(d, &request) != 0 || f->cid_n == 0)
		return (-1);
	add(&cost, d, began, cpu);
	return (0);
}

static int
retrieve(struct file * f, struct daemon * d, const struct cost * cost)
{
	V1(AttachmentRetrieve__Request) message =
	    V1_INIT(ATTACHMENT_RETRIEVE__REQUEST);
	struct grpc_client_request request = {
		.method = "AttachmentRetrieve",
		.reply = &V1_TYPE(attachment_retrieve__reply),
		.message = &message,
		.each = got_block,
		.user = f,
	};
	double began = seconds(), cpu = process_cpu(d->pid);

	f->at = 0;
	message.attachment_cid = protobuf_bytes(slice_of(f->cid, f->cid_n));
	process_peak_reset(d->pid);
	if (run(d, &request) != 0)
		return (-1);
	add(cost, d, began, cpu);
	return (f->at == FILE_BYTES ? 0 : -1);
}

/* The other one learns of the file by a message, and reads that. */
static int
tell(struct file * f, struct daemon * from, struct daemon * to)
{
	V1(AppMessageSend__Request) request =
	    V1_INIT(APP_MESSAGE_SEND__REQUEST);
	ProtobufCBinaryData cids[1] = {
	    protobuf_bytes(slice_of(f->cid, f->cid_n))};
	struct tail tail = {.daemon = to, .n = 2};
	void * reply;

	if (daemon_create_group(from, tail.pk) != 0 ||
	    daemon_join(to, from, tail.pk, from->port) != 0)
		return (-1);
	sleep_ms(500);
	if (tail_start(&tail) != 0 || daemon_send(from, tail.pk, 1, 1) != 0)
		return (-1);
	request.group_pk = protobuf_bytes(slice_of(tail.pk, 32));
	request.payload = protobuf_bytes(slice_text("a file"));
	request.attachment_cids = cids;
	request.n_attachment_cids = 1;
	if (daemon_call(from, "AppMessageSend", &request,
	    &V1_TYPE(app_message_send__reply), &reply) == 0)
		protobuf_free(reply);
	return (tail_wait(&tail));
}

static int
measure(struct file * f, struct daemon * a, struct daemon * b,
    const char * folder)
{
	static const struct cost back = {
		"attachment of 1 GiB: read back",
		"attachment of 1 GiB: processor time, read back",
		"attachment of 1 GiB: peak memory, read back",
	}, fetched = {
		"attachment of 1 GiB: fetched from a peer",
		"attachment of 1 GiB: processor time, fetching",
		"attachment of 1 GiB: peak memory, fetching",
	};
	double cpu;

	if (prepare(f, a) != 0)
		return (-1);
	row_add("attachment of 1 GiB: bytes on disk per byte", "",
	    (file_bytes(folder, "berty.sqlite") +
	    file_bytes(folder, "berty.sqlite-wal")) / (double)FILE_BYTES);
	if (retrieve(f, a, &back) != 0 || tell(f, a, b) != 0)
		return (-1);
	cpu = process_cpu(a->pid);
	process_peak_reset(a->pid);
	if (retrieve(f, b, &fetched) != 0)
		return (-1);
	row_add("attachment of 1 GiB: processor time, giving", "s",
	    process_cpu(a->pid) - cpu);
	row_add("attachment of 1 GiB: peak memory, giving", "MB",
	    process_peak(a->pid));
	return (0);
}

static int
repeat(const struct bench * b, struct file * f, unsigned number)
{
	struct daemon d[2] = {{0}, {0}};
	char folders[2][400];
	unsigned i;
	int rc = 0;

	for (i = 0; i < 2 && rc == 0; i++) {
		snprintf(folders[i], sizeof(folders[i]), "%s/file-%u%c",
		    b->folder, number, 'a' + (int)i);
		if ((rc = make_folder(folders[i])) == 0)
			rc = daemon_start(&d[i], b, folders[i]);
	}
	if (rc == 0)
		rc = measure(f, &d[0], &d[1], folders[0]);
	for (i = 0; i < 2; i++) {
		daemon_stop(&d[i]);
		remove_file(folders[i], "berty.sqlite");
		remove_file(folders[i], "berty.sqlite-wal");
	}
	return (rc);
}

int
bench_attachments(const struct bench * b)
{
	struct file * f;
	unsigned i;
	int rc = 0;

	for (i = 0; i < REPEATS && rc == 0; i++) {
		progress("a file of 1 GiB (%u)", i + 1);
		if ((f = calloc(1, sizeof(*f))) == NULL)
			return (-1);
		rc = repeat(b, f, i);
		free(f);
	}
	return (rc);
}
