#include <stdlib.h>

#include "account/restore_impl.h"
#include "codec/peer_id.h"
#include "log/entry.h"

enum { PRIVATE_KEY_SIZE = 68, FILE_MAX = ENTRY_MAX, NETWORKS_MAX = ENTRY_MAX };

int
restore_refuse(struct restore * r, const char * text)
{

	return (error_set(&r->err, ERR_INVALID_INPUT, "%s", text));
}

/* --- keys ----------------------------------------------------------------- */

static int
take_key(struct restore * r, const struct archive_file * file, bool * has,
    struct ed25519_key * key)
{
	uint8_t seed[SEED_SIZE];
	int status = -ERR_DESERIALIZATION;

	if (*has)
		return (error_set(&r->err, ERR_INTERNAL,
		    "the archive has a key twice"));
	if (file->bytes.n == PRIVATE_KEY_SIZE)
		status = private_key_parse(seed, file->bytes);
	if (status == 0) {
		ed25519_from_seed(key, seed);
		/* The public half is in the file, too. */
		if (!crypto_equal(key->pub, file->bytes.p + PRIVATE_KEY_SIZE -
		    KEY_SIZE, KEY_SIZE))
			status = -ERR_DESERIALIZATION;
	}
	crypto_wipe(seed, sizeof(seed));
	*has = true;
	return (status == 0 ? 0 : error_from(&r->err, ERR_INTERNAL, status,
	    "a key of the archive is no Ed25519 key"));
}

/* --- files ---------------------------------------------------------------- */

static bool
begins(struct slice name, const char * with)
{
	size_t n = strlen(with);

	return (name.n > n && memcmp(name.p, with, n) == 0);
}

static bool
wants(void * user, struct slice name)
{
	struct restore * r = user;

	if (slice_equal(name, slice_text(EXPORT_ACCOUNT_KEY)) ||
	    slice_equal(name, slice_text(EXPORT_PROOF_KEY)) ||
	    slice_equal(name, slice_text(EXPORT_NETWORKS)) ||
	    begins(name, EXPORT_ENTRIES) || begins(name, EXPORT_HEADS) ||
	    begins(name, EXPORT_ATTACHMENTS) || begins(name, EXPORT_BLOCKS))
		return (true);
	log_info(r->config.context.world->log, "restore",
	    "the archive has a file '%.*s' that is not read",
	    name.n < 100 ? (int)name.n : 100, (const char *)name.p);
	return (false);
}

static int
take_networks(struct restore * r, const struct archive_file * file)
{

	buffer_clear(&r->networks);
	buffer_slice(&r->networks, file->bytes);
	return (r->networks.failed ? error_set(&r->err, ERR_INTERNAL,
	    "out of memory") : 0);
}

static int
take_file(void * user, const struct archive_file * file)
{
	struct restore * r = user;

	if (begins(file->name, EXPORT_ENTRIES))
		return (restore_entry(r, file));
	if (begins(file->name, EXPORT_HEADS))
		return (restore_heads(r, file));
	if (begins(file->name, EXPORT_ATTACHMENTS))
		return (restore_attachment(r, file));
	if (begins(file->name, EXPORT_BLOCKS))
		return (restore_block(r, file));
	if (slice_equal(file->name, slice_text(EXPORT_ACCOUNT_KEY)))
		return (take_key(r, file, &r->has_account, &r->keys->account));
	if (slice_equal(file->name, slice_text(EXPORT_PROOF_KEY)))
		return (take_key(r, file, &r->has_proof, &r->keys->proof));
	return (take_networks(r, file));
}

/* --- reading -------------------------------------------------------------- */

int
restore_new(const struct restore_config * config, struct restore ** out,
    struct error * err)
{
	struct restore * r;

