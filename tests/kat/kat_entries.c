/*
 * Logs: log/address.json, entries_plain.json, entries_enclinks.json,
 * refs_skiplist.json, join.json, store_real.json; access controllers and log
 * identity of misc.json; heads.json of both dialects, log/heads_message.json;
 * the logs' part of live_capture.json and live_fetch.json.
 */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/cbor.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "codec/rotation.h"
#include "group/group_keys.h"
#include "group/wire.h"
#include "kat.h"
#include "log/address.h"
#include "log/entry.h"
#include "sync/heads.h"

#define BYTES(array) slice_of((array), sizeof(array))

/* --- one entry ----------------------------------------------------------- */

static struct slice
text_of(struct kat * k, const struct cid * cid)
{
	struct buffer * text = kat_buffer(k);

	cid_encode(text, cid);
	return (buffer_all(text));
}

static void
check_links(struct kat * k, const char * what, const cJSON * expected,
    const struct cid * links, size_t n)
{
	size_t i;

	kat_number(k, what, (uint64_t)cJSON_GetArraySize(expected), n);
	for (i = 0; i < n; i++)
		kat_text(k, what, slice_text(cJSON_GetStringValue(
		    cJSON_GetArrayItem(expected, (int)i))),
		    text_of(k, &links[i]));
}

static const cJSON *
member(const cJSON * object, const char * key)
{
	return (cJSON_GetObjectItemCaseSensitive(object, key));
}

/* Fields, encoded again, signed bytes, JSON, and back from JSON. */
static void
check_forms(struct kat * k, const cJSON * json, const struct entry * e,
    const struct cid * cid)
{
	struct buffer * out = kat_buffer(k);
	struct entry back = {0};
	struct cid hash;

	kat_text(k, "cid", kat_str(k, json, "cid"), text_of(k, cid));
	kat_expect(k, json, "cid_bytes", cid_slice(cid));
	kat_expect(k, json, "payload", e->payload);
	kat_expect(k, json, "key", e->key);
	kat_expect(k, json, "clock_id", e->clock_id);
	kat_expect(k, json, "sig", e->sig);
	kat_number(k, "time", kat_dec(k, json, "clock_time"), e->time);
	check_links(k, "next", member(json, "next"), e->next, e->n_next);
	check_links(k, "refs", member(json, "refs"), e->refs, e->n_refs);
	if (kat_has(json, "signed_bytes_utf8")) {
		entry_signed_bytes(out, e);
		kat_text(k, "signed bytes",
		    kat_str(k, json, "signed_bytes_utf8"), buffer_all(out));
		buffer_clear(out);
	}
	entry_to_json(out, e, cid);
	kat_text(k, "head JSON", kat_str(k, json, "head_json"),
	    buffer_all(out));
	kat_number(k, "read from JSON", 0, (uint64_t)entry_from_json(&back,
	    &hash, kat_str(k, json, "head_json")));
	kat_bytes(k, "hash", cid_slice(cid), cid_slice(&hash));
	entry_free(&back);
}

/* Checked, and made again by us from its parts. */
static void
check_entry(struct kat * k, const cJSON * json, struct slice address,
    const struct log_identity * identity)
{
	struct buffer * made = kat_buffer(k);
	struct buffer * block = kat_buffer(k);
	struct entry e = {0};
	struct cid cid, again;

	kat_number(k, "JSON reads", 0, (uint64_t)entry_from_json(&e, &cid,
	    kat_str(k, json, "head_json")));
	entry_encode(block, &e);
	if (kat_has(json, "cbor"))
		kat_expect(k, json, "cbor", buffer_all(block));
	kat_number(k, "check", 0, (uint64_t)entry_check(identity, address,
	    &cid, buffer_all(block)));
	check_forms(k, json, &e, &cid);
	if (identity->can_sign) {
		kat_number(k, "made", 0, (uint64_t)entry_make(made, &again,
		    identity, address, e.time, e.next, e.n_next, e.refs,
		    e.n_refs, e.payload));
		kat_bytes(k, "block made", buffer_all(block),
		    buffer_all(made));
	}
	entry_free(&e);
}

/*
 * Who signed entries: the key they name.  When an address.json beside them
 * gives the secret of that key, entries are also made again.
 */
