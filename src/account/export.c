#include "account/export.h"

#include <stdlib.h>

#include "account/account_impl.h"
#include "account/archive.h"
#include "attachment/attachment_move.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "log/address.h"

enum { METADATA, MESSAGES, LOGS, PRIVATE_KEY_SIZE = 68 };

/* A group as it was when the export began. */
struct export_group {
	struct list place;
	uint8_t pk[32], sign_pub[32], link_key[32];
	const struct network * network;
	uint64_t joined[LOGS];
	struct cid * heads[LOGS];
	size_t n_heads[LOGS];
};

enum stage { KEYS, ENTRIES, NETWORKS, ATTACHMENTS, END, OVER };

struct export {
	struct group_context context;
	struct account * account;
	enum stage stage;
	struct list groups;
	struct export_group * group; /* the one at hand */
	int which;                /* its log */
	struct log * log;         /* open while it is read */
	uint64_t next;            /* join number */
	struct buffer networks;
	struct buffer attachments; /* CIDs behind their sizes, to come */
	struct attachment_move move; /* of the one at hand */
	bool moving;
	struct export_counts counts;
	struct buffer clear;      /* before it is sealed */
	struct sealer * sealer;   /* NULL: it is not */
	bool begun;               /* the seal */
	uint8_t head[SEALED_HEAD], key[32];
};

/* --- what there is -------------------------------------------------------- */

static int
open_log(struct export * e, const struct export_group * g, int which,
    struct log ** log)
{
	const struct log_handler none = {0};
	struct log_identity identity;
	struct buffer address = {0}, row = {0};
	int status;

	log_address(&address, g->pk, g->sign_pub, which == METADATA ?
	    g->network->metadata_store : g->network->message_store, NULL, NULL,
	    NULL, NULL);
	log_identity_from_public(&identity, g->sign_pub);
	/* A log that was never opened has no row, and must not get one. */
	status = address.failed ? -ERR_INTERNAL :
	    store_get(e->context.store, STORE_LOG, 0, buffer_all(&address),
	        &row);
	if (status == 0)
		status = log_open(e->context.world, e->context.store,
		    buffer_all(&address), &identity, &none, which == METADATA,
		    log, NULL);
	buffer_free(&address);
	buffer_free(&row);
	return (status);
}

