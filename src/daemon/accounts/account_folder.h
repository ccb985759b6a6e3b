/*
 * account_folder.h: accounts on disk: a folder each, named by its id, under
 * <root>/accounts, with a file that says what the account is called.
 *
 * An account is there from the moment its folder has its name, and gone from
 * the moment it has lost it, whatever a crash leaves behind; so is one whose
 * import did not come to its end.
 */
#ifndef BERTY_DAEMON_ACCOUNTS_ACCOUNT_FOLDER_H
#define BERTY_DAEMON_ACCOUNTS_ACCOUNT_FOLDER_H

#include "base/buffer.h"
#include "base/error.h"
#include "berty/account/v1/bertyaccount.pb-c.h"

/* The generated names, without their prefix. */
#define ACCOUNT(name) Berty__Account__V1__##name
#define ACCOUNT_INIT(name) BERTY__ACCOUNT__V1__##name##__INIT

/* The longest id, bytes. */
#define ACCOUNT_ID_MAX 64

/* Make the folders above, and remove what was left behind. */
int account_folder_start(const char * root, struct error * err);

/*
 * May it be the name of a folder, and of nothing else?  Letters, digits, `_`,
 * `-` and `.`, not first.  -ERR_BERTY_ACCOUNT_NO_ID_SPECIFIED (5001),
 * -ERR_BERTY_ACCOUNT_INVALID_ID_FORMAT (5003).
 */
int account_id_check(const char * id, struct error * err);

/* The first number that is no account's. */
int account_id_free(const char * root, char id[ACCOUNT_ID_MAX + 1],
    struct error * err);

bool account_folder_exists(const char * root, const char * id);

/* Append the path of a file of an account, or of its folder (name NULL), and a
 * NUL. */
void account_folder_path(struct buffer * out, const char * root,
    const char * id, const char * name);

/*
 * Make one.  importing: until account_folder_whole, it is removed when the
 * service starts again.  -ERR_BERTY_ACCOUNT_ALREADY_EXISTS (5013),
 * -ERR_BERTY_ACCOUNT_FS_ERROR (5012).
 */
int account_folder_create(const char * root, const char * id,
    const ACCOUNT(AccountMetadata) * metadata,
    const ACCOUNT(NetworkConfig) * network, bool importing,
    struct error * err);
int account_folder_whole(const char * root, const char * id,
    struct error * err);

/* Remove one that is closed.  -ERR_BERTY_ACCOUNT_FS_ERROR. */
int account_folder_delete(const char * root, const char * id,
    struct error * err);

/* Walk all, in the order of their ids; non-zero ends it and is returned. */
int account_folder_each(const char * root,
    int (*each)(void * user, const char * id), void * user,
    struct error * err);

/*
 * What it is called; protobuf_free gives it back.
 * -ERR_BERTY_ACCOUNT_DATA_NOT_FOUND (5007).
 */
int account_metadata_read(const char * root, const char * id,
    ACCOUNT(AccountMetadata) ** metadata, struct error * err);
int account_metadata_write(const char * root, const char * id,
    const ACCOUNT(AccountMetadata) * metadata, struct error * err);

/* Its network configuration; NULL: it has none of its own. */
ACCOUNT(NetworkConfig) * account_network_read(const char * root,
    const char * id);
int account_network_write(const char * root, const char * id,
    const ACCOUNT(NetworkConfig) * network, struct error * err);

#endif /* !BERTY_DAEMON_ACCOUNTS_ACCOUNT_FOLDER_H */
