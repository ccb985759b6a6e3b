/*
 * Entries that the owner does not take.  Each refusal undoes a transaction, and
 * all that came with the entry; so an entry that is refused again and again is
 * set aside, that it may hold up its descendants only.  Kept in memory: when
 * the log is opened again, perhaps by a later owner, it has its tries again.
 */
#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

struct denial {
	unsigned tries;
};

void
log_deny(struct log * log, const struct cid * cid, int status)
{
	struct denial * d = map_get(&log->denials, cid_slice(cid));

	/* A disk that is full says nothing about the entry. */
	if (status == -ERR_DB_WRITE)
		return;
	if (d == NULL) {
		if (log->denials.n >= LOG_DENIED_MAX ||
		    (d = calloc(1, sizeof(*d))) == NULL)
			return;
		if (map_set(&log->denials, cid_slice(cid), d) != 0) {
			free(d);
			return;
		}
	}
	if (d->tries < LOG_TRIES && ++d->tries == LOG_TRIES)
		log->denied++;
}

bool
log_is_denied(const struct log * log, const struct cid * cid)
{
	const struct denial * d;

	return (log->denied > 0 &&
	    (d = map_get(&log->denials, cid_slice(cid))) != NULL &&
	    d->tries == LOG_TRIES);
}

void
log_allow(struct log * log, const struct cid * cid)
{
	if (log->denials.n > 0)
		free(map_remove(&log->denials, cid_slice(cid)));
}

void
log_denials_free(struct log * log)
{
	struct slice key;
	void * denial;
	size_t at = 0;

	while (map_next(&log->denials, &at, &key, &denial))
		free(denial);
	map_free(&log->denials);
}
