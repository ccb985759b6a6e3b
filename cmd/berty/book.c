#include "book.h"

#include <stdlib.h>
#include <string.h>

#include "codec/multibase.h"
#include "payload.h"

#define STATE(name) BERTY__PROTOCOL__V1__CONTACT_STATE__ContactState##name
#define EVENT(name) BERTY__PROTOCOL__V1__EVENT_TYPE__EventType##name

const char *
book_state(PB(ContactState) state)
{
	switch (state) {
	case STATE(ToRequest):
		return ("requested");
	case STATE(Received):
		return ("received");
	case STATE(Added):
		return ("added");
	case STATE(Removed):
		return ("removed");
	case STATE(Discarded):
		return ("discarded");
	case STATE(Blocked):
		return ("blocked");
	default:
		return ("unknown");
	}
}

const struct book_contact *
book_contact(const struct book * book, const uint8_t pk[BOOK_KEY])
{
	size_t i;

	for (i = 0; i < book->n_contacts; i++)
		if (memcmp(book->contacts[i].pk, pk, BOOK_KEY) == 0)
			return (&book->contacts[i]);
	return (NULL);
}

/* One more place at the end of a list; NULL without memory. */
static void *
grow(struct book * book, void ** list, size_t * n, size_t size)
{
	char * more = realloc(*list, (*n + 1) * size);

	if (more == NULL) {
		book->failed = true;
		return (NULL);
	}
	*list = more;
	memset(more + *n * size, 0, size);
	return (more + (*n)++ * size);
}

static struct book_contact *
contact_at(struct book * book, ProtobufCBinaryData pk)
{
	struct book_contact * c;
	void * list = book->contacts;

	if (pk.len != BOOK_KEY)
		return (NULL);
	if ((c = (struct book_contact *)(uintptr_t)book_contact(book,
	    pk.data)) != NULL)
		return (c);
	c = grow(book, &list, &book->n_contacts, sizeof(*c));
	book->contacts = list;
	if (c != NULL)
		memcpy(c->pk, pk.data, BOOK_KEY);
	return (c);
}

static void
move(struct book * book, ProtobufCBinaryData pk, PB(ContactState) state,
    const ProtobufCBinaryData * metadata)
{
	struct book_contact * c = contact_at(book, pk);

	if (c == NULL)
		return;
	c->state = state;
	if (metadata == NULL || metadata->len == 0)
		return;
	buffer_clear(&c->name);
	payload_contact_name_decode(&c->name, protobuf_slice(*metadata));
}

static void
read_enqueued(struct book * book, struct slice event)
{
	PB(AccountContactRequestEnqueued) * m = protobuf_decode(
	    PB_TYPE(account_contact_request_enqueued), event,
	    protobuf_cap(event.n));

	if (m != NULL && m->contact != NULL)
		move(book, m->contact->pk, STATE(ToRequest),
		    &m->contact->metadata);
	protobuf_free(m);
}

static void
read_received(struct book * book, struct slice event)
{
	PB(AccountContactRequestReceived) * m = protobuf_decode(
	    PB_TYPE(account_contact_request_received), event,
	    protobuf_cap(event.n));

	if (m != NULL)
		move(book, m->contact_pk, STATE(Received),
		    &m->contact_metadata);
	protobuf_free(m);
}

/* The events that only say which contact: all begin like this one. */
static void
read_plain(struct book * book, struct slice event, PB(ContactState) state)
{
	PB(AccountContactBlocked) * m = protobuf_decode(
	    PB_TYPE(account_contact_blocked), event, protobuf_cap(event.n));

	if (m != NULL)
		move(book, m->contact_pk, state, NULL);
	protobuf_free(m);
}

static int
read_event(void * user, const void * reply)
{
	const PB(GroupMetadataEvent) * event = reply;
	struct book * book = user;
	struct slice s = protobuf_slice(event->event);

	if (event->metadata == NULL)
		return (0);
	switch (event->metadata->event_type) {
	case EVENT(AccountContactRequestOutgoingEnqueued):
		read_enqueued(book, s);
		break;
	case EVENT(AccountContactRequestOutgoingSent):
	case EVENT(AccountContactRequestIncomingAccepted):
		read_plain(book, s, STATE(Added));
		break;
	case EVENT(AccountContactRequestIncomingReceived):
		read_received(book, s);
		break;
	case EVENT(AccountContactRequestIncomingDiscarded):
		read_plain(book, s, STATE(Discarded));
		break;
	case EVENT(AccountContactBlocked):
		read_plain(book, s, STATE(Blocked));
		break;
	case EVENT(AccountContactUnblocked):
		read_plain(book, s, STATE(Removed));
		break;
	default:
		break;
	}
	return (0);
}

int
book_load_contacts(struct book * book, struct client * c)
{
	PB(InstanceGetConfiguration__Request) ask =
	    PB_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	PB(InstanceGetConfiguration__Reply) * self;
	PB(GroupMetadataList__Request) list =
	    PB_INIT(GROUP_METADATA_LIST__REQUEST);
	void * reply;
	int rc;

	if ((rc = client_call(c, "InstanceGetConfiguration", &ask,
	    PB_TYPE(instance_get_configuration__reply), &reply)) != 0)
		return (rc);
	self = reply;
	if (self->account_pk.len == BOOK_KEY)
		memcpy(book->account_pk, self->account_pk.data, BOOK_KEY);
	list.group_pk = self->account_group_pk;
	list.until_now = 1;
	rc = client_stream(c, (struct slice){NULL, 0}, "GroupMetadataList",
	    &list, PB_TYPE(group_metadata_event), read_event, book);
	protobuf_free(reply);
	if (rc == 0 && book->failed)
		rc = error_set(&c->run->err, ERR_INTERNAL, "out of memory");
	return (rc);
}

