#include "base/error.h"
#include "contact/link_codec.h"
#include "crypto/crypto.h"

enum {
	LINK_NONCE_SIZE = 16,
	FIELDS_MAX = 5 + BERTY_LINK_ADDRESSES_MAX,
	CHECKSUM_MAX = BERTY_LINK_MAX,
};

/* scrypt's cost, as Go's links have it: 32 MiB and one unit of work. */
enum { SCRYPT_N = 32768, SCRYPT_R = 8, SCRYPT_P = 1 };

/* The fields under the passphrase, in the order of the key stream. */
struct secret_fields {
	struct berty_link_bytes * field[FIELDS_MAX];
	size_t n;
	size_t checked; /* how many of them the checksum covers */
};

static bool
clear_fields(struct secret_fields * s, struct berty_link * l)
{
	struct berty_link_keys * g = &l->group.keys;

	if (l->kind == BERTY_LINK_CONTACT)
		*s = (struct secret_fields){
		    {&l->contact.seed, &l->contact.account_pk}, 2, 2};
	else if (l->kind == BERTY_LINK_GROUP)
		/* Go's checksum leaves the link key's signature out. */
		*s = (struct secret_fields){{&g->public_key, &g->secret,
		    &g->secret_sig, &g->sign_pub, &g->link_key_sig}, 5, 4};
	else
		return (false);
	return (true);
}

static void
sealed_fields(struct secret_fields * s, struct berty_link_encrypted * e)
{
	if (e->kind == BERTY_LINK_CONTACT)
		*s = (struct secret_fields){{&e->seed, &e->account_pk}, 2, 2};
	else
		*s = (struct secret_fields){{&e->public_key, &e->secret,
		    &e->secret_sig, &e->sign_pub, &e->link_key_sig}, 5, 4};
}

/*
 * Addresses would tell whose link it is: they follow the fields of Go in the
 * key stream, where a reader that does not know them does not get to.
 */
static void
add_addresses(struct secret_fields * s, struct berty_link_addresses * a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		s->field[s->n++] = &a->at[i];
}

static void
join(struct buffer * out, const struct secret_fields * s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buffer_slice(out, link_slice(*s->field[i]));
}

/*
 * `to` gets the fields of `from` under the key stream, kept by `owner`; what
 * is absent stays absent.
 */
static int
apply_stream(struct berty_link * owner, const struct secret_fields * to,
    const struct secret_fields * from, struct slice passphrase,
    const uint8_t nonce[LINK_NONCE_SIZE])
{
	struct buffer bytes = {0};
	struct berty_link_bytes kept;
	uint8_t key[32];
	size_t i, at = 0;
	int status;

	status = scrypt(key, sizeof(key), passphrase,
	    slice_of(nonce, LINK_NONCE_SIZE), SCRYPT_N, SCRYPT_R, SCRYPT_P);
	if (status != 0)
		return (status);
	join(&bytes, from, from->n);
	aes256_ctr(bytes.p, key, nonce, buffer_all(&bytes));
	crypto_wipe(key, sizeof(key));
	kept = link_keep(owner, buffer_all(&bytes));
	if (bytes.failed || kept.p == NULL)
		status = -ERR_INTERNAL;
	for (i = 0; status == 0 && i < from->n; i++) {
		if (from->field[i]->p != NULL)
			*to->field[i] = (struct berty_link_bytes){
			    kept.p + at, from->field[i]->n};
		at += from->field[i]->n;
	}
	buffer_wipe(&bytes);
	return (status);
}

/* Append n bytes of SHAKE256 over the fields that the checksum covers. */
static void
checksum(struct buffer * out, const struct secret_fields * clear, size_t n)
{
	struct buffer bytes = {0};
	uint8_t * to;

	join(&bytes, clear, clear->checked);
	if ((to = buffer_grow(out, n)) != NULL)
		shake256(to, n, buffer_all(&bytes));
	out->failed |= bytes.failed;
	buffer_wipe(&bytes);
}

