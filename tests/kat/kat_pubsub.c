/*
 * Gossipsub, bitswap and rendezvous messages: log/live_capture.json,
 * log/live_fetch.json, log/bitswap.json, log/rendezvous.json.
 */
#include <string.h>

#include "base/reader.h"
#include "codec/cid.h"
#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "contact/local_record.h"
#include "kat.h"
#include "libp2p/rendezvous.pb-c.h"
#include "p2p/bitswap_message.h"
#include "p2p/gossipsub_message.h"

/* --- gossipsub --- */

/* Decoded and encoded again, the bytes are the same. */
static void
check_again(struct kat * k, const ProtobufCMessageDescriptor * type,
    struct slice bytes)
{
	void * m = protobuf_decode(type, bytes, protobuf_cap(bytes.n));
	struct buffer * again = kat_buffer(k);

	kat_true(k, "decodes", m != NULL);
	if (m == NULL)
		return;
	protobuf_encode(again, m);
	kat_bytes(k, "encoded again", bytes, buffer_all(again));
	protobuf_free(m);
}

static void
check_published(struct kat * k, const cJSON * expected,
    const Libp2p__Pubsub__Message * m)
{
	struct buffer * covered = kat_buffer(k);
	struct gossipsub_id id = {0};
	struct peer_id from = {0};

	kat_number(k, "check", 0,
	    (uint64_t)gossipsub_message_check(m, &from, &id));
	kat_expect(k, expected, "from", peer_id_slice(&from));
	kat_expect(k, expected, "message_id", gossipsub_id_slice(&id));
	kat_expect(k, expected, "data", protobuf_slice(m->data));
	kat_expect(k, expected, "seqno", protobuf_slice(m->seqno));
	kat_expect(k, expected, "signature", protobuf_slice(m->signature));
	gossipsub_message_signed(covered, m);
	kat_expect(k, expected, "signed_bytes", buffer_all(covered));
	kat_number(k, "signature", 0,
	    (uint64_t)gossipsub_message_verify(m, &from));
}

/* Our writer makes the same subscriptions and grafts. */
static void
check_written(struct kat * k, const Libp2p__Pubsub__RPC * rpc,
    struct slice bytes)
{
	struct buffer * made = kat_buffer(k);
	size_t i;

	for (i = 0; i < rpc->n_subscriptions; i++)
		gossipsub_message_subscription(made,
		    rpc->subscriptions[i]->subscribe,
		    protobuf_slice(rpc->subscriptions[i]->topicid));
	if (rpc->control != NULL)
		for (i = 0; i < rpc->control->n_graft; i++)
			gossipsub_message_graft(made,
			    protobuf_slice(
			        rpc->control->graft[i]->topic_id));
	if (rpc->n_publish == 0)
		kat_bytes(k, "written", bytes, buffer_all(made));
}

/* --- bitswap --- */

static void
copy_entries(struct bitswap_writer * w,
    const Ipfs__Bitswap__Message__Wantlist * list)
{
	size_t i;

	for (i = 0; i < list->n_entries; i++) {
		const Ipfs__Bitswap__Message__Wantlist__Entry * from =
		    list->entries[i];
		struct bitswap_entry e = {
		    .priority = from->priority,
		    .cancel = from->cancel,
		    .have = from->want_type ==
		        IPFS__BITSWAP__MESSAGE__WANTLIST__WANT_TYPE__Have,
		    .dont_have = from->send_dont_have,
		};

		if (cid_parse(&e.cid, protobuf_slice(from->block)) == 0)
			bitswap_message_entry(w, &e);
	}
}

static void
copy_blocks(struct bitswap_writer * w, const Ipfs__Bitswap__Message * m)
{
	struct cid cid = {0};
	size_t i;

	for (i = 0; i < m->n_blocks; i++)
		bitswap_message_block(w, &cid, protobuf_slice(m->blocks[i]));
	for (i = 0; i < m->n_payload; i++)
		if (bitswap_message_cid(&cid,
		    protobuf_slice(m->payload[i]->prefix),
		    protobuf_slice(m->payload[i]->data)) == 0)
			bitswap_message_block(w, &cid,
			    protobuf_slice(m->payload[i]->data));
	for (i = 0; i < m->n_block_presences; i++)
		if (cid_parse(&cid,
		    protobuf_slice(m->block_presences[i]->cid)) == 0)
			bitswap_message_presence(w, &cid,
			    m->block_presences[i]->type ==
			        IPFS__BITSWAP__MESSAGE__BLOCK_PRESENCE_TYPE__Have);
}

