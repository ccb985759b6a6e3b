/* alias_rows.h: alias keys of contacts, and resolvers of members, in the
 * store. */
#ifndef BERTY_GROUP_ALIAS_ROWS_H
#define BERTY_GROUP_ALIAS_ROWS_H

#include "group/alias.h"

/* The alias key of an account: of a contact, or (in a contact group's own
 * scope, under our own key) the one that we told the contact. */
struct alias_key {
	uint8_t account_pk[32];
	uint8_t alias_pk[32];
	bool bound;               /* its owner has the alias key */
	struct event_place place;
};
int alias_key_load(struct store * s, uint64_t scope,
    const uint8_t account_pk[32], struct alias_key * key);
int alias_key_save(struct store * s, uint64_t scope,
    const struct alias_key * key);
int alias_key_decode(struct alias_key * key, struct slice value);

int alias_claim_load(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], struct alias_claim * claim,
    struct event_place * place);
int alias_claim_save(struct store * s, uint64_t scope,
    const struct alias_claim * claim, const struct event_place * place);
int alias_claim_decode(struct alias_claim * claim, struct event_place * place,
    struct slice value);

#endif /* !BERTY_GROUP_ALIAS_ROWS_H */
