/* node_tx.c: changes, from begin to what everybody may know. */
#include <stdlib.h>

#include "node/node_impl.h"

/* A group that a change concerns. */
struct touched {
	struct node_group * g;        /* NULL: freed meanwhile */
	uint64_t joined[FEED_LOGS];   /* before */
	uint64_t arrivals[FEED_LOGS]; /* at commit */
	bool wrote[FEED_LOGS];
	bool opened;              /* by this change */
	bool closed;
};

struct node_tx {
	struct store_commit commit;
	struct list place;        /* in node.changes */
	struct node * node;
	struct touched * groups;
	size_t n;
	void (*done)(void * user, int status);
	void * user;
};

static uint64_t
joined_in(const struct node_group * g, enum feed_log which)
{
	struct log_status status;

	log_status(node_log(g, which), &status);
	return (status.joined);
}

static void
tx_free(struct node_tx * tx)
{
	list_remove(&tx->place);
	free(tx->groups);
	free(tx);
}

void
node_tx_forget(struct node_group * g)
{
	struct list *place, *following;
	struct node_tx * tx;
	size_t i;

	list_each(place, following, &g->node->changes) {
		tx = list_entry(place, struct node_tx, place);
		for (i = 0; i < tx->n; i++)
			if (tx->groups[i].g == g)
				tx->groups[i].g = NULL;
	}
}

int
node_begin(struct node * n, struct node_tx ** tx, struct error * err)
{
	struct node_tx * made;
	int rc;

	if (n->closed || n->open_tx != NULL)
		return (error_set(err, ERR_INTERNAL,
		    "the node is closing or busy with another change"));
	if ((made = calloc(1, sizeof(*made))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = store_begin(n->store)) != 0) {
		(void)error_set(err, -rc, "%s", store_failure(n->store));
		free(made);
		return (rc);
	}
	made->node = n;
	list_append(&n->changes, &made->place);
	n->open_tx = made;
	*tx = made;
	return (0);
}

static struct touched *
touch(struct node_tx * tx, struct node_group * g)
{
	struct touched * more;
	struct touched * t;
	size_t i;

	for (i = 0; i < tx->n; i++)
		if (tx->groups[i].g == g)
			return (&tx->groups[i]);
	more = realloc(tx->groups, sizeof(*more) * (tx->n + 1));
	if (more == NULL)
		return (NULL);
	tx->groups = more;
	t = &more[tx->n++];
	*t = (struct touched){.g = g};
	for (i = 0; i < FEED_LOGS; i++)
		t->joined[i] = joined_in(g, (enum feed_log)i);
	return (t);
}

void
node_touch(struct node_tx * tx, struct node_group * g)
{
	(void)touch(tx, g);
}

int
node_tx_opened(struct node_tx * tx, struct node_group * g)
{
	struct touched * t = touch(tx, g);

	if (t == NULL)
		return (-ERR_INTERNAL);
	/* It was empty of everything before this change. */
	memset(t->joined, 0, sizeof(t->joined));
	t->opened = true;
	return (0);
}

int
node_tx_closed(struct node_tx * tx, struct node_group * g)
{
	struct touched * t = touch(tx, g);

	if (t == NULL)
		return (-ERR_INTERNAL);
	t->closed = true;
	g->closing = true;
	return (0);
}

/* Nothing of the change happened: groups it opened are closed again. */
static void
take_back(struct node_tx * tx)
{
	size_t i;

	for (i = 0; i < tx->n; i++) {
		struct touched * t = &tx->groups[i];

		if (t->g == NULL)
			continue;
		if (t->closed)
			t->g->closing = false;
		if (t->opened)
			node_group_free(t->g);
	}
	node_forget(tx->node);
}

void
node_abort(struct node_tx * tx)
{
	tx->node->open_tx = NULL;
	store_rollback(tx->node->store);
	take_back(tx);
	tx_free(tx);
}

/* Durable: show it to subscribers and peers. */
static void
publish(struct node_tx * tx)
{
	struct node * n = tx->node;
	bool account = false;
	size_t i, j;

	for (i = 0; i < tx->n; i++) {
		struct touched * t = &tx->groups[i];

		if (t->g == NULL)
			continue;
		account |= t->g->is_account;
		if (t->closed && t->g->closing) {
			node_group_free(t->g);
			continue;
		}
		if (!t->g->local_only)
			node_group_connect(t->g);
		for (j = 0; j < FEED_LOGS; j++) {
			node_show(t->g, (enum feed_log)j, t->arrivals[j]);
			if (t->wrote[j] && t->g->synced[j] != NULL)
				sync_announce(t->g->synced[j]);
		}
		node_follow_up_in(t->g);
	}
	if (account)
		node_account_changed(n);
}

static void
committed(struct store_commit * commit, int status)
{
	struct node_tx * tx = list_entry(commit, struct node_tx, commit);

	if (status == 0)
		publish(tx);
	else
		take_back(tx);
	if (tx->done != NULL)
		tx->done(tx->user, status);
	tx_free(tx);
}

int
node_commit(struct node_tx * tx, void (*done)(void * user, int status),
    void * user, struct error * err)
{
	struct node * n = tx->node;
	size_t i, j;
	int rc;

	for (i = 0; i < tx->n; i++)
		for (j = 0; j < FEED_LOGS; j++) {
			struct touched * t = &tx->groups[i];

			t->arrivals[j] =
			    log_arrivals(node_log(t->g, (enum feed_log)j));
			t->wrote[j] = joined_in(t->g, (enum feed_log)j) !=
			    t->joined[j];
		}
	tx->done = done;
	tx->user = user;
	tx->commit.done = committed;
	n->open_tx = NULL;
	if ((rc = store_commit(n->store, &tx->commit)) != 0) {
		(void)error_set(err, -rc, "%s", store_failure(n->store));
		take_back(tx);
		tx_free(tx);
	}
	return (rc);
}

struct node *
node_tx_node(struct node_tx * tx)
{
	return (tx->node);
}
