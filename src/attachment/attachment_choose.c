/* attachment_choose.c: of several keys that were told, the one that opens. */
#include "attachment/attachments_impl.h"

static bool
opens(enum attachment_cipher cipher, const uint8_t key[32],
    struct slice sealed, bool last)
{
	struct buffer clear = {0};
	int status;

	status = cipher == ATTACHMENT_LONG
	    ? attachment_open_long(&clear, key, 0, last, sealed)
	    : attachment_open_block(&clear, key, 0, sealed);
	buffer_wipe(&clear);
	return (status == 0);
}

/* From now on it is the attachment's key; not kept, it is found again. */
static void
adopt(struct attachments * a, const struct cid * cid,
    enum attachment_cipher cipher, const uint8_t key[32])
{
	struct attachment_register g;

	if (attachment_register_load(a->store, cid, &g) == 0 &&
	    store_begin(a->store) == 0) {
		g.cipher = cipher;
		memcpy(g.key, key, sizeof(g.key));
		if (attachment_register_save(a->store, &g) != 0)
			store_rollback(a->store);
		else
			(void)store_commit(a->store, NULL);
	}
	crypto_wipe(&g, sizeof(g));
}

void
attachment_choose(struct attachments * a, const struct cid * cid,
    struct slice sealed, bool last, enum attachment_cipher * cipher,
    uint8_t key[32])
{
	struct buffer others = {0};
	const uint8_t * other, * found = NULL;
	size_t at;

	if (attachment_register_others(a->store, cid, &others) != 0 ||
	    (*cipher != ATTACHMENT_PLAIN && opens(*cipher, key, sealed, last)))
		goto out;
	for (at = 0; at + ATTACHMENT_OTHER_SIZE <= others.n;
	     at += ATTACHMENT_OTHER_SIZE) {
		other = others.p + at;
		if (other[0] != ATTACHMENT_PLAIN) {
			if (!opens(other[0], other + 1, sealed, last))
				continue;
			found = other;
			break;
		}
		/* Without a cipher anything opens: so it is the last guess. */
		found = other;
	}
	if (found == NULL)
		goto out;
	*cipher = (enum attachment_cipher)found[0];
	memcpy(key, found + 1, 32);
	adopt(a, cid, *cipher, key);
out:
	buffer_wipe(&others);
}
