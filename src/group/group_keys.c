#include "group/group_keys.h"

#include "group/wire.h"

static const char out_of_store_info[] = "push_secret_ref";
static const char attachment_cid_info[] = "cid encryption v0";

static void
put_optional(struct buffer * out, unsigned number, bool has,
    const uint8_t * p, size_t n)
{
	if (has)
		wire_put_bytes(out, number, slice_of(p, n));
}

void
group_info_encode(struct buffer * out, const struct group_info * g)
{
	wire_put_bytes(out, 1, slice_of(g->pk, sizeof(g->pk)));
	put_optional(out, 2, g->has_secret, g->secret, sizeof(g->secret));
	put_optional(out, 3, g->has_secret_sig, g->secret_sig,
	    sizeof(g->secret_sig));
	wire_put_varint(out, 4, (uint64_t)g->type);
	put_optional(out, 5, g->has_sign_pub, g->sign_pub,
	    sizeof(g->sign_pub));
	put_optional(out, 6, g->has_link_key, g->link_key,
	    sizeof(g->link_key));
	put_optional(out, 7, g->has_link_key_sig, g->link_key_sig,
	    sizeof(g->link_key_sig));
}

/* An empty field counts as absent, as in proto3. */
static bool
take_optional(bool * has, uint8_t * to, size_t n, struct slice bytes)
{
	*has = bytes.n > 0;
	return (bytes.n == 0 || wire_copy(to, n, bytes));
}

static bool
take_field(struct group_info * g, bool * has_pk, const struct wire_field * f)
{
	bool bytes = f->type == WIRE_BYTES;

	switch (f->number) {
	case 1:
		return (bytes &&
		    take_optional(has_pk, g->pk, sizeof(g->pk), f->bytes));
	case 2:
		return (bytes && take_optional(&g->has_secret, g->secret,
		    sizeof(g->secret), f->bytes));
	case 3:
		return (bytes && take_optional(&g->has_secret_sig,
		    g->secret_sig, sizeof(g->secret_sig), f->bytes));
	case 4:
		g->type = (enum group_type)f->value;
		return (f->type == WIRE_VARINT &&
		    f->value <= GROUP_MULTI_MEMBER);
	case 5:
		return (bytes && take_optional(&g->has_sign_pub, g->sign_pub,
		    sizeof(g->sign_pub), f->bytes));
	case 6:
		return (bytes && take_optional(&g->has_link_key, g->link_key,
		    sizeof(g->link_key), f->bytes));
	case 7:
		return (bytes && take_optional(&g->has_link_key_sig,
		    g->link_key_sig, sizeof(g->link_key_sig), f->bytes));
	default:
		return (true);
	}
}

int
group_info_decode(struct group_info * g, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct group_info read = {.type = GROUP_UNDEFINED};
	struct wire_field f;
	bool has_pk = false, good = true;

	while (good && wire_next(&r, &f))
		good = take_field(&read, &has_pk, &f);
	if (good && !r.failed && has_pk)
		*g = read;
	else
		good = false;
	crypto_wipe(&read, sizeof(read));
	return (good ? 0 : -ERR_DESERIALIZATION);
}

void
group_of_account(struct group_info * g, const struct ed25519_key * account,
    const struct ed25519_key * proof)
{
	*g = (struct group_info){.has_secret = true, .type = GROUP_ACCOUNT};
	memcpy(g->pk, account->pub, sizeof(g->pk));
	memcpy(g->secret, proof->seed, sizeof(g->secret));
}

/* The key that two key pairs have in common: Ed(X(a, B)) as seed and public. */
static int
common_key(struct ed25519_key * key, const struct ed25519_key * own,
    const uint8_t other_pk[32])
{
	uint8_t priv[32], pub[32], z[32];
	int status;

	if ((status = x25519_public_of(pub, other_pk)) != 0)
		return (status);
	x25519_private_of(priv, own->seed);
	if ((status = x25519(z, priv, pub)) == 0)
		ed25519_from_seed(key, z);
	crypto_wipe(z, sizeof(z));
	crypto_wipe(priv, sizeof(priv));
	return (status);
}

