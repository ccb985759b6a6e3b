/*
 * accounts.h: the accounts of a machine in one process, opened and closed by
 * calls of berty.account.v1.AccountService, each served as berty_daemon_run
 * serves one.
 */
#ifndef BERTY_ACCOUNTS_H
#define BERTY_ACCOUNTS_H

#include "berty/daemon.h"

BERTY_BEGIN

struct berty_accounts_options {
	size_t size;                    /* sizeof(struct berty_accounts_options) */
	const char * root;              /* folder: accounts are in root/accounts */
	const char * const * listeners; /* of AccountService; NULL-ended */

	/*
	 * How accounts are opened, unless a call says otherwise; `store`, keys
	 * and `restore` are not looked at.  No listeners: a socket berty.sock in
	 * the account's folder.  The log, the tokens and certificates, which
	 * are for AccountService too.
	 */
	const struct berty_daemon_options * node;
};

/*
 * Serve, and call ready (may be NULL) with the addresses; return when SIGINT or
 * SIGTERM came and all accounts are closed.  0, or the code of what went wrong
 * at the start.
 */
BERTY_API int berty_accounts_run(
    const struct berty_accounts_options * options,
    void (*ready)(void * user, const char * const * listeners), void * user,
    struct berty_error * err);

BERTY_END

#endif /* !BERTY_ACCOUNTS_H */
