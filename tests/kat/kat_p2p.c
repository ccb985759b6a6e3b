/*
 * What a connection begins with: log/noise.json, log/tls.json,
 * log/identify.json, and the signed peer records of log/peerid.json.
 */
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "base/reader.h"
#include "codec/multiaddr.h"
#include "codec/peer_id.h"
#include "kat.h"
#include "p2p/frame.h"
#include "p2p/identify.h"
#include "p2p/noise.h"
#include "p2p/peer_record.h"
#include "p2p/secure.h"

/* --- noise --- */

static struct noise *
make_end(struct kat * k, const cJSON * end, bool initiator)
{
	static const char * const muxers[] = {"/yamux/1.0.0", NULL};
	struct noise_config config = {.initiator = initiator,
	    .muxers = muxers};

	ed25519_from_seed(&config.identity,
	    kat_sized(k, end, "identity_seed", 32));
	memcpy(config.static_private,
	    kat_sized(k, end, "static_priv", 32), 32);
	memcpy(config.ephemeral_private,
	    kat_sized(k, end, "ephemeral_priv", 32), 32);
	return (noise_new(&config));
}

/* A message made here, without its length, is the one of the vector. */
static struct slice
check_message(struct kat * k, const cJSON * root, const char * key,
    const struct buffer * made)
{
	struct slice message = slice_of(NULL, 0);

	kat_true(k, "has a length", made->n >= 2);
	if (made->n >= 2)
		message = slice_of(made->p + 2, made->n - 2);
	kat_expect(k, root, key, message);
	return (message);
}

static void
check_transport(struct kat * k, const cJSON * root,
    const struct noise_keys * initiator, const struct noise_keys * responder)
{
	struct secure i, r;
	const cJSON * frame;

	secure_start(&i, initiator);
	secure_start(&r, responder);
	cJSON_ArrayForEach(frame, kat_array(k, root, "transport")) {
		struct slice dir = kat_str(k, frame, "dir");
		bool out = slice_equal(dir, slice_text("i->r"));
		struct buffer * wire = kat_buffer(k);
		struct buffer * plain = kat_buffer(k);
		struct slice in;

		secure_seal(out ? &i : &r, wire, kat_hex(k, frame, "plain"));
		(void)check_message(k, frame, "cipher", wire);
		in = buffer_all(wire);
		kat_number(k, "opens", 1,
		    (uint64_t)secure_open(out ? &r : &i, &in, plain));
		kat_expect(k, frame, "plain", buffer_all(plain));
	}
	secure_end(&i);
	secure_end(&r);
}

static void
read_noise(struct kat * k, const cJSON * root)
{
	struct noise_keys ki = {0}, kr = {0};
	struct noise * i, * r;
	struct buffer * b[4];
	struct slice m;
	size_t n;

	kat_begin(k, "handshake");
	for (n = 0; n < 4; n++)
		b[n] = kat_buffer(k);
	i = make_end(k, kat_object(k, root, "initiator"), true);
	r = make_end(k, kat_object(k, root, "responder"), false);
	noise_start(i, b[0]);
	m = check_message(k, root, "msg1", b[0]);
	kat_number(k, "first", 0, (uint64_t)noise_handshake(r, m, b[1]));
	m = check_message(k, root, "msg2", b[1]);
	kat_number(k, "second", 1, (uint64_t)noise_handshake(i, m, b[2]));
	m = check_message(k, root, "msg3", b[2]);
	kat_number(k, "third", 1, (uint64_t)noise_handshake(r, m, b[3]));
	kat_true(k, "muxer agreed", noise_muxer(i) != NULL &&
	    noise_muxer(r) != NULL);
	noise_keys(i, &ki);
	noise_keys(r, &kr);
	kat_expect(k, root, "handshake_hash", slice_of(ki.hash, 32));
	kat_expect(k, root, "handshake_hash", slice_of(kr.hash, 32));
	kat_expect(k, root, "key_initiator_to_responder",
	    slice_of(ki.send, 32));
	kat_expect(k, root, "key_responder_to_initiator",
	    slice_of(kr.send, 32));
	check_transport(k, root, &ki, &kr);
	noise_free(i);
	noise_free(r);
	kat_end(k);
}

/* --- tls --- */

/* SEQUENCE { OCTET STRING, OCTET STRING } with lengths below 128. */
static bool
split_extension(struct slice der, struct slice * key, struct slice * sig)
{
	struct reader r = reader_of(der), inside;

	if (reader_byte(&r) != 0x30)
		return (false);
	inside = reader_of(reader_prefixed(&r, 127));
	if (!reader_done(&r) || reader_byte(&inside) != 0x04)
		return (false);
	*key = reader_prefixed(&inside, 127);
	if (reader_byte(&inside) != 0x04)
		return (false);
	*sig = reader_prefixed(&inside, 127);
	return (reader_done(&inside));
}

static void
check_certificate(struct kat * k, const cJSON * root)
{
	struct slice der = kat_hex(k, root, "certificate_der");
	gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)der.p,
	    (unsigned)der.n};
	uint8_t value[512], spki[512];
	size_t n_value = sizeof(value), n_spki = sizeof(spki);
	char oid[64];
	size_t n_oid = sizeof(oid);
	unsigned critical = 1;
	gnutls_x509_crt_t crt;
	gnutls_pubkey_t key;

	(void)gnutls_x509_crt_init(&crt);
	(void)gnutls_pubkey_init(&key);
	kat_true(k, "certificate reads",
	    gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_extension_info(crt, 0, oid, &n_oid,
	        &critical) == 0 &&
	    gnutls_x509_crt_get_extension_data(crt, 0, value,
	        &n_value) == 0 &&
	    gnutls_pubkey_import_x509(key, crt, 0) == 0 &&
	    gnutls_pubkey_export(key, GNUTLS_X509_FMT_DER, spki,
	        &n_spki) == 0);
	kat_text(k, "extension_oid", kat_str(k, root, "extension_oid"),
	    slice_text(oid));
	kat_true(k, "criticality", (critical != 0) ==
	    kat_bool(k, root, "extension_critical"));
	kat_expect(k, root, "extension_value_der", slice_of(value, n_value));
	kat_expect(k, root, "cert_spki_der", slice_of(spki, n_spki));
	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
}

static void
read_tls(struct kat * k, const cJSON * root)
{
	struct slice key = {0}, sig = {0};
	struct public_key parsed = {0};
	struct buffer * text;
	struct peer_id id;
	struct buffer * name;

	kat_begin(k, "certificate");
	text = kat_buffer(k);
	name = kat_buffer(k);
	check_certificate(k, root);
	kat_true(k, "extension splits", split_extension(
	    kat_hex(k, root, "extension_value_der"), &key, &sig));
	buffer_text(text, "libp2p-tls-handshake:");
	buffer_slice(text, kat_hex(k, root, "cert_spki_der"));
	kat_expect(k, root, "signed_bytes", buffer_all(text));
	kat_number(k, "key", 0, (uint64_t)public_key_parse(&parsed, key));
	kat_number(k, "signature", 0, (uint64_t)public_key_verify(&parsed,
	    buffer_all(text), sig));
	peer_id_from_public_key(&id, key);
	peer_id_encode(name, &id);
	kat_text(k, "peer_id", kat_str(k, root, "peer_id"), buffer_all(name));
	kat_end(k);
}

/* --- identify --- */

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

const struct kat_reader kat_p2p_readers[] = {
    {"noise", read_noise},
    {"tls", read_tls},
    {"identify", read_identify},
    {"peerid", read_records},
    {0},
};