/* What the message says, said by our writer, is the same bytes. */
static void
check_bitswap(struct kat * k, struct slice bytes, enum bitswap_version version)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct bitswap_writer w = {.version = version};
	struct buffer * made = kat_buffer(k);

	kat_true(k, "decodes", m != NULL);
	if (m == NULL)
		return;
	if (m->wantlist != NULL)
		copy_entries(&w, m->wantlist);
	copy_blocks(&w, m);
	bitswap_message_finish(&w, made,
	    m->wantlist != NULL && m->wantlist->full);
	kat_bytes(k, "written", bytes, buffer_all(made));
	bitswap_message_free(&w);
	protobuf_free(m);
}

/* The message behind its length. */
static struct slice
unframed(struct kat * k, struct slice framed)
{
	struct reader r = reader_of(framed);
	struct slice message = reader_prefixed(&r, framed.n);

	kat_true(k, "framed", reader_done(&r));
	return (message);
}

/*
 * Go writes wants to 1.0 with the newer fields too, so our newer form is what
 * equals them; blocks and presences differ between the versions.
 */
static enum bitswap_version
form_version(const char * message, const char * form)
{
	bool want = strncmp(message, "want_", 5) == 0;

	return (strncmp(form, "v0", 2) != 0 || want ? BITSWAP_12 : BITSWAP_10);
}

/* The two CIDs of the file and the data behind the second, as bytes. */
static void
check_cids(struct kat * k, const cJSON * root)
{
	struct buffer * text = kat_buffer(k);
	struct cid cid = {0};

	if (kat_has(root, "cid")) {
		kat_number(k, "cid", 0, (uint64_t)cid_decode(&cid,
		    kat_str(k, root, "cid")));
		if (kat_has(root, "cid_bytes"))
			kat_expect(k, root, "cid_bytes", cid_slice(&cid));
		if (kat_has(root, "block_data"))
			kat_true(k, "block_data has the cid", cid_matches(&cid,
			    kat_hex(k, root, "block_data")));
	}
	if (!kat_has(root, "cidv0_bytes"))
		return;
	kat_number(k, "cidv0", 0, (uint64_t)cid_parse(&cid,
	    kat_hex(k, root, "cidv0_bytes")));
	cid_encode(text, &cid);
	if (kat_has(root, "cidv0"))
		kat_text(k, "cidv0", kat_str(k, root, "cidv0"),
		    buffer_all(text));
	if (kat_has(root, "cidv0_data"))
		kat_true(k, "cidv0_data has the cid", cid_matches(&cid,
		    kat_hex(k, root, "cidv0_data")));
}

static bool
is_one_of(struct kat * k, const cJSON * root, const char * a, const char * b,
    struct slice bytes)
{
	return ((kat_has(root, a) && slice_equal(bytes, kat_hex(k, root, a))) ||
	    (kat_has(root, b) && slice_equal(bytes, kat_hex(k, root, b))));
}

