/* main.c: finds the command that the arguments name, and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output.h"

const struct flag common_flags[] = {
	{"node.remote-addr", "ADDRESS", NULL, "the node to talk to: "
	    "/unix/PATH, /ip4/127.0.0.1/tcp/PORT or HOST:PORT, with /tls "
	    "behind it for TLS (default: the socket in the store's folder)"},
	{"node.token-file", "FILE", NULL, "tokens, one a line: `daemon` asks "
	    "callers over TCP for one of them, and makes the file if it is "
	    "missing; other commands show the first (or BERTY_NODE_TOKEN)"},
	{"node.tls-pin", "SHA256", NULL, "trust the node whose certificate has "
	    "this fingerprint, which `berty daemon` prints"},
	{"node.tls-ca", "FILE", NULL, "trust a node's certificate by those in "
	    "a PEM file (default: by those of the system)"},
	{"store.dir", "DIR", NULL, "the account's folder (default: "
	    "$XDG_CONFIG_HOME/berty-tech/berty, else "
	    "~/.config/berty-tech/berty)"},
	{"config", "FILE", NULL, "read flags from a file, one `name value` "
	    "a line"},
	{"json", NULL, NULL, "print JSON, one object a line"},
	{"help", NULL, NULL, "print what the command does and its flags"},
	{0},
};

static const struct command * const commands[] = {
	&command_daemon,
	&command_contact_link,
	&command_contact_request,
	&command_contact_list,
	&command_contact_accept,
	&command_contact_discard,
	&command_contact_block,
	&command_contact_unblock,
	&command_contact_alias,
	&command_group_create,
	&command_group_invite,
	&command_group_join,
	&command_group_leave,
	&command_group_replicate,
	&command_group_list,
	&command_group_info,
	&command_group_grant,
	&command_group_alias,
	&command_send,
	&command_tail,
	&command_attachment_send,
	&command_attachment_save,
	&command_attachment_list,
	&command_attachment_pin,
	&command_attachment_unpin,
	&command_export,
	&command_info,
	&command_peers,
	&command_services_auth,
	&command_services_complete,
	&command_services_list,
	&command_services_remove,
	&command_token_server,
	&command_service_key_generate,
	&command_service_key_convert,
	&command_account_daemon,
	&command_account_create,
	&command_account_list,
	&command_account_open,
	&command_account_close,
	&command_account_import,
	&command_account_delete,
	&command_doctor,
	&command_repl_server,
	&command_push_server,
	&command_version,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const char intro[] =
"berty - talk without a server\n"
"\n"
"A node keeps your account, and meets the nodes of your contacts directly.\n"
"Start one, then use it from another terminal:\n"
"\n"
"  berty daemon                      run your node; prints your contact link\n"
"  berty contact request 'https://berty.tech/id#…'\n"
"  berty contact list\n"
"  berty send alice 'Hello, Alice'\n"
"  berty tail alice\n"
"  berty doctor                      when something does not work\n"
"\n"
"Commands:\n";

static const char outro[] =
"\n"
"`berty COMMAND --help` tells more about each.  Flags are written -name VALUE\n"
"or -name=VALUE, with one dash or two; each can also come from the\n"
"environment (-store.dir: BERTY_STORE_DIR) or from the file of -config.\n";

static void
print_usage(const char * family)
{
	size_t i;

	if (family == NULL)
		fputs(intro, stdout);
	for (i = 0; i < COMMANDS; i++)
		if (family == NULL || strncmp(commands[i]->name, family,
		    strlen(family)) == 0)
			printf("  %-16s %-22s %s\n", commands[i]->name,
			    commands[i]->arguments, commands[i]->summary);
	if (family == NULL)
		fputs(outro, stdout);
}

static void
print_help(const struct command * c)
{
	printf("berty %s%s%s\n\n%s.\n", c->name, *c->arguments ? " " : "",
	    c->arguments, c->summary);
	if (c->help != NULL)
		printf("\n%s", c->help);
	printf("\nFlags:\n");
	if (c->flags != NULL)
		flags_help(c->flags);
	flags_help(common_flags);
}

/* The command that argv begins with; *words: how many arguments name it. */
static const struct command *
find_command(int argc, char ** argv, int * words)
{
	const char * space;
	size_t i, n;

	for (i = 0; i < COMMANDS; i++) {
		space = strchr(commands[i]->name, ' ');
		n = space == NULL ? strlen(commands[i]->name)
		    : (size_t)(space - commands[i]->name);
		if (strlen(argv[0]) != n ||
		    memcmp(argv[0], commands[i]->name, n) != 0)
			continue;
		*words = space == NULL ? 1 : 2;
		if (space == NULL ||
		    (argc > 1 && strcmp(argv[1], space + 1) == 0))
			return (commands[i]);
	}
	return (NULL);
}

