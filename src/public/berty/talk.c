/* talk.c: what a chat asks for, one call each. */
#include "public/berty/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void
talk_field(struct buffer * out, unsigned field, const void * p, size_t n)
{
	buffer_uvarint(out, (uint64_t)field << 3 | 2);
	buffer_uvarint(out, n);
	buffer_append(out, p, n);
}

int
talk_call(struct berty * b, berty_id node, const char * method,
    struct buffer * request, const struct berty_handler * handler, void * user)
{
	int rc = -BERTY_ERR_INTERNAL;

	if (!request->failed)
		rc = berty_call(b, node, method, request->p, request->n,
		    handler, user, NULL);
	buffer_wipe(request);
	return (rc);
}

/* A text for a code that came without a chain. */
static int
refuse(struct berty_error * err, int rc, const char * text)
{
	if (err != NULL) {
		memset(err, 0, sizeof(*err));
		err->n = 1;
		err->code[0] = -rc;
		(void)snprintf(err->text, sizeof(err->text), "%s", text);
	}
	return (rc);
}

/* The same, waited for. */
static int
talk_wait(struct berty * b, berty_id node, const char * method,
    struct buffer * request, struct berty_error * err)
{
	int rc;

	if (request->failed)
		rc = refuse(err, -BERTY_ERR_INTERNAL, "out of memory");
	else
		rc = berty_call_wait(b, node, method, request->p, request->n,
		    -1, NULL, NULL, err);
	buffer_wipe(request);
	return (rc);
}

/* --- links ---------------------------------------------------------------- */

/* The node's addresses, of the reply with its configuration. */
static void
add_addresses(struct berty_link * link, const void * reply, size_t n)
{
	const unsigned char * at = reply;
	struct berty_field f;
	char text[512];

	while (berty_take(&at, &n, &f) == 1) {
		if (f.field != 5 || f.n >= sizeof(text))
			continue;
		memcpy(text, f.p, f.n);
		text[f.n] = '\0';
		/* One that does not fit, or no link can name, is left out. */
		(void)berty_link_add_address(link, text);
	}
}

static struct berty_link_bytes
link_bytes(struct berty_field f)
{
	struct berty_link_bytes bytes = {f.p, f.n};

	return (bytes);
}

int
berty_talk_link(struct berty * b, berty_id node, const char * name,
    enum berty_link_form form, char ** text, struct berty_error * err)
{
	struct berty_link link = {.kind = BERTY_LINK_CONTACT};
	void * config = NULL, * reply = NULL;
	size_t config_n, reply_n;
	int rc;

	if ((rc = berty_call_wait(b, node, "InstanceGetConfiguration", NULL, 0,
	    -1, &config, &config_n, err)) != 0)
		return (rc);
	if ((rc = berty_call_wait(b, node, "ContactRequestEnable", NULL, 0, -1,
	    &reply, &reply_n, err)) != 0)
		goto out;
	link.contact.present = true;
	link.contact.account_pk = link_bytes(berty_get(config, config_n, 1));
	link.contact.seed = link_bytes(berty_get(reply, reply_n, 1));
	link.network = link_bytes(berty_get(reply, reply_n, 7001));
	if (name != NULL) {
		link.contact.name.p = (const unsigned char *)name;
		link.contact.name.n = strlen(name);
	}
	add_addresses(&link, config, config_n);
	rc = berty_link_write(&link, form, text, err);
	berty_link_free(&link);
	berty_bytes_free(reply, reply_n);
out:
	berty_bytes_free(config, config_n);
	return (rc);
}

/* Where to look: what a link says beside its keys. */
static void
put_hints(struct buffer * out, const struct berty_link * link)
{
	size_t i;

	for (i = 0; i < link->addresses.n; i++)
		talk_field(out, 7000, link->addresses.at[i].p,
		    link->addresses.at[i].n);
	if (link->network.n > 0)
		talk_field(out, 7001, link->network.p, link->network.n);
}