/* What a message says concerns the CIDs and the data of the file alone. */
static void
check_subject(struct kat * k, const cJSON * root, const char * name,
    struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	Ipfs__Bitswap__Message__Wantlist * list;
	struct cid cid;
	size_t i;

	if (m == NULL)
		return;
	list = m->wantlist;
	for (i = 0; list != NULL && i < list->n_entries; i++)
		kat_true(k, "wants a CID of the file", is_one_of(k, root,
		    "cid_bytes", "cidv0_bytes",
		    protobuf_slice(list->entries[i]->block)));
	for (i = 0; i < m->n_blocks; i++)
		kat_true(k, "block of the file", is_one_of(k, root,
		    "block_data", "cidv0_data", protobuf_slice(m->blocks[i])));
	for (i = 0; i < m->n_payload; i++) {
		struct slice data = protobuf_slice(m->payload[i]->data);

		kat_true(k, "block of the file", is_one_of(k, root,
		    "block_data", "cidv0_data", data));
		kat_number(k, "prefix", 0, (uint64_t)bitswap_message_cid(&cid,
		    protobuf_slice(m->payload[i]->prefix), data));
		kat_true(k, "its CID", is_one_of(k, root, "cid_bytes",
		    "cidv0_bytes", cid_slice(&cid)));
	}
	for (i = 0; i < m->n_block_presences; i++) {
		kat_true(k, "tells of a CID of the file", is_one_of(k, root,
		    "cid_bytes", "cidv0_bytes",
		    protobuf_slice(m->block_presences[i]->cid)));
		kat_number(k, "presence", strncmp(name, "dont_", 5) == 0,
		    (uint64_t)m->block_presences[i]->type);
	}
	for (i = 0; list != NULL && i < list->n_entries; i++)
		kat_number(k, "cancels", strncmp(name, "cancel", 6) == 0,
		    (uint64_t)list->entries[i]->cancel);
	protobuf_free(m);
}

/* Wants alone are the same in every form. */
static void
check_alike(struct kat * k, const char * name, const cJSON * forms,
    struct slice bytes)
{
	const cJSON * form;

	if (strncmp(name, "want_", 5) != 0 && strncmp(name, "cancel", 6) != 0)
		return;
	cJSON_ArrayForEach(form, forms)
		kat_bytes(k, form->string, bytes,
		    unframed(k, kat_hex_item(k, form)));
}

static void
read_bitswap(struct kat * k, const cJSON * root)
{
	const cJSON *message, *form;

	cJSON_ArrayForEach(message, kat_object(k, root, "messages"))
		cJSON_ArrayForEach(form, message) {
			struct slice bytes;

			kat_begin(k, "bitswap %s %s", message->string,
			    form->string);
			check_cids(k, root);
			bytes = unframed(k, kat_hex_item(k, form));
			check_bitswap(k, bytes, form_version(message->string,
			    form->string));
			check_subject(k, root, message->string, bytes);
			check_alike(k, message->string, message, bytes);
			kat_end(k);
		}
}

/* --- what real nodes sent --- */

static bool
is_true(const cJSON * object, const char * key)
{
	return (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key)));
}

/* The wants that the file lists are those of the message, in its order. */
static void
check_wants(struct kat * k, const cJSON * wants, struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	const cJSON * want;
	struct cid cid;
	size_t i = 0, n;

	if (m == NULL)
		return;
	n = m->wantlist == NULL ? 0 : m->wantlist->n_entries;
	kat_number(k, "wants", (uint64_t)cJSON_GetArraySize(wants), n);
	cJSON_ArrayForEach(want, wants) {
		const Ipfs__Bitswap__Message__Wantlist__Entry * e;
		bool have;

		if (i >= n)
			break;
		e = m->wantlist->entries[i++];
		have = e->want_type ==
		    IPFS__BITSWAP__MESSAGE__WANTLIST__WANT_TYPE__Have;
		memset(&cid, 0, sizeof(cid));
		(void)cid_decode(&cid, kat_str(k, want, "cid"));
		kat_bytes(k, "wanted", cid_slice(&cid),
		    protobuf_slice(e->block));
		kat_expect_number(k, want, "priority", (uint64_t)e->priority);
		kat_text(k, "wantType", kat_str(k, want, "wantType"),
		    slice_text(have ? "Have" : "Block"));
		kat_true(k, "cancel",
		    is_true(want, "cancel") == (bool)e->cancel);
		kat_true(k, "sendDontHave", is_true(want, "sendDontHave") ==
		    (bool)e->send_dont_have);
	}
	protobuf_free(m);
}

static bool
is_asked(const cJSON * transcript, const cJSON * answer, struct slice cid)
{
	const cJSON *earlier, *want;

	cJSON_ArrayForEach(earlier, transcript) {
		if (earlier == answer)
			return (false);
		cJSON_ArrayForEach(want, cJSON_GetObjectItemCaseSensitive(
		    earlier, "wants"))
			if (slice_equal(cid, slice_text(cJSON_GetStringValue(
			    cJSON_GetObjectItemCaseSensitive(want, "cid")))))
				return (true);
	}
	return (false);
}

