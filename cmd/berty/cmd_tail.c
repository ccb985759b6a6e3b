/* cmd_tail.c: `berty tail`, what is said in groups. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "book.h"
#include "codec/multibase.h"
#include "event.h"
#include "payload.h"
#include "output.h"

static const struct flag tail_flags[] = {
	{"since-id", "CID", NULL, "begin with this message, itself included"},
	{"since-now", NULL, NULL, "only what is to come"},
	{"until-now", NULL, NULL, "only what there is; then end"},
	{"reverse", NULL, NULL, "newest first; needs -until-now"},
	{"metadata", NULL, NULL, "the group's events instead of its messages"},
	{0},
};

static const char help[] =
"Prints what there is, oldest first, then follows.  FROM is a group or a\n"
"contact: a key, its first characters, or a name; without it all groups are\n"
"followed.  To go on where a script ended, pass the last id it saw: that\n"
"message comes again, then everything after it, with no gap.\n"
"\n"
"  berty tail alice\n"
"  berty tail 3fa2 -until-now --json | jq -r .text\n"
"  berty tail 3fa2 -since-id bafyrei… --json\n"
"  berty tail 3fa2 -metadata -until-now\n"
"\n"
"JSON members of a message: cid (as text), group_pk, device_pk, type (text,\n"
"plain, bytes, invitation…), text or bytes, sent_date (ms), target, payload,\n"
"attachments (CIDs, as `berty attachment save` takes them).\n"
"Keys and bytes are in base64.\n";

struct tail {
	struct client c;
	struct slice group;
	bool several;           /* say which group */
};

/* --- messages ----------------------------------------------------------- */

