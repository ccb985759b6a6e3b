/*
 * accounts.h: the accounts of a machine in one process: those on disk, and the
 * nodes of those that are open, each with its own store, key and listeners.
 */
#ifndef BERTY_DAEMON_ACCOUNTS_ACCOUNTS_H
#define BERTY_DAEMON_ACCOUNTS_ACCOUNTS_H

#include "base/list.h"
#include "daemon/accounts/account_args.h"
#include "daemon/served.h"

/* Accounts that may be open at a time. */
#define ACCOUNTS_OPEN_MAX 64

enum account_stage { ACCOUNT_OPENING, ACCOUNT_OPEN, ACCOUNT_CLOSING };

struct accounts;

/* An account whose node runs, or comes or goes. */
struct account_node {
	struct accounts * accounts;
	char id[ACCOUNT_ID_MAX + 1];
	enum account_stage stage;
	struct served * served;
	struct store * storage;   /* its application's; NULL: not used yet */
	bool importing;           /* it is made of an archive: whole or gone */
	bool fresh;               /* nobody knows it before it is open */
	struct error err;         /* why it did not open */
	/* Who waits for the stage's end; may be NULL. */
	void (*done)(void * user, const struct error * err);
	void * user;
	struct list place;        /* in the order in which they were opened */
};

struct accounts {
	const char * root;        /* folder; <root>/accounts has them */
	struct world * world;
	struct web * web;
	const struct logger * log;
	struct berty_daemon_options options; /* of each node */
	struct list nodes;
	size_t n;
	struct store * storage;   /* of applications, for no account */
	struct {
		unsigned token_type;      /* 0: the device has none */
		struct buffer bundle_id, token;
	} push;                   /* how the device is reached */
	void (*stopped)(void * user);
	void * user;
};

/* How one is opened. */
struct account_opening {
	const char * id;
	char * const * args;
	size_t n_args;
	const ACCOUNT(NetworkConfig) * network; /* NULL: its own */
	const char * archive;     /* to begin with; or NULL */
	const char * passphrase;  /* of the archive; or NULL */
	bool fresh;
};

/*
 * Open an account that is on disk.  done is called from the loop, once, when
 * its node serves (NULL), or does not (then it is closed again; one that was
 * fresh is removed).  -ERR_BERTY_ACCOUNT_ALREADY_OPENED (5002),
 * -ERR_BERTY_ACCOUNT_DATA_NOT_FOUND, -ERR_BERTY_ACCOUNT_INVALID_CLI_ARGS, or
 * what the node says, under -ERR_BERTY_ACCOUNT_MANAGER_OPEN (5009): done is not
 * called.
 */
int accounts_open(struct accounts * a, const struct account_opening * o,
    void (*done)(void * user, const struct error * err), void * user,
    struct error * err);

/* Who waited has gone. */
void accounts_leave(struct accounts * a, void * user);

/*
 * Close one.  done as above.  -ERR_BERTY_ACCOUNT_DATA_NOT_FOUND: it is not open;
 * -ERR_BERTY_ACCOUNT_MANAGER_CLOSE: it is on its way already.
 */
int accounts_close(struct accounts * a, const char * id,
    void (*done)(void * user, const struct error * err), void * user,
    struct error * err);

/* The node of an account, whatever its stage; NULL: it is closed. */
struct account_node * accounts_find(struct accounts * a, const char * id);

/* The account of that id, or, for an empty one, the open one that was opened
 * last; NULL: it is not open. */
struct account_node * accounts_opened(struct accounts * a, const char * id);

/* Close all; stopped is called from the loop. */
void accounts_stop(struct accounts * a, void (*stopped)(void * user),
    void * user);

#endif /* !BERTY_DAEMON_ACCOUNTS_ACCOUNTS_H */
