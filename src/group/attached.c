#include "group/attached.h"

#include <stdlib.h>

#include "group/attachment.h"
#include "group/wire.h"

void
attached_free(struct attached * a)
{
	free(a->cids);
	free(a->secrets);
	*a = (struct attached){0};
}

void
attached_put_secrets(struct buffer * out,
    const struct event_attachment * attachments, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		wire_put_message(out, 1, attachments[i].secret);
}

void
attached_put_cids(struct buffer * out, unsigned field,
    const struct group_info * g, const uint8_t * random,
    const struct event_attachment * attachments, size_t n)
{
	struct buffer box = {0};
	uint8_t key[32];
	size_t i;

	group_attachment_cid_key(key, g);
	for (i = 0; i < n; i++, random += NONCE_SIZE) {
		buffer_clear(&box);
		attachment_cid_seal(&box, key, random, attachments[i].cid);
		wire_put_message(out, field, buffer_all(&box));
		out->failed |= box.failed;
	}
	buffer_free(&box);
	crypto_wipe(key, sizeof(key));
}

int
attached_measure(struct slice envelope, unsigned field, size_t * bytes)
{
	struct reader r = reader_of(envelope);
	struct wire_field f;

	*bytes = 0;
	while (wire_next(&r, &f)) {
		if (!wire_is_bytes(&f, field))
			continue;
		if (f.bytes.n < ATTACHMENT_CID_SEALED)
			return (-ERR_CRYPTO_DECRYPT);
		*bytes += f.bytes.n - ATTACHMENT_CID_SEALED;
	}
	return (r.failed ? -ERR_DESERIALIZATION : 0);
}

static size_t
count(struct slice message, unsigned field)
{
	struct reader r = reader_of(message);
	struct wire_field f;
	size_t n = 0;

	while (wire_next(&r, &f))
		n += wire_is_bytes(&f, field);
	return (n);
}

static int
open_cids(struct attached * a, struct buffer * held, struct slice envelope,
    unsigned field, const struct group_info * g)
{
	struct reader r = reader_of(envelope);
	struct wire_field f;
	uint8_t key[32];
	size_t i = 0, start;
	int status = 0;

	group_attachment_cid_key(key, g);
	while (status == 0 && i < a->n && wire_next(&r, &f)) {
		if (!wire_is_bytes(&f, field))
			continue;
		start = held->n;
		status = attachment_cid_open(held, key, f.bytes);
		if (status == 0)
			a->cids[i++] =
			    slice_of(held->p + start, held->n - start);
	}
	crypto_wipe(key, sizeof(key));
	return (status);
}

static void
take_secrets(struct attached * a, struct slice protocol_metadata)
{
	struct reader r = reader_of(protocol_metadata);
	struct wire_field f;
	size_t i = 0;

	while (i < a->n && wire_next(&r, &f))
		if (wire_is_bytes(&f, 1))
			a->secrets[i++] = f.bytes;
}

int
attached_open(struct attached * a, struct buffer * held, struct slice envelope,
    unsigned field, struct slice protocol_metadata, const struct group_info * g)
{
	size_t n = count(envelope, field);
	int status;

	*a = (struct attached){.n = 0};
	if (count(protocol_metadata, 1) != n)
		return (-ERR_DESERIALIZATION);
	if (n == 0)
		return (0);
	a->n = n;
	a->cids = calloc(a->n, sizeof(*a->cids));
	a->secrets = calloc(a->n, sizeof(*a->secrets));
	if (a->cids == NULL || a->secrets == NULL)
		status = -ERR_INTERNAL;
	else
		status = open_cids(a, held, envelope, field, g);
	if (status != 0) {
		attached_free(a);
		return (status);
	}
	take_secrets(a, protocol_metadata);
	return (0);
}