static void
identity_of(struct kat * k, struct slice key, struct log_identity * identity)
{
	cJSON * addresses = kat_sibling(k, "address.json");
	struct log_identity signer;
	struct buffer seed = {0};

	memset(identity, 0, sizeof(*identity));
	if (key.n == sizeof(identity->key))
		log_identity_from_public(identity, key.p + 4);
	else
		kat_fail(k, "the key has %zu bytes", key.n);
	if (hex_decode(&seed, slice_text(cJSON_GetStringValue(member(
	    member(addresses, "group"), "secret")))) == 0 &&
	    seed.n == SEED_SIZE) {
		log_identity_from_seed(&signer, seed.p);
		if (memcmp(signer.pub, identity->pub, sizeof(signer.pub)) == 0)
			*identity = signer;
	}
	buffer_free(&seed);
	cJSON_Delete(addresses);
}

static void
check_identity(struct kat * k, const cJSON * json,
    const struct log_identity * identity)
{
	struct slice sig = kat_hex(k, json, "signatures_id");

	kat_text(k, "identity id", kat_str(k, json, "id"),
	    slice_text(identity->id));
	kat_expect(k, json, "public_key", BYTES(identity->key));
	kat_true(k, "the id is signed", sig.n == SIGNATURE_SIZE &&
	    ed25519_verify(sig.p, identity->pub,
	        slice_text(identity->id)) == 0);
	if (identity->can_sign)
		kat_bytes(k, "signatures_id", sig, BYTES(identity->id_sig));
}

/* The identity of the whole file. */
static void
check_named_identity(struct kat * k, const cJSON * root)
{
	const cJSON * named = member(root, "identity");
	struct log_identity identity;

	identity_of(k, kat_hex(k, named, "public_key"), &identity);
	check_identity(k, named, &identity);
}

static void
read_entries(struct kat * k, const cJSON * root)
{
	const char * key = kat_has(root, "log_id") ? "log_id" : "address";
	struct log_identity identity;
	const cJSON * entry;
	unsigned i = 0;

	if (kat_has(root, "identity")) {
		kat_begin(k, "identity");
		check_named_identity(k, root);
		kat_end(k);
	}
	cJSON_ArrayForEach(entry, member(root, "entries")) {
		kat_begin(k, "entry %u", i++);
		identity_of(k, kat_hex(k, entry, "key"), &identity);
		check_entry(k, entry, kat_str(k, root, key), &identity);
		kat_end(k);
	}
}

static void
read_join(struct kat * k, const cJSON * root)
{
	const cJSON * merge = member(root, "merge_entry");
	const cJSON * heads = member(root, "jb_heads");
	int n = cJSON_GetArraySize(heads), i;
	struct log_identity identity;
	struct entry e = {0};
	struct cid cid;

	kat_begin(k, "merge entry");
	identity_of(k, kat_hex(k, merge, "key"), &identity);
	if (entry_from_json(&e, &cid, kat_str(k, merge, "head_json")) != 0)
		kat_fail(k, "the head does not read");
	check_entry(k, merge, e.id, &identity);
	/* The heads before it, later last. */
	kat_number(k, "parents", (uint64_t)n, e.n_next);
	for (i = 0; i < n && (size_t)i < e.n_next; i++)
		kat_text(k, "parent", slice_text(cJSON_GetStringValue(
		    cJSON_GetArrayItem(heads, n - 1 - i))),
		    text_of(k, &e.next[i]));
	entry_free(&e);
	kat_end(k);
}

/*
 * refs_skiplist.json names entries by index; the log's own choice is tested in
 * tests/log.  Here: what a linear log must name, from the rule alone.
 */
static void
check_skips(struct kat * k, const cJSON * entry, unsigned i)
{
	const cJSON * refs = member(entry, "refs");
	unsigned expected[8], n = 0, power, j;

	for (power = 2; power <= 64 && power <= i; power *= 2)
		expected[n++] = i - power;
	if (i >= 2 && i < 64 && (n == 0 || expected[n - 1] != 0))
		expected[n++] = 0;
	kat_number(k, "refs", n, (uint64_t)cJSON_GetArraySize(refs));
	for (j = 0; j < n; j++)
		kat_number(k, "ref", expected[j], (uint64_t)cJSON_GetNumberValue(
		    cJSON_GetArrayItem(refs, (int)j)));
	kat_number(k, "next", i > 0, (uint64_t)cJSON_GetArraySize(member(entry,
	    "next")));
}

static void
read_skips(struct kat * k, const cJSON * root)
{
	const cJSON * entry;
	unsigned i = 0;

	cJSON_ArrayForEach(entry, member(root, "entries")) {
		kat_begin(k, "references of entry %u", i);
		check_skips(k, entry, i++);
		kat_end(k);
	}
}

