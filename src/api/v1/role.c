/* role.c: administrators of groups, and aliases of contacts. */
#include "api/v1/v1.h"

static int
send_alias_key(struct change * c)
{
	const V1(ContactAliasKeySend__Request) * request = c->call->request;
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk, ERR_GROUP_MISSING, &g,
	    &c->err)) != 0)
		return (rc);
	node_touch(c->tx, g);
	return (group_send_alias_key(node_group_of(g),
	    &account_keys(c->account)->proof, &c->err));
}

void
v1_contact_alias_key_send(struct api_call * call)
{
	v1_change(call, send_alias_key, v1_answer_empty);
}

static int
disclose(struct change * c)
{
	const V1(MultiMemberGroupAliasResolverDisclose__Request) * request =
	    c->call->request;
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk,
	    ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID, &g, &c->err)) != 0)
		return (rc);
	node_touch(c->tx, g);
	return (group_disclose_alias(node_group_of(g),
	    &account_keys(c->account)->proof, &c->err));
}

void
v1_multi_member_group_alias_resolver_disclose(struct api_call * call)
{
	v1_change(call, disclose, v1_answer_empty);
}

static int
grant(struct change * c)
{
	const V1(MultiMemberGroupAdminRoleGrant__Request) * request =
	    c->call->request;
	struct node_group * g;
	struct slice pk;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk,
	    ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID, &g, &c->err)) != 0 ||
	    (rc = v1_key(&pk, request->member_pk, ERR_DESERIALIZATION,
	        &c->err)) != 0)
		return (rc);
	node_touch(c->tx, g);
	return (group_grant_admin(node_group_of(g), pk.p, &c->err));
}

void
v1_multi_member_group_admin_role_grant(struct api_call * call)
{
	v1_change(call, grant, v1_answer_empty);
}
