#include "group/chain_store.h"
#include "group/group_impl.h"
#include "group/waiting.h"
#include "group/wire.h"

/* Members that one transaction writes event 2 for. */
#define MEMBERS_MAX 64

struct members {
	unsigned n, max;
	uint8_t pk[MEMBERS_MAX][32];
};

/* Write event 2 to a member, once for ever. */
static int
send_secret(struct group * g, const uint8_t member_pk[32],
    struct error * err)
{
	const struct group_secrets * s = g->secrets;
	struct buffer sealed = {0}, payload = {0};
	struct chain_key c;
	int status;

	if ((status = group_secret_sent(g, member_pk)) != 0)
		return (status > 0 ? 0
		                   : error_set(err, -status, "secrets sent"));
	status = chain_store_load(g->context.store, g->scope, s->device.pub,
	    &c);
	if (status == 0)
		status = chain_key_seal(&sealed, &c, &s->device, member_pk,
		    s->info.pk);
	crypto_wipe(&c, sizeof(c));
	wire_put_bytes(&payload, 1, slice_of(s->device.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(member_pk, 32));
	wire_put_bytes(&payload, 3, buffer_all(&sealed));
	if (status != 0 || payload.failed)
		status = error_set(err, status != 0 ? -status : ERR_INTERNAL,
		    "our chain key cannot be sealed");
	else
		status = group_write_event(g, EVENT_DEVICE_CHAIN_KEY_ADDED,
		    buffer_all(&payload), &s->device, NULL, err);
	buffer_free(&payload);
	buffer_free(&sealed);
	return (status);
}

static int
collect(void * user, struct slice value)
{
	struct members * m = user;

	if (m->n == m->max)
		return (1);
	if (!wire_copy(m->pk[m->n], 32, value))
		return (-ERR_DB_READ);
	m->n++;
	return (0);
}

/* Event 2 to members who have none, but not to those in `except`. */
static int
send_secrets(struct group * g, unsigned max, const uint8_t * except,
    struct error * err)
{
	struct members m = {.max = max < MEMBERS_MAX ? max : MEMBERS_MAX};
	unsigned i;
	int status;

	status = store_each(g->context.store, STORE_SECRET_SENT, g->todo,
	    collect, &m);
	if (status < 0)
		return (error_set(err, -status, "members without our key"));
	for (i = 0, status = 0; i < m.n && status == 0; i++)
		if (except == NULL || memcmp(m.pk[i], except, 32) != 0)
			status = send_secret(g, m.pk[i], err);
	return (status);
}

/* Event 1 of our device, if there is none. */
static int
announce(struct group * g, struct error * err)
{
	const struct group_secrets * s = g->secrets;
	struct buffer payload = {0};
	uint8_t member[32], sig[SIGNATURE_SIZE];
	int status;

	status = group_member_of(g, s->device.pub, member);
	if (status == 0)
		return (0);
	if (status != -ERR_NOT_FOUND)
		return (error_set(err, -status, "announced devices"));
	ed25519_sign(sig, &s->member, slice_of(s->device.pub, 32));
	wire_put_bytes(&payload, 1, slice_of(s->member.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(s->device.pub, 32));
	wire_put_bytes(&payload, 3, slice_of(sig, sizeof(sig)));
	if (payload.failed)
		status = error_set(err, ERR_INTERNAL, "out of memory");
	else
		status = group_write_event(g, EVENT_MEMBER_DEVICE_ADDED,
		    buffer_all(&payload), &s->device, NULL, err);
	buffer_free(&payload);
	return (status);
}

int
group_activate(struct group * g, struct error * err)
{
	const struct group_secrets * s = g->secrets;
	int status;

	/* The order is Go's, and seen on the wire: a contact finds its key
	 * there before it ever appears. */
	if (s->info.type == GROUP_CONTACT &&
	    (status = send_secret(g, g->contact_pk, err)) != 0)
		return (status);
	if ((status = send_secrets(g, MEMBERS_MAX, s->member.pub, err)) != 0 ||
	    (status = announce(g, err)) != 0 ||
	    (status = send_secret(g, s->member.pub, err)) != 0)
		return (status);
	g->activated = true;
	return (0);
}

bool
group_has_reaction(const struct group * g)
{
	uint64_t n;

	if (g->activated &&
	    store_count(g->context.store, STORE_SECRET_SENT, g->todo, &n) ==
	        0 &&
	    n > 0)
		return (true);
	if (store_count(g->context.store, STORE_WAITING, g->todo, &n) == 0 &&
	    n > 0)
		return (true);
	return (store_count(g->context.store, STORE_PARKED, g->todo, &n) == 0 &&
	    n > 0);
}

/* Look at the devices that are due, until enough was opened. */
static int
open_waiting(struct group * g, unsigned max)
{
	const struct waiting w = {g->context.store, g->scope, g->todo};
	struct waiting_due due, again;
	unsigned opened, all = 0;
	int status;

	while (all < max) {
		status = waiting_next(&w, &due);
		if (status == -ERR_NOT_FOUND)
			return (0);
		if (status == 0)
			status = group_open_waiting(g, due.device_pk,
			    max - all, &opened);
		if (status != 0)
			return (status);
		all += opened;
		/* Put off: the rest is for another transaction. */
		if (waiting_due_of(&w, due.device_pk, &again) == 0)
			return (0);
	}
	return (0);
}

int
group_react(struct group * g, unsigned max, struct error * err)
{
	int status;

	if (g->activated && (status = send_secrets(g, max, NULL, err)) != 0)
		return (status);
	if ((status = group_deliver_held(g, max)) != 0)
		return (error_set(err, -status, "events that were held"));
	if ((status = open_waiting(g, max)) != 0)
		return (error_set(err, -status, "waiting messages"));
	return (0);
}
