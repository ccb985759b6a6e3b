/* The entries and heads of an archive. */
#include <stdlib.h>

#include "account/restore_impl.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "log/address.h"

/* Entries, and bytes of them, that are held before they are written. */
enum { HELD_MAX = 256, HELD_BYTES_MAX = 1 << 20 };

/* The key of an Ed25519 public key protobuf is behind 4 bytes. */
enum { KEY_AT = 4, KEY_PROTOBUF = 36 };

typedef Berty__Protocol__V1__GroupHeadsExport heads_t;

/* --- entries -------------------------------------------------------------- */

int
restore_flush(struct restore * r)
{
	int status = 0;

	if (r->log != NULL && r->held > 0)
		status = log_settle(r->log, 0);
	r->held = 0;
	r->held_bytes = 0;
	if (r->config.progress != NULL && status >= 0)
		r->config.progress(r->config.user, &r->at);
	return (status >= 0 ? 0 : error_from(&r->err, ERR_ORBIT_DB_APPEND,
	    status, "the archive's entries cannot be kept"));
}

static int
close_log(struct restore * r)
{
	int status = restore_flush(r);

	log_close(r->log);
	r->log = NULL;
	return (status);
}

/* All entries of a log are signed by one key. */
static int
note_log(struct restore * r, const struct entry * e)
{
	struct restored_log * l = map_get(&r->logs, e->id);

	if (l != NULL)
		return (memcmp(l->sign_pub, e->key.p + KEY_AT, KEY_SIZE) == 0 ?
		    0 : restore_refuse(r, "the entries of a log are signed by "
		    "several keys"));
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (error_set(&r->err, ERR_INTERNAL, "out of memory"));
	memcpy(l->sign_pub, e->key.p + KEY_AT, KEY_SIZE);
	if (map_set(&r->logs, e->id, l) == 0)
		return (0);
	free(l);
	return (error_set(&r->err, ERR_INTERNAL, "out of memory"));
}

static int
open_log(struct restore * r, struct slice address,
    const uint8_t sign_pub[32], struct log ** log)
{
	const struct log_handler none = {0};
	int status;

	log_identity_from_public(&r->identity, sign_pub);
	status = log_open(r->config.context.world, r->config.context.store,
	    address, &r->identity, &none, false, log, &r->err);
	if (status == 0) {
		/* What the archive brings is not bounded by what peers may. */
		log_budget(*log, UINT64_MAX, UINT64_MAX);
		log_budget_chain(*log, UINT64_MAX, UINT64_MAX);
	}
	return (status);
}

static int
receive(struct restore * r, const struct entry * e, const struct cid * cid,
    struct slice block)
{
	int status;

	if (r->log != NULL && !slice_equal(log_address_of(r->log), e->id) &&
	    (status = close_log(r)) != 0)
		return (status);
	if (r->log == NULL && (status = open_log(r, e->id,
	    e->key.p + KEY_AT, &r->log)) != 0)
		return (status);
	if (entry_check(&r->identity, e->id, cid, block) != 0)
		return (restore_refuse(r, "an entry is not signed as it "
		    "should be"));
	if ((status = log_receive(r->log, cid, block)) < 0)
		return (error_from(&r->err, ERR_ORBIT_DB_APPEND, status,
		    "an entry cannot be kept"));
	r->at.entries += status == 0;
	r->held += status == 0;
	r->held_bytes += block.n;
	return (r->held < HELD_MAX && r->held_bytes < HELD_BYTES_MAX ? 0 :
	    restore_flush(r));
}

int
restore_entry(struct restore * r, const struct archive_file * file)
{
	struct slice text = slice_of(file->name.p + strlen(EXPORT_ENTRIES),
	    file->name.n - strlen(EXPORT_ENTRIES));
	struct entry e = {0};
	struct cid named, cid;
	int status;

	cid_of(&cid, CID_DAG_CBOR, file->bytes);
	if (cid_decode(&named, text) != 0 || !cid_equal(&named, &cid))
		return (restore_refuse(r, "an entry is not what its name "
		    "says"));
	if (entry_decode(&e, file->bytes) != 0)
		return (restore_refuse(r, "an entry does not read"));
	if (e.key.n != KEY_PROTOBUF || e.id.n > ADDRESS_MAX)
		status = restore_refuse(r, "an entry is of no log");
	else if ((status = note_log(r, &e)) == 0)
		status = receive(r, &e, &cid, file->bytes);
	entry_free(&e);
	return (status);
}

/* --- heads ---------------------------------------------------------------- */

/* The group's log in that network, if there are entries of it. */
static struct restored_log *
find_log(const struct restore * r, const heads_t * h, const char * store_type,
    struct buffer * address)
{
	struct restored_log * l;

