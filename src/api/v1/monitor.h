/* monitor.h: an event that MonitorGroup tells, and its message. */
#ifndef BERTY_API_V1_MONITOR_H
#define BERTY_API_V1_MONITOR_H

#include "api/v1/v1.h"

#define MONITOR_EVENT(name) \
	BERTY__PROTOCOL__V1__MONITOR_GROUP__TYPE_EVENT_MONITOR__TypeEventMonitor##name

typedef V1(MonitorGroup__Reply) monitor_reply_t;

struct told {
	struct list place;
	V1(MonitorGroup__TypeEventMonitor) type;
	uint8_t group_pk[KEY_SIZE];
	struct buffer topic;
	struct peer_id peer;
	bool is_self;
	const char * driver;      /* a literal */
};

/*
 * The message of an event, with the addresses that the host knows now: those in
 * use of a peer that is there, those to dial of one that was found.  NULL without memory.
 */
monitor_reply_t * monitor_event(struct host * h, const struct told * t);

#endif /* !BERTY_API_V1_MONITOR_H */