/* --- the link encryption that nobody uses -------------------------------- */

static void
append_cids(struct buffer * out, const cJSON * array)
{
	const cJSON * item;
	struct cid cid;

	cbor_array(out, (uint64_t)cJSON_GetArraySize(array));
	cJSON_ArrayForEach(item, array) {
		cid.n = 0;
		(void)cid_decode(&cid, slice_text(cJSON_GetStringValue(item)));
		cbor_link(out, &cid);
	}
}

static void
append_empty(struct buffer * out, const char * key)
{
	cbor_text(out, slice_text(key));
	cbor_text(out, slice_of(NULL, 0));
}

static void
append_null(struct buffer * out, const char * key)
{
	cbor_text(out, slice_text(key));
	cbor_null(out);
}

/* The links in an otherwise empty entry. */
static void
append_links_plain(struct buffer * out, const cJSON * entry)
{
	cbor_map(out, 10);
	cbor_text(out, slice_text("v"));
	cbor_uint(out, 0);
	append_empty(out, "id");
	append_empty(out, "key");
	append_empty(out, "sig");
	append_null(out, "hash");
	cbor_text(out, slice_text("next"));
	append_cids(out, member(entry, "next"));
	cbor_text(out, slice_text("refs"));
	append_cids(out, member(entry, "refs"));
	append_null(out, "clock");
	append_empty(out, "payload");
	append_null(out, "identity");
}

/* What Go hashes for the nonce when it signs: the key is still empty. */
static void
append_nonce_input(struct kat * k, struct buffer * out, const cJSON * entry)
{
	const cJSON * item;

	cJSON_ArrayForEach(item, member(entry, "next"))
		buffer_printf(out, "-%s", cJSON_GetStringValue(item));
	buffer_text(out, ",,");
	buffer_slice(out, kat_hex(k, entry, "payload"));
	buffer_byte(out, ',');
	buffer_slice(out, kat_hex(k, entry, "clock_id"));
	buffer_printf(out, ",%llu,",
	    (unsigned long long)kat_dec(k, entry, "clock_time"));
	buffer_slice(out, kat_str(k, entry, "log_id"));
	buffer_text(out, ",2");
}

static struct cid *
links_of(struct kat * k, const cJSON * array, size_t * n)
{
	struct buffer * held = kat_buffer(k);
	const cJSON * item;
	struct cid cid;

	*n = 0;
	cJSON_ArrayForEach(item, array) {
		memset(&cid, 0, sizeof(cid));
		kat_number(k, "link", 0, (uint64_t)cid_decode(&cid,
		    slice_text(cJSON_GetStringValue(item))));
		buffer_append(held, &cid, sizeof(cid));
		(*n)++;
	}
	return ((struct cid *)(void *)held->p);
}

/* The parts that the file spells out. */
static void
entry_of(struct kat * k, const cJSON * json, struct entry * e,
    const struct log_identity * identity)
{
	memset(e, 0, sizeof(*e));
	e->id = kat_str(k, json, "log_id");
	e->key = kat_hex(k, json, "key");
	e->sig = kat_hex(k, json, "sig");
	e->clock_id = kat_hex(k, json, "clock_id");
	e->time = kat_dec(k, json, "clock_time");
	e->payload = kat_hex(k, json, "payload");
	e->identity_id = slice_text(identity->id);
	e->identity_type = slice_text("betry_group_entry");
	e->identity_key = BYTES(identity->key);
	e->next = links_of(k, member(json, "next"), &e->n_next);
	e->refs = links_of(k, member(json, "refs"), &e->n_refs);
}

/* Ours with what is encrypted put in first place. */
static void
check_encrypted_sig(struct kat * k, const cJSON * json, const struct entry * e,
    const struct log_identity * identity)
{
	const cJSON * data = member(json, "additional_data");
	struct buffer * usual = kat_buffer(k);
	struct buffer * text = kat_buffer(k);
	uint8_t sig[SIGNATURE_SIZE];

	entry_signed_bytes(usual, e);
	buffer_printf(text, "{\"additional_data\":{\"encrypted_links\":\"%s\","
	    "\"encrypted_links_nonce\":\"%s\"},",
	    cJSON_GetStringValue(member(data, "encrypted_links")),
	    cJSON_GetStringValue(member(data, "encrypted_links_nonce")));
	if (usual->n > 0)
		buffer_append(text, usual->p + 1, usual->n - 1);
	if (kat_has(json, "signed_bytes_utf8"))
		kat_text(k, "signed bytes",
		    kat_str(k, json, "signed_bytes_utf8"), buffer_all(text));
	kat_true(k, "signature", e->sig.n == SIGNATURE_SIZE &&
	    ed25519_verify(e->sig.p, identity->pub, buffer_all(text)) == 0);
	if (identity->can_sign) {
		ed25519_sign(sig, &identity->signer, buffer_all(text));
		kat_bytes(k, "sig", e->sig, BYTES(sig));
	}
}

