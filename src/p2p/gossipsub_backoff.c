#include "p2p/gossipsub_backoff.h"

#include <stdlib.h>

#include "base/clock.h"

void
gossipsub_backoff_free(struct gossipsub_backoff * b)
{
	gossipsub_backoff_expire(b, UINT64_MAX);
	map_free(&b->peers);
}

uint64_t
gossipsub_backoff_clamp(uint64_t seconds)
{
	uint64_t ms = clock_mul(seconds, 1000);

	if (ms == 0)
		return (GOSSIPSUB_BACKOFF_MS);
	return (ms < GOSSIPSUB_BACKOFF_LONGEST_MS
	        ? ms
	        : GOSSIPSUB_BACKOFF_LONGEST_MS);
}

void
gossipsub_backoff_set(struct gossipsub_backoff * b, const struct peer_id * peer,
    uint64_t now, uint64_t ms)
{
	uint64_t until = clock_add(now, ms);
	uint64_t * held = map_get(&b->peers, peer_id_slice(peer));

	if (held != NULL) {
		if (*held < until)
			*held = until;
		return;
	}
	if (b->peers.n >= GOSSIPSUB_BACKOFF_MAX)
		gossipsub_backoff_expire(b, now);
	if (b->peers.n >= GOSSIPSUB_BACKOFF_MAX)
		return;
	if ((held = malloc(sizeof(*held))) == NULL)
		return;
	*held = until;
	if (map_set(&b->peers, peer_id_slice(peer), held) != 0)
		free(held);
}

bool
gossipsub_backoff_active(const struct gossipsub_backoff * b,
    const struct peer_id * peer, uint64_t now)
{
	const uint64_t * until = map_get(&b->peers, peer_id_slice(peer));

	return (until != NULL && *until > now);
}

void
gossipsub_backoff_expire(struct gossipsub_backoff * b, uint64_t now)
{
	struct slice key;
	size_t at = 0;
	void * until;

	while (map_next(&b->peers, &at, &key, &until)) {
		if (*(uint64_t *)until > now)
			continue;
		(void)map_remove(&b->peers, key);
		free(until);
	}
}