	buffer_clear(address);
	log_address(address, h->public_key.data, h->sign_pub.data, store_type,
	    NULL, NULL, NULL, NULL);
	l = address->failed ? NULL : map_get(&r->logs, buffer_all(address));
	return (l != NULL &&
	    memcmp(l->sign_pub, h->sign_pub.data, KEY_SIZE) == 0 ? l : NULL);
}

/* The network of the group's entries: rather one that is spoken. */
static const struct network *
find_network(const struct restore * r, const heads_t * h)
{
	struct network_list list = *r->config.networks;
	struct buffer address = {0};
	const struct network * found = NULL;
	size_t i;

	for (i = 0; i < NETWORK_COUNT; i++)
		network_list_add(&list, network_get((enum network_id)i));
	for (i = 0; i < list.n && found == NULL; i++)
		if (find_log(r, h, list.at[i]->metadata_store, &address) !=
		    NULL || find_log(r, h, list.at[i]->message_store,
		    &address) != NULL)
			found = list.at[i];
	buffer_free(&address);
	return (found);
}

/* Every head must be an entry that came before. */
static int
check_heads(struct restore * r, const heads_t * h, const char * store_type,
    size_t n, const ProtobufCBinaryData * heads)
{
	struct buffer address = {0};
	struct restored_log * l = find_log(r, h, store_type, &address);
	struct log_item item = {0};
	struct log * log = NULL;
	struct cid cid;
	size_t i;
	int status = 0;

	if (l != NULL) {
		l->claimed = true;
		status = open_log(r, buffer_all(&address), l->sign_pub, &log);
	}
	for (i = 0; i < n && status == 0; i++) {
		if (log == NULL ||
		    cid_parse(&cid, protobuf_slice(heads[i])) != 0 ||
		    log_find(log, &cid, &item) != 0)
			status = restore_refuse(r, "a head of a group is not "
			    "among its entries");
		else
			log_item_free(&item);
	}
	log_close(log);
	buffer_free(&address);
	return (status);
}

static bool
is_named(const heads_t * h, struct slice name)
{
	struct buffer made = {0};
	bool same;

	buffer_text(&made, EXPORT_HEADS);
	base64url_encode(&made, protobuf_slice(h->public_key));
	same = !made.failed && slice_equal(buffer_all(&made), name);
	buffer_free(&made);
	return (same);
}

static int
take_heads(struct restore * r, const heads_t * h, struct slice name)
{
	struct slice pk = protobuf_slice(h->public_key);
	const struct network * network;
	int status;

	if (h->public_key.len != KEY_SIZE || h->sign_pub.len != KEY_SIZE ||
	    !is_named(h, name))
		return (restore_refuse(r, "the heads of a group are not what "
		    "their name says"));
	if (map_get(&r->groups, pk) != NULL)
		return (restore_refuse(r, "the archive has the heads of a "
		    "group twice"));
	if ((network = find_network(r, h)) == NULL)
		/* Nothing was ever said there. */
		return (h->n_metadata_heads_cids + h->n_messages_heads_cids ==
		    0 ? 0 : restore_refuse(r, "a head of a group is not among "
		    "its entries"));
	if ((status = check_heads(r, h, network->metadata_store,
	        h->n_metadata_heads_cids, h->metadata_heads_cids)) != 0 ||
	    (status = check_heads(r, h, network->message_store,
	        h->n_messages_heads_cids, h->messages_heads_cids)) != 0)
		return (status);
	r->at.groups++;
	return (map_set(&r->groups, pk, (void *)(uintptr_t)network) == 0 ? 0 :
	    error_set(&r->err, ERR_INTERNAL, "out of memory"));
}

int
restore_heads(struct restore * r, const struct archive_file * file)
{
	heads_t * h;
	int status;

	if ((status = close_log(r)) != 0)
		return (status);
	h = protobuf_decode(
	    &berty__protocol__v1__group_heads_export__descriptor, file->bytes,
	    protobuf_cap(file->bytes.n));
	if (h == NULL)
		return (restore_refuse(r, "the heads of a group do not read"));
	status = take_heads(r, h, file->name);
	protobuf_free(h);
	return (status);
}

bool
restore_all_claimed(const struct restore * r)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&r->logs, &at, &key, &value))
		if (!((struct restored_log *)value)->claimed)
			return (false);
	return (true);
}

void
restore_logs_free(struct restore * r)
{
	struct slice key;
	void * value;
	size_t at = 0;

	log_close(r->log);
	while (map_next(&r->logs, &at, &key, &value))
		free(value);
	map_free(&r->logs);
	map_free(&r->groups);
}
