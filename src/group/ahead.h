/*
 * ahead.h: messages opened ahead of their turn, on a worker: to verify one is
 * most of what joining it costs.  The key of a message is what its chain gives
 * when it is joined; so the key it was opened with is kept beside the finding,
 * which counts for that key alone.
 *
 * A struct ahead has one owner at a time: the loop, or the worker it is lent
 * to.  The findings of a worker are moved to a struct findings, on the loop.
 */
#ifndef BERTY_GROUP_AHEAD_H
#define BERTY_GROUP_AHEAD_H

#include "base/list.h"
#include "base/map.h"
#include "base/network.h"
#include "group/chain_key.h"
#include "group/group_keys.h"
#include "log/entry.h"
#include "world/store.h"

/* Devices whose chains are at hand, the keys of all of them, and findings that
 * are kept: beyond them messages are verified when they are joined. */
#define AHEAD_CHAINS 16
#define AHEAD_KEYS 16384
#define AHEAD_FINDINGS 16384

struct ahead;

/* The info is copied, and wiped when freed.  NULL without memory. */
struct ahead * ahead_new(const struct group_info * info,
    const struct network * network);
void ahead_free(struct ahead * a);

/* Take up the chains as they stand now, also of devices met lately. */
void ahead_refresh(struct ahead * a, struct store * s, uint64_t scope);

/* Nothing is under way: long chains are not kept at hand. */
void ahead_rest(struct ahead * a);

/* Try a message; all that it touches is in `a`. */
void ahead_look(struct ahead * a, const struct cid * cid,
    const struct entry * e);

/* --- what was found ------------------------------------------------------- */

struct findings {
	struct map by_cid;
	struct list oldest;       /* first */
};
void findings_init(struct findings * f);
void findings_free(struct findings * f);

/* Move what was found; when there is too much, the oldest goes. */
void findings_take(struct findings * f, struct ahead * a);

/* Did the message open with this key?  It is not asked again: forget it. */
bool findings_confirm(struct findings * f, const struct cid * cid,
    const uint8_t key[32]);

#endif /* !BERTY_GROUP_AHEAD_H */
