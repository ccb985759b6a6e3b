/*
 * Heads messages: heads.json of both dialects, log/heads_message.json, and
 * those of live_capture.json and live_fetch.json with the entries they name.
 */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "codec/rotation.h"
#include "group/wire.h"
#include "kat.h"
#include "log/entry.h"
#include "sync/heads.h"

struct sealing {
	struct slice address, json;
	const uint8_t *link_key, *rotation, *nonce, *device_pk;
	const struct peer_id * peer;
};

static void
check_seal(struct kat * k, const struct sealing * s, struct slice expected)
{
	struct buffer * made = kat_buffer(k);
	struct heads h = {0};
	uint8_t rotation[32] = {0};

	heads_seal(made, s->address, s->link_key, s->rotation, s->nonce,
	    s->json, s->device_pk, s->peer);
	kat_bytes(k, "message", expected, buffer_all(made));
	kat_number(k, "rotation reads", 0,
	    (uint64_t)heads_rotation(rotation, expected));
	kat_bytes(k, "rotation", slice_of(s->rotation, 32), BYTES(rotation));
	kat_number(k, "opens", 0,
	    (uint64_t)heads_open(&h, expected, s->link_key));
	kat_text(k, "address", s->address, h.address);
	kat_text(k, "heads", s->json, h.json);
	kat_bytes(k, "device", slice_of(s->device_pk,
	    s->device_pk == NULL ? 0 : 32), h.device_pk);
	kat_bytes(k, "peer", s->peer == NULL ? slice_of(NULL, 0)
	    : peer_id_slice(s->peer), h.peer);
	heads_free(&h);
}

/* The box of a message that we made, sealed and opened. */
static void
expect_sealed(struct kat * k, const cJSON * out, const struct sealing * s)
{
	struct buffer * made = kat_buffer(k);
	struct buffer * clear = kat_buffer(k);
	struct slice box = {NULL, 0};
	struct reader r;

	heads_seal(made, s->address, s->link_key, s->rotation, s->nonce,
	    s->json, s->device_pk, s->peer);
	kat_true(k, "there is a box",
	    wire_find(buffer_all(made), 2, &box) == 0);
	kat_expect(k, out, "sealed_box", box);
	r = reader_of(box);
	kat_bytes(k, "nonce before the box", slice_of(s->nonce, NONCE_SIZE),
	    reader_take(&r, NONCE_SIZE));
	kat_true(k, "the box opens", secretbox_open(clear, s->link_key,
	    s->nonce, reader_rest(&r)) == 0);
	kat_expect(k, out, "box_clear", buffer_all(clear));
}

static void
check_heads(struct kat * k, const struct kat_vector * v)
{
	struct sealing s = {
	    .address = kat_str(k, v->inputs, "address_str"),
	    .json = slice_text("null"),
	    .link_key = kat_sized(k, v->inputs, "link_key", 32),
	    .nonce = kat_sized(k, v->inputs, "random", 24),
	};
	struct peer_id peer;
	uint8_t rotation[32];

	rotation_point(rotation, s.address, slice_of(s.link_key, 32), 0);
	kat_expect(k, v->outputs, "raw_rotation", BYTES(rotation));
	s.rotation = rotation;
	if (v->network->heads_name_sender &&
	    kat_has(v->inputs, "device_public")) {
		s.device_pk = kat_sized(k, v->inputs, "device_public", 32);
		kat_number(k, "peer", 0, (uint64_t)peer_id_parse(&peer,
		    kat_hex(k, v->inputs, "peer_id")));
		s.peer = &peer;
	}
	check_seal(k, &s, kat_hex(k, v->outputs, "message"));
	expect_sealed(k, v->outputs, &s);
}

/* What a form gives of the message's parts. */
static void
check_boxes(struct kat * k, const cJSON * form, struct slice message,
    const uint8_t link_key[32])
{
	Berty__Protocol__V1__OrbitDBMessageHeads * m = protobuf_decode(
	    &berty__protocol__v1__orbit_dbmessage_heads__descriptor, message,
	    protobuf_cap(message.n));
	struct buffer * box = kat_buffer(k);
	struct slice sealed = slice_of(NULL, 0);

	kat_true(k, "message decodes", m != NULL);
	if (m != NULL)
		sealed = protobuf_slice(m->sealed_box);
	kat_expect_if(k, form, "sealed_box", sealed);
	if (sealed.n >= NONCE_SIZE)
		kat_number(k, "box opens", 0, (uint64_t)secretbox_open(box,
		    link_key, sealed.p, slice_of(sealed.p + NONCE_SIZE,
		        sealed.n - NONCE_SIZE)));
	kat_expect_if(k, form, "box_protobuf", buffer_all(box));
	protobuf_free(m);
}

