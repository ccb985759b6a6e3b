/* Links: berty/links.json. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "codec/multibase.h"
#include "contact/link_codec.h"
#include "crypto/crypto.h"
#include "kat.h"

/* A field of a link to be written: empty means that it is not there. */
static struct berty_link_bytes
field(struct slice s)
{
	return ((struct berty_link_bytes){s.n > 0 ? s.p : NULL, s.n});
}

static void
read_keys(struct kat * k, struct berty_link_keys * keys, const cJSON * json)
{
	keys->present = true;
	keys->public_key = field(kat_hex(k, json, "public_key"));
	keys->secret = field(kat_hex(k, json, "secret"));
	keys->secret_sig = field(kat_hex(k, json, "secret_sig"));
	keys->group_type = (int)kat_dec(k, json, "group_type_dec");
	keys->sign_pub = field(kat_hex(k, json, "sign_pub"));
	keys->link_key = field(kat_hex(k, json, "link_key"));
	keys->link_key_sig = field(kat_hex(k, json, "link_key_sig"));
}

/* The link that the vector describes by fields. */
static struct berty_link
described(struct kat * k, const cJSON * json)
{
	struct berty_link l = {.kind = (int)kat_dec(k, json, "kind_dec")};
	const cJSON * part;

	if (kat_has(json, "contact")) {
		part = kat_object(k, json, "contact");
		l.contact.present = true;
		l.contact.account_pk = field(kat_hex(k, part, "account_pk"));
		l.contact.seed =
		    field(kat_hex(k, part, "public_rendezvous_seed"));
		l.contact.name = field(kat_str(k, part, "display_name_str"));
	}
	if (kat_has(json, "group")) {
		part = kat_object(k, json, "group");
		l.group.present = true;
		l.group.name = field(kat_str(k, part, "display_name_str"));
		if (kat_has(part, "group"))
			read_keys(k, &l.group.keys,
			    kat_object(k, part, "group"));
	}
	if (kat_has(json, "message")) {
		part = kat_object(k, json, "message");
		l.message.present = true;
		l.message.account_id =
		    field(kat_str(k, part, "account_id_str"));
		l.message.group_pk = field(kat_str(k, part, "group_pk_str"));
		l.message.message_id =
		    field(kat_str(k, part, "message_id_str"));
	}
	return (l);
}

static void
expect_error(struct kat * k, const cJSON * out, const struct error * err,
    int status)
{
	struct buffer * chain = kat_buffer(k);
	int i;

	for (i = 0; i < err->n; i++)
		buffer_printf(chain, "%s%s", i > 0 ? " > " : "",
		    error_name(err->code[i]));
	kat_expect_number(k, out, "error_code_dec", (uint64_t)-status);
	kat_expect(k, out, "error_str", slice_text(error_name(-status)));
	kat_expect(k, out, "error_chain_str", buffer_all(chain));
}

static void
expect_validity(struct kat * k, const cJSON * out,
    const struct berty_link * link)
{
	int valid = berty_link_valid(link);

	kat_true(k, "valid", (valid == 0) == kat_bool(k, out, "valid"));
	if (kat_has(out, "error_of_validity_str"))
		kat_expect(k, out, "error_of_validity_str",
		    slice_text(error_name(-valid)));
}

static void
expect_encrypted(struct kat * k, const cJSON * out,
    const struct berty_link_encrypted * e)
{
	kat_expect_number(k, out, "kind_dec", (uint64_t)e->kind);
	kat_expect(k, out, "nonce", link_slice(e->nonce));
	kat_expect(k, out, "display_name_str", link_slice(e->name));
	kat_expect(k, out, "checksum", link_slice(e->checksum));
	kat_expect(k, out, "contact_public_rendezvous_seed",
	    link_slice(e->seed));
	kat_expect(k, out, "contact_account_pk", link_slice(e->account_pk));
	kat_expect(k, out, "group_public_key", link_slice(e->public_key));
	kat_expect(k, out, "group_secret", link_slice(e->secret));
	kat_expect(k, out, "group_secret_sig", link_slice(e->secret_sig));
	kat_expect_number(k, out, "group_type_dec", (uint64_t)e->group_type);
	kat_expect(k, out, "group_sign_pub", link_slice(e->sign_pub));
	kat_expect(k, out, "group_link_key_sig",
	    link_slice(e->link_key_sig));
}

