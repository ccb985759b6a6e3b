/*
 * node_unanswered.c: how many contact requests may wait for the user.  Whoever
 * has the link may ask, under as many names as he likes, and each request is
 * kept until it is answered.  When there are too many, new ones are put off
 * before they are told that they arrived: who asks keeps asking, and is heard
 * when there is room.  Those that wait stay, for a flood must not wash them
 * away; and who was asked by the user is let in.
 */
#include "account/contact_moves.h"
#include "node/node_impl.h"

#define UNANSWERED_MAX 1000

void
node_unanswered_open(struct node * n)
{
	budget_init(&n->unanswered, "contact.unanswered", UNANSWERED_MAX);
	n->counted = false;
}

void
node_unanswered_changed(struct node * n)
{
	n->counted = false;
}

/* False when it cannot be known. */
static bool
count(struct node * n)
{
	uint64_t used;

	if (n->counted)
		return (true);
	if (account_count_contacts(n->account, CONTACT_RECEIVED, &used) != 0)
		return (false);
	budget_note(&n->unanswered, used);
	n->counted = true;
	return (true);
}

/* Would a request of the contact be one more that waits? */
static bool
is_one_more(struct node * n, const uint8_t pk[32])
{
	enum contact_state state;
	struct contact c;

	if (account_contact(n->account, pk, &c) != 0)
		return (true);
	state = c.state;
	contact_free(&c);
	return (contact_moves(CONTACT_INCOMING, state) ==
	    EVENT_CONTACT_REQUEST_RECEIVED);
}

bool
node_unanswered_room(struct node * n, const uint8_t pk[32])
{
	struct budget * b = &n->unanswered;

	if (!is_one_more(n, pk))
		return (true);
	if (!count(n))
		return (false);
	if (b->refused == 0 && b->used >= b->limit)
		log_warn(n->world->log, "contact", "%u contact requests wait "
		    "for an answer: accept or discard some, new ones are put "
		    "off", (unsigned)b->used);
	return (budget_allows(b, b->used, 1));
}

void
node_unanswered_budget(struct node * n, const struct budget_walk * walk)
{
	(void)count(n);
	budget_tell(walk, &n->unanswered);
}
