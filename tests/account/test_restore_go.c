/*
 * What the Go implementation wrote (misc.json: keys as it archives them;
 * store_real.json: entries of a real node) is restored from its archive's form.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "account/account_fixture.h"

#include "account/archive.h"
#include "account/export.h"
#include "account/restore.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "log/log.h"

static cJSON *
read_json(const char * path)
{
	static char text[4 << 20];
	FILE * file = fopen(path, "re");
	cJSON * json;
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	(void)fclose(file);
	json = cJSON_Parse(text);
	assert_non_null(json);
	return (json);
}

static void
hex_of(const cJSON * object, const char * member, struct buffer * out)
{
	const char * text = cJSON_GetStringValue(
	    cJSON_GetObjectItem(object, member));

	assert_non_null(text);
	assert_int_equal(hex_decode(out, slice_text(text)), 0);
}

/* The archive that Go made, without its heads, which are of no entries. */
static void
keys_of_go(struct buffer * out)
{
	cJSON * json = read_json("vectors/wesh/misc.json");
	const cJSON * vector;
	struct buffer tar = {0};

	cJSON_ArrayForEach(vector, cJSON_GetObjectItem(json, "vectors"))
		if (strstr(cJSON_GetStringValue(cJSON_GetObjectItem(vector,
		    "name")), "export tar") != NULL)
			hex_of(cJSON_GetObjectItem(vector, "outputs"), "tar",
			    &tar);
	assert_true(tar.n > 4 * ARCHIVE_BLOCK);
	buffer_append(out, tar.p, 4 * ARCHIVE_BLOCK);
	buffer_free(&tar);
	cJSON_Delete(json);
}

static void
add_entry(struct buffer * tar, struct slice block, struct cid * cid)
{
	struct buffer name = {0};

	cid_of(cid, CID_DAG_CBOR, block);
	buffer_text(&name, EXPORT_ENTRIES);
	cid_encode(&name, cid);
	assert_int_equal(archive_add(tar, buffer_all(&name), block), 0);
	buffer_free(&name);
}

static void
add_heads(struct buffer * tar, const uint8_t pk[32],
    const uint8_t sign_pub[32], const struct cid * head)
{
	Berty__Protocol__V1__GroupHeadsExport heads =
	    BERTY__PROTOCOL__V1__GROUP_HEADS_EXPORT__INIT;
	ProtobufCBinaryData list = protobuf_bytes(cid_slice(head));
	struct buffer name = {0}, file = {0};

	heads.public_key = protobuf_bytes(slice_of(pk, 32));
	heads.sign_pub = protobuf_bytes(slice_of(sign_pub, 32));
	heads.n_messages_heads_cids = 1;
	heads.messages_heads_cids = &list;
	protobuf_encode(&file, &heads);
	buffer_text(&name, EXPORT_HEADS);
	base64url_encode(&name, slice_of(pk, 32));
	assert_int_equal(archive_add(tar, buffer_all(&name),
	    buffer_all(&file)), 0);
	buffer_free(&name);
	buffer_free(&file);
}

/* The group's key is in the name of its log. */
static void
group_of(const struct entry * e, uint8_t pk[32])
{
	const uint8_t * last = memchr(e->id.p + 10, '/', e->id.n - 10);
	struct buffer key = {0};

	assert_non_null(last);
	assert_int_equal(hex_decode(&key, slice_of(last + 1, 64)), 0);
	memcpy(pk, key.p, 32);
	buffer_free(&key);
}

/* All entries of Go, and the newest one as head. */
static void
entries_of_go(struct buffer * tar, size_t * n)
{
	cJSON * json = read_json("vectors/log/store_real.json");
	const cJSON * item;
	uint8_t pk[32], sign_pub[32];
	uint64_t newest = 0;
	struct cid head = {0};

	*n = 0;
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "entries")) {
		struct buffer block = {0};
		struct entry e = {0};
		struct cid cid;

		hex_of(item, "cbor", &block);
		assert_int_equal(entry_decode(&e, buffer_all(&block)), 0);
		add_entry(tar, buffer_all(&block), &cid);
		group_of(&e, pk);
		memcpy(sign_pub, e.key.p + 4, 32);
		if (e.time > newest) {
			newest = e.time;
			head = cid;
		}
		(*n)++;
		entry_free(&e);
		buffer_free(&block);
	}
	assert_true(*n > 0);
	add_heads(tar, pk, sign_pub, &head);
	cJSON_Delete(json);
}

static void
what_go_wrote_is_restored(void ** state)
{
	const struct store_config store = {0};
	struct network_list networks = {0};
	struct restore_config config = {.networks = &networks};
	const struct network * network;
	struct restore_progress at;
	struct sim * sim = sim_new(3);
	struct buffer tar = {0};
	struct restore * r;
	struct error err = {0};
	size_t n;

	(void)state;
	keys_of_go(&tar);
	entries_of_go(&tar, &n);
	archive_end(&tar);
	network_list_add(&networks, network_get(NETWORK_WESH));
	config.context.world = sim_node(sim);
	config.context.secrets = secret_arena_new();
	assert_int_equal(store_open(config.context.world, &store,
	    &config.context.store, NULL), 0);
	assert_int_equal(restore_new(&config, &r, &err), 0);
	assert_int_equal(store_begin(config.context.store), 0);
	if (restore_read(r, buffer_all(&tar), &err) != 0 ||
	    restore_finish(r, &network, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(store_commit(config.context.store, NULL), 0);
	restore_progress(r, &at);
	assert_int_equal(at.entries, n);
	assert_int_equal(at.groups, 1);
	assert_int_equal(network->id, NETWORK_WESH);
	restore_free(r);
	store_close(config.context.store);
	secret_arena_free(config.context.secrets);
	sim_free(sim);
	buffer_free(&tar);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_go_wrote_is_restored),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