/* Answers are to what was asked before; who tells HAVE gives a block. */
static void
check_answers(struct kat * k, const cJSON * root, const cJSON * message,
    struct slice bytes)
{
	const cJSON * transcript =
	    cJSON_GetObjectItemCaseSensitive(root, "transcript");
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct cid cid;
	size_t i;

	for (i = 0; m != NULL && i < m->n_block_presences; i++) {
		const Ipfs__Bitswap__Message__BlockPresence * p =
		    m->block_presences[i];
		struct buffer * text = kat_buffer(k);

		memset(&cid, 0, sizeof(cid));
		kat_number(k, "CID", 0,
		    (uint64_t)cid_parse(&cid, protobuf_slice(p->cid)));
		cid_encode(text, &cid);
		kat_true(k, "tells of what was asked",
		    is_asked(transcript, message, buffer_all(text)));
		buffer_byte(text, 0);
		kat_true(k, "has the block it tells of", kat_has(
		    cJSON_GetObjectItemCaseSensitive(root, "blocks"),
		    (const char *)text->p) == (p->type ==
		    IPFS__BITSWAP__MESSAGE__BLOCK_PRESENCE_TYPE__Have));
	}
	protobuf_free(m);
}

/* Subscriptions and grafts as the file spells them out. */
static void
check_decoded(struct kat * k, const cJSON * decoded,
    const Libp2p__Pubsub__RPC * rpc)
{
	const cJSON * subs = cJSON_GetObjectItemCaseSensitive(decoded,
	    "subscriptions");
	const cJSON * grafts = cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(decoded, "control"), "graft");
	const cJSON * item;
	size_t i = 0, n = rpc->control == NULL ? 0 : rpc->control->n_graft;

	kat_number(k, "subscriptions", (uint64_t)cJSON_GetArraySize(subs),
	    rpc->n_subscriptions);
	cJSON_ArrayForEach(item, subs) {
		if (i >= rpc->n_subscriptions)
			break;
		kat_true(k, "subscribe", is_true(item, "subscribe") ==
		    (bool)rpc->subscriptions[i]->subscribe);
		kat_text(k, "topicid", kat_str(k, item, "topicid"),
		    protobuf_slice(rpc->subscriptions[i++]->topicid));
	}
	kat_number(k, "grafts", (uint64_t)cJSON_GetArraySize(grafts), n);
	i = 0;
	cJSON_ArrayForEach(item, grafts)
		if (i < n)
			kat_text(k, "topicID", kat_str(k, item, "topicID"),
			    protobuf_slice(
			        rpc->control->graft[i++]->topic_id));
}

/* What the client sent: our subscription to the topic, behind its length. */
static void
check_subscribe(struct kat * k, const cJSON * root)
{
	struct buffer * message = kat_buffer(k);
	struct buffer * framed = kat_buffer(k);

	gossipsub_message_subscription(message, true,
	    kat_str(k, root, "topic"));
	buffer_uvarint(framed, message->n);
	buffer_slice(framed, buffer_all(message));
	kat_expect(k, root, "client_sent_subscribe", buffer_all(framed));
}

/* The node subscribes to the topic, as the file spells out; or says nothing. */
static bool
is_subscribed(const cJSON * root, struct slice topic)
{
	const cJSON *message, *item;
	unsigned n = 0;

	cJSON_ArrayForEach(message, cJSON_GetObjectItemCaseSensitive(root,
	    "messages"))
		cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(
		    cJSON_GetObjectItemCaseSensitive(message, "decoded"),
		    "subscriptions")) {
			n++;
			if (slice_equal(topic, slice_text(cJSON_GetStringValue(
			    cJSON_GetObjectItemCaseSensitive(item,
			        "topicid")))))
				return (true);
		}
	return (n == 0);
}

/* A record names a log's rendezvous by `floodsub:` and the log's address. */
struct locals {
	struct kat * k;
	const cJSON * root;
	struct local_record_writer again;
	bool found;
};

