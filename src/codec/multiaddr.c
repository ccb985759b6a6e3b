#include "codec/multiaddr.h"

#include "base/error.h"
#include "base/reader.h"
#include "codec/ip.h"
#include "codec/multibase.h"

/* How a component's value is written. */
enum value_kind { VALUE_NONE, VALUE_IP4, VALUE_IP6, VALUE_PORT, VALUE_TEXT,
	VALUE_PATH, VALUE_PEER, VALUE_HASH, VALUE_NUMBER };

struct protocol {
	uint64_t code;
	const char * name;
	enum value_kind kind;
};

/* A later entry of a code is another name of it, for reading only. */
static const struct protocol protocols[] = {
	{MA_IP4, "ip4", VALUE_IP4},
	{MA_TCP, "tcp", VALUE_PORT},
	{MA_IP6, "ip6", VALUE_IP6},
	{MA_IP6ZONE, "ip6zone", VALUE_TEXT},
	{MA_DNS, "dns", VALUE_TEXT},
	{MA_DNS4, "dns4", VALUE_TEXT},
	{MA_DNS6, "dns6", VALUE_TEXT},
	{MA_DNSADDR, "dnsaddr", VALUE_TEXT},
	{MA_UDP, "udp", VALUE_PORT},
	{MA_WEBRTC_DIRECT, "webrtc-direct", VALUE_NONE},
	{MA_WEBRTC, "webrtc", VALUE_NONE},
	{MA_P2P_CIRCUIT, "p2p-circuit", VALUE_NONE},
	{MA_UNIX, "unix", VALUE_PATH},
	{MA_P2P, "p2p", VALUE_PEER},
	{MA_P2P, "ipfs", VALUE_PEER},
	{MA_TLS, "tls", VALUE_NONE},
	{MA_SNI, "sni", VALUE_TEXT},
	{MA_NOISE, "noise", VALUE_NONE},
	{MA_QUIC, "quic", VALUE_NONE},
	{MA_QUIC_V1, "quic-v1", VALUE_NONE},
	{MA_WEBTRANSPORT, "webtransport", VALUE_NONE},
	{MA_CERTHASH, "certhash", VALUE_HASH},
	{MA_WS, "ws", VALUE_NONE},
	{MA_WSS, "wss", VALUE_NONE},
	{MA_HTTP, "http", VALUE_NONE},
	{MA_MEMORY, "memory", VALUE_NUMBER},
	{MA_GRPC, "grpc", VALUE_NONE},
	{MA_GRPCWEB, "grpcweb", VALUE_NONE},
	{MA_GRPCWS, "grpcws", VALUE_NONE},
	{MA_GRPCGW, "grpcgw", VALUE_NONE},
};

#define PROTOCOL_COUNT (sizeof(protocols) / sizeof(protocols[0]))

static const struct protocol *
find_code(uint64_t code)
{
	size_t i;

	for (i = 0; i < PROTOCOL_COUNT; i++)
		if (protocols[i].code == code)
			return (&protocols[i]);
	return (NULL);
}

static const struct protocol *
find_name(struct slice name)
{
	size_t i;

	for (i = 0; i < PROTOCOL_COUNT; i++)
		if (slice_equal(slice_text(protocols[i].name), name))
			return (&protocols[i]);
	return (NULL);
}

/* The value's size in bytes, or -1 when a length stands before it. */
static int
fixed_size(enum value_kind kind)
{
	switch (kind) {
	case VALUE_NONE:
		return (0);
	case VALUE_IP4:
		return (4);
	case VALUE_IP6:
		return (16);
	case VALUE_PORT:
		return (2);
	case VALUE_NUMBER:
		return (8);
	default:
		return (-1);
	}
}

/* A multihash: code, length, and that many bytes. */
static bool
is_multihash(struct slice bytes)
{
	struct reader r = reader_of(bytes);

	(void)reader_uvarint(&r);
	return (reader_prefixed(&r, bytes.n).n > 0 && reader_done(&r));
}

/* Could the bytes be the value?  The size of a fixed one is right already. */
static bool
value_valid(enum value_kind kind, struct slice v)
{
	struct peer_id id;

	switch (kind) {
	case VALUE_TEXT:
		return (v.n > 0 && memchr(v.p, '/', v.n) == NULL &&
		    memchr(v.p, '\0', v.n) == NULL);
	case VALUE_PATH:
		return (v.n > 1 && v.p[0] == '/' &&
		    memchr(v.p, '\0', v.n) == NULL);
	case VALUE_PEER:
		return (peer_id_parse(&id, v) == 0);
	case VALUE_HASH:
		return (is_multihash(v));
	default:
		return (true);
	}
}

