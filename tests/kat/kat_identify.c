/*
 * What peers say of themselves: log/identify.json, and the signed peer records
 * of log/peerid.json.
 */
#include <string.h>

#include "base/reader.h"
#include "codec/multiaddr.h"
#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "kat.h"
#include "p2p/frame.h"
#include "p2p/identify.h"
#include "p2p/peer_record.h"

static int
merge(void * user, struct slice frame)
{
	return (identify_merge(user, frame));
}

static void
check_addresses(struct kat * k, const cJSON * expected, struct slice list)
{
	struct reader r = reader_of(list);
	const cJSON * text;

	cJSON_ArrayForEach(text, expected) {
		struct buffer * shown = kat_buffer(k);

		kat_number(k, "multiaddr", 0, (uint64_t)multiaddr_encode(shown,
		    reader_prefixed(&r, r.n)));
		kat_text(k, "address", slice_text(text->valuestring),
		    buffer_all(shown));
	}
	kat_true(k, "no more addresses", reader_done(&r));
}

static void
check_protocols(struct kat * k, const cJSON * expected,
    const struct identify * id)
{
	const struct buffer * names = &id->protocols;
	const char * name = (const char *)names->p;
	const cJSON * text;

	kat_number(k, "protocols", (uint64_t)cJSON_GetArraySize(expected),
	    id->n_protocols);
	cJSON_ArrayForEach(text, expected) {
		if (name >= (const char *)names->p + names->n)
			return;
		kat_text(k, "protocol", slice_text(text->valuestring),
		    slice_text(name));
		name += strlen(name) + 1;
	}
}

/* The same names, in whatever order the muxer keeps them. */
static void
check_handlers(struct kat * k, const cJSON * list, const struct identify * id)
{
	const cJSON * text;

	cJSON_ArrayForEach(text, list) {
		const char * name = (const char *)id->protocols.p;
		unsigned i, same = 0;

		for (i = 0; i < id->n_protocols; i++) {
			same += slice_equal(slice_text(name),
			    slice_text(cJSON_GetStringValue(text)));
			name += strlen(name) + 1;
		}
		kat_number(k, "handled protocol", 1, same);
	}
	kat_number(k, "handled protocols",
	    (uint64_t)cJSON_GetArraySize(list), id->n_protocols);
}

/* Who it is: the peer of the key, who also signed the record. */
static void
check_who(struct kat * k, const cJSON * root, const struct identify * id,
    const struct peer_record * record)
{
	struct buffer * name = kat_buffer(k);
	struct peer_id peer;

	peer_id_from_public_key(&peer, buffer_all(&id->public_key));
	kat_bytes(k, "the record's peer", peer_id_slice(&peer),
	    peer_id_slice(&record->peer));
	peer_id_encode(name, &peer);
	if (kat_has(root, "peer_id"))
		kat_text(k, "peer_id", kat_str(k, root, "peer_id"),
		    buffer_all(name));
	if (kat_has(root, "protocol_version"))
		kat_text(k, "version", kat_str(k, root, "protocol_version"),
		    buffer_all(&id->version));
	if (kat_has(root, "mux_protocols"))
		check_handlers(k, kat_array(k, root, "mux_protocols"), id);
}

static void
check_identify(struct kat * k, const cJSON * root, const struct identify * id,
    struct slice wire)
{
	struct buffer * again = kat_buffer(k);
	struct buffer * observed = kat_buffer(k);
	struct peer_record record = {0};

	kat_expect(k, root, "public_key", buffer_all(&id->public_key));
	kat_expect(k, root, "signed_peer_record", buffer_all(&id->record));
	kat_text(k, "agent", kat_str(k, root, "agent_version"),
	    buffer_all(&id->agent));
	(void)multiaddr_encode(observed, buffer_all(&id->observed));
	kat_text(k, "observed", kat_str(k, root, "observed_addr"),
	    buffer_all(observed));
	check_addresses(k, kat_array(k, root, "listen_addrs"),
	    buffer_all(&id->addresses));
	check_protocols(k, kat_array(k, root, "protocols"), id);
	kat_number(k, "record", 0, (uint64_t)peer_record_open(&record,
	    buffer_all(&id->record)));
	check_addresses(k, kat_array(k, root, "listen_addrs"),
	    buffer_all(&record.addresses));
	check_who(k, root, id, &record);
	peer_record_free(&record);
	/* Go writes the fields in an order of its own: sizes are equal. */
	identify_write(again, id);
	kat_number(k, "size written again", wire.n, again->n);
}

static void
read_identify(struct kat * k, const cJSON * root)
{
	const cJSON * frames, * frame;
	struct frame_reader reader = {.max = IDENTIFY_MAX};
	struct identify id = {0};
	struct buffer * wire;

	kat_begin(k, "message");
	wire = kat_buffer(k);
	frames = kat_array(k, root, "frames_on_wire");
	cJSON_ArrayForEach(frame, frames)
		buffer_slice(wire, kat_hex_item(k, frame));
	kat_number(k, "frames", 0, (uint64_t)frame_feed(&reader,
	    buffer_all(wire), merge, &id));
	check_identify(k, root, &id, buffer_all(wire));
	frame_free(&reader);
	identify_free(&id);
	kat_end(k);
}

/* --- signed peer records --- */

static void
check_record(struct kat * k, const cJSON * v)
{
	const cJSON * expected = kat_object(k, v, "signed_peer_record");
	struct slice envelope = kat_hex(k, expected, "envelope");
	struct buffer * sealed = kat_buffer(k);
	struct peer_record record = {0};
	struct ed25519_key key;

	kat_number(k, "opens", 0,
	    (uint64_t)peer_record_open(&record, envelope));
	kat_expect(k, v, "peer_id_bytes", peer_id_slice(&record.peer));
	kat_expect_number(k, expected, "seq", record.seq);
	check_addresses(k, kat_array(k, expected, "addrs"),
	    buffer_all(&record.addresses));
	ed25519_from_seed(&key, kat_sized(k, v, "seed", 32));
	peer_record_seal(sealed, &record, &key);
	kat_bytes(k, "sealed again", envelope, buffer_all(sealed));
	peer_record_free(&record);
}

static void
read_records(struct kat * k, const cJSON * root)
{
	const cJSON * v;
	unsigned n = 0;

	cJSON_ArrayForEach(v, kat_array(k, root, "vectors")) {
		if (!kat_has(v, "signed_peer_record"))
			continue;
		kat_begin(k, "peer record %u", n++);
		check_record(k, v);
		kat_end(k);
	}
}

const struct kat_reader kat_identify_readers[] = {
    {"identify", read_identify},
    {"peerid", read_records},
    {0},
};
