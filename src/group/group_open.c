#include <stdlib.h>

#include "group/chain_store.h"
#include "group/group_impl.h"
#include "group/role.h"
#include "log/address.h"

int
group_rows(const struct group_context * context,
    const struct group_config * config, const char * kind, uint64_t * scope)
{
	struct buffer name = {0};
	int status;

	buffer_text(&name, kind);
	buffer_append(&name, config->info.pk, KEY_SIZE);
	if (config->apart)
		buffer_text(&name, config->network->name);
	if (name.failed)
		status = -ERR_INTERNAL;
	else
		status = store_scope(context->store, buffer_all(&name), scope);
	buffer_free(&name);
	return (status);
}

static int
open_log(struct group * g, const struct log_identity * identity,
    const char * store_type, bool causal, struct log ** log,
    struct error * err)
{
	const struct log_handler handler = {
	    causal ? group_fold : group_take_message, g};
	struct buffer address = {0};
	int status;

	log_address(&address, g->secrets->info.pk, identity->pub, store_type,
	    NULL, NULL, NULL, NULL);
	if (address.failed)
		status = error_set(err, ERR_INTERNAL, "out of memory");
	else
		status = log_open(g->context.world, g->context.store,
		    buffer_all(&address), identity, &handler, causal, log,
		    err);
	buffer_free(&address);
	return (status);
}

static int
open_logs(struct group * g, struct error * err)
{
	struct log_identity identity;
	int status;

	log_identity_from_seed(&identity, g->secrets->info.secret);
	status = open_log(g, &identity, g->network->metadata_store, true,
	    &g->metadata, err);
	if (status == 0)
		status = open_log(g, &identity, g->network->message_store,
		    false, &g->messages, err);
	crypto_wipe(&identity, sizeof(identity));
	return (status);
}

/* Our own chain is made once; whoever gets its key later reads from there. */
static int
open_chain(struct group * g)
{
	uint8_t random[40];
	struct chain_key c;
	int status;

	status = chain_store_load(g->context.store, g->scope,
	    g->secrets->device.pub, &c);
	if (status == -ERR_NOT_FOUND) {
		world_random(g->context.world, random, sizeof(random));
		chain_key_new(&c, random, g->network->random_counter);
		status = chain_store_save(g->context.store, g->scope,
		    g->secrets->device.pub, &c);
	}
	crypto_wipe(random, sizeof(random));
	crypto_wipe(&c, sizeof(c));
	return (status);
}

static int
group_new(const struct group_context * context,
    const struct group_config * config, struct group ** out)
{
	struct group * g;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return (-ERR_INTERNAL);
	g->context = *context;
	g->secrets = secret_new(context->secrets, sizeof(*g->secrets));
	if (g->secrets == NULL) {
		free(g);
		return (-ERR_INTERNAL);
	}
	g->secrets->info = config->info;
	g->secrets->member = config->member;
	g->secrets->device = config->device;
	g->network = config->network;
	memcpy(g->contact_pk, config->contact_pk, sizeof(g->contact_pk));
	g->handler = config->handler;
	*out = g;
	return (0);
}

int
group_open(const struct group_context * context,
    const struct group_config * config, struct group ** out, struct error * err)
{
	struct group * g;
	int status;

	if (!config->info.has_secret)
		return (error_set(err, ERR_INVALID_INPUT,
		    "a group without its secret cannot be opened"));
	if (group_new(context, config, &g) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((status = group_rows(context, config, GROUP_ROWS,
	         &g->scope)) != 0 ||
	    (status = group_rows(context, config, GROUP_TODO_ROWS,
	        &g->todo)) != 0) {
		(void)error_set(err, -status, "the group's rows");
		goto close;
	}
	if ((status = open_logs(g, err)) != 0)
		goto close;
	if ((status = store_scope(context->store, slice_text("alias keys"),
	         &g->aliases)) != 0 ||
	    (status = role_fold_log(g)) != 0) {
		(void)error_set(err, -status, "the group's roles");
		goto close;
	}
	if ((status = open_chain(g)) != 0) {
		(void)error_set(err, -status, "our chain key");
		goto close;
	}
	*out = g;
	return (0);

close:
	group_close(g);
	return (status);
}

void
group_close(struct group * g)
{
	if (g == NULL)
		return;
	if (g->messages != NULL)
		log_close(g->messages);
	if (g->metadata != NULL)
		log_close(g->metadata);
	secret_free(g->context.secrets, g->secrets, sizeof(*g->secrets));
	free(g);
}

void
group_forget(struct group * g)
{
	uint8_t member[32];

	log_forget(g->metadata);
	log_forget(g->messages);
	crypto_wipe(g->secrets->own_key, sizeof(g->secrets->own_key));
	/* What was undone may be the activation itself. */
	if (g->activated)
		g->activated = group_member_of(g, g->secrets->device.pub,
		    member) == 0;
}

const struct group_info *
group_info_of(const struct group * g)
{
	return (&g->secrets->info);
}

const struct network *
group_network(const struct group * g)
{
	return (g->network);
}

struct log *
group_metadata_log(struct group * g)
{
	return (g->metadata);
}

struct log *
group_message_log(struct group * g)
{
	return (g->messages);
}

const uint8_t *
group_member_pk(const struct group * g)
{
	return (g->secrets->member.pub);
}

const uint8_t *
group_device_pk(const struct group * g)
{
	return (g->secrets->device.pub);
}

const uint8_t *
group_contact_pk(const struct group * g)
{
	return (g->contact_pk);
}

uint64_t
group_scope(const struct group * g)
{
	return (g->scope);
}
