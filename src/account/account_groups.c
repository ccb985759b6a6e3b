#include "account/account_impl.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"

static int
refuse(struct error * err, int code, const char * text)
{

	error_set(err, code, "%s", text);
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

/*
 * An invitation is authentic when its group signed it.  The link key follows
 * from the secret, so the signature must fit that one.
 */
static int
check_invitation(struct account * a, const struct group_info * g,
    struct error * err)
{
	struct group_info held;
	int status;

	if (g->type != GROUP_MULTI_MEMBER)
		return (refuse(err, ERR_GROUP_INVALID_TYPE,
		    "only multi-member groups are joined"));
	if (!ed25519_is_point(g->pk))
		return (refuse(err, ERR_DESERIALIZATION,
		    "the group's id is no key"));
	if (!g->has_secret || !g->has_secret_sig || group_verify(g) != 0) {
		error_set(err, ERR_CRYPTO_SIGNATURE_VERIFICATION,
		    "the group did not sign its secret");
		error_wrap(err, ERR_DESERIALIZATION);
		return (error_wrap(err, ERR_ORBIT_DB_APPEND));
	}
	status = registers_group(&a->registers, g->pk, &held);
	crypto_wipe(&held, sizeof(held));
	if (status == 0)
		return (refuse(err, ERR_INVALID_INPUT,
		    "the group is joined already"));
	return (status == -ERR_NOT_FOUND ? 0 :
	    refuse(err, -status, "the account cannot be read"));
}

static int
write_joined(struct account * a, const struct group_info * g,
    struct error * err)
{
	Berty__Protocol__V1__AccountGroupJoined event =
	    BERTY__PROTOCOL__V1__ACCOUNT_GROUP_JOINED__INIT;
	Berty__Protocol__V1__Group group = BERTY__PROTOCOL__V1__GROUP__INIT;

	group.public_key = protobuf_bytes(slice_of(g->pk, KEY_SIZE));
	group.secret = protobuf_bytes(slice_of(g->secret, KEY_SIZE));
	group.secret_sig = protobuf_bytes(slice_of(g->secret_sig,
	    SIGNATURE_SIZE));
	group.group_type =
	    BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeMultiMember;
	if (g->has_link_key_sig)
		group.link_key_sig = protobuf_bytes(slice_of(g->link_key_sig,
		    SIGNATURE_SIZE));
	event.device_pk = account_device(a);
	event.group = &group;
	return (account_write(a, EVENT_GROUP_JOINED, &event, err));
}

int
account_join_group(struct account * a, const struct group_info * g,
    const struct network * network, struct error * err)
{
	struct group_info own = *g;
	int status;

	own.has_link_key = own.has_sign_pub = false;
	if ((status = check_invitation(a, &own, err)) != 0 ||
	    (status = write_joined(a, &own, err)) != 0)
		goto done;
	if ((status = account_set_network(a, own.pk,
	    network == NULL ? a->network : network, network == NULL)) != 0)
		status = refuse(err, -status,
		    "the group's network cannot be kept");
done:
	crypto_wipe(&own, sizeof(own));
	return (status);
}

int
account_leave_group(struct account * a, const uint8_t pk[32],
    struct error * err)
{
	Berty__Protocol__V1__AccountGroupLeft event =
	    BERTY__PROTOCOL__V1__ACCOUNT_GROUP_LEFT__INIT;
	struct group_info held;
	int status;

	status = registers_group(&a->registers, pk, &held);
	crypto_wipe(&held, sizeof(held));
	if (status != 0)
		return (refuse(err, status == -ERR_NOT_FOUND ?
		    ERR_INVALID_INPUT : -status, "the group is not joined"));
	event.device_pk = account_device(a);
	event.group_pk = protobuf_bytes(slice_of(pk, KEY_SIZE));
	return (account_write(a, EVENT_GROUP_LEFT, &event, err));
}

struct walk {
	struct account * account;
	int (*each)(void * user, const struct group_info * g,
	    const struct network * network);
	void * user;
};

static int
each_with_network(void * user, const struct group_info * g)
{
	struct walk * walk = user;
	struct account_network at;

	account_network(walk->account, g->pk, &at);
	return (walk->each(walk->user, g, at.network));
}

int
account_each_group(struct account * a, int (*each)(void * user,
    const struct group_info * g, const struct network * network), void * user)
{
	struct walk walk = {a, each, user};

	return (registers_each_group(&a->registers, each_with_network, &walk));
}

/* Where a group is met, named by its key or its contact's. */
static void
config_network(struct account * a, const uint8_t pk[32],
    struct group_config * config)
{
	struct account_network at;

	account_network(a, pk, &at);
	config->network = at.network;
	config->apart = at.network != at.first;
}

/* Our device key in a multi-member group, made on first use. */
static int
member_device(struct account * a, const uint8_t group_pk[32],
    struct ed25519_key * key)
{
	struct buffer name = {0};
	int status;

	buffer_text(&name, "memberDeviceSK_");
	hex_encode(&name, slice_of(group_pk, KEY_SIZE));
	status = name.failed ? -ERR_INTERNAL :
	    account_key_make(&a->context, buffer_all(&name), key);
	buffer_free(&name);
	return (status);
}

static int
config_joined(struct account * a, const uint8_t group_pk[32],
    struct group_config * config)
{
	int status;

	if ((status = registers_group(&a->registers, group_pk,
	    &config->info)) != 0)
		return (status);
	if ((status = group_member_key(&config->member, &a->keys->proof,
	    group_pk)) != 0)
		return (status);
	config_network(a, group_pk, config);
	return (member_device(a, group_pk, &config->device));
}

/* A contact group, of a contact that has a row. */
static int
config_contact(struct account * a, const uint8_t contact_pk[32],
    struct group_config * config)
{
	struct contact c;
	int status;

	if ((status = registers_contact(&a->registers, contact_pk, &c)) != 0)
		return (status);
	contact_free(&c);
	if ((status = group_of_contact(&config->info, NULL,
	    &a->keys->account, contact_pk)) != 0)
		return (status);
	config_network(a, contact_pk, config);
	config->member = a->keys->account;
	config->device = a->keys->device;
	memcpy(config->contact_pk, contact_pk, sizeof(config->contact_pk));
	return (0);
}

/* Give the config out, or wipe what was begun. */
static int
config_done(int status, struct group_config * made,
    struct group_config * config, struct error * err)
{

	if (status == 0)
		*config = *made;
	crypto_wipe(made, sizeof(*made));
	if (status != 0)
		return (error_set(err, -status,
		    "no group or contact of the account"));
	return (0);
}

int
account_group_config(struct account * a, const uint8_t group_pk[32],
    struct group_config * config, struct error * err)
{
	struct group_config made = {0};
	uint8_t contact_pk[32];
	int status;

	if (memcmp(group_pk, a->keys->account.pub, KEY_SIZE) == 0) {
		account_config_own(a, &made);
		return (config_done(0, &made, config, err));
	}
	status = config_joined(a, group_pk, &made);
	if (status == -ERR_NOT_FOUND &&
	    (status = registers_contact_of_group(&a->registers, group_pk,
	        contact_pk)) == 0)
		status = config_contact(a, contact_pk, &made);
	return (config_done(status, &made, config, err));
}

int
account_contact_group_config(struct account * a,
    const uint8_t contact_pk[32], struct group_config * config,
    struct error * err)
{
	struct group_config made = {0};

	return (config_done(config_contact(a, contact_pk, &made), &made,
	    config, err));
}

int
account_visited_config(struct account * a, const uint8_t group_pk[32],
    const struct network * network, struct group_config * config,
    struct error * err)
{
	struct group_config made = {0};
	struct account_network at;
	static const uint8_t nobody[32];
	int status;

	if ((status = account_group_config(a, group_pk, &made, err)) != 0)
		return (status);
	account_network(a, memcmp(made.contact_pk, nobody, KEY_SIZE) == 0 ?
	    group_pk : made.contact_pk, &at);
	made.network = network;
	made.apart = network != at.first;
	return (config_done(0, &made, config, err));
}
