/*
 * discovery.h: what every way of finding peers looks like to those who look.
 * A driver is asked to look for a namespace and says whom it found; peers that
 * a driver names are only candidates.
 */
#ifndef BERTY_CONTACT_DISCOVERY_H
#define BERTY_CONTACT_DISCOVERY_H

#include "base/list.h"
#include "p2p/host.h"

struct discovery;

struct discovery_driver {
	const char * name;
	/* Announce that we are to be found under the namespace, for ttl_ms;
	 * called again to renew.  NULL: cannot. */
	void (*announce)(void * driver, struct slice ns, uint64_t ttl_ms);
	void (*withdraw)(void * driver, struct slice ns);
	/* Begin to look; what is found is given to discovery_found. */
	void (*look)(void * driver, struct slice ns);
	void (*stop)(void * driver, struct slice ns);
	void * driver;
	struct list place;        /* private */
};

struct discovery * discovery_new(struct host * h);
void discovery_free(struct discovery * d);

/* Walk over what drivers use up. */
void discovery_budgets(const struct discovery * d,
    const struct budget_walk * walk);
void discovery_add(struct discovery * d, struct discovery_driver * driver);
void discovery_remove(struct discovery * d, struct discovery_driver * driver);

/* A driver found a peer for a namespace (its addresses are known to the host).
 * The name is that of the driver, a literal; discovery_found: it is not told. */
void discovery_found_by(struct discovery * d, const char * name,
    struct slice ns, const struct peer_id * peer);
void discovery_found(struct discovery * d, struct slice ns,
    const struct peer_id * peer);

/*
 * Who wants to know what the drivers do: one that can announce was told to
 * (peer NULL), or one found a peer that somebody looks for.
 */
struct discovery_watcher {
	void (*seen)(void * user, const char * driver, struct slice ns,
	    const struct peer_id * peer);
	void * user;
	struct list place;        /* private */
};
void discovery_watch(struct discovery * d, struct discovery_watcher * watcher);

/* A search, owned by the caller. */
struct discovery_search {
	void (*found)(struct discovery_search * search,
	    const struct peer_id * peer);
	void * user;
	struct buffer ns;         /* private: set by discovery_search_start */
	uint64_t told;            /* private */
	struct list place;        /* private */
};
int discovery_search_start(struct discovery * d,
    struct discovery_search * search, struct slice ns);
void discovery_search_stop(struct discovery * d,
    struct discovery_search * search);

void discovery_announce(struct discovery * d, struct slice ns, uint64_t ttl_ms);
void discovery_withdraw(struct discovery * d, struct slice ns);

/*
 * The static driver: every connected peer that speaks `protocol` is a candidate
 * for every namespace, now and when it connects.
 */
struct discovery_static;
struct discovery_static * discovery_static_new(struct discovery * d,
    struct host * h, const char * const * protocols);
void discovery_static_free(struct discovery_static * s);

#endif /* !BERTY_CONTACT_DISCOVERY_H */
