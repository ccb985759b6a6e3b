/* event.c: what streams tell of an entry: its id, and who wrote it. */
#include <stdlib.h>

#include "api/legacy/legacy.h"

int
legacy_base_fill(LEGACY(EventBase) * to, ProtobufCBinaryData ** parents,
    const struct log_item * item)
{
	size_t i, n = item->entry.n_next;

	if ((*parents = calloc(n + 1, sizeof(**parents))) == NULL)
		return (-ERR_INTERNAL);
	for (i = 0; i < n; i++)
		(*parents)[i] =
		    protobuf_bytes(cid_slice(&item->entry.next[i]));
	to->id = protobuf_bytes(cid_slice(&item->cid));
	to->n_parent_ids = n;
	to->parent_ids = *parents;
	return (0);
}

/* Looks for the account of a member who disclosed it. */
struct search {
	const uint8_t * member_pk;
	uint8_t * account_pk;
};

static int
look_at(void * user, const uint8_t member_pk[32], const uint8_t contact_pk[32])
{
	struct search * search = user;

	if (memcmp(member_pk, search->member_pk, KEY_SIZE) != 0)
		return (0);
	memcpy(search->account_pk, contact_pk, KEY_SIZE);
	return (1);
}

/* The account of e->member_pk, where it is known. */
static bool
find_account(struct legacy_event * e, struct group * g,
    const struct account_keys * own)
{
	struct search search = {e->member_pk, e->account_pk};

	if (memcmp(e->member_pk, group_member_pk(g), KEY_SIZE) == 0) {
		memcpy(e->account_pk, own->account.pub, KEY_SIZE);
		return (true);
	}
	if (group_info_of(g)->type == GROUP_CONTACT) {
		memcpy(e->account_pk, group_contact_pk(g), KEY_SIZE);
		return (true);
	}
	return (group_each_alias(g, look_at, &search) == 1);
}

static void
fill_writer(struct legacy_event * to, struct group * g,
    const struct account_keys * own, const uint8_t * device_pk)
{
	to->event.group_device_pub_key =
	    protobuf_bytes(slice_of(device_pk, KEY_SIZE));
	if (group_member_of(g, device_pk, to->member_pk) != 0)
		return;
	to->event.group_member_pub_key =
	    protobuf_bytes(slice_of(to->member_pk, KEY_SIZE));
	if (find_account(to, g, own))
		to->event.account_pub_key =
		    protobuf_bytes(slice_of(to->account_pk, KEY_SIZE));
}

int
legacy_event_fill(struct legacy_event * to, struct group * g,
    const struct account_keys * own, const struct log_item * item,
    const uint8_t * device_pk)
{
	*to = (struct legacy_event){.event = LEGACY_INIT(GROUP_STORE_EVENT),
	    .base = LEGACY_INIT(EVENT_BASE)};
	if (legacy_base_fill(&to->base, &to->parents, item) != 0)
		return (-ERR_INTERNAL);
	to->event.event_base = &to->base;
	to->event.group_pub_key =
	    protobuf_bytes(slice_of(group_info_of(g)->pk, KEY_SIZE));
	if (device_pk != NULL)
		fill_writer(to, g, own, device_pk);
	return (0);
}

void
legacy_event_free(struct legacy_event * e)
{
	free(e->parents);
}
