/*
 * direct_channel.h: one message a stream, from peer to peer:
 * /go-orbit-db/direct-channel/1.2.0.  Source: log spec §4.3.
 */
#ifndef BERTY_P2P_DIRECT_CHANNEL_H
#define BERTY_P2P_DIRECT_CHANNEL_H

#include "p2p/host.h"

struct direct_channel;

/*
 * message: a whole message from a peer, at most 4 MiB (borrowed).  It answers
 * whether that was of any use: who sends what is not is not heard for a while.
 */
struct direct_channel * direct_channel_new(struct host * h,
    bool (*message)(void * user, const struct peer_id * from,
        struct slice message),
    void * user);
void direct_channel_free(struct direct_channel * d);

/* Walk over what peers use up. */
void direct_channel_budgets(const struct direct_channel * d,
    const struct budget_walk * walk);

/*
 * Send a message (copied) to a connected peer.  `sent` (may be NULL) is called
 * once: 0 when it was written and the stream ended, else a code.
 * -ERR_NOT_FOUND when not connected: sent is then not called.
 */
int direct_channel_send(struct direct_channel * d, const struct peer_id * to,
    struct slice message, void (*sent)(void * user, int status), void * user);

#endif /* !BERTY_P2P_DIRECT_CHANNEL_H */
