/*
 * rotation.h: rendezvous points: where those meet who share a topic and a
 * seed, a new one each period.  Pure.  Source: rendezvous spec §1 (weshnet
 * pkg/rendezvous/rendezvous.go).
 */
#ifndef BERTY_CODEC_ROTATION_H
#define BERTY_CODEC_ROTATION_H

#include "base/slice.h"

/*
 * HMAC-SHA256(topic ‖ seed, be64(period_s)): a rendezvous point, or the
 * rotation value of a heads message.  period_s: start of the period in unix
 * seconds, as network_period gives it.
 */
void rotation_point(uint8_t out[32], struct slice topic, struct slice seed,
    uint64_t period_s);

#endif /* !BERTY_CODEC_ROTATION_H */
