/* cmd_daemon.c: `berty daemon`, a node in this process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_public.h"
#include "berty/daemon.h"
#include "node_options.h"
#include "output.h"
#include "passphrase.h"
#include "qr.h"
#include "share.h"

static const struct flag daemon_flags[] = {
	{"store.inmem", NULL, NULL, "keep nothing: a new account that is gone "
	    "when the node stops"},
	{"store.key-file", "FILE", NULL, "read the key of the store from a "
	    "file (default: store.key in the store's folder, made at the "
	    "first start)"},
	{"store.key-fd", "NUMBER", NULL, "or from an open file descriptor"},
	{"store.key-env", "NAME", NULL, "or from an environment variable, as "
	    "64 hexadecimal digits"},
	{"node.listeners", "LIST", NULL, "where the API is served, separated "
	    "by commas: /unix/PATH, /ip4/127.0.0.1/tcp/PORT, HOST:PORT; with "
	    "/tls behind it over TLS; with /grpcweb, /grpcws or /grpcgw for "
	    "web pages: gRPC-Web, the same over websockets, JSON (default: "
	    "/unix/<store.dir>/berty.sock)"},
	{"metrics.listener", "LIST", NULL, "where monitors find /metrics and "
	    "/healthz: HOST:PORT, /unix/PATH"},
	{"node.restore-export-path", "FILE", NULL, "begin with the account in "
	    "this archive (see `berty export`); the store must have none"},
	{"node.restore-passphrase-file", "FILE", NULL, "the archive is sealed "
	    "with the passphrase in this file (its first line)"},
	{"node.restore-passphrase-env", "NAME", NULL, "or in this environment "
	    "variable"},
	{"name", "NAME", NULL, "your name in the printed contact link"},
	{"no-qr", NULL, NULL, "print no QR code (there is none either when "
	    "the output is no terminal)"},
	{"no-banner", NULL, NULL, "print only that the node is ready"},
	NODE_FLAGS,
	{0},
};

static const char help[] =
"Runs until it gets SIGINT (Ctrl-C) or SIGTERM.  When all is up it prints a\n"
"line that begins with `ready:`, or one JSON object with -json.\n"
"\n"
"  berty daemon                        your account, in its usual place\n"
"  berty daemon -store.dir /tmp/a      another account\n"
"  berty daemon -store.inmem -node.listeners 127.0.0.1:9091\n"
"  KEY=$(your-keyring get berty) berty daemon -store.key-env KEY\n"
"\n"
"  berty daemon -node.listeners 0.0.0.0:9091/tls -node.token-file ~/berty.token\n"
"\n"
"Whoever reaches the API is you.  The socket file is yours alone; every user of\n"
"this machine reaches a port of 127.0.0.1, unless -node.token-file is given.\n"
"Other machines are served over TLS and with a token only.  SIGHUP reads tokens\n"
"and certificate again; calls whose token is gone end.\n";

/* --- what is printed ---------------------------------------------------- */

struct printed {
	struct run * run;
	bool banner, qr;
	int rc;
};

static size_t
count(const char * const * list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return (n);
}

static void
json_list(cJSON * object, const char * name, const char * const * list)
{
	cJSON * array = cJSON_AddArrayToObject(object, name);

	for (; list != NULL && *list != NULL; list++)
		cJSON_AddItemToArray(array, cJSON_CreateString(*list));
}

static void
print_json(const struct berty_daemon_info * info, const char * link,
    const char * internal)
{
	cJSON * object = cJSON_CreateObject();

	cJSON_AddBoolToObject(object, "ready", true);
	output_add_bytes(object, "account_pk", slice_of(info->account_pk, 32));
	output_add_bytes(object, "device_pk", slice_of(info->device_pk, 32));
	cJSON_AddStringToObject(object, "peer_id", info->peer_id);
	json_list(object, "listeners", info->listeners);
	json_list(object, "swarm", info->swarm);
	if (info->tls_fingerprint != NULL)
		cJSON_AddStringToObject(object, "tls_fingerprint",
		    info->tls_fingerprint);
	if (link != NULL)
		cJSON_AddStringToObject(object, "link", link);
	if (internal != NULL)
		cJSON_AddStringToObject(object, "internal", internal);
	output_json(object);
}

