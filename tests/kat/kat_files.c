/* Attachments and the account's archive: attachments.json, misc.json. */
#include <stdio.h>

#include "account/archive.h"
#include "base/error.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "crypto/crypto.h"
#include "group/attachment.h"
#include "kat.h"

/* Byte i of every vector's file. */
static uint8_t
clear_byte(uint64_t i)
{
	return ((uint8_t)(i % 251));
}

/* Seal the block, open it again, and compare it with what is known of it: how
 * many of the listed blocks it is. */
static int
check_block(struct kat * k, const cJSON * blocks, const uint8_t key[32],
    uint64_t i, struct slice clear, struct buffer * sealed)
{
	struct buffer opened = {0};
	uint8_t digest[32];
	const cJSON * item;
	struct slice all;
	int listed = 0;

	attachment_seal_block(sealed, key, i, clear);
	all = buffer_all(sealed);
	if (attachment_open_block(&opened, key, i, all) != 0)
		kat_fail(k, "block %llu does not open", (unsigned long long)i);
	kat_bytes(k, "block opened", clear, buffer_all(&opened));
	buffer_free(&opened);
	cJSON_ArrayForEach(item, blocks) {
		if (kat_dec(k, item, "block_dec") != i)
			continue;
		listed++;
		sha256(digest, &all, 1);
		kat_expect(k, item, "first16",
		    slice_of(all.p, all.n < 16 ? all.n : 16));
		kat_expect(k, item, "sha256", BYTES(digest));
	}
	return (listed);
}

static void
check_attachment(struct kat * k, const struct kat_vector * v)
{
	const uint8_t * key = kat_sized(k, v->inputs, "key_seed", 32);
	uint64_t size = kat_dec(k, v->inputs, "plaintext_length_dec");
	struct buffer * whole = kat_buffer(k);
	struct buffer sealed = {0};
	const cJSON * out = v->outputs;
	const cJSON * blocks =
	    kat_member(out, "blocks");
	uint8_t clear[ATTACHMENT_CLEAR], digest[32];
	uint64_t at = 0, i;
	struct slice all;
	int listed = 0;
	size_t n;

	for (i = 0; at < size; i++, at += n) {
		for (n = 0; n < sizeof(clear) && at + n < size; n++)
			clear[n] = clear_byte(at + n);
		listed += check_block(k, blocks, key, i, slice_of(clear, n),
		    &sealed);
		buffer_slice(whole, buffer_all(&sealed));
		buffer_clear(&sealed);
	}
	buffer_free(&sealed);
	kat_number(k, "blocks met", (uint64_t)cJSON_GetArraySize(blocks),
	    (uint64_t)listed);
	all = buffer_all(whole);
	sha256(digest, &all, 1);
	kat_expect(k, out, "ciphertext_sha256", BYTES(digest));
	kat_expect_number(k, out, "ciphertext_length_dec", all.n);
	kat_number(k, "attachment_sealed_size", all.n,
	    attachment_sealed_size(size));
	if (kat_has(out, "ciphertext"))
		kat_expect(k, out, "ciphertext", all);
}

static void
check_nonce(struct kat * k, const struct kat_vector * v)
{
	uint8_t nonce[24];

	attachment_nonce(nonce, kat_dec(k, v->inputs, "block_dec"));
	kat_expect(k, v->outputs, "nonce", BYTES(nonce));
}

static void
check_secret(struct kat * k, const struct kat_vector * v)
{
	const uint8_t * key = kat_sized(k, v->inputs, "key_seed", 32);
	struct buffer * secret = kat_buffer(k);
	struct buffer * name = kat_buffer(k);
	enum attachment_cipher cipher = ATTACHMENT_LONG;
	uint8_t again[32] = {0};
	struct cid cid = {0};

	kat_true(k, "cid_parse",
	    cid_parse(&cid, kat_hex(k, v->inputs, "cid")) == 0);
	attachment_key_name(name, &cid);
	kat_expect(k, v->outputs, "keystore_name_str", buffer_all(name));
	attachment_secret_write(secret, ATTACHMENT_BERTY, key);
	kat_expect(k, v->outputs, "secret", buffer_all(secret));
	kat_true(k, "the secret can be read",
	    attachment_secret_parse(&cipher, again,
	        kat_hex(k, v->outputs, "secret")) == 0);
	kat_true(k, "the cipher is Berty's", cipher == ATTACHMENT_BERTY);
	kat_bytes(k, "key read", slice_of(key, 32), BYTES(again));
}

static void
check_cid(struct kat * k, const struct kat_vector * v)
{
	const uint8_t * nonce = kat_sized(k, v->inputs, "random", 24);
	struct buffer * sealed = kat_buffer(k);
	struct buffer * again = kat_buffer(k);
	struct slice cid = kat_hex(k, v->inputs, "cid");
	uint8_t key[32];

	hkdf_sha3_256(key, sizeof(key), kat_hex(k, v->inputs, "group_secret"),
	    slice_of(NULL, 0), slice_text("cid encryption v0"));
	kat_expect(k, v->outputs, "cid_key", BYTES(key));
	attachment_cid_seal(sealed, key, nonce, cid);
	kat_expect(k, v->outputs, "encrypted_cid", buffer_all(sealed));
	kat_true(k, "the CID opens",
	    attachment_cid_open(again, key,
	        kat_hex(k, v->outputs, "encrypted_cid")) == 0);
	kat_bytes(k, "CID opened", cid, buffer_all(again));
}

