/*
 * setting.h: settings of a group, and of its members, as the API of 2019 has
 * them.  A setting travels as app metadata (event 1001), so that what does not
 * know of settings carries it, and can skip it by how it begins:
 *
 *	"BRTYSET1" GroupSettingStoreEvent {
 *	    setting_type = 2, key = 3, value = 4 }
 *
 * The value now is that of the last event in causal order, of its type and key,
 * and for a member's setting of the member who wrote it; an empty value is
 * none.
 * Any member may set what the group has, until an administrator sets
 * "admin_only" to "1": from that place on, until one sets it to something else,
 * the others' settings of the group do not count.
 */
#ifndef BERTY_GROUP_SETTING_H
#define BERTY_GROUP_SETTING_H

#include "group/group.h"

/* Bytes of a key, which is UTF-8, and of a value. */
#define SETTING_KEY_MAX 128
#define SETTING_VALUE_MAX 65536

enum setting_type { SETTING_GROUP = 1, SETTING_MEMBER = 2 };

struct setting {
	enum setting_type type;
	struct slice key, value;  /* borrowed */
};

/* Append the message of an event 1001; -ERR_INVALID_INPUT over a limit, or
 * without a key.  Without memory out->failed. */
int setting_encode(struct buffer * out, const struct setting * s);

/* Read such a message: -ERR_NOT_FOUND: it is no setting;
 * -ERR_DESERIALIZATION: it is a bad one. */
int setting_decode(struct setting * s, struct slice message);

/* The setting that an event is; codes as above. */
int setting_of(struct setting * s, const struct metadata_event * e);

/*
 * Remember who allowed what when, inside a transaction; other events fold to
 * nothing.  In any order, and again, with the same result.  Of each device the
 * SETTING_SWITCHES_KEPT last events that set "admin_only" are remembered.
 * 0, or the store's code.
 */
#define SETTING_SWITCHES_KEPT 16
int setting_fold(struct group * g, const struct metadata_event * e,
    const struct event_place * place);

/*
 * Does a setting count that this member wrote there?  1, 0 or a code.  place
 * NULL: if it were written now.  A late event may change the answer.
 */
int setting_counts(struct group * g, const struct setting * s,
    const uint8_t member_pk[32], const struct event_place * place);

#endif /* !BERTY_GROUP_SETTING_H */
