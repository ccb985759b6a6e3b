#include "group/out_of_store.h"

#include "crypto/kdf_series.h"
#include "group/wire.h"

/* group_reference is field 3 in wesh and 4 in berty; neither uses the other. */
#define REFERENCE_WESH 3
#define REFERENCE_BERTY 4

int
out_of_store_split(struct out_of_store_envelope * e, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct out_of_store_envelope read = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct wire_field f;

	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, 1))
			read.nonce = f.bytes;
		else if (wire_is_bytes(&f, 2))
			read.box = f.bytes;
		else if (wire_is_bytes(&f, REFERENCE_WESH) ||
		    wire_is_bytes(&f, REFERENCE_BERTY))
			read.reference = f.bytes;
	if (r.failed || read.nonce.n != NONCE_SIZE)
		return (-ERR_DESERIALIZATION);
	*e = read;
	return (0);
}

void
out_of_store_free(struct out_of_store * o)
{
	buffer_wipe(&o->held);
	*o = (struct out_of_store){0};
}

static void
put_message(struct buffer * out, struct slice cid,
    const struct message_headers * h, const struct message_parts * parts)
{
	wire_put_bytes(out, 1, cid);
	wire_put_bytes(out, 2, slice_of(h->device_pk, sizeof(h->device_pk)));
	wire_put_fixed64(out, 3, h->counter);
	wire_put_bytes(out, 4, slice_of(h->sig, sizeof(h->sig)));
	wire_put_bytes(out, 6, parts->box);
	wire_put_bytes(out, 7, parts->nonce);
}

int
out_of_store_seal(struct buffer * out, const struct group_info * g,
    unsigned reference_field, struct slice cid, struct slice message_envelope,
    const uint8_t random[24])
{
	struct buffer clear = {0}, box = {0};
	uint8_t secret[32], reference[32];
	struct message_headers h;
	struct message_parts parts;
	int status;

	if ((status = message_open_headers(&h, message_envelope, g)) != 0 ||
	    (status = message_split(&parts, message_envelope)) != 0)
		return (status);
	put_message(&clear, cid, &h, &parts);
	secretbox_seal(&box, g->secret, random, buffer_all(&clear));
	group_out_of_store_secret(secret, g);
	out_of_store_reference(reference, secret, h.device_pk, h.counter);
	wire_put_bytes(out, 1, slice_of(random, NONCE_SIZE));
	wire_put_bytes(out, 2, buffer_all(&box));
	wire_put_bytes(out, reference_field,
	    slice_of(reference, sizeof(reference)));
	if (clear.failed || box.failed || out->failed)
		status = -ERR_INTERNAL;
	crypto_wipe(secret, sizeof(secret));
	buffer_wipe(&clear);
	buffer_free(&box);
	return (status);
}

static int
read_message(struct out_of_store * o)
{
	struct reader r = reader_of(buffer_all(&o->held));
	struct slice device = {NULL, 0}, sig = {NULL, 0};
	struct wire_field f;

	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, 1))
			o->cid = f.bytes;
		else if (wire_is_bytes(&f, 2))
			device = f.bytes;
		else if (f.number == 3 && f.type == WIRE_FIXED64)
			o->headers.counter = f.value;
		else if (wire_is_bytes(&f, 4))
			sig = f.bytes;
		else if (wire_is_bytes(&f, 6))
			o->box = f.bytes;
		else if (wire_is_bytes(&f, 7))
			o->nonce = f.bytes;
	if (r.failed ||
	    !wire_copy(o->headers.device_pk, KEY_SIZE, device) ||
	    !wire_copy(o->headers.sig, SIGNATURE_SIZE, sig))
		return (-ERR_DESERIALIZATION);
	return (0);
}

int
out_of_store_open(struct out_of_store * o,
    const struct out_of_store_envelope * e, const struct group_info * g)
{
	struct out_of_store read = {0};
	int status;

	status = secretbox_open(&read.held, g->secret, e->nonce.p, e->box);
	if (status == 0)
		status = read_message(&read);
	if (status == 0)
		*o = read;
	else
		out_of_store_free(&read);
	return (status);
}

void
out_of_store_reference(uint8_t reference[32], const uint8_t secret[32],
    const uint8_t device_pk[32], uint64_t counter)
{
	uint8_t info[40];
	int i;

	memcpy(info, device_pk, 32);
	for (i = 0; i < 8; i++)
		info[32 + i] = (uint8_t)(counter >> (56 - 8 * i));
	hkdf_sha3_256(reference, 32, slice_of(secret, 32), slice_of(NULL, 0),
	    slice_of(info, sizeof(info)));
}

void
out_of_store_references(uint8_t (* references)[32], size_t n,
    const uint8_t secret[32], const uint8_t device_pk[32], uint64_t first)
{
	hkdf_sha3_256_series(references, n, slice_of(secret, 32),
	    slice_of(device_pk, 32), first);
}

void
out_of_store_window(uint64_t counter, uint64_t * first, uint64_t * last)
{
	*first = counter - CHAIN_KEY_WINDOW;
	*last = counter + CHAIN_KEY_WINDOW;
}
