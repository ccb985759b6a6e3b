/*
 * talk.h: what a chat needs, without protobuf: who asks, who is there, what is
 * said.  Everything here is made of the calls of berty.h; the two go together.
 */
#ifndef BERTY_TALK_H
#define BERTY_TALK_H

#include "berty/berty.h"
#include "berty/link.h"

BERTY_BEGIN

/* Something that was said.  All is gone after the callback. */
struct berty_talk_message {
	const uint8_t * group;    /* 32 bytes */
	const uint8_t * device;   /* 32 bytes: of the group, who said it */
	bool mine;                /* this node said it */
	const void * bytes;
	size_t n;
	const uint8_t * id;       /* of the message, a CID */
	size_t id_n;
};

/* What happens in an account's conversations.  Members may be NULL. */
struct berty_talk_handler {
	size_t size;              /* sizeof(struct berty_talk_handler) */

	/*
	 * Somebody asks to become a contact and said n bytes about himself;
	 * also for who asked earlier and got no answer yet.
	 */
	void (*asked)(void * user, const uint8_t contact[32],
	    const void * about, size_t n);

	/* A conversation is open: with a contact, or of a group (contact is
	 * NULL).  Said once for each, also for those of earlier. */
	void (*opened)(void * user, const uint8_t group[32],
	    const uint8_t * contact);

	/* In each conversation in its order, our own words too. */
	void (*said)(void * user, const struct berty_talk_message * message);

	/* A conversation could not be opened, or was lost; not called when it
	 * was left or the node is closed. */
	void (*failed)(void * user, const struct berty_error * err);
};

enum berty_talk_flags {
	BERTY_TALK_NEW = 1        /* nothing of what was said earlier */
};

/*
 * Follow all conversations of a node until it is closed; flags are
 * berty_talk_flags.  The handler is copied; its callbacks are as all callbacks
 * of the context.  Errors of berty_call.
 */
BERTY_API int berty_talk_begin(struct berty * b, berty_id node,
    const struct berty_talk_handler * handler, void * user, unsigned flags);

/*
 * Let the node be found, and write the link by which it is: with its name (may
 * be NULL) and addresses.  The text is freed by the caller.  Waits as
 * berty_call_wait does; its errors and those of berty_link_write.
 */
BERTY_API int berty_talk_link(struct berty * b, berty_id node,
    const char * name, enum berty_link_form form, char ** text,
    struct berty_error * err);

/*
 * Do what a link is for: ask its contact, who is told n bytes about us, or join
 * its group.  Waits as berty_call_wait does, for the disk, not for the contact.
 * Errors of berty_link_read, of a link that lacks something or is neither (100,
 * 102), and of ContactRequestSend and MultiMemberGroupJoin.
 */
BERTY_API int berty_talk_use_link(struct berty * b, berty_id node,
    const char * link, const void * about, size_t n, struct berty_error * err);

/*
 * Say yes to who asked; say something in a conversation.  `done` (may be NULL)
 * is called when it is on disk, with err NULL, or could not be done: a message
 * has 512 KiB at most.  Errors of berty_call, and then done is not called.
 */
BERTY_API int berty_talk_accept(struct berty * b, berty_id node,
    const uint8_t contact[32],
    void (*done)(void * user, const struct berty_error * err), void * user);
BERTY_API int berty_talk_say(struct berty * b, berty_id node,
    const uint8_t group[32], const void * bytes, size_t n,
    void (*done)(void * user, const struct berty_error * err), void * user);

BERTY_END

#endif /* !BERTY_TALK_H */