int
multiaddr_next(struct slice * rest, struct multiaddr_part * part)
{
	struct reader r = reader_of(*rest);
	const struct protocol * protocol;
	struct multiaddr_part next;
	int size;

	if (rest->n == 0)
		return (0);
	next.code = reader_uvarint(&r);
	if (r.failed || (protocol = find_code(next.code)) == NULL)
		return (-ERR_INVALID_INPUT);
	size = fixed_size(protocol->kind);
	next.value = size >= 0 ? reader_take(&r, (size_t)size)
	                       : reader_prefixed(&r, MULTIADDR_MAX);
	if (r.failed || !value_valid(protocol->kind, next.value))
		return (-ERR_INVALID_INPUT);
	/* A path is the rest of the text, so nothing can follow it. */
	if (protocol->kind == VALUE_PATH && r.n > 0)
		return (-ERR_INVALID_INPUT);
	*part = next;
	*rest = slice_of(r.p, r.n);
	return (1);
}

bool
multiaddr_valid(struct slice bytes)
{
	struct multiaddr_part part;
	int more;

	if (bytes.n == 0 || bytes.n > MULTIADDR_MAX)
		return (false);
	while ((more = multiaddr_next(&bytes, &part)) > 0)
		continue;
	return (more == 0);
}

/* An unsigned decimal number of at most max. */
static int
decode_number(uint64_t * number, struct slice text, uint64_t max)
{
	uint64_t v = 0;
	unsigned digit;
	size_t i;

	for (i = 0; i < text.n; i++) {
		digit = (unsigned)text.p[i] - '0';
		if (digit > 9 || v > (max - digit) / 10)
			return (-ERR_INVALID_INPUT);
		v = v * 10 + digit;
	}
	*number = v;
	return (text.n > 0 ? 0 : -ERR_INVALID_INPUT);
}

static int
decode_hash(struct buffer * out, struct slice text)
{
	struct buffer hash = {0};
	int status;

	/* Every multibase is read; `u` (base64url) is what is written. */
	if (text.n > 0 && text.p[0] == 'u')
		status = base64url_decode(&hash,
		    slice_of(text.p + 1, text.n - 1));
	else
		status = multibase_decode(&hash, text);
	if (status == 0 && !is_multihash(buffer_all(&hash)))
		status = -ERR_INVALID_INPUT;
	if (status == 0) {
		buffer_uvarint(out, hash.n);
		buffer_slice(out, buffer_all(&hash));
	}
	buffer_free(&hash);
	return (status);
}

static int
decode_peer(struct buffer * out, struct slice text)
{
	struct peer_id id;

	if (peer_id_decode(&id, text) != 0)
		return (-ERR_INVALID_INPUT);
	buffer_uvarint(out, id.n);
	buffer_slice(out, peer_id_slice(&id));
	return (0);
}

static int
decode_ip(struct buffer * out, enum value_kind kind, struct slice text)
{
	uint8_t ip[16];
	int status = kind == VALUE_IP4 ? ip4_decode(ip, text)
	                               : ip6_decode(ip, text);

	if (status == 0)
		buffer_append(out, ip, kind == VALUE_IP4 ? 4 : 16);
	return (status);
}

static int
decode_value(struct buffer * out, enum value_kind kind, struct slice text)
{
	uint64_t number;

	switch (kind) {
	case VALUE_NONE:
		return (0);
	case VALUE_IP4:
	case VALUE_IP6:
		return (decode_ip(out, kind, text));
	case VALUE_PORT:
		if (decode_number(&number, text, UINT16_MAX) != 0)
			return (-ERR_INVALID_INPUT);
		buffer_be16(out, (uint16_t)number);
		return (0);
	case VALUE_NUMBER:
		if (decode_number(&number, text, UINT64_MAX) != 0)
			return (-ERR_INVALID_INPUT);
		buffer_be64(out, number);
		return (0);
	case VALUE_PEER:
		return (decode_peer(out, text));
	case VALUE_HASH:
		return (decode_hash(out, text));
	case VALUE_TEXT:
	case VALUE_PATH:
	default:
		if (!value_valid(kind, text))
			return (-ERR_INVALID_INPUT);
		buffer_uvarint(out, text.n);
		buffer_slice(out, text);
		return (0);
	}
}

/* What stands before the next slash; text moves behind that slash. */
static struct slice
take_word(struct slice * text)
{
	const uint8_t * slash =
	    text->n > 0 ? memchr(text->p, '/', text->n) : NULL;
	size_t n = slash == NULL ? text->n : (size_t)(slash - text->p);
	struct slice word = slice_of(text->p, n);

	if (n < text->n)
		n++;
	*text = n > 0 ? slice_of(text->p + n, text->n - n) : *text;
	return (word);
}

