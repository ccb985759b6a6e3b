/*
 * Entries of logs: log/entries_plain.json, refs_skiplist.json, join.json,
 * store_real.json.
 */
#include "codec/multibase.h"
#include "kat_entries.h"

static void
check_links(struct kat * k, const char * what, const cJSON * expected,
    const struct cid * links, size_t n)
{
	size_t i;

	kat_number(k, what, (uint64_t)cJSON_GetArraySize(expected), n);
	for (i = 0; i < n; i++)
		kat_text(k, what, slice_text(cJSON_GetStringValue(
		    cJSON_GetArrayItem(expected, (int)i))),
		    kat_cid_text(k, &links[i]));
}

/* Fields, encoded again, signed bytes, JSON, and back from JSON. */
static void
check_forms(struct kat * k, const cJSON * json, const struct entry * e,
    const struct cid * cid)
{
	struct buffer * out = kat_buffer(k);
	struct entry back = {0};
	struct cid hash;

	kat_text(k, "cid", kat_str(k, json, "cid"), kat_cid_text(k, cid));
	kat_expect(k, json, "cid_bytes", cid_slice(cid));
	kat_expect(k, json, "payload", e->payload);
	kat_expect(k, json, "key", e->key);
	kat_expect(k, json, "clock_id", e->clock_id);
	kat_expect(k, json, "sig", e->sig);
	kat_number(k, "time", kat_dec(k, json, "clock_time"), e->time);
	check_links(k, "next", kat_member(json, "next"), e->next, e->n_next);
	check_links(k, "refs", kat_member(json, "refs"), e->refs, e->n_refs);
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
void
kat_entry_check(struct kat * k, const cJSON * json, struct slice address,
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
void
kat_entry_signer(struct kat * k, struct slice key,
    struct log_identity * identity)
{
	cJSON * addresses = kat_sibling(k, "address.json");
	struct log_identity signer;
	struct buffer seed = {0};

	memset(identity, 0, sizeof(*identity));
	if (key.n == sizeof(identity->key))
		log_identity_from_public(identity, key.p + 4);
	else
		kat_fail(k, "the key has %zu bytes", key.n);
	if (hex_decode(&seed, slice_text(cJSON_GetStringValue(kat_member(
	    kat_member(addresses, "group"), "secret")))) == 0 &&
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
void
kat_entry_identity(struct kat * k, const cJSON * root)
{
	const cJSON * named = kat_member(root, "identity");
	struct log_identity identity;

	kat_entry_signer(k, kat_hex(k, named, "public_key"), &identity);
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
		kat_entry_identity(k, root);
		kat_end(k);
	}
	cJSON_ArrayForEach(entry, kat_member(root, "entries")) {
		kat_begin(k, "entry %u", i++);
		kat_entry_signer(k, kat_hex(k, entry, "key"), &identity);
		kat_entry_check(k, entry, kat_str(k, root, key), &identity);
		kat_end(k);
	}
}

static void
read_join(struct kat * k, const cJSON * root)
{
	const cJSON * merge = kat_member(root, "merge_entry");
	const cJSON * heads = kat_member(root, "jb_heads");
	int n = cJSON_GetArraySize(heads), i;
	struct log_identity identity;
	struct entry e = {0};
	struct cid cid;

	kat_begin(k, "merge entry");
	kat_entry_signer(k, kat_hex(k, merge, "key"), &identity);
	if (entry_from_json(&e, &cid, kat_str(k, merge, "head_json")) != 0)
		kat_fail(k, "the head does not read");
	kat_entry_check(k, merge, e.id, &identity);
	/* The heads before it, later last. */
	kat_number(k, "parents", (uint64_t)n, e.n_next);
	for (i = 0; i < n && (size_t)i < e.n_next; i++)
		kat_text(k, "parent", slice_text(cJSON_GetStringValue(
		    cJSON_GetArrayItem(heads, n - 1 - i))),
		    kat_cid_text(k, &e.next[i]));
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
	const cJSON * refs = kat_member(entry, "refs");
	unsigned expected[8], n = 0, power, j;

	for (power = 2; power <= 64 && power <= i; power *= 2)
		expected[n++] = i - power;
	if (i >= 2 && i < 64 && (n == 0 || expected[n - 1] != 0))
		expected[n++] = 0;
	kat_number(k, "refs", n, (uint64_t)cJSON_GetArraySize(refs));
	for (j = 0; j < n; j++)
		kat_number(k, "ref", expected[j], (uint64_t)cJSON_GetNumberValue(
		    cJSON_GetArrayItem(refs, (int)j)));
	kat_number(k, "next", i > 0,
	    (uint64_t)cJSON_GetArraySize(kat_member(entry, "next")));
}

static void
read_skips(struct kat * k, const cJSON * root)
{
	const cJSON * entry;
	unsigned i = 0;

	cJSON_ArrayForEach(entry, kat_member(root, "entries")) {
		kat_begin(k, "references of entry %u", i);
		check_skips(k, entry, i++);
		kat_end(k);
	}
}

const struct kat_reader kat_entries_readers[] = {
    {"entries_plain", read_entries},
    {"refs_skiplist", read_skips},
    {"join", read_join},
    {"store_real", read_entries},
    {0},
};