static int
read_group(void * user, const void * reply)
{
	const PB(DebugListGroups__Reply) * r = reply;
	struct book * book = user;
	struct book_group * g;
	void * list = book->groups;

	if (r->group_pk.len != BOOK_KEY)
		return (0);
	g = grow(book, &list, &book->n_groups, sizeof(*g));
	book->groups = list;
	if (g == NULL)
		return (0);
	memcpy(g->pk, r->group_pk.data, BOOK_KEY);
	g->type = r->group_type;
	if (r->contact_pk.len == BOOK_KEY)
		memcpy(g->contact_pk, r->contact_pk.data, BOOK_KEY);
	return (0);
}

int
book_load_groups(struct book * book, struct client * c)
{
	PB(DebugListGroups__Request) request =
	    PB_INIT(DEBUG_LIST_GROUPS__REQUEST);
	int rc;

	rc = client_stream(c, (struct slice){NULL, 0}, "DebugListGroups",
	    &request, PB_TYPE(debug_list_groups__reply), read_group, book);
	if (rc == 0 && book->failed)
		rc = error_set(&c->run->err, ERR_INTERNAL, "out of memory");
	return (rc);
}

void
book_free(struct book * book)
{
	size_t i;

	for (i = 0; i < book->n_contacts; i++)
		buffer_free(&book->contacts[i].name);
	free(book->contacts);
	free(book->groups);
	*book = (struct book){0};
}

/* --- names -------------------------------------------------------------- */

bool
book_read_key(const char * word, uint8_t pk[BOOK_KEY])
{
	struct slice text = slice_text(word);
	struct buffer key = {0};
	bool found = false;

	if (text.n == 64)
		(void)hex_decode(&key, text);
	else if (text.n == 44)
		(void)base64_decode(&key, text);
	else if (text.n == 43)
		(void)base64url_decode(&key, text);
	if (key.n == BOOK_KEY) {
		memcpy(pk, key.p, BOOK_KEY);
		found = true;
	}
	buffer_free(&key);
	return (found);
}

static bool
begins(void (*encode)(struct buffer *, struct slice),
    const uint8_t pk[BOOK_KEY], const char * word)
{
	struct buffer text = {0};
	size_t n = strlen(word);
	bool same;

	encode(&text, slice_of(pk, BOOK_KEY));
	same = n >= 4 && n <= text.n && memcmp(text.p, word, n) == 0;
	buffer_free(&text);
	return (same);
}

static bool
matches(const uint8_t pk[BOOK_KEY], const char * word)
{
	uint8_t whole[BOOK_KEY];

	if (book_read_key(word, whole))
		return (memcmp(whole, pk, BOOK_KEY) == 0);
	return (begins(hex_encode, pk, word) ||
	    begins(base64_encode, pk, word) ||
	    begins(base64url_encode, pk, word));
}

static int
verdict(size_t found, const char * word, const char * what,
    struct error * err)
{
	if (found == 1)
		return (0);
	if (found > 1)
		return (error_set(err, ERR_NOT_FOUND, "'%.64s' is the "
		    "beginning or name of %d %ss: write more of the key",
		    word, (int)found, what));
	return (error_set(err, ERR_NOT_FOUND, "there is no %s '%.64s': "
	    "`berty %s list` shows them", what, word, what));
}

int
book_find_contact(const struct book * book, const char * word,
    uint8_t pk[BOOK_KEY], struct error * err)
{
	size_t i, found = 0;

	for (i = 0; i < book->n_contacts; i++)
		if (matches(book->contacts[i].pk, word) || slice_equal(
		    buffer_all(&book->contacts[i].name), slice_text(word))) {
			memcpy(pk, book->contacts[i].pk, BOOK_KEY);
			found++;
		}
	if (found == 0 && book_read_key(word, pk))
		return (0);
	return (verdict(found, word, "contact", err));
}

/* Does the word mean the contact of this group? */
static bool
contact_matches(const struct book * book, const struct book_group * g,
    const char * word)
{
	const struct book_contact * c;

	if (g->type != BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeContact)
		return (false);
	c = book_contact(book, g->contact_pk);
	return (matches(g->contact_pk, word) || (c != NULL &&
	    slice_equal(buffer_all(&c->name), slice_text(word))));
}

int
book_find_group(const struct book * book, const char * word,
    uint8_t pk[BOOK_KEY], struct error * err)
{
	size_t i, found = 0;

	for (i = 0; i < book->n_groups; i++)
		if (matches(book->groups[i].pk, word) ||
		    contact_matches(book, &book->groups[i], word)) {
			memcpy(pk, book->groups[i].pk, BOOK_KEY);
			found++;
		}
	if (found == 0 && book_read_key(word, pk))
		return (0);
	return (verdict(found, word, "group", err));
}