/* The block hides the links, the JSON of a head does not. */
static void
check_encrypted_forms(struct kat * k, const cJSON * json, struct entry * e)
{
	const cJSON * data = member(json, "additional_data");
	struct buffer * usual = kat_buffer(k);
	struct buffer * block = kat_buffer(k);
	struct buffer * head = kat_buffer(k);
	struct entry hidden = *e;
	struct cid cid;

	hidden.n_next = hidden.n_refs = 0;
	entry_encode(usual, &hidden);
	cbor_map(block, 12);
	if (usual->n > 0)
		buffer_append(block, usual->p + 1, usual->n - 1);
	cbor_text(block, slice_text("enc_links"));
	cbor_text(block, kat_str(k, data, "encrypted_links"));
	cbor_text(block, slice_text("enc_links_nonce"));
	cbor_text(block, kat_str(k, data, "encrypted_links_nonce"));
	kat_expect(k, json, "cbor", buffer_all(block));
	cid_of(&cid, CID_DAG_CBOR, buffer_all(block));
	kat_expect(k, json, "cid_bytes", cid_slice(&cid));
	kat_text(k, "cid", kat_str(k, json, "cid"), text_of(k, &cid));
	entry_to_json(head, e, &cid);
	if (kat_has(json, "head_json"))
		kat_text(k, "head JSON", kat_str(k, json, "head_json"),
		    buffer_all(head));
}

static void
check_encrypted_entry(struct kat * k, const cJSON * root, const cJSON * json,
    const struct log_identity * identity)
{
	struct slice id_sig = kat_hex(k, member(root, "identity"),
	    "signatures_id");
	struct entry e;

	entry_of(k, json, &e, identity);
	e.identity_sig_id = id_sig;
	kat_bytes(k, "key", BYTES(identity->key), e.key);
	kat_bytes(k, "clock id", BYTES(identity->key), e.clock_id);
	check_encrypted_sig(k, json, &e, identity);
	check_encrypted_forms(k, json, &e);
}

static void
check_encrypted(struct kat * k, const cJSON * root, const cJSON * entry,
    const uint8_t key[32])
{
	const cJSON * data = member(entry, "additional_data");
	struct log_identity identity;
	struct buffer * plain = kat_buffer(k);
	struct buffer * input = kat_buffer(k);
	struct buffer * sealed = kat_buffer(k);
	struct entry e;
	uint8_t hash[SHA256_SIZE];

	append_nonce_input(k, input, entry);
	kat_expect(k, entry, "nonce_input", buffer_all(input));
	identity_of(k, kat_hex(k, entry, "key"), &identity);
	if (!kat_has(data, "encrypted_links")) {
		check_entry(k, entry, kat_str(k, root, "log_id"), &identity);
		return;
	}
	check_encrypted_entry(k, root, entry, &identity);
	append_links_plain(plain, entry);
	kat_expect(k, entry, "links_plain_cbor", buffer_all(plain));
	sha3_256(hash, buffer_all(input));
	kat_bytes(k, "nonce", kat_base64(k, data, "encrypted_links_nonce"),
	    slice_of(hash, NONCE_SIZE));
	secretbox_seal(sealed, key, hash, buffer_all(plain));
	kat_bytes(k, "encrypted links", kat_base64(k, data, "encrypted_links"),
	    buffer_all(sealed));
	kat_true(k, "verifies in Go",
	    !kat_bool(k, entry, "entry_verify_ok"));
	kat_true(k, "is refused",
	    entry_decode(&e, kat_hex(k, entry, "cbor")) < 0);
}

static void
read_encrypted(struct kat * k, const cJSON * root)
{
	const cJSON * entry;
	unsigned i = 0;

	cJSON_ArrayForEach(entry, member(root, "entries")) {
		kat_begin(k, "entry with encrypted links %u", i++);
		if (i == 1 && kat_has(root, "identity"))
			check_named_identity(k, root);
		check_encrypted(k, root, entry,
		    kat_sized(k, root, "link_key", KEY_SIZE));
		kat_end(k);
	}
}

