/*
 * Entries with the link encryption that nobody uses: log/entries_enclinks.json.
 */
#include "codec/cbor.h"
#include "kat_entries.h"

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
	append_cids(out, kat_member(entry, "next"));
	cbor_text(out, slice_text("refs"));
	append_cids(out, kat_member(entry, "refs"));
	append_null(out, "clock");
	append_empty(out, "payload");
	append_null(out, "identity");
}

/* What Go hashes for the nonce when it signs: the key is still empty. */
static void
append_nonce_input(struct kat * k, struct buffer * out, const cJSON * entry)
{
	const cJSON * item;

	cJSON_ArrayForEach(item, kat_member(entry, "next"))
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
	e->next = links_of(k, kat_member(json, "next"), &e->n_next);
	e->refs = links_of(k, kat_member(json, "refs"), &e->n_refs);
}

/* Ours with what is encrypted put in first place. */
static void
check_encrypted_sig(struct kat * k, const cJSON * json, const struct entry * e,
    const struct log_identity * identity)
{
	const cJSON * data = kat_member(json, "additional_data");
	struct buffer * usual = kat_buffer(k);
	struct buffer * text = kat_buffer(k);
	uint8_t sig[SIGNATURE_SIZE];

	entry_signed_bytes(usual, e);
	buffer_printf(text, "{\"additional_data\":{\"encrypted_links\":\"%s\","
	    "\"encrypted_links_nonce\":\"%s\"},",
	    cJSON_GetStringValue(kat_member(data, "encrypted_links")),
	    cJSON_GetStringValue(kat_member(data, "encrypted_links_nonce")));
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
	const cJSON * data = kat_member(json, "additional_data");
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
	kat_text(k, "cid", kat_str(k, json, "cid"), kat_cid_text(k, &cid));
	entry_to_json(head, e, &cid);
	if (kat_has(json, "head_json"))
		kat_text(k, "head JSON", kat_str(k, json, "head_json"),
		    buffer_all(head));
}

static void
check_encrypted_entry(struct kat * k, const cJSON * root, const cJSON * json,
    const struct log_identity * identity)
{
	struct slice id_sig = kat_hex(k, kat_member(root, "identity"),
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
	const cJSON * data = kat_member(entry, "additional_data");
	struct log_identity identity;
	struct buffer * plain = kat_buffer(k);
	struct buffer * input = kat_buffer(k);
	struct buffer * sealed = kat_buffer(k);
	struct entry e;
	uint8_t hash[SHA256_SIZE];

	append_nonce_input(k, input, entry);
	kat_expect(k, entry, "nonce_input", buffer_all(input));
	kat_entry_signer(k, kat_hex(k, entry, "key"), &identity);
	if (!kat_has(data, "encrypted_links")) {
		kat_entry_check(k, entry, kat_str(k, root, "log_id"), &identity);
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

	cJSON_ArrayForEach(entry, kat_member(root, "entries")) {
		kat_begin(k, "entry with encrypted links %u", i++);
		if (i == 1 && kat_has(root, "identity"))
			kat_entry_identity(k, root);
		check_encrypted(k, root, entry,
		    kat_sized(k, root, "link_key", KEY_SIZE));
		kat_end(k);
	}
}

const struct kat_reader kat_encrypted_readers[] = {
    {"entries_enclinks", read_encrypted},
    {0},
};
