/*
 * contact_moves.h: the contact state machine: what an operation writes in a
 * state.  Pure.  Source: contact spec §6, with the corrections of api-v1
 * spec §3.
 */
#ifndef BERTY_ACCOUNT_CONTACT_MOVES_H
#define BERTY_ACCOUNT_CONTACT_MOVES_H

#include "account/account.h"

enum contact_operation { CONTACT_ENQUEUE, CONTACT_SENT, CONTACT_INCOMING,
	CONTACT_DISCARD, CONTACT_ACCEPT, CONTACT_BLOCK, CONTACT_UNBLOCK,
	CONTACT_OPERATIONS };

#define CONTACT_STATES (CONTACT_BLOCKED + 1)

/* The event to write, or a negative code. */
int contact_moves(enum contact_operation operation, enum contact_state state);

/* The same for our own key, which is nobody to ask or be asked by. */
int contact_moves_of_self(enum contact_operation operation);

/* The state that an event leads to; CONTACT_UNDEFINED: none of 106 to 112. */
enum contact_state contact_moves_state(unsigned event);

#endif /* !BERTY_ACCOUNT_CONTACT_MOVES_H */