/* --- addresses and identities -------------------------------------------- */

static void
check_points(struct kat * k, const cJSON * store, struct slice address,
    struct slice link_key)
{
	const cJSON * point;
	uint8_t made[32];

	cJSON_ArrayForEach(point, member(store, "rotation_points")) {
		rotation_point(made, address, link_key,
		    kat_dec(k, point, "rounded_unix"));
		kat_expect(k, point, "raw_rotation", BYTES(made));
		if (kat_has(point, "rotation_topic_wesh_base64"))
			kat_bytes(k, "topic", kat_base64(k, point,
			    "rotation_topic_wesh_base64"), BYTES(made));
	}
}

static void
expect_if(struct kat * k, const cJSON * object, const char * key,
    struct slice actual)
{
	if (kat_has(object, key))
		kat_expect(k, object, key, actual);
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
	expect_if(k, json, "public_key", BYTES(key.pub));
	group_signing_pub(sign_pub, &g);
	group_link_key(link_key, &g);
	public_key_from_ed25519(sign_key, sign_pub);
	expect_if(k, json, "public_key", BYTES(g.pk));
	expect_if(k, json, "group_id", BYTES(g.pk));
	expect_if(k, json, "secret_sig", BYTES(g.secret_sig));
	expect_if(k, json, "link_key_sig", BYTES(g.link_key_sig));
	expect_if(k, json, "link_key", BYTES(link_key));
	expect_if(k, json, "signing_pub_raw", BYTES(sign_pub));
	expect_if(k, json, "signing_pub_protobuf", BYTES(sign_key));
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
	    cJSON_GetStringValue(member(store, "store_type")));
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
	    cJSON_GetStringValue(member(store, "store_type")), access,
	    &access_cid, manifest, &manifest_cid);
	kat_text(k, "access", kat_str(k, store, "ac_json"),
	    buffer_all(access));
	kat_text(k, "access CID", kat_str(k, store, "ac_cid"),
	    text_of(k, &access_cid));
	kat_expect(k, store, "manifest_cbor", buffer_all(manifest));
	kat_text(k, "manifest CID", kat_str(k, store, "manifest_cid"),
	    text_of(k, &manifest_cid));
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

	cJSON_ArrayForEach(store, member(root, "stores")) {
		kat_begin(k, "address for %s",
		    cJSON_GetStringValue(member(store, "store_type")));
		check_group(k, member(root, "group"));
		check_store(k, member(root, "group"), store);
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
	const cJSON * type = member(v->inputs, "store_type_str");
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
	kat_expect(k, v->outputs, "cid_str", text_of(k, &cid));
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

/* --- heads messages ------------------------------------------------------ */

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
	expect_if(k, form, "sealed_box", sealed);
	if (sealed.n >= NONCE_SIZE)
		kat_number(k, "box opens", 0, (uint64_t)secretbox_open(box,
		    link_key, sealed.p, slice_of(sealed.p + NONCE_SIZE,
		        sealed.n - NONCE_SIZE)));
	expect_if(k, form, "box_protobuf", buffer_all(box));
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

	cJSON_ArrayForEach(message, member(root, "messages")) {
		kat_begin(k, "captured heads");
		key = kat_sized(k, root, "link_key", 32);
		topic = kat_str(k, root, "topic");
		protocol = cJSON_GetStringValue(member(message, "protocol"));
		if (protocol != NULL && strstr(protocol, "direct-channel"))
			(void)count_heads(k, kat_hex(k, message, "protobuf"),
			    key, topic);
		if (protocol != NULL && strstr(protocol, "direct-channel"))
			check_captured(k, root,
			    kat_hex(k, message, "protobuf"), &rotation);
		cJSON_ArrayForEach(published, member(message, "publish"))
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

	cJSON_ArrayForEach(item, member(root, "entries_oldest_first")) {
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

const struct kat_check kat_entries_checks[] = {
    {NULL, NULL, "access controller address *", check_access},
    {NULL, NULL, "log identity", check_log_identity},
    {NULL, "*message_marshaler.go:*", NULL, check_heads},
    {NULL, NULL, NULL, NULL},
};

const struct kat_reader kat_entries_readers[] = {
    {"address", read_addresses},
    {"entries_plain", read_entries},
    {"entries_enclinks", read_encrypted},
    {"refs_skiplist", read_skips},
    {"join", read_join},
    {"store_real", read_entries},
    {"heads_message", read_heads},
    {"live_capture", read_capture},
    {"live_fetch", read_fetch},
    {NULL, NULL},
};