static int
ask(struct berty * b, berty_id node, const struct berty_link * link,
    const void * about, size_t n, struct berty_error * err)
{
	struct buffer contact = {0}, request = {0};

	talk_field(&contact, 1, link->contact.account_pk.p,
	    link->contact.account_pk.n);
	talk_field(&contact, 2, link->contact.seed.p, link->contact.seed.n);
	talk_field(&request, 1, contact.p, contact.n);
	request.failed |= contact.failed;
	talk_field(&request, 2, about, n);
	put_hints(&request, link);
	buffer_wipe(&contact);
	return (talk_wait(b, node, "ContactRequestSend", &request, err));
}

static int
join(struct berty * b, berty_id node, const struct berty_link * link,
    struct berty_error * err)
{
	const struct berty_link_keys * keys = &link->group.keys;
	const struct berty_link_bytes before_type[] = {keys->public_key,
	    keys->secret, keys->secret_sig};
	const struct berty_link_bytes after_type[] = {keys->sign_pub,
	    keys->link_key, keys->link_key_sig};
	struct buffer group = {0}, request = {0};
	unsigned i;

	for (i = 0; i < 3; i++)
		talk_field(&group, 1 + i, before_type[i].p, before_type[i].n);
	buffer_uvarint(&group, 4 << 3);
	buffer_uvarint(&group, (uint64_t)keys->group_type);
	for (i = 0; i < 3; i++)
		if (after_type[i].n > 0)
			talk_field(&group, 5 + i, after_type[i].p,
			    after_type[i].n);
	talk_field(&request, 1, group.p, group.n);
	request.failed |= group.failed;
	put_hints(&request, link);
	buffer_wipe(&group);
	return (talk_wait(b, node, "MultiMemberGroupJoin", &request, err));
}

int
berty_talk_use_link(struct berty * b, berty_id node, const char * text,
    const void * about, size_t n, struct berty_error * err)
{
	struct berty_link link;
	int rc;

	if ((rc = berty_link_read(&link, text, strlen(text), NULL, 0,
	    err)) != 0)
		return (rc);
	if ((rc = berty_link_valid(&link)) != 0)
		rc = refuse(err, rc, "the link is not complete");
	else if (link.kind == BERTY_LINK_CONTACT)
		rc = ask(b, node, &link, about, n, err);
	else if (link.kind == BERTY_LINK_GROUP)
		rc = join(b, node, &link, err);
	else
		rc = refuse(err, -BERTY_ERR_INVALID_INPUT, "the link is of no "
		    "contact or group; one under a passphrase is opened by "
		    "berty_link_read");
	berty_link_free(&link);
	return (rc);
}

/* --- answers and messages ------------------------------------------------- */

/* Whom to tell how a call ended. */
struct told {
	void (*done)(void * user, const struct berty_error * err);
	void * user;
};

static void
tell(void * user, berty_id call, const struct berty_error * err)
{
	struct told * t = user;

	(void)call;
	if (t->done != NULL)
		t->done(t->user, err);
	free(t);
}

static int
call_and_tell(struct berty * b, berty_id node, const char * method,
    struct buffer * request,
    void (*done)(void * user, const struct berty_error * err), void * user)
{
	struct berty_handler h = {.size = sizeof(h), .end = tell};
	struct told * t = malloc(sizeof(*t));
	int rc;

	if (t == NULL) {
		buffer_wipe(request);
		return (-BERTY_ERR_INTERNAL);
	}
	t->done = done;
	t->user = user;
	if ((rc = talk_call(b, node, method, request, &h, t)) != 0)
		free(t);
	return (rc);
}

int
berty_talk_accept(struct berty * b, berty_id node, const uint8_t contact[32],
    void (*done)(void * user, const struct berty_error * err), void * user)
{
	struct buffer request = {0};

	talk_field(&request, 1, contact, 32);
	return (call_and_tell(b, node, "ContactRequestAccept", &request, done,
	    user));
}

int
berty_talk_say(struct berty * b, berty_id node, const uint8_t group[32],
    const void * bytes, size_t n,
    void (*done)(void * user, const struct berty_error * err), void * user)
{
	struct buffer request = {0};

	talk_field(&request, 1, group, 32);
	talk_field(&request, 2, bytes, n);
	return (call_and_tell(b, node, "AppMessageSend", &request, done,
	    user));
}
