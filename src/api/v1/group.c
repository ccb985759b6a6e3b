/* group.c: multi-member groups, and the life of any group. */
#include "api/v1/v1.h"

/* A group as the API gives it; borrows from the info. */
static void
fill_group(V1(Group) * to, const struct group_info * g)
{
	to->public_key = protobuf_bytes(slice_of(g->pk, sizeof(g->pk)));
	if (g->has_secret)
		to->secret =
		    protobuf_bytes(slice_of(g->secret, sizeof(g->secret)));
	if (g->has_secret_sig)
		to->secret_sig = protobuf_bytes(
		    slice_of(g->secret_sig, sizeof(g->secret_sig)));
	if (g->has_link_key_sig)
		to->link_key_sig = protobuf_bytes(
		    slice_of(g->link_key_sig, sizeof(g->link_key_sig)));
	to->group_type = (V1(GroupType))g->type;
}

static int
create(struct change * c)
{
	const V1(MultiMemberGroupCreate__Request) * request = c->call->request;
	const struct network * network;
	struct node_group * g;
	int rc;

	if ((rc = node_name_network(c->node, request->network, &network,
	    &c->err)) != 0)
		return (rc);
	if ((rc = node_create_group(c->tx, network, &g, &c->err)) == 0)
		memcpy(c->key, group_info_of(node_group_of(g))->pk, KEY_SIZE);
	return (rc);
}

static void
answer_create(struct change * c)
{
	V1(MultiMemberGroupCreate__Reply) reply =
	    V1_INIT(MULTI_MEMBER_GROUP_CREATE__REPLY);

	reply.group_pk = protobuf_bytes(slice_of(c->key, KEY_SIZE));
	api_answer(c->call, &reply);
}

void
v1_multi_member_group_create(struct api_call * call)
{
	v1_change(call, create, answer_create);
}

/* The request's group as a group_info; 1002>104 for wrong sizes. */
static int
read_group(struct group_info * info, const V1(Group) * group,
    struct error * err)
{
	struct buffer bytes = {0};
	int rc;

	if (group == NULL) {
		(void)error_set(err, ERR_INVALID_INPUT, "no group given");
		return (error_wrap(err, ERR_ORBIT_DB_APPEND));
	}
	protobuf_encode(&bytes, group);
	rc = group_info_decode(info, buffer_all(&bytes));
	buffer_wipe(&bytes);
	if (rc == 0)
		return (0);
	(void)error_set(err, ERR_DESERIALIZATION,
	    "the invitation's keys or signatures have wrong sizes");
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

int
v1_join_group(struct change * c,
    const V1(MultiMemberGroupJoin__Request) * request)
{
	const struct network * network;
	struct group_info info = {0};
	int rc;

	node_touch(c->tx, node_account_group(c->node));
	rc = node_name_network(c->node, request->network, &network, &c->err);
	if (rc == 0)
		rc = read_group(&info, request->group, &c->err);
	if (rc == 0)
		rc = account_join_group(c->account, &info, network, &c->err);
	crypto_wipe(&info, sizeof(info));
	if (rc == 0)
		rc = v1_learn(c, request->addresses, request->n_addresses);
	return (rc);
}

static int
join(struct change * c)
{
	return (v1_join_group(c, c->call->request));
}

void
v1_multi_member_group_join(struct api_call * call)
{
	v1_change(call, join, v1_answer_empty);
}

int
v1_leave_group(struct change * c, ProtobufCBinaryData group_pk)
{
	struct slice pk;
	int rc;

	node_touch(c->tx, node_account_group(c->node));
	if ((rc = v1_key(&pk, group_pk, ERR_DESERIALIZATION, &c->err)) != 0)
		return (rc);
	if ((rc = account_leave_group(c->account, pk.p, &c->err)) != 0)
		return (rc);
	return (node_shut(c->tx, pk, &c->err));
}

static int
leave(struct change * c)
{
	const V1(MultiMemberGroupLeave__Request) * request = c->call->request;

	return (v1_leave_group(c, request->group_pk));
}

void
v1_multi_member_group_leave(struct api_call * call)
{
	v1_change(call, leave, v1_answer_empty);
}

void
v1_multi_member_group_invitation_create(struct api_call * call)
{
	const V1(MultiMemberGroupInvitationCreate__Request) * request =
	    call->request;
	V1(MultiMemberGroupInvitationCreate__Reply) reply =
	    V1_INIT(MULTI_MEMBER_GROUP_INVITATION_CREATE__REPLY);
	V1(Group) group = V1_INIT(GROUP);
	struct error err = {0};
	struct node_group * g;
	const struct group_info * info;

	if (v1_group(call, request->group_pk, ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID,
	    &g, &err) != 0) {
		api_fail(call, &err);
		return;
	}
	info = group_info_of(node_group_of(g));
	if (info->type != GROUP_MULTI_MEMBER) {
		/* The secret of any other group is not ours to give away. */
		(void)error_set(&err, ERR_GROUP_INVALID_TYPE,
		    "only a multi-member group has invitations");
		api_fail(call, &err);
		return;
	}
	fill_group(&group, info);
	reply.group = &group;
	reply.network = (char *)(uintptr_t)group_network(
	    node_group_of(g))->name;
	api_answer(call, &reply);
}

/* --- any group ------------------------------------------------------------ */

static int
find_config(struct change * c, struct group_config * config)
{
	const V1(GroupInfo__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	if (request->group_pk.len == 0 && request->contact_pk.len == 0)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "give a group's key or a contact's"));
	if (request->group_pk.len > 0) {
		if ((rc = v1_key(&pk, request->group_pk, ERR_INVALID_INPUT,
		    &c->err)) != 0)
			return (rc);
		if (account_group_config(c->account, pk.p, config,
		    &c->err) == 0)
			return (0);
		(void)error_set(&c->err, ERR_INVALID_INPUT,
		    "no group of that key is known");
		return (error_wrap(&c->err, ERR_GROUP_INFO));
	}
	if ((rc = v1_key(&pk, request->contact_pk, ERR_INVALID_INPUT,
	    &c->err)) != 0)
		return (rc);
	if (!ed25519_is_point(pk.p)) {
		(void)error_set(&c->err, ERR_INVALID_INPUT,
		    "that key is no point of the curve");
		(void)error_wrap(&c->err, ERR_CRYPTO_KEY_GENERATION);
		return (error_wrap(&c->err, ERR_ORBIT_DB_OPEN));
	}
	if (account_contact_group_config(c->account, pk.p, config,
	    &c->err) == 0)
		return (0);
	(void)error_set(&c->err, ERR_GROUP_MISSING,
	    "no contact of that key is known");
	return (error_wrap(&c->err, ERR_GROUP_INFO));
}

