/* multiaddr.h: addresses that name their protocols.  Source: multiformats/multiaddr. */
#ifndef BERTY_CODEC_MULTIADDR_H
#define BERTY_CODEC_MULTIADDR_H

#include "base/buffer.h"
#include "codec/peer_id.h"

enum multiaddr_code {
	MA_IP4 = 4, MA_TCP = 6, MA_DNS = 53, MA_DNS4 = 54, MA_DNS6 = 55,
	MA_DNSADDR = 56, MA_IP6 = 41, MA_IP6ZONE = 42, MA_UDP = 273,
	MA_WEBRTC_DIRECT = 280, MA_WEBRTC = 281, MA_SNI = 449,
	MA_P2P_CIRCUIT = 290, MA_UNIX = 400, MA_P2P = 421, MA_TLS = 448,
	MA_NOISE = 454, MA_QUIC = 460, MA_QUIC_V1 = 461, MA_WEBTRANSPORT = 465,
	MA_CERTHASH = 466, MA_WS = 477, MA_WSS = 478, MA_HTTP = 480,
	MA_MEMORY = 777, MA_GRPC = 0xbe02, MA_GRPCWEB = 0xbe04,
	MA_GRPCWS = 0xbe08, MA_GRPCGW = 0xbe16,
};

/* The largest multiaddr kept, bytes. */
#define MULTIADDR_MAX 512

/* One component: its code and value (IP bytes, port big-endian, text…). */
struct multiaddr_part {
	uint64_t code;
	struct slice value;
};

/*
 * Text to bytes and back; both append.  -ERR_INVALID_INPUT for an unknown
 * protocol, a bad value or more than MULTIADDR_MAX bytes.
 */
int multiaddr_decode(struct buffer * out, struct slice text);
int multiaddr_encode(struct buffer * out, struct slice bytes);

/* Are the bytes a whole, well-formed multiaddr of known protocols? */
bool multiaddr_valid(struct slice bytes);

/*
 * Next component from *rest: 1, or 0 at the end, or -ERR_INVALID_INPUT.
 */
int multiaddr_next(struct slice * rest, struct multiaddr_part * part);

/* A direct TCP address: /ip4|ip6/…/tcp/PORT[/p2p/ID] and nothing else. */
struct multiaddr_tcp {
	bool v6;
	uint8_t ip[16];
	uint16_t port;
	struct peer_id peer;      /* n = 0: none named */
};
int multiaddr_to_tcp(struct slice bytes, struct multiaddr_tcp * tcp);
void multiaddr_from_tcp(struct buffer * out, const struct multiaddr_tcp * tcp);

/* Private, loopback or link-local address at the front? */
bool multiaddr_is_private(struct slice bytes);

#endif /* !BERTY_CODEC_MULTIADDR_H */