static void
expect_contact(struct kat * k, const cJSON * json,
    const struct berty_link_contact * contact)
{
	kat_expect(k, json, "account_pk", link_slice(contact->account_pk));
	kat_expect(k, json, "public_rendezvous_seed",
	    link_slice(contact->seed));
	/* A name that is not UTF-8 is told by its bytes alone. */
	if (kat_has(json, "display_name_str"))
		kat_expect(k, json, "display_name_str",
		    link_slice(contact->name));
}

static void
expect_keys(struct kat * k, const cJSON * json,
    const struct berty_link_keys * keys)
{
	kat_expect(k, json, "public_key", link_slice(keys->public_key));
	kat_expect(k, json, "secret", link_slice(keys->secret));
	kat_expect(k, json, "secret_sig", link_slice(keys->secret_sig));
	kat_expect_number(k, json, "group_type_dec",
	    (uint64_t)keys->group_type);
	kat_expect(k, json, "sign_pub", link_slice(keys->sign_pub));
	kat_expect(k, json, "link_key", link_slice(keys->link_key));
	kat_expect(k, json, "link_key_sig", link_slice(keys->link_key_sig));
}

static void
expect_group(struct kat * k, const cJSON * json,
    const struct berty_link_group * group)
{
	kat_expect(k, json, "display_name_str", link_slice(group->name));
	kat_true(k, "the group has keys, or none",
	    kat_has(json, "group") == group->keys.present);
	if (group->keys.present)
		expect_keys(k, kat_object(k, json, "group"), &group->keys);
}

static void
expect_message(struct kat * k, const cJSON * json,
    const struct berty_link_message * m)
{
	kat_expect(k, json, "account_id_str", link_slice(m->account_id));
	kat_expect(k, json, "group_pk_str", link_slice(m->group_pk));
	kat_expect(k, json, "message_id_str", link_slice(m->message_id));
}

/* A link that was read, field by field. */
static void
expect_fields(struct kat * k, const cJSON * json,
    const struct berty_link * link)
{
	kat_expect_number(k, json, "kind_dec", (uint64_t)link->kind);
	kat_true(k, "the link has the same parts",
	    kat_has(json, "contact") == link->contact.present &&
	        kat_has(json, "group") == link->group.present &&
	        kat_has(json, "encrypted") == link->encrypted.present &&
	        kat_has(json, "message") == link->message.present);
	if (link->contact.present)
		expect_contact(k, kat_object(k, json, "contact"),
		    &link->contact);
	if (link->group.present)
		expect_group(k, kat_object(k, json, "group"), &link->group);
	if (link->encrypted.present)
		expect_encrypted(k, kat_object(k, json, "encrypted"),
		    &link->encrypted);
	if (link->message.present)
		expect_message(k, kat_object(k, json, "message"),
		    &link->message);
}

/* `link`: the encoding of what was read. */
static void
expect_link(struct kat * k, const cJSON * out, const struct berty_link * link)
{
	struct buffer * bytes = kat_buffer(k);

	if (kat_has(out, "link_not_utf8"))
		kat_number(k, "what is not UTF-8 is not written",
		    kat_bool(k, out, "link_not_utf8"),
		    link_encode(bytes, link) == -ERR_INVALID_INPUT);
	else {
		kat_true(k, "link_encode", link_encode(bytes, link) == 0);
		kat_expect(k, out, "link", buffer_all(bytes));
	}
	if (kat_has(out, "display_name"))
		kat_expect(k, out, "display_name",
		    link_slice(link->contact.name));
	if (kat_has(out, "fields"))
		expect_fields(k, kat_object(k, out, "fields"), link);
	expect_validity(k, out, link);
}

static void
expect_read(struct kat * k, const cJSON * out, struct slice text,
    struct slice passphrase)
{
	struct berty_link link = {0};
	struct error err = {0};
	int status = link_read(&link, (const char *)text.p, text.n,
	    passphrase.p, passphrase.n, &err);

