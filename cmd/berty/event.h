/* event.h: metadata events as JSON. */
#ifndef BERTY_CMD_EVENT_H
#define BERTY_CMD_EVENT_H

#include "client.h"
#include "output.h"

/*
 * An object of an event: cid, group_pk, type (its name without `EventType`),
 * number, event (its fields; secrets are left out).
 */
cJSON * event_json(const PB(GroupMetadataEvent) * event);

/* Member attachments: their CIDs, if there are any. */
void event_add_attachments(cJSON * object, const PB(EventContext) * context);

#endif /* !BERTY_CMD_EVENT_H */