/* One component from the front of the text, which stands behind a slash. */
static int
decode_part(struct buffer * out, struct slice * text)
{
	const struct protocol * protocol = find_name(take_word(text));
	struct slice value = {NULL, 0};

	if (protocol == NULL)
		return (-ERR_INVALID_INPUT);
	if (protocol->kind == VALUE_PATH) {
		/* The path begins with the slash that was passed. */
		value = slice_of(text->p - 1, text->n + 1);
		*text = slice_of(text->p + text->n, 0);
	} else if (protocol->kind != VALUE_NONE)
		value = take_word(text);
	buffer_uvarint(out, protocol->code);
	return (decode_value(out, protocol->kind, value));
}

int
multiaddr_decode(struct buffer * out, struct slice text)
{
	size_t start = out->n;

	/* No component's text is more than three times its bytes. */
	if (text.n < 2 || text.p[0] != '/' || text.n > MULTIADDR_MAX * 4)
		return (-ERR_INVALID_INPUT);
	if (text.p[text.n - 1] == '/')
		text.n--;
	text = slice_of(text.p + 1, text.n - 1);
	do
		if (decode_part(out, &text) != 0)
			goto err0;
	while (text.n > 0);
	if (out->failed)
		return (-ERR_INTERNAL);
	if (out->n - start > MULTIADDR_MAX)
		goto err0;
	return (0);

err0:
	out->n = start;
	return (-ERR_INVALID_INPUT);
}

static void
encode_value(struct buffer * out, enum value_kind kind, struct slice v)
{
	struct reader r = reader_of(v);

	switch (kind) {
	case VALUE_IP4:
		ip4_encode(out, v.p);
		break;
	case VALUE_IP6:
		ip6_encode(out, v.p);
		break;
	case VALUE_PORT:
		buffer_printf(out, "%u", reader_be16(&r));
		break;
	case VALUE_NUMBER:
		buffer_printf(out, "%llu",
		    (unsigned long long)reader_be64(&r));
		break;
	case VALUE_PEER:
		bignum_encode(out, base58_alphabet, v);
		break;
	case VALUE_HASH:
		buffer_byte(out, 'u');
		base64url_encode(out, v);
		break;
	default:
		buffer_slice(out, v);
	}
}

int
multiaddr_encode(struct buffer * out, struct slice bytes)
{
	const struct protocol * protocol;
	struct multiaddr_part part;

	if (!multiaddr_valid(bytes))
		return (-ERR_INVALID_INPUT);
	while (multiaddr_next(&bytes, &part) > 0) {
		protocol = find_code(part.code);
		buffer_byte(out, '/');
		buffer_text(out, protocol->name);
		if (protocol->kind != VALUE_NONE &&
		    protocol->kind != VALUE_PATH)
			buffer_byte(out, '/');
		encode_value(out, protocol->kind, part.value);
	}
	return (out->failed ? -ERR_INTERNAL : 0);
}

int
multiaddr_to_tcp(struct slice bytes, struct multiaddr_tcp * tcp)
{
	struct multiaddr_tcp t = {0};
	struct multiaddr_part part;

	if (multiaddr_next(&bytes, &part) != 1 ||
	    (part.code != MA_IP4 && part.code != MA_IP6))
		return (-ERR_INVALID_INPUT);
	t.v6 = part.code == MA_IP6;
	memcpy(t.ip, part.value.p, part.value.n);
	if (multiaddr_next(&bytes, &part) != 1 || part.code != MA_TCP)
		return (-ERR_INVALID_INPUT);
	t.port = (uint16_t)(part.value.p[0] << 8 | part.value.p[1]);
	if (bytes.n > 0 &&
	    (multiaddr_next(&bytes, &part) != 1 || part.code != MA_P2P ||
	        peer_id_parse(&t.peer, part.value) != 0 || bytes.n > 0))
		return (-ERR_INVALID_INPUT);
	*tcp = t;
	return (0);
}

void
multiaddr_from_tcp(struct buffer * out, const struct multiaddr_tcp * tcp)
{
	buffer_uvarint(out, tcp->v6 ? MA_IP6 : MA_IP4);
	buffer_append(out, tcp->ip, tcp->v6 ? 16 : 4);
	buffer_uvarint(out, MA_TCP);
	buffer_be16(out, tcp->port);
	if (tcp->peer.n == 0)
		return;
	buffer_uvarint(out, MA_P2P);
	buffer_uvarint(out, tcp->peer.n);
	buffer_slice(out, peer_id_slice(&tcp->peer));
}

bool
multiaddr_is_private(struct slice bytes)
{
	struct multiaddr_part part;

	if (multiaddr_next(&bytes, &part) != 1)
		return (false);
	/* Only link-local addresses have a zone. */
	if (part.code == MA_IP6ZONE)
		return (true);
	if (part.code == MA_IP4)
		return (ip4_is_private(part.value.p));
	return (part.code == MA_IP6 && ip6_is_private(part.value.p));
}
