#include "group/chain_store.h"
#include "group/group_impl.h"

/* Largest payload of a message, bytes: with more, a heads message that carries
 * the entry would not fit into a gossipsub message. */
#define PAYLOAD_MAX (512U << 10)

/* Fresh random bytes for an envelope with n attachments; NULL without memory. */
static bool
draw(struct group * g, struct buffer * random, size_t n)
{
	size_t size = NONCE_SIZE * (n + 1);
	uint8_t * p = buffer_grow(random, size);

	if (p != NULL)
		world_random(g->context.world, p, size);
	return (p != NULL);
}

int
group_write_attached_event(struct group * g, unsigned type,
    struct slice payload, const struct ed25519_key * signer,
    const struct event_attachment * attachments, size_t n, struct cid * cid,
    struct error * err)
{
	const struct event_rule * rule = event_rule_ours(type, g->network);
	struct buffer random = {0}, envelope = {0};
	struct cid ignored;
	int status;

	if (rule == NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "network %s has no event %u", g->network->name, type));
	if ((rule->groups >> g->secrets->info.type & 1) == 0)
		return (error_set(err, ERR_GROUP_INVALID_TYPE,
		    "event %u does not belong into such a group", type));
	if (payload.n > PAYLOAD_MAX)
		return (error_set(err, ERR_INVALID_INPUT,
		    "an event has at most %u bytes", PAYLOAD_MAX));
	if (draw(g, &random, n))
		metadata_seal(&envelope, &g->secrets->info, type, payload,
		    signer == NULL ? &g->secrets->device : signer, random.p,
		    attachments, n);
	if (random.failed || envelope.failed)
		status = error_set(err, ERR_INTERNAL, "out of memory");
	else
		status = log_append(g->metadata, buffer_all(&envelope),
		    cid == NULL ? &ignored : cid, err);
	buffer_free(&envelope);
	buffer_free(&random);
	return (status);
}

int
group_write_event(struct group * g, unsigned type, struct slice payload,
    const struct ed25519_key * signer, struct cid * cid, struct error * err)
{
	return (group_write_attached_event(g, type, payload, signer, NULL, 0,
	    cid, err));
}

/* The chain is one step further on disk when the message is. */
static int
append_message(struct group * g, struct slice envelope,
    const struct chain_key * chain, struct cid * cid, struct error * err)
{
	struct cid ignored;
	int status;

	status = chain_store_save(g->context.store, g->scope,
	    g->secrets->device.pub, chain);
	if (status != 0)
		return (error_from(err, ERR_MESSAGE_KEY_PERSISTENCE_PUT,
		    status, "our chain key"));
	return (log_append(g->messages, envelope, cid == NULL ? &ignored : cid,
	    err));
}

int
group_write_attached_message(struct group * g, struct slice payload,
    const struct event_attachment * attachments, size_t n, struct cid * cid,
    struct error * err)
{
	struct group_secrets * s = g->secrets;
	struct buffer random = {0}, envelope = {0};
	struct chain_key chain;
	int status;

	if (payload.n > PAYLOAD_MAX)
		return (error_set(err, ERR_INVALID_INPUT,
		    "a message has at most %u bytes", PAYLOAD_MAX));
	status = chain_store_load(g->context.store, g->scope, s->device.pub,
	    &chain);
	if (status != 0)
		return (error_from(err, ERR_MESSAGE_KEY_PERSISTENCE_GET,
		    status, "our chain key"));
	if (draw(g, &random, n))
		message_seal(&envelope, payload, &chain, &s->device, &s->info,
		    random.p, attachments, n, s->own_key);
	if (random.failed || envelope.failed)
		status = error_set(err, ERR_INTERNAL, "out of memory");
	else
		status = append_message(g, buffer_all(&envelope), &chain, cid,
		    err);
	crypto_wipe(s->own_key, sizeof(s->own_key));
	crypto_wipe(&chain, sizeof(chain));
	buffer_free(&envelope);
	buffer_free(&random);
	return (status);
}

int
group_write_message(struct group * g, struct slice payload, struct cid * cid,
    struct error * err)
{
	return (group_write_attached_message(g, payload, NULL, 0, cid, err));
}
