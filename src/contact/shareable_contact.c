#include "base/error.h"
#include "contact/handshake.h"
#include "group/wire.h"

enum { FIELD_PK = 1, FIELD_SEED = 2, FIELD_METADATA = 3, FIELDS };

void
shareable_contact_encode(struct buffer * out,
    const struct shareable_contact * c)
{

	wire_put_bytes(out, FIELD_PK,
	    slice_of(c->pk, c->has_pk ? sizeof(c->pk) : 0));
	wire_put_bytes(out, FIELD_SEED,
	    slice_of(c->seed, c->has_seed ? sizeof(c->seed) : 0));
	wire_put_bytes(out, FIELD_METADATA, c->metadata);
}

/* The last of each field counts; other fields are passed over. */
static int
read_fields(struct slice fields[FIELDS], struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct wire_field f;

	memset(fields, 0, FIELDS * sizeof(fields[0]));
	while (wire_next(&r, &f))
		if (f.type == WIRE_BYTES && f.number < FIELDS)
			fields[f.number] = f.bytes;
	return (r.failed ? -ERR_DESERIALIZATION : 0);
}

int
shareable_contact_decode(struct shareable_contact * c, struct slice bytes,
    bool allow_missing_seed, bool allow_missing_pk)
{
	struct slice fields[FIELDS], pk, seed;
	int status;

	if ((status = read_fields(fields, bytes)) != 0)
		return (status);
	pk = fields[FIELD_PK];
	seed = fields[FIELD_SEED];
	if (seed.n != sizeof(c->seed) && (seed.n != 0 || !allow_missing_seed))
		return (-ERR_INVALID_INPUT);
	if (pk.n == 0 && !allow_missing_pk)
		return (-ERR_INVALID_INPUT);
	if (pk.n != 0 && pk.n != sizeof(c->pk))
		return (-ERR_DESERIALIZATION);
	memset(c, 0, sizeof(*c));
	if ((c->has_pk = pk.n != 0))
		memcpy(c->pk, pk.p, sizeof(c->pk));
	if ((c->has_seed = seed.n != 0))
		memcpy(c->seed, seed.p, sizeof(c->seed));
	c->metadata = fields[FIELD_METADATA];
	return (0);
}
