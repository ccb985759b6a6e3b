/* cmd_send.c: `berty send`, a message into a group. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "book.h"
#include "payload.h"
#include "output.h"

static const struct flag send_flags[] = {
	{"raw", NULL, NULL, "send the bytes as they are, not as a text of the "
	    "Berty app"},
	{"metadata", NULL, NULL, "write into the group's metadata, which "
	    "later members can read too"},
	{"lines", NULL, NULL, "with `-`: each line is a message"},
	{0},
};

static const char help[] =
"TO is a group or a contact: a key, its first characters, or a name.  Several\n"
"words are one message; `-` reads it from the standard input.  Prints the\n"
"message's id (CID), which `berty tail -since-id` takes.\n"
"\n"
"  berty send alice 'See you at eight'\n"
"  date | berty send 3fa2 -\n"
"  some-program | berty send 3fa2 - --lines\n"
"  berty send alice -- --help is no flag here\n";

enum { INPUT_MAX = 1 << 20 };

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static void
print_cid(const struct run * run, ProtobufCBinaryData cid)
{
	cJSON * object;

	if (run->json) {
		object = cJSON_CreateObject();
		output_add_cid(object, "cid", protobuf_slice(cid));
		output_json(object);
		return;
	}
	output_cid(protobuf_slice(cid));
	putchar('\n');
	(void)fflush(stdout);
}

static int
send_payload(struct client * c, struct slice pk, struct slice payload)
{
	PB(AppMessageSend__Request) message =
	    PB_INIT(APP_MESSAGE_SEND__REQUEST);
	PB(AppMetadataSend__Request) metadata =
	    PB_INIT(APP_METADATA_SEND__REQUEST);
	bool is_metadata = flags_on(&c->run->flags, "metadata");
	void * reply;
	int rc;

	message.group_pk = metadata.group_pk = protobuf_bytes(pk);
	message.payload = metadata.payload = protobuf_bytes(payload);
	rc = is_metadata
	    ? client_call_group(c, pk, "AppMetadataSend", &metadata,
	        PB_TYPE(app_metadata_send__reply), &reply)
	    : client_call_group(c, pk, "AppMessageSend", &message,
	        PB_TYPE(app_message_send__reply), &reply);
	if (rc != 0)
		return (rc);
	print_cid(c->run, is_metadata
	    ? ((PB(AppMetadataSend__Reply) *)reply)->cid
	    : ((PB(AppMessageSend__Reply) *)reply)->cid);
	protobuf_free(reply);
	return (0);
}

static int
send_text(struct client * c, struct slice pk, struct slice text)
{
	struct buffer payload = {0};
	int rc;

	if (flags_on(&c->run->flags, "raw"))
		return (send_payload(c, pk, text));
	payload_encode_text(&payload, text, now_ms());
	rc = payload.failed ? error_set(&c->run->err, ERR_INTERNAL,
	    "out of memory") : send_payload(c, pk, buffer_all(&payload));
	buffer_free(&payload);
	return (rc);
}

static int
send_lines(struct client * c, struct slice pk)
{
	char * line = NULL;
	size_t size = 0;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			n--;
		rc = send_text(c, pk, slice_of(line, (size_t)n));
	}
	free(line);
	return (rc);
}

static int
send_input(struct client * c, struct slice pk)
{
	struct buffer text = {0};
	uint8_t * at;
	size_t n;
	int rc;

	if (flags_on(&c->run->flags, "lines"))
		return (send_lines(c, pk));
	do {
		at = buffer_grow(&text, 8192);
		n = at == NULL ? 0 : fread(at, 1, 8192, stdin);
		text.n -= at == NULL ? 0 : 8192 - n;
	} while (n > 0 && text.n <= INPUT_MAX);
	if (text.n > INPUT_MAX)
		rc = error_set(&c->run->err, ERR_INVALID_INPUT,
		    "the message is longer than 1 MiB");
	else
		rc = send_text(c, pk, buffer_all(&text));
	buffer_free(&text);
	return (rc);
}

static int
send_arguments(struct client * c, struct slice pk)
{
	const struct run * run = c->run;
	struct buffer text = {0};
	int i, rc;

	for (i = 1; i < run->argc; i++) {
		if (i > 1)
			buffer_byte(&text, ' ');
		buffer_text(&text, run->argv[i]);
	}
	rc = send_text(c, pk, buffer_all(&text));
	buffer_free(&text);
	return (rc);
}

static int
run_send(struct run * run)
{
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY] = {0};
	struct slice group = slice_of(pk, BOOK_KEY);
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if ((rc = book_load_contacts(&book, &c)) == 0 &&
	    (rc = book_load_groups(&book, &c)) == 0 &&
	    (rc = book_find_group(&book, run->argv[0], pk, &run->err)) == 0)
		rc = run->argc == 2 && strcmp(run->argv[1], "-") == 0
		    ? send_input(&c, group) : send_arguments(&c, group);
	book_free(&book);
	client_close(&c);
	return (rc);
}

const struct command command_send = {
	.name = "send", .arguments = "TO TEXT|-",
	.summary = "Send a message to a contact or a group",
	.help = help, .flags = send_flags, .least = 2, .most = -1,
	.run = run_send,
};