static void
add_key(struct kat * k, struct buffer * tar, const cJSON * in,
    const char * member, const char * name)
{
	uint8_t bytes[68];
	struct ed25519_key key;

	ed25519_from_seed(&key, kat_sized(k, in, member, 32));
	private_key_from_ed25519(bytes, key.seed, key.pub);
	kat_number(k, "archive_add", 0,
	    (uint64_t)-archive_add(tar, slice_text(name), BYTES(bytes)));
}

/* The head whose text the vector gives; kept in *cid. */
static ProtobufCBinaryData
head(struct kat * k, struct cid * cid, const cJSON * in, const char * member)
{
	kat_true(k, "the head is a CID",
	    cid_decode(cid, kat_str(k, in, member)) == 0);
	return (protobuf_bytes(cid_slice(cid)));
}

static void
add_heads(struct kat * k, struct buffer * tar, const cJSON * in)
{
	Berty__Protocol__V1__GroupHeadsExport heads =
	    BERTY__PROTOCOL__V1__GROUP_HEADS_EXPORT__INIT;
	struct slice bytes = kat_hex(k, in, "group");
	Berty__Protocol__V1__Group * group = protobuf_decode(
	    &berty__protocol__v1__group__descriptor, bytes,
	    protobuf_cap(bytes.n));
	struct buffer * name = kat_buffer(k);
	struct buffer * file = kat_buffer(k);
	ProtobufCBinaryData metadata, messages;
	struct cid cids[2] = {{0}, {0}};
	struct ed25519_key signing;
	struct slice pk, secret;
	uint8_t link_key[32];

	if (group == NULL || group->secret.len != 32) {
		kat_fail(k, "the group cannot be read");
		goto done;
	}
	pk = protobuf_slice(group->public_key);
	secret = protobuf_slice(group->secret);
	ed25519_from_seed(&signing, secret.p);
	hkdf_sha3_256(link_key, sizeof(link_key), secret, slice_of(NULL, 0),
	    pk);
	metadata = head(k, &cids[0], in, "metadata_head_str");
	messages = head(k, &cids[1], in, "messages_head_str");
	heads.public_key = protobuf_bytes(pk);
	heads.sign_pub = protobuf_bytes(BYTES(signing.pub));
	heads.n_metadata_heads_cids = heads.n_messages_heads_cids = 1;
	heads.metadata_heads_cids = &metadata;
	heads.messages_heads_cids = &messages;
	heads.link_key = protobuf_bytes(BYTES(link_key));
	protobuf_encode(file, &heads);
	buffer_text(name, "heads/");
	base64url_encode(name, pk);
	kat_number(k, "archive_add", 0,
	    (uint64_t)-archive_add(tar, buffer_all(name), buffer_all(file)));
done:
	protobuf_free(group);
}

/* The files that the vector lists, met one after the other. */
struct listed {
	struct kat * k;
	const cJSON * next;
};

static int
expect_file(void * user, const struct archive_file * file)
{
	struct listed * l = user;

	kat_expect(l->k, l->next, "name_str", file->name);
	kat_expect(l->k, l->next, "data", file->bytes);
	kat_expect_number(l->k, l->next, "mode_dec", 0600);
	l->next = l->next == NULL ? NULL : l->next->next;
	return (0);
}

static void
check_archive(struct kat * k, const struct kat_vector * v)
{
	struct slice expected = kat_hex(k, v->outputs, "tar");
	const cJSON * files = kat_array(k, v->outputs, "files");
	struct listed listed = {k, files == NULL ? NULL : files->child};
	struct archive_reader r = {.file = expect_file, .user = &listed,
	    .max = 65536};
	struct buffer * tar = kat_buffer(k);
	size_t i;

	add_key(k, tar, v->inputs, "account_seed", "account.key");
	add_key(k, tar, v->inputs, "account_proof_seed", "account_proof.key");
	add_heads(k, tar, v->inputs);
	archive_end(tar);
	kat_expect(k, v->outputs, "tar", buffer_all(tar));
	for (i = 0; i < expected.n; i += 100)
		if (archive_read(&r, slice_of(expected.p + i,
		        expected.n - i < 100 ? expected.n - i : 100)) != 0) {
			kat_fail(k, "the archive cannot be read");
			break;
		}
	kat_true(k, "the archive is whole", archive_finish(&r) == 0);
	kat_true(k, "every file was met", listed.next == NULL);
	archive_free(&r);
}

const struct kat_check kat_files_checks[] = {
    {NULL, NULL, "attachment of  bytes", check_attachment},
    {NULL, NULL, "block nonce *", check_nonce},
    {NULL, NULL, "attachment secret", check_secret},
    {NULL, NULL, "attachment cid encryption", check_cid},
    {NULL, NULL, "account export tar*", check_archive},
    {0},
};
