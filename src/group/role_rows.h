/*
 * role_rows.h: what the roles of a group are folded from and into, in the
 * store: who made the group (302), who granted what to whom (303), and since
 * when who is an administrator.
 */
#ifndef BERTY_GROUP_ROLE_ROWS_H
#define BERTY_GROUP_ROLE_ROWS_H

#include "group/group_impl.h"

/* Whom the first 302 names: a member, or one of its devices. */
struct role_creator {
	uint8_t key[32];
	struct event_place place;
};

/*
 * The grants of a member to another, ascending by place.  Those after the
 * seventh are thinned to the last: which are kept follows from the grants
 * alone, not from the order in which they came.
 */
#define ROLE_GRANTS_KEPT 8
struct role_grants {
	uint8_t granter[32], grantee[32];
	size_t n;
	struct event_place places[ROLE_GRANTS_KEPT];
};

/* An administrator, and the place from which on it is one. */
struct role_admin {
	uint8_t member_pk[32];
	struct event_place since;
};

/* Loads answer -ERR_NOT_FOUND, -ERR_DB_READ. */
int role_creator_load(struct group * g, struct role_creator * c);
int role_creator_save(struct group * g, const struct role_creator * c);

int role_admin_load(struct group * g, const uint8_t member_pk[32],
    struct role_admin * a);
int role_admin_save(struct group * g, const struct role_admin * a);

int role_grants_load(struct group * g, const uint8_t granter[32],
    const uint8_t grantee[32], struct role_grants * grants);
int role_grants_save(struct group * g, const struct role_grants * grants);

/* To whom a member granted: how many, and number i. */
int role_grantees(struct group * g, const uint8_t granter[32], uint64_t * n);
int role_grantee(struct group * g, const uint8_t granter[32], uint64_t i,
    uint8_t grantee[32]);

/* Forget administrators; or grants too.  The creator stays. */
int role_admins_clear(struct group * g);
int role_rows_clear(struct group * g);

/* Were the events of this group folded by a version that knows roles? */
int role_folded(struct group * g, bool * folded);
int role_set_folded(struct group * g);

#endif /* !BERTY_GROUP_ROLE_ROWS_H */
