#include <stdlib.h>

#include "base/error.h"
#include "codec/multibase.h"
#include "contact/link_codec.h"
#include "crypto/crypto.h"

#define WEB_PREFIX "https://berty.tech/id#"
#define INTERNAL_PREFIX "berty://"
#define INTERNAL_START "BERTY://PB/"

/* groups.md: the type of a group that one can be invited to. */
enum { MULTI_MEMBER = 3 };

static const char * const kind_names[] = {
	[BERTY_LINK_CONTACT] = "contact",
	[BERTY_LINK_GROUP] = "group",
	[BERTY_LINK_ENCRYPTED] = "enc",
	[BERTY_LINK_MESSAGE] = "message",
};

static int
contact_valid(const struct berty_link_contact * c)
{
	return (c->present && c->account_pk.p != NULL && c->seed.p != NULL
	        ? 0 : -ERR_MISSING_INPUT);
}

static int
group_valid(const struct berty_link_group * g)
{
	if (!g->present || !g->keys.present)
		return (-ERR_MISSING_INPUT);
	return (g->keys.group_type == MULTI_MEMBER ? 0 : -ERR_INVALID_INPUT);
}

static int
encrypted_valid(const struct berty_link_encrypted * e)
{
	if (!e->present)
		return (-ERR_MISSING_INPUT);
	if (e->kind == BERTY_LINK_CONTACT)
		return (e->seed.p != NULL && e->account_pk.p != NULL
		        ? 0 : -ERR_MISSING_INPUT);
	return (e->kind == BERTY_LINK_GROUP && e->group_type == MULTI_MEMBER
	        ? 0 : -ERR_INVALID_INPUT);
}

int
berty_link_valid(const struct berty_link * link)
{
	switch (link->kind) {
	case BERTY_LINK_CONTACT:
		return (contact_valid(&link->contact));
	case BERTY_LINK_GROUP:
		return (group_valid(&link->group));
	case BERTY_LINK_ENCRYPTED:
		return (encrypted_valid(&link->encrypted));
	case BERTY_LINK_MESSAGE:
		return (link->message.present ? 0 : -ERR_MISSING_INPUT);
	default:
		return (-ERR_INVALID_INPUT);
	}
}

/* Reading */

static uint8_t
lower(uint8_t c)
{
	return (c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c);
}

/* Take the prefix, in any case, from the front of the text. */
static bool
take_prefix(struct slice * text, const char * prefix)
{
	size_t i, n = strlen(prefix);

	if (text->n < n)
		return (false);
	for (i = 0; i < n; i++)
		if (lower(text->p[i]) != lower((uint8_t)prefix[i]))
			return (false);
	*text = slice_of(text->p + n, text->n - n);
	return (true);
}

/* What stands before the next c; text moves behind it.  False: no c. */
static bool
cut(struct slice * text, uint8_t c, struct slice * before)
{
	const uint8_t * at = text->n > 0 ? memchr(text->p, c, text->n) : NULL;
	size_t n = at == NULL ? text->n : (size_t)(at - text->p);

	*before = slice_of(text->p, n);
	*text = at == NULL ? slice_of(text->p, 0)
	                   : slice_of(at + 1, text->n - n - 1);
	return (at != NULL);
}

static int
read_internal(struct berty_link * link, struct slice rest)
{
	struct buffer blob = {0};
	struct slice type;
	int status = -ERR_INVALID_INPUT;

	if (!cut(&rest, '/', &type) || !take_prefix(&type, "pb") || type.n > 0)
		return (-ERR_INVALID_INPUT);
	if (bignum_decode(&blob, base42_alphabet, rest) == 0)
		status = link_decode(link, buffer_all(&blob));
	buffer_wipe(&blob);
	return (status);
}

/* Every % is followed by two hex digits. */
static bool
escapes_valid(struct slice text)
{
	struct buffer byte = {0};
	bool valid = true;
	size_t i;

	for (i = 0; valid && i < text.n; i++)
		if (text.p[i] == '%')
			valid = text.n - i > 2 &&
			    hex_decode(&byte, slice_of(text.p + i + 1, 2)) == 0;
	buffer_free(&byte);
	return (valid);
}