	if (kat_has(out, "go_panics"))
		kat_number(k, "what makes Go panic is refused, or not valid",
		    kat_bool(k, out, "go_panics"),
		    status == -ERR_INVALID_INPUT ||
		        (status == 0 &&
		            berty_link_valid(&link) == -ERR_MISSING_INPUT));
	else if (kat_has(out, "error_code_dec"))
		expect_error(k, out, &err, status);
	else if (status != 0)
		kat_fail(k, "reading failed with %d", status);
	else
		expect_link(k, out, &link);
	berty_link_free(&link);
}

/* The link written, compared. */
static struct slice
expect_text(struct kat * k, const cJSON * out, const char * key,
    const struct berty_link * link, enum berty_link_form form)
{
	struct buffer * kept = kat_buffer(k);
	char * text = NULL;
	int status = berty_link_write(link, form, &text, NULL);

	if (status != 0)
		kat_fail(k, "writing %s failed with %d", key, status);
	else
		kat_expect(k, out, key, slice_text(text));
	buffer_slice(kept, slice_text(text));
	free(text);
	return (buffer_all(kept));
}

/* Past the next `c`, or to the end. */
static struct slice
after(struct slice s, char c)
{
	const uint8_t * at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	if (at == NULL)
		return (slice_of(NULL, 0));
	return (slice_of(at + 1, s.n - (size_t)(at + 1 - s.p)));
}

/* The web form, and the bytes behind its digits: …#kind/DIGITS[/query]. */
static void
expect_web(struct kat * k, const cJSON * out, const struct berty_link * link)
{
	struct slice text =
	    expect_text(k, out, "web_str", link, BERTY_LINK_WEB);
	struct slice digits = after(after(text, '#'), '/');
	struct slice query = after(digits, '/');
	struct buffer * blob = kat_buffer(k);

	if (query.p != NULL)
		digits.n = (size_t)(query.p - 1 - digits.p);
	kat_true(k, "the web form's digits read",
	    bignum_decode(blob, base58_alphabet, digits) == 0);
	kat_expect(k, out, "web_blob", buffer_all(blob));
}

/* Go's reader of the web form drops the reference to a message; ours keeps it. */
static void
check_web_message(struct kat * k, const cJSON * out, struct slice text)
{
	const cJSON * parsed = kat_object(k, out, "parsed_web");
	struct buffer * bytes = kat_buffer(k);
	struct berty_link link = {0};

	if (berty_link_read(&link, (const char *)text.p, text.n, NULL, 0,
	        NULL) != 0)
		kat_fail(k, "the web form cannot be read");
	kat_true(k, "the reference is kept", link.message.message_id.n > 0);
	expect_validity(k, parsed, &link);
	link.message = (struct berty_link_message){.present = true};
	kat_true(k, "link_encode", link_encode(bytes, &link) == 0);
	kat_expect(k, parsed, "link", buffer_all(bytes));
	expect_fields(k, kat_object(k, parsed, "fields"), &link);
	berty_link_free(&link);
}

static void
check_both(struct kat * k, const struct kat_vector * v)
{
	struct berty_link link =
	    described(k, kat_object(k, v->inputs, "link"));
	const cJSON * out = v->outputs;
	struct buffer * blob = kat_buffer(k);

	kat_true(k, "link_encode", link_encode(blob, &link) == 0);
	kat_expect(k, out, "internal_blob", buffer_all(blob));
	expect_text(k, out, "internal_str", &link, BERTY_LINK_INTERNAL);
	expect_web(k, out, &link);
	expect_read(k, kat_object(k, out, "parsed_internal"),
	    kat_str(k, out, "internal_str"), slice_of(NULL, 0));
	if (link.kind == BERTY_LINK_MESSAGE)
		check_web_message(k, out, kat_str(k, out, "web_str"));
	else
		expect_read(k, kat_object(k, out, "parsed_web"),
		    kat_str(k, out, "web_str"), slice_of(NULL, 0));
}

static void
check_read(struct kat * k, const struct kat_vector * v)
{
	struct slice passphrase = {NULL, 0};

	if (kat_has(v->inputs, "passphrase_str"))
		passphrase = kat_str(k, v->inputs, "passphrase_str");
	expect_read(k, v->outputs, kat_str(k, v->inputs, "uri_str"),
	    passphrase);
}

