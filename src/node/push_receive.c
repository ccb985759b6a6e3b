/* push_receive.c: opening what a relay brought. */
#include <stdlib.h>

#include "group/push.h"
#include "node/node_impl.h"
#include "node/node_push.h"
#include "node/push_groups.h"

/* References computed before the loop may turn: about 2 ms. */
#define LOOKS_STEP 2048

struct node_push_receive {
	struct node * node;
	struct node_watcher watcher;
	struct world_timer timer;
	struct buffer envelope;
	struct out_of_store_envelope parts;
	struct reference_search * search;
	void (*done)(void * user, const struct push_message * m,
	    const uint8_t group_pk[32], const struct error * err);
	void * user;
};

static void
receive_free(struct node_push_receive * r)
{
	world_timer_stop(r->node->world, &r->timer);
	node_unwatch(r->node, &r->watcher);
	reference_search_free(r->search);
	buffer_free(&r->envelope);
	free(r);
}

static void
finish(struct node_push_receive * r, const struct push_message * m,
    const uint8_t * group_pk, const struct error * err)
{
	void (*done)(void * user, const struct push_message * message,
	    const uint8_t pk[32], const struct error * why) = r->done;
	void * user = r->user;

	receive_free(r);
	done(user, m, group_pk, err);
}

static void
receive_closed(void * user)
{
	struct error err = {0};

	(void)error_set(&err, ERR_BRIDGE_NOT_RUNNING, "the node is closing");
	finish(user, NULL, NULL, &err);
}

/* --- the relay's envelope ------------------------------------------------- */

/* Whichever relay it came by: all that were told of this device are tried. */
static int
open_exposed(struct node * n, struct slice payload, struct buffer * envelope,
    struct error * err)
{
	const uint8_t * private = account_push_key(n->account)->private;
	uint8_t keys[PUSH_SERVERS_MAX][32];
	size_t i, known = account_push_servers(n->account, keys);
	int status = -ERR_INTERNAL;

	for (i = 0; i < known; i++) {
		status = push_exposed_open(envelope, payload, keys[i], private);
		if (status != -ERR_PUSH_UNABLE_TO_DECRYPT)
			break;
	}
	if (status == 0)
		return (0);
	(void)error_set(err, -status, status == -ERR_INTERNAL
	    ? "no push server is registered: call PushSetServer"
	    : status == -ERR_PUSH_INVALID_PAYLOAD
	        ? "the payload is no push"
	        : "no registered push server sealed this for this device");
	return (error_wrap(err, ERR_PUSH_UNABLE_TO_DECRYPT));
}

/* --- the message ---------------------------------------------------------- */

/* A group that is not open is opened for a moment, and nothing of it kept. */
static int
open_closed(struct node * n, const uint8_t group_pk[32],
    const struct out_of_store_envelope * e, struct push_message * m)
{
	bool begun = store_begin(n->store) == 0;
	struct group_config config = {0};
	struct group * g;
	int status;

	status = account_group_config(n->account, group_pk, &config, NULL);
	if (status == 0)
		status = group_open(&n->context, &config, &g, NULL);
	crypto_wipe(&config, sizeof(config));
	if (status == 0) {
		status = group_push_open(g, e, m);
		group_close(g);
	}
	if (begun)
		store_rollback(n->store);
	return (status);
}

static void
open_found(struct node_push_receive * r, const struct reference_found * found)
{
	struct node_group * g =
	    node_find(r->node, slice_of(found->group_pk, KEY_SIZE));
	struct push_message m = {0};
	struct error err = {0};
	uint8_t pk[KEY_SIZE];
	int status;

	status = g != NULL ? group_push_open(g->group, &r->parts, &m)
	    : open_closed(r->node, found->group_pk, &r->parts, &m);
	if (status != 0) {
		(void)error_from(&err, ERR_CRYPTO_DECRYPT, status,
		    "the pushed message does not open: its key is used, or "
		    "too far ahead");
		finish(r, NULL, NULL, &err);
		return;
	}
	memcpy(pk, found->group_pk, sizeof(pk));
	finish(r, &m, pk, NULL);
	push_message_free(&m);
}

static void
search_on(struct world_timer * timer)
{
	struct node_push_receive * r =
	    list_entry(timer, struct node_push_receive, timer);
	struct reference_found found;
	struct error err = {0};
	int rc;

	rc = reference_search_run(r->search, LOOKS_STEP, &found);
	if (rc == 0 && world_timer_start(r->node->world, &r->timer, 0) == 0)
		return;
	if (rc == 1) {
		open_found(r, &found);
		return;
	}
	(void)error_set(&err, ERR_NOT_FOUND,
	    "the push is of no group that is known here");
	finish(r, NULL, NULL, &err);
}

/* --- begin and cancel ----------------------------------------------------- */

static int
add_group(void * user, const struct group_config * config)
{
	struct node_push_receive * r = user;

	return (group_push_search(&r->node->context, config, r->search));
}

static int
begin(struct node_push_receive * r, struct slice payload, struct error * err)
{
	int status;

	if ((status = open_exposed(r->node, payload, &r->envelope, err)) != 0)
		return (status);
	if (out_of_store_split(&r->parts, buffer_all(&r->envelope)) != 0)
		return (error_set(err, ERR_DESERIALIZATION,
		    "the relay sealed no message"));
	r->search = reference_search_new(r->parts.reference);
	if (r->search == NULL ||
	    push_each_group(r->node, add_group, r) != 0 ||
	    world_timer_start(r->node->world, &r->timer, 0) != 0)
		return (error_set(err, ERR_INTERNAL,
		    "the known groups cannot be looked through"));
	return (0);
}

int
node_push_receive(struct node * n, struct slice payload,
    void (*done)(void * user, const struct push_message * m,
        const uint8_t group_pk[32], const struct error * err),
    void * user, struct node_push_receive ** receive, struct error * err)
{
	struct node_push_receive * r;
	int rc;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	r->node = n;
	r->done = done;
	r->user = user;
	r->timer.fire = search_on;
	r->watcher.closed = receive_closed;
	r->watcher.user = r;
	node_watch(n, &r->watcher);
	if ((rc = begin(r, payload, err)) != 0) {
		receive_free(r);
		return (rc);
	}
	*receive = r;
	return (0);
}

void
node_push_receive_cancel(struct node_push_receive * r)
{
	receive_free(r);
}