/* Undo form encoding; the escapes are valid. */
static void
unescape(struct buffer * out, struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] == '%') {
			(void)hex_decode(out, slice_of(text.p + i + 1, 2));
			i += 2;
		} else
			buffer_byte(out, text.p[i] == '+' ? ' ' : text.p[i]);
}

/* The value of the first `name` in the query, unescaped; *found tells. */
static int
read_name(struct buffer * name, bool * found, struct slice query)
{
	struct buffer key = {0};
	struct slice pair, before;

	*found = false;
	/* Go 1.17 and later refuse it anywhere; older ones split there. */
	if (query.n > 0 && memchr(query.p, ';', query.n) != NULL)
		return (-ERR_INVALID_INPUT);
	while (query.n > 0 && !*found) {
		(void)cut(&query, '&', &pair);
		if (pair.n == 0)
			continue;
		(void)cut(&pair, '=', &before);
		buffer_clear(&key);
		unescape(&key, before);
		if (!slice_equal(buffer_all(&key), slice_text("name")))
			continue;
		unescape(name, pair);
		*found = true;
	}
	buffer_free(&key);
	return (name->failed || key.failed ? -ERR_INTERNAL : 0);
}

/* The place for the name of a link of its kind; NULL: it has none. */
static struct berty_link_bytes *
name_of(struct berty_link * link)
{
	switch (link->kind) {
	case BERTY_LINK_CONTACT:
		return (&link->contact.name);
	case BERTY_LINK_GROUP:
		return (&link->group.name);
	case BERTY_LINK_ENCRYPTED:
		return (&link->encrypted.name);
	default:
		return (NULL);
	}
}

static int
kind_of(struct slice name)
{
	int kind;

	for (kind = BERTY_LINK_CONTACT; kind <= BERTY_LINK_MESSAGE; kind++)
		if (slice_equal(slice_text(kind_names[kind]), name))
			return (kind);
	return (BERTY_LINK_UNKNOWN);
}

/* The path says the kind, and the query the name that the blob left out. */
static int
complete(struct berty_link * link, int kind, struct slice query)
{
	struct buffer name = {0};
	struct berty_link_bytes * place;
	bool found;
	int status;

	link->kind = kind;
	if (kind == BERTY_LINK_ENCRYPTED && !link->encrypted.present)
		return (-ERR_INVALID_INPUT);
	if (kind == BERTY_LINK_CONTACT)
		link->contact.present = true;
	if (kind == BERTY_LINK_GROUP)
		link->group.present = true;
	if (kind == BERTY_LINK_MESSAGE)
		link->message.present = true;
	status = read_name(&name, &found, query);
	place = name_of(link);
	if (status == 0 && found && place != NULL && place->n == 0)
		*place = link_keep(link, buffer_all(&name));
	buffer_free(&name);
	return (status);
}

static int
read_web(struct berty_link * link, struct slice fragment)
{
	struct buffer blob = {0};
	struct slice kind, text;
	int status = -ERR_INVALID_INPUT;

	if (!escapes_valid(fragment) || !cut(&fragment, '/', &kind))
		return (-ERR_INVALID_INPUT);
	(void)cut(&fragment, '/', &text);
	if (text.n == 0 || kind_of(kind) == BERTY_LINK_UNKNOWN)
		return (-ERR_INVALID_INPUT);
	if (bignum_decode(&blob, base58_alphabet, text) == 0)
		status = link_decode(link, buffer_all(&blob));
	buffer_wipe(&blob);
	if (status == 0)
		status = complete(link, kind_of(kind), fragment);
	return (status);
}

