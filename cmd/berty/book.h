/* book.h: the contacts and groups of the account, and how people name them. */
#ifndef BERTY_CMD_BOOK_H
#define BERTY_CMD_BOOK_H

#include "base/buffer.h"
#include "client.h"

enum { BOOK_KEY = 32 };

struct book_contact {
	uint8_t pk[BOOK_KEY];
	PB(ContactState) state;
	struct buffer name;     /* UTF-8, or empty */
};

struct book_group {
	uint8_t pk[BOOK_KEY];
	PB(GroupType) type;
	uint8_t contact_pk[BOOK_KEY]; /* of a contact group */
};

/* Zero bytes are an empty book. */
struct book {
	struct book_contact * contacts;
	size_t n_contacts;
	struct book_group * groups;
	size_t n_groups;
	uint8_t account_pk[BOOK_KEY];
	bool failed;            /* out of memory */
};

/*
 * Ask the node.  Contacts are folded from the account's metadata: the newest
 * event decides the state, the newest name stays.
 */
int book_load_contacts(struct book * book, struct client * c);
int book_load_groups(struct book * book, struct client * c);
void book_free(struct book * book);

const struct book_contact * book_contact(const struct book * book,
    const uint8_t pk[BOOK_KEY]);

/* "to-request", "received", "added"… */
const char * book_state(PB(ContactState) state);

/*
 * Which contact is meant: a key (hex, base64, base64url), the beginning of one
 * (4 characters or more), or a name.  0, NOT_FOUND (nobody, or several; with
 * advice).
 */
int book_find_contact(const struct book * book, const char * word,
    uint8_t pk[BOOK_KEY], struct error * err);

/*
 * Which group: as above, and a contact means the group with it.  With only
 * words for contacts or groups loaded before.  A whole key that is not in the
 * book is taken as it is.
 */
int book_find_group(const struct book * book, const char * word,
    uint8_t pk[BOOK_KEY], struct error * err);

/* A whole key as hex, base64 or base64url. */
bool book_read_key(const char * word, uint8_t pk[BOOK_KEY]);

#endif /* !BERTY_CMD_BOOK_H */