static void
check_heads_form(struct kat * k, const cJSON * root, const char * name,
    bool sender)
{
	const cJSON * form = kat_object(k, root, name);
	struct sealing s = {
	    .address = kat_str(k, root, "address"),
	    .json = kat_str(k, root, "heads_json"),
	    .link_key = kat_sized(k, root, "link_key", 32),
	    .rotation = kat_sized(k, form, "raw_rotation", 32),
	    .nonce = kat_sized(k, form, "nonce", 24),
	};
	struct buffer * framed = kat_buffer(k);
	struct slice message = kat_hex(k, form, "message");
	struct peer_id peer;

	if (sender) {
		s.device_pk = kat_sized(k, root, "device_pk", 32);
		(void)peer_id_parse(&peer, kat_hex(k, root, "peer_id"));
		s.peer = &peer;
	}
	check_seal(k, &s, message);
	check_boxes(k, form, message, s.link_key);
	buffer_uvarint(framed, message.n);
	buffer_slice(framed, message);
	kat_expect(k, form, "direct_channel_1_2_0_stream_bytes",
	    buffer_all(framed));
}

/* Count entries that read, and that are their own. */
static int
count_entry(void * user, struct slice element)
{
	struct entry e = {0};
	struct cid cid;
	int status;

	if ((status = entry_from_json(&e, &cid, element)) == 0)
		(*(uint64_t *)user)++;
	entry_free(&e);
	return (status);
}

/* A message from a real node: opens, and its heads read. */
static uint64_t
count_heads(struct kat * k, struct slice message, const uint8_t link_key[32],
    struct slice address)
{
	struct heads h = {0};
	uint64_t n = 0;

	kat_number(k, "opens", 0, (uint64_t)heads_open(&h, message, link_key));
	kat_text(k, "address", address, h.address);
	kat_number(k, "heads read", 0,
	    (uint64_t)entries_each(h.json, count_entry, &n));
	heads_free(&h);
	return (n);
}

static void
read_heads(struct kat * k, const cJSON * root)
{
	kat_begin(k, "heads with the sender");
	check_heads_form(k, root, "wesh", true);
	kat_end(k);
	kat_begin(k, "heads without the sender");
	check_heads_form(k, root, "berty_or_replication", false);
	kat_end(k);
	kat_begin(k, "heads that a marshaler made");
	kat_true(k, "it has heads", 0 < count_heads(k,
	    kat_hex(k, root, "real_marshal_output"),
	    kat_sized(k, root, "link_key", 32), kat_str(k, root, "address")));
	kat_end(k);
}

/* Sealed again by us from what is in it. */
static void
check_sealed_again(struct kat * k, struct slice message,
    const uint8_t link_key[32])
{
	Berty__Protocol__V1__OrbitDBMessageHeads * m = protobuf_decode(
	    &berty__protocol__v1__orbit_dbmessage_heads__descriptor, message,
	    protobuf_cap(message.n));
	struct buffer * made = kat_buffer(k);
	uint8_t rotation[32] = {0};
	struct heads h = {0};
	struct peer_id peer = {0};

	if (m != NULL && m->sealed_box.len >= NONCE_SIZE &&
	    heads_rotation(rotation, message) == 0 &&
	    heads_open(&h, message, link_key) == 0) {
		(void)peer_id_parse(&peer, h.peer);
		heads_seal(made, h.address, link_key, rotation,
		    m->sealed_box.data, h.json,
		    h.device_pk.n == 32 ? h.device_pk.p : NULL,
		    h.peer.n > 0 ? &peer : NULL);
		heads_free(&h);
	}
	kat_bytes(k, "sealed again", message, buffer_all(made));
	protobuf_free(m);
}

