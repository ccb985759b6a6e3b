#include <stdlib.h>

#include "account/account_impl.h"
#include "account/account_token.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"

/* Entries that are joined at a time. */
enum { JOIN_MAX = 512 };

void
contact_free(struct contact * c)
{

	buffer_wipe(&c->metadata);
	buffer_wipe(&c->own_metadata);
}

/* Only what announced devices of the account say counts. */
static int
fold(void * user, struct group * g, const struct metadata_event * e,
    const struct event_place * place, bool known)
{
	struct account * a = user;

	a->registers.scope = group_scope(g);
	if (known && e->type >= EVENT_PUSH_DEVICE_TOKEN_REGISTERED &&
	    e->type <= EVENT_PUSH_DEVICE_SERVER_REGISTERED)
		return (account_push_fold(a, e, place));
	if (known && (e->type == EVENT_SERVICE_TOKEN_ADDED ||
	    e->type == EVENT_SERVICE_TOKEN_REMOVED))
		return (account_token_fold(a, e, place));
	if (!known || e->type < EVENT_GROUP_JOINED ||
	    e->type > EVENT_CONTACT_UNBLOCKED)
		return (0);
	a->registers.scope = group_scope(g);
	return (registers_fold(&a->registers, e->type, e->payload, place));
}

void
account_config_own(const struct account * a, struct group_config * config)
{

	memset(config, 0, sizeof(*config));
	group_of_account(&config->info, &a->keys->account, &a->keys->proof);
	config->network = a->network;
	config->member = a->keys->account;
	config->device = a->keys->device;
}

/*
 * What a restore, or a crash, left to be joined comes first: what is written
 * next shall come after it.
 */
static int
join_ready(struct account * a, struct error * err)
{
	struct log * log = group_metadata_log(a->group);
	int n = 1;

	while (n > 0 && log_ready(log))
		if ((n = log_settle(log, JOIN_MAX)) < 0)
			return (error_from(err, ERR_ORBIT_DB_OPEN, n,
			    "the account's events cannot be joined"));
	return (0);
}

/* Inside the transaction: the account group, with our device in it. */
static int
open_group(struct account * a, struct error * err)
{
	struct group_config config;
	int status;

	account_config_own(a, &config);
	config.handler.event = fold;
	config.handler.user = a;
	status = group_open(&a->context, &config, &a->group, err);
	crypto_wipe(&config, sizeof(config));
	if (status != 0)
		return (status);
	a->registers.scope = group_scope(a->group);
	if ((status = join_ready(a, err)) != 0)
		return (status);
	return (group_activate(a->group, err));
}

static void
account_free(struct account * a)
{

	if (a->group != NULL)
		group_close(a->group);
	secret_free(a->context.secrets, a->push, sizeof(*a->push));
	secret_free(a->context.secrets, a->keys, sizeof(*a->keys));
	free(a);
}

int
account_open(const struct group_context * context,
    const struct network * network, const struct account_keys * restore,
    struct account ** account, struct error * err)
{
	struct account * a;
	int status;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (error_set(err, ERR_INTERNAL, "no memory"));
	a->context = *context;
	a->network = network;
	a->keys = secret_new(context->secrets, sizeof(*a->keys));
	if (a->keys == NULL) {
		free(a);
		return (error_set(err, ERR_INTERNAL, "no memory"));
	}
	a->registers.store = context->store;
	a->registers.account = &a->keys->account;
	if ((status = store_begin(context->store)) != 0) {
		error_set(err, -status, "the store takes no change");
		goto err0;
	}
	if ((status = account_keys_load(context, a->keys, restore, err)) != 0)
		goto err1;
	if ((status = account_push_key_load(context, &a->push)) != 0) {
		(void)error_from(err, ERR_KEYSTORE_GET, status,
		    "the push key cannot be had");
		goto err1;
	}
	if ((status = open_group(a, err)) != 0)
		goto err1;
	if ((status = store_commit(context->store, NULL)) != 0) {
		error_set(err, -status, "the account cannot be kept");
		goto err0;
	}
	*account = a;
	return (0);
err1:
	store_rollback(context->store);
err0:
	account_free(a);
	return (status);
}

void
account_close(struct account * a)
{

	if (a != NULL)
		account_free(a);
}

void
account_forget(struct account * a)
{

	group_forget(a->group);
}

const struct account_keys *
account_keys(const struct account * a)
{

	return (a->keys);
}

struct group *
account_group(struct account * a)
{

	return (a->group);
}

ProtobufCBinaryData
account_device(const struct account * a)
{

	return (protobuf_bytes(slice_of(a->keys->device.pub, KEY_SIZE)));
}

int
account_write(struct account * a, unsigned type, const void * message,
    struct error * err)
{
	struct buffer payload = {0};
	int status;

	protobuf_encode(&payload, message);
	if (payload.failed)
		status = error_set(err, ERR_INTERNAL, "no memory");
	else
		status = group_write_event(a->group, type,
		    buffer_all(&payload), &a->keys->device, NULL, err);
	buffer_wipe(&payload);
	return (status == 0 ? 0 : error_wrap(err, ERR_ORBIT_DB_APPEND));
}

bool
account_requests_enabled(struct account * a)
{

	return (registers_enabled(&a->registers));
}

bool
account_seed(struct account * a, uint8_t seed[32])
{

	return (registers_seed(&a->registers, seed));
}

int
account_reset_reference(struct account * a, struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestReferenceReset event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_REFERENCE_RESET__INIT;
	uint8_t seed[SEED_SIZE];

	world_random(a->context.world, seed, sizeof(seed));
	event.device_pk = account_device(a);
	event.public_rendezvous_seed =
	    protobuf_bytes(slice_of(seed, sizeof(seed)));
	return (account_write(a, EVENT_CONTACT_REQUEST_REFERENCE_RESET, &event,
	    err));
}

int
account_enable_requests(struct account * a, struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestEnabled event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_ENABLED__INIT;
	uint8_t seed[SEED_SIZE];
	int status;

	/* The seed first: Go announces at once when it sees the switch. */
	if (!account_seed(a, seed) &&
	    (status = account_reset_reference(a, err)) != 0)
		return (status);
	if (account_requests_enabled(a))
		return (0);
	event.device_pk = account_device(a);
	return (account_write(a, EVENT_CONTACT_REQUEST_ENABLED, &event, err));
}

int
account_disable_requests(struct account * a, struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestDisabled event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_DISABLED__INIT;

	if (!account_requests_enabled(a))
		return (0);
	event.device_pk = account_device(a);
	return (account_write(a, EVENT_CONTACT_REQUEST_DISABLED, &event, err));
}
