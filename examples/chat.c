/* chat.c: chat FOLDER [LINK]: a link to give away, and a talk with who came. */
#include <berty/talk.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct berty * b;
static berty_id node;
static uint8_t group[32]; /* the conversation that opened last */

static void
asked(void * user, const uint8_t contact[32], const void * about, size_t n)
{
	fprintf(user, "(%.*s asks, and is told yes)\n", (int)n, (const char *)about);
	(void)berty_talk_accept(b, node, contact, NULL, NULL);
}

static void
opened(void * user, const uint8_t in[32], const uint8_t * contact)
{
	memcpy(group, in, 32);
	fputs(contact ? "(a contact is here)\n" : "(a group is here)\n", user);
}

static void
said(void * user, const struct berty_talk_message * m)
{
	if (!m->mine)
		fprintf(user, "> %.*s\n", (int)m->n, (const char *)m->bytes);
}

int
main(int argc, char ** argv)
{
	const char * anywhere[] = {"/ip4/0.0.0.0/tcp/0", NULL};
	struct berty_node_config c = {.size = sizeof(c), .folder = argv[1],
	    .listeners = anywhere};
	struct berty_talk_handler h = {sizeof(h), asked, opened, said, NULL};
	struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};
	struct berty_error err = {0};
	char line[1000], * link = NULL;
	ssize_t n = 1;

	if (berty_new(NULL, &b, &err) != 0 ||
	    berty_open(b, &c, &node, &err) != 0 ||
	    berty_talk_begin(b, node, &h, stdout, BERTY_TALK_NEW) != 0 ||
	    berty_talk_link(b, node, "", BERTY_LINK_WEB, &link, &err) != 0 ||
	    (argc > 2 && berty_talk_use_link(b, node, argv[2], "a friend", 8,
	    &err) != 0))
		return (fprintf(stderr, "chat: %s\n", err.text), 1);
	p[1].fd = berty_fd(b);
	for (puts(link); n > 0 && fflush(stdout) == 0; (void)berty_turn(b))
		if (poll(p, 2, berty_timeout_ms(b)) > 0 && p[0].revents != 0 &&
		    (n = read(0, line, sizeof(line))) > 1)
			(void)berty_talk_say(b, node, group, line,
			    (size_t)n - 1, NULL, NULL);
	return (berty_run(b, 500), berty_free(b), 0); /* the last line goes out */
}
