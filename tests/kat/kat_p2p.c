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
#include "codec/protobuf.h"
#include "kat.h"
#include "libp2p/noise.pb-c.h"
#include "p2p/frame.h"
#include "p2p/identify.h"
#include "p2p/noise.h"
#include "p2p/peer_record.h"
#include "p2p/secure.h"
#include "p2p/tls_certificate.h"

/* For what a file may leave out. */
static void
expect_if(struct kat * k, const cJSON * object, const char * key,
    struct slice actual)
{
	if (kat_has(object, key))
		kat_expect(k, object, key, actual);
}

/* --- noise --- */

enum { MUXERS = 8 };

typedef Libp2p__Noise__NoiseHandshakePayload payload_type;

/* What the end offers to multiplex by: only its payload says it. */
static void
read_muxers(struct kat * k, const cJSON * end, const char * names[MUXERS + 1])
{
	const char * key = "payload_with_muxer_extension";
	payload_type * payload;
	size_t i, n;

	names[0] = "/yamux/1.0.0";
	names[1] = NULL;
	if (!kat_has(end, key))
		return;
	payload = protobuf_decode(
	    &libp2p__noise__noise_handshake_payload__descriptor,
	    kat_hex(k, end, key), 65536);
	kat_true(k, "payload decodes",
	    payload != NULL && payload->extensions != NULL);
	if (payload == NULL || payload->extensions == NULL) {
		protobuf_free(payload);
		return;
	}
	n = payload->extensions->n_stream_muxers;
	for (i = 0; i < n && i < MUXERS; i++) {
		struct buffer * name = kat_buffer(k);

		buffer_text(name, payload->extensions->stream_muxers[i]);
		buffer_byte(name, 0);
		names[i] = (const char *)name->p;
	}
	names[i] = NULL;
	protobuf_free(payload);
}

static void
check_payload(struct kat * k, const cJSON * end, const char * name,
    payload_type * payload)
{
	struct buffer * made = kat_buffer(k);

	protobuf_encode(made, payload);
	expect_if(k, end, name, buffer_all(made));
}

/* The static key, signed by the identity; with and without muxers. */
static void
check_payloads(struct kat * k, const cJSON * end,
    const struct noise_config * config)
{
	payload_type payload =
	    LIBP2P__NOISE__NOISE_HANDSHAKE_PAYLOAD__INIT;
	Libp2p__Noise__NoiseExtensions list =
	    LIBP2P__NOISE__NOISE_EXTENSIONS__INIT;
	struct buffer * text = kat_buffer(k);
	uint8_t pub[32], key[36], sig[SIGNATURE_SIZE];

	x25519_base(pub, config->ephemeral_private);
	expect_if(k, end, "ephemeral_pub", slice_of(pub, sizeof(pub)));
	x25519_base(pub, config->static_private);
	expect_if(k, end, "static_pub", slice_of(pub, sizeof(pub)));
	buffer_text(text, "noise-libp2p-static-key:");
	buffer_append(text, pub, sizeof(pub));
	expect_if(k, end, "signed_bytes", buffer_all(text));
	ed25519_sign(sig, &config->identity, buffer_all(text));
	public_key_from_ed25519(key, config->identity.pub);
	payload.has_identity_key = payload.has_identity_sig = true;
	payload.identity_key = protobuf_bytes(slice_of(key, sizeof(key)));
	payload.identity_sig = protobuf_bytes(slice_of(sig, sizeof(sig)));
	check_payload(k, end, "payload_without_extension", &payload);
	list.stream_muxers = (char **)(uintptr_t)config->muxers;
	while (config->muxers[list.n_stream_muxers] != NULL)
		list.n_stream_muxers++;
	payload.extensions = &list;
	check_payload(k, end, "payload_with_muxer_extension", &payload);
}