static int
check(const struct berty_link_encrypted * e,
    const struct secret_fields * clear)
{
	struct buffer sum = {0};
	int status = 0;

	checksum(&sum, clear, e->checksum.n);
	if (sum.failed)
		status = -ERR_INTERNAL;
	else if (e->checksum.n > 0 &&
	    !crypto_equal(sum.p, e->checksum.p, e->checksum.n))
		status = -ERR_MESSENGER_DEEP_LINK_INVALID_PASSPHRASE;
	buffer_wipe(&sum);
	return (status);
}

int
link_open(struct berty_link * link, struct slice passphrase,
    struct error * err)
{
	struct berty_link_encrypted * e = &link->encrypted;
	struct secret_fields from, to;
	struct berty_link clear = {.kind = e->kind};
	int status;

	if (e->nonce.n == 0) {
		(void)error_set(err, ERR_INVALID_INPUT, "no nonce");
		return (error_wrap(err, ERR_INTERNAL));
	}
	if (e->nonce.n != LINK_NONCE_SIZE || !clear_fields(&to, &clear))
		return (error_set(err, ERR_INVALID_INPUT, "bad encryption"));
	sealed_fields(&from, e);
	clear.addresses.n = link->addresses.n;
	add_addresses(&from, &link->addresses);
	add_addresses(&to, &clear.addresses);
	status = apply_stream(&clear, &to, &from, passphrase, e->nonce.p);
	if (status == 0)
		status = check(e, &to);
	if (status != 0) {
		berty_link_free(&clear);
		return (error_set(err, -status, "cannot open the link"));
	}
	if (link->network.p != NULL)
		clear.network = link_keep(&clear, link_slice(link->network));
	if (clear.kind == BERTY_LINK_CONTACT) {
		clear.contact.present = true;
		clear.contact.name = link_keep(&clear, link_slice(e->name));
	} else {
		clear.group.present = clear.group.keys.present = true;
		clear.group.keys.group_type = e->group_type;
		clear.group.name = link_keep(&clear, link_slice(e->name));
	}
	berty_link_free(link);
	*link = clear;
	return (0);
}

int
link_seal(struct berty_link * sealed, const struct berty_link * clear,
    const void * passphrase, size_t passphrase_n,
    const unsigned char nonce[16], size_t checksum_n, struct error * err)
{
	struct berty_link source = *clear, made = {0};
	struct berty_link_encrypted * e = &made.encrypted;
	struct secret_fields from, to;
	struct buffer sum = {0};
	int status;

	if (!clear_fields(&from, &source) || checksum_n > CHECKSUM_MAX ||
	    (clear->kind == BERTY_LINK_CONTACT ? !clear->contact.present
	                                       : !clear->group.keys.present))
		return (error_set(err, ERR_INVALID_INPUT,
		    "only contacts and groups go under a passphrase"));
	made.kind = BERTY_LINK_ENCRYPTED;
	e->present = true;
	e->kind = clear->kind;
	e->nonce = link_keep(&made, slice_of(nonce, LINK_NONCE_SIZE));
	e->name = link_keep(&made, link_slice(clear->kind == BERTY_LINK_GROUP
	        ? clear->group.name : clear->contact.name));
	if (clear->network.p != NULL)
		made.network = link_keep(&made, link_slice(clear->network));
	if (clear->kind == BERTY_LINK_GROUP)
		e->group_type = clear->group.keys.group_type;
	checksum(&sum, &from, checksum_n);
	e->checksum = link_keep(&made, buffer_all(&sum));
	sealed_fields(&to, e);
	made.addresses.n = source.addresses.n;
	add_addresses(&to, &made.addresses);
	add_addresses(&from, &source.addresses);
	status = apply_stream(&made, &to, &from,
	    slice_of(passphrase, passphrase_n), nonce);
	if (sum.failed || e->nonce.p == NULL || e->checksum.p == NULL)
		status = -ERR_INTERNAL;
	buffer_free(&sum);
	if (status != 0) {
		berty_link_free(&made);
		return (error_set(err, -status, "cannot seal the link"));
	}
	*sealed = made;
	return (0);
}
