#include "group/event_place.h"

int
event_place_compare(const struct event_place * a, const struct event_place * b)
{
	if (a->time != b->time)
		return (a->time < b->time ? -1 : 1);
	return (slice_compare(cid_slice(&a->cid), cid_slice(&b->cid)));
}

void
event_place_encode(struct buffer * out, const struct event_place * place)
{
	buffer_be64(out, place->time);
	buffer_byte(out, place->cid.n);
	buffer_slice(out, cid_slice(&place->cid));
}

bool
event_place_read(struct event_place * place, struct reader * r)
{
	place->time = reader_be64(r);
	return (cid_parse(&place->cid, reader_prefixed(r, CID_MAX)) == 0);
}