/* A message of a capture, beyond that its heads read. */
static void
check_captured(struct kat * k, const cJSON * root, struct slice message,
    struct buffer * rotation)
{
	const uint8_t * key = kat_sized(k, root, "link_key", 32);
	uint8_t own[32] = {0};

	check_sealed_again(k, message, key);
	(void)heads_rotation(own, message);
	/* One topic in one period: all name it alike. */
	if (rotation->n == 0)
		buffer_append(rotation, own, sizeof(own));
	kat_bytes(k, "rotation", buffer_all(rotation), BYTES(own));
}

static void
read_capture(struct kat * k, const cJSON * root)
{
	struct buffer rotation = {0};
	const cJSON *message, *published;
	const uint8_t * key;
	const char * protocol;
	struct slice topic;

	cJSON_ArrayForEach(message, kat_member(root, "messages")) {
		kat_begin(k, "captured heads");
		key = kat_sized(k, root, "link_key", 32);
		topic = kat_str(k, root, "topic");
		protocol = cJSON_GetStringValue(kat_member(message, "protocol"));
		if (protocol != NULL && strstr(protocol, "direct-channel"))
			(void)count_heads(k, kat_hex(k, message, "protobuf"),
			    key, topic);
		if (protocol != NULL && strstr(protocol, "direct-channel"))
			check_captured(k, root,
			    kat_hex(k, message, "protobuf"), &rotation);
		cJSON_ArrayForEach(published, kat_member(message, "publish"))
			if (kat_has(published, "data")) {
				kat_true(k, "it has heads", 0 < count_heads(k,
				    kat_hex(k, published, "data"), key,
				    topic));
				check_captured(k, root, kat_hex(k, published,
				    "data"), &rotation);
			}
		kat_end(k);
	}
	buffer_free(&rotation);
}

/* The blocks are a chain that checks under the key they name. */
static void
check_fetched(struct kat * k, const cJSON * root, const char * name,
    const struct cid * parent, struct cid * cid)
{
	struct slice block = kat_hex(k, kat_object(k, root, "blocks"), name);
	struct log_identity identity;
	struct entry e = {0};

	kat_number(k, "CID", 0,
	    (uint64_t)cid_decode(cid, slice_text(name)));
	kat_number(k, "reads", 0, (uint64_t)entry_decode(&e, block));
	if (e.key.n == 36) {
		log_identity_from_public(&identity, e.key.p + 4);
		kat_number(k, "check", 0, (uint64_t)entry_check(&identity,
		    kat_str(k, root, "address"), cid, block));
	}
	if (parent != NULL && e.n_next == 1)
		kat_bytes(k, "parent", cid_slice(parent),
		    cid_slice(&e.next[0]));
	kat_number(k, "parents", parent != NULL, e.n_next);
	entry_free(&e);
}

static void
read_fetch(struct kat * k, const cJSON * root)
{
	struct cid cid, parent;
	const cJSON * item;
	bool first = true;

	cJSON_ArrayForEach(item, kat_member(root, "entries_oldest_first")) {
		kat_begin(k, "fetched entry");
		check_fetched(k, root, cJSON_GetStringValue(item),
		    first ? NULL : &parent, &cid);
		parent = cid;
		first = false;
		kat_end(k);
	}
	kat_begin(k, "head that was announced");
	check_sealed_again(k, kat_hex(k, root, "direct_channel_message"),
	    kat_sized(k, root, "link_key", 32));
	if (kat_has(root, "raw_rotation")) {
		uint8_t rotation[32] = {0};

		(void)heads_rotation(rotation,
		    kat_hex(k, root, "direct_channel_message"));
		kat_expect(k, root, "raw_rotation", BYTES(rotation));
	}
	kat_true(k, "it has heads", 0 < count_heads(k,
	    kat_hex(k, root, "direct_channel_message"),
	    kat_sized(k, root, "link_key", 32), kat_str(k, root, "address")));
	kat_end(k);
}

const struct kat_check kat_heads_checks[] = {
    {NULL, "*message_marshaler.go:*", NULL, check_heads},
    {0},
};

const struct kat_reader kat_heads_readers[] = {
    {"heads_message", read_heads},
    {"live_capture", read_capture},
    {"live_fetch", read_fetch},
    {0},
};
