/* members.c: the members of a group, as GroupInfo gives them. */
#include <stdlib.h>

#include "api/v1/v1.h"
#include "base/map.h"

/* The reply being filled; what has no room is left out. */
struct filling {
	V1(GroupInfo__Reply) * reply;
	struct group * g;
	struct map members;       /* member pk -> V1(GroupInfo__Member) */
};

static bool
set_key(ProtobufCBinaryData * field, const uint8_t key[32])
{
	if (field->data == NULL)
		field->data = malloc(KEY_SIZE);
	if (field->data == NULL)
		return (false);
	memcpy(field->data, key, KEY_SIZE);
	field->len = KEY_SIZE;
	return (true);
}

static V1(GroupInfo__Member) *
find_member(struct filling * f, const uint8_t member_pk[32])
{
	V1(GroupInfo__Member) * m =
	    map_get(&f->members, slice_of(member_pk, KEY_SIZE));

	if (m != NULL)
		return (m);
	m = v1_add(&f->reply->members, &f->reply->n_members,
	    &berty__protocol__v1__group_info__member__descriptor);
	if (m == NULL || !set_key(&m->member_pk, member_pk) ||
	    map_set(&f->members, slice_of(member_pk, KEY_SIZE), m) != 0)
		return (NULL);
	m->is_admin = group_is_admin(f->g, member_pk) > 0;
	return (m);
}

static int
add_device(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	V1(GroupInfo__Member) * m = find_member(user, member_pk);
	ProtobufCBinaryData * more;

	if (m == NULL)
		return (0);
	more = realloc(m->device_pks,
	    (m->n_device_pks + 1) * sizeof(*more));
	if (more == NULL)
		return (0);
	m->device_pks = more;
	more[m->n_device_pks] = (ProtobufCBinaryData){0, NULL};
	if (set_key(&more[m->n_device_pks], device_pk))
		m->n_device_pks++;
	return (0);
}

static int
add_alias(void * user, const uint8_t member_pk[32],
    const uint8_t contact_pk[32])
{
	struct filling * f = user;
	V1(GroupInfo__Member) * m =
	    map_get(&f->members, slice_of(member_pk, KEY_SIZE));

	if (m != NULL)
		(void)set_key(&m->contact_pk, contact_pk);
	return (0);
}

void
v1_members_fill(V1(GroupInfo__Reply) * reply, struct group * g)
{
	struct filling f = {.reply = reply, .g = g};

	(void)group_each_device(g, add_device, &f);
	(void)group_each_alias(g, add_alias, &f);
	map_free(&f.members);
}

void
v1_members_free(V1(GroupInfo__Reply) * reply)
{
	size_t i;

	for (i = 0; i < reply->n_members; i++)
		protobuf_free(reply->members[i]);
	free(reply->members);
	reply->members = NULL;
	reply->n_members = 0;
}
