/* sync_budgets.c: what peers may use up of sync, and what they do. */
#include "sync/sync_impl.h"

void
sync_budgets_init(struct sync * s)
{
	budget_init(&s->unverified, "sync.unverified_bytes", SYNC_UNVERIFIED);
	budget_init(&s->early_bytes, "sync.early_bytes", SYNC_EARLY);
	budget_init(&s->lacking, "sync.lacking", SYNC_QUEUE_ALL);
	budget_init(&s->log_lacking, "sync.lacking_of_log", SYNC_QUEUE);
	budget_init(&s->log_asked, "sync.in_flight_of_log", SYNC_IN_FLIGHT);
	budget_init(&s->log_nobody, "sync.nobody_has_of_log", SYNC_STALLED);
	budget_init(&s->log_bad, "sync.refused_of_log", SYNC_REFUSED);
}

/* What the log that uses most of each uses. */
struct most {
	uint64_t lacking, asked, nobody, bad, waiting, waiting_bytes;
	uint64_t refused;         /* by all logs, for want of room; let go too */
};

static void
raise_to(uint64_t * most, uint64_t n)
{
	if (n > *most)
		*most = n;
}

static struct most
find_most(const struct sync * s)
{
	const struct list * place;
	const struct sync_log * l;
	struct log_status status;
	struct most m = {0};

	for (place = s->logs.next; place != &s->logs; place = place->next) {
		l = list_entry(place, const struct sync_log, place);
		log_status(l->log, &status);
		raise_to(&m.lacking, l->n_queued);
		raise_to(&m.asked, l->n_asked);
		raise_to(&m.nobody, l->n_nobody);
		raise_to(&m.bad, l->n_bad);
		raise_to(&m.waiting, status.waiting);
		raise_to(&m.waiting_bytes, status.waiting_bytes);
		m.refused += status.refused + status.evicted;
	}
	return (m);
}

/* The logs count these themselves, on disk. */
static void
tell_waiting(const struct most * m, const struct budget_walk * walk)
{
	struct budget b;

	budget_init(&b, "log.waiting", LOG_CHAIN_MAX);
	b.refused = m->refused;
	budget_tell_used(walk, &b, m->waiting);
	budget_init(&b, "log.waiting_bytes", LOG_CHAIN_BYTES_MAX);
	b.refused = m->refused;
	budget_tell_used(walk, &b, m->waiting_bytes);
}

void
sync_budgets(struct sync * s, const struct budget_walk * walk)
{
	struct most m = find_most(s);

	gossipsub_budgets(s->gossipsub, walk);
	bitswap_budgets(s->bitswap, walk);
	direct_channel_budgets(s->direct, walk);
	budget_tell(walk, &s->unverified);
	budget_tell(walk, &s->early_bytes);
	budget_tell(walk, &s->lacking);
	budget_tell_used(walk, &s->log_lacking, m.lacking);
	budget_tell_used(walk, &s->log_asked, m.asked);
	budget_tell_used(walk, &s->log_nobody, m.nobody);
	budget_tell_used(walk, &s->log_bad, m.bad);
	tell_waiting(&m, walk);
}