	if (account_keys_present(&config->context))
		return (error_set(err, ERR_INVALID_INPUT, "the store holds an "
		    "account: its keys are already set"));
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	r->config = *config;
	r->archive = (struct archive_reader){.file = take_file, .user = r,
	    .max = FILE_MAX, .wants = wants};
	world_random(config->context.world, (uint8_t *)&r->logs.seed,
	    sizeof(r->logs.seed));
	r->groups.seed = r->logs.seed;
	r->keys = secret_new(config->context.secrets, sizeof(*r->keys));
	if (r->keys == NULL) {
		free(r);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	*out = r;
	return (0);
}

static int
read_clear(void * user, struct slice bytes)
{
	struct restore * r = user;
	int status = archive_read(&r->archive, bytes);

	if (status != 0 && r->err.n == 0)
		return (error_set(&r->err, -status, "this is no archive of an "
		    "account, or a file in it is too large"));
	return (status);
}

/* Whether it is sealed is seen at its first bytes. */
static int
begin(struct restore * r)
{
	bool sealed = sealed_begins(buffer_all(&r->start));

	if (sealed && r->start.n < SEALED_HEAD)
		return (0);
	if (sealed && !r->config.sealed)
		return (restore_refuse(r, "the archive is sealed: give its "
		    "passphrase"));
	if (!sealed && r->config.sealed)
		return (restore_refuse(r, "there is a passphrase, but the "
		    "archive is not sealed"));
	r->told = true;
	if (!sealed)
		return (0);
	if ((r->opener = calloc(1, sizeof(*r->opener))) == NULL)
		return (error_set(&r->err, ERR_INTERNAL, "out of memory"));
	r->opener->passphrase = r->config.passphrase;
	r->opener->clear = read_clear;
	r->opener->user = r;
	return (0);
}

static int
opener_failed(struct restore * r, int status)
{

	if (r->err.n > 0)
		return (status);
	return (error_set(&r->err, -status, status == -ERR_CRYPTO_DECRYPT ?
	    "the passphrase is another one, or the archive was changed" :
	    "the archive cannot be opened: it is changed, not whole, or needs "
	    "more memory than there is"));
}

static int
read_some(struct restore * r, struct slice bytes)
{
	int status;

	if (r->opener == NULL)
		return (read_clear(r, bytes));
	status = opener_read(r->opener, bytes);
	return (status == 0 ? 0 : opener_failed(r, status));
}

static int
read_start(struct restore * r, struct slice bytes)
{
	int status;

	buffer_slice(&r->start, bytes);
	if (r->start.failed)
		return (error_set(&r->err, ERR_INTERNAL, "out of memory"));
	if ((status = begin(r)) != 0 || !r->told)
		return (status);
	status = read_some(r, buffer_all(&r->start));
	buffer_wipe(&r->start);
	return (status);
}

int
restore_read(struct restore * r, struct slice bytes, struct error * err)
{
	int status;

	if (bytes.n == 0)
		return (0);
	r->at.bytes += bytes.n;
	status = r->told ? read_some(r, bytes) : read_start(r, bytes);
	if (status != 0)
		*err = r->err;
	return (status);
}

/* --- the end -------------------------------------------------------------- */

static int
finish_archive(struct restore * r)
{
	int status;

	if (r->opener != NULL && (status = opener_finish(r->opener)) != 0)
		return (opener_failed(r, status));
	if (!r->archive.ended)
		return (restore_refuse(r, "the archive is not whole: its end "
		    "is missing"));
	if ((status = restore_flush(r)) != 0 ||
	    (status = restore_attachment_flush(r)) != 0)
		return (status);
	if (!r->has_account || !r->has_proof)
		return (restore_refuse(r, "the archive lacks a key of the "
		    "account"));
	if (!restore_all_claimed(r))
		return (restore_refuse(r, "the archive has entries of a group, "
		    "but not its heads"));
	return (0);
}

/*
 * The network of the account group's entries.  Two share the names of their
 * logs: between these the archive may say which.
 */
static int
own_network(struct restore * r, const struct network ** network)
{
	const struct network_list * spoken = r->config.networks;
	const uint8_t * pk = r->keys->account.pub;
	const struct network * seen =
	    map_get(&r->groups, slice_of(pk, KEY_SIZE));
	const struct network * said = restore_network_said(r, pk);

	*network = seen != NULL ? seen : spoken->at[0];
	if (!network_list_has(spoken, *network))
		return (error_set(&r->err, ERR_INVALID_INPUT, "the account "
		    "lives in the network '%s': give -network %s",
		    (*network)->name, (*network)->name));
	if (said != NULL && network_list_has(spoken, said) && (seen == NULL ||
	    strcmp(said->metadata_store, seen->metadata_store) == 0))
		*network = said;
	return (0);
}

int
restore_finish(struct restore * r, const struct network ** network,
    struct error * err)
{
	int status;

	if ((status = finish_archive(r)) == 0 &&
	    (status = own_network(r, network)) == 0)
		status = account_keys_restore(&r->config.context, r->keys,
		    &r->err);
	if (status != 0)
		*err = r->err;
	return (status);
}

void
restore_progress(const struct restore * r, struct restore_progress * at)
{

	*at = r->at;
}

void
restore_free(struct restore * r)
{

	if (r == NULL)
		return;
	restore_logs_free(r);
	restore_attachments_free(r);
	archive_free(&r->archive);
	if (r->opener != NULL)
		opener_free(r->opener);
	free(r->opener);
	buffer_wipe(&r->start);
	buffer_free(&r->networks);
	secret_free(r->config.context.secrets, r->keys, sizeof(*r->keys));
	free(r);
}
