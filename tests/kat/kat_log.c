/* Peer ids and discovery keys: log/peerid.json, log/discovery.json. */
#include "codec/cid.h"
#include "codec/multiaddr.h"
#include "codec/multibase.h"
#include "codec/peer_id.h"
#include "contact/local_record.h"
#include "crypto/crypto.h"
#include "kat.h"

static void
check_addresses(struct kat * k, const cJSON * record)
{
	const cJSON * texts = kat_array(k, record, "addrs");
	const cJSON * all = kat_array(k, record, "addrs_bytes");
	struct buffer *bytes, *text;
	const cJSON * item;
	int i = 0;

	cJSON_ArrayForEach(item, texts) {
		bytes = kat_buffer(k);
		text = kat_buffer(k);
		(void)multiaddr_decode(bytes,
		    slice_text(cJSON_GetStringValue(item)));
		kat_bytes(k, "multiaddr",
		    kat_hex_item(k, cJSON_GetArrayItem(all, i++)),
		    buffer_all(bytes));
		(void)multiaddr_encode(text, buffer_all(bytes));
		kat_text(k, "multiaddr text",
		    slice_text(cJSON_GetStringValue(item)), buffer_all(text));
	}
}

/* What RFC 0002 signs: each part behind its length. */
static void
append_prefixed(struct buffer * b, struct slice part)
{
	buffer_uvarint(b, part.n);
	buffer_slice(b, part);
}

static void
append_field(struct buffer * b, uint8_t tag, struct slice value)
{
	buffer_byte(b, tag);
	append_prefixed(b, value);
}

/* PeerRecord { peer_id = 1, seq = 2, addresses = 3 { multiaddr = 1 } }. */
static void
check_record(struct kat * k, const cJSON * record,
    const struct ed25519_key * key, const struct peer_id * id)
{
	struct slice type = kat_hex(k, record, "payload_type");
	struct buffer * payload = kat_buffer(k);
	struct buffer * envelope = kat_buffer(k);
	struct buffer * signed_bytes = kat_buffer(k);
	uint8_t pub[36], sig[64];
	struct slice address;
	const cJSON * item;

	append_field(payload, 0x0a, peer_id_slice(id));
	buffer_byte(payload, 0x10);
	buffer_uvarint(payload, kat_dec(k, record, "seq"));
	cJSON_ArrayForEach(item, kat_array(k, record, "addrs_bytes")) {
		address = kat_hex_item(k, item);
		buffer_byte(payload, 0x1a);
		buffer_uvarint(payload, address.n + 2);
		append_field(payload, 0x0a, address);
	}
	kat_expect(k, record, "payload", buffer_all(payload));
	append_prefixed(signed_bytes, kat_str(k, record, "domain"));
	append_prefixed(signed_bytes, type);
	append_prefixed(signed_bytes, buffer_all(payload));
	ed25519_sign(sig, key, buffer_all(signed_bytes));
	public_key_from_ed25519(pub, key->pub);
	append_field(envelope, 0x0a, BYTES(pub));
	append_field(envelope, 0x12, type);
	append_field(envelope, 0x1a, buffer_all(payload));
	append_field(envelope, 0x2a, BYTES(sig));
	kat_expect(k, record, "envelope", buffer_all(envelope));
}

/* A CIDv1 of codec libp2p-key around the peer id, in the given base. */
static void
check_cid_text(struct kat * k, struct slice text, const struct peer_id * id)
{
	struct peer_id again;

	kat_true(k, "the CID's text gives the peer id",
	    peer_id_decode(&again, text) == 0 && peer_id_equal(id, &again));
}

static void
check_peer(struct kat * k, const cJSON * v)
{
	struct buffer * text = kat_buffer(k);
	uint8_t pub[36], priv[68];
	struct ed25519_key key;
	const cJSON * record;
	struct peer_id id;

	ed25519_from_seed(&key, kat_sized(k, v, "seed", 32));
	kat_expect(k, v, "pub_raw", BYTES(key.pub));
	public_key_from_ed25519(pub, key.pub);
	kat_expect(k, v, "pub_protobuf", BYTES(pub));
	private_key_from_ed25519(priv, key.seed, key.pub);
	kat_expect(k, v, "priv_protobuf", BYTES(priv));
	peer_id_from_public_key(&id, BYTES(pub));
	kat_expect(k, v, "peer_id_bytes", peer_id_slice(&id));
	peer_id_encode(text, &id);
	kat_text(k, "peer_id_base58", kat_str(k, v, "peer_id_base58"),
	    buffer_all(text));
	check_cid_text(k, kat_str(k, v, "peer_id_cidv1_base36"), &id);
	if (!kat_has(v, "signed_peer_record"))
		return;
	record = kat_object(k, v, "signed_peer_record");
	check_addresses(k, record);
	check_record(k, record, &key, &id);
}

static void
read_peerid(struct kat * k, const cJSON * root)
{
	const cJSON * v;
	unsigned i = 0;

	cJSON_ArrayForEach(v, kat_member(root,
	    "vectors")) {
		kat_begin(k, "peer id %u", i++);
		check_peer(k, v);
		kat_end(k);
	}
}

static void
check_provider(struct kat * k, const cJSON * v)
{
	struct buffer * text = kat_buffer(k);
	struct cid_parts parts;
	struct cid cid;

	cid_of(&cid, CID_RAW, kat_str(k, v, "ns"));
	cid_encode(text, &cid);
	kat_text(k, "provider_cid", kat_str(k, v, "provider_cid"),
	    buffer_all(text));
	cid_split(&cid, &parts);
	kat_expect(k, v, "provider_key_multihash",
	    slice_of(parts.digest.p - 2, parts.digest.n + 2));
}

struct record_read {
	struct buffer * name;
	int64_t expire;
};

static void
on_record(void * user, struct slice ns, int64_t expire)
{
	struct record_read * read = user;

	buffer_slice(read->name, ns);
	read->expire = expire;
}

static void
check_localrecord(struct kat * k, const cJSON * v)
{
	struct buffer * framed = kat_buffer(k);
	struct local_record_writer w = {.out = framed};
	struct record_read read = {0};

	local_record_write(&w, kat_str(k, v, "cid"),
	    (int64_t)kat_dec(k, v, "expire"));
	local_record_write_end(&w);
	kat_expect(k, v, "on_wire", buffer_all(framed));
	kat_expect(k, v, "protobuf", slice_of(framed->p + 1, framed->n - 1));
	read.name = kat_buffer(k);
	kat_number(k, "read", 0, (uint64_t)local_record_read(
	    kat_hex(k, v, "protobuf"), on_record, &read));
	kat_text(k, "the name read", kat_str(k, v, "cid"),
	    buffer_all(read.name));
	kat_expect_number(k, v, "expire", (uint64_t)read.expire);
}

static void
read_discovery(struct kat * k, const cJSON * root)
{
	const cJSON * v;
	unsigned i = 0;

	cJSON_ArrayForEach(v, kat_member(root,
	    "routing_discovery")) {
		kat_begin(k, "routing discovery %u", i++);
		check_provider(k, v);
		kat_end(k);
	}
	kat_begin(k, "local record");
	check_localrecord(k, kat_object(k, root, "localrecord"));
	kat_end(k);
}

const struct kat_reader kat_log_readers[] = {
    {"peerid", read_peerid},
    {"discovery", read_discovery},
    {0},
};
