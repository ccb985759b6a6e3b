/* ip.h: IP addresses as text, without asking the system. */
#ifndef BERTY_CODEC_IP_H
#define BERTY_CODEC_IP_H

#include "base/buffer.h"

/*
 * Dotted decimal without leading zeros, or RFC 4291 text with at most one `::`
 * and an optional dotted end; no zone.  -ERR_INVALID_INPUT, ip unchanged.
 */
int ip4_decode(uint8_t ip[4], struct slice text);
int ip6_decode(uint8_t ip[16], struct slice text);

/* Append the text; IPv6 as RFC 5952, mapped IPv4 as `::ffff:1.2.3.4`. */
void ip4_encode(struct buffer * out, const uint8_t ip[4]);
void ip6_encode(struct buffer * out, const uint8_t ip[16]);

/* Private, shared, loopback or link-local? */
bool ip4_is_private(const uint8_t ip[4]);
bool ip6_is_private(const uint8_t ip[16]);

#endif /* !BERTY_CODEC_IP_H */
