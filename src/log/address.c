#include "log/address.h"

#include "codec/cbor.h"
#include "codec/multibase.h"

/* The access map of a group's log, keys in byte order. */
static void
append_access(struct buffer * out, struct slice group_id,
    const uint8_t sign_pub[32], const char * store_type)
{
	buffer_text(out, "{\"group_id\":[\"");
	buffer_slice(out, group_id);
	buffer_text(out, "\"],\"store_type\":[\"");
	buffer_text(out, store_type);
	buffer_text(out, "\"],\"write\":[\"");
	hex_encode(out, slice_of(sign_pub, 32));
	buffer_text(out, "\"]}");
}

static void
append_manifest(struct buffer * out, struct slice name, const char * type,
    const struct cid * access)
{
	struct buffer path = {0};

	buffer_text(&path, "/ipfs/");
	cid_encode(&path, access);
	cbor_map(out, 3);
	cbor_text(out, slice_text("name"));
	cbor_text(out, name);
	cbor_text(out, slice_text("type"));
	cbor_text(out, slice_text(type));
	cbor_text(out, slice_text("access_controller"));
	cbor_text(out, buffer_all(&path));
	buffer_free(&path);
}

void
log_address(struct buffer * out, const uint8_t group_pk[32],
    const uint8_t sign_pub[32], const char * store_type,
    struct buffer * access_json, struct cid * access,
    struct buffer * manifest_block, struct cid * manifest)
{
	struct buffer json = {0}, block = {0}, name = {0};
	struct cid access_cid, manifest_cid;
	struct slice id;

	hex_encode(&name, slice_of(group_pk, 32));
	id = buffer_all(&name);
	append_access(&json, id, sign_pub, store_type);
	cid_of(&access_cid, CID_RAW, buffer_all(&json));
	buffer_byte(&name, '_');
	buffer_text(&name, store_type);
	append_manifest(&block, buffer_all(&name), store_type, &access_cid);
	cid_of(&manifest_cid, CID_DAG_CBOR, buffer_all(&block));

	buffer_text(out, "/orbitdb/");
	cid_encode(out, &manifest_cid);
	buffer_byte(out, '/');
	buffer_slice(out, buffer_all(&name));
	if (json.failed || block.failed || name.failed)
		out->failed = true;
	if (access_json != NULL)
		buffer_slice(access_json, buffer_all(&json));
	if (access != NULL)
		*access = access_cid;
	if (manifest_block != NULL)
		buffer_slice(manifest_block, buffer_all(&block));
	if (manifest != NULL)
		*manifest = manifest_cid;
	buffer_free(&json);
	buffer_free(&block);
	buffer_free(&name);
}
