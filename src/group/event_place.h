/* event_place.h: the place of an event in the causal order, as it is stored:
 * Lamport time, then the CID behind its length. */
#ifndef BERTY_GROUP_EVENT_PLACE_H
#define BERTY_GROUP_EVENT_PLACE_H

#include "base/reader.h"
#include "group/group.h"

void event_place_encode(struct buffer * out, const struct event_place * place);
bool event_place_read(struct event_place * place, struct reader * r);

#endif /* !BERTY_GROUP_EVENT_PLACE_H */
