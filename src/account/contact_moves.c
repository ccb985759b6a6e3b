#include "account/contact_moves.h"

#define INPUT (-ERR_INVALID_INPUT)
#define UNKNOWN (-ERR_CONTACT_REQUEST_CONTACT_UNDEFINED)
#define ADDED (-ERR_CONTACT_REQUEST_CONTACT_ALREADY_ADDED)
#define BLOCKED (-ERR_CONTACT_REQUEST_CONTACT_BLOCKED)
#define AGAIN (-ERR_CONTACT_REQUEST_INCOMING_ALREADY_RECEIVED)

/*
 * Columns: undefined, to request, received, added, removed, discarded,
 * blocked.  Unlike in Go, to ask a blocked contact does not unblock it, and a
 * removed or discarded one is asked in earnest: it may not know us any more.
 */
static const int moves[CONTACT_OPERATIONS][CONTACT_STATES] = {
	[CONTACT_ENQUEUE] = {106, 106, 107, ADDED, 106, 106, BLOCKED},
	[CONTACT_SENT] = {UNKNOWN, 107, 107, ADDED, 107, 107, BLOCKED},
	[CONTACT_INCOMING] = {108, 107, AGAIN, ADDED, 108, 108, BLOCKED},
	[CONTACT_DISCARD] = {INPUT, INPUT, 109, INPUT, INPUT, INPUT, INPUT},
	[CONTACT_ACCEPT] = {INPUT, INPUT, 110, INPUT, INPUT, INPUT, INPUT},
	[CONTACT_BLOCK] = {111, 111, 111, 111, 111, 111, INPUT},
	[CONTACT_UNBLOCK] = {INPUT, INPUT, INPUT, INPUT, INPUT, INPUT, 112},
};

int
contact_moves(enum contact_operation operation, enum contact_state state)
{

	return (moves[operation][state]);
}

int
contact_moves_of_self(enum contact_operation operation)
{

	if (operation == CONTACT_ENQUEUE || operation == CONTACT_INCOMING)
		return (-ERR_CONTACT_REQUEST_SAME_ACCOUNT);
	return (operation == CONTACT_SENT ? UNKNOWN : INPUT);
}

enum contact_state
contact_moves_state(unsigned event)
{

	switch (event) {
	case EVENT_CONTACT_REQUEST_ENQUEUED:
		return (CONTACT_TO_REQUEST);
	case EVENT_CONTACT_REQUEST_RECEIVED:
		return (CONTACT_RECEIVED);
	case EVENT_CONTACT_REQUEST_SENT:
	case EVENT_CONTACT_REQUEST_ACCEPTED:
		return (CONTACT_ADDED);
	case EVENT_CONTACT_REQUEST_DISCARDED:
		return (CONTACT_DISCARDED);
	case EVENT_CONTACT_BLOCKED:
		return (CONTACT_BLOCKED);
	case EVENT_CONTACT_UNBLOCKED:
		return (CONTACT_REMOVED);
	default:
		return (CONTACT_UNDEFINED);
	}
}
