/*
 * node_restore.c: an account from its archive, before the node is up.
 *
 * All is one turn of the loop, which the store writes as one: a crash leaves the
 * whole account, or none.
 */
#include "account/restore.h"

#include <stdlib.h>

#include "node/node_impl.h"

/* Bytes read, and entries joined, at a time. */
enum { READ_MAX = 65536, JOIN_MAX = 512 };

struct node_restoring {
	struct node * node;
	const struct node_restore * from;
	struct restore * restore;
	struct buffer groups;     /* public keys */
	uint64_t joined;
};

/* --- reading -------------------------------------------------------------- */

static int
read_all(struct node_restoring * r, struct error * err)
{
	uint8_t * piece = malloc(READ_MAX);
	long n = 1;
	int rc = 0;

	if (piece == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	while (rc == 0 && n > 0) {
		n = r->from->read(r->from->user, piece, READ_MAX);
		if (n > 0)
			rc = restore_read(r->restore,
			    slice_of(piece, (size_t)n), err);
	}
	crypto_wipe(piece, READ_MAX);
	free(piece);
	if (rc == 0 && n < 0)
		rc = error_set(err, ERR_STREAM_READ,
		    "the archive cannot be read");
	return (rc);
}

static int
restore_all(struct node_restoring * r, struct error * err)
{
	struct node * n = r->node;
	const struct network * network;
	int rc;

	if ((rc = store_begin(n->store)) != 0)
		return (error_set(err, -rc, "%s", store_failure(n->store)));
	if ((rc = read_all(r, err)) != 0 ||
	    (rc = restore_finish(r->restore, &network, err)) != 0) {
		store_rollback(n->store);
		return (rc);
	}
	if ((rc = store_commit(n->store, NULL)) != 0)
		return (error_set(err, -rc, "%s", store_failure(n->store)));
	network_list_prefer(&n->networks, network);
	n->network = n->networks.at[0];
	return (0);
}

void
node_restore_free(struct node_restoring * r)
{
	if (r == NULL)
		return;
	restore_free(r->restore);
	buffer_free(&r->groups);
	free(r);
}

int
node_restore_open(struct node * n, const struct node_restore * from,
    struct node_restoring ** restoring, struct error * err)
{
	struct restore_config config = {
		.context = {n->world, n->store, n->secrets},
		.networks = &n->networks,
		.sealed = from->sealed,
		.passphrase = from->passphrase,
		.progress = from->progress,
		.user = from->user,
	};
	struct node_restoring * r;
	int rc;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	r->node = n;
	r->from = from;
	if ((rc = restore_new(&config, &r->restore, err)) != 0 ||
	    (rc = restore_all(r, err)) != 0) {
		node_restore_free(r);
		return (rc);
	}
	*restoring = r;
	return (0);
}

/* --- joining -------------------------------------------------------------- */

static void
tell(struct node_restoring * r)
{
	struct restore_progress at;

	if (r->from->progress == NULL)
		return;
	restore_progress(r->restore, &at);
	at.joined = r->joined;
	r->from->progress(r->from->user, &at);
}

/* Join all that is ready, some in a transaction. */
static int
join_log(struct node_restoring * r, struct log * log)
{
	struct store * s = r->node->store;
	int rc, n = 1;

	while (n > 0 && log_ready(log)) {
		if ((rc = store_begin(s)) != 0)
			return (rc);
		if ((n = log_settle(log, JOIN_MAX)) < 0) {
			store_rollback(s);
			log_forget(log);
			return (n);
		}
		if ((rc = store_commit(s, NULL)) != 0)
			return (rc);
		r->joined += (uint64_t)n;
		tell(r);
	}
	return (0);
}

static int
join_logs(struct node_restoring * r, struct group * g)
{
	int rc = join_log(r, group_metadata_log(g));

	return (rc != 0 ? rc : join_log(r, group_message_log(g)));
}

static int
join_group(struct node_restoring * r, const uint8_t pk[32])
{
	struct node * n = r->node;
	struct group_config config = {0};
	struct group * g = NULL;
	int rc;

	if ((rc = store_begin(n->store)) != 0)
		return (rc);
	rc = account_group_config(n->account, pk, &config, NULL);
	if (rc == 0)
		rc = group_open(&n->context, &config, &g, NULL);
	crypto_wipe(&config, sizeof(config));
	if (rc != 0) {
		store_rollback(n->store);
		return (rc);
	}
	rc = store_commit(n->store, NULL);
	if (rc == 0)
		rc = join_logs(r, g);
	group_close(g);
	return (rc);
}

static int
note_group(void * user, const struct group_info * g,
    const struct network * network)
{
	struct node_restoring * r = user;

	(void)network;
	buffer_append(&r->groups, g->pk, KEY_SIZE);
	return (0);
}

static int
note_contact(void * user, const struct contact * c)
{
	struct node_restoring * r = user;
	struct group_config config = {0};

	if (account_contact_group_config(r->node->account, c->pk, &config,
	    NULL) == 0)
		buffer_append(&r->groups, config.info.pk, KEY_SIZE);
	crypto_wipe(&config, sizeof(config));
	return (0);
}

static int
note_networks(struct node_restoring * r)
{
	struct store * s = r->node->store;
	int rc;

	if ((rc = store_begin(s)) != 0)
		return (rc);
	if ((rc = restore_networks(r->restore, r->node->account)) != 0) {
		store_rollback(s);
		return (rc);
	}
	return (store_commit(s, NULL));
}

/* What went wrong in one group shall not cost the others. */
static int
join_groups(struct node_restoring * r)
{
	struct node * n = r->node;
	size_t i;
	int rc;

	for (i = 0; i + KEY_SIZE <= r->groups.n; i += KEY_SIZE) {
		rc = join_group(r, r->groups.p + i);
		if (store_read_only(n->store))
			return (-ERR_DB_WRITE);
		if (rc != 0)
			log_warn(n->world->log, "restore", "a group's entries "
			    "are kept, but not read yet (%d)", -rc);
	}
	return (0);
}

/* Its lists were looked at before. */
static void
show_all(struct node_group * g)
{
	g->visible[FEED_METADATA] = log_arrivals(node_log(g, FEED_METADATA));
	g->visible[FEED_MESSAGES] = log_arrivals(node_log(g, FEED_MESSAGES));
}

int
node_restore_join(struct node_restoring * r, struct error * err)
{
	struct node * n = r->node;
	int rc;

	if ((rc = note_networks(r)) != 0 ||
	    (rc = join_logs(r, account_group(n->account))) != 0 ||
	    (rc = account_each_contact(n->account, note_contact, r)) != 0 ||
	    (rc = account_each_group(n->account, note_group, r)) != 0 ||
	    (rc = r->groups.failed ? -ERR_INTERNAL : 0) != 0 ||
	    (rc = join_groups(r)) != 0)
		return (error_from(err, ERR_DB_WRITE, rc,
		    "what was restored cannot be joined"));
	show_all(node_account_group(n));
	tell(r);
	return (0);
}