int
link_read(struct berty_link * link, const char * text, size_t n,
    const void * passphrase, size_t passphrase_n, struct error * err)
{
	struct slice rest = slice_of(text, n);
	struct berty_link made = {0};
	int status = -ERR_INVALID_INPUT;

	if (n == 0)
		return (error_set(err, ERR_MISSING_INPUT, "an empty link"));
	if (n > BERTY_LINK_MAX)
		return (error_set(err, ERR_INVALID_INPUT, "the link is too "
		    "long"));
	if (take_prefix(&rest, INTERNAL_PREFIX))
		status = read_internal(&made, rest);
	else if (take_prefix(&rest, WEB_PREFIX))
		status = read_web(&made, rest);
	if (status == 0 && made.kind == BERTY_LINK_ENCRYPTED)
		status = berty_link_valid(&made);
	if (status != 0) {
		(void)error_set(err, -status, "not a link of Berty");
		goto err1;
	}
	if (made.kind == BERTY_LINK_ENCRYPTED && passphrase_n > 0 &&
	    (status = link_open(&made, slice_of(passphrase, passphrase_n),
	        err)) != 0)
		goto err1;
	*link = made;
	return (0);

err1:
	berty_link_free(&made);
	return (status);
}

/* Writing */

/* The name in form encoding. */
static void
escape(struct buffer * out, struct slice text)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < text.n; i++) {
		c = text.p[i];
		if ((lower(c) >= 'a' && lower(c) <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		    c == '.' || c == '~')
			buffer_byte(out, c);
		else if (c == ' ')
			buffer_byte(out, '+');
		else
			buffer_printf(out, "%%%02X", c);
	}
}

/* What the blob of the web form holds: no kind, no name, one member. */
static struct berty_link
web_part(const struct berty_link * link)
{
	struct berty_link part = {.addresses = link->addresses,
	    .network = link->network};

	switch (link->kind) {
	case BERTY_LINK_CONTACT:
		part.contact = link->contact;
		part.contact.name = (struct berty_link_bytes){NULL, 0};
		break;
	case BERTY_LINK_GROUP:
		part.group = link->group;
		part.group.name = (struct berty_link_bytes){NULL, 0};
		part.group.keys.link_key = (struct berty_link_bytes){NULL, 0};
		break;
	case BERTY_LINK_ENCRYPTED:
		part.encrypted = link->encrypted;
		part.encrypted.name = (struct berty_link_bytes){NULL, 0};
		break;
	default:
		part.message = link->message;
	}
	return (part);
}

static int
write_web(struct buffer * out, const struct berty_link * link)
{
	struct berty_link part = web_part(link), named = *link;
	struct berty_link_bytes * name = name_of(&named);
	struct buffer blob = {0};
	int status;

	buffer_text(out, WEB_PREFIX);
	buffer_text(out, kind_names[link->kind]);
	buffer_byte(out, '/');
	if ((status = link_encode(&blob, &part)) == 0)
		bignum_encode(out, base58_alphabet, buffer_all(&blob));
	if (name != NULL && name->n > 0) {
		buffer_text(out, "/name=");
		escape(out, link_slice(*name));
	}
	buffer_wipe(&blob);
	return (status);
}

static int
write_internal(struct buffer * out, const struct berty_link * link)
{
	struct buffer blob = {0};
	int status;

	buffer_text(out, INTERNAL_START);
	if ((status = link_encode(&blob, link)) == 0)
		bignum_encode(out, base42_alphabet, buffer_all(&blob));
	buffer_wipe(&blob);
	return (status);
}

/* A link that could not be read back is not written. */
static int
check_writable(const struct berty_link * link)
{
	struct buffer blob = {0};
	int status;

	if (link->kind == BERTY_LINK_UNKNOWN)
		return (-ERR_MISSING_INPUT);
	if ((status = berty_link_valid(link)) == 0)
		status = link_encode(&blob, link);
	if (status == 0 && blob.n > BERTY_LINK_MAX / 2)
		status = -ERR_INVALID_INPUT;
	buffer_wipe(&blob);
	return (status);
}

int
link_write(const struct berty_link * link, enum berty_link_form form,
    char ** text, struct error * err)
{
	struct buffer out = {0};
	int status;

	if ((status = check_writable(link)) == 0)
		status = form == BERTY_LINK_WEB ? write_web(&out, link)
		                                : write_internal(&out, link);
	if (status == 0 && out.n > BERTY_LINK_MAX)
		status = -ERR_INVALID_INPUT;
	buffer_byte(&out, '\0');
	if (status == 0 && out.failed)
		status = -ERR_INTERNAL;
	if (status != 0) {
		buffer_wipe(&out);
		return (error_set(err, -status, "the link cannot be written"));
	}
	*text = (char *)out.p;
	return (0);
}
