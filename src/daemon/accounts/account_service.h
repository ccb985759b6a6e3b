/* account_service.h: the calls of berty.account.v1.AccountService. */
#ifndef BERTY_DAEMON_ACCOUNTS_ACCOUNT_SERVICE_H
#define BERTY_DAEMON_ACCOUNTS_ACCOUNT_SERVICE_H

#include "api/call.h"
#include "daemon/accounts/accounts.h"

/* Its 22 methods; the user of their calls is a struct accounts. */
struct api_service account_service(void);

/* Fail with a chain, behind a code (0: none). */
void account_fail(struct api_call * call, const struct error * err,
    int outer);

/* account_errand.c: what goes on when nobody waits for it any more. */
void account_errand_open(struct api_call * call);
void account_errand_open_with_progress(struct api_call * call);
void account_errand_close(struct api_call * call);
void account_errand_close_with_progress(struct api_call * call);
void account_errand_create(struct api_call * call);
void account_errand_import(struct api_call * call);
void account_errand_import_with_progress(struct api_call * call);

/* account_storage.c: what applications keep beside the accounts. */
void account_storage_put(struct api_call * call);
void account_storage_get(struct api_call * call);
void account_storage_remove(struct api_call * call);

/* account_network.c */
void account_network_set(struct api_call * call);
void account_network_get(struct api_call * call);
void account_network_preset(struct api_call * call);

/* account_push.c */
void account_push_receive(struct api_call * call);
void account_push_register(struct api_call * call);

/* Give an account that is open the device's token, if there is one. */
int account_push_apply(struct accounts * a, struct account_node * n,
    struct error * err);

#endif /* !BERTY_DAEMON_ACCOUNTS_ACCOUNT_SERVICE_H */
