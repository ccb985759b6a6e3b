#include "base/reader.h"
#include "group/group_impl.h"

static const char counts_name[] = "counts";

static int
read_counts(const struct group * g, struct group_counts * counts)
{
	struct buffer value = {0};
	struct reader r;
	int status;

	*counts = (struct group_counts){0, 0, 0};
	status = store_get(g->context.store, STORE_META, g->scope,
	    slice_text(counts_name), &value);
	if (status == 0) {
		r = reader_of(buffer_all(&value));
		counts->bad_events = reader_be64(&r);
		counts->bad_messages = reader_be64(&r);
		counts->waiting_messages = reader_be64(&r);
		status = reader_done(&r) ? 0 : -ERR_DB_READ;
	} else if (status == -ERR_NOT_FOUND)
		status = 0;
	buffer_free(&value);
	return (status);
}

void
group_counts(const struct group * g, struct group_counts * counts)
{
	(void)read_counts(g, counts);
}

int
group_count(struct group * g, int bad_events, int bad_messages, int waiting)
{
	struct group_counts counts;
	struct buffer value = {0};
	int status;

	if ((status = read_counts(g, &counts)) != 0)
		return (status);
	buffer_be64(&value, counts.bad_events + (uint64_t)bad_events);
	buffer_be64(&value, counts.bad_messages + (uint64_t)bad_messages);
	buffer_be64(&value, counts.waiting_messages + (uint64_t)waiting);
	if (value.failed)
		status = -ERR_INTERNAL;
	else
		status = store_put(g->context.store, STORE_META, g->scope,
		    slice_text(counts_name), buffer_all(&value));
	buffer_free(&value);
	return (status);
}