/* Is it the first word of commands such as `contact list`? */
static bool
is_family(const char * word)
{
	size_t i, n = strlen(word);

	for (i = 0; i < COMMANDS; i++)
		if (strncmp(commands[i]->name, word, n) == 0 &&
		    commands[i]->name[n] == ' ')
			return (true);
	return (false);
}

static int
no_command(int argc, char ** argv)
{
	if (is_family(argv[0])) {
		if (argc > 1 && argv[1][0] != '-')
			fprintf(stderr, "berty: there is no `berty %s %s`:\n",
			    argv[0], argv[1]);
		print_usage(argv[0]);
		return (2);
	}
	fprintf(stderr, "berty: there is no command %s; `berty --help` lists "
	    "them\n", argv[0]);
	return (1);
}

static int
run_command(const struct command * c, struct run * run, int argc,
    char ** argv)
{
	int rc;

	run->flags.tables[1] = c->flags;
	run->argv = argv;
	rc = flags_parse(&run->flags, argc, argv, false, &run->argc,
	    &run->err);
	if (rc == 0 && flags_on(&run->flags, "help")) {
		print_help(c);
		return (2);
	}
	if (rc == 0)
		rc = flags_complete(&run->flags, &run->err);
	if (rc == 0 && (run->argc < c->least ||
	    (c->most >= 0 && run->argc > c->most)))
		rc = error_set(&run->err, ERR_MISSING_INPUT, "too %s "
		    "arguments: berty %s %s", run->argc < c->least ? "few"
		    : "many", c->name, c->arguments);
	if (rc == 0) {
		run->json = flags_on(&run->flags, "json");
		rc = c->run(run);
	}
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = error_set(&run->err, ERR_STREAM_WRITE,
		    "the output cannot be written");
	if (rc != 0)
		output_error(&run->err);
	return (rc == 0 && !run->failed ? 0 : 1);
}

static int
dispatch(struct run * run, int argc, char ** argv)
{
	const struct command * c;
	int n, words = 0;

	if (flags_parse(&run->flags, argc, argv, true, &n, &run->err) != 0) {
		output_error(&run->err);
		return (1);
	}
	if (n > 0 && strcmp(argv[0], "help") == 0) {
		argv++;
		n--;
	}
	if (n == 0) {
		print_usage(NULL);
		return (2);
	}
	if ((c = find_command(n, argv, &words)) == NULL)
		return (no_command(n, argv));
	if (argv[-1] != NULL && strcmp(argv[-1], "help") == 0) {
		print_help(c);
		return (2);
	}
	return (run_command(c, run, n - words, argv + words));
}

int
main(int argc, char ** argv)
{
	const struct flag * tables[COMMANDS + 2] = {common_flags};
	struct run run = {.flags.tables = {common_flags}};
	size_t i, n = 1;
	int status;

	for (i = 0; i < COMMANDS; i++)
		if (commands[i]->flags != NULL)
			tables[n++] = commands[i]->flags;
	run.flags.others = tables;
	status = dispatch(&run, argc - 1, argv + 1);
	flags_free(&run.flags);
	return (status);
}
