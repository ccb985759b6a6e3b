#include "group/attachment_register.h"
#include "group/chain_store.h"
#include "group/group_impl.h"
#include "group/waiting.h"

/* Counters looked at in one go, so that a long gap does not hold the loop. */
#define LOOKS_MAX 1024

static struct waiting
waiting_of(struct group * g)
{
	return ((struct waiting){g->context.store, g->scope, g->todo});
}

static void
deliver(struct log_verdict * verdict, const uint8_t key[32])
{
	verdict->deliver = true;
	verdict->note_n = KEY_SIZE;
	memcpy(verdict->note, key, KEY_SIZE);
}

static int
wait_for_key(struct group * g, const struct message_headers * h,
    const struct cid * cid)
{
	const struct waiting w = waiting_of(g);
	int status;

	status = waiting_add(&w, h->device_pk, h->counter, cid);
	return (status != 0 ? status : group_count(g, 0, 0, 1));
}

/* The chain moved: later messages that waited may be in its reach now. */
static int
keep_use(struct group * g, const struct message_headers * h,
    const struct chain_use * use)
{
	const struct waiting w = waiting_of(g);
	int status;

	status = chain_store_use(g->context.store, g->scope, h->device_pk,
	    h->counter, use);
	if (status != 0 || !use->moves)
		return (status);
	return (waiting_look(&w, h->device_pk, use->first_skipped - 1));
}

int
group_learn_attachments(struct group * g, const struct attached * a)
{
	if (a->n == 0)
		return (0);
	return (attachment_register_learn(g->context.store, a,
	    world_wall(g->context.world) / 1000000000));
}

/* 1: opens, and the keys that it brings are kept; 0: never will; or a code. */
static int
opens(struct group * g, struct slice envelope, const struct message_headers * h,
    const uint8_t key[32])
{
	struct message m;
	int status;

	status = message_open(&m, envelope, h, key, &g->secrets->info,
	    g->network);
	if (status != 0)
		return (status == -ERR_INTERNAL ? status : 0);
	status = group_learn_attachments(g, &m.attached);
	message_free(&m);
	return (status == 0 ? 1 : status);
}

static int
take_other(struct group * g, const struct cid * cid, struct slice envelope,
    struct log_verdict * verdict)
{
	struct message_headers h;
	struct chain_use use;
	int status;

	if (message_open_headers(&h, envelope, &g->secrets->info) != 0)
		return (group_count(g, 0, 1, 0));
	status = chain_store_find(g->context.store, g->scope,
	    g->secrets->info.pk, h.device_pk, h.counter, &use);
	if (status == -ERR_NOT_FOUND) {
		status = wait_for_key(g, &h, cid);
		goto wipe;
	}
	if (status != 0 || (status = opens(g, envelope, &h, use.key)) < 0)
		goto wipe;
	if (status == 0) {
		status = group_count(g, 0, 1, 0);
		goto wipe;
	}
	if ((status = keep_use(g, &h, &use)) == 0)
		deliver(verdict, use.key);

wipe:
	crypto_wipe(&use, sizeof(use));
	return (status);
}

int
group_take_message(void * user, struct log * log, const struct entry * e,
    const struct cid * cid, struct slice value, bool own,
    struct log_verdict * verdict)
{
	struct group * g = user;

	(void)log;
	(void)e;
	if (!own)
		return (take_other(g, cid, value, verdict));
	deliver(verdict, g->secrets->own_key);
	return (0);
}

/* --- messages that waited -------------------------------------------------- */

/* Deliver it, if it opens with the key: 1, 0 when it never will, or a code. */
static int
open_waiting_one(struct group * g, const struct cid * cid,
    const uint8_t key[32])
{
	struct message_headers h;
	struct buffer envelope = {0};
	struct log_item item;
	int status;

	if ((status = log_find(g->messages, cid, &item)) != 0)
		return (status);
	status = operation_value(&envelope, item.entry.payload);
	if (status == 0 && message_open_headers(&h, buffer_all(&envelope),
	        &g->secrets->info) == 0)
		status = opens(g, buffer_all(&envelope), &h, key);
	if (status == 1)
		status = log_deliver(g->messages, cid, key, KEY_SIZE);
	else if (status == 0)
		goto free;
	status = status == 0 ? 1 : status;

free:
	buffer_free(&envelope);
	log_item_free(&item);
	return (status);
}

/* All that wait under one counter: whoever does not open now was forged. */
static int
open_counter(struct group * g, const uint8_t device_pk[32], uint64_t counter,
    uint64_t n, unsigned * opened)
{
	const struct waiting w = waiting_of(g);
	struct chain_use use;
	struct cid cid;
	uint64_t i;
	unsigned good = 0;
	int status;

	status = chain_store_find(g->context.store, g->scope,
	    g->secrets->info.pk, device_pk, counter, &use);
	if (status != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	for (i = 0; i < n; i++) {
		status = waiting_get(&w, device_pk, counter, i, &cid);
		if (status == 0)
			status = open_waiting_one(g, &cid, use.key);
		if (status < 0)
			goto wipe;
		good += (unsigned)status;
	}
	status = waiting_remove(&w, device_pk, counter);
	if (status == 0 && good > 0)
		status = chain_store_use(g->context.store, g->scope, device_pk,
		    counter, &use);
	if (status == 0)
		status = group_count(g, 0, (int)(n - good), -(int)n);
	*opened += good;

wipe:
	crypto_wipe(&use, sizeof(use));
	return (status);
}

/* Where the device's chain stands. */
static int
chain_position(struct group * g, const uint8_t device_pk[32],
    uint64_t * position)
{
	struct chain_key c;
	int status;

	status = chain_store_load(g->context.store, g->scope, device_pk, &c);
	if (status == 0)
		*position = c.counter;
	crypto_wipe(&c, sizeof(c));
	return (status);
}

static bool
out_of_reach(uint64_t position, uint64_t counter)
{
	return (chain_store_ahead(position, counter) &&
	    counter - position > CHAIN_KEY_WINDOW);
}

int
group_open_waiting(struct group * g, const uint8_t device_pk[32], unsigned max,
    unsigned * opened)
{
	const struct waiting w = waiting_of(g);
	struct waiting_due due;
	uint64_t position, n, left;
	unsigned looks;
	int status;

	*opened = 0;
	if ((status = waiting_due_of(&w, device_pk, &due)) != 0 ||
	    (status = chain_position(g, device_pk, &position)) != 0 ||
	    (status = waiting_count(&w, device_pk, &left)) != 0)
		return (status);
	for (looks = 0; left > 0 && !out_of_reach(position, due.from + 1);
	     looks++) {
		if (looks == LOOKS_MAX || *opened >= max)
			return (waiting_put_off(&w, &due));
		due.from++;
		status = waiting_count_at(&w, device_pk, due.from, &n);
		if (status == 0 && n == 0)
			continue;
		if (status != 0 ||
		    (status = open_counter(g, device_pk, due.from, n,
		        opened)) != 0 ||
		    (status = chain_position(g, device_pk, &position)) != 0 ||
		    (status = waiting_count(&w, device_pk, &left)) != 0)
			return (status);
	}
	return (waiting_done(&w, device_pk));
}
