/*
 * Gossipsub, local records and rendezvous messages: log/live_capture.json,
 * log/rendezvous.json.
 */
#include <string.h>

#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "contact/local_record.h"
#include "kat.h"
#include "kat_bitswap.h"
#include "libp2p/rendezvous.pb-c.h"
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

/* --- what real nodes sent --- */

/* Subscriptions and grafts as the file spells them out. */
static void
check_decoded(struct kat * k, const cJSON * decoded,
    const Libp2p__Pubsub__RPC * rpc)
{
	const cJSON * subs = kat_member(decoded,
	    "subscriptions");
	const cJSON * grafts = kat_member(
	    kat_member(decoded, "control"), "graft");
	const cJSON * item;
	size_t i = 0, n = rpc->control == NULL ? 0 : rpc->control->n_graft;

	kat_number(k, "subscriptions", (uint64_t)cJSON_GetArraySize(subs),
	    rpc->n_subscriptions);
	cJSON_ArrayForEach(item, subs) {
		if (i >= rpc->n_subscriptions)
			break;
		kat_true(k, "subscribe", kat_is_true(item, "subscribe") ==
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

	cJSON_ArrayForEach(message, kat_member(root,
	    "messages"))
		cJSON_ArrayForEach(item, kat_member(
		    kat_member(message, "decoded"),
		    "subscriptions")) {
			n++;
			if (slice_equal(topic, slice_text(cJSON_GetStringValue(
			    kat_member(item,
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
	    kat_member(message, "publish");
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

static void
read_capture(struct kat * k, const cJSON * root)
{
	const cJSON * message;
	unsigned i = 0;

	cJSON_ArrayForEach(message, kat_member(root,
	    "messages")) {
		const char * protocol = cJSON_GetStringValue(
		    kat_member(message, "protocol"));

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

			kat_bitswap_sent(k, root, bytes);
		}
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
	const cJSON * reg = kat_member(
	    kat_member(root, "messages"), "register");
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
    {"rendezvous", read_rendezvous},
    {0},
};
