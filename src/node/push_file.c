#include "node/push_file.h"

#include "base/reader.h"
#include "group/chain_store.h"
#include "group/push.h"

/* Scopes and names in STORE_PUSH_CHAIN; form of the rows, their first byte. */
enum { SCOPE_SELF = 0, SCOPE_GROUPS = 1 };
#define NAME_SELF "self"
#define FORM 1

/* A chain that is farther ahead of its base than this begins anew. */
#define STEPS_MAX 4096

/* References computed at a time, when nobody waits for the loop. */
#define LOOKS_STEP 65536

/* A chain in a row. */
struct file_chain {
	uint8_t device_pk[32];
	struct chain_key base;
	uint64_t position;
};
#define CHAIN_SIZE (32 + 32 + 8 + 8)
#define GROUP_HEAD (1 + 32 + 32)

void
push_file_key(uint8_t key[32], const uint8_t store_key[32])
{
	blake2b(key, KEY_SIZE, slice_of(store_key, KEY_SIZE),
	    slice_text("berty push file"));
}

/* --- rows ----------------------------------------------------------------- */

/* The row of a group, read: r stands at its chains. */
static bool
begin_group(struct reader * r, struct slice row, struct group_info * g)
{
	struct slice pk, secret;

	*r = reader_of(row);
	if (reader_byte(r) != FORM)
		reader_fail(r);
	pk = reader_take(r, sizeof(g->pk));
	secret = reader_take(r, sizeof(g->secret));
	if (r->failed || r->n % CHAIN_SIZE != 0)
		return (false);
	memcpy(g->pk, pk.p, pk.n);
	memcpy(g->secret, secret.p, secret.n);
	g->has_secret = true;
	return (true);
}

static bool
next_chain(struct reader * r, struct file_chain * c)
{
	struct slice device, key;

	if (r->n == 0)
		return (false);
	device = reader_take(r, sizeof(c->device_pk));
	key = reader_take(r, sizeof(c->base.key));
	c->base.counter = reader_be64(r);
	c->position = reader_be64(r);
	if (r->failed)
		return (false);
	memcpy(c->device_pk, device.p, device.n);
	memcpy(c->base.key, key.p, key.n);
	return (true);
}

static void
put_chain(struct buffer * row, const struct file_chain * c)
{
	buffer_append(row, c->device_pk, sizeof(c->device_pk));
	buffer_append(row, c->base.key, sizeof(c->base.key));
	buffer_be64(row, c->base.counter);
	buffer_be64(row, c->position);
}

/* The chain of a device in a row; false: none. */
static bool
find_chain(struct slice row, const uint8_t device_pk[32],
    struct file_chain * c)
{
	struct group_info g = {0};
	struct reader r;
	bool found = false;

	if (begin_group(&r, row, &g))
		while (!found && next_chain(&r, c))
			found = memcmp(c->device_pk, device_pk, KEY_SIZE) == 0;
	crypto_wipe(&g, sizeof(g));
	return (found);
}

/* --- writing -------------------------------------------------------------- */

int
push_file_put_self(struct store * file, const uint8_t private[32],
    uint8_t (* servers)[32], size_t n)
{
	struct buffer row = {0};
	size_t i;
	int status;

	buffer_byte(&row, FORM);
	buffer_append(&row, private, KEY_SIZE);
	for (i = 0; i < n; i++)
		buffer_append(&row, servers[i], KEY_SIZE);
	status = row.failed ? -ERR_INTERNAL : store_put(file,
	    STORE_PUSH_CHAIN, SCOPE_SELF, slice_text(NAME_SELF),
	    buffer_all(&row));
	buffer_wipe(&row);
	return (status);
}

/* Not too far behind where the chain stands, and not right there. */
static void
follow(struct file_chain * c, const struct chain_key * now,
    const uint8_t group_pk[32])
{
	uint64_t lag = now->counter - c->base.counter;
	uint8_t key[32];

	c->position = now->counter;
	if (lag > STEPS_MAX)
		c->base = *now;
	else if (lag > PUSH_FILE_BACK_MAX)
		(void)chain_key_reach(&c->base, key, group_pk,
		    now->counter - PUSH_FILE_BACK, STEPS_MAX);
	crypto_wipe(key, sizeof(key));
}

struct put {
	struct slice held;        /* the row that stands there */
	struct buffer row;
	const uint8_t * group_pk;
};

