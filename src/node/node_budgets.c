/* node_budgets.c: the budgets of all rooms, one after the other. */
#include "node/node_impl.h"

void
node_add_budgets(struct node * n, struct node_budgets_of * room)
{
	list_append(&n->budgets, &room->place);
}

void
node_budgets(struct node * n, const struct budget_walk * walk)
{
	struct list * place, * following;
	struct node_budgets_of * room;

	host_budgets(n->host, walk);
	sync_budgets(n->sync, walk);
	attachments_budgets(n->attachments, walk);
	discovery_budgets(n->discovery, walk);
	contact_manager_budgets(n->contacts, walk);
	node_unanswered_budget(n, walk);
	if (n->local != NULL)
		local_record_budgets(n->local, walk);
	if (n->mdns != NULL)
		mdns_budgets(n->mdns, walk);
	list_each(place, following, &n->budgets) {
		room = list_entry(place, struct node_budgets_of, place);
		room->walk(room->user, walk);
	}
}
