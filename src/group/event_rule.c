#include "group/metadata.h"

#include "berty/protocol/v1/protocoltypes.pb-c.h"

/* Where the calls write it.  Source: api-v1 spec §13. */
#define ACCOUNT (1U << GROUP_ACCOUNT)
#define CONTACT (1U << GROUP_CONTACT)
#define MEMBERS (1U << GROUP_MULTI_MEMBER)
#define ANY (ACCOUNT | CONTACT | MEMBERS)

#define PAYLOAD(name) &berty__protocol__v1__##name##__descriptor

/* The rows that all networks know come first. */
static const struct event_rule common[] = {
    {EVENT_MEMBER_DEVICE_ADDED, SIGNED_BY_MEMBER_DEVICE,
        PAYLOAD(group_add_member_device), ANY},
    {EVENT_DEVICE_CHAIN_KEY_ADDED, SIGNED_BY_DEVICE,
        PAYLOAD(group_add_device_secret), ANY},
    {EVENT_GROUP_JOINED, SIGNED_BY_DEVICE,
        PAYLOAD(account_group_joined), ACCOUNT},
    {EVENT_GROUP_LEFT, SIGNED_BY_DEVICE, PAYLOAD(account_group_left), ACCOUNT},
    {EVENT_CONTACT_REQUEST_DISABLED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_disabled), ACCOUNT},
    {EVENT_CONTACT_REQUEST_ENABLED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_enabled), ACCOUNT},
    {EVENT_CONTACT_REQUEST_REFERENCE_RESET, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_reference_reset), ACCOUNT},
    {EVENT_CONTACT_REQUEST_ENQUEUED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_enqueued), ACCOUNT},
    {EVENT_CONTACT_REQUEST_SENT, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_sent), ACCOUNT},
    {EVENT_CONTACT_REQUEST_RECEIVED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_received), ACCOUNT},
    {EVENT_CONTACT_REQUEST_DISCARDED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_discarded), ACCOUNT},
    {EVENT_CONTACT_REQUEST_ACCEPTED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_request_accepted), ACCOUNT},
    {EVENT_CONTACT_BLOCKED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_blocked), ACCOUNT},
    {EVENT_CONTACT_UNBLOCKED, SIGNED_BY_DEVICE,
        PAYLOAD(account_contact_unblocked), ACCOUNT},
    {EVENT_CONTACT_ALIAS_KEY_ADDED, SIGNED_BY_DEVICE,
        PAYLOAD(contact_add_alias_key), CONTACT},
    {EVENT_ALIAS_RESOLVER_ADDED, SIGNED_BY_DEVICE,
        PAYLOAD(multi_member_group_add_alias_resolver), MEMBERS},
    {EVENT_INITIAL_MEMBER_ANNOUNCED, SIGNED_BY_GROUP,
        PAYLOAD(multi_member_initial_member), MEMBERS},
    {EVENT_ADMIN_ROLE_GRANTED, SIGNED_BY_DEVICE,
        PAYLOAD(multi_member_grant_admin_role), MEMBERS},
    {EVENT_GROUP_REPLICATING, SIGNED_BY_DEVICE,
        PAYLOAD(group_replicating), ANY},
    {EVENT_APP_METADATA, SIGNED_BY_DEVICE, PAYLOAD(app_metadata), ANY},
};

/* Of the network of 2022. */
static const struct event_rule push[] = {
    {EVENT_SERVICE_TOKEN_ADDED, SIGNED_BY_DEVICE,
        PAYLOAD(account_service_token_added), ACCOUNT},
    {EVENT_SERVICE_TOKEN_REMOVED, SIGNED_BY_DEVICE,
        PAYLOAD(account_service_token_removed), ACCOUNT},
    {EVENT_PUSH_DEVICE_TOKEN_REGISTERED, SIGNED_BY_DEVICE,
        PAYLOAD(push_device_token_registered), ACCOUNT},
    {EVENT_PUSH_DEVICE_SERVER_REGISTERED, SIGNED_BY_DEVICE,
        PAYLOAD(push_device_server_registered), ACCOUNT},
    {EVENT_PUSH_MEMBER_TOKEN_UPDATE, SIGNED_BY_DEVICE,
        PAYLOAD(push_member_token_update), ANY},
};

static const struct event_rule credential[] = {
    {EVENT_VERIFIED_CREDENTIAL_REGISTERED, SIGNED_BY_DEVICE, NULL, ACCOUNT},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct event_rule *
find(const struct event_rule * rules, size_t n, unsigned type)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned)rules[i].type == type)
			return (&rules[i]);
	return (NULL);
}

const struct event_rule *
event_rule(unsigned type, const struct network * network)
{
	const struct event_rule * rule = find(common, COUNT(common), type);

	if (rule == NULL && (network == NULL || network->push_events))
		rule = find(push, COUNT(push), type);
	if (rule == NULL && (network == NULL || network->credential_events))
		rule = find(credential, COUNT(credential), type);
	return (rule);
}

const struct event_rule *
event_rule_ours(unsigned type, const struct network * network)
{
	const struct event_rule * rule = event_rule(type, network);

	return (rule != NULL ? rule : find(push, COUNT(push), type));
}
