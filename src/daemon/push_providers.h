/* push_providers.h: the providers of a push relay, from its options. */
#ifndef BERTY_DAEMON_PUSH_PROVIDERS_H
#define BERTY_DAEMON_PUSH_PROVIDERS_H

#include "berty/push_server.h"
#include "services/push_relay.h"
#include "world/web.h"

/* Files that hold the certificates of providers for as long as it lives. */
struct push_files;

/*
 * Add all.  *files is freed after the relay, also on failure.
 * -ERR_PUSH_INVALID_SERVER_CONFIG, -ERR_PUSH_MISSING_BUNDLE_ID,
 * -ERR_NO_PROVIDERS_CONFIGURED, with err.
 */
int push_providers_add(struct push_relay * r, struct world * world,
    struct web * web, const struct berty_push_server_options * o,
    struct push_files ** files, struct error * err);
void push_files_free(struct push_files * files);

#endif /* !BERTY_DAEMON_PUSH_PROVIDERS_H */