static void
print_all(const char * title, const char * const * list)
{
	for (; list != NULL && *list != NULL; list++) {
		printf("%-10s %s\n", title, *list);
		title = "";
	}
}

static void
print_banner(const struct printed * p, const struct berty_daemon_info * info,
    const char * link, const char * internal)
{
	printf("account    ");
	output_hex(slice_of(info->account_pk, 32));
	printf("\npeer       %s\n", info->peer_id);
	print_all("network", info->swarm);
	print_all("API", info->listeners);
	if (info->tls_fingerprint != NULL)
		printf("TLS        sha256:%s\n", info->tls_fingerprint);
	if (link == NULL) {
		puts("\nContact requests are off: `berty contact link` turns "
		    "them on.\n");
		return;
	}
	puts("\nHand this link, or the QR code, to those who shall reach "
	    "you:\n");
	if (p->qr && internal != NULL)
		qr_print(internal);
	printf("\n%s\n\n", link);
}

/* The links of the account; NULL when contact requests are off. */
static void
make_links(struct printed * p, const struct berty_daemon_info * info,
    char ** web, char ** internal)
{
	const char * name = flags_text(&p->run->flags, "name");
	struct berty_link link = {.kind = BERTY_LINK_CONTACT};
	struct berty_error err = {0};
	struct share_addresses addresses = {0};
	struct slice s = slice_text(name);

	if (!info->has_seed)
		return;
	share_choose(&addresses, info->swarm, count(info->swarm),
	    info->peer_id);
	link.contact.present = true;
	link.contact.seed = (struct berty_link_bytes){info->seed, 32};
	link.contact.account_pk =
	    (struct berty_link_bytes){info->account_pk, 32};
	link.contact.name = (struct berty_link_bytes){s.p, s.n};
	share_network(&link, flags_text(&p->run->flags, "network"));
	share_put(&link, &addresses, BERTY_LINK_ADDRESSES_MAX);
	p->rc = berty_link_write(&link, BERTY_LINK_WEB, web, &err);
	share_put(&link, &addresses, SHARE_QR_ADDRESSES);
	if (p->rc == 0)
		p->rc = berty_link_write(&link, BERTY_LINK_INTERNAL, internal,
		    &err);
	if (p->rc != 0)
		(void)error_import(&p->run->err, &err, p->rc);
	share_free(&addresses);
}

static void
ready(void * user, const struct berty_daemon_info * info)
{
	struct printed * p = user;
	char * link = NULL;
	char * internal = NULL;

	make_links(p, info, &link, &internal);
	if (p->rc != 0)
		output_error(&p->run->err);
	if (p->run->json)
		print_json(info, link, internal);
	else {
		if (p->banner)
			print_banner(p, info, link, internal);
		printf("ready: %s\n", info->listeners[0] != NULL
		    ? info->listeners[0] : "no API listener");
	}
	(void)fflush(stdout);
	free(link);
	free(internal);
}

/* --- options ------------------------------------------------------------ */

/* The folder of the socket must be ours alone: /tmp is everybody's. */
static int
make_private_folder(const char * socket, struct error * err)
{
	char folder[256];
	struct stat st;
	const char * end = strrchr(socket, '/');

	if ((size_t)(end - socket) >= sizeof(folder))
		return (error_set(err, ERR_INVALID_INPUT, "the path of the "
		    "socket is too long"));
	memcpy(folder, socket, (size_t)(end - socket));
	folder[end - socket] = '\0';
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return (error_set(err, ERR_INTERNAL, "%.100s cannot be made: "
		    "%s", folder, strerror(errno)));
	if (lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != getuid() || (st.st_mode & 022) != 0)
		return (error_set(err, ERR_INTERNAL, "%.100s is not yours "
		    "alone: name a socket with -node.listeners", folder));
	return (0);
}

static int
default_listener(struct run * run, const char * store, struct buffer * out)
{
	struct buffer socket = {0};
	int rc = 0;

	if (store != NULL)
		buffer_printf(&socket, "%s/berty.sock", store);
	else
		volatile_socket(&socket);
	buffer_byte(&socket, 0);
	if (store == NULL && !socket.failed)
		rc = make_private_folder((char *)socket.p, &run->err);
	buffer_printf(out, "/unix%s", (char *)socket.p);
	buffer_byte(out, 0);
	buffer_free(&socket);
	return (rc);
}

