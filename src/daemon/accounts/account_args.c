#include "daemon/accounts/account_args.h"

#include <stdlib.h>
#include <string.h>

#define SWARM_DEFAULT "/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0"

/* --- what is held ---------------------------------------------------------- */

static void *
hold(struct account_args * a, void * p)
{
	void ** held = p == NULL ? NULL : realloc(a->held,
	    (a->n_held + 1) * sizeof(*held));

	if (held == NULL) {
		free(p);
		return (NULL);
	}
	a->held = held;
	held[a->n_held++] = p;
	return (p);
}

char *
account_args_hold(struct account_args * a, const char * text)
{
	size_t n = strlen(text) + 1;
	char * copy = malloc(n);

	if (copy != NULL)
		memcpy(copy, text, n);
	return (hold(a, copy));
}

void
account_args_free(struct account_args * a)
{
	size_t i;

	for (i = 0; i < a->n_held; i++)
		free(a->held[i]);
	free(a->held);
	memset(a, 0, sizeof(*a));
}

int
account_args_begin(struct account_args * a,
    const struct berty_daemon_options * service)
{
	memset(a, 0, sizeof(*a));
	a->options = *service;
	a->options.size = sizeof(a->options);
	return (0);
}

/* The parts between commas. */
static const char * const *
split(struct account_args * a, const char * text)
{
	char * copy = account_args_hold(a, text);
	const char ** list;
	size_t n = 2;
	char * p;

	for (p = copy; p != NULL && *p != '\0'; p++)
		n += *p == ',';
	if (copy == NULL ||
	    (list = hold(a, calloc(n, sizeof(*list)))) == NULL)
		return (NULL);
	for (n = 0, p = copy; p != NULL; n++) {
		char * comma = strchr(p, ',');

		if (comma != NULL)
			*comma = '\0';
		if (*p == '\0')
			n--;
		else
			list[n] = p;
		p = comma == NULL ? NULL : comma + 1;
	}
	return (list);
}

const char * const *
account_args_list(struct account_args * a, const char * text)
{
	return (split(a, text));
}

/* --- flags ----------------------------------------------------------------- */

enum flag_kind { FLAG_TEXT, FLAG_LIST, FLAG_SWITCH };

struct known {
	const char * name;
	enum flag_kind kind;
	size_t at;                /* its place in the options */
};

#define PLACE(member) offsetof(struct berty_daemon_options, member)

static const struct known knowns[] = {
	{"node.listeners", FLAG_LIST, PLACE(listeners)},
	{"node.auto-activate", FLAG_SWITCH, PLACE(auto_activate)},
	{"node.contact-requests", FLAG_SWITCH, PLACE(enable_requests)},
	{"node.restore-export-path", FLAG_TEXT, PLACE(restore)},
	{"node.service-insecure", FLAG_SWITCH, PLACE(services_insecure)},
	{"p2p.swarm-listeners", FLAG_LIST, PLACE(swarm)},
	{"p2p.static-peers", FLAG_LIST, PLACE(static_peers)},
	{"p2p.security", FLAG_TEXT, PLACE(security)},
	{"p2p.mdns", FLAG_SWITCH, PLACE(mdns)},
	{"p2p.tinder-localdiscovery-driver", FLAG_SWITCH,
	    PLACE(local_records)},
	{"network", FLAG_TEXT, PLACE(networks)},
	{"grpc.legacy-status", FLAG_SWITCH, PLACE(legacy_status)},
};

static const struct known *
find(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(knowns) / sizeof(knowns[0]); i++)
		if (slice_equal(name, slice_text(knowns[i].name)))
			return (&knowns[i]);
	return (NULL);
}

/* What Berty's nodes know and this one has no use for. */
static bool
is_foreign(struct slice name)
{
	static const char * const families[] = {"log.", "p2p.", "node.",
	    "metrics.", "tor.", "preset"};
	size_t i, n;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		n = strlen(families[i]);
		if (name.n >= n && memcmp(name.p, families[i], n) == 0)
			return (true);
	}
	return (false);
}

static bool
on(const char * value, bool * is)
{
	static const char * const words[2][4] = {
	    {"false", "0", "f", "F"}, {"true", "1", "t", "T"}};
	size_t i;

	for (i = 0; i < 8; i++)
		if (strcmp(value, words[i / 4][i % 4]) == 0) {
			*is = i / 4 == 1;
			return (true);
		}
	return (false);
}

/* `:default:` stands for what is listened on by default. */
static const char * const *
list_of(struct account_args * a, const struct known * flag,
    const char * value)
{
	if (flag->at == PLACE(swarm) && strcmp(value, ":default:") == 0)
		value = SWARM_DEFAULT;
	if (strcmp(value, ":none:") == 0)
		value = "";
	return (split(a, value));
}

static int
set(struct account_args * a, const struct known * flag, const char * value,
    struct error * err)
{
	char * member = (char *)&a->options + flag->at;
	const char * const * list;
	char * text;

	switch (flag->kind) {
	case FLAG_SWITCH:
		if (on(value, (bool *)(void *)member))
			return (0);
		return (error_set(err, ERR_BERTY_ACCOUNT_INVALID_CLI_ARGS,
		    "-%s is true or false, not '%.40s'", flag->name, value));
	case FLAG_LIST:
		if ((list = list_of(a, flag, value)) == NULL)
			break;
		*(const char * const **)(void *)member = list;
		return (0);
	case FLAG_TEXT:
		if ((text = account_args_hold(a, value)) == NULL)
			break;
		*(const char **)(void *)member = text;
		return (0);
	}
	return (error_set(err, ERR_INTERNAL, "out of memory"));
}

int
account_args_take(struct account_args * a, char * const * args, size_t n,
    const struct logger * log, struct error * err)
{
	const struct known * flag;
	const char * name, * equal, * value;
	struct slice word;
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		if (args[i][0] != '-')
			return (error_set(err,
			    ERR_BERTY_ACCOUNT_INVALID_CLI_ARGS,
			    "'%.60s' is not a flag", args[i]));
		name = args[i] + (args[i][1] == '-' ? 2 : 1);
		equal = strchr(name, '=');
		word = equal == NULL ? slice_text(name) :
		    slice_of((const uint8_t *)name, (size_t)(equal - name));
		flag = find(word);
		if (flag == NULL && !is_foreign(word))
			return (error_set(err,
			    ERR_BERTY_ACCOUNT_INVALID_CLI_ARGS,
			    "an account is not opened with '%.60s'", args[i]));
		value = equal != NULL ? equal + 1 : "true";
		if (equal == NULL && (flag == NULL ? i + 1 < n &&
		    args[i + 1][0] != '-' : flag->kind != FLAG_SWITCH)) {
			if (++i == n)
				return (error_set(err,
				    ERR_BERTY_ACCOUNT_INVALID_CLI_ARGS,
				    "%s takes a value", args[i - 1]));
			value = args[i];
		}
		if (flag == NULL)
			log_info(log, "accounts", "%.60s means nothing here",
			    name);
		else if ((rc = set(a, flag, value, err)) != 0)
			return (rc);
	}
	return (0);
}

void
account_args_network(struct account_args * a,
    const ACCOUNT(NetworkConfig) * network)
{
	if (network->mdns == BERTY__ACCOUNT__V1__NETWORK_CONFIG__FLAG__Disabled)
		a->options.mdns = a->options.local_records = false;
	else if (network->mdns ==
	    BERTY__ACCOUNT__V1__NETWORK_CONFIG__FLAG__Enabled)
		a->options.mdns = a->options.local_records = true;
}
