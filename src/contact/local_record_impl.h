/* local_record_impl.h: what the files of local records share. */
#ifndef BERTY_CONTACT_LOCAL_RECORD_IMPL_H
#define BERTY_CONTACT_LOCAL_RECORD_IMPL_H

#include "base/map.h"
#include "contact/local_record.h"

/* What peers have told: peer -> its namespaces and how long they are good. */
struct neighbourhood {
	struct map peers;
	struct list order;        /* who told something last at the end */
	struct budget n;          /* records of all */
	struct budget of_peer;    /* of each */
};

void neighbourhood_init(struct neighbourhood * n, uint64_t seed);
void neighbourhood_free(struct neighbourhood * n);

/* How many records the peer that told most has. */
uint64_t neighbourhood_most(const struct neighbourhood * n);

/*
 * Keep a namespace of a peer until that time, ms; false when there is no room
 * for it (that of others who told nothing for longer is taken first).
 */
bool neighbourhood_keep(struct neighbourhood * n, const struct peer_id * peer,
    struct slice ns, uint64_t now, uint64_t until);

/* Walk the peers that have told the namespace and are still good for it. */
void neighbourhood_each(struct neighbourhood * n, struct slice ns,
    uint64_t now, void (*each)(void * user, const struct peer_id * peer),
    void * user);

/* A stream takes no longer, ms. */
#define LOCAL_RECORD_STREAM_MS 10000

/* A protocol that is spoken. */
struct dialect {
	const char * protocol;
	bool text;                /* its readers want UTF-8 */
	uint64_t again_ms;        /* a new neighbour is told again; 0: not */
};

/* A namespace of ours. */
struct own {
	struct buffer ns;
	bool fresh;               /* announced, and not told to anybody yet */
	struct list place;
};

struct local_record {
	struct discovery * discovery;
	struct host * host;
	struct world * w;
	struct dialect dialects[NETWORK_COUNT];
	size_t n_dialects;
	struct list own, near, incoming;
	size_t n_own;
	struct budget n_incoming;
	struct neighbourhood told;
	struct world_timer soon;  /* tells what is fresh */
	struct world_timer renew;
	struct host_watcher watcher;
	struct discovery_driver driver;
};

/* Unix time, seconds. */
int64_t local_record_now(struct local_record * l);

/*
 * local_record_tell.c: a peer's protocols are known, or it is gone; all near
 * are told what is fresh, or everything.
 */
void local_record_met(void * user, const struct peer_id * peer);
void local_record_lost(void * user, const struct peer_id * peer);
void local_record_tell(struct local_record * l, bool fresh);
void local_record_tell_free(struct local_record * l);

/* local_record_hear.c: a stream came. */
void local_record_hear(void * user, struct stream * s, const char * protocol);
void local_record_hear_free(struct local_record * l);

#endif /* !BERTY_CONTACT_LOCAL_RECORD_IMPL_H */
