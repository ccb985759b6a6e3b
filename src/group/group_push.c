#include "group/group_push.h"

#include "group/chain_store.h"
#include "group/group_impl.h"
#include "group/member_store.h"

/* --- sending -------------------------------------------------------------- */

static int
not_in_log(struct error * err, int status)
{
	(void)error_set(err, status == -ERR_NOT_FOUND ? ERR_INVALID_INPUT :
	    -status, "the group's log has no such message");
	(void)error_wrap(err, ERR_INVALID_INPUT);
	return (error_wrap(err, ERR_INTERNAL));
}

int
group_push_seal(struct group * g, const struct cid * cid, struct buffer * out,
    struct error * err)
{
	struct buffer envelope = {0};
	uint8_t random[NONCE_SIZE];
	struct log_item item;
	int status;

	if ((status = log_find(g->messages, cid, &item)) != 0)
		return (not_in_log(err, status));
	status = operation_value(&envelope, item.entry.payload);
	world_random(g->context.world, random, sizeof(random));
	if (status == 0)
		status = out_of_store_seal(out, &g->secrets->info,
		    g->network->reference_field, cid_slice(cid),
		    buffer_all(&envelope), random);
	buffer_free(&envelope);
	crypto_wipe(item.note, sizeof(item.note));
	log_item_free(&item);
	return (status == 0 ? 0 : not_in_log(err, status));
}

/* --- finding -------------------------------------------------------------- */

struct chain_walk {
	struct store * store;
	uint64_t scope;
	int (*each)(void * user, const uint8_t device_pk[32],
	    const struct chain_key * c);
	void * user;
};

static int
give_chain(void * user, struct slice value)
{
	struct chain_walk * w = user;
	struct member_row row;
	struct chain_key c;
	int status;

	if ((status = member_row_decode(&row, value)) != 0)
		return (status);
	status = chain_store_load(w->store, w->scope, row.device_pk, &c);
	if (status == 0)
		status = w->each(w->user, row.device_pk, &c);
	else if (status == -ERR_NOT_FOUND)
		status = 0;
	crypto_wipe(&c, sizeof(c));
	return (status);
}

int
group_push_each_chain(const struct group_context * context,
    const struct group_config * config, int (*each)(void * user,
        const uint8_t device_pk[32], const struct chain_key * c), void * user)
{
	struct chain_walk w = {context->store, 0, each, user};

	/* Outside a transaction: a group without rows has no chains either. */
	if (group_rows(context, config, GROUP_ROWS, &w.scope) != 0)
		return (0);
	return (store_each(context->store, STORE_MEMBER, w.scope, give_chain,
	    &w));
}

static int
add_chain(void * user, const uint8_t device_pk[32], const struct chain_key * c)
{
	return (reference_search_chain(user, device_pk, c->counter));
}

int
group_push_search(const struct group_context * context,
    const struct group_config * config, struct reference_search * s)
{
	uint8_t secret[32];
	int status;

	group_out_of_store_secret(secret, &config->info);
	status = reference_search_group(s, config->info.pk, secret);
	crypto_wipe(secret, sizeof(secret));
	if (status == 0)
		status = group_push_each_chain(context, config, add_chain, s);
	return (status);
}

/* --- opening -------------------------------------------------------------- */

void
push_message_free(struct push_message * m)
{
	out_of_store_free(&m->message);
	buffer_wipe(&m->clear);
	*m = (struct push_message){0};
}

int
push_message_open(struct push_message * m, const uint8_t key[32])
{
	const struct message_headers * h = &m->message.headers;
	uint8_t nonce[NONCE_SIZE];
	int status;

	message_nonce(nonce, h->counter);
	status = secretbox_open(&m->clear, key, nonce, m->message.box);
	if (status == 0)
		status = ed25519_verify(h->sig, h->device_pk,
		    buffer_all(&m->clear));
	return (status);
}

/* The key that the log kept when it delivered the message: 1, or 0. */
static int
key_in_log(struct group * g, struct slice cid_bytes, uint8_t key[32])
{
	struct log_item item;
	struct cid cid;
	int found;

	if (cid_parse(&cid, cid_bytes) != 0 ||
	    log_find(g->messages, &cid, &item) != 0)
		return (0);
	found = item.arrival != 0 && item.note_n == KEY_SIZE;
	if (found)
		memcpy(key, item.note, KEY_SIZE);
	crypto_wipe(item.note, sizeof(item.note));
	log_item_free(&item);
	return (found);
}

int
group_push_open(struct group * g, const struct out_of_store_envelope * e,
    struct push_message * out)
{
	struct group_secrets * s = g->secrets;
	struct push_message m = {0};
	uint8_t key[32];
	int status;

	if ((status = out_of_store_open(&m.message, e, &s->info)) != 0)
		return (status);
	m.already_received = key_in_log(g, m.message.cid, key) != 0;
	if (!m.already_received)
		status = chain_store_peek(g->context.store, g->scope,
		    s->info.pk, m.message.headers.device_pk,
		    m.message.headers.counter, REFERENCE_AHEAD, key);
	if (status == 0)
		status = push_message_open(&m, key);
	crypto_wipe(key, sizeof(key));
	if (status == 0)
		*out = m;
	else
		push_message_free(&m);
	return (status == -ERR_NOT_FOUND ? -ERR_CRYPTO_DECRYPT : status);
}