static void
print_time(uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32] = "-";

	if (ms > 0 && localtime_r(&seconds, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%-19s", text);
}

static void
print_attachments(const PB(EventContext) * context)
{
	size_t i;

	for (i = 0; i < context->n_attachment_cids; i++) {
		printf("  [file ");
		output_cid(protobuf_slice(context->attachment_cids[i]));
		putchar(']');
	}
}

static void
print_text(const struct tail * t, const PB(GroupMessageEvent) * event,
    const struct payload * m)
{
	struct slice device = protobuf_slice(event->headers->device_pk);

	print_time(m->sent_date);
	if (t->several) {
		printf("  ");
		output_hex(slice_of(t->group.p, 4));
	}
	printf("  ");
	output_hex(slice_of(device.p, device.n < 4 ? device.n : 4));
	printf("  ");
	if (strcmp(m->type, "text") != 0 && strcmp(m->type, "plain") != 0)
		printf("[%s] ", m->type);
	if (m->is_text)
		output_safe(buffer_all(&m->text));
	else
		output_hex(buffer_all(&m->text));
	print_attachments(event->event_context);
	putchar('\n');
	(void)fflush(stdout);
}

static void
print_json(const PB(GroupMessageEvent) * event, const struct payload * m)
{
	cJSON * object = cJSON_CreateObject();

	output_add_cid(object, "cid", protobuf_slice(event->event_context->id));
	output_add_bytes(object, "group_pk",
	    protobuf_slice(event->event_context->group_pk));
	output_add_bytes(object, "device_pk",
	    protobuf_slice(event->headers->device_pk));
	cJSON_AddStringToObject(object, "type", m->type);
	if (m->is_text)
		output_add_text(object, "text", buffer_all(&m->text));
	else
		output_add_bytes(object, "bytes", buffer_all(&m->text));
	if (m->sent_date > 0)
		cJSON_AddNumberToObject(object, "sent_date",
		    (double)m->sent_date);
	if (m->target.n > 0)
		output_add_text(object, "target", buffer_all(&m->target));
	output_add_bytes(object, "payload", protobuf_slice(event->message));
	event_add_attachments(object, event->event_context);
	output_json(object);
}

static int
on_message(void * user, const void * reply)
{
	const PB(GroupMessageEvent) * event = reply;
	const struct tail * t = user;
	struct payload m = {0};

	if (event->event_context == NULL || event->headers == NULL)
		return (0);
	payload_decode(&m, protobuf_slice(event->message));
	if (t->c.run->json)
		print_json(event, &m);
	else
		print_text(t, event, &m);
	payload_free(&m);
	return (0);
}

/* --- events ------------------------------------------------------------- */

static int
on_event(void * user, const void * reply)
{
	const PB(GroupMetadataEvent) * event = reply;
	const struct tail * t = user;
	cJSON * object;
	char * text;

	if (event->event_context == NULL || event->metadata == NULL)
		return (0);
	object = event_json(event);
	if (t->c.run->json) {
		output_json(object);
		return (0);
	}
	if (t->several) {
		output_hex(slice_of(t->group.p, 4));
		printf("  ");
	}
	printf("%s  ", cJSON_GetStringValue(cJSON_GetObjectItem(object,
	    "type")));
	text = cJSON_PrintUnformatted(cJSON_GetObjectItem(object, "event"));
	if (text != NULL)
		output_safe(slice_text(text));
	putchar('\n');
	(void)fflush(stdout);
	cJSON_free(text);
	cJSON_Delete(object);
	return (0);
}

/* --- one group ---------------------------------------------------------- */

static int
read_cid(struct run * run, struct buffer * cid)
{
	struct slice text = slice_text(flags_text(&run->flags, "since-id"));

	if (text.n == 0)
		return (0);
	if (multibase_decode(cid, text) == 0 && cid->n > 0 && cid->p[0] == 1)
		return (0);
	buffer_clear(cid);
	if (base64_decode(cid, text) == 0 && cid->n > 0)
		return (0);
	return (error_set(&run->err, ERR_INVALID_INPUT, "'%.80s' is no id of "
	    "a message: `berty tail --json` prints them as cid", text.p));
}

static int
tail_group(struct tail * t)
{
	PB(GroupMessageList__Request) messages =
	    PB_INIT(GROUP_MESSAGE_LIST__REQUEST);
	PB(GroupMetadataList__Request) events =
	    PB_INIT(GROUP_METADATA_LIST__REQUEST);
	const struct flags * f = &t->c.run->flags;
	struct buffer cid = {0};
	int rc;

	if ((rc = read_cid(t->c.run, &cid)) != 0)
		goto err0;
	messages.group_pk = events.group_pk = protobuf_bytes(t->group);
	messages.since_id = events.since_id =
	    protobuf_bytes(buffer_all(&cid));
	messages.since_now = events.since_now = flags_on(f, "since-now");
	messages.until_now = events.until_now = flags_on(f, "until-now");
	messages.reverse_order = events.reverse_order =
	    flags_on(f, "reverse");
	rc = flags_on(f, "metadata")
	    ? client_stream(&t->c, t->group, "GroupMetadataList", &events,
	        PB_TYPE(group_metadata_event), on_event, t)
	    : client_stream(&t->c, t->group, "GroupMessageList", &messages,
	        PB_TYPE(group_message_event), on_message, t);

err0:
	buffer_free(&cid);
	return (rc);
}

/* --- all groups --------------------------------------------------------- */

/* Follow one group in a process of its own: the client makes one call a time. */
static pid_t
follow(struct run * run, const uint8_t pk[BOOK_KEY], const sigset_t * mask)
{
	struct tail t = {.group = slice_of(pk, BOOK_KEY), .several = true};
	pid_t pid;
	int rc;

	if ((pid = fork()) != 0)
		return (pid);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	if ((rc = client_open(&t.c, run)) == 0) {
		rc = tail_group(&t);
		client_close(&t.c);
	}
	if (rc != 0)
		output_error(&run->err);
	(void)fflush(stdout);
	_exit(rc == 0 ? 0 : 1);
}

/* Count and forget the processes that ended; *failed: one of them did. */
static size_t
reap(pid_t * children, size_t n, bool * failed)
{
	size_t i, left = 0;
	int status;

	for (i = 0; i < n; i++) {
		if (children[i] <= 0)
			continue;
		if (waitpid(children[i], &status, WNOHANG) == 0) {
			left++;
			continue;
		}
		*failed |= status != 0;
		children[i] = 0;
	}
	return (left);
}

/* Until all have ended; who ends this process ends them. */
static bool
wait_for_all(pid_t * children, size_t n, const sigset_t * signals)
{
	bool failed = false;
	size_t i;
	int number;

	while (reap(children, n, &failed) > 0) {
		if (sigwait(signals, &number) != 0 || number == SIGCHLD)
			continue;
		for (i = 0; i < n; i++)
			if (children[i] > 0)
				(void)kill(children[i], SIGTERM);
		_exit(128 + number);
	}
	return (!failed);
}

static int
follow_all(struct run * run, const struct book * book)
{
	bool ends = flags_on(&run->flags, "until-now"), fine = true;
	pid_t * children = calloc(book->n_groups + 1, sizeof(*children));
	sigset_t signals, mask;
	size_t i;

	if (children == NULL)
		return (error_set(&run->err, ERR_INTERNAL, "out of memory"));
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, &mask);
	for (i = 0; i < book->n_groups; i++) {
		children[i] = follow(run, book->groups[i].pk, &mask);
		fine &= children[i] > 0;
		/* What there is comes group by group. */
		if (ends)
			fine &= wait_for_all(&children[i], 1, &signals);
	}
	fine &= wait_for_all(children, i, &signals);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	free(children);
	return (fine ? 0 : error_set(&run->err, ERR_STREAM_READ,
	    "not all groups could be read"));
}

static int
tail_all(struct run * run, struct client * c)
{
	struct book book = {0};
	int rc;

	if (flags_given(&run->flags, "since-id"))
		return (error_set(&run->err, ERR_INVALID_INPUT,
		    "-since-id is of one group: name it"));
	if ((rc = book_load_groups(&book, c)) == 0)
		rc = follow_all(run, &book);
	book_free(&book);
	return (rc);
}

static int
run_tail(struct run * run)
{
	struct tail t = {0};
	struct book book = {0};
	uint8_t pk[BOOK_KEY] = {0};
	int rc;

	if ((rc = client_open(&t.c, run)) != 0)
		return (rc);
	if (run->argc == 0) {
		rc = tail_all(run, &t.c);
		goto err0;
	}
	if ((rc = book_load_contacts(&book, &t.c)) != 0 ||
	    (rc = book_load_groups(&book, &t.c)) != 0 ||
	    (rc = book_find_group(&book, run->argv[0], pk, &run->err)) != 0)
		goto err0;
	t.group = slice_of(pk, BOOK_KEY);
	rc = tail_group(&t);

err0:
	book_free(&book);
	client_close(&t.c);
	return (rc);
}

const struct command command_tail = {
	.name = "tail", .arguments = "[FROM]",
	.summary = "Print messages, and follow what comes",
	.help = help, .flags = tail_flags, .most = 1, .run = run_tail,
};
