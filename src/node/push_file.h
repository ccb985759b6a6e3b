/*
 * push_file.h: the file beside the store from which a push is opened while the
 * store is not to be had.
 *
 * A notification wakes an extension of the application, a process of its own
 * with little memory and little time, while the application sleeps with its
 * store open, or just begins to open it.  So the extension never opens the
 * store: the node writes what pushes need (this device's push key, the keys of
 * its relays, and of each group the secret and where the chains stand) into a
 * second, small file, sealed under a key that follows from the store's, and
 * holds that one open only for the moment of writing.
 *
 * A chain is kept with a state some messages back, its base, so that those that
 * were passed over open too; who has the store's key can open them anyhow.
 */
#ifndef BERTY_NODE_PUSH_FILE_H
#define BERTY_NODE_PUSH_FILE_H

#include "group/group_push.h"
#include "world/store.h"

/* What its name ends with, behind the store's. */
#define PUSH_FILE_SUFFIX ".push"

/* How far back the base of a chain is, at least and at most, in messages. */
#define PUSH_FILE_BACK 100
#define PUSH_FILE_BACK_MAX 200

/* The file's key, from the store's. */
void push_file_key(uint8_t key[32], const uint8_t store_key[32]);

/* --- writing: inside a transaction of the file ---------------------------- */

/* This device's key, and n keys of relays. */
int push_file_put_self(struct store * file, const uint8_t private[32],
    uint8_t (* servers)[32], size_t n);

/* A group as it stands in the node's store; nothing if that is written. */
int push_file_put_group(struct store * file,
    const struct group_context * context, const struct group_config * config);

/* Drop the groups that `keep` does not want. */
int push_file_prune(struct store * file,
    bool (*keep)(void * user, const uint8_t group_pk[32]), void * user);

/* --- reading -------------------------------------------------------------- */

/*
 * Open a PushExposedData; errors as node_push_receive, and 404 when the file
 * is empty.  m->already_received: the chain had passed the message when the
 * file was written.
 */
int push_file_open(struct store * file, struct slice payload,
    struct push_message * m, uint8_t group_pk[32], struct error * err);

#endif /* !BERTY_NODE_PUSH_FILE_H */
