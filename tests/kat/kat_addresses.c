/*
 * Addresses and identities of logs: log/address.json; access controllers and
 * log identity of misc.json.
 */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/cbor.h"
#include "codec/multibase.h"
#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "codec/rotation.h"
#include "group/group_keys.h"
#include "kat.h"
#include "log/address.h"
#include "log/entry.h"

static void
check_points(struct kat * k, const cJSON * store, struct slice address,
    struct slice link_key)
{
	const cJSON * point;
	uint8_t made[32];

	cJSON_ArrayForEach(point, kat_member(store, "rotation_points")) {
		rotation_point(made, address, link_key,
		    kat_dec(k, point, "rounded_unix"));
		kat_expect(k, point, "raw_rotation", BYTES(made));
		if (kat_has(point, "rotation_topic_wesh_base64"))
			kat_bytes(k, "topic", kat_base64(k, point,
			    "rotation_topic_wesh_base64"), BYTES(made));
	}
}

/* The group made again from its two seeds. */
static void
check_group(struct kat * k, const cJSON * json)
{
	uint8_t sign_pub[32], link_key[32], sign_key[36];
	struct group_info g = {0};
	struct ed25519_key key;

	if (!kat_has(json, "group_private_seed") || !kat_has(json, "secret"))
		return;
	group_of_members(&g, &key,
	    kat_sized(k, json, "group_private_seed", SEED_SIZE),
	    kat_sized(k, json, "secret", SEED_SIZE));
	kat_number(k, "group", 0, (uint64_t)group_verify(&g));
	kat_expect_if(k, json, "public_key", BYTES(key.pub));
	group_signing_pub(sign_pub, &g);
	group_link_key(link_key, &g);
	public_key_from_ed25519(sign_key, sign_pub);
	kat_expect_if(k, json, "public_key", BYTES(g.pk));
	kat_expect_if(k, json, "group_id", BYTES(g.pk));
	kat_expect_if(k, json, "secret_sig", BYTES(g.secret_sig));
	kat_expect_if(k, json, "link_key_sig", BYTES(g.link_key_sig));
	kat_expect_if(k, json, "link_key", BYTES(link_key));
	kat_expect_if(k, json, "signing_pub_raw", BYTES(sign_pub));
	kat_expect_if(k, json, "signing_pub_protobuf", BYTES(sign_key));
}

/* The names under which the parts of an address go. */
static void
check_names(struct kat * k, const cJSON * group, const cJSON * store,
    const struct cid * access)
{
	struct buffer * name = kat_buffer(k);
	struct buffer * path = kat_buffer(k);

	hex_encode(name, kat_hex(k, group, "public_key"));
	buffer_printf(name, "_%s",
	    cJSON_GetStringValue(kat_member(store, "store_type")));
	if (kat_has(store, "db_name"))
		kat_text(k, "db_name", kat_str(k, store, "db_name"),
		    buffer_all(name));
	buffer_text(path, "/ipfs/");
	cid_encode(path, access);
	if (kat_has(store, "manifest_access_controller"))
		kat_text(k, "manifest_access_controller", kat_str(k, store,
		    "manifest_access_controller"), buffer_all(path));
}

static void
check_store(struct kat * k, const cJSON * group, const cJSON * store)
{
	struct buffer * address = kat_buffer(k);
	struct buffer * access = kat_buffer(k);
	struct buffer * manifest = kat_buffer(k);
	struct cid access_cid, manifest_cid;

	log_address(address, kat_sized(k, group, "public_key", 32),
	    kat_sized(k, group, "signing_pub_raw", 32),
	    cJSON_GetStringValue(kat_member(store, "store_type")), access,
	    &access_cid, manifest, &manifest_cid);
	kat_text(k, "access", kat_str(k, store, "ac_json"),
	    buffer_all(access));
	kat_text(k, "access CID", kat_str(k, store, "ac_cid"),
	    kat_cid_text(k, &access_cid));
	kat_expect(k, store, "manifest_cbor", buffer_all(manifest));
	kat_text(k, "manifest CID", kat_str(k, store, "manifest_cid"),
	    kat_cid_text(k, &manifest_cid));
	kat_text(k, "address", kat_str(k, store, "address"),
	    buffer_all(address));
	check_names(k, group, store, &access_cid);
	check_points(k, store, buffer_all(address),
	    kat_hex(k, group, "link_key"));
}

