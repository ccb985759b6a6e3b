/*
 * account_args.h: how an account's node is opened: flags as `berty daemon`
 * takes them, and the account's network configuration.
 */
#ifndef BERTY_DAEMON_ACCOUNTS_ACCOUNT_ARGS_H
#define BERTY_DAEMON_ACCOUNTS_ACCOUNT_ARGS_H

#include "base/logger.h"
#include "berty/daemon.h"
#include "daemon/accounts/account_folder.h"

/* Options, and the copies of texts that they borrow. */
struct account_args {
	struct berty_daemon_options options;
	void ** held;
	size_t n_held;
};

/*
 * Begin with the options of the service.  0 or -ERR_INTERNAL; freed by
 * account_args_free either way.
 */
int account_args_begin(struct account_args * a,
    const struct berty_daemon_options * service);
void account_args_free(struct account_args * a);

/* A copy of a text that lives as long; NULL without memory. */
char * account_args_hold(struct account_args * a, const char * text);

/* A list of one text. */
const char * const * account_args_list(struct account_args * a,
    const char * text);

/*
 * Take flags: `-name=value`, `--name=value`, or the value in the next one.
 * Flags of Berty's nodes that mean nothing here are passed over, with a line in
 * the log.  -ERR_BERTY_ACCOUNT_INVALID_CLI_ARGS (5011): others, and those that
 * the service decides itself (store.…).
 */
int account_args_take(struct account_args * a, char * const * args, size_t n,
    const struct logger * log, struct error * err);

/* Take a network configuration, where flags do not say otherwise. */
void account_args_network(struct account_args * a,
    const ACCOUNT(NetworkConfig) * network);

#endif /* !BERTY_DAEMON_ACCOUNTS_ACCOUNT_ARGS_H */