static int
put_followed(void * user, const uint8_t device_pk[32],
    const struct chain_key * now)
{
	struct put * p = user;
	struct file_chain c;

	if (!find_chain(p->held, device_pk, &c)) {
		memcpy(c.device_pk, device_pk, KEY_SIZE);
		c.base = *now;
	}
	follow(&c, now, p->group_pk);
	put_chain(&p->row, &c);
	crypto_wipe(&c, sizeof(c));
	return (0);
}

/* Rows are as long as they get, so that no key is left behind by growing. */
static int
count_chain(void * user, const uint8_t device_pk[32],
    const struct chain_key * now)
{
	(void)device_pk;
	(void)now;
	*(size_t *)user += 1;
	return (0);
}

static int
build_row(struct put * p, const struct group_context * context,
    const struct group_config * config)
{
	size_t n = 0;
	int status;

	status = group_push_each_chain(context, config, count_chain, &n);
	if (status != 0 ||
	    (status = buffer_reserve(&p->row, GROUP_HEAD + n * CHAIN_SIZE)) !=
	        0)
		return (status);
	buffer_byte(&p->row, FORM);
	buffer_append(&p->row, config->info.pk, KEY_SIZE);
	buffer_append(&p->row, config->info.secret, KEY_SIZE);
	return (group_push_each_chain(context, config, put_followed, p));
}

int
push_file_put_group(struct store * file,
    const struct group_context * context, const struct group_config * config)
{
	struct slice name = slice_of(config->info.pk, KEY_SIZE);
	struct buffer held = {0};
	struct put p = {.group_pk = config->info.pk};
	int status;

	status = store_get(file, STORE_PUSH_CHAIN, SCOPE_GROUPS, name, &held);
	if (status != 0 && status != -ERR_NOT_FOUND)
		return (status);
	p.held = buffer_all(&held);
	status = build_row(&p, context, config);
	if (status == 0 && p.row.failed)
		status = -ERR_INTERNAL;
	if (status == 0 && !slice_equal(p.held, buffer_all(&p.row)))
		status = store_put(file, STORE_PUSH_CHAIN, SCOPE_GROUPS, name,
		    buffer_all(&p.row));
	buffer_wipe(&p.row);
	buffer_wipe(&held);
	return (status);
}

struct prune {
	bool (*keep)(void * user, const uint8_t group_pk[32]);
	void * user;
	struct buffer unwanted;   /* public keys */
};

static int
look_at(void * user, struct slice row)
{
	struct prune * p = user;

	if (row.n >= 1 + KEY_SIZE && !p->keep(p->user, row.p + 1))
		buffer_append(&p->unwanted, row.p + 1, KEY_SIZE);
	return (p->unwanted.failed ? -ERR_INTERNAL : 0);
}

int
push_file_prune(struct store * file,
    bool (*keep)(void * user, const uint8_t group_pk[32]), void * user)
{
	struct prune p = {keep, user, {0}};
	size_t at;
	int status;

	status = store_each(file, STORE_PUSH_CHAIN, SCOPE_GROUPS, look_at, &p);
	for (at = 0; status == 0 && at < p.unwanted.n; at += KEY_SIZE)
		status = store_delete(file, STORE_PUSH_CHAIN, SCOPE_GROUPS,
		    slice_of(p.unwanted.p + at, KEY_SIZE));
	buffer_free(&p.unwanted);
	return (status);
}

/* --- reading -------------------------------------------------------------- */

/* The relay's envelope, with any of the keys in the row "self". */
static int
open_exposed(struct store * file, struct slice payload,
    struct buffer * envelope, struct error * err)
{
	struct buffer row = {0};
	size_t at = 1 + 2 * KEY_SIZE;
	int status;

	status = store_get(file, STORE_PUSH_CHAIN, SCOPE_SELF,
	    slice_text(NAME_SELF), &row);
	if (status != 0 || row.n < 1 + KEY_SIZE || row.p[0] != FORM) {
		buffer_wipe(&row);
		return (error_set(err, ERR_NOT_FOUND, "nothing is known of "
		    "pushes yet: the node writes this file after PushSetServer"
		    " or PushShareToken"));
	}
	status = -ERR_PUSH_UNABLE_TO_DECRYPT;
	for (; status == -ERR_PUSH_UNABLE_TO_DECRYPT && at <= row.n;
	     at += KEY_SIZE)
		status = push_exposed_open(envelope, payload,
		    row.p + at - KEY_SIZE, row.p + 1);
	buffer_wipe(&row);
	if (status == 0)
		return (0);
	(void)error_set(err, -status, status == -ERR_PUSH_INVALID_PAYLOAD
	    ? "the payload is no push"
	    : "no registered push server sealed this for this device");
	return (error_wrap(err, ERR_PUSH_UNABLE_TO_DECRYPT));
}

