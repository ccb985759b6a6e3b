/*
 * chat.c: talk with contacts.  chat FOLDER [LINK]
 *
 * Prints a contact link to give away.  Whoever has it starts a chat with it and
 * asks; this side says yes to everybody.  What is typed goes to all contacts.
 */
#include <berty/berty.h>
#include <berty/link.h>
#include <berty/wire.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct berty * b;
static berty_id node;
static unsigned char groups[16][32]; /* one with each contact */
static int n_groups;

static void
ended(void * user, berty_id call, const struct berty_error * err)
{
	(void)user, (void)call;
	if (err != NULL && err->code[0] != BERTY_ERR_BRIDGE_NOT_RUNNING)
		fprintf(stderr, "chat: %s\n", err->text);
}

/* A call with one field of bytes, or none; replies go to `reply`. */
static void
call(const char * method, unsigned field, const void * p, size_t n,
    int (*reply)(void *, berty_id, const void *, size_t))
{
	struct berty_handler h = {sizeof(h), NULL, reply, NULL, ended};
	unsigned char bytes[100];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	if (field != 0)
		berty_put_bytes(&w, field, p, n);
	if (berty_call(b, node, method, bytes, w.n, &h, NULL, NULL) != 0)
		fprintf(stderr, "chat: %s could not begin\n", method);
}

/* A message in a group: its third field is what was said. */
static int
heard(void * user, berty_id id, const void * event, size_t n)
{
	struct berty_field said = berty_get(event, n, 3);

	(void)user, (void)id;
	printf("> %.*s\n", (int)said.n, (const char *)said.p);
	return (fflush(stdout), BERTY_MORE);
}

/* What GroupInfo says of a contact: the group we have with it. */
static int
joined(void * user, berty_id id, const void * info, size_t n)
{
	struct berty_field g = berty_get(info, n, 1);

	(void)user, (void)id;
	g = berty_get(g.p, g.n, 1);
	if (g.n != 32 || n_groups == 16)
		return (BERTY_MORE);
	memcpy(groups[n_groups++], g.p, 32);
	call("ActivateGroup", 1, g.p, 32, NULL);
	call("GroupMessageList", 1, g.p, 32, heard);
	return (puts("(a contact is here)"), fflush(stdout), BERTY_MORE);
}

/* The account's events: a request came (108), was sent (107), accepted (110). */
static int
happened(void * user, berty_id id, const void * event, size_t n)
{
	struct berty_field meta = berty_get(event, n, 2);
	struct berty_field payload = berty_get(event, n, 3);
	uint64_t type = berty_get(meta.p, meta.n, 1).number;
	struct berty_field contact = berty_get(payload.p, payload.n, 2);

	(void)user, (void)id;
	if (type == 108)
		call("ContactRequestAccept", 1, contact.p, contact.n, NULL);
	else if (type == 107 || type == 110)
		call("GroupInfo", 2, contact.p, contact.n, joined);
	return (BERTY_MORE);
}

/* Ask for the node's keys and addresses, and print the link they make. */
static int
show_link(void)
{
	struct berty_link link = {.kind = BERTY_LINK_CONTACT};
	struct berty_field f, key, seed;
	const unsigned char * at;
	size_t n, config_n, seed_n;
	void * config, * reply;
	char text[640], * web;

	if (berty_call_wait(b, node, "InstanceGetConfiguration", NULL, 0, -1,
	    &config, &config_n, NULL) != 0 ||
	    berty_call_wait(b, node, "ContactRequestEnable", NULL, 0, -1,
	    &reply, &seed_n, NULL) != 0)
		return (-1);
	key = berty_get(config, config_n, 1);
	seed = berty_get(reply, seed_n, 1);
	call("GroupMetadataList", 1, key.p, key.n, happened);
	link.contact.present = true;
	link.contact.account_pk = (struct berty_link_bytes){key.p, key.n};
	link.contact.seed = (struct berty_link_bytes){seed.p, seed.n};
	for (at = config, n = config_n; berty_take(&at, &n, &f) == 1;) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)f.n,
		    (const char *)f.p);
		if (f.field == 5)
			(void)berty_link_add_address(&link, text);
	}
	if (berty_link_write(&link, BERTY_LINK_WEB, &web, NULL) == 0)
		printf("%s\n", web), free(web), fflush(stdout);
	berty_link_free(&link);
	berty_bytes_free(config, config_n);
	berty_bytes_free(reply, seed_n);
	return (0);
}

/* Ask whoever made the link to become our contact. */
static void
ask(const char * text)
{
	struct berty_handler h = {sizeof(h), NULL, NULL, NULL, ended};
	unsigned char bytes[9000], inner[100];
	struct berty_writer w = {bytes, sizeof(bytes), 0};
	struct berty_writer contact = {inner, sizeof(inner), 0};
	struct berty_link l;
	size_t i;

	if (berty_link_read(&l, text, strlen(text), NULL, 0, NULL) != 0 ||
	    berty_link_valid(&l) != 0 || l.kind != BERTY_LINK_CONTACT) {
		fprintf(stderr, "chat: this is no contact link\n");
		return;
	}
	berty_put_bytes(&contact, 1, l.contact.account_pk.p, 32);
	berty_put_bytes(&contact, 2, l.contact.seed.p, 32);
	berty_put_bytes(&w, 1, inner, contact.n);
	for (i = 0; i < l.addresses.n; i++)
		berty_put_bytes(&w, 7000, l.addresses.at[i].p,
		    l.addresses.at[i].n);
	(void)berty_call(b, node, "ContactRequestSend", bytes, w.n, &h, NULL,
	    NULL);
	berty_link_free(&l);
}

/* Say a line to every contact; false at the end of the input. */
static bool
say_line(void)
{
	struct berty_handler h = {sizeof(h), NULL, NULL, NULL, ended};
	unsigned char bytes[1200];
	char line[1000];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));
	int i;

	for (i = 0; i < n_groups && n > 1; i++) {
		struct berty_writer w = {bytes, sizeof(bytes), 0};

		berty_put_bytes(&w, 1, groups[i], 32);
		berty_put_bytes(&w, 2, line, (size_t)n - 1);
		(void)berty_call(b, node, "AppMessageSend", bytes, w.n, &h,
		    NULL, NULL);
	}
	return (n > 0);
}

int
main(int argc, char ** argv)
{
	static const char * const anywhere[] = {"/ip4/0.0.0.0/tcp/0", NULL};
	struct berty_node_config config = {.size = sizeof(config),
	    .folder = argc > 1 ? argv[1] : NULL, .listeners = anywhere};
	struct berty_error err = {0};
	struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
	    {.events = POLLIN}};

	if (berty_new(NULL, &b, &err) != 0 ||
	    berty_open(b, &config, &node, &err) != 0 || show_link() != 0) {
		fprintf(stderr, "chat: %s\n", err.text);
		return (1);
	}
	if (argc > 2)
		ask(argv[2]);
	for (p[1].fd = berty_fd(b);;) {
		(void)poll(p, 2, berty_timeout_ms(b));
		(void)berty_turn(b);
		if (p[0].revents != 0 && !say_line())
			break;
	}
	(void)berty_run(b, 500); /* what was said last goes out */
	berty_free(b);
	return (0);
}