/* How far the log goes, and its heads. */
static int
look_at_log(struct export * e, struct export_group * g, int which)
{
	struct log_status at;
	struct log * log;
	int status;

	status = open_log(e, g, which, &log);
	if (status != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	log_status(log, &at);
	g->joined[which] = at.joined;
	g->n_heads[which] = log_heads_count(log);
	g->heads[which] = calloc(g->n_heads[which] + 1, sizeof(struct cid));
	if (g->heads[which] == NULL)
		status = -ERR_INTERNAL;
	else
		(void)log_heads(log, g->heads[which], g->n_heads[which]);
	log_close(log);
	return (status);
}

static void
group_free(struct export_group * g)
{

	list_remove(&g->place);
	free(g->heads[METADATA]);
	free(g->heads[MESSAGES]);
	crypto_wipe(g, sizeof(*g));
	free(g);
}

static int
add_group(struct export * e, const struct group_info * info,
    const struct network * network)
{
	struct export_group * g;
	int status;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return (-ERR_INTERNAL);
	list_init(&g->place);
	memcpy(g->pk, info->pk, sizeof(g->pk));
	group_signing_pub(g->sign_pub, info);
	group_link_key(g->link_key, info);
	g->network = network;
	if ((status = look_at_log(e, g, METADATA)) != 0 ||
	    (status = look_at_log(e, g, MESSAGES)) != 0 ||
	    g->joined[METADATA] + g->joined[MESSAGES] == 0) {
		group_free(g);
		return (status);
	}
	list_append(&e->groups, &g->place);
	return (0);
}

static void
add_network(struct export * e, const uint8_t pk[32])
{
	struct account_network at;

	account_network(e->account, pk, &at);
	hex_encode(&e->networks, slice_of(pk, KEY_SIZE));
	buffer_printf(&e->networks, " %s %s\n", at.network->name,
	    at.any ? "any" : at.guess ? "guess" : "known");
}

static int
add_joined(void * user, const struct group_info * g,
    const struct network * network)
{
	struct export * e = user;

	add_network(e, g->pk);
	return (add_group(e, g, network));
}

static int
add_contact(void * user, const struct contact * c)
{
	struct export * e = user;
	struct group_config config = {0};
	int status;

	add_network(e, c->pk);
	status = account_contact_group_config(e->account, c->pk, &config, NULL);
	if (status == 0)
		status = add_group(e, &config.info, config.network);
	crypto_wipe(&config, sizeof(config));
	return (status);
}

static int
add_attachment(void * user, const struct attachment_register * r)
{
	struct export * e = user;

	if (r->complete) {
		buffer_byte(&e->attachments, r->cid.n);
		buffer_slice(&e->attachments, cid_slice(&r->cid));
	}
	return (0);
}

int
export_attachments(struct export * e, struct error * err)
{
	int status;

	status = attachment_register_each(e->context.store, add_attachment, e);
	if (status == 0 && e->attachments.failed)
		status = -ERR_INTERNAL;
	return (status == 0 ? 0 : error_from(err, ERR_STREAM_READ, status,
	    "the attachments cannot be read"));
}

int
export_new(const struct group_context * context, struct account * a,
    struct export ** out, struct error * err)
{
	struct export * e;
	int status;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	e->context = *context;
	e->account = a;
	list_init(&e->groups);
	add_network(e, account_keys(a)->account.pub);
	if ((status = add_group(e, group_info_of(account_group(a)),
	        group_network(account_group(a)))) != 0 ||
	    (status = account_each_contact(a, add_contact, e)) != 0 ||
	    (status = account_each_group(a, add_joined, e)) != 0)
		goto err0;
	*out = e;
	return (0);

err0:
	export_free(e);
	return (error_from(err, ERR_STREAM_READ, status,
	    "the account's groups cannot be read"));
}

void
export_seal(struct export * e, const uint8_t head[SEALED_HEAD],
    const uint8_t key[32])
{

	e->sealer = calloc(1, sizeof(*e->sealer));
	memcpy(e->head, head, sizeof(e->head));
	memcpy(e->key, key, sizeof(e->key));
	e->begun = true;
}

/* --- the files ------------------------------------------------------------ */

static int
write_key(const char * name, const struct ed25519_key * key,
    struct buffer * out)
{
	uint8_t encoded[PRIVATE_KEY_SIZE];
	int status;

	private_key_from_ed25519(encoded, key->seed, key->pub);
	status = archive_add(out, slice_text(name),
	    slice_of(encoded, sizeof(encoded)));
	crypto_wipe(encoded, sizeof(encoded));
	return (status);
}

static int
write_keys(struct export * e, struct buffer * out)
{
	const struct account_keys * keys = account_keys(e->account);
	int status;

	status = write_key(EXPORT_ACCOUNT_KEY, &keys->account, out);
	if (status == 0)
		status = write_key(EXPORT_PROOF_KEY, &keys->proof, out);
	return (status);
}

static int
write_entry(struct export * e, struct buffer * out)
{
	struct log_item item = {0};
	struct buffer name = {0};
	int status;

	if ((status = log_at_join(e->log, e->next, &item)) != 0)
		return (status);
	buffer_text(&name, EXPORT_ENTRIES);
	cid_encode(&name, &item.cid);
	status = name.failed ? -ERR_INTERNAL :
	    archive_add(out, buffer_all(&name), buffer_all(&item.block));
	buffer_free(&name);
	log_item_free(&item);
	e->next++;
	e->counts.entries++;
	return (status);
}

static ProtobufCBinaryData *
list_heads(const struct export_group * g, int which)
{
	ProtobufCBinaryData * list;
	size_t i;

	list = calloc(g->n_heads[which] + 1, sizeof(*list));
	for (i = 0; list != NULL && i < g->n_heads[which]; i++)
		list[i] = protobuf_bytes(cid_slice(&g->heads[which][i]));
	return (list);
}

static int
write_heads(const struct export_group * g, struct buffer * out)
{
	Berty__Protocol__V1__GroupHeadsExport heads =
	    BERTY__PROTOCOL__V1__GROUP_HEADS_EXPORT__INIT;
	struct buffer name = {0}, file = {0};
	int status = -ERR_INTERNAL;

	heads.public_key = protobuf_bytes(slice_of(g->pk, 32));
	heads.sign_pub = protobuf_bytes(slice_of(g->sign_pub, 32));
	heads.link_key = protobuf_bytes(slice_of(g->link_key, 32));
	heads.n_metadata_heads_cids = g->n_heads[METADATA];
	heads.n_messages_heads_cids = g->n_heads[MESSAGES];
	heads.metadata_heads_cids = list_heads(g, METADATA);
	heads.messages_heads_cids = list_heads(g, MESSAGES);
	if (heads.metadata_heads_cids != NULL &&
	    heads.messages_heads_cids != NULL)
		protobuf_encode(&file, &heads);
	buffer_text(&name, EXPORT_HEADS);
	base64url_encode(&name, slice_of(g->pk, 32));
	if (file.n > 0 && !file.failed && !name.failed)
		status = archive_add(out, buffer_all(&name),
		    buffer_all(&file));
	free(heads.metadata_heads_cids);
	free(heads.messages_heads_cids);
	buffer_wipe(&file);
	buffer_free(&name);
	return (status);
}

/* The next group, or none any more. */
static void
next_group(struct export * e)
{

	if (e->group != NULL)
		group_free(e->group);
	e->group = list_empty(&e->groups) ? NULL :
	    list_entry(e->groups.next, struct export_group, place);
	e->which = METADATA;
	e->next = 1;
	if (e->group == NULL)
		e->stage = NETWORKS;
}

/* An entry of the group, or behind the last one its heads. */
static int
write_of_group(struct export * e, struct buffer * out)
{
	struct export_group * g = e->group;
	int status;

	while (e->which < LOGS && e->next > g->joined[e->which]) {
		log_close(e->log);
		e->log = NULL;
		e->which++;
		e->next = 1;
	}
	if (e->which == LOGS) {
		status = write_heads(g, out);
		e->counts.groups++;
		next_group(e);
		return (status);
	}
	if (e->log == NULL &&
	    (status = open_log(e, g, e->which, &e->log)) != 0)
		return (status);
	return (write_entry(e, out));
}

/* What stands behind its name: how to open it. */
static void
describe(struct buffer * out, const struct attachment_register * r)
{
	struct buffer secret = {0};

	(void)buffer_reserve(&secret, 256);
	attachment_secret_write(&secret, r->cipher, r->key);
	hex_encode(out, buffer_all(&secret));
	buffer_printf(out, " %s %llu %lld\n", r->pinned ? "pinned" :
	    "fetched", (unsigned long long)r->bytes, (long long)r->since);
	out->failed |= secret.failed;
	buffer_wipe(&secret);
}

static int
add_named(struct buffer * out, const char * folder, const struct cid * cid,
    struct buffer * file)
{
	struct buffer name = {0};
	int status;

	buffer_text(&name, folder);
	cid_encode(&name, cid);
	status = name.failed || file->failed ? -ERR_INTERNAL :
	    archive_add(out, buffer_all(&name), buffer_all(file));
	buffer_free(&name);
	return (status);
}

/* The next one that is still here: its description. */
static int
begin_attachment(struct export * e, struct buffer * out)
{
	struct buffer file = {0};
	struct cid cid;
	size_t n;
	int status;

	if (e->attachments.n == 0) {
		e->stage = END;
		return (0);
	}
	n = e->attachments.p[0];
	cid = (struct cid){.n = (uint8_t)n};
	memcpy(cid.bytes, e->attachments.p + 1, n);
	buffer_consume(&e->attachments, 1 + n);
	status = attachment_move_out(&e->move, e->context.store, &cid);
	if (status != 0) {
		attachment_move_end(&e->move);
		return (status == -ERR_NOT_FOUND ? 0 : status);
	}
	e->moving = true;
	e->counts.attachments++;
	(void)buffer_reserve(&file, 512);
	describe(&file, &e->move.about);
	status = add_named(out, EXPORT_ATTACHMENTS, &cid, &file);
	buffer_wipe(&file);
	return (status);
}

static int
write_attachment(struct export * e, struct buffer * out)
{
	struct buffer block = {0};
	struct cid cid;
	int status;

	if (!e->moving)
		return (begin_attachment(e, out));
	status = attachment_move_next(&e->move, &cid, &block);
	if (status == 0) {
		attachment_move_end(&e->move);
		e->moving = false;
	} else if (status > 0)
		status = add_named(out, EXPORT_BLOCKS, &cid, &block);
	buffer_free(&block);
	return (status);
}

static int
write_some(struct export * e, struct buffer * out)
{
	int status = 0;

	switch (e->stage) {
	case KEYS:
		status = write_keys(e, out);
		e->stage = ENTRIES;
		next_group(e);
		break;
	case ENTRIES:
		status = write_of_group(e, out);
		break;
	case NETWORKS:
		status = archive_add(out, slice_text(EXPORT_NETWORKS),
		    buffer_all(&e->networks));
		e->stage = ATTACHMENTS;
		break;
	case ATTACHMENTS:
		status = write_attachment(e, out);
		break;
	default:
		archive_end(out);
		e->stage = OVER;
		break;
	}
	return (status);
}

/* The same, sealed. */
static int
seal_some(struct export * e, struct buffer * out)
{
	int status;

	if (e->sealer == NULL)
		return (-ERR_INTERNAL);
	if (e->begun) {
		sealer_begin(e->sealer, e->head, e->key, out);
		crypto_wipe(e->key, sizeof(e->key));
		e->begun = false;
	}
	buffer_clear(&e->clear);
	status = write_some(e, &e->clear);
	if (status != 0 || e->clear.failed)
		return (status != 0 ? status : -ERR_INTERNAL);
	sealer_add(e->sealer, buffer_all(&e->clear), out);
	if (e->stage == OVER)
		sealer_end(e->sealer, out);
	return (0);
}

int
export_next(struct export * e, struct buffer * out)
{
	int status;

	if (e->stage == OVER)
		return (0);
	status = e->sealer != NULL || e->begun ? seal_some(e, out) :
	    write_some(e, out);
	if (status == 0 && (out->failed || e->networks.failed))
		status = -ERR_INTERNAL;
	return (status != 0 ? status : 1);
}

void
export_counts(const struct export * e, struct export_counts * counts)
{

	*counts = e->counts;
}

void
export_free(struct export * e)
{

	if (e == NULL)
		return;
	while (!list_empty(&e->groups))
		group_free(list_entry(e->groups.next, struct export_group,
		    place));
	log_close(e->log);
	if (e->sealer != NULL)
		sealer_free(e->sealer);
	free(e->sealer);
	if (e->moving)
		attachment_move_end(&e->move);
	buffer_free(&e->networks);
	buffer_free(&e->attachments);
	buffer_wipe(&e->clear);
	crypto_wipe(e, sizeof(*e));
	free(e);
}