static int
add_row(void * user, struct slice row)
{
	struct reference_search * s = user;
	struct group_info g = {0};
	struct file_chain c;
	uint8_t secret[32];
	struct reader r;
	int status = 0;

	if (!begin_group(&r, row, &g))
		return (-ERR_DB_READ);
	group_out_of_store_secret(secret, &g);
	status = reference_search_group(s, g.pk, secret);
	while (status == 0 && next_chain(&r, &c))
		status = reference_search_chain(s, c.device_pk, c.position);
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(&g, sizeof(g));
	crypto_wipe(&c, sizeof(c));
	return (status);
}

static int
search(struct store * file, struct slice reference,
    struct reference_found * found)
{
	struct reference_search * s = reference_search_new(reference);
	int status;

	if (s == NULL)
		return (-ERR_INTERNAL);
	status = store_each(file, STORE_PUSH_CHAIN, SCOPE_GROUPS, add_row, s);
	while (status == 0)
		status = reference_search_run(s, LOOKS_STEP, found);
	reference_search_free(s);
	return (status == 1 ? 0 : status);
}

/* With the group's row. */
static int
open_message(struct slice row, const struct out_of_store_envelope * e,
    struct push_message * m)
{
	const struct message_headers * h = &m->message.headers;
	struct group_info g = {0};
	struct file_chain c;
	struct reader r;
	uint8_t key[32];
	int status;

	if (!begin_group(&r, row, &g))
		return (-ERR_DB_READ);
	status = out_of_store_open(&m->message, e, &g);
	if (status == 0 && !find_chain(row, h->device_pk, &c))
		status = -ERR_NOT_FOUND;
	if (status == 0) {
		m->already_received =
		    !chain_store_ahead(c.position, h->counter);
		status = chain_key_reach(&c.base, key, g.pk, h->counter,
		    REFERENCE_AHEAD + PUSH_FILE_BACK_MAX);
	}
	if (status == 0)
		status = push_message_open(m, key);
	crypto_wipe(key, sizeof(key));
	crypto_wipe(&g, sizeof(g));
	crypto_wipe(&c, sizeof(c));
	return (status);
}

static int
open_found(struct store * file, const uint8_t group_pk[32],
    const struct out_of_store_envelope * e, struct push_message * out,
    struct error * err)
{
	struct push_message m = {0};
	struct buffer row = {0};
	int status;

	status = store_get(file, STORE_PUSH_CHAIN, SCOPE_GROUPS,
	    slice_of(group_pk, KEY_SIZE), &row);
	if (status == 0)
		status = open_message(buffer_all(&row), e, &m);
	buffer_wipe(&row);
	if (status == 0) {
		*out = m;
		return (0);
	}
	push_message_free(&m);
	return (error_from(err, ERR_CRYPTO_DECRYPT, status, "the pushed "
	    "message does not open: it is too old, or too far ahead"));
}

int
push_file_open(struct store * file, struct slice payload,
    struct push_message * m, uint8_t group_pk[32], struct error * err)
{
	struct out_of_store_envelope e;
	struct reference_found found;
	struct buffer envelope = {0};
	int status;

	if ((status = open_exposed(file, payload, &envelope, err)) != 0)
		goto free;
	if (out_of_store_split(&e, buffer_all(&envelope)) != 0) {
		status = error_set(err, ERR_DESERIALIZATION,
		    "the relay sealed no message");
		goto free;
	}
	if ((status = search(file, e.reference, &found)) != 0) {
		(void)error_set(err, -status,
		    "the push is of no group that is known here");
		goto free;
	}
	status = open_found(file, found.group_pk, &e, m, err);
	if (status == 0)
		memcpy(group_pk, found.group_pk, KEY_SIZE);

free:
	buffer_free(&envelope);
	return (status);
}