static void
check_write_error(struct kat * k, const struct kat_vector * v)
{
	struct berty_link link =
	    described(k, kat_object(k, v->inputs, "link"));
	struct error err = {0};
	char * text = NULL;
	int status = link_write(&link, BERTY_LINK_WEB, &text, &err);

	expect_error(k, v->outputs, &err, status);
	free(text);
}

/* What the sealed link's texts give with, without and with a wrong passphrase. */
static void
check_opening(struct kat * k, const cJSON * out, struct slice passphrase)
{
	const cJSON * wrong = kat_object(k, out, "wrong_passphrase");
	struct slice none = {NULL, 0};

	expect_read(k, kat_object(k, out, "no_passphrase"),
	    kat_str(k, out, "internal_str"), none);
	expect_read(k, kat_object(k, out, "opened_internal"),
	    kat_str(k, out, "internal_str"), passphrase);
	expect_read(k, kat_object(k, out, "opened_web"),
	    kat_str(k, out, "web_str"), passphrase);
	expect_read(k, wrong, kat_str(k, out, "internal_str"),
	    kat_str(k, wrong, "passphrase_str"));
}

/* The clear fields whose hash is the checksum: not the link key's signature. */
static void
expect_checksum(struct kat * k, const cJSON * out,
    const struct berty_link * clear, struct slice checksum)
{
	const struct berty_link_keys * keys = &clear->group.keys;
	struct buffer * input = kat_buffer(k);
	struct buffer * sum = kat_buffer(k);
	uint8_t * to;

	buffer_slice(input, link_slice(clear->contact.seed));
	buffer_slice(input, link_slice(clear->contact.account_pk));
	buffer_slice(input, link_slice(keys->public_key));
	buffer_slice(input, link_slice(keys->secret));
	buffer_slice(input, link_slice(keys->secret_sig));
	buffer_slice(input, link_slice(keys->sign_pub));
	kat_expect(k, out, "checksum_input", buffer_all(input));
	if ((to = buffer_grow(sum, checksum.n)) != NULL)
		shake256(to, checksum.n, buffer_all(input));
	kat_bytes(k, "checksum of the clear fields", buffer_all(sum),
	    checksum);
}

static void
check_sealed(struct kat * k, const struct kat_vector * v)
{
	struct berty_link clear =
	    described(k, kat_object(k, v->inputs, "link"));
	struct slice passphrase = kat_str(k, v->inputs, "passphrase_str");
	const uint8_t * nonce = kat_sized(k, v->inputs, "random", 16);
	struct buffer * blob = kat_buffer(k);
	const cJSON * out = v->outputs;
	struct berty_link sealed = {0};
	struct error err = {0};
	uint8_t key[32];
	int status;

	status = link_seal(&sealed, &clear, passphrase.p, passphrase.n,
	    nonce, (size_t)kat_dec(k, v->inputs, "checksum_length_dec"), &err);
	if (kat_has(out, "error_code_dec")) {
		expect_error(k, out, &err, status);
		return;
	}
	(void)scrypt(key, sizeof(key), passphrase, slice_of(nonce, 16), 32768,
	    8, 1);
	kat_expect(k, out, "scrypt_key", BYTES(key));
	expect_encrypted(k, kat_object(k, out, "encrypted"),
	    &sealed.encrypted);
	kat_true(k, "link_encode", link_encode(blob, &sealed) == 0);
	kat_expect(k, out, "internal_blob", buffer_all(blob));
	expect_text(k, out, "internal_str", &sealed, BERTY_LINK_INTERNAL);
	expect_web(k, out, &sealed);
	expect_checksum(k, out, &clear, link_slice(sealed.encrypted.checksum));
	check_opening(k, out, passphrase);
	berty_link_free(&sealed);
}

const struct kat_check kat_links_checks[] = {
    {NULL, "*links.go:MarshalLink,UnmarshalLink", NULL, check_both},
    {NULL, "*links.go:UnmarshalLink", NULL, check_read},
    {NULL, "*links.go:MarshalLink", NULL, check_write_error},
    {NULL, "*links.go:EncryptLink*", NULL, check_sealed},
    {0},
};