static void
check_local_record(void * user, struct slice name, int64_t expire)
{
	struct locals * locals = user;
	struct slice prefix = slice_text("floodsub:"), topic = {0};

	if (name.n > prefix.n)
		topic = slice_of(name.p + prefix.n, name.n - prefix.n);
	kat_true(locals->k, "a record of a topic", topic.n > 0 &&
	    slice_equal(slice_of(name.p, prefix.n), prefix) &&
	    is_subscribed(locals->root, topic));
	locals->found |= slice_equal(topic,
	    kat_str(locals->k, locals->root, "topic"));
	local_record_write(&locals->again, name, expire);
}

static void
check_local(struct kat * k, const cJSON * root, struct slice bytes)
{
	struct buffer * again = kat_buffer(k);
	struct buffer * frame = kat_buffer(k);
	struct locals locals = {.k = k, .root = root, .again.out = again};

	kat_number(k, "read", 0, (uint64_t)local_record_read(bytes,
	    check_local_record, &locals));
	kat_true(k, "the topic's record", locals.found);
	local_record_write_end(&locals.again);
	buffer_uvarint(frame, bytes.n);
	buffer_slice(frame, bytes);
	kat_true(k, "written as it was", slice_equal(buffer_all(again),
	    buffer_all(frame)));
}

static void
check_rpc(struct kat * k, const cJSON * message)
{
	struct slice bytes = kat_hex(k, message, "protobuf");
	const cJSON * published =
	    cJSON_GetObjectItemCaseSensitive(message, "publish");
	Libp2p__Pubsub__RPC * rpc = gossipsub_message_decode(bytes);
	size_t i;

	check_again(k, &libp2p__pubsub__rpc__descriptor, bytes);
	if (rpc == NULL)
		return;
	kat_number(k, "messages", (uint64_t)cJSON_GetArraySize(published),
	    rpc->n_publish);
	for (i = 0; i < rpc->n_publish; i++)
		check_published(k, cJSON_GetArrayItem(published, (int)i),
		    rpc->publish[i]);
	check_written(k, rpc, bytes);
	if (kat_has(message, "decoded"))
		check_decoded(k, kat_object(k, message, "decoded"), rpc);
	protobuf_free(rpc);
}

/* The client asked for the head alone. */
static void
check_head(struct kat * k, const cJSON * root, struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct cid head = {0};
	size_t i;

	kat_number(k, "head", 0,
	    (uint64_t)cid_decode(&head, kat_str(k, root, "head")));
	for (i = 0; m != NULL && i < m->n_block_presences; i++)
		kat_bytes(k, "presence", cid_slice(&head),
		    protobuf_slice(m->block_presences[i]->cid));
	for (i = 0; m != NULL && i < m->n_payload; i++)
		kat_true(k, "the block is the head's", cid_matches(&head,
		    protobuf_slice(m->payload[i]->data)));
	protobuf_free(m);
}

static void
read_capture(struct kat * k, const cJSON * root)
{
	const cJSON * message;
	unsigned i = 0;

	cJSON_ArrayForEach(message, cJSON_GetObjectItemCaseSensitive(root,
	    "messages")) {
		const char * protocol = cJSON_GetStringValue(
		    cJSON_GetObjectItemCaseSensitive(message, "protocol"));

		kat_begin(k, "captured message %u", i++);
		if (i == 1 && kat_has(root, "client_sent_subscribe"))
			check_subscribe(k, root);
		if (kat_has(message, "len"))
			kat_expect_number(k, message, "len",
			    kat_hex(k, message, "protobuf").n);
		if (protocol != NULL && strstr(protocol, "localrecord"))
			check_local(k, root, kat_hex(k, message, "protobuf"));
		if (protocol != NULL && strstr(protocol, "meshsub") != NULL)
			check_rpc(k, message);
		else if (protocol != NULL && strstr(protocol, "bitswap")) {
			struct slice bytes = kat_hex(k, message, "protobuf");

			check_bitswap(k, bytes, BITSWAP_12);
			if (kat_has(root, "head"))
				check_head(k, root, bytes);
		}
		kat_end(k);
	}
}

