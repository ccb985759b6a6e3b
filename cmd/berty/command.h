/* command.h: a command of the program and what it is run with. */
#ifndef BERTY_CMD_COMMAND_H
#define BERTY_CMD_COMMAND_H

#include "flags.h"

/* What a run of a command works with. */
struct run {
	struct flags flags;
	int argc;               /* arguments that are no flags */
	char ** argv;
	bool json;
	bool failed;            /* exit status 1, with nothing to add */
	struct error err;       /* what went wrong, when run returns non-zero */
};

struct command {
	const char * name;      /* "contact list" */
	const char * arguments; /* "LINK", or "" */
	const char * summary;   /* one line, without a full stop */
	const char * help;      /* more text and examples, or NULL */
	const struct flag * flags;
	int least, most;        /* arguments; most -1: any number */
	int (*run)(struct run * run);   /* 0, or negative with run->err set */
};

/* Flags of every command (main.c). */
extern const struct flag common_flags[];

extern const struct command command_daemon;
extern const struct command command_contact_link;
extern const struct command command_contact_request;
extern const struct command command_contact_list;
extern const struct command command_contact_accept;
extern const struct command command_contact_discard;
extern const struct command command_contact_block;
extern const struct command command_contact_unblock;
extern const struct command command_contact_alias;
extern const struct command command_group_create;
extern const struct command command_group_invite;
extern const struct command command_group_join;
extern const struct command command_group_leave;
extern const struct command command_group_replicate;
extern const struct command command_group_list;
extern const struct command command_group_info;
extern const struct command command_group_grant;
extern const struct command command_group_alias;
extern const struct command command_send;
extern const struct command command_tail;
extern const struct command command_attachment_send;
extern const struct command command_attachment_save;
extern const struct command command_attachment_list;
extern const struct command command_attachment_pin;
extern const struct command command_attachment_unpin;
extern const struct command command_export;
extern const struct command command_info;
extern const struct command command_peers;
extern const struct command command_services_auth;
extern const struct command command_services_complete;
extern const struct command command_services_list;
extern const struct command command_services_remove;
extern const struct command command_token_server;
extern const struct command command_service_key_generate;
extern const struct command command_service_key_convert;
extern const struct command command_account_daemon;
extern const struct command command_account_create;
extern const struct command command_account_list;
extern const struct command command_account_open;
extern const struct command command_account_close;
extern const struct command command_account_import;
extern const struct command command_account_delete;
extern const struct command command_doctor;
extern const struct command command_repl_server;
extern const struct command command_push_server;
extern const struct command command_version;

#endif /* !BERTY_CMD_COMMAND_H */