static int
read_fd(struct run * run, int * fd)
{
	const char * text = flags_text(&run->flags, "store.key-fd");
	char * end;
	long v;

	*fd = -1;
	if (text == NULL)
		return (0);
	v = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || v < 0 || v > 65535)
		return (error_set(&run->err, ERR_INVALID_INPUT,
		    "-store.key-fd is a number, not '%.40s'", text));
	*fd = (int)v;
	return (0);
}

static int
check_key_flags(struct run * run)
{
	int given = flags_given(&run->flags, "store.key-file") +
	    flags_given(&run->flags, "store.key-fd") +
	    flags_given(&run->flags, "store.key-env");

	if (given > 1)
		return (error_set(&run->err, ERR_INVALID_INPUT, "the store has "
		    "one key: give -store.key-file, -store.key-fd or "
		    "-store.key-env"));
	return (0);
}

/* Everything that the options borrow. */
struct borrowed {
	struct node_options node;
	struct buffer store, listener;
	struct buffer passphrase; /* of an archive */
	const char ** metrics;
};

static int
fill_options(struct run * run, struct berty_daemon_options * o,
    struct borrowed * b)
{
	const struct flags * f = &run->flags;
	const char * listeners = flags_text(f, "node.listeners");
	const char * store = flags_text(f, "store.dir");
	int rc;

	if ((rc = check_key_flags(run)) != 0 ||
	    (rc = read_fd(run, &o->key_fd)) != 0)
		return (rc);
	if (!flags_on(f, "store.inmem") &&
	    (store == NULL || strcmp(store, ":memory:") != 0)) {
		if ((rc = store_path(run, &b->store, &run->err)) != 0)
			return (rc);
		o->store = (char *)b->store.p;
	}
	if (listeners == NULL) {
		if ((rc = default_listener(run, o->store, &b->listener)) != 0)
			return (rc);
		listeners = (char *)b->listener.p;
	}
	if ((rc = node_options_fill(run, listeners, o, &b->node)) != 0)
		return (rc);
	if (flags_given(f, "metrics.listener") && (b->metrics = flags_list(
	    flags_text(f, "metrics.listener"))) == NULL)
		return (error_set(&run->err, ERR_INTERNAL, "out of memory"));
	o->metrics_listeners = b->metrics;
	o->key_file = flags_text(f, "store.key-file");
	o->key_variable = flags_text(f, "store.key-env");
	o->restore = flags_text(f, "node.restore-export-path");
	rc = passphrase_read(run, "node.restore-passphrase-file",
	    "node.restore-passphrase-env", &b->passphrase);
	o->restore_passphrase = (char *)b->passphrase.p;
	return (rc);
}

static int
run_daemon(struct run * run)
{
	struct printed printed = {.run = run};
	struct berty_daemon_options options = {.size = sizeof(options)};
	struct berty_error err = {0};
	struct borrowed b = {0};
	int rc;

	printed.banner = !flags_on(&run->flags, "no-banner");
	/* In a log file it would be of no use. */
	printed.qr = !flags_on(&run->flags, "no-qr") && isatty(STDOUT_FILENO);
	if ((rc = fill_options(run, &options, &b)) != 0)
		goto err0;
	if (printed.banner && !run->json) {
		printf("opening %s\n", options.store != NULL ? options.store
		    : "a new account in memory");
		(void)fflush(stdout);
	}
	node_options_long_run();
	rc = berty_daemon_run(&options, ready, &printed, &err);
	if (rc != 0)
		(void)error_import(&run->err, &err, rc);

err0:
	node_options_free(&b.node);
	buffer_wipe(&b.passphrase);
	free(b.metrics);
	buffer_free(&b.store);
	buffer_free(&b.listener);
	return (rc);
}

const struct command command_daemon = {
	.name = "daemon", .arguments = "", .summary = "Run your node",
	.help = help, .flags = daemon_flags, .run = run_daemon,
};
