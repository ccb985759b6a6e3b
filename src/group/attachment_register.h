/*
 * attachment_register.h: what is known of each attachment: its key, where its
 * blocks stand, and whether they are all here.  A row each in the store.
 */
#ifndef BERTY_GROUP_ATTACHMENT_REGISTER_H
#define BERTY_GROUP_ATTACHMENT_REGISTER_H

#include "group/attached.h"
#include "group/attachment.h"
#include "world/store.h"

/* Attachments of one event whose keys are kept. */
enum { ATTACHMENT_EVENT_MAX = 256 };

/* Keys of one attachment that are kept beside the first; and of each, a byte
 * for the cipher, then the key. */
enum { ATTACHMENT_OTHERS_MAX = 16, ATTACHMENT_OTHER_SIZE = 33 };

struct attachment_register {
	struct cid cid;
	enum attachment_cipher cipher;
	uint8_t key[32];          /* secret: wipe it */
	bool pinned;              /* kept until somebody unpins it */
	bool complete;            /* all of it is here */
	uint64_t id;              /* its blocks stand under it; 0: none do */
	uint64_t bytes;           /* in clear; 0 when that is not known */
	uint64_t held;            /* bytes of blocks that are here */
	int64_t since, used;      /* unix s: the key came; it was read */
};

/* -ERR_NOT_FOUND: no key of it came. */
int attachment_register_load(struct store * s, const struct cid * cid,
    struct attachment_register * r);

/* Inside a transaction. */
int attachment_register_save(struct store * s,
    const struct attachment_register * r);
int attachment_register_remove(struct store * s, const struct cid * cid);

/*
 * Inside the transaction that joins an event: keep the keys that come with it.
 * The first key of an attachment stays, and the next few that differ are kept
 * beside it: who tells a wrong one first must not hide the right one.  What is
 * no key is left out.
 */
int attachment_register_learn(struct store * s, const struct attached * a,
    int64_t now);

/* Append the keys beside the first (secret: wipe them), oldest first.
 * -ERR_NOT_FOUND: there are none. */
int attachment_register_others(struct store * s, const struct cid * cid,
    struct buffer * out);

/* Walk over all, in the order in which they became known; what each returns
 * but 0 ends it.  Nothing may be saved meanwhile. */
int attachment_register_each(struct store * s,
    int (*each)(void * user, const struct attachment_register * r),
    void * user);

#endif /* !BERTY_GROUP_ATTACHMENT_REGISTER_H */
