/*
 * embed.c: a node inside a program that has its own loop: here poll(2), the
 * standard input and a clock that ticks.  Lines become messages of a group and
 * come back from its list.
 */
#include <berty/berty.h>
#include <berty/wire.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static berty_id node;
static unsigned char group[32];
static bool ready;               /* the group is there */
static unsigned said, heard;

static void
finished(void * user, berty_id call, const struct berty_error * err)
{
	(void)user, (void)call;
	if (err != NULL && err->code[0] != BERTY_ERR_BRIDGE_NOT_RUNNING)
		fprintf(stderr, "embed: %s\n", err->text);
}

static int
on_message(void * user, berty_id call, const void * event, size_t n)
{
	struct berty_field text = berty_get(event, n, 3);

	(void)user, (void)call;
	printf("heard: %.*s\n", (int)text.n, (const char *)text.p);
	heard++;
	return (BERTY_MORE);
}

/* The group is made: read it from now on. */
static int
on_group(void * user, berty_id call, const void * reply, size_t n)
{
	struct berty_handler h = {sizeof(h), NULL, on_message, NULL, finished};
	struct berty_field pk = berty_get(reply, n, 1);
	unsigned char bytes[64];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	(void)call;
	memcpy(group, pk.p, 32);
	ready = true;
	berty_put_bytes(&w, 1, group, 32);
	(void)berty_call(user, node, "GroupMessageList", bytes, w.n, &h, NULL,
	    NULL);
	return (BERTY_MORE);
}

static bool
send_line(struct berty * b)
{
	struct berty_handler h = {sizeof(h), NULL, NULL, NULL, finished};
	unsigned char bytes[1200];
	struct berty_writer w = {bytes, sizeof(bytes), 0};
	char line[1000];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	if (n <= 1)
		return (n > 0);
	berty_put_bytes(&w, 1, group, 32);
	berty_put_bytes(&w, 2, line, (size_t)n - 1);
	if (berty_call(b, node, "AppMessageSend", bytes, w.n, &h, NULL,
	    NULL) == 0)
		said++;
	return (true);
}

int
main(void)
{
	struct berty_node_config config = {.size = sizeof(config)};
	struct berty_handler h = {sizeof(h), NULL, on_group, NULL, finished};
	struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
	time_t next = time(NULL) + 1;
	bool input = true;
	struct berty * b;
	int ms;

	if (berty_new(NULL, &b, NULL) != 0 ||
	    berty_open(b, &config, &node, NULL) != 0 ||
	    berty_call(b, node, "MultiMemberGroupCreate", NULL, 0, &h, b,
	    NULL) != 0)
		return (1);
	p[0].fd = berty_fd(b);
	while (input || heard < said) {
		/* The input waits until the group is there. */
		p[1].fd = input && ready ? STDIN_FILENO : -1;
		ms = berty_timeout_ms(b);
		(void)poll(p, 2, ms < 0 || ms > 1000 ? 1000 : ms);
		(void)berty_turn(b);
		if (p[1].fd >= 0 && p[1].revents != 0)
			input = send_line(b);
		if (time(NULL) >= next) {
			fprintf(stderr, "tick\n");
			next = time(NULL) + 1;
		}
	}
	berty_free(b);
	return (0);
}
