/*
 * local_record.h: discovery among neighbours (driver "localdisc"): peers that
 * are connected over a private address are told our namespaces and when that
 * ends, and tell us theirs.  Source: rendezvous spec §8, network spec §7,
 * weshnet pkg/tinder/driver_localdiscovery.go.
 *
 * It tells every neighbour which contacts and groups we follow (as hashes of
 * them, and the addresses of group logs): hence it is a setting.
 */
#ifndef BERTY_CONTACT_LOCAL_RECORD_H
#define BERTY_CONTACT_LOCAL_RECORD_H

#include "base/budget.h"
#include "base/network.h"
#include "contact/discovery.h"

/* What peers may use up. */
enum {
	LOCAL_RECORD_NAMESPACE = 256,     /* bytes; longer ones are left out */
	LOCAL_RECORD_READ = 65536,        /* bytes of a frame that is read */
	LOCAL_RECORD_SENT = 2048,         /* of one that is sent: Go reads so much */
	LOCAL_RECORD_FRAME = 1000,        /* records of a frame */
	LOCAL_RECORD_PEER = 1000,         /* records kept of a peer, and told */
	LOCAL_RECORD_ALL = 16384,         /* kept of all peers */
	LOCAL_RECORD_STREAMS = 64,        /* read at once */
	LOCAL_RECORD_DAY = 86400,         /* none is good for longer, seconds */
};

struct local_record;

/*
 * Speak the local record protocols of the networks; where names are text, only
 * those that are UTF-8 are told.  The driver belongs to `d`, which outlives
 * it, as the host does.  NULL without memory.
 */
struct local_record * local_record_new(struct discovery * d, struct host * h,
    const struct network * const * networks, size_t n_networks);
void local_record_free(struct local_record * l);

/* What peers use up of it. */
void local_record_budgets(const struct local_record * l,
    const struct budget_walk * walk);

/* --- frames ------------------------------------------------------------- */

/*
 * Walk the records of a frame (without its length).  expire: unix seconds.
 * -ERR_DESERIALIZATION, and nothing was told, when it is malformed or holds
 * more than LOCAL_RECORD_FRAME.
 */
int local_record_read(struct slice frame,
    void (*each)(void * user, struct slice ns, int64_t expire), void * user);

/*
 * Frames that are written, one after the other, each behind its length and of
 * at most LOCAL_RECORD_SENT bytes without it.  Zero bytes, and `out` set.
 */
struct local_record_writer {
	struct buffer * out;
	struct buffer frame;      /* private: the one that has room */
};
void local_record_write(struct local_record_writer * w, struct slice ns,
    int64_t expire);
void local_record_write_end(struct local_record_writer * w);

#endif /* !BERTY_CONTACT_LOCAL_RECORD_H */