int
group_of_contact(struct group_info * g, struct ed25519_key * group_key,
    const struct ed25519_key * own_account, const uint8_t contact_pk[32])
{
	struct ed25519_key pair, key;
	uint8_t okm[64];
	int status;

	if ((status = common_key(&pair, own_account, contact_pk)) != 0)
		return (status);
	hkdf_sha256(okm, sizeof(okm), slice_of(&pair, sizeof(pair)),
	    slice_of(NULL, 0), slice_of(NULL, 0));
	ed25519_from_seed(&key, okm);
	*g = (struct group_info){.has_secret = true, .type = GROUP_CONTACT};
	memcpy(g->pk, key.pub, sizeof(g->pk));
	memcpy(g->secret, okm + 32, sizeof(g->secret));
	if (group_key != NULL)
		*group_key = key;
	crypto_wipe(&pair, sizeof(pair));
	crypto_wipe(&key, sizeof(key));
	crypto_wipe(okm, sizeof(okm));
	return (0);
}

void
group_of_members(struct group_info * g, struct ed25519_key * group_key,
    const uint8_t group_seed[32], const uint8_t secret_seed[32])
{
	uint8_t link[32];

	ed25519_from_seed(group_key, group_seed);
	*g = (struct group_info){.has_secret = true,
	    .has_secret_sig = true,
	    .has_link_key_sig = true,
	    .type = GROUP_MULTI_MEMBER};
	memcpy(g->pk, group_key->pub, sizeof(g->pk));
	memcpy(g->secret, secret_seed, sizeof(g->secret));
	ed25519_sign(g->secret_sig, group_key,
	    slice_of(g->secret, sizeof(g->secret)));
	group_link_key(link, g);
	ed25519_sign(g->link_key_sig, group_key, slice_of(link, sizeof(link)));
	crypto_wipe(link, sizeof(link));
}

int
group_verify(const struct group_info * g)
{
	uint8_t link[32];
	int status;

	if (!g->has_secret || !g->has_secret_sig)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	status = ed25519_verify(g->secret_sig, g->pk,
	    slice_of(g->secret, sizeof(g->secret)));
	if (status != 0 || !g->has_link_key_sig)
		return (status);
	group_link_key(link, g);
	status = ed25519_verify(g->link_key_sig, g->pk,
	    slice_of(link, sizeof(link)));
	crypto_wipe(link, sizeof(link));
	return (status);
}

void
group_signing_pub(uint8_t pub[32], const struct group_info * g)
{
	struct ed25519_key key;

	if (g->has_sign_pub || !g->has_secret) {
		memcpy(pub, g->sign_pub, sizeof(g->sign_pub));
		return;
	}
	ed25519_from_seed(&key, g->secret);
	memcpy(pub, key.pub, sizeof(key.pub));
	crypto_wipe(&key, sizeof(key));
}

static void
derive(uint8_t key[32], const struct group_info * g, struct slice info)
{
	hkdf_sha3_256(key, 32, slice_of(g->secret, sizeof(g->secret)),
	    slice_of(NULL, 0), info);
}

void
group_link_key(uint8_t key[32], const struct group_info * g)
{
	/* Who holds the secret derives the key: a field set in an invitation
	 * would make its reader speak to nobody. */
	if (g->has_secret)
		derive(key, g, slice_of(g->pk, sizeof(g->pk)));
	else
		memcpy(key, g->link_key, sizeof(g->link_key));
}

void
group_out_of_store_secret(uint8_t key[32], const struct group_info * g)
{
	derive(key, g, slice_text(out_of_store_info));
}

void
group_attachment_cid_key(uint8_t key[32], const struct group_info * g)
{
	derive(key, g, slice_text(attachment_cid_info));
}

void
group_filter(struct group_info * out, const struct group_info * g)
{
	struct group_info f = {.has_sign_pub = true, .has_link_key = true,
	    .has_link_key_sig = g->has_link_key_sig, .type = GROUP_UNDEFINED};

	memcpy(f.pk, g->pk, sizeof(f.pk));
	memcpy(f.link_key_sig, g->link_key_sig, sizeof(f.link_key_sig));
	group_signing_pub(f.sign_pub, g);
	group_link_key(f.link_key, g);
	*out = f;
	crypto_wipe(&f, sizeof(f));
}

int
group_member_key(struct ed25519_key * member, const struct ed25519_key * proof,
    const uint8_t group_pk[32])
{
	return (common_key(member, proof, group_pk));
}