static void
read_addresses(struct kat * k, const cJSON * root)
{
	const cJSON * store;

	cJSON_ArrayForEach(store, kat_member(root, "stores")) {
		kat_begin(k, "address for %s",
		    cJSON_GetStringValue(kat_member(store, "store_type")));
		check_group(k, kat_member(root, "group"));
		check_store(k, kat_member(root, "group"), store);
		kat_end(k);
	}
}

/* The group of a misc vector: its key, and the seed that signs its logs. */
static bool
group_of(struct kat * k, const cJSON * inputs, uint8_t pk[32],
    struct log_identity * identity)
{
	Berty__Protocol__V1__Group * group;
	struct slice bytes = kat_hex(k, inputs, "group");
	bool fine = false;

	group = protobuf_decode(&berty__protocol__v1__group__descriptor, bytes,
	    protobuf_cap(bytes.n));
	if (group != NULL && group->public_key.len == 32 &&
	    group->secret.len == SEED_SIZE) {
		memcpy(pk, group->public_key.data, 32);
		log_identity_from_seed(identity, group->secret.data);
		fine = true;
	}
	kat_true(k, "group", fine);
	protobuf_free(group);
	return (fine);
}

static void
check_access(struct kat * k, const struct kat_vector * v)
{
	const cJSON * type = kat_member(v->inputs, "store_type_str");
	struct buffer * address = kat_buffer(k);
	struct buffer * access = kat_buffer(k);
	struct buffer * manifest = kat_buffer(k);
	struct reader r;
	struct log_identity identity;
	struct cid cid;
	uint8_t pk[32];

	if (!group_of(k, v->inputs, pk, &identity))
		return;
	log_address(address, pk, identity.pub, cJSON_GetStringValue(type),
	    access, &cid, manifest, NULL);
	kat_expect(k, v->outputs, "json_str", buffer_all(access));
	r = reader_of(buffer_all(manifest));
	kat_number(k, "fields of the manifest", 3, cbor_read_map(&r));
	kat_text(k, "first field", slice_text("name"), cbor_read_text(&r));
	kat_expect(k, v->outputs, "store_name_str", cbor_read_text(&r));
	kat_expect(k, v->outputs, "cid_str", kat_cid_text(k, &cid));
}

static void
check_log_identity(struct kat * k, const struct kat_vector * v)
{
	struct buffer * block = kat_buffer(k);
	struct log_identity identity;
	struct entry e = {0};
	struct cid cid;
	uint8_t pk[32];

	if (!group_of(k, v->inputs, pk, &identity))
		return;
	kat_expect(k, v->outputs, "id_str", slice_text(identity.id));
	kat_expect(k, v->outputs, "public_key", BYTES(identity.key));
	kat_expect(k, v->outputs, "sig_id", BYTES(identity.id_sig));
	/* The rest is told by what it signs. */
	kat_number(k, "made", 0, (uint64_t)entry_make(block, &cid, &identity,
	    slice_text("log"), 1, NULL, 0, NULL, 0, slice_text("{}")));
	kat_number(k, "reads", 0,
	    (uint64_t)entry_decode(&e, buffer_all(block)));
	kat_expect(k, v->outputs, "type_str", e.identity_type);
	kat_expect(k, v->outputs, "sig_public_key", e.identity_sig_key);
	entry_free(&e);
}

const struct kat_check kat_addresses_checks[] = {
    {NULL, NULL, "access controller address *", check_access},
    {NULL, NULL, "log identity", check_log_identity},
    {0},
};

const struct kat_reader kat_addresses_readers[] = {
    {"address", read_addresses},
    {0},
};