/* muxers outlive the end. */
static struct noise *
make_end(struct kat * k, const cJSON * end, bool initiator,
    const char * muxers[MUXERS + 1])
{
	struct noise_config config = {.initiator = initiator,
	    .muxers = muxers};

	ed25519_from_seed(&config.identity,
	    kat_sized(k, end, "identity_seed", 32));
	memcpy(config.static_private,
	    kat_sized(k, end, "static_priv", 32), 32);
	memcpy(config.ephemeral_private,
	    kat_sized(k, end, "ephemeral_priv", 32), 32);
	read_muxers(k, end, muxers);
	check_payloads(k, end, &config);
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
	uint64_t sent[2] = {0};
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

		kat_true(k, "direction", out ||
		    slice_equal(dir, slice_text("r->i")));
		if (kat_has(frame, "nonce"))
			kat_expect_number(k, frame, "nonce", sent[out]);
		sent[out]++;
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
	const char *muxers_i[MUXERS + 1], *muxers_r[MUXERS + 1];
	struct noise_keys ki = {0}, kr = {0};
	struct noise * i, * r;
	struct buffer * b[4];
	struct slice m;
	size_t n;

	kat_begin(k, "handshake");
	for (n = 0; n < 4; n++)
		b[n] = kat_buffer(k);
	i = make_end(k, kat_object(k, root, "initiator"), true,
	    muxers_i);
	r = make_end(k, kat_object(k, root, "responder"), false,
	    muxers_r);
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

static gnutls_datum_t
datum(struct slice s)
{
	return ((gnutls_datum_t){(unsigned char *)(uintptr_t)s.p,
	    (unsigned)s.n});
}

/* The next DER element with its head, its value in `value`. */
static struct slice
element(struct reader * r, struct slice * value)
{
	const uint8_t * start = r->p;
	size_t n, i, bytes;

	(void)reader_byte(r);
	n = reader_byte(r);
	if (n >= 0x80) {
		bytes = n & 0x7f;
		for (n = 0, i = 0; i < bytes && i < 4; i++)
			n = n << 8 | reader_byte(r);
	}
	*value = reader_take(r, n);
	if (r->failed)
		return (slice_of(NULL, 0));
	return (slice_of(start, (size_t)(value->p + n - start)));
}

/* The certificate is signed by the key in it. */
static void
check_self_signed(struct kat * k, struct slice der, gnutls_pubkey_t key,
    gnutls_sign_algorithm_t by)
{
	struct reader r = reader_of(der);
	struct slice all, tbs, sig, ignored;
	gnutls_datum_t signed_bytes, sig_bytes;

	(void)element(&r, &all);
	kat_true(k, "nothing behind the certificate", reader_done(&r));
	r = reader_of(all);
	tbs = element(&r, &ignored);
	(void)element(&r, &ignored);
	(void)element(&r, &sig);
	kat_true(k, "three parts", reader_done(&r) && sig.n > 1);
	if (sig.n < 1)
		return;
	/* The first byte of a bit string counts its unused bits. */
	signed_bytes = datum(tbs);
	sig_bytes = datum(slice_of(sig.p + 1, sig.n - 1));
	kat_true(k, "the certificate's signature", gnutls_pubkey_verify_data2(
	    key, by, 0, &signed_bytes, &sig_bytes) >= 0);
}

/* The private key is that of the certificate. */
static void
check_cert_key(struct kat * k, const cJSON * root, gnutls_pubkey_t key,
    gnutls_sign_algorithm_t by)
{
	gnutls_datum_t bytes = datum(kat_hex(k, root, "cert_key_pkcs8"));
	gnutls_datum_t text = datum(slice_text("signed to compare keys"));
	gnutls_datum_t sig = {NULL, 0};
	gnutls_privkey_t private;
	gnutls_pubkey_t public;
	uint8_t spki[512] = {0};
	size_t n = sizeof(spki);
	bool reads;

	(void)gnutls_privkey_init(&private);
	(void)gnutls_pubkey_init(&public);
	reads = gnutls_privkey_import_x509_raw(private, &bytes,
	    GNUTLS_X509_FMT_DER, NULL, 0) == 0;
	kat_true(k, "the certificate's key reads", reads);
	if (reads) {
		kat_true(k, "its public key", gnutls_pubkey_import_privkey(
		    public, private, 0, 0) == 0 && gnutls_pubkey_export(public,
		        GNUTLS_X509_FMT_DER, spki, &n) == 0);
		kat_expect(k, root, "cert_spki_der", slice_of(spki, n));
		kat_true(k, "signs for the certificate",
		    gnutls_privkey_sign_data2(private, by, 0, &text,
		        &sig) == 0 &&
		    gnutls_pubkey_verify_data2(key, by, 0, &text, &sig) >= 0);
	}
	gnutls_free(sig.data);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
}

static void
check_certificate(struct kat * k, const cJSON * root)
{
	struct slice der = kat_hex(k, root, "certificate_der");
	gnutls_datum_t bytes = datum(der);
	uint8_t value[512] = {0}, spki[512] = {0};
	size_t n_value = sizeof(value), n_spki = sizeof(spki);
	char oid[64] = "";
	size_t n_oid = sizeof(oid);
	unsigned critical = 1;
	gnutls_x509_crt_t crt;
	gnutls_sign_algorithm_t by;
	gnutls_pubkey_t key;
	bool reads;

	(void)gnutls_x509_crt_init(&crt);
	(void)gnutls_pubkey_init(&key);
	reads = gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_extension_info(crt, 0, oid, &n_oid,
	        &critical) == 0 &&
	    gnutls_x509_crt_get_extension_data(crt, 0, value,
	        &n_value) == 0 &&
	    gnutls_pubkey_import_x509(key, crt, 0) == 0 &&
	    gnutls_pubkey_export(key, GNUTLS_X509_FMT_DER, spki,
	        &n_spki) == 0;
	kat_true(k, "certificate reads", reads);
	kat_text(k, "extension_oid", kat_str(k, root, "extension_oid"),
	    slice_text(oid));
	kat_true(k, "criticality", (critical != 0) ==
	    kat_bool(k, root, "extension_critical"));
	kat_expect(k, root, "extension_value_der", slice_of(value, n_value));
	kat_expect(k, root, "cert_spki_der", slice_of(spki, n_spki));
	if (reads) {
		by = (gnutls_sign_algorithm_t)
		    gnutls_x509_crt_get_signature_algorithm(crt);
		check_self_signed(k, der, key, by);
		if (kat_has(root, "cert_key_pkcs8"))
			check_cert_key(k, root, key, by);
	}
	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
}

/* The extension is what the identity of that seed signs. */
static void
check_signer(struct kat * k, const cJSON * root, struct slice key,
    struct slice sig, struct slice text)
{
	uint8_t made[SIGNATURE_SIZE], pub[36];
	struct buffer * again = kat_buffer(k);
	struct ed25519_key identity;

	ed25519_from_seed(&identity,
	    kat_sized(k, root, "identity_seed", SEED_SIZE));
	public_key_from_ed25519(pub, identity.pub);
	kat_bytes(k, "key of the seed", key, slice_of(pub, sizeof(pub)));
	ed25519_sign(made, &identity, text);
	kat_bytes(k, "signed again", sig, slice_of(made, sizeof(made)));
	tls_extension_write(again, &identity,
	    kat_hex(k, root, "cert_spki_der"));
	kat_expect(k, root, "extension_value_der", buffer_all(again));
}

/* What connections go by: the certificate as a whole names its peer. */
static void
check_verifies(struct kat * k, const cJSON * root)
{
	struct slice der = kat_hex(k, root, "certificate_der");
	struct buffer * name = kat_buffer(k);
	struct peer_id peer = {0};

	/* At the start of 2026; it is good for a hundred years from 2023. */
	kat_number(k, "certificate verifies", 0,
	    (uint64_t)tls_certificate_verify(der, 1767225600, &peer));
	peer_id_encode(name, &peer);
	kat_text(k, "peer_id", kat_str(k, root, "peer_id"), buffer_all(name));
	kat_true(k, "not for ever", tls_certificate_verify(der,
	    (int64_t)1 << 33, &peer) != 0);
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
	check_verifies(k, root);
	kat_true(k, "extension splits", split_extension(
	    kat_hex(k, root, "extension_value_der"), &key, &sig));
	buffer_text(text, "libp2p-tls-handshake:");
	buffer_slice(text, kat_hex(k, root, "cert_spki_der"));
	kat_expect(k, root, "signed_bytes", buffer_all(text));
	kat_number(k, "key", 0, (uint64_t)public_key_parse(&parsed, key));
	kat_number(k, "signature", 0, (uint64_t)public_key_verify(&parsed,
	    buffer_all(text), sig));
	if (kat_has(root, "identity_seed"))
		check_signer(k, root, key, sig, buffer_all(text));
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

const struct kat_reader kat_p2p_readers[] = {
    {"noise", read_noise},
    {"tls", read_tls},
    {"identify", read_identify},
    {"peerid", read_records},
    {0},
};