/* Each block received hashes, under its prefix, to a CID of the file. */
static void
check_blocks(struct kat * k, const cJSON * root, struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct buffer * text;
	struct cid cid;
	size_t i;

	for (i = 0; m != NULL && i < m->n_payload; i++) {
		struct slice data = protobuf_slice(m->payload[i]->data);

		text = kat_buffer(k);
		kat_number(k, "block's CID", 0,
		    (uint64_t)bitswap_message_cid(&cid,
		        protobuf_slice(m->payload[i]->prefix), data));
		cid_encode(text, &cid);
		buffer_byte(text, 0);
		kat_expect(k, kat_object(k, root, "blocks"),
		    (const char *)text->p, data);
	}
	protobuf_free(m);
}

static void
read_fetch(struct kat * k, const cJSON * root)
{
	const cJSON * message;
	struct slice bytes;
	unsigned i = 0;

	cJSON_ArrayForEach(message, cJSON_GetObjectItemCaseSensitive(root,
	    "transcript")) {
		kat_begin(k, "fetch, message %u", i++);
		bytes = kat_hex(k, message, "protobuf");
		check_bitswap(k, bytes, BITSWAP_12);
		check_blocks(k, root, bytes);
		if (kat_has(message, "wants"))
			check_wants(k, kat_array(k, message, "wants"), bytes);
		check_answers(k, root, message, bytes);
		kat_end(k);
	}
}

/* --- rendezvous --- */

/* The record is of the file's peer and name, at the addresses registered. */
static void
check_record(struct kat * k, const cJSON * root, struct slice bytes)
{
	Libp2p__Rendezvous__RegistrationRecord * record = protobuf_decode(
	    &libp2p__rendezvous__registration_record__descriptor, bytes,
	    protobuf_cap(bytes.n));
	const cJSON * reg = cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(root, "messages"), "register");
	Libp2p__Rendezvous__Message * m = NULL;
	size_t i;

	if (record == NULL)
		return;
	if (kat_has(root, "peer_id"))
		kat_text(k, "id", kat_str(k, root, "peer_id"),
		    slice_text(record->id));
	if (kat_has(root, "ns"))
		kat_text(k, "ns", kat_str(k, root, "ns"),
		    protobuf_slice(record->ns));
	if (kat_has(reg, "protobuf")) {
		struct slice other = kat_hex(k, reg, "protobuf");

		m = protobuf_decode(&libp2p__rendezvous__message__descriptor,
		    other, protobuf_cap(other.n));
	}
	if (m != NULL && m->register_ != NULL && m->register_->peer != NULL) {
		kat_number(k, "addresses", m->register_->peer->n_addrs,
		    record->n_addrs);
		for (i = 0; i < record->n_addrs &&
		    i < m->register_->peer->n_addrs; i++)
			kat_bytes(k, "address",
			    protobuf_slice(m->register_->peer->addrs[i]),
			    protobuf_slice(record->addrs[i]));
	}
	protobuf_free(m);
	protobuf_free(record);
}

static void
read_rendezvous(struct kat * k, const cJSON * root)
{
	const cJSON * message;

	cJSON_ArrayForEach(message, kat_object(k, root, "messages")) {
		bool record = cJSON_IsString(message);
		struct slice bytes;
		struct buffer * framed;

		kat_begin(k, "rendezvous %s", message->string);
		if (record) {
			check_again(k,
			    &libp2p__rendezvous__registration_record__descriptor,
			    kat_hex_item(k, message));
			check_record(k, root, kat_hex_item(k, message));
			kat_end(k);
			continue;
		}
		bytes = kat_hex(k, message, "protobuf");
		framed = kat_buffer(k);
		check_again(k, &libp2p__rendezvous__message__descriptor, bytes);
		buffer_uvarint(framed, bytes.n);
		buffer_slice(framed, bytes);
		kat_expect(k, message, "on_wire", buffer_all(framed));
		kat_end(k);
	}
}

const struct kat_reader kat_pubsub_readers[] = {
    {"live_capture", read_capture},
    {"live_fetch", read_fetch},
    {"bitswap", read_bitswap},
    {"rendezvous", read_rendezvous},
    {0},
};