/* GroupInfo may make the group's device key: a change. */
static int
group_info_read(struct change * c)
{
	struct group_config config = {0};
	int rc;

	rc = find_config(c, &config);
	if (rc == 0)
		memcpy(c->key, config.info.pk, KEY_SIZE);
	crypto_wipe(&config, sizeof(config));
	return (rc);
}

static void
answer_group_info(struct change * c)
{
	V1(GroupInfo__Reply) reply = V1_INIT(GROUP_INFO__REPLY);
	V1(Group) group = V1_INIT(GROUP);
	struct group_config config = {0};
	struct node_group * open = node_find(c->node,
	    slice_of(c->key, KEY_SIZE));

	if (account_group_config(c->account, c->key, &config, &c->err) != 0) {
		api_fail(c->call, &c->err);
		return;
	}
	/* The account group's secret is the seed of a private key. */
	if (config.info.type == GROUP_ACCOUNT)
		config.info.has_secret = false;
	fill_group(&group, &config.info);
	reply.group = &group;
	reply.member_pk = protobuf_bytes(slice_of(config.member.pub, KEY_SIZE));
	reply.device_pk = protobuf_bytes(slice_of(config.device.pub, KEY_SIZE));
	reply.network = (char *)(uintptr_t)config.network->name;
	if (open != NULL) {
		v1_members_fill(&reply, node_group_of(open));
		v1_replicating_fill(&reply, c->node, node_group_of(open));
	}
	api_answer(c->call, &reply);
	v1_members_free(&reply);
	v1_replicating_free(&reply);
	crypto_wipe(&config, sizeof(config));
}

void
v1_group_info(struct api_call * call)
{
	v1_change(call, group_info_read, answer_group_info);
}

static int
activate(struct change * c)
{
	const V1(ActivateGroup__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	if ((rc = v1_key(&pk, request->group_pk, ERR_INVALID_INPUT,
	    &c->err)) != 0)
		return (rc);
	return (node_activate(c->tx, pk, request->local_only, NULL, &c->err));
}

void
v1_activate_group(struct api_call * call)
{
	v1_change(call, activate, v1_answer_empty);
}

static int
deactivate(struct change * c)
{
	const V1(DeactivateGroup__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	if ((rc = v1_key(&pk, request->group_pk, ERR_INVALID_INPUT,
	    &c->err)) != 0)
		return (rc);
	return (node_deactivate(c->tx, pk, &c->err));
}

void
v1_deactivate_group(struct api_call * call)
{
	v1_change(call, deactivate, v1_answer_empty);
}
