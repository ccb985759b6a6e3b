#include "node/push_groups.h"

#include "node/node_impl.h"

struct walk {
	struct node * node;
	int (*each)(void * user, const struct group_config * config);
	void * user;
};

/* What has no config outside of a transaction was never open. */
static int
give(struct walk * w, int found, struct group_config * config)
{
	int status = found == 0 ? w->each(w->user, config) : 0;

	crypto_wipe(config, sizeof(*config));
	return (status);
}

static int
give_contact(void * user, const struct contact * c)
{
	struct walk * w = user;
	struct group_config config = {0};

	if (c->state == CONTACT_BLOCKED)
		return (0);
	return (give(w, account_contact_group_config(w->node->account, c->pk,
	    &config, NULL), &config));
}

static int
give_group(void * user, const struct group_info * g,
    const struct network * network)
{
	struct walk * w = user;
	struct group_config config = {0};

	(void)network;
	return (give(w, account_group_config(w->node->account, g->pk, &config,
	    NULL), &config));
}

int
push_each_group(struct node * n,
    int (*each)(void * user, const struct group_config * config), void * user)
{
	struct walk w = {n, each, user};
	struct group_config config = {0};
	int status;

	status = give(&w, account_group_config(n->account,
	    account_keys(n->account)->account.pub, &config, NULL), &config);
	if (status == 0)
		status = account_each_contact(n->account, give_contact, &w);
	if (status == 0)
		status = account_each_group(n->account, give_group, &w);
	return (status);
}
