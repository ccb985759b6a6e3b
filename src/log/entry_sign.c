/* What is signed, by whom, and whether it holds. */
#include <stdlib.h>

#include "base/error.h"
#include "codec/multibase.h"
#include "codec/peer_id.h"
#include "log/entry_impl.h"
#include "log/json.h"

/* --- the identity of a group -------------------------------------------- */

void
log_identity_from_public(struct log_identity * identity, const uint8_t pub[32])
{
	struct buffer hex = {0};

	*identity = (struct log_identity){0};
	memcpy(identity->pub, pub, sizeof(identity->pub));
	public_key_from_ed25519(identity->key, pub);
	hex_encode(&hex, slice_of(pub, 32));
	if (!hex.failed)
		memcpy(identity->id, hex.p, hex.n);
	buffer_free(&hex);
}

void
log_identity_from_seed(struct log_identity * identity, const uint8_t seed[32])
{
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	log_identity_from_public(identity, key.pub);
	identity->can_sign = true;
	identity->signer = key;
	ed25519_sign(identity->id_sig, &key, slice_text(identity->id));
	crypto_wipe(&key, sizeof(key));
}

/* --- signed bytes ------------------------------------------------------- */

/* Sorted by CID, an earlier place first. */
static int
compare_places(const void * a, const void * b)
{
	const struct cid * const * x = a;
	const struct cid * const * y = b;
	int c = slice_compare(cid_slice(*x), cid_slice(*y));

	return (c != 0 ? c : *x < *y ? -1 : *x > *y);
}

/* Marks at the CIDs that repeat an earlier one, for the caller to free. */
static bool *
repeats_of(const struct cid * cids, size_t n)
{
	const struct cid ** places;
	bool * repeats;
	size_t i;

	if ((repeats = calloc(n + 1, sizeof(*repeats))) == NULL)
		goto err0;
	if (n < 2)
		return (repeats);
	if ((places = calloc(n, sizeof(*places))) == NULL)
		goto err1;
	for (i = 0; i < n; i++)
		places[i] = &cids[i];
	qsort(places, n, sizeof(*places), compare_places);
	for (i = 1; i < n; i++)
		if (cid_equal(places[i - 1], places[i]))
			repeats[places[i] - cids] = true;
	free(places);
	return (repeats);

err1:
	free(repeats);
err0:
	return (NULL);
}

static void
append_links(struct buffer * out, const struct cid * links, size_t n)
{
	bool * repeats = repeats_of(links, n);
	size_t i;

	if (repeats == NULL)
		out->failed = true;
	buffer_byte(out, '[');
	for (i = 0; repeats != NULL && i < n; i++) {
		if (repeats[i])
			continue;
		if (i > 0)
			buffer_byte(out, ',');
		buffer_byte(out, '"');
		cid_encode_base58(out, &links[i]);
		buffer_byte(out, '"');
	}
	buffer_byte(out, ']');
	free(repeats);
}

void
entry_signed_bytes(struct buffer * out, const struct entry * e)
{
	buffer_text(out, "{\"clock\":{\"id\":\"");
	hex_encode(out, e->clock_id);
	buffer_printf(out, "\",\"time\":%llu},\"hash\":null,\"id\":",
	    (unsigned long long)e->time);
	json_quote(out, e->id);
	buffer_text(out, ",\"next\":");
	append_links(out, e->next, e->n_next);
	buffer_text(out, ",\"payload\":");
	json_quote(out, e->payload);
	buffer_text(out, ",\"refs\":");
	append_links(out, e->refs, e->n_refs);
	buffer_text(out, ",\"v\":2}");
}

/* --- checking ----------------------------------------------------------- */

static int
check_signature(const struct log_identity * identity, const struct entry * e)
{
	struct buffer message = {0};
	int status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;

	if (e->sig.n != SIGNATURE_SIZE)
		return (status);
	entry_signed_bytes(&message, e);
	if (message.failed)
		status = -ERR_INTERNAL;
	else
		status = ed25519_verify(e->sig.p, identity->pub,
		    buffer_all(&message));
	buffer_free(&message);
	return (status);
}

static bool
names_identity(const struct entry * e, const struct log_identity * identity)
{
	struct slice key = slice_of(identity->key, sizeof(identity->key));

	return (slice_equal(e->identity_id, slice_text(identity->id)) &&
	    slice_equal(e->identity_key, key) && slice_equal(e->key, key) &&
	    slice_equal(e->clock_id, key));
}

int
entry_check(const struct log_identity * identity, struct slice address,
    const struct cid * cid, struct slice block)
{
	struct entry e = {0};
	int status;

	if (block.n > ENTRY_MAX || !entry_is_link(cid) ||
	    !cid_matches(cid, block))
		return (-ERR_DESERIALIZATION);
	if ((status = entry_decode(&e, block)) != 0)
		return (status);
	if (!slice_equal(e.id, address) || !names_identity(&e, identity))
		status = -ERR_INVALID_INPUT;
	else
		status = check_signature(identity, &e);
	entry_free(&e);
	return (status);
}

/* --- making ------------------------------------------------------------- */

int
entry_make(struct buffer * block, struct cid * cid,
    const struct log_identity * identity, struct slice address, uint64_t time,
    const struct cid * next, size_t n_next, const struct cid * refs,
    size_t n_refs, struct slice payload)
{
	struct slice key = slice_of(identity->key, sizeof(identity->key));
	struct buffer message = {0};
	size_t start = block->n;
	uint8_t sig[SIGNATURE_SIZE];
	struct entry e = {
	    .id = address, .key = key, .sig = slice_of(sig, sizeof(sig)),
	    .clock_id = key, .time = time, .payload = payload,
	    .identity_id = slice_text(identity->id),
	    .identity_type = slice_text(ENTRY_IDENTITY_TYPE),
	    .identity_key = key,
	    .identity_sig_id = slice_of(identity->id_sig,
	        sizeof(identity->id_sig)),
	    /* Borrowed for reading only. */
	    .next = (struct cid *)(uintptr_t)next, .n_next = n_next,
	    .refs = (struct cid *)(uintptr_t)refs, .n_refs = n_refs,
	};

	if (!identity->can_sign || time > ENTRY_TIME_MAX)
		return (-ERR_INVALID_INPUT);
	entry_signed_bytes(&message, &e);
	ed25519_sign(sig, &identity->signer, buffer_all(&message));
	entry_encode(block, &e);
	if (message.failed || block->failed)
		goto err1;
	buffer_free(&message);
	if (block->n - start > ENTRY_MAX) {
		block->n = start;
		return (-ERR_INVALID_INPUT);
	}
	cid_of(cid, CID_DAG_CBOR,
	    slice_of(block->p + start, block->n - start));
	return (0);

err1:
	buffer_free(&message);
	return (-ERR_INTERNAL);
}
